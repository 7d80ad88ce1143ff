//! Accounts, orders and money on top of the markets.

mod amend;
mod funds;
mod prints;
mod settle;
mod submit;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use model::{Book, Instrument, Level, OrderKind, Price, Side, Symbol, Trade, UnixNanos};

pub use self::amend::Amendment;
pub use self::prints::BarPrint;
use rustc_hash::FxBuildHasher;

use crate::config::{
    AccountConfig, ConfigError, ExchangeConfig, FeeRates, Funding, InstrumentConfig, Shortfall,
    Slippage,
};
use crate::event::{ExchangeEvent, Refusal, TapeError};
use crate::ledger::{AssetId, Ledger};
use crate::market::{Execution as MarketExecution, Market};
use crate::order::{AccountId, CancelReason, Order, OrderId, OrderStatus};
use crate::outside::Outside;
use crate::waiting::Waiting;

/// A whole exchange: markets, accounts, orders, money.
///
/// Pure: it reads no clock, draws no randomness and does no I/O. Equal calls give equal events.
/// Events are appended to a buffer of the caller's, so that a hot loop allocates nothing.
#[derive(Debug, Clone)]
pub struct Exchange {
    markets: Vec<Listing>,
    ledger: Ledger,
    /// By account number; `market` and `fees` have an entry that stays empty.
    traders: Vec<Trader>,
    /// Open orders and the last closed ones.
    orders: IndexMap<OrderId, Order, FxBuildHasher>,
    /// Closed orders that are remembered, in the order of their ends.
    closed: VecDeque<OrderId>,
    next_order: u64,
    open_orders_max: usize,
    closed_orders_max: usize,
    /// Kept between calls for its allocation only.
    scratch: Vec<MarketExecution>,
    /// False when prints of recorded trades that met nothing of ours are not told.
    tells_all_prints: bool,
}

/// An instrument with its market.
#[derive(Debug, Clone)]
struct Listing {
    instrument: Instrument,
    protection_ppm: i64,
    slippage: Slippage,
    base: AssetId,
    quote: AssetId,
    market: Market,
    waiting: Waiting,
    /// Orders that meet the next print of a market without a book, oldest first.
    arriving: VecDeque<OrderId>,
    next_trade: u64,
}

/// What the exchange knows of an account besides its money.
#[derive(Debug, Clone)]
struct Trader {
    fees: FeeRates,
    funding: Funding,
    shortfall: Shortfall,
    open: BTreeSet<OrderId>,
    /// Number of open orders by market.
    open_in: Vec<usize>,
    /// The newest order under each client id.
    client_ids: BTreeMap<Arc<str>, OrderId>,
}

/// Recorded depth of one instrument.
#[derive(Debug, Clone, Copy)]
pub struct DepthUpdate<'a> {
    /// Instrument.
    pub symbol: &'a Symbol,
    /// True when the levels are the whole book; false when they replace single levels.
    pub snapshot: bool,
    /// Buy levels; a quantity of zero removes a level.
    pub bids: &'a [Level],
    /// Sell levels; a quantity of zero removes a level.
    pub asks: &'a [Level],
}

impl Exchange {
    /// An exchange without orders and history.
    ///
    /// # Errors
    /// [`ConfigError`]: names that are taken twice, or numbers out of range.
    pub fn new(config: ExchangeConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut ledger = Ledger::new();
        let markets = config.instruments.into_iter();
        let markets: Vec<_> = markets.map(|c| Listing::new(c, &mut ledger)).collect();
        let own = FeeRates { maker_ppm: 0, taker_ppm: 0 };
        let own = Trader::new(own, Funding::Spot, Shortfall::Refuse, markets.len());
        let mut traders = vec![own.clone(), own];
        for account in &config.accounts {
            let id = ledger.open_account(&account.name, account.funding != Funding::Spot);
            for (asset, amount) in &account.balances {
                let asset = ledger.asset(asset);
                ledger.deposit(id, asset, *amount);
            }
            let AccountConfig { fees, funding, shortfall, .. } = account;
            traders.push(Trader::new(*fees, *funding, *shortfall, markets.len()));
        }
        Ok(Self {
            markets,
            ledger,
            traders,
            orders: IndexMap::default(),
            closed: VecDeque::new(),
            next_order: 1,
            open_orders_max: config.open_orders_max,
            closed_orders_max: config.closed_orders_max,
            scratch: Vec::new(),
            tells_all_prints: true,
        })
    }

    /// The same exchange, which does not print recorded trades that met no order of ours: whoever plays the
    /// tape knows them. They keep their numbers.
    #[must_use]
    pub fn without_tape_prints(mut self) -> Self {
        self.tells_all_prints = false;
        self
    }

