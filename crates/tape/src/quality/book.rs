//! Looks at best prices and at changes of a book.

use std::collections::BTreeSet;

use model::{Price, Quantity, Side, UnixNanos};

use super::{BOOK_LEVELS_KEPT, Checker, Policy, Problem, RowAbout};
use crate::row::{LevelRow, OrderRow, QuoteRow};

/// A change of a level or of an order of a book.
struct Change {
    ts: UnixNanos,
    side: Side,
    price: Price,
    quantity: Quantity,
    /// Zero for a whole level.
    order: u64,
    begins: bool,
    snapshot: bool,
}

/// The levels or orders of a book, to see whether it is crossed. The ones farthest from the other side are
/// forgotten when there are too many.
#[derive(Debug, Default)]
pub(super) struct Book {
    bids: BTreeSet<(Price, u64)>,
    asks: BTreeSet<(Price, u64)>,
    /// True while the book is crossed: it counts once.
    is_crossed: bool,
    last: Option<(usize, u64, UnixNanos)>,
    /// What rows are left out for, until a snapshot comes.
    lost: Option<Problem>,
}

impl Book {
    fn apply(&mut self, row: &Change) {
        if row.begins && row.snapshot {
            self.bids.clear();
            self.asks.clear();
        }
        let levels = match row.side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if row.quantity.is_positive() {
            levels.insert((row.price, row.order));
        } else {
            levels.remove(&(row.price, row.order));
        }
        if levels.len() > BOOK_LEVELS_KEPT {
            match row.side {
                Side::Buy => levels.pop_first(),
                Side::Sell => levels.pop_last(),
            };
        }
    }

    /// Best bid and best ask, when they are crossed and were not before.
    fn newly_crossed(&mut self) -> Option<(Price, Price)> {
        let best = self.bids.last().zip(self.asks.first()).map(|((bid, _), (ask, _))| (*bid, *ask));
        let crossed = best.filter(|(bid, ask)| bid >= ask);
        let was_crossed = std::mem::replace(&mut self.is_crossed, crossed.is_some());
        crossed.filter(|_| !was_crossed)
    }
}

impl Checker {
    /// True while rows are left out until a snapshot comes.
    pub(super) const fn is_lost(&self) -> bool {
        self.book.lost.is_some()
    }

    /// Looks at best prices: `Keep`, `Skip`, or `Fail` with the problem that decided.
    pub fn quote(&mut self, about: RowAbout, row: &QuoteRow) -> (Policy, Problem) {
        self.begin(about, row.ts);
        let at = (about.file, about.number, row.ts);
        let (bid, ask) = (row.bid, row.ask);
        let is_negative = row.bid_quantity < Quantity::ZERO || row.ask_quantity < Quantity::ZERO;
        // Without a price there is nobody on that side.
        let lacks = |price: Price, quantity: Quantity| price.is_zero() && quantity.is_zero();
        let (no_bid, no_ask) = (lacks(bid, row.bid_quantity), lacks(ask, row.ask_quantity));
        let is_wrong = |price: Price, lacks: bool| !price.is_positive() && !lacks;
        if is_wrong(bid, no_bid) || is_wrong(ask, no_ask) || (no_bid && no_ask) || is_negative {
            let (bids, asks) = (row.bid_quantity, row.ask_quantity);
            let found = || format!("bid {bid}, volume {bids}, ask {ask}, volume {asks}");
            self.enter(Problem::NotPositive, at, 0, 0, found);
        } else if bid >= ask && !no_ask {
            self.enter(Problem::CrossedBook, at, 0, 0, || format!("bid {bid}, ask {ask}"));
        }
        if self.is_kept() {
            self.silence(at, row.ts, "quote");
            if let Some(last) = self.last_price.filter(|_| !no_bid) {
                self.jump(at, last, bid, || format!("from bid {last} to {bid}"));
            }
        }
        let (low, high) = (if no_bid { ask } else { bid }, if no_ask { bid } else { ask });
        let verdict = self.end(row.ts, [low, high], Quantity::ZERO, 0);
        if verdict.0 == Policy::Keep && !no_bid {
            self.last_price = Some(bid);
        }
        verdict
    }

    /// Looks at a change of a book: `Keep`, `Skip`, or `Fail` with the problem that decided. A book that
    /// was crossed when the message before ended is told at that message's last row.
    ///
    /// Where a message is missing, or a checksum is wrong, and the row does not stay, nothing does until the
    /// next snapshot.
    pub fn level(&mut self, about: RowAbout, row: &LevelRow) -> (Policy, Problem) {
        let LevelRow { ts, local_ts: _, side, price, quantity, begins, snapshot } = *row;
        self.change(about, &Change { ts, side, price, quantity, order: 0, begins, snapshot })
    }

    /// Looks at a change of an order of a book, as [`Checker::level`] at one of a level.
    pub fn order(&mut self, about: RowAbout, row: &OrderRow) -> (Policy, Problem) {
        let OrderRow { ts, local_ts: _, since: _, side, price, quantity, order, begins, snapshot } =
            *row;
        self.change(about, &Change { ts, side, price, quantity, order, begins, snapshot })
    }

    fn change(&mut self, about: RowAbout, row: &Change) -> (Policy, Problem) {
        if row.begins && row.snapshot {
            self.book.lost = None;
        }
        if let Some(lost) = self.book.lost {
            self.pass_over(lost);
            return (Policy::Skip, lost);
        }
        self.begin(about, row.ts);
        let at = (about.file, about.number, row.ts);
        if !row.price.is_positive() || row.quantity < Quantity::ZERO {
            let found = || format!("price {}, volume {}", row.price, row.quantity);
            self.enter(Problem::NotPositive, at, 0, 0, found);
        }
        if about.broken {
            let found = || "the message before is missing, or another one".to_owned();
            self.enter(Problem::BrokenSequence, at, 0, 0, found);
        }
        if about.mismatched {
            let found = || "after this message the book is another one".to_owned();
            self.enter(Problem::WrongChecksum, at, 0, 0, found);
        }
        if (about.broken || about.mismatched) && !self.is_kept() {
            self.book.lost = Some(self.culprit());
        }
        if row.begins
            && let Some((bid, ask)) = self.book.newly_crossed()
        {
            let before = self.book.last.unwrap_or(at);
            self.enter(Problem::CrossedBook, before, 0, 0, || format!("bid {bid}, ask {ask}"));
        }
        if self.is_kept() {
            self.silence(at, row.ts, "change");
        }
        let verdict = self.end(row.ts, [row.price, row.price], Quantity::ZERO, 0);
        if verdict.0 == Policy::Keep {
            self.book.apply(row);
            self.book.last = Some(at);
        }
        verdict
    }
}
