//! The loop: one nanosecond clock, tapes, and the ways on which messages travel.

mod pass;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use engine::{Engine, EngineConfig, EngineEvent, Errand, Strategy};
use matching::TapeError;
use model::{Asset, Bar, FeedEvent, Notional, UnixNanos};
use thiserror::Error;

use crate::config::{BacktestConfig, ConfigError};
use crate::equity::EquityCurve;
use crate::event::{EventRef, HeardRow, MarketEvent};
use crate::merge::{Events, OneByOne, Reel};
use crate::orders::place_of;
use crate::record::{BacktestResult, DataCounts};
use crate::shared::SharedEvents;
use crate::venue::{BarStop, Request, Venue};
use crate::wire::{Line, Wire};

/// Orders, cancels and answers that may be delivered between two events of the tape.
///
/// A strategy that answers every refusal with the same order would otherwise never come to the next
/// event when nothing takes time.
pub const MESSAGES_MAX: u64 = 100_000;

/// Why a backtest ended before its tapes did.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError<E: Error + 'static> {
    /// A tape cannot be read.
    #[error(transparent)]
    Source(E),
    /// There is not one tape for each market.
    #[error("{found} tapes for {expected} markets")]
    Tapes {
        /// Tapes given.
        found: usize,
        /// Instruments of the configuration.
        expected: usize,
    },
    /// The market cannot play an event.
    #[error("event {number} of tape {tape} cannot be played")]
    Event {
        /// Number of the tape, from 1.
        tape: usize,
        /// Number of the event, from 1.
        number: u64,
        /// Why.
        source: TapeError,
    },
    /// An event is older than the one before, or begins before a bar has ended.
    #[error("event {number} of tape {tape} is of `{found}`, but the market is at `{previous}`")]
    Unsorted {
        /// Number of the tape, from 1.
        tape: usize,
        /// Number of the event, from 1.
        number: u64,
        /// Where the market is.
        previous: UnixNanos,
        /// The time of the event.
        found: UnixNanos,
    },
    /// A bar contradicts itself.
    #[error("event {number} of tape {tape} is a bar whose prices, length or volume make no sense")]
    Bar {
        /// Number of the tape, from 1.
        tape: usize,
        /// Number of the event, from 1.
        number: u64,
    },
    /// A tape does not tell how long its news take, where that is to be followed.
    #[error("event {number} of tape {tape} has no latency to follow")]
    Feed {
        /// Number of the tape, from 1.
        tape: usize,
        /// Number of the event, from 1.
        number: u64,
        /// Why.
        source: crate::latency::FeedError,
    },
    /// The strategy and the venue talk without end, or too many messages are on their way.
    #[error("too many messages at `{0}`: does the strategy repeat an order that is refused?")]
    Flood(UnixNanos),
}

/// A backtest that is ready to run. See the crate's page.
#[derive(Debug, Clone)]
pub struct Backtest {
    config: BacktestConfig,
}

impl Backtest {
    /// Checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names the field.
    pub fn new(config: BacktestConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Venue::all(&config)?;
        Ok(Self { config })
    }

    /// What was checked.
    pub const fn config(&self) -> &BacktestConfig {
        &self.config
    }

    /// Plays a tape to a strategy, where one instrument is traded.
    ///
    /// Memory depends on the number of orders, fills and equity points, not on the length of the tape.
    ///
    /// # Errors
    /// [`RunError`]: the tape is wrong, or strategy and venue talk without end.
    ///
    /// # Determinism
    /// The result depends on configuration, tape and strategy only. Reads no clock; draws latencies from
    /// the streams `backtest/{feed,entry,response}` of the seed.
    pub fn run<'t, E: Error + 'static>(
        &self,
        tape: impl IntoIterator<Item = Result<MarketEvent<'t>, E>>,
        strategy: Box<dyn Strategy>,
    ) -> Result<BacktestResult, RunError<E>> {
        self.run_all(vec![tape.into_iter()], strategy)
    }

