//! A venue's side: plays its tapes, takes orders, tells what happened.

mod close;

use std::collections::BTreeMap;
use std::hint::cold_path;
use std::time::Duration;

use engine::{CancelOutcome, OrderNews, Standing};
use matching::{
    AccountConfig, AccountId, BarPrint, DepthUpdate, Exchange, ExchangeConfig, ExchangeEvent,
    Execution, Liquidity, MarketId, Order, OrderId, OrderRequest, OrderStatus, OrdersUpdate,
    PrintRule, Quiet, TapeError, Touch,
};
use model::{
    Asset, Bar, Instrument, Notional, OrderState, Price, Quantity, Side, Symbol, Trade, UnixNanos,
};

use crate::config::{BacktestConfig, ConfigError, IntrabarPath, OPEN_ORDERS_MAX, VenueConfig};
use crate::event::{DepthRef, OrdersRef, TradeRow};
use crate::tiers::Tiers;
use crate::wire::{Best, Wire};

/// Closed orders that the venue still knows when it is asked for one. They stay in the processor's memory: more make
/// each order slower, and of one that is forgotten the strategy hears from its own news, which were sent before.
const CLOSED_ORDERS_MAX: usize = 64;

/// What the strategy's side asks for, of the order of a place in the record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request {
    /// To take it.
    Submit(usize),
    /// To cancel it, by the venue's number.
    Cancel(usize, u64),
    /// Where it stands, by the venue's number where that is known.
    Locate(usize, Option<u64>),
}

/// The exchange of one venue and what it knows of our orders.
#[derive(Debug)]
pub(crate) struct Venue {
    /// Its number.
    at: usize,
    exchange: Exchange,
    account: AccountId,
    sites: Vec<Site>,
    /// Number of its first market.
    first: usize,
    /// Places of the orders in the record, by the exchange's number, which has no gaps.
    places: Vec<u32>,
    events: Vec<ExchangeEvent>,
    path: IntrabarPath,
    tiers: Tiers,
}

/// One of its markets.
#[derive(Debug)]
struct Site {
    symbol: Symbol,
    base: Asset,
    /// The exchange's own number.
    id: MarketId,
    /// Number of the market among those of all venues.
    market: usize,
    /// Its last trade, in which only the numbers change.
    trade: Trade,
    /// The order that came last. Those of one market differ in the rest only.
    request: OrderRequest,
    /// Best prices that were told last, bid and ask.
    best: Touch,
    /// True when orders are booked when the next price comes, at the last one.
    books_late: bool,
    /// Time of the market's last price, followed where `books_late`.
    last: Option<UnixNanos>,
    lot: Quantity,
    /// Bars so far.
    bars: u64,
    /// The open of the last bar.
    opened: Option<(UnixNanos, Price)>,
    /// The extremes of the bar that is played, in the order in which it visits them.
    extremes: [Price; 2],
}

impl Venue {
    /// All venues of a configuration.
    pub(crate) fn all(config: &BacktestConfig) -> Result<Vec<Self>, ConfigError> {
        let mut markets = 0;
        let venues = config.venues.iter().enumerate().map(|(at, venue)| {
            let first = markets;
            markets += venue.instruments.len();
            Self::new(at, first, venue, config.path)
        });
        venues.collect()
    }

    /// Venue number `at`, whose first market has the number `first`.
    fn new(
        at: usize,
        first: usize,
        config: &VenueConfig,
        path: IntrabarPath,
    ) -> Result<Self, ConfigError> {
        let account = AccountConfig {
            name: "strategy".to_owned(),
            balances: config.balances.clone(),
            fees: config.fees,
            funding: config.funding,
            shortfall: config.shortfall,
        };
        let exchange = Exchange::new(ExchangeConfig {
            instruments: config.instruments.clone(),
            accounts: vec![account],
            open_orders_max: OPEN_ORDERS_MAX,
            closed_orders_max: CLOSED_ORDERS_MAX,
        })?
        .for_owners();
        let sites = (first..).zip(&config.instruments).map(|(market, config)| {
            let Instrument { symbol, base, .. } = config.instrument.clone();
            let id = exchange.market(&symbol).expect("it is listed");
            let trade = TradeRow::NOTHING.of(symbol.clone());
            // The engine's ids are unique already: it has none.
            let request = OrderRequest::blank(symbol.clone());
            let (best, lot) = (Touch::NOTHING, config.instrument.lot_size());
            let books_late = config.liquidity == Liquidity::Prints(PrintRule::Close);
            let (last, bars, opened, extremes) = (None, 0, None, [Price::ZERO; 2]);
            Site {
                symbol,
                base,
                id,
                market,
                trade,
                request,
                best,
                lot,
                books_late,
                last,
                bars,
                opened,
                extremes,
            }
        });
        let sites = sites.collect();
        let account = exchange.account("strategy").expect("it was opened");
        let (places, events) = (Vec::new(), Vec::new());
        let tiers = Tiers::new(&config.tiers, config.volume, config.fees);
        Ok(Self { at, exchange, account, sites, first, places, events, path, tiers })
    }

