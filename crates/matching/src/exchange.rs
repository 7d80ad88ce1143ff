//! Accounts, orders and money on top of the markets.

mod amend;
mod depth;
mod funds;
mod later;
mod prints;
mod published;
mod quiet;
mod settle;
mod submit;
mod trader;

use std::collections::VecDeque;
use std::hint::cold_path;

use model::{
    Book, Instrument, Level, Notional, OrderKind, Price, Quantity, Side, Symbol, Trade, UnixNanos,
};

pub use self::amend::Amendment;
pub use self::depth::OrdersUpdate;
pub use self::prints::BarPrint;
pub use self::quiet::Quiet;

use self::trader::Trader;
use crate::config::{
    AccountConfig, ConfigError, ExchangeConfig, FeeRates, Funding, InstrumentConfig, Shortfall,
    Slippage,
};
use crate::event::{ExchangeEvent, Refusal, TapeError};
use crate::ledger::{AssetId, Ledger};
use crate::market::{Execution as MarketExecution, Market, Stop};
use crate::order::{AccountId, CancelReason, Order, OrderId, OrderRequest, OrderStatus};
use crate::orders::Orders;
use crate::outside::{LastTrade, Outside};
use crate::rules::VenueRules;
use crate::touch::Touch;
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
    orders: Orders,
    /// Closed orders that are remembered, in the order of their ends.
    closed: VecDeque<OrderId>,
    open_orders_max: usize,
    closed_orders_max: usize,
    /// What a market is telling. Empty between calls.
    executions: Vec<MarketExecution>,
    /// False when owners alone are told, and only what they would not know otherwise.
    tells_all: bool,
    rules: VenueRules,
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
    /// Price of the last print, of whomever.
    last_print: Option<Price>,
    /// Digits to which amounts of the base and the quote asset are rounded when they are booked.
    booked: [Option<u32>; 2],
    /// Orders that meet the next print of a market without a book, oldest first.
    arriving: VecDeque<OrderId>,
    next_trade: u64,
    tells_prints: bool,
    /// Trades that passed a quiet market, whose best prices were not looked at yet. Empty between calls.
    pending: Vec<LastTrade>,
}

/// A market of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketId(usize);

