//! The public trades and best prices of one pair, for clients that page through them.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Price, Trade, UnixNanos};

/// Trades that are remembered.
const TRADES_KEPT: usize = 20_000;
/// Changes of the best prices that are remembered.
const SPREADS_KEPT: usize = 200;

/// Public trades, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Prints(VecDeque<Trade>);

impl Prints {
    /// Adds a trade. Of two at one instant the later is stamped a nanosecond later, so that a page can end
    /// between them.
    pub(crate) fn push(&mut self, mut trade: Trade) {
        if let Some(last) = self.0.back() {
            trade.venue_ts = trade.venue_ts.max(last.venue_ts.plus(Duration::from_nanos(1)));
        }
        push_bounded(&mut self.0, trade, TRADES_KEPT);
    }

    /// The latest trades, oldest first.
    pub(crate) fn latest(&self, count: usize) -> impl Iterator<Item = &Trade> {
        self.0.iter().skip(self.0.len().saturating_sub(count))
    }

    /// The first trades after an instant.
    pub(crate) fn after(&self, since: UnixNanos, count: usize) -> impl Iterator<Item = &Trade> {
        let first = self.0.partition_point(|trade| trade.venue_ts <= since);
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
            prints.push(trade(price, "1", Side::Buy));
        }
        let (mut since, mut seen) = (UnixNanos::ZERO, Vec::new());
        loop {
            let page: Vec<&Trade> = prints.after(since, 2).collect();
            let Some(last) = page.last() else { break };
            since = last.venue_ts;
            seen.extend(page.iter().map(|trade| trade.price.to_string()));
        }
        assert_eq!(seen, ["1", "2", "3", "4", "5"]);
        assert_eq!(prints.latest(2).count(), 2);
        assert!(prints.latest(1).all(|trade| trade.venue_ts.since(NOW).as_nanos() == 4));
    }

    #[test]
    fn what_is_remembered_is_limited() {
        let (mut prints, mut spreads) = (Prints::default(), Spreads::default());
        for n in 0..30_000_u32 {
            prints.push(trade("1", "1", Side::Sell));
            let bid = Price::from_raw(i64::from(n / 2));
            spreads.push(Spread { at: NOW, bid, ask: bid });
        }
        assert_eq!(prints.latest(usize::MAX).count(), TRADES_KEPT);
        assert_eq!(spreads.since(NOW).count(), SPREADS_KEPT);
    }
}
