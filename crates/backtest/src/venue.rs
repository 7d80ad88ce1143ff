//! A venue's side: plays its tapes, takes orders, tells what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{CancelOutcome, EngineEvent, LocateOutcome, SubmitOutcome};
use matching::{
    AccountConfig, AccountId, BarPrint, DepthUpdate, Exchange, ExchangeConfig, ExchangeEvent,
    Execution, OrderId, OrderRequest, OrderStatus, TapeError,
};
use model::{
    Asset, Bar, ClientOrderId, FeedEvent, Instrument, NewOrder, Notional, OrderReport, OrderState,
    Price, Quantity, Symbol, Trade, UnixNanos, VenueOrderId,
};

use crate::config::{BacktestConfig, ConfigError, IntrabarPath, OPEN_ORDERS_MAX, VenueConfig};
use crate::event::{DepthRow, TradeRow};
use crate::record::Recorder;
use crate::wire::{Best, Published, Wire};

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

/// The exchange of one venue and what it knows of our orders.
#[derive(Debug)]
pub(crate) struct Venue {
    /// Its number.
    at: usize,
    exchange: Exchange,
    account: AccountId,
    sites: Vec<Site>,
    /// By the exchange's number, which has no gaps.
    known: Vec<Known>,
    events: Vec<ExchangeEvent>,
    path: IntrabarPath,
}

/// One of its markets.
#[derive(Debug)]
struct Site {
    symbol: Symbol,
    base: Asset,
    quote: Asset,
    /// Number of the market among those of all venues.
    market: usize,
    /// Its last trade, in which only the numbers change.
    trade: Trade,
    /// Best prices that were told last, bid and ask.
    best: [Option<Price>; 2],
}

