//! The public trades and best prices of one pair, for clients that page through them.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Price, Trade, UnixNanos};

/// Trades that are remembered.
const TRADES_KEPT: usize = 20_000;
/// Changes of the best prices that are remembered.
const SPREADS_KEPT: usize = 200;

/// A public trade.
#[derive(Debug, Clone)]
pub(crate) struct Print {
    pub(crate) trade: Trade,
    pub(crate) taker: Taker,
}

/// What kind of order took. Tapes do not tell; most takers place limits, and so are theirs shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Taker {
    #[default]
    Limit,
    Market,
}

impl Taker {
    /// In the words of WebSocket v2.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Market => "market",
        }
    }

    /// In those of REST and WebSocket v1.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::Limit => "l",
            Self::Market => "m",
        }
    }
}

/// Public trades, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Prints(VecDeque<Print>);

impl Prints {
    /// Adds a trade. Of two at one instant the later is stamped a nanosecond later, so that a page can end
    /// between them.
    pub(crate) fn push(&mut self, mut print: Print) {
        if let Some(last) = self.0.back() {
            let next = last.trade.venue_ts.plus(Duration::from_nanos(1));
            print.trade.venue_ts = print.trade.venue_ts.max(next);
        }
        push_bounded(&mut self.0, print, TRADES_KEPT);
    }

    /// The latest trades, oldest first.
    pub(crate) fn latest(&self, count: usize) -> impl Iterator<Item = &Print> {
        self.0.iter().skip(self.0.len().saturating_sub(count))
    }

    /// The first trades after an instant.
    pub(crate) fn after(&self, since: UnixNanos, count: usize) -> impl Iterator<Item = &Print> {
        let first = self.0.partition_point(|print| print.trade.venue_ts <= since);
        self.0.iter().skip(first).take(count)
    }
}

/// Best prices as they changed, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Spreads(VecDeque<Spread>);

/// Best bid and ask from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) at: UnixNanos,
    pub(crate) bid: Price,
    pub(crate) ask: Price,
}

impl Spreads {
    /// Adds best prices, unless they are what they were.
    pub(crate) fn push(&mut self, spread: Spread) {
        let last = self.0.back().map(|last| (last.bid, last.ask));
        if last == Some((spread.bid, spread.ask)) {
            return;
        }
        push_bounded(&mut self.0, spread, SPREADS_KEPT);
    }

    /// What changed since an instant, that instant included.
    pub(crate) fn since(&self, since: UnixNanos) -> impl Iterator<Item = &Spread> {
        self.0.iter().filter(move |spread| spread.at >= since)
    }
}

/// Adds to the end of a list that remembers the last `kept`.
///
/// Its memory is all taken at the first one: a list that grows with the market would look like a leak of whoever
/// runs beside it.
pub(crate) fn push_bounded<T>(list: &mut VecDeque<T>, new: T, kept: usize) {
    if list.capacity() == 0 {
        list.reserve_exact(kept);
    }
    if list.len() == kept {
        list.pop_front();
    }
    list.push_back(new);
}

#[cfg(test)]
mod tests {
    use model::Side;

    use super::*;
    use crate::kraken::fixture::{NOW, trade};

    #[test]
    fn pages_of_trades_at_one_instant_miss_none() {
        let mut prints = Prints::default();
        for price in ["1", "2", "3", "4", "5"] {
            let trade = trade(price, "1", Side::Buy);
            prints.push(Print { trade, taker: Taker::Limit });
        }
        let (mut since, mut seen) = (UnixNanos::ZERO, Vec::new());
        loop {
            let page: Vec<&Trade> = prints.after(since, 2).map(|print| &print.trade).collect();
            let Some(last) = page.last() else { break };
            since = last.venue_ts;
            seen.extend(page.iter().map(|trade| trade.price.to_string()));
        }
        assert_eq!(seen, ["1", "2", "3", "4", "5"]);
        assert_eq!(prints.latest(2).count(), 2);
        assert!(prints.latest(1).all(|print| print.trade.venue_ts.since(NOW).as_nanos() == 4));
    }

    #[test]
    fn what_is_remembered_is_limited() {
        let (mut prints, mut spreads) = (Prints::default(), Spreads::default());
        for n in 0..30_000_u32 {
            let trade = trade("1", "1", Side::Sell);
            prints.push(Print { trade, taker: Taker::Market });
            let bid = Price::from_raw(i64::from(n / 2));
            spreads.push(Spread { at: NOW, bid, ask: bid });
        }
        assert_eq!(prints.latest(usize::MAX).count(), TRADES_KEPT);
        assert_eq!(spreads.since(NOW).count(), SPREADS_KEPT);
    }
}
