//! Candles of one pair, at every interval that Kraken has.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Notional, Price, Quantity, Trade, UnixNanos};

use crate::kraken::prints::push_bounded;

/// Lengths of a candle that a client can ask for, minutes.
pub(crate) const INTERVALS: [u32; 9] = [1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600];
/// Finished candles that an answer shows at most; the running one comes on top.
const FINISHED_MAX: usize = 720;

/// Trades of some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candle {
    pub(crate) start: UnixNanos,
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) close: Price,
    pub(crate) volume: Quantity,
    pub(crate) cost: Notional,
    pub(crate) trades: u64,
}

/// The latest candles of every interval in which something was traded, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Candles([VecDeque<Candle>; INTERVALS.len()]);

impl Candles {
    pub(crate) fn on_trade(&mut self, trade: &Trade) {
        let new = Candle::of(trade);
        for (minutes, series) in INTERVALS.into_iter().zip(&mut self.0) {
            new.enter(series, length(minutes), FINISHED_MAX + 1);
        }
    }

    /// The candles of an interval up to now, oldest first, those without trades included.
    ///
    /// `None` for an interval that does not exist. Empty before the first trade.
    pub(crate) fn until(&self, minutes: u32, now: UnixNanos) -> Option<Vec<Candle>> {
        let at = INTERVALS.iter().position(|known| *known == minutes)?;
        let (step, running) = (length(minutes), now.floor_to(length(minutes)));
        let reach = step.saturating_mul(u32::try_from(FINISHED_MAX).unwrap_or(u32::MAX));
        let mut rows: Vec<Candle> = Vec::new();
        // The last candle before what is shown gives the price of the first without trades.
        let within = self.0[at].partition_point(|candle| running.since(candle.start) > reach);
        for candle in self.0[at].iter().skip(within.saturating_sub(1)) {
            fill(&mut rows, candle.start, step);
            rows.push(*candle);
        }
        if !rows.is_empty() {
            fill(&mut rows, running.plus(step), step);
        }
        rows.retain(|candle| running.since(candle.start) <= reach);
        Some(rows)
    }

    /// The running candle of an interval; `None` before the first trade, or for no such interval.
    pub(crate) fn running(&self, minutes: u32, now: UnixNanos) -> Option<Candle> {
        let at = INTERVALS.iter().position(|known| *known == minutes)?;
        let (last, start) = (self.0[at].back()?, now.floor_to(length(minutes)));
        Some(if last.start >= start { *last } else { Candle::flat(last.close, start) })
    }
}

impl Candle {
    /// Of one trade, at its time.
    pub(crate) fn of(trade: &Trade) -> Self {
        let cost = Notional::of(trade.price, trade.quantity);
        let flat = Self::flat(trade.price, trade.venue_ts);
        Self { volume: trade.quantity, cost, trades: 1, ..flat }
    }

    /// Adds a later trade to the candle of its time, the last of a series that remembers the last `kept`.
    pub(crate) fn enter(&self, series: &mut VecDeque<Self>, length: Duration, kept: usize) {
        let start = self.start.floor_to(length);
        match series.back_mut() {
            Some(candle) if candle.start >= start => candle.merge(self),
            Some(_) | None => push_bounded(series, Self { start, ..*self }, kept),
        }
    }

    /// Nothing but a price.
    pub(crate) const fn flat(price: Price, start: UnixNanos) -> Self {
        Self {
            start,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Quantity::ZERO,
            cost: Notional::ZERO,
            trades: 0,
        }
    }

    /// Volume-weighted average price; `None` without volume.
    pub(crate) fn vwap(&self, decimals: u32) -> Option<Price> {
        self.cost.price_per(self.volume, decimals)
    }

    /// Adds later trades.
    pub(crate) fn merge(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.checked_add(later.volume).unwrap_or(Quantity::MAX);
        self.cost = self.cost.checked_add(later.cost).unwrap_or(self.cost);
        self.trades = self.trades.saturating_add(later.trades);
    }
}

/// Length of a candle.
pub(crate) fn length(minutes: u32) -> Duration {
    Duration::from_secs(60 * u64::from(minutes))
}

/// Appends candles without trades until the next would start at `until`, the latest of them only.
fn fill(rows: &mut Vec<Candle>, until: UnixNanos, step: Duration) {
    let Some(last) = rows.last().copied() else { return };
    let missing = until.since(last.start).as_nanos() / step.as_nanos();
    let missing = usize::try_from(missing).unwrap_or(usize::MAX).saturating_sub(1);
    let kept = missing.min(FINISHED_MAX + 1);
    for n in (1..=kept).rev() {
        let back = step.saturating_mul(u32::try_from(n).unwrap_or(u32::MAX));
        let start = until.as_nanos() - i64::try_from(back.as_nanos()).unwrap_or(0);
        rows.push(Candle::flat(last.close, UnixNanos::from_nanos(start)));
    }
}

#[cfg(test)]
mod tests {
    use model::Symbol;

    use super::*;

    fn trade(seconds: i64, price: &str) -> Trade {
        Trade {
            symbol: Symbol::new("BTC/USD"),
            venue_ts: UnixNanos::from_secs(seconds),
            price: Price::parse(price).unwrap(),
            quantity: Quantity::parse("2").unwrap(),
            taker_side: None,
            trade_id: None,
        }
    }

    fn shown(candles: &[Candle]) -> Vec<String> {
        let row = |c: &Candle| {
            format!("{} {} {} {} {} {}", c.start.secs(), c.open, c.high, c.low, c.close, c.trades)
        };
        candles.iter().map(row).collect()
    }

    #[test]
    fn minutes_without_trades_keep_the_last_close() {
        let mut candles = Candles::default();
        for (seconds, price) in [(60, "5"), (70, "7"), (119, "4"), (250, "6")] {
            candles.on_trade(&trade(seconds, price));
        }
        let now = UnixNanos::from_secs(370);
        let minutes = candles.until(1, now).unwrap();
        let expected = [
            "60 5 7 4 4 3",
            "120 4 4 4 4 0",
            "180 4 4 4 4 0",
            "240 6 6 6 6 1",
            "300 6 6 6 6 0",
            "360 6 6 6 6 0",
        ];
        assert_eq!(shown(&minutes), expected);
        assert_eq!(shown(&candles.until(5, now).unwrap()), ["0 5 7 4 6 4", "300 6 6 6 6 0"]);
        assert_eq!(candles.running(1, now).unwrap().start, UnixNanos::from_secs(360));
        assert!(candles.until(7, now).is_none());
        assert!(Candles::default().until(1, now).unwrap().is_empty());
    }

    #[test]
    fn at_most_720_finished_candles_are_shown() {
        let mut candles = Candles::default();
        candles.on_trade(&trade(0, "5"));
        candles.on_trade(&trade(10_000 * 60, "6"));
        let rows = candles.until(1, UnixNanos::from_secs(10_001 * 60)).unwrap();
        assert_eq!(rows.len(), 721);
        let starts = [rows[0], rows[719], rows[720]].map(|candle| candle.start.secs() / 60);
        assert_eq!(starts, [10_001 - 720, 10_000, 10_001]);
        let step = |pair: &[Candle]| pair[1].start.since(pair[0].start) == length(1);
        assert!(rows.windows(2).all(step));
    }
}