/// An order that the exchange took.
#[derive(Debug, Clone, Copy)]
struct Known {
    order: OrderId,
    /// Place in the record.
    place: usize,
    site: usize,
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
        let sites = (first..).zip(&config.instruments).map(|(market, config)| {
            let Instrument { symbol, base, quote, .. } = config.instrument.clone();
            let trade = TradeRow::NOTHING.of(symbol.clone());
            Site { symbol, base, quote, market, trade, best: [None, None] }
        });
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
        .without_tape_prints();
        let account = exchange.account("strategy").expect("it was opened");
        let (sites, known, events) = (sites.collect(), Vec::new(), Vec::new());
        Ok(Self { at, exchange, account, sites, known, events, path })
    }

    /// The symbols of its markets.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.sites.iter().map(|site| &site.symbol)
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

    /// Plays a recorded trade.
    pub(crate) fn on_trade(
        &mut self,
        site: usize,
        row: &TradeRow,
        wire: &mut Wire,
    ) -> Result<(), TapeError> {
        let Site { trade, market, .. } = &mut self.sites[site];
        let market = *market;
        row.write(trade);
        self.exchange.on_trade(trade, row.ts, &mut self.events)?;
        self.tell_own(row.ts, wire);
        let best = self.moved(site);
        wire.publish(self.at, market, row.ts, Published::Trade(*row, best));
        Ok(())
    }

    /// Plays recorded depth.
    pub(crate) fn on_depth(
        &mut self,
        site: usize,
        row: &DepthRow,
        wire: &mut Wire,
    ) -> Result<(), TapeError> {
        let DepthRow { ts, snapshot, bids, asks } = row;
        let symbol = &self.sites[site].symbol;
        let update = DepthUpdate { symbol, snapshot: *snapshot, bids, asks };
        self.exchange.on_depth(&update, *ts, &mut self.events)?;
        self.tell(site, *ts, wire);
        Ok(())
    }

    /// The middle of the best prices of a market, where it has both.
    pub(crate) fn middle(&self, site: usize) -> Option<Price> {
        let [bid, ask] = self.sites[site].best;
        Some(Price::from_raw(i64::midpoint(bid?.raw(), ask?.raw())))
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
        let price = match stop {
            BarStop::Open => bar.open,
            BarStop::First => self.extremes(site, bar)[0],
            BarStop::Second => self.extremes(site, bar)[1],
            BarStop::Close => bar.close,
        };
        let print = BarPrint { price, walked: stop != BarStop::Open };
        let Site { symbol, market, .. } = &self.sites[site];
        let market = *market;
        self.exchange.on_bar_print(symbol, print, now, &mut self.events)?;
        self.tell_own(now, wire);
        let best = self.moved(site);
        let quarter = Quantity::from_raw(bar.volume.raw() / 4);
        if quarter.is_positive() {
            let (taker_side, trade_id) = (None, None);
            let row = TradeRow { ts: now, price, quantity: quarter, taker_side, trade_id };
            wire.publish(self.at, market, now, Published::Trade(row, best));
        } else if let Some(best) = best {
            wire.publish(self.at, market, now, Published::Best(best));
        }
        if stop == BarStop::Close {
            wire.publish(self.at, market, now, Published::Bar(*bar));
        }
        Ok(price)
    }

    /// True when no order of ours is at a market, so that nothing can happen within a bar of it.
    pub(crate) fn is_quiet(&self, site: usize) -> bool {
        self.exchange.is_quiet(&self.sites[site].symbol)
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
        let site = match request {
            Request::Submit(place, order) => self.submit(place, &order, now, wire),
            Request::Cancel(client_order_id, venue_id) => {
                let known = self.known(&venue_id);
                let gone = known.is_none_or(|known| {
                    self.exchange.cancel(self.account, known.order, now, &mut self.events).is_err()
                });
                let outcome =
                    if gone { CancelOutcome::AlreadyGone } else { CancelOutcome::Accepted };
                wire.answer(self.at, now, EngineEvent::Cancelled { client_order_id, outcome });
                known.map(|known| known.site)
            }
            Request::Locate(client_order_id, venue_id) => {
                let known = venue_id.and_then(|id| self.known(&id));
                let report = known.and_then(|known| self.report(known.order, &wire.record));
                let outcome = report.map_or(LocateOutcome::Absent, LocateOutcome::Found);
                wire.answer(self.at, now, EngineEvent::Located { client_order_id, outcome });
                None
            }
        };
        if let Some(site) = site {
            self.tell(site, now, wire);
        }
    }

    /// Takes or refuses an order; says of which market.
    fn submit(
        &mut self,
        place: usize,
        order: &NewOrder,
        now: UnixNanos,
        wire: &mut Wire,
    ) -> Option<usize> {
        let request = OrderRequest {
            // The engine's ids are unique already.
            client_id: None,
            symbol: order.symbol.clone(),
            side: order.side,
            kind: order.kind,
            quantity: order.quantity,
            time_in_force: order.time_in_force,
            reduce_only: order.reduce_only,
        };
        let site = self.sites.iter().position(|site| site.symbol == order.symbol);
        let submitted = self.exchange.submit(self.account, request, now, &mut self.events);
        let outcome = match submitted {
            Ok(id) => {
                let site = site.expect("the exchange knows the instrument");
                self.known.push(Known { order: id, place, site });
                let venue_id = VenueOrderId::of_number(id.get());
                wire.record.arrived(place, now, &venue_id);
                SubmitOutcome::Placed(venue_id)
            }
            Err(refusal) => {
                wire.record.ended(place, now, OrderState::Rejected, Some(&refusal.to_string()));
                SubmitOutcome::Refused(refusal.to_string())
            }
        };
        let client_order_id = order.client_order_id.clone();
        wire.answer(self.at, now, EngineEvent::Submitted { client_order_id, outcome });
        site
    }

    /// The order of a name that the venue gave.
    fn known(&self, venue_id: &VenueOrderId) -> Option<Known> {
        let number: usize = venue_id.as_str().parse().ok()?;
        self.known.get(number.checked_sub(1)?).copied()
    }

    /// Tells our executions and, when they moved, the best prices of a market.
    fn tell(&mut self, site: usize, now: UnixNanos, wire: &mut Wire) {
        self.tell_own(now, wire);
        if let Some(best) = self.moved(site) {
            wire.publish(self.at, self.sites[site].market, now, Published::Best(best));
        }
    }

    /// Tells our executions.
    fn tell_own(&mut self, now: UnixNanos, wire: &mut Wire) {
        if !self.events.is_empty() {
            let mut events = std::mem::take(&mut self.events);
            events.drain(..).for_each(|event| self.tell_one(event, now, wire));
            self.events = events;
        }
    }

    /// The best levels of a market, when their prices moved since they were told.
    fn moved(&mut self, site: usize) -> Option<Best> {
        let site = &mut self.sites[site];
        let best = self.exchange.best_prices(&site.symbol);
        if site.best == best {
            return None;
        }
        site.best = best;
        Some(self.exchange.best_levels(&site.symbol))
    }

    fn tell_one(&self, event: ExchangeEvent, now: UnixNanos, wire: &mut Wire) {
        match event {
            ExchangeEvent::Filled(execution) => self.tell_fill(execution, now, wire),
            ExchangeEvent::Cancelled { order, .. } => {
                let Some(report) = self.report(order, &wire.record) else { return };
                let reason = report.reason.as_deref();
                wire.record.ended(self.of(order).place, now, OrderState::Cancelled, reason);
                wire.answer(self.at, now, EngineEvent::Feed(FeedEvent::Order(report)));
            }
            // The last execution says that the order is complete.
            ExchangeEvent::Printed(_)
            | ExchangeEvent::Accepted { .. }
            | ExchangeEvent::Opened { .. }
            | ExchangeEvent::Completed { .. } => {}
        }
    }

    fn tell_fill(&self, execution: Execution, now: UnixNanos, wire: &mut Wire) {
        let Known { place, site, .. } = self.of(execution.order);
        let Site { base, quote, market, .. } = &self.sites[site];
        let owned = (self.owned(quote), self.owned(base));
        let complete = wire.record.filled(place, *market, now, &execution, owned);
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
        wire.answer(self.at, now, EngineEvent::Feed(FeedEvent::Order(report)));
    }

    fn of(&self, order: OrderId) -> Known {
        self.known[usize::try_from(order.get() - 1).expect("fewer orders than memory")]
    }

    /// What the venue says of an order now.
    fn report(&self, order: OrderId, record: &Recorder) -> Option<OrderReport> {
        let known = self.exchange.order(order)?;
        let (state, reason) = match known.status {
            OrderStatus::Open => (OrderState::Open, None),
            OrderStatus::Filled => (OrderState::Filled, None),
            OrderStatus::Cancelled(reason) => (OrderState::Cancelled, Some(reason.to_string())),
        };
        let (client_order_id, venue_order_id) = record.names(self.of(order).place)?;
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
