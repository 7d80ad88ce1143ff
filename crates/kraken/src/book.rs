//! One book and whether it can be trusted. Sans-IO: changes in, a verdict on each out.

mod local;

use model::{Instrument, Level, history};

use crate::codec::ws::BookChange;
pub use local::LocalBook;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The book waits for a snapshot, so the change means nothing.
    Skipped,
    /// The book is right.
    Right {
        /// Whether the best prices are others than before.
        best_changed: bool,
        /// Whether a snapshot shows that changes of a book that was in sync have not come.
        missed: bool,
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
pub type Best = (Option<Level>, Option<Level>);

/// A local book that follows the venue's.
#[derive(Debug)]
pub struct BookSync {
    book: LocalBook,
    synced: bool,
    best: Best,
}

impl BookSync {
    /// Waits for the first snapshot of `instrument`, of `depth` levels on each side.
    pub fn new(instrument: &Instrument, depth: usize) -> Self {
        Self { book: LocalBook::new(instrument, depth), synced: false, best: (None, None) }
    }

    /// Whether it can be trusted.
    pub const fn is_synced(&self) -> bool {
        self.synced
    }

    /// Best bid and best ask of a book that is right; nothing of another.
    pub const fn best(&self) -> Best {
        self.best
    }

    /// Fingerprint of the book, as the history has it.
    pub fn fingerprint(&self) -> u64 {
        history::levels_hash(self.book.bids(), self.book.asks())
    }

    /// Forgets the book; returns whether there was one.
    pub fn lose(&mut self) -> bool {
        self.book.clear();
        self.best = (None, None);
        std::mem::take(&mut self.synced)
    }

    /// Takes a snapshot, which replaces the book, or an update, which changes it.
    pub fn apply(&mut self, snapshot: bool, change: &BookChange) -> Applied {
        let before = (snapshot && self.synced).then(|| self.fingerprint());
        if snapshot {
            self.book.clear();
            self.synced = true;
        }
        if !self.synced {
            return Applied::Skipped;
        }
        self.book.apply(&change.bids, &change.asks);
        let found = self.book.checksum();
        if found != change.checksum {
            let expected = change.checksum;
            self.lose();
            return Applied::Wrong { expected, found };
        }
        let best = (self.book.bids().next(), self.book.asks().next());
        let best_changed = snapshot || best != self.best;
        self.best = best;
        let missed = before.is_some_and(|before| before != self.fingerprint());
        Applied::Right { best_changed, missed }
    }
}

#[cfg(test)]
mod tests;
