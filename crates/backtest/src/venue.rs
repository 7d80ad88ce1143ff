//! The venue's side: plays the tape, takes orders, tells what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{CancelOutcome, EngineEvent, LocateOutcome, SubmitOutcome};
use matching::{
    AccountConfig, AccountId, BarPrint, DepthUpdate, Exchange, ExchangeConfig, ExchangeEvent,
    Execution, OrderId, OrderStatus, TapeError,
};
use model::{
    Asset, Bar, ClientOrderId, FeedEvent, NewOrder, Notional, OrderReport, OrderState, Price,
    Quantity, Symbol, Trade, UnixNanos, VenueOrderId,
};

use crate::config::{BacktestConfig, ConfigError, IntrabarPath, OPEN_ORDERS_MAX};
use crate::event::{DepthRow, TradeRow};
use crate::record::Recorder;
use crate::wire::{Published, Wire};

/// Closed orders that the venue still knows when it is asked for one.
const CLOSED_ORDERS_MAX: usize = 1_000;

/// What the strategy's side asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// An order, by its place in the record.
    Submit(usize, NewOrder),
    Cancel(ClientOrderId, VenueOrderId),
    Locate(ClientOrderId, Option<VenueOrderId>),
}

/// The exchange and what it knows of our orders.
#[derive(Debug)]
pub(crate) struct Venue {
    exchange: Exchange,
    account: AccountId,
    symbol: Symbol,
    base: Asset,
    quote: Asset,
    /// By the exchange's number, which has no gaps: the order and its place in the record.
    places: Vec<(OrderId, usize)>,
    /// Best prices that were told last, bid and ask.
    best: [Option<Price>; 2],
    events: Vec<ExchangeEvent>,
    path: IntrabarPath,
}

impl Venue {
    pub(crate) fn new(config: &BacktestConfig) -> Result<Self, ConfigError> {
        let instrument = config.instrument.clone();
        let (symbol, base, quote) = (
            instrument.instrument.symbol.clone(),
            instrument.instrument.base.clone(),
            instrument.instrument.quote.clone(),
        );
        let account = AccountConfig {
            name: "strategy".to_owned(),
            balances: config.balances.clone(),
            fees: config.fees,
            funding: config.funding,
            shortfall: config.shortfall,
        };
        let exchange = Exchange::new(ExchangeConfig {
            instruments: vec![instrument],
            accounts: vec![account],
            open_orders_max: OPEN_ORDERS_MAX,
            closed_orders_max: CLOSED_ORDERS_MAX,
        })?
        .without_tape_prints();
        let account = exchange.account("strategy").expect("it was opened");
        Ok(Self {
            exchange,
            account,
            symbol,
            base,
            quote,
            places: Vec::new(),
            best: [None, None],
            events: Vec::new(),
            path: config.path,
        })
    }

    pub(crate) fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// What the account owns: of the quote asset and of the base asset.
    pub(crate) fn owned(&self) -> (Notional, Notional) {
        let ledger = self.exchange.ledger();
        let total = |asset| ledger.owned(self.account, asset);
        (total(&self.quote), total(&self.base))
    }

    /// What the account owned at the start and owns now, by asset.
    pub(crate) fn balances(
        &self,
        (cash, base): (Notional, Notional),
    ) -> [BTreeMap<Asset, Notional>; 2] {
        let balances = self.exchange.ledger().balances(self.account);
        let now: BTreeMap<_, _> = balances.into_iter().map(|(a, b)| (a, b.total)).collect();
        let mut initial = now.clone();
        initial.insert(self.quote.clone(), cash);
        initial.insert(self.base.clone(), base);
        [initial, now]
    }

    /// Plays a recorded trade.
    pub(crate) fn on_trade(&mut self, row: &TradeRow, wire: &mut Wire) -> Result<(), TapeError> {
        let trade = Trade {
            symbol: self.symbol.clone(),
            venue_ts: row.ts,
            price: row.price,
            quantity: row.quantity,
            taker_side: row.taker_side,
            trade_id: row.trade_id,
        };
        self.exchange.on_trade(&trade, row.ts, &mut self.events)?;
        wire.publish(row.ts, Published::Trade(*row));
        self.tell(row.ts, wire);
        Ok(())
    }