/// Recorded depth of one instrument.
#[derive(Debug, Clone, Copy)]
pub struct DepthUpdate<'a> {
    /// Instrument.
    pub symbol: &'a Symbol,
    /// True when the levels are the whole book; false when they replace single levels.
    pub snapshot: bool,
    /// Levels of a side that the source shows at most: what lies behind them is out of sight, not gone. `None`
    /// where it shows all.
    pub levels: Option<u32>,
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
        let own = FeeRates::of_ppm(0, 0);
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
            orders: Orders::default(),
            closed: VecDeque::new(),
            open_orders_max: config.open_orders_max,
            closed_orders_max: config.closed_orders_max,
            executions: Vec::new(),
            tells_all: true,
            rules: VenueRules::exact(),
        })
    }

    /// The same exchange, which tells executions and cancellations only: [`ExchangeEvent::Filled`] and
    /// [`ExchangeEvent::Cancelled`]. Prints keep their numbers.
    #[must_use]
    pub fn for_owners(mut self) -> Self {
        self.tells_all = false;
        self.markets.iter_mut().for_each(|listing| listing.tells_prints = false);
        self
    }

    /// The same exchange under other rules.
    #[must_use]
    pub fn with_rules(mut self, rules: VenueRules) -> Self {
        for listing in &mut self.markets {
            let Instrument { base, quote, .. } = &listing.instrument;
            listing.booked = [base, quote].map(|asset| rules.booked_decimals.get(asset).copied());
        }
        self.rules = rules;
        self
    }

    /// Changes what an account pays for executions in one instrument from now on. An order that is open keeps
    /// reserving at most what it does.
    ///
    /// # Errors
    /// [`Refusal`]: no such account or instrument.
    pub fn set_fees(
        &mut self,
        account: AccountId,
        symbol: &Symbol,
        fees: FeeRates,
    ) -> Result<(), Refusal> {
        let at = self.position(symbol).ok_or(Refusal::UnknownInstrument)?;
        let trader = self.traders.get_mut(account.0).ok_or(Refusal::UnknownAccount)?;
        trader.fees[at] = fees;
        Ok(())
    }

    /// The resting order of the same account that an order would meet now, if it came.
    pub fn self_match(&mut self, account: AccountId, request: &OrderRequest) -> Option<OrderId> {
        let at = self.position(&request.symbol)?;
        let market = &mut self.markets[at].market;
        if request.is_waiting() || market.outside.print_rule().is_some() {
            return None;
        }
        let taking = market.taking(account, request.side, request.limit(), request.quantity);
        if taking.stop != Stop::SelfMatch {
            return None;
        }
        market.first_of(account, request.side.opposite())
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
        let known = self.orders.get(order);
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
        self.on_trade_in(MarketId(at), trade, now, out).map(|_moved| ())
    }

    /// As [`Exchange::on_trade`], in a market that is known. False when it surely left the best prices where they were.
    ///
    /// # Errors
    /// As [`Exchange::on_trade`].
    pub fn on_trade_in(
        &mut self,
        MarketId(at): MarketId,
        trade: &Trade,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<bool, TapeError> {
        if !trade.price.is_positive() || !trade.quantity.is_positive() {
            return Err(TapeError::NotPositive { symbol: trade.symbol.clone() });
        }
        if self.markets[at].market.outside.print_rule().is_some() {
            self.print_trade(at, trade, now, out);
            return Ok(true);
        }
        let listing = &mut self.markets[at];
        let quiet = listing.waiting.is_empty() && listing.market.is_out_of_reach(trade.price);
        if !self.tells_all && quiet {
            let taker = listing.market.outside.taker_of(trade);
            listing.market.outside.on_trade(trade.price, taker);
            listing.next_trade += 1;
            listing.last_print = Some(trade.price);
            return Ok(!listing.market.outside.is_recorded());
        }
        self.markets[at].market.on_trade(trade, &mut self.executions);
        self.execute(at, now, out);
        self.wake(at, trade.price, now, out);
        Ok(true)
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
        self.on_depth_in(MarketId(at), update, now, out)
    }

    /// As [`Exchange::on_depth`], in a market that is known.
    ///
    /// # Errors
    /// As [`Exchange::on_depth`].
    pub fn on_depth_in(
        &mut self,
        MarketId(at): MarketId,
        update: &DepthUpdate<'_>,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), TapeError> {
        let symbol = || update.symbol.clone();
        let market = self.recorded(at)?;
        let bids = update.bids.iter().map(|level| (Side::Buy, *level));
        let levels = bids.chain(update.asks.iter().map(|level| (Side::Sell, *level)));
        let broken = |level: Level| !level.price.is_positive() || level.quantity.raw() < 0;
        if levels.clone().any(|(_, level)| broken(level)) {
            return Err(TapeError::NotPositive { symbol: symbol() });
        }
        market.outside.shows(update.levels);
        if update.snapshot {
            let before = market.clear_levels();
            for (side, level) in levels {
                market.outside.set(side, level);
            }
            if let Some(before) = before {
                market.requeue(&before);
            }
        } else if update.levels.is_some() {
            // What comes into sight pushes others out of it: those that go are last.
            let gone = |(_, level): &(Side, Level)| level.quantity.is_zero();
            let there = levels.clone().filter(|change| !gone(change));
            let changes = there.chain(levels.filter(gone));
            changes.for_each(|(side, level)| market.set_level(side, level));
        } else {
            levels.for_each(|(side, level)| market.set_level(side, level));
        }
        self.after_depth(at, now, out);
        Ok(())
    }

    /// An order, open or recently closed.
    pub fn order(&self, order: OrderId) -> Option<&Order> {
        self.orders.get(order)
    }

    /// The newest order of an account under a client id, open or recently closed.
    pub fn by_client_id(&self, account: AccountId, client_id: &str) -> Option<&Order> {
        let trader = self.traders.get(account.0)?;
        let order = trader.client_ids.get(client_id)?;
        self.orders.get(*order)
    }

    /// Open orders of an account, oldest first.
    pub fn open_orders(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let trader = self.traders.get(account.0);
        let open = trader.into_iter().flat_map(|trader| &trader.open);
        open.filter_map(|order| self.orders.get(*order))
    }

    /// Remembered closed orders of an account, the last closed first.
    pub fn closed_orders(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let closed = self.closed.iter().rev();
        closed
            .filter_map(|order| self.orders.get(*order))
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
    pub fn best_levels(&mut self, market: MarketId) -> [Option<Level>; 2] {
        self.markets[market.0].market.best_levels()
    }

    /// Prices of [`Exchange::best_levels`]; cheaper still.
    pub fn best_prices(&mut self, market: MarketId) -> Touch {
        self.markets[market.0].market.best_prices()
    }

    /// True when an instrument has no open order, of any account.
    pub fn is_quiet(&self, market: MarketId) -> bool {
        let Listing { market, waiting, arriving, .. } = &self.markets[market.0];
        market.is_empty() && waiting.is_empty() && arriving.is_empty()
    }

    /// The market of an instrument.
    pub fn market(&self, symbol: &Symbol) -> Option<MarketId> {
        self.position(symbol).map(MarketId)
    }

    /// Price of the last recorded trade, or, where own prints count, of the last print.
    pub fn last_price(&self, symbol: &Symbol) -> Option<Price> {
        self.last_at(self.position(symbol)?)
    }

    /// The last price, or before the first trade the middle of the best prices of everybody else.
    pub fn reference_price(&self, symbol: &Symbol) -> Option<Price> {
        self.reference_at(self.position(symbol)?)
    }

    fn last_at(&self, at: usize) -> Option<Price> {
        let listing = &self.markets[at];
        let print = listing.last_print.filter(|_| self.rules.own_prints_count);
        print.or_else(|| listing.market.outside.last_price())
    }

    fn reference_at(&self, at: usize) -> Option<Price> {
        let middle = || {
            let touch = self.markets[at].market.outside.touch_prices();
            let (bid, ask) = touch.bid().zip(touch.ask())?;
            let middle = Price::from_raw(bid.raw() + ask.raw().saturating_sub(bid.raw()) / 2);
            Some(middle.floor_to(self.markets[at].instrument.tick_size))
        };
        self.last_at(at).or_else(|| middle().filter(|_| self.rules.own_prints_count))
    }

    fn position(&self, symbol: &Symbol) -> Option<usize> {
        let mut markets = self.markets.iter();
        markets.position(|listing| listing.instrument.symbol == *symbol)
    }

    fn listed(&self, symbol: &Symbol) -> Result<usize, TapeError> {
        self.position(symbol).ok_or_else(|| TapeError::UnknownInstrument { symbol: symbol.clone() })
    }

    /// Prints the executions that a market told, and settles those of our orders.
    fn execute(&mut self, at: usize, now: UnixNanos, out: &mut Vec<ExchangeEvent>) {
        let mut executions = std::mem::take(&mut self.executions);
        for execution in executions.drain(..) {
            let listing = &mut self.markets[at];
            let number =
                listing.print(execution.price, execution.quantity, execution.taker_side, now, out);
            if let Some(order) = execution.maker {
                self.fill_maker(order, execution.price, execution.quantity, number, now, out);
            }
        }
        self.executions = executions;
    }

    /// Ends an order: its hold is released, it moves to the closed ones, the event is told.
    fn end(
        &mut self,
        id: OrderId,
        status: OrderStatus,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let order = self.orders.get_mut(id).expect("an open order is known");
        (order.status, order.closed_at) = (status, Some(now));
        let (at, account, side) = (order.market, order.account, order.request.side);
        let held = std::mem::take(&mut order.held);
        self.ledger.set_hold(account, self.paid_in(at, side), held, Notional::ZERO);
        self.traders[account.0].leave(id, at);
        self.markets[at].market.set_shown(id, None, Quantity::ZERO);
        match status {
            OrderStatus::Cancelled(reason) => {
                out.push(ExchangeEvent::Cancelled { order: id, reason });
            }
            OrderStatus::Filled | OrderStatus::Open if self.tells_all => {
                out.push(ExchangeEvent::Completed { order: id });
            }
            OrderStatus::Filled | OrderStatus::Open => {}
        }
        self.closed.push_back(id);
        while self.closed.len() > self.closed_orders_max {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.closed.pop_front();
        let Some(order) = oldest.and_then(|id| self.orders.remove(id)) else { return };
        if let Some(client_id) = &order.request.client_id {
            cold_path();
            let client_ids = &mut self.traders[order.account.0].client_ids;
            if client_ids.get(client_id) == Some(&order.id) {
                client_ids.remove(client_id);
            }
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
            last_print: None,
            booked: [None; 2],
            arriving: VecDeque::new(),
            next_trade: 1,
            tells_prints: true,
            pending: Vec::new(),
            instrument,
        }
    }

    /// Takes an open order out of wherever it is.
    fn take_out(&mut self, order: OrderId, side: Side, kind: OrderKind) {
        match kind {
            OrderKind::Triggered { .. } => self.waiting.remove(side, kind, order),
            OrderKind::Market => self.turn_back(order),
            OrderKind::Limit { price, .. } => {
                self.turn_back(order);
                self.market.remove(side, price, order);
            }
        }
    }

    /// Takes an order out of those that wait for the next print, if it is one of them.
    fn turn_back(&mut self, order: OrderId) {
        if !self.arriving.is_empty() {
            cold_path();
            self.arriving.retain(|id| *id != order);
        }
    }

    /// Prints a trade and returns its number.
    fn print(
        &mut self,
        price: Price,
        quantity: Quantity,
        taker_side: Side,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> u64 {
        let number = self.next_trade;
        self.next_trade += 1;
        self.last_print = Some(price);
        if self.tells_prints {
            out.push(ExchangeEvent::Printed(Trade {
                symbol: self.instrument.symbol.clone(),
                venue_ts: now,
                price,
                quantity,
                taker_side: Some(taker_side),
                trade_id: Some(number),
            }));
        }
        number
    }
}

#[cfg(test)]
mod tests;