    /// Cancels an open order of an account.
    ///
    /// # Errors
    /// [`Refusal::UnknownOrder`]: no such order, another account's, or closed already.
    pub fn cancel(
        &mut self,
        account: AccountId,
        order: OrderId,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), Refusal> {
        let known = self.orders.get(&order);
        let known = known.filter(|o| o.account == account && o.is_open());
        let known = known.ok_or(Refusal::UnknownOrder)?;
        let listing = &mut self.markets[known.market];
        listing.take_out(order, known.request.side, known.request.kind);
        self.end(order, OrderStatus::Cancelled(CancelReason::Requested), now, out);
        Ok(())
    }

    /// Plays a recorded trade: it fills our orders that it meets, and moves a synthetic book.
    ///
    /// # Errors
    /// [`TapeError`]: unknown instrument, or a price or quantity that is not above zero.
    pub fn on_trade(
        &mut self,
        trade: &Trade,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), TapeError> {
        let at = self.listed(&trade.symbol)?;
        if !trade.price.is_positive() || !trade.quantity.is_positive() {
            return Err(TapeError::NotPositive { symbol: trade.symbol.clone() });
        }
        if self.markets[at].market.outside.print_rule().is_some() {
            self.print_trade(at, trade, now, out);
            return Ok(());
        }
        let listing = &mut self.markets[at];
        if !self.tells_all_prints && listing.market.is_empty() && listing.waiting.is_empty() {
            let taker = listing.market.outside.taker_of(trade);
            listing.market.outside.on_trade(trade.price, taker);
            listing.next_trade += 1;
            return Ok(());
        }
        let mut executions = std::mem::take(&mut self.scratch);
        self.markets[at].market.on_trade(trade, &mut executions);
        self.execute(at, executions, now, out);
        self.wake(at, trade.price, now, out);
        Ok(())
    }

    /// Plays recorded depth: it replaces the liquidity of everybody else.
    ///
    /// # Errors
    /// [`TapeError`]: unknown instrument, a synthetic book, a price that is not above zero, or a
    /// negative quantity. Nothing has changed then.
    pub fn on_depth(
        &mut self,
        update: &DepthUpdate<'_>,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), TapeError> {
        let at = self.listed(update.symbol)?;
        let symbol = || update.symbol.clone();
        let market = &mut self.markets[at].market;
        if !market.outside.is_recorded() {
            return Err(TapeError::SyntheticBook { symbol: symbol() });
        }
        let bids = update.bids.iter().map(|level| (Side::Buy, *level));
        let levels = bids.chain(update.asks.iter().map(|level| (Side::Sell, *level)));
        let broken = |level: Level| !level.price.is_positive() || level.quantity.raw() < 0;
        if levels.clone().any(|(_, level)| broken(level)) {
            return Err(TapeError::NotPositive { symbol: symbol() });
        }
        if update.snapshot {
            market.outside.clear();
        }
        for (side, level) in levels {
            market.set_level(side, level);
        }
        if update.snapshot {
            market.cap_queues();
        }
        let mut executions = std::mem::take(&mut self.scratch);
        market.on_quotes(&mut executions);
        self.execute(at, executions, now, out);
        Ok(())
    }

    /// An order, open or recently closed.
    pub fn order(&self, order: OrderId) -> Option<&Order> {
        self.orders.get(&order)
    }

    /// The newest order of an account under a client id, open or recently closed.
    pub fn by_client_id(&self, account: AccountId, client_id: &str) -> Option<&Order> {
        let trader = self.traders.get(account.0)?;
        let order = trader.client_ids.get(client_id)?;
        self.orders.get(order)
    }

    /// Open orders of an account, oldest first.
    pub fn open_orders(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let trader = self.traders.get(account.0);
        let open = trader.into_iter().flat_map(|trader| &trader.open);
        open.filter_map(|order| self.orders.get(order))
    }

    /// Remembered closed orders of an account, the last closed first.
    pub fn closed_orders(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let closed = self.closed.iter().rev();
        closed
            .filter_map(|order| self.orders.get(order))
            .filter(move |order| order.account == account)
    }

    /// Number of open orders of all accounts.
    pub fn open_order_count(&self) -> usize {
        self.traders.iter().map(|trader| trader.open.len()).sum()
    }

    /// Who owns what.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The account of a name.
    pub fn account(&self, name: &str) -> Option<AccountId> {
        self.ledger.account(name)
    }

    /// What the venue publishes: everybody else's levels and ours, never crossed.
    ///
    /// `None` for an unknown instrument. Takes `&mut self` because a synthetic book is built when
    /// it is first asked for.
    pub fn book(&mut self, symbol: &Symbol, depth: usize) -> Option<Book> {
        let at = self.position(symbol)?;
        Some(self.markets[at].market.book(depth))
    }

    /// The bids and the asks of [`Exchange::book`], best levels first; cheaper.
    pub fn levels(&mut self, symbol: &Symbol, depth: usize) -> Option<[Vec<Level>; 2]> {
        let at = self.position(symbol)?;
        let market = &mut self.markets[at].market;
        Some([Side::Buy, Side::Sell].map(|side| market.levels(side, depth)))
    }