    /// Number of its markets.
    pub(crate) const fn markets(&self) -> usize {
        self.sites.len()
    }

    /// What the account owns of an asset.
    pub(crate) fn owned(&self, asset: &Asset) -> Notional {
        self.exchange.ledger().owned(self.account, asset)
    }

    /// What the account owns, by asset.
    pub(crate) fn balances(&self) -> BTreeMap<Asset, Notional> {
        let balances = self.exchange.ledger().balances(self.account);
        balances.into_iter().map(|(asset, balance)| (asset, balance.total)).collect()
    }

    /// Before something happens at a time: the account pays what it has reached.
    pub(crate) fn follow_tiers(&mut self, now: UnixNanos) {
        if self.tiers.is_due(now) {
            self.reach_tier(now);
        }
    }

    #[inline(never)]
    fn reach_tier(&mut self, now: UnixNanos) {
        let Some(rates) = self.tiers.rates(now) else { return };
        for site in &self.sites {
            let known = self.exchange.set_fees(self.account, &site.symbol, rates);
            debug_assert!(known.is_ok(), "the account and its markets are known");
        }
    }

    /// Plays a recorded trade.
    pub(crate) fn on_trade(
        &mut self,
        site: usize,
        row: &TradeRow,
        wire: &mut Wire,
    ) -> Result<(), TapeError> {
        self.book_late(site, row.ts, wire);
        let Site { trade, market, id, .. } = &mut self.sites[site];
        let market = *market;
        row.write(trade);
        let moves = self.exchange.on_trade_in(*id, trade, row.ts, &mut self.events)?;
        self.tell_own(row.ts, wire);
        let best = if moves { self.moved(site) } else { None };
        debug_assert!(moves || self.moved(site).is_none(), "the best prices are where they were");
        wire.publish_trade(self.at, market, row, best.as_ref());
        Ok(())
    }

    /// Plays recorded depth.
    pub(crate) fn on_depth(
        &mut self,
        site: usize,
        row: DepthRef<'_>,
        wire: &mut Wire,
    ) -> Result<(), TapeError> {
        let DepthRef { ts, snapshot, levels, bids, asks } = row;
        let Site { symbol, id, .. } = &self.sites[site];
        let update = DepthUpdate { symbol, snapshot, levels, bids, asks };
        self.exchange.on_depth_in(*id, &update, ts, &mut self.events)?;
        self.tell(site, ts, wire);
        Ok(())
    }

    /// Plays recorded orders.
    pub(crate) fn on_orders(
        &mut self,
        site: usize,
        row: OrdersRef<'_>,
        wire: &mut Wire,
    ) -> Result<(), TapeError> {
        let OrdersRef { ts, snapshot, levels, changes } = row;
        let Site { symbol, id, .. } = &self.sites[site];
        let update = OrdersUpdate { symbol, snapshot, levels, changes };
        self.exchange.on_orders_in(*id, &update, ts, &mut self.events)?;
        self.tell(site, ts, wire);
        Ok(())
    }

    /// The middle of the best prices of a market, where it has both.
    pub(crate) fn middle(&self, site: usize) -> Option<Price> {
        let best = self.sites[site].best;
        Some(Price::from_raw(i64::midpoint(best.bid()?.raw(), best.ask()?.raw())))
    }

    /// Plays one of the four prices of a bar.
    pub(crate) fn on_bar(
        &mut self,
        site: usize,
        bar: &Bar,
        stop: BarStop,
        now: UnixNanos,
        wire: &mut Wire,
    ) -> Result<Price, TapeError> {
        if stop == BarStop::First {
            // Once for both: what happens at the first must not turn the second into the first again.
            self.sites[site].extremes = self.extremes(site, bar);
        }
        let [first, second] = self.sites[site].extremes;
        let price = match stop {
            BarStop::Open => bar.open,
            BarStop::First => first,
            BarStop::Second => second,
            BarStop::Close => bar.close,
        };
        self.book_late(site, now, wire);
        if stop == BarStop::Open {
            self.begin_bar(site, bar);
        }
        let print = BarPrint { price, walked: stop != BarStop::Open };
        let Site { id, market, .. } = self.sites[site];
        self.exchange.on_bar_print(id, print, now, &mut self.events)?;
        self.tell_own(now, wire);
        let best = self.moved(site);
        // How much was traded is known at the close only.
        let row = match stop {
            BarStop::Close => close_of(bar, now),
            BarStop::Open | BarStop::First | BarStop::Second => {
                TradeRow { quantity: Quantity::ZERO, price, ..close_of(bar, now) }
            }
        };
        if bar.volume.is_positive() {
            wire.publish_trade(self.at, market, &row, best.as_ref());
        } else if let Some(best) = best {
            wire.publish_best(self.at, market, now, &best);
        }
        if stop == BarStop::Close {
            wire.publish_bar(self.at, market, now, bar);
        }
        Ok(price)
    }