    /// Plays recorded depth.
    pub(crate) fn on_depth(&mut self, row: &DepthRow, wire: &mut Wire) -> Result<(), TapeError> {
        let DepthRow { ts, snapshot, bids, asks } = row;
        let update = DepthUpdate { symbol: &self.symbol, snapshot: *snapshot, bids, asks };
        self.exchange.on_depth(&update, *ts, &mut self.events)?;
        self.tell(*ts, wire);
        Ok(())
    }

    /// Plays one of the four prices of a bar.
    pub(crate) fn on_bar(
        &mut self,
        bar: &Bar,
        stop: BarStop,
        now: UnixNanos,
        wire: &mut Wire,
    ) -> Result<Price, TapeError> {
        let price = match stop {
            BarStop::Open => bar.open,
            BarStop::First => self.extremes(bar)[0],
            BarStop::Second => self.extremes(bar)[1],
            BarStop::Close => bar.close,
        };
        let print = BarPrint { price, walked: stop != BarStop::Open };
        self.exchange.on_bar_print(&self.symbol, print, now, &mut self.events)?;
        let quarter = Quantity::from_raw(bar.volume.raw() / 4);
        if quarter.is_positive() {
            let (taker_side, trade_id) = (None, None);
            let row = TradeRow { ts: now, price, quantity: quarter, taker_side, trade_id };
            wire.publish(now, Published::Trade(row));
        }
        self.tell(now, wire);
        if stop == BarStop::Close {
            wire.publish(now, Published::Bar(*bar));
        }
        Ok(price)
    }

    fn extremes(&self, bar: &Bar) -> [Price; 2] {
        let up = bar.high.raw().abs_diff(bar.open.raw());
        let down = bar.open.raw().abs_diff(bar.low.raw());
        let (_, base) = self.owned();
        let high_first = match self.path {
            IntrabarPath::HighFirst => true,
            IntrabarPath::LowFirst => false,
            IntrabarPath::WorstFirst if !base.is_zero() => base.is_negative(),
            IntrabarPath::NearestFirst | IntrabarPath::WorstFirst => up < down,
        };
        if high_first { [bar.high, bar.low] } else { [bar.low, bar.high] }
    }

    /// Carries a request out.
    pub(crate) fn on_request(&mut self, request: Request, now: UnixNanos, wire: &mut Wire) {
        match request {
            Request::Submit(place, order) => self.submit(place, &order, now, wire),
            Request::Cancel(client_order_id, venue_id) => {
                let order = self.known(&venue_id);
                let gone = order.is_none_or(|order| {
                    self.exchange.cancel(self.account, order, now, &mut self.events).is_err()
                });
                let outcome =
                    if gone { CancelOutcome::AlreadyGone } else { CancelOutcome::Accepted };
                wire.answer(now, EngineEvent::Cancelled { client_order_id, outcome });
            }
            Request::Locate(client_order_id, venue_id) => {
                let order = venue_id.and_then(|id| self.known(&id));
                let report = order.and_then(|order| self.report(order, &wire.record));
                let outcome = report.map_or(LocateOutcome::Absent, LocateOutcome::Found);
                wire.answer(now, EngineEvent::Located { client_order_id, outcome });
            }
        }
        self.tell(now, wire);
    }

    fn submit(&mut self, place: usize, order: &NewOrder, now: UnixNanos, wire: &mut Wire) {
        let mut request = matching::OrderRequest::from(order);
        // The engine's ids are unique already.
        request.client_id = None;
        let submitted = self.exchange.submit(self.account, request, now, &mut self.events);
        let outcome = match submitted {
            Ok(id) => {
                self.places.push((id, place));
                let venue_id = VenueOrderId::new(&id.to_string());
                wire.record.arrived(place, now, &venue_id);
                SubmitOutcome::Placed(venue_id)
            }
            Err(refusal) => {
                wire.record.ended(place, now, OrderState::Rejected, Some(&refusal.to_string()));
                SubmitOutcome::Refused(refusal.to_string())
            }
        };
        let client_order_id = order.client_order_id.clone();
        wire.answer(now, EngineEvent::Submitted { client_order_id, outcome });
    }