    /// Best levels of everybody, bid and ask, as [`Exchange::book`] would show them; cheaper.
    ///
    /// A market without a book shows the last price on both sides, with a quantity of zero.
    pub fn best_levels(&mut self, symbol: &Symbol) -> [Option<Level>; 2] {
        let at = self.position(symbol);
        at.map_or([None, None], |at| self.markets[at].market.best_levels())
    }

    /// Prices of [`Exchange::best_levels`]; cheaper still.
    pub fn best_prices(&mut self, symbol: &Symbol) -> [Option<Price>; 2] {
        let at = self.position(symbol);
        at.map_or([None, None], |at| self.markets[at].market.best_prices())
    }

    /// True when an instrument has no open order, of any account.
    pub fn is_quiet(&self, symbol: &Symbol) -> bool {
        self.position(symbol).is_none_or(|at| {
            let Listing { market, waiting, arriving, .. } = &self.markets[at];
            market.is_empty() && waiting.is_empty() && arriving.is_empty()
        })
    }

    /// Price of the last recorded trade.
    pub fn last_price(&self, symbol: &Symbol) -> Option<Price> {
        let at = self.position(symbol)?;
        self.markets[at].market.outside.last_price()
    }

    fn position(&self, symbol: &Symbol) -> Option<usize> {
        let mut markets = self.markets.iter();
        markets.position(|listing| listing.instrument.symbol == *symbol)
    }

    fn listed(&self, symbol: &Symbol) -> Result<usize, TapeError> {
        self.position(symbol).ok_or_else(|| TapeError::UnknownInstrument { symbol: symbol.clone() })
    }

    /// Prints executions, and settles those of our orders.
    fn execute(
        &mut self,
        at: usize,
        mut executions: Vec<MarketExecution>,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        for execution in executions.drain(..) {
            let listing = &mut self.markets[at];
            let number =
                listing.print(execution.price, execution.quantity, execution.taker_side, now, out);
            if let Some(order) = execution.maker {
                self.fill_maker(order, execution.price, execution.quantity, number, now, out);
            }
        }
        self.scratch = executions;
    }

    /// Ends an order: its hold is released, it moves to the closed ones, the event is told.
    fn end(
        &mut self,
        id: OrderId,
        status: OrderStatus,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        self.release_hold(id);
        let order = self.orders.get_mut(&id).expect("an open order is known");
        order.status = status;
        order.closed_at = Some(now);
        let trader = &mut self.traders[order.account.0];
        trader.open.remove(&id);
        trader.open_in[order.market] -= 1;
        out.push(match status {
            OrderStatus::Cancelled(reason) => ExchangeEvent::Cancelled { order: id, reason },
            OrderStatus::Filled | OrderStatus::Open => ExchangeEvent::Completed { order: id },
        });
        self.closed.push_back(id);
        while self.closed.len() > self.closed_orders_max {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(id) = self.closed.pop_front() else { return };
        #[expect(clippy::disallowed_methods, reason = "nobody looks at the order of this map")]
        let Some(order) = self.orders.swap_remove(&id) else { return };
        let client_ids = &mut self.traders[order.account.0].client_ids;
        if let Some(client_id) = &order.request.client_id
            && client_ids.get(client_id) == Some(&order.id)
        {
            client_ids.remove(client_id);
        }
    }
}

impl Listing {
    fn new(config: InstrumentConfig, ledger: &mut Ledger) -> Self {
        let instrument = config.instrument;
        Self {
            protection_ppm: config.protection_ppm,
            slippage: config.slippage,
            base: ledger.asset(&instrument.base),
            quote: ledger.asset(&instrument.quote),
            market: Market::new(Outside::new(&instrument, config.liquidity), config.queue),
            waiting: Waiting::default(),
            arriving: VecDeque::new(),
            next_trade: 1,
            instrument,
        }
    }

    /// Takes an open order out of wherever it is.
    fn take_out(&mut self, order: OrderId, side: Side, kind: OrderKind) {
        match kind {
            OrderKind::Triggered { .. } => self.waiting.remove(side, kind, order),
            OrderKind::Market => self.arriving.retain(|id| *id != order),
            OrderKind::Limit { price, .. } => {
                self.arriving.retain(|id| *id != order);
                self.market.remove(side, price, order);
            }
        }
    }

    /// Prints a trade and returns its number.
    fn print(
        &mut self,
        price: Price,
        quantity: model::Quantity,
        taker_side: Side,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> u64 {
        let number = self.next_trade;
        self.next_trade += 1;
        out.push(ExchangeEvent::Printed(Trade {
            symbol: self.instrument.symbol.clone(),
            venue_ts: now,
            price,
            quantity,
            taker_side: Some(taker_side),
            trade_id: Some(number),
        }));
        number
    }
}

impl Trader {
    fn new(fees: FeeRates, funding: Funding, shortfall: Shortfall, markets: usize) -> Self {
        let (open, client_ids) = (BTreeSet::new(), BTreeMap::new());
        Self { fees, funding, shortfall, open, open_in: vec![0; markets], client_ids }
    }
}

#[cfg(test)]
mod tests;