    /// Plays one tape for each instrument of [`BacktestConfig::instruments`], in that order, merged by time.
    /// At one time the tape of the instrument with the lower number comes first.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    ///
    /// # Determinism
    /// As [`Backtest::run`]; venues after the first draw from `backtest/{feed,entry,response}/{number}`.
    pub fn run_all<'t, E: Error + 'static>(
        &self,
        tapes: Vec<impl Iterator<Item = Result<MarketEvent<'t>, E>>>,
        strategy: Box<dyn Strategy>,
    ) -> Result<BacktestResult, RunError<E>> {
        self.play(tapes.into_iter().map(OneByOne::new).collect(), strategy)
    }

    /// As [`Backtest::run_all`], of tapes in memory, which is faster: a strategy that passes over bars is asked about
    /// many of them at once.
    ///
    /// # Errors
    /// As [`Backtest::run`].
    ///
    /// # Determinism
    /// As [`Backtest::run_all`].
    pub fn run_shared(
        &self,
        tapes: Vec<SharedEvents<'_>>,
        strategy: Box<dyn Strategy>,
    ) -> Result<BacktestResult, RunError<Infallible>> {
        self.play(tapes, strategy)
    }

    fn play<'t, I: Events<'t>>(
        &self,
        tapes: Vec<I>,
        strategy: Box<dyn Strategy>,
    ) -> Result<BacktestResult, RunError<I::Error>> {
        let mut run = Run::new(&self.config, strategy);
        if tapes.len() != run.markets.len() {
            let (found, expected) = (tapes.len(), run.markets.len());
            return Err(RunError::Tapes { found, expected });
        }
        let mut reels: Vec<_> =
            (1..).zip(tapes).map(|(name, tape)| Reel::new(tape, name)).collect();
        let skips = run.may_skip();
        while let Some(turn) = turn_of(&mut reels)?.filter(|_| run.ruined.is_none()) {
            let Turn { market, end } = turn;
            let reel = &mut reels[market];
            // As long as no other tape comes in between.
            loop {
                run.play_next(market, reel, end, skips)?;
                let next = reel.peek()?.filter(|next| end.is_none_or(|end| *next < end));
                if next.is_none() || run.ruined.is_some() {
                    break;
                }
            }
        }
        let end = reels.iter().map(|reel| reel.now).max().unwrap_or(UnixNanos::ZERO);
        let end = run.ruined.unwrap_or(end);
        run.finish(end).map_err(|halt| halt.at(0, 0))
    }
}

/// The market whose tape comes next.
struct Turn {
    market: usize,
    /// When another tape comes next, if there is another one.
    end: Option<UnixNanos>,
}

