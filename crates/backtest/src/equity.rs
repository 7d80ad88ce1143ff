//! The portfolio over time.

use model::{Asset, Notional, Price, UnixNanos};

use crate::config::BacktestConfig;
use crate::record::{EquityPoint, Mark};
use crate::venue::Venue;
use crate::worth::{through, way};

/// Something that an account may own.
#[derive(Debug)]
struct Holding {
    venue: usize,
    asset: Asset,
    /// The markets whose last prices turn it into the currency; none for money.
    way: Vec<usize>,
}

/// Collects one point per interval that has a price, at its last prices.
///
/// The curve begins when everything that is owned at the start has a price, and everything that markets are quoted in.
#[derive(Debug)]
pub(crate) struct EquityCurve {
    every: i64,
    /// End of the current interval; the beginning of time before the first price.
    end: i64,
    /// The last price of each market, zero before the first one.
    prices: Vec<Price>,
    /// Time of the last price, until the point of its interval is taken.
    last: Option<UnixNanos>,
    holdings: Vec<Holding>,
    /// The venue of each market and what it trades.
    markets: Vec<(usize, Asset)>,
    /// The venue of each market and what it is quoted in.
    quotes: Vec<(usize, Asset)>,
    /// What was owned at the start, by holding.
    initial: Vec<Notional>,
    pub(crate) points: Vec<EquityPoint>,
}

impl EquityCurve {
    /// A curve of what the accounts of `venues` own.
    pub(crate) fn new(config: &BacktestConfig, venues: &[Venue]) -> Self {
        let (mut markets, mut quotes) = (Vec::new(), Vec::new());
        for (venue, of) in config.venues.iter().enumerate() {
            markets.extend(of.instruments.iter().map(|i| (venue, i.instrument.base.clone())));
            quotes.extend(of.instruments.iter().map(|i| (venue, i.instrument.quote.clone())));
        }
        let mut holdings: Vec<Holding> = Vec::new();
        for (venue, of) in config.venues.iter().enumerate() {
            let traded = of.instruments.iter().map(|config| &config.instrument);
            let assets = traded.flat_map(|instrument| [&instrument.base, &instrument.quote]);
            for asset in assets.chain(of.balances.keys()) {
                if holdings.iter().any(|known| (known.venue, &known.asset) == (venue, asset)) {
                    continue;
                }
                let way = way(config, venue, asset).unwrap_or_default();
                holdings.push(Holding { venue, asset: asset.clone(), way });
            }
        }
        let own = |holding: &Holding| venues[holding.venue].owned(&holding.asset);
        let initial = holdings.iter().map(own).collect();
        let every = i64::try_from(config.equity_every.as_nanos()).unwrap_or(i64::MAX);
        Self {
            every,
            end: i64::MIN,
            prices: vec![Price::ZERO; markets.len()],
            last: None,
            holdings,
            markets,
            quotes,
            initial,
            points: Vec::new(),
        }
    }

    /// By market: the way from what it is quoted in to the currency.
    pub(crate) fn ways(&self) -> Vec<Vec<usize>> {
        let of = |(venue, quote): &(usize, Asset)| {
            let mut held = self.holdings.iter();
            let held = held.find(|known| (known.venue, &known.asset) == (*venue, quote));
            held.map_or_else(Vec::new, |holding| holding.way.clone())
        };
        self.quotes.iter().map(of).collect()
    }

    /// True once there is a point.
    pub(crate) fn has_begun(&self) -> bool {
        !self.points.is_empty()
    }

    /// True when an event lies behind the current interval.
    pub(crate) fn is_due(&self, ts: UnixNanos) -> bool {
        ts.as_nanos() >= self.end
    }

    /// The end of the current interval.
    pub(crate) const fn interval_end(&self) -> UnixNanos {
        UnixNanos::from_nanos(self.end)
    }

    /// Closes the interval before `ts`, and begins the one that holds it.
    pub(crate) fn take(&mut self, ts: UnixNanos, venues: &[Venue]) {
        self.take_point(venues);
        let start = ts.as_nanos().div_euclid(self.every).saturating_mul(self.every);
        self.end = start.saturating_add(self.every);
    }

    /// Takes the last point of all, which shows what is owned at the `end`.
    ///
    /// Where the current interval has no price, but something was executed since the point before (a book goes on
    /// without trades), it is at the end.
    pub(crate) fn close(&mut self, end: UnixNanos, venues: &[Venue]) {
        self.take_point(venues);
        if let Some(before) = self.points.last() {
            let point = self.point(end, &self.amounts(venues));
            if (point.equity, &point.marks) != (before.equity, &before.marks) {
                self.points.push(point);
            }
        }
    }

    /// Takes the point of the current interval, if it has a price.
    fn take_point(&mut self, venues: &[Venue]) {
        if let Some(ts) = self.last.take() {
            self.points.push(self.point(ts, &self.amounts(venues)));
        }
    }

    /// The portfolio at the last prices.
    pub(crate) fn worth(&self, venues: &[Venue]) -> Notional {
        self.point(UnixNanos::ZERO, &self.amounts(venues)).equity
    }

    /// What is owned, by holding.
    fn amounts(&self, venues: &[Venue]) -> Vec<Notional> {
        self.holdings.iter().map(|held| venues[held.venue].owned(&held.asset)).collect()
    }

    /// The time of the last point, when the portfolio is worth nothing there.
    pub(crate) fn ruined(&self) -> Option<UnixNanos> {
        let last = self.points.last()?;
        (self.points.len() > 1 && last.equity <= Notional::ZERO).then_some(last.ts)
    }

    /// The last point is zero, and no other one follows.
    pub(crate) fn end_at_zero(&mut self) {
        self.last = None;
        if let Some(point) = self.points.last_mut() {
            point.equity = Notional::ZERO;
        }
    }

    /// A market has a price.
    pub(crate) fn priced(&mut self, market: usize, ts: UnixNanos, price: Price) {
        self.prices[market] = price;
        if self.has_begun() || self.begin(ts) {
            self.last = Some(ts);
        }
    }

    /// Takes the first point; false while a price is missing.
    #[inline(never)]
    fn begin(&mut self, ts: UnixNanos) -> bool {
        let quoted = |of: &Holding| {
            self.quotes.iter().any(|(venue, quote)| (*venue, quote) == (of.venue, &of.asset))
        };
        let priced = |(holding, amount): (&Holding, &Notional)| {
            (amount.is_zero() && !quoted(holding))
                || holding.way.iter().all(|at| !self.prices[*at].is_zero())
        };
        let all = self.holdings.iter().zip(&self.initial).all(priced);
        if all {
            let start = self.point(ts, &self.initial);
            self.points.push(start);
        }
        all
    }

    /// A point with these amounts of the holdings.
    fn point(&self, ts: UnixNanos, amounts: &[Notional]) -> EquityPoint {
        let mut equity = Notional::ZERO;
        for (holding, amount) in self.holdings.iter().zip(amounts) {
            let prices = holding.way.iter().map(|market| self.prices[*market]);
            let value = prices.fold(*amount, through);
            equity = equity.checked_add(value).unwrap_or(equity);
        }
        let mark = |(price, (venue, base)): (&Price, &(usize, Asset))| {
            let mut held = self.holdings.iter().zip(amounts);
            let held = held.find(|(known, _)| (known.venue, &known.asset) == (*venue, base));
            Mark { price: *price, base: held.map_or(Notional::ZERO, |(_, amount)| *amount) }
        };
        let marks = self.prices.iter().zip(&self.markets).map(mark).collect();
        EquityPoint { ts, equity, marks }
    }
}