    /// The order of a name that the venue gave.
    fn known(&self, venue_id: &VenueOrderId) -> Option<OrderId> {
        let number: usize = venue_id.as_str().parse().ok()?;
        self.places.get(number.checked_sub(1)?).map(|(order, _)| *order)
    }

    /// Tells our executions and, when they moved, the best prices.
    fn tell(&mut self, now: UnixNanos, wire: &mut Wire) {
        if !self.events.is_empty() {
            let mut events = std::mem::take(&mut self.events);
            events.drain(..).for_each(|event| self.tell_one(event, now, wire));
            self.events = events;
        }
        let best = self.exchange.best_prices(&self.symbol);
        if self.best != best {
            let levels = self.exchange.best_levels(&self.symbol);
            wire.publish(now, Published::Best(levels));
            self.best = best;
        }
    }

    fn tell_one(&self, event: ExchangeEvent, now: UnixNanos, wire: &mut Wire) {
        match event {
            ExchangeEvent::Filled(execution) => self.tell_fill(execution, now, wire),
            ExchangeEvent::Cancelled { order, .. } => {
                let Some(report) = self.report(order, &wire.record) else { return };
                let reason = report.reason.as_deref();
                wire.record.ended(self.place(order), now, OrderState::Cancelled, reason);
                wire.answer(now, EngineEvent::Feed(FeedEvent::Order(report)));
            }
            // The last execution says that the order is complete.
            ExchangeEvent::Printed(_)
            | ExchangeEvent::Accepted { .. }
            | ExchangeEvent::Opened { .. }
            | ExchangeEvent::Completed { .. } => {}
        }
    }

    fn tell_fill(&self, execution: Execution, now: UnixNanos, wire: &mut Wire) {
        let place = self.place(execution.order);
        let complete = wire.record.filled(place, now, &execution, self.owned());
        let Execution { fill, filled, cost, fee, .. } = execution;
        let state = if complete { OrderState::Filled } else { OrderState::Open };
        let Some((client_order_id, venue_order_id)) = wire.record.names(place) else { return };
        let report = OrderReport {
            client_order_id: Some(client_order_id),
            venue_order_id,
            state,
            filled: Some(filled),
            cost: Some(cost),
            fee: Some(fee),
            last_fill: Some(fill),
            reason: None,
        };
        wire.answer(now, EngineEvent::Feed(FeedEvent::Order(report)));
    }

    fn place(&self, order: OrderId) -> usize {
        let at = usize::try_from(order.get() - 1).expect("fewer orders than memory");
        self.places[at].1
    }

    /// What the venue says of an order now.
    fn report(&self, order: OrderId, record: &Recorder) -> Option<OrderReport> {
        let known = self.exchange.order(order)?;
        let (state, reason) = match known.status {
            OrderStatus::Open => (OrderState::Open, None),
            OrderStatus::Filled => (OrderState::Filled, None),
            OrderStatus::Cancelled(reason) => (OrderState::Cancelled, Some(reason.to_string())),
        };
        let (client_order_id, venue_order_id) = record.names(self.place(order))?;
        Some(OrderReport {
            client_order_id: Some(client_order_id),
            venue_order_id,
            state,
            filled: Some(known.filled),
            cost: Some(known.cost),
            fee: Some(known.fee),
            last_fill: None,
            reason,
        })
    }
}

/// The four prices of a bar, in the order in which they are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BarStop {
    Open,
    First,
    Second,
    Close,
}

impl BarStop {
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::First, Self::Second, Self::Close];

    /// When a bar is there: at its start, a third, two thirds, and one nanosecond before its end.
    pub(crate) fn at(self, bar: &Bar) -> UnixNanos {
        match self {
            Self::Open => bar.start,
            Self::First => bar.start.plus(bar.length / 3),
            Self::Second => bar.start.plus(bar.length / 3 * 2),
            Self::Close => bar.start.plus(bar.length.saturating_sub(Duration::from_nanos(1))),
        }
    }
}
