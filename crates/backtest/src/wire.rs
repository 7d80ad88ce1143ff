//! The ways between the venues and the strategy, and the record that the venues keep.

use std::collections::VecDeque;

use engine::{BarRun, Engine, Errand, MarketNumber, OrderIds, OrderNews, OrderNumber};
use model::{Bar, Level, Symbol, Trade, UnixNanos};

use crate::backtest::STARTED;
use crate::config::BacktestConfig;
use crate::event::{HeardRow, TradeRow};
use crate::latency::{Channel, FeedError, IN_FLIGHT_MAX, nanos};
use crate::orders::number_at;
use crate::record::Recorder;
use crate::venue::{BarStop, Request};

/// Most bars that a strategy is asked about at once.
const BARS_MAX: usize = 32;

/// What a venue publishes of one market.
#[derive(Debug)]
pub(crate) enum Published {
    /// A trade, and the best levels where it changed them.
    Trade(TradeRow, Option<Best>),
    Best(Best),
    /// A bar, and whether the strategy was asked whether it passes over it.
    Bar(Bar, bool),
}

/// What a venue tells the strategy alone.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The order that it is about.
    pub(crate) order: OrderNumber,
    pub(crate) news: OrderNews,
}

/// Best levels, bid and ask.
pub(crate) type Best = [Option<Level>; 2];

/// The three ways between one venue and the strategy.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Market data, with the number of the market.
    pub(crate) public: Channel<(usize, Published)>,
    /// Answers and executions.
    pub(crate) private: Channel<Answer>,
    /// Orders and cancels.
    pub(crate) requests: Channel<Request>,
    /// Arrivals of news that the strategy has passed over already, perhaps before they arrive. Those that have arrived
    /// are forgotten when there is no room for more.
    passed: VecDeque<i64>,
}

impl Lines {
    /// See [`Channel::follow`].
    pub(crate) fn follow(&mut self, told: Option<HeardRow>) -> Result<(), FeedError> {
        self.public.follow(told)
    }

    /// True with nothing on its way.
    fn are_idle(&self) -> bool {
        self.public.is_empty() && self.private.is_empty() && self.requests.is_empty()
    }

    /// The line whose message arrives next, and when; the end of time without one.
    const fn first(&self) -> (i64, Line) {
        let mut first = (self.public.next_at(), Line::Public);
        if self.private.next_at() < first.0 {
            first = (self.private.next_at(), Line::Private);
        }
        if self.requests.next_at() < first.0 {
            first = (self.requests.next_at(), Line::Requests);
        }
        first
    }

    /// Market data on their way, at a time.
    fn news(&mut self, now: i64) -> usize {
        self.forget_arrived(now);
        self.passed.len() + self.public.len()
    }

    /// True when more market data are on their way than may be.
    fn are_full(&mut self, now: i64) -> bool {
        // Mostly not even together with those that have arrived.
        self.passed.len() + self.public.len() > IN_FLIGHT_MAX && self.news(now) > IN_FLIGHT_MAX
    }

    fn pass(&mut self, now: i64, arrival: i64) {
        if self.passed.len() == self.passed.capacity() {
            self.forget_arrived(now);
        }
        self.passed.push_back(arrival);
    }

    fn forget_arrived(&mut self, now: i64) {
        while self.passed.front().is_some_and(|arrival| *arrival < now) {
            self.passed.pop_front();
        }
    }
}

/// A line with a message: at one time, the first ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Line {
    Public,
    Private,
    Requests,
}

/// Where messages go.
#[derive(Debug)]
pub(crate) struct Wire {
    /// By venue.
    pub(crate) lines: Vec<Lines>,
    pub(crate) record: Recorder,
    /// True when a channel held more than it may.
    pub(crate) overflowed: bool,
    /// The strategy's side.
    pub(crate) engine: Engine,
    /// How long all news take, where the strategy may pass over them before they arrive: no answer can come
    /// in between that was not on its way when they were published.
    ahead: Option<i64>,
    /// No message arrives before.
    due: i64,
    /// By market: its last trade, in which only the numbers change.
    trades: Vec<Trade>,
}

impl Wire {
    pub(crate) fn new(config: &BacktestConfig, engine: Engine) -> Self {
        let lines = config.venues.iter().enumerate().map(|(at, venue)| {
            let stream = |name: &str| match at {
                0 => name.to_owned(),
                _ => format!("{name}/{at}"),
            };
            let (latency, seed) = (&venue.latency, config.seed);
            Lines {
                public: Channel::new(&latency.feed, seed, &stream("feed")),
                private: Channel::new(&latency.response, seed, &stream("response")),
                requests: Channel::new(&latency.entry, seed, &stream("entry")),
                passed: VecDeque::new(),
            }
        });
        let symbols = config.instruments().map(|config| config.instrument.symbol.clone());
        let symbols: Vec<Symbol> = symbols.collect();
        let trades = symbols.iter().map(|symbol| TradeRow::NOTHING.of(symbol.clone())).collect();
        Self {
            lines: lines.collect(),
            record: Recorder::new(OrderIds::new(STARTED), symbols),
            overflowed: false,
            ahead: ahead(config, &engine),
            engine,
            due: i64::MAX,
            trades,
        }
    }

