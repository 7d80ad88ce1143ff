//! Faults of the protocol that a scenario switches on and off.

mod page;

use std::collections::BTreeMap;

use parking_lot::Mutex;

pub(crate) use page::error_page;

/// Switches of the protocol faults, shared by every connection of a venue.
///
/// Each fault carries the number that it has in the scenario's plan; its strikes are counted under
/// that number.
#[derive(Debug, Default)]
pub struct FaultSwitches {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rest_status: BTreeMap<u32, u16>,
    struck: BTreeMap<u32, u64>,
}

impl FaultSwitches {
    /// Makes REST answer every request with `status` and Cloudflare's page for it, or stops that.
    ///
    /// The request does not reach the exchange: nothing is executed. A status outside `400..=599`
    /// is answered as 520. Of several faults that are on, the one with the lowest number strikes.
    pub fn set_rest_status(&self, fault: u32, status: Option<u16>) {
        let mut state = self.state.lock();
        match status {
            Some(status) => state.rest_status.insert(fault, status),
            None => state.rest_status.remove(&fault),
        };
    }

    /// How often a fault has struck so far.
    pub fn struck(&self, fault: u32) -> u64 {
        self.state.lock().struck.get(&fault).copied().unwrap_or(0)
    }

    /// The fault that strikes the REST request at hand, counted, with its status.
    pub(crate) fn strike_rest(&self) -> Option<(u32, u16)> {
        let mut state = self.state.lock();
        let (fault, status) = state.rest_status.iter().next().map(|(f, s)| (*f, *s))?;
        let count = state.struck.entry(fault).or_default();
        *count = count.saturating_add(1);
        let status = if (400..=599).contains(&status) { status } else { 520 };
        Some((fault, status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_fault_that_is_on_strikes_and_is_counted() {
        let faults = FaultSwitches::default();
        assert_eq!(faults.strike_rest(), None);
        faults.set_rest_status(7, Some(503));
        faults.set_rest_status(3, Some(200));
        assert_eq!(faults.strike_rest(), Some((3, 520)));
        faults.set_rest_status(3, None);
        assert_eq!(faults.strike_rest(), Some((7, 503)));
        assert_eq!((faults.struck(3), faults.struck(7), faults.struck(9)), (1, 1, 0));
    }
}
