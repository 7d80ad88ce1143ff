//! What the venue allows, and its counts of what was done. Pure.
//!
//! | count | of | refusal |
//! |---|---|---|
//! | calls | private requests of an API key, orders and cancels aside | `EAPI:Rate limit exceeded` |
//! | transactions | orders and cancels of an account and pair | `EOrder:Rate limit exceeded` |
//! | open orders | of an account and pair | `EOrder:Orders limit exceeded` |
//! | requests under way | private requests of an API key | `EService: Throttled: <time>` |
//! | connection attempts | WebSocket upgrades of an address | 429, error 1015, for everything |
//!
//! Where the reference leaves it open: a refused call and a refused order count nevertheless, a refused
//! cancel does not; what counts beyond a maximum is forgotten within [`LOCKED_MAX`]; attempts during a
//! ban count for the next one, but do not prolong this one.

mod edge;
mod in_flight;
mod tier;

use std::time::Duration;

use model::UnixNanos;

pub(crate) use edge::Edge;
pub(crate) use in_flight::{InFlight, Place};
pub use tier::Tier;
pub(crate) use tier::{Allowance, amend_penalty, call_cost, cancel_penalty, edit_penalty};

/// By how many halves an order raises the count of transactions; one of a batch raises it by one half.
pub(crate) const ORDER_HALVES: u32 = 2;

/// Longest time in which nothing is allowed, however many requests were refused before.
pub(crate) const LOCKED_MAX: Duration = Duration::from_secs(15 * 60);

/// Parts of one unit of a count: a thousandth per second is a whole number of them per nanosecond.
const UNIT: u64 = 1_000_000_000_000;

/// A count that falls at a constant rate, down to zero.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    /// In parts of [`UNIT`].
    level: u64,
    at: UnixNanos,
}

impl Count {
    /// Counts one more of this cost; false when that is above the maximum.
    pub(crate) fn add(&mut self, cost: u32, allowed: Allowance, now: UnixNanos) -> bool {
        self.add_halves(cost.saturating_mul(2), allowed, now)
    }

    /// As [`Count::add`], for a cost in halves.
    pub(crate) fn add_halves(&mut self, halves: u32, allowed: Allowance, now: UnixNanos) -> bool {
        self.fall(allowed, now);
        let locked = fall(LOCKED_MAX, allowed);
        let most = max(allowed).saturating_add(locked);
        self.level = self.level.saturating_add(u64::from(halves) * (UNIT / 2)).min(most);
        self.level <= max(allowed)
    }

    /// As [`Count::add`], but what is above the maximum is not counted.
    pub(crate) fn add_if_allowed(&mut self, cost: u32, allowed: Allowance, now: UnixNanos) -> bool {
        self.fall(allowed, now);
        let level = self.level.saturating_add(u64::from(cost) * UNIT);
        let fits = level <= max(allowed);
        if fits {
            self.level = level;
        }
        fits
    }

    /// The count as clients are told of it: in whole units, rounded up.
    pub(crate) fn shown(mut self, allowed: Allowance, now: UnixNanos) -> u32 {
        self.fall(allowed, now);
        u32::try_from(self.level.div_ceil(UNIT)).unwrap_or(u32::MAX)
    }

    fn fall(&mut self, allowed: Allowance, now: UnixNanos) {
        self.level = self.level.saturating_sub(fall(now.since(self.at), allowed));
        self.at = self.at.max(now);
    }
}

fn max(allowed: Allowance) -> u64 {
    u64::from(allowed.max) * UNIT
}

/// What a count loses in a time.
fn fall(time: Duration, allowed: Allowance) -> u64 {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    nanos.saturating_mul(u64::from(allowed.decay_milli_per_s))
}

#[cfg(test)]
mod tests;
