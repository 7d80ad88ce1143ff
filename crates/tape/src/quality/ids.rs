//! Trade numbers that came lately.

use std::collections::VecDeque;

use super::IDS_KEPT;

/// The last [`IDS_KEPT`] trade numbers, as runs: those of a sound tape are one run.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// First and last number of each run, oldest run first.
    runs: VecDeque<(u64, u64)>,
    count: u64,
}

impl Ids {
    /// True when the number came lately.
    pub(super) fn contains(&self, id: u64) -> bool {
        self.runs.iter().any(|(first, last)| (*first..=*last).contains(&id))
    }

    /// Remembers the numbers `first..=last`, which came in this order.
    pub(super) fn push(&mut self, first: u64, last: u64) {
        match self.runs.back_mut() {
            Some(run) if run.1.checked_add(1) == Some(first) => run.1 = last,
            _ => self.runs.push_back((first, last)),
        }
        self.count += last - first + 1;
        while let Some(excess) = self.count.checked_sub(IDS_KEPT as u64).filter(|more| *more > 0)
            && let Some(oldest) = self.runs.front_mut()
        {
            let length = oldest.1 - oldest.0 + 1;
            if length > excess {
                oldest.0 += excess;
                self.count -= excess;
            } else {
                self.runs.pop_front();
                self.count -= length;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_numbers_are_remembered_and_no_others(
            pushes in proptest::collection::vec((0..9_000_u64, 0..2_000_u64), 1..20),
        ) {
            let (mut ids, mut all) = (Ids::default(), Vec::new());
            for (first, more) in pushes {
                ids.push(first, first + more);
                all.extend(first..=first + more);
            }
            let kept = &all[all.len().saturating_sub(IDS_KEPT)..];
            for id in 0..11_000 {
                prop_assert_eq!(ids.contains(id), kept.contains(&id), "{}", id);
            }
        }
    }
}