    /// True when nothing is on its way, and news may be passed over one by one: [`Wire::pass_trade`].
    pub(crate) fn passes(&self) -> bool {
        self.ahead.is_some()
            && !self.engine.wants().best_prices
            && self.lines.iter().all(Lines::are_idle)
    }

    /// Lets the strategy pass over a trade; [`Wire::passed`] follows for the last of several. False when it does not.
    pub(crate) fn pass_trade(&mut self, venue: usize, market: usize, row: &TradeRow) -> bool {
        let trade = &mut self.trades[market];
        row.write(trade);
        let passed = self.engine.passes_trade(trade);
        if passed {
            self.travel(venue, row.ts);
        }
        passed
    }

    /// As [`Wire::pass_trade`], of bars that follow each other, of which there may be [`Wire::together`]; how many of
    /// them, from the first on. Each has told its last price before: as a trade, or, if it has no quantity, as best
    /// prices, if they `moved`.
    pub(crate) fn pass_bars(
        &mut self,
        venue: usize,
        market: usize,
        run: BarRun<'_>,
        moved: bool,
    ) -> usize {
        let passed = self.engine.pass_bars(MarketNumber::new(market), run);
        if self.ahead != Some(0) {
            for bar in &run.bars()[..passed] {
                let last = BarStop::Close.at(bar);
                if bar.volume.is_positive() || moved {
                    self.travel(venue, last);
                }
                self.travel(venue, last);
            }
        }
        passed
    }

    /// Bars that may be passed over at once: news that take time are counted bar by bar.
    pub(crate) fn together(&self) -> usize {
        if self.ahead == Some(0) { BARS_MAX } else { 1 }
    }

    /// Before this time the strategy passes over trades of which [`Wire::pass_trade`] of the last one is enough; `None`
    /// when each is to be asked about, or counted while it travels.
    pub(crate) fn passes_until(&mut self) -> Option<UnixNanos> {
        if self.ahead == Some(0) { self.engine.passes_until() } else { None }
    }

    /// Tells the engine of the last trade of several that were passed over.
    pub(crate) fn passed(&mut self, market: usize, last: &TradeRow, count: u64) {
        let trade = &mut self.trades[market];
        last.write(trade);
        self.engine.passed_trades(MarketNumber::new(market), trade, count);
    }

    /// Lets the engine look at what a venue published next; when it arrives. [`Wire::hear_behind`] follows.
    pub(crate) fn hear(&mut self, venue: usize, errands: &mut Vec<Errand>) -> Option<UnixNanos> {
        let Self { lines, engine, trades, .. } = self;
        let (at, (market, message)) = lines[venue].public.next()?;
        let number = MarketNumber::new(*market);
        match message {
            Published::Trade(row, _) => {
                let trade = &mut trades[*market];
                row.write(trade);
                engine.hear_trade(number, trade, errands);
            }
            Published::Best(best) => engine.hear_best(number, best, errands),
            Published::Bar(bar, asked) => engine.hear_bar(number, bar, *asked, errands),
        }
        Some(at)
    }

    /// Lets the engine look at the best prices behind a trade: what the trade leads to leaves before what they lead to.
    /// False when there are none.
    pub(crate) fn hear_behind(&mut self, venue: usize, errands: &mut Vec<Errand>) -> bool {
        let line = &mut self.lines[venue].public;
        let behind = match line.next() {
            Some((_, (market, Published::Trade(_, Some(best))))) => {
                self.engine.hear_best(MarketNumber::new(*market), best, errands);
                true
            }
            Some(_) | None => false,
        };
        line.advance();
        behind
    }

    /// Lets the engine look at what a venue answered next; when it arrives.
    pub(crate) fn listen(&mut self, venue: usize, errands: &mut Vec<Errand>) -> Option<UnixNanos> {
        let line = &mut self.lines[venue].private;
        let (at, answer) = line.next()?;
        self.engine.hear_of(answer.order, &answer.news, errands);
        line.advance();
        Some(at)
    }

    /// The next request that a venue gets, and when.
    pub(crate) fn receive(&mut self, venue: usize) -> Option<(UnixNanos, Request)> {
        let line = &mut self.lines[venue].requests;
        let (at, request) = line.next().map(|(at, request)| (at, *request))?;
        line.advance();
        Some((at, request))
    }

    /// Counts news on their way that were passed over.
    fn travel(&mut self, venue: usize, now: UnixNanos) {
        if let Some(feed) = self.ahead.filter(|feed| *feed > 0) {
            let (lines, now) = (&mut self.lines[venue], now.as_nanos());
            lines.pass(now, now.saturating_add(feed));
            self.overflowed |= lines.are_full(now);
        }
    }

