//! Walk-forward: choose on one part of the tape, prove on the next.

use model::UnixNanos;

/// A part of a tape: from `from` on, before `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First time that belongs to it.
    pub from: UnixNanos,
    /// First time that does not.
    pub to: UnixNanos,
}

/// One step: a window to choose on, and the next one to prove the choice on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// Where the best parameters are looked for.
    pub train: Window,
    /// Where they are played; begins where `train` ends, so that nothing of it was known.
    pub test: Window,
}

impl Window {
    /// True for a time in the window.
    pub fn holds(self, ts: UnixNanos) -> bool {
        self.from <= ts && ts < self.to
    }
}

/// Cuts the time from `first` to `last`, both included, into `folds + train` parts of equal length (the
/// last may be longer by a few nanoseconds): fold `k` chooses on the `train` parts from part `k` on, and is
/// proven on the one after them.
///
/// Both counts are taken as at least 1.
pub fn walk_forward(first: UnixNanos, last: UnixNanos, folds: usize, train: usize) -> Vec<Fold> {
    let (folds, train) = (folds.max(1), train.max(1));
    let parts = i64::try_from(folds + train).unwrap_or(i64::MAX);
    let end = last.as_nanos().saturating_add(1);
    let length = (end - first.as_nanos()).max(0) / parts;
    let edge = |part: usize| {
        let part = i64::try_from(part).unwrap_or(parts);
        let at = if part >= parts { end } else { first.as_nanos() + part * length };
        UnixNanos::from_nanos(at)
    };
    let fold = |at: usize| Fold {
        train: Window { from: edge(at), to: edge(at + train) },
        test: Window { from: edge(at + train), to: edge(at + train + 1) },
    };
    (0..folds).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_follows_what_was_chosen_on_and_the_tests_follow_each_other() {
        let at = UnixNanos::from_nanos;
        let folds = walk_forward(at(100), at(1_099), 3, 2);
        let shown: Vec<_> = folds
            .iter()
            .map(|fold| [fold.train.from, fold.train.to, fold.test.from, fold.test.to])
            .map(|edges| edges.map(UnixNanos::as_nanos))
            .collect();
        let expected = [[100, 500, 500, 700], [300, 700, 700, 900], [500, 900, 900, 1_100]];
        assert_eq!(shown, expected);
        assert!(folds[2].test.holds(at(1_099)), "the last event is played");
        assert!(!folds[0].test.holds(at(700)) && folds[1].test.holds(at(700)));
    }

    #[test]
    fn what_does_not_divide_goes_to_the_end() {
        let at = UnixNanos::from_nanos;
        let folds = walk_forward(at(0), at(9), 2, 1);
        assert_eq!(folds[1].test, Window { from: at(6), to: at(10) });
        assert_eq!(walk_forward(at(5), at(5), 0, 0).len(), 1);
    }
}
