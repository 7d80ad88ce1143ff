//! One book and whether it can be trusted.

use model::{Book, Instrument, Level, Side, history};

use crate::codec::checksum::checksum;
use crate::codec::ws::BookChange;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    /// The book waits for a snapshot, so the change means nothing.
    Skipped,
    /// The book is right.
    Right {
        /// Fingerprint of the book.
        hash: u64,
        /// Whether the best prices are others than before.
        best_changed: bool,
    },
    /// The book is wrong and waits for a snapshot now.
    Wrong {
        /// The venue's checksum.
        expected: u32,
        /// Ours.
        found: u32,
    },
}

/// Best bid and best ask.
pub(super) type Best = (Option<Level>, Option<Level>);

/// A local book that follows the venue's.
#[derive(Debug)]
pub(super) struct BookSync {
    instrument: Instrument,
    depth: usize,
    book: Book,
    synced: bool,
    best: Best,
}

impl BookSync {
    pub(super) fn new(instrument: Instrument, depth: usize) -> Self {
        Self { instrument, depth, book: Book::new(), synced: false, best: (None, None) }
    }

    pub(super) const fn best(&self) -> Best {
        self.best
    }

    /// Forgets the book; returns whether there was one.
    pub(super) fn lose(&mut self) -> bool {
        self.book.clear();
        self.best = (None, None);
        std::mem::take(&mut self.synced)
    }

    /// Takes a snapshot, which replaces the book, or an update, which changes it.
    ///
    /// Levels beyond the depth are dropped: the venue does not tell when they go, and sends them again
    /// when they come back.
    pub(super) fn apply(&mut self, snapshot: bool, change: &BookChange) -> Applied {
        if snapshot {
            self.book.clear();
            self.synced = true;
        }
        if !self.synced {
            return Applied::Skipped;
        }
        for (side, levels) in [(Side::Buy, &change.bids), (Side::Sell, &change.asks)] {
            for level in levels {
                self.book.set(side, *level);
            }
        }
        self.book.truncate(self.depth);
        let found = checksum(&self.book, &self.instrument);
        if found != change.checksum {
            let expected = change.checksum;
            self.lose();
            return Applied::Wrong { expected, found };
        }
        let best = (self.book.best_bid(), self.book.best_ask());
        let best_changed = snapshot || best != self.best;
        self.best = best;
        Applied::Right { hash: history::book_hash(&self.book), best_changed }
    }
}

#[cfg(test)]
mod tests;