    /// A bar begins.
    pub(crate) fn begin_bar(&mut self, site: usize, bar: &Bar) {
        let site = &mut self.sites[site];
        site.bars += 1;
        site.opened = Some((bar.start, bar.open));
    }

    /// So many bars and other prices, the last one at `now`, went by while nothing of ours was in a market.
    pub(crate) fn passed(
        &mut self,
        site: usize,
        now: UnixNanos,
        (bars, opened): (u64, Option<(UnixNanos, Price)>),
    ) {
        let site = &mut self.sites[site];
        site.bars += bars;
        site.opened = opened.or(site.opened);
        site.last = Some(now);
    }

    /// Before a market's next price: books what is booked late, under the time of the last one.
    fn book_late(&mut self, site: usize, now: UnixNanos, wire: &mut Wire) {
        if !self.sites[site].books_late {
            return;
        }
        if let Some(last) = self.sites[site].last.replace(now) {
            self.exchange.book_last(self.sites[site].id, last, &mut self.events);
            self.tell_own(last, wire);
        }
    }

    /// True when no order of ours is at a market, so that nothing can happen within a bar of it.
    pub(crate) fn is_quiet(&self, site: usize) -> bool {
        self.exchange.is_quiet(self.sites[site].id)
    }

    /// The market while nothing can happen in it; `None` when something can.
    pub(crate) fn quiet(&mut self, site: usize) -> Option<Quiet<'_>> {
        let Site { id, best, .. } = self.sites[site];
        self.exchange.quiet(id, best)
    }

    /// The best prices that were heard of last.
    pub(crate) fn heard(&mut self, site: usize, best: Touch) {
        self.sites[site].best = best;
    }

    fn extremes(&self, site: usize, bar: &Bar) -> [Price; 2] {
        let up = bar.high.raw().abs_diff(bar.open.raw());
        let down = bar.open.raw().abs_diff(bar.low.raw());
        let base = self.owned(&self.sites[site].base);
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
        self.follow_tiers(now);
        match request {
            Request::Submit(place) => self.submit(place, now, wire),
            Request::Cancel(place, number) => {
                let order = OrderId::new(number);
                // Its end is the answer; where it is gone nothing has changed.
                match self.exchange.cancel(self.account, order, now, &mut self.events) {
                    Ok(()) => {
                        if let Some(site) = self.site_of(place, wire) {
                            self.tell(site, now, wire);
                        }
                    }
                    Err(_) => {
                        let gone = OrderNews::Cancelled(CancelOutcome::AlreadyGone);
                        wire.answer(self.at, now, place, gone);
                    }
                }
            }
            Request::Locate(place, number) => {
                let known = number.and_then(|number| self.exchange.order(OrderId::new(number)));
                wire.answer(self.at, now, place, OrderNews::Located(known.map(standing)));
            }
        }
    }

    /// Takes or refuses an order.
    fn submit(&mut self, place: usize, now: UnixNanos, wire: &mut Wire) {
        let Some(order) = wire.record.orders.get(place) else { return };
        let site = order.market - self.first;
        let Site { id, request, .. } = &mut self.sites[site];
        (request.side, request.kind, request.quantity) = (order.side, order.kind, order.quantity);
        request.time_in_force = order.time_in_force;
        request.reduce_only = order.reduce_only;
        let (side, limit) = (request.side, request.limit());
        let taken = self.exchange.submit_in(*id, self.account, request, now, &mut self.events);
        let news = match taken {
            Ok(id) => {
                self.places.push(u32::try_from(place).expect("fewer orders than fit into memory"));
                wire.record.arrived(place, now, id.get());
                OrderNews::Placed(id.get())
            }
            Err(refusal) => {
                cold_path();
                let why = refusal.to_string();
                wire.record.orders.end(place, OrderState::Rejected, now, Some(&why));
                OrderNews::Refused(why)
            }
        };
        wire.answer(self.at, now, place, news);
        // One that rests at the best price or behind it moves none.
        if !self.events.is_empty() || !self.is_behind(site, side, limit) {
            self.tell(site, now, wire);
        } else {
            debug_assert!(self.moved(site).is_none(), "the best prices are where they were");
        }
    }

    /// True for a limit that is not better than the best price of its side.
    fn is_behind(&self, site: usize, side: Side, limit: Option<Price>) -> bool {
        let best = self.sites[site].best;
        let (Some(limit), Some(bid), Some(ask)) = (limit, best.bid(), best.ask()) else {
            return false;
        };
        match side {
            Side::Buy => limit <= bid,
            Side::Sell => limit >= ask,
        }
    }

    /// The market of an order that has not ended, among those of the venue.
    fn site_of(&self, place: usize, wire: &Wire) -> Option<usize> {
        wire.record.orders.get(place)?.market.checked_sub(self.first)
    }

    /// Tells our executions and, when they moved, the best prices of a market.
    fn tell(&mut self, site: usize, now: UnixNanos, wire: &mut Wire) {
        self.tell_own(now, wire);
        if let Some(best) = self.moved(site) {
            wire.publish_best(self.at, self.sites[site].market, now, &best);
        }
    }

    /// Tells our executions.
    fn tell_own(&mut self, now: UnixNanos, wire: &mut Wire) {
        // Mostly there are none.
        if !self.events.is_empty() {
            self.tell_events(now, wire);
        }
    }

    #[inline(never)]
    fn tell_events(&mut self, now: UnixNanos, wire: &mut Wire) {
        let mut events = std::mem::take(&mut self.events);
        events.iter().for_each(|event| self.tell_one(event, now, wire));
        events.clear();
        self.events = events;
    }

    /// The best levels of a market, when their prices moved since they were told.
    fn moved(&mut self, site: usize) -> Option<Best> {
        let site = &mut self.sites[site];
        let best = self.exchange.best_prices(site.id);
        if site.best == best {
            return None;
        }
        site.best = best;
        Some(self.exchange.best_levels(site.id))
    }

    fn tell_one(&mut self, event: &ExchangeEvent, now: UnixNanos, wire: &mut Wire) {
        match event {
            ExchangeEvent::Filled(execution) => {
                let fill = &execution.fill;
                self.tiers.add(now, Notional::of(fill.price, fill.quantity));
                self.tell_fill(execution, now, wire);
            }
            ExchangeEvent::Cancelled { order, reason } => {
                let Some(known) = self.exchange.order(*order) else { return };
                let place = self.place(*order);
                let why = Some(reason.as_str());
                wire.record.orders.end(place, OrderState::Cancelled, now, why);
                wire.answer(self.at, now, place, OrderNews::Told(standing(known)));
            }
            // The last execution says that the order is complete.
            ExchangeEvent::Printed(_)
            | ExchangeEvent::Accepted { .. }
            | ExchangeEvent::Opened { .. }
            | ExchangeEvent::Completed { .. } => {}
        }
    }

    fn tell_fill(&self, execution: &Execution, now: UnixNanos, wire: &mut Wire) {
        let place = self.place(execution.order);
        let Some(site) = self.site_of(place, wire) else { return };
        let bar = self.sites[site].bars.checked_sub(1);
        let complete = wire.record.filled(place, bar, now, execution);
        let standing = Standing {
            number: execution.order.get(),
            state: if complete { OrderState::Filled } else { OrderState::Open },
            filled: execution.filled,
            cost: execution.cost,
            fee: execution.fee,
            last_fill: Some(execution.fill.clone()),
            reason: None,
        };
        wire.answer(self.at, now, place, OrderNews::Told(standing));
    }

    /// The place of an order in the record.
    fn place(&self, order: OrderId) -> usize {
        let at = usize::try_from(order.get() - 1).expect("fewer orders than memory");
        usize::try_from(self.places[at]).expect("it was a place")
    }
}

/// What the venue knows of an order now.
fn standing(order: &Order) -> Standing {
    let (state, reason) = match order.status {
        OrderStatus::Open => (OrderState::Open, None),
        OrderStatus::Filled => (OrderState::Filled, None),
        OrderStatus::Cancelled(reason) => (OrderState::Cancelled, Some(reason.as_str())),
    };
    Standing {
        number: order.id.get(),
        state,
        filled: order.filled,
        cost: order.cost,
        fee: order.fee,
        last_fill: None,
        reason,
    }
}

/// The close of a bar as a trade of its volume, which may be nothing.
pub(crate) fn close_of(bar: &Bar, ts: UnixNanos) -> TradeRow {
    let (price, quantity) = (bar.close, bar.volume);
    TradeRow { ts, price, quantity, taker_side: None, trade_id: None }
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
    /// The next one of the same bar.
    pub(crate) const fn next(self) -> Option<Self> {
        match self {
            Self::Open => Some(Self::First),
            Self::First => Some(Self::Second),
            Self::Second => Some(Self::Close),
            Self::Close => None,
        }
    }

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
