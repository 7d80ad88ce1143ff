//! What a backtest leaves behind.

use std::collections::BTreeMap;
use std::fmt;

use engine::OrderIds;
use matching::Execution;
use model::{
    Asset, Fill, Liquidity, NewOrder, Notional, OrderState, Price, Quantity, Side, Symbol,
    UnixNanos, VenueOrderId,
};
use serde::{Deserialize, Serialize};

use crate::fills::Fills;
use crate::orders::Orders;
use crate::worth::Rates;

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRecord {
    /// When the venue executed it.
    pub ts: UnixNanos,
    /// Number of the market, see [`crate::BacktestConfig::instruments`].
    pub market: usize,
    /// Number of the market's bar, from 0; `None` before its first one and without bars.
    pub bar: Option<u64>,
    /// Place of the order in [`BacktestResult::orders`].
    pub order: usize,
    /// Direction.
    pub side: Side,
    /// Price of the execution.
    pub price: Price,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Fee in the quote asset; negative for a rebate.
    pub fee: Notional,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// What the venue's account owned of the quote asset afterwards.
    pub cash: Notional,
    /// What the venue's account owned of the base asset afterwards.
    pub base: Notional,
}

/// One order that the engine sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// What was asked for.
    pub request: NewOrder,
    /// When the strategy's side sent it.
    pub sent: UnixNanos,
    /// When the venue took or refused it; `None` while it was on its way at the end.
    pub arrived: Option<UnixNanos>,
    /// When it ended.
    pub ended: Option<UnixNanos>,
    /// The venue's name.
    pub venue_order_id: Option<VenueOrderId>,
    /// Where it stands at the venue; `Submitting` while it was on its way at the end.
    pub state: OrderState,
    /// Filled, base units.
    pub filled: Quantity,
    /// Paid or received, quote units, without fees.
    pub cost: Notional,
    /// Fees, quote units.
    pub fee: Notional,
    /// Why it ended early.
    pub reason: Option<String>,
}

/// The portfolio at one time, everything valued at the last prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// Time of the last price before the point. Of the last point of a run that ends with executions in an interval
    /// without a price: the end of the run.
    pub ts: UnixNanos,
    /// Money owned, plus everything else owned times its last price.
    pub equity: Notional,
    /// The markets, by number.
    pub marks: Box<[Mark]>,
}

/// One market at the time of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The last price, zero before the first.
    pub price: Price,
    /// What the venue's account owns of the base asset.
    pub base: Notional,
}

/// What the tapes held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DataCounts {
    /// Trades.
    pub trades: u64,
    /// Bars.
    pub bars: u64,
    /// Changes of the book.
    pub depth: u64,
    /// Time of the first event.
    pub first_ts: UnixNanos,
    /// Time of the last event; the end of the last bar.
    pub last_ts: UnixNanos,
}

/// A fingerprint of orders and fills: equal runs have equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub u64);

impl Digest {
    /// One fingerprint of many, whose order matters.
    pub fn of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&part.0.to_le_bytes());
        }
        Self::first_of(&hasher)
    }

    /// The first 64 bits of a hash.
    fn first_of(hasher: &blake3::Hasher) -> Self {
        let bytes = *hasher.finalize().as_bytes();
        Self(bytes[..8].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }
}

/// 16 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A finished backtest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacktestResult {
    /// Executions, in the venue's order.
    pub fills: Fills,
    /// Orders, in the order in which they were sent.
    pub orders: Orders,
    /// The portfolio over time; the first point is the start. At least two when the tapes had a price for
    /// all that is owned.
    pub equity: Vec<EquityPoint>,
    /// By market: the markets whose prices turn what it is quoted in into the currency, one after the other.
    pub ways: Vec<Vec<usize>>,
    /// What the account of each venue owned at the start.
    pub initial: Vec<BTreeMap<Asset, Notional>>,
    /// What the account of each venue owns at the end.
    pub balances: Vec<BTreeMap<Asset, Notional>>,
    /// What was played.
    pub data: DataCounts,
    /// Wishes of the strategy that broke a rule or a limit and became no order.
    pub wishes_dropped: u64,
    /// Messages that were on their way when the tapes ended.
    pub in_flight: usize,
    /// When the equity was at zero or below, so that the run ended; only where that was asked for.
    pub ruined: Option<UnixNanos>,
    /// The strategy's panic, if it panicked: nothing was ordered afterwards.
    pub failure: Option<String>,
    /// Fingerprint of orders and fills.
    pub digest: Digest,
}

impl BacktestResult {
    /// What amounts of markets' quote assets were worth in the currency.
    pub fn rates(&self) -> Rates<'_> {
        Rates::new(&self.ways, &self.equity)
    }
}

/// Collects the record during a run.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) orders: Orders,
    pub(crate) fills: Fills,
}

impl Recorder {
    pub(crate) fn new(ids: OrderIds, symbols: Vec<Symbol>) -> Self {
        Self { orders: Orders::new(ids, symbols), fills: Fills::default() }
    }

    /// An order leaves; returns its place.
    pub(crate) fn sent(&mut self, order: &NewOrder, market: usize, now: UnixNanos) -> usize {
        let place = self.orders.push(order, market, now);
        debug_assert_eq!(self.orders.id(place), order.client_order_id, "orders are sent in turn");
        place
    }

    /// The venue took an order and numbered it.
    pub(crate) fn arrived(&mut self, place: usize, now: UnixNanos, number: u64) {
        if let Some(order) = self.orders.get_mut(place) {
            (order.arrived, order.number, order.state) = (Some(now), number, OrderState::Open);
        }
    }

    /// An order was executed; true when it is complete.
    pub(crate) fn filled(
        &mut self,
        place: usize,
        bar: Option<u64>,
        now: UnixNanos,
        execution: &Execution,
    ) -> bool {
        let Some(order) = self.orders.get_mut(place) else { return false };
        (order.filled, order.cost, order.fee) = (execution.filled, execution.cost, execution.fee);
        let complete = execution.filled == order.quantity;
        let (market, side) = (order.market, order.side);
        if complete {
            self.orders.end(place, OrderState::Filled, now, None);
        }
        let Fill { price, quantity, fee, liquidity, .. } = execution.fill;
        let (ts, order, [cash, base]) = (now, place, execution.owned);
        self.fills.push(FillRecord {
            ts,
            market,
            bar,
            order,
            side,
            price,
            quantity,
            fee,
            liquidity,
            cash,
            base,
        });
        complete
    }

    /// The fingerprint of everything collected, as it is kept: nothing is left out, and nothing is unfolded.
    pub(crate) fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        self.orders.write_to(|bytes| {
            hasher.update(bytes);
        });
        self.fills.write_to(|bytes| {
            hasher.update(bytes);
        });
        Digest::first_of(&hasher)
    }
}