/// Whose turn it is; `None` at the end. At one time the first one comes first.
fn turn_of<'t, I: Events<'t>>(
    reels: &mut [Reel<'t, I>],
) -> Result<Option<Turn>, RunError<I::Error>> {
    let (mut first, mut second) = (None, None);
    for (market, reel) in reels.iter_mut().enumerate() {
        let Some(at) = reel.peek()? else { continue };
        if first.is_none_or(|(first, _)| at < first) {
            second = first.map(|(first, _)| first);
            first = Some((at, market));
        } else if second.is_none_or(|second| at < second) {
            second = Some(at);
        }
    }
    Ok(first.map(|(_, market)| Turn { market, end: second }))
}

mod follow;
mod halt;

pub(crate) use halt::Halt;

/// Where a market is.
#[derive(Debug)]
struct MarketSite {
    venue: usize,
    /// Number among the markets of its venue.
    site: usize,
}

/// The state of a run.
struct Run {
    venues: Vec<Venue>,
    /// By number.
    markets: Vec<MarketSite>,
    /// Whether a market has had a trade.
    traded: Vec<bool>,
    wire: Wire,
    curve: EquityCurve,
    data: DataCounts,
    /// The time of the last event.
    now: UnixNanos,
    initial: Vec<BTreeMap<Asset, Notional>>,
    /// Kept between steps for its allocation only.
    errands: Vec<Errand>,
    finalize: bool,
    stop_when_ruined: bool,
    /// When the run ended early, for nothing is left.
    ruined: Option<UnixNanos>,
}

impl Run {
    fn new(config: &BacktestConfig, strategy: Box<dyn Strategy>) -> Self {
        let venues = Venue::all(config).expect("the configuration was checked");
        let mut markets = Vec::new();
        for (venue, of) in venues.iter().enumerate() {
            markets.extend((0..of.markets()).map(|site| MarketSite { venue, site }));
        }
        let engine = EngineConfig {
            instruments: config.instruments().map(|config| config.instrument.clone()).collect(),
            risk: config.risk,
            started: STARTED,
        };
        let engine = Engine::new(engine, strategy).expect("there is an instrument");
        let mut engine = engine.without_audits();
        let live = FeedEvent::OpenOrders(Vec::new());
        let nothing = engine.step(EngineEvent::Feed(live));
        debug_assert!(nothing.is_empty(), "an empty list asks for nothing");
        Self {
            initial: venues.iter().map(Venue::balances).collect(),
            wire: Wire::new(config, engine),
            curve: EquityCurve::new(config, &venues),
            data: DataCounts::default(),
            now: UnixNanos::from_nanos(i64::MIN),
            traded: vec![false; markets.len()],
            venues,
            markets,
            errands: Vec::new(),
            finalize: config.finalize,
            stop_when_ruined: config.stop_when_ruined,
            ruined: None,
        }
    }

    /// Plays what comes next of a market; more than that, as far as it is before `end`, where nothing depends on it.
    fn play_next<'t, I: Events<'t>>(
        &mut self,
        market: usize,
        reel: &mut Reel<'t, I>,
        end: Option<UnixNanos>,
        skips: bool,
    ) -> Result<(), RunError<I::Error>> {
        if self.pass(market, reel, end, skips)? {
            return Ok(());
        }
        if skips && let Some(bar) = reel.bar(end) {
            self.play_bar(market, bar).map_err(|halt| halt.at(reel.name, reel.number))?;
            reel.advance_bars(1);
        } else if let Some((event, stop, at)) = reel.next() {
            self.play(market, event, stop, at).map_err(|halt| halt.at(reel.name, reel.number))?;
            reel.advance();
        }
        Ok(())
    }

    /// Plays an event; of a bar, the price that is there `now`.
    fn play(
        &mut self,
        market: usize,
        event: EventRef<'_>,
        stop: BarStop,
        now: UnixNanos,
    ) -> Result<(), Halt> {
        let told = if let EventRef::Heard(row) = event { Some(*row) } else { None };
        if !self.begin(market, told, now)? {
            return Ok(());
        }
        let MarketSite { venue, site } = self.markets[market];
        let venue = &mut self.venues[venue];
        let price = match event {
            EventRef::Trade(row) => {
                self.data.trades += 1;
                venue.on_trade(site, row, &mut self.wire).map_err(Halt::Event)?;
                self.traded[market] = true;
                Some(row.price)
            }
            EventRef::Depth(row) => {
                self.data.depth += 1;
                venue.on_depth(site, row, &mut self.wire).map_err(Halt::Event)?;
                // Until somebody trades, a market is worth the middle of its best prices.
                if self.traded[market] { None } else { venue.middle(site) }
            }
            EventRef::Orders(row) => {
                self.data.depth += 1;
                venue.on_orders(site, row, &mut self.wire).map_err(Halt::Event)?;
                if self.traded[market] { None } else { venue.middle(site) }
            }
            EventRef::Heard(_) => None,
            EventRef::Bar(bar) => {
                self.data.bars += u64::from(stop == BarStop::Open);
                let played = venue.on_bar(site, bar, stop, now, &mut self.wire);
                Some(played.map_err(Halt::Event)?)
            }
        };
        if let Some(price) = price {
            self.curve.priced(market, now, price);
        }
        self.now = now;
        self.flood_check()
    }

    /// Before something happens in a market: delivers what arrives before. False when the run has ended, or what
    /// happens is that something was `told` of the next event.
    fn begin(
        &mut self,
        market: usize,
        told: Option<HeardRow>,
        now: UnixNanos,
    ) -> Result<bool, Halt> {
        if self.now.as_nanos() == i64::MIN {
            self.data.first_ts = now;
            self.venues.iter_mut().for_each(|venue| venue.follow_tiers(now));
        }
        self.deliver(now)?;
        if !self.look(now) || self.follows(market, told)? {
            return Ok(false);
        }
        let venue = self.markets[market].venue;
        self.venues[venue].follow_tiers(now);
        Ok(true)
    }

    /// Takes a point of the equity curve if one is due; false when nothing is left then, and the run has ended.
    fn look(&mut self, at: UnixNanos) -> bool {
        !self.curve.is_due(at) || self.take_point(at)
    }

    #[inline(never)]
    fn take_point(&mut self, at: UnixNanos) -> bool {
        self.curve.take(at, &self.venues);
        let ruined = self.stop_when_ruined && self.curve.ruined().is_some();
        if ruined {
            self.end_ruined();
        }
        !ruined
    }

    /// True when the strategy does not look at what happens within bars.
    fn may_skip(&self) -> bool {
        let wants = self.wire.engine.wants();
        !wants.trades && !wants.best_prices
    }

    /// Plays a bar within which nothing can happen: of its four prices the last one alone.
    ///
    /// Where something can happen after all, it plays all four.
    fn play_bar(&mut self, market: usize, bar: &Bar) -> Result<(), Halt> {
        self.deliver(bar.start)?;
        if !self.look(bar.start) {
            return Ok(());
        }
        let last = BarStop::Close.at(bar);
        let MarketSite { venue, site } = self.markets[market];
        let still = self.wire.is_still() && self.venues[venue].is_quiet(site);
        if !still || !self.curve.has_begun() || self.curve.is_due(last) {
            let mut stop = Some(BarStop::Open);
            while let Some(next) = stop {
                self.play(market, EventRef::Bar(bar), next, next.at(bar))?;
                stop = next.next();
                // What its open has ended: the rest is as quiet as another bar.
                let Some(at) = stop.map(|next| next.at(bar)) else { break };
                self.deliver(at)?;
                let still = self.wire.is_still() && self.venues[venue].is_quiet(site);
                if still && self.curve.has_begun() && !self.curve.is_due(last) {
                    stop = None;
                    self.close_bar(market, bar)?;
                }
            }
            return Ok(());
        }
        self.data.bars += 1;
        self.venues[venue].begin_bar(site, bar);
        self.close_bar(market, bar)
    }

    /// Plays the last price of a bar.
    fn close_bar(&mut self, market: usize, bar: &Bar) -> Result<(), Halt> {
        let MarketSite { venue, site } = self.markets[market];
        let last = BarStop::Close.at(bar);
        let price = self.venues[venue].on_bar(site, bar, BarStop::Close, last, &mut self.wire);
        self.curve.priced(market, last, price.map_err(Halt::Event)?);
        self.now = last;
        self.flood_check()
    }

    /// Delivers every message that arrives before `until`.
    fn deliver(&mut self, until: UnixNanos) -> Result<(), Halt> {
        let until = until.as_nanos();
        if self.wire.is_idle(until) { Ok(()) } else { self.deliver_due(until) }
    }

    #[inline(never)]
    fn deliver_due(&mut self, until: i64) -> Result<(), Halt> {
        let mut delivered = 0;
        loop {
            let (first, line, venue) = self.wire.first();
            if first >= until {
                return Ok(());
            }
            if line == Line::Public {
                self.hear(venue);
                continue;
            }
            delivered += 1;
            if delivered > MESSAGES_MAX {
                return Err(Halt::Flood(UnixNanos::from_nanos(first)));
            }
            if line == Line::Private {
                self.listen(venue);
            } else if let Some((at, request)) = self.wire.receive(venue) {
                self.venues[venue].on_request(request, at, &mut self.wire);
            }
        }
    }

    /// Lets the engine look at what a venue published.
    fn hear(&mut self, venue: usize) {
        let Some(at) = self.wire.hear(venue, &mut self.errands) else { return };
        self.act(at);
        if self.wire.hear_behind(venue, &mut self.errands) {
            self.act(at);
        }
    }

    /// Lets the engine look at what a venue answered.
    fn listen(&mut self, venue: usize) {
        if let Some(at) = self.wire.listen(venue, &mut self.errands) {
            self.act(at);
        }
    }

    /// Sends what the engine wants.
    fn act(&mut self, now: UnixNanos) {
        // Mostly it wants nothing.
        if !self.errands.is_empty() {
            self.run_errands(now);
        }
    }

    #[inline(never)]
    fn run_errands(&mut self, now: UnixNanos) {
        let mut errands = std::mem::take(&mut self.errands);
        for errand in errands.drain(..) {
            if let Some((venue, request)) = self.request(&errand, now) {
                self.wire.request(venue, now, request);
            }
        }
        self.errands = errands;
    }

    /// What a venue is to be asked for.
    fn request(&mut self, errand: &Errand, now: UnixNanos) -> Option<(usize, Request)> {
        let Wire { engine, record, .. } = &mut self.wire;
        let orders = engine.orders();
        let (order, request) = match *errand {
            Errand::Submit(number) => {
                let order = orders.at(number)?;
                let place = record.sent(order.request(), order.market().get(), now);
                (order, Request::Submit(place))
            }
            Errand::Cancel(number) => {
                let order = orders.at(number)?;
                (order, Request::Cancel(place_of(number), order.venue_number()?))
            }
            Errand::Locate(number) => {
                let order = orders.at(number)?;
                (order, Request::Locate(place_of(number), order.venue_number()))
            }
            // Its venues tell every execution, in turn and on one line: none is ever missed.
            Errand::FetchFills(_) | Errand::Audit(_) => return None,
        };
        Some((self.markets[order.market().get()].venue, request))
    }

    fn flood_check(&self) -> Result<(), Halt> {
        if self.wire.overflowed { Err(Halt::Flood(self.now)) } else { Ok(()) }
    }

    /// Nothing is left: closes everything at the last prices, after the last point of the curve.
    fn end_ruined(&mut self) {
        let at = self.curve.ruined().unwrap_or(self.now);
        self.close_all(at, false);
        self.curve.end_at_zero();
        self.ruined = Some(at);
    }

    /// Cancels every order and closes what was bought or sold since the start; see [`BacktestConfig::finalize`].
    fn close_all(&mut self, now: UnixNanos, at_open: bool) {
        // Those that are quoted in another asset first: what they bring is closed behind them.
        let ways = self.curve.ways();
        let mut order: Vec<usize> = (0..self.markets.len()).collect();
        order.sort_by_key(|market| std::cmp::Reverse(ways[*market].len()));
        for market in order {
            let MarketSite { venue, site } = self.markets[market];
            let initial = &self.initial[venue];
            self.venues[venue].close_all(site, initial, now, at_open, &mut self.wire);
        }
    }

    /// Delivers what arrives until `end`, and closes the books.
    fn finish(mut self, end: UnixNanos) -> Result<BacktestResult, Halt> {
        if self.now.as_nanos() != i64::MIN {
            self.deliver(UnixNanos::from_nanos(end.as_nanos().saturating_add(1)))?;
            self.flood_check()?;
            self.data.last_ts = end;
        }
        let in_flight = self.wire.in_flight(end);
        if self.now.as_nanos() != i64::MIN && self.ruined.is_none() {
            let broke = self.curve.has_begun() && self.curve.worth(&self.venues) <= Notional::ZERO;
            if self.stop_when_ruined && broke {
                self.curve.close(end, &self.venues);
                self.end_ruined();
            } else {
                if self.finalize {
                    self.close_all(end, true);
                }
                self.curve.close(end, &self.venues);
            }
        }
        Ok(BacktestResult {
            in_flight,
            ruined: self.ruined,
            digest: self.wire.record.digest(),
            fills: self.wire.record.fills,
            orders: self.wire.record.orders,
            ways: self.curve.ways(),
            equity: self.curve.points,
            initial: self.initial,
            balances: self.venues.iter().map(Venue::balances).collect(),
            data: self.data,
            wishes_dropped: self.wire.engine.wishes_dropped(),
            failure: self.wire.engine.failure().map(str::to_owned),
        })
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Start time of the engine, which makes client order ids only: 2024-01-01, so that equal runs over
/// different tapes have equal ids.
pub(crate) const STARTED: UnixNanos = UnixNanos::from_secs(1_704_067_200);

#[cfg(test)]
mod tests;
