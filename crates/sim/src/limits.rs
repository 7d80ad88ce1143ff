//! What Kraken allows an account, for the check `venue-limits`.
//!
//! The third writing of the reference's numbers, beside the client's and the simulated venue's: a misreading
//! of one of them shows.

use std::time::Duration;

use checks::{CounterRate, OrderCounter, VenueLimits};
use scenario::Tier;

use crate::rates::{DIALS, PRIVATE};

/// Ages in seconds, and what the cancel of a younger order weighs.
const CANCELS: [(u64, u32); 6] = [(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)];

/// The limits of a tier.
pub(crate) fn of(tier: Tier) -> VenueLimits {
    let rate = |max, decay_milli_per_s| CounterRate { max, decay_milli_per_s };
    let (calls, counter, open_orders_max) = match tier {
        Tier::Starter => (rate(15, 330), rate(60, 1_000), 60),
        Tier::Intermediate => (rate(20, 500), rate(125, 2_340), 80),
        Tier::Pro => (rate(20, 1_000), rate(180, 3_750), 225),
    };
    let named = |op: &&str| format!("kraken/{op}");
    VenueLimits {
        calls,
        call_weights: PRIVATE.iter().map(|op| (named(op), 1)).collect(),
        order_op: named(&"AddOrder"),
        cancel_op: named(&"CancelOrder"),
        orders: OrderCounter {
            counter,
            order_weight: 1,
            cancel_weights: CANCELS.map(|(age, weight)| (Duration::from_secs(age), weight)).into(),
        },
        open_orders_max,
        connects: DIALS.iter().map(named).collect(),
        connects_max: 150,
        connects_window: Duration::from_secs(600),
    }
}