    /// Tells everybody at a venue of a trade, and of the best levels where it changed them.
    pub(crate) fn publish_trade(
        &mut self,
        venue: usize,
        market: usize,
        row: &TradeRow,
        best: Option<&Best>,
    ) {
        let asks = self.may_ask(row.ts) && (best.is_none() || !self.engine.wants().best_prices);
        if asks {
            let number = MarketNumber::new(market);
            let trade = &mut self.trades[market];
            row.write(trade);
            if self.engine.pass_trade(number, trade) {
                if let Some(best) = best {
                    self.engine.pass_best(number, best);
                }
                self.travel(venue, row.ts);
                return;
            }
        }
        self.send_news(venue, market, row.ts, || Published::Trade(*row, best.copied()));
    }

    /// Tells everybody at a venue of the best levels.
    pub(crate) fn publish_best(
        &mut self,
        venue: usize,
        market: usize,
        now: UnixNanos,
        best: &Best,
    ) {
        if self.may_ask(now) && self.engine.pass_best(MarketNumber::new(market), best) {
            self.travel(venue, now);
        } else {
            self.send_news(venue, market, now, || Published::Best(*best));
        }
    }

    /// Tells everybody at a venue of a bar.
    pub(crate) fn publish_bar(&mut self, venue: usize, market: usize, now: UnixNanos, bar: &Bar) {
        let asks = self.may_ask(now);
        if asks && self.engine.pass_bar(MarketNumber::new(market), bar) {
            self.travel(venue, now);
        } else {
            self.send_news(venue, market, now, || Published::Bar(*bar, asks));
        }
    }

    /// True when the strategy may take note of news before they arrive: it can hear of nothing else until then. What it
    /// passes over has only to [`Wire::travel`].
    fn may_ask(&self, now: UnixNanos) -> bool {
        let Some(feed) = self.ahead else { return false };
        let arrival = now.as_nanos().saturating_add(feed);
        let hears_nothing =
            |lines: &Lines| lines.public.is_empty() && lines.private.next_at() >= arrival;
        self.lines.iter().all(hears_nothing)
    }

    // News are written where they stay.
    #[inline(always)]
    fn send_news(
        &mut self,
        venue: usize,
        market: usize,
        now: UnixNanos,
        what: impl FnOnce() -> Published,
    ) {
        let lines = &mut self.lines[venue];
        self.overflowed |= !lines.public.send(now, (market, what()));
        self.overflowed |= lines.are_full(now.as_nanos());
        self.due = self.due.min(lines.public.next_at());
    }

    /// Tells the strategy alone.
    // Its news are written where they stay.
    #[inline(always)]
    pub(crate) fn answer(&mut self, venue: usize, now: UnixNanos, place: usize, news: OrderNews) {
        let line = &mut self.lines[venue].private;
        let answer = Answer { order: number_at(place), news };
        self.overflowed |= !line.send(now, answer);
        self.due = self.due.min(line.next_at());
    }

    /// Asks a venue.
    pub(crate) fn request(&mut self, venue: usize, now: UnixNanos, request: Request) {
        let line = &mut self.lines[venue].requests;
        self.overflowed |= !line.send(now, request);
        self.due = self.due.min(line.next_at());
    }

    /// True when nothing is on its way, and what venues publish takes no drawn time.
    pub(crate) fn is_still(&self) -> bool {
        self.lines.iter().all(|lines| lines.are_idle() && lines.public.is_constant())
    }

    /// True when no message arrives before `until`. Costs less than [`Wire::first`].
    pub(crate) const fn is_idle(&self, until: i64) -> bool {
        self.due >= until
    }

    /// The line whose message arrives next, when, and its venue.
    ///
    /// At one time the markets' news come first, then the venues' answers, then requests; of two venues
    /// the first.
    pub(crate) fn first(&mut self) -> (i64, Line, usize) {
        let mut first = (self.lines[0].first(), 0);
        for (venue, lines) in self.lines.iter().enumerate().skip(1) {
            let next = lines.first();
            if next < first.0 {
                first = (next, venue);
            }
        }
        let ((at, line), venue) = first;
        self.due = at;
        (at, line, venue)
    }

    /// Messages that have not arrived at the end.
    pub(crate) fn in_flight(&mut self, end: UnixNanos) -> usize {
        let end = end.as_nanos().saturating_add(1);
        let each = |lines: &mut Lines| lines.news(end) + lines.private.len() + lines.requests.len();
        self.lines.iter_mut().map(each).sum()
    }
}

/// See [`Wire::ahead`].
///
/// With several venues, news of one time have an order among the venues, which a strategy sees if it is asked about
/// best prices: those may move at any time, when an order arrives.
fn ahead(config: &BacktestConfig, engine: &Engine) -> Option<i64> {
    let latencies = config.venues.iter().map(|venue| &venue.latency);
    let feeds = latencies.clone().map(|latency| latency.feed.bounds());
    let answer = latencies.map(|latency| latency.response.bounds().0).min()?;
    let (feed, _) = feeds.clone().next()?;
    let equal = feeds.clone().all(|bounds| bounds == (feed, feed));
    let ordered = config.venues.len() == 1 || !engine.wants().best_prices;
    (equal && ordered && feed <= answer).then(|| nanos(feed))
}
