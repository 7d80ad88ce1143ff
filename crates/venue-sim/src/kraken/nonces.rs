//! Nonces of one API key.

use std::collections::BTreeSet;

/// Nonces below the highest that are remembered; a window never reaches further.
const REMEMBERED_MAX: usize = 1_024;

/// The nonces that a key may not use again.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    window: u64,
    /// The highest ones that were used.
    used: BTreeSet<u64>,
}

impl Nonces {
    /// `window` is by how much a nonce may be below the highest one.
    pub(crate) const fn new(window: u64) -> Self {
        Self { window, used: BTreeSet::new() }
    }

    /// Uses a nonce; false if it may not be used.
    pub(crate) fn take(&mut self, nonce: u64) -> bool {
        let late = self.used.last().is_some_and(|highest| match highest.checked_sub(nonce) {
            Some(below) => below >= self.window.max(1),
            None => false,
        });
        let forgotten = self.used.len() >= REMEMBERED_MAX
            && self.used.first().is_some_and(|lowest| nonce < *lowest);
        // The same nonce again is below the highest one by nothing, or known.
        let again = self.used.contains(&nonce);
        if late || forgotten || again {
            return false;
        }
        self.used.insert(nonce);
        let kept = if self.window == 0 { 1 } else { REMEMBERED_MAX };
        while self.used.len() > kept {
            self.used.pop_first();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(window: u64, nonces: &[u64]) -> Vec<bool> {
        let mut known = Nonces::new(window);
        nonces.iter().map(|nonce| known.take(*nonce)).collect()
    }

    #[test]
    fn without_a_window_nonces_rise_strictly() {
        let expected = [true, false, false, true, false];
        assert_eq!(taken(0, &[5, 5, 4, 6, 5]), expected);
    }

    #[test]
    fn within_the_window_each_nonce_is_good_once() {
        let expected = [true, true, false, true, false, true];
        assert_eq!(taken(10, &[100, 95, 95, 91, 90, u64::MAX]), expected);
    }

    #[test]
    fn what_was_forgotten_is_not_good_again() {
        let mut known = Nonces::new(u64::MAX);
        for nonce in 0..2_000 {
            assert!(known.take(nonce * 2));
        }
        assert_eq!(known.used.len(), REMEMBERED_MAX);
        assert!(!known.take(1) && !known.take(2) && known.take(3_999));
    }
}
