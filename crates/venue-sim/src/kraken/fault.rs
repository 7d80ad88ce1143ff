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
    lost_answer: BTreeMap<u32, u16>,
    struck: BTreeMap<u32, u64>,
}

/// What a fault does to one REST request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RestStrike {
    pub(crate) fault: u32,
    /// Status of Cloudflare's page that is the answer.
    pub(crate) status: u16,
    /// True when the exchange still does what the request asks for.
    pub(crate) executed: bool,
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

    /// Makes REST execute every request and then answer it with `status` and Cloudflare's page for
    /// it, as a gateway does that has lost the exchange's answer; or stops that.
    ///
    /// A status outside `400..=599` is answered as 520. Of several faults that are on, the one with
    /// the lowest number strikes; [`FaultSwitches::set_rest_status`] comes first.
    pub fn set_lost_answer(&self, fault: u32, status: Option<u16>) {
        let mut state = self.state.lock();
        match status {
            Some(status) => state.lost_answer.insert(fault, status),
            None => state.lost_answer.remove(&fault),
        };
    }

    /// How often a fault has struck so far.
    pub fn struck(&self, fault: u32) -> u64 {
        self.state.lock().struck.get(&fault).copied().unwrap_or(0)
    }

    /// The fault that strikes the REST request at hand, counted.
    pub(crate) fn strike_rest(&self) -> Option<RestStrike> {
        let mut state = self.state.lock();
        let first = |faults: &BTreeMap<u32, u16>| faults.first_key_value().map(|(f, s)| (*f, *s));
        let refused = first(&state.rest_status).map(|struck| (struck, false));
        let lost = || first(&state.lost_answer).map(|struck| (struck, true));
        let ((fault, status), executed) = refused.or_else(lost)?;
        let count = state.struck.entry(fault).or_default();
        *count = count.saturating_add(1);
        let status = if (400..=599).contains(&status) { status } else { 520 };
        Some(RestStrike { fault, status, executed })
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
        let strike = |fault, status, executed| Some(RestStrike { fault, status, executed });
        assert_eq!(faults.strike_rest(), strike(3, 520, false));
        faults.set_rest_status(3, None);
        faults.set_lost_answer(1, Some(504));
        assert_eq!(faults.strike_rest(), strike(7, 503, false));
        faults.set_rest_status(7, None);
        assert_eq!(faults.strike_rest(), strike(1, 504, true));
        faults.set_lost_answer(1, None);
        assert_eq!(faults.strike_rest(), None);
        assert_eq!([1, 3, 7, 9].map(|fault| faults.struck(fault)), [1, 1, 1, 0]);
    }
}
