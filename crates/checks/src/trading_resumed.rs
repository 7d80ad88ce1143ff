//! `trading-resumed`: a trader that is well trades.
//!
//! Streams may be live and breakers closed, and yet no order goes out any more: the venue was closed and nobody said
//! that it is open again, or a risk limit is used up by orders that are long gone.

use std::collections::BTreeSet;
use std::time::Duration;

use model::VenueOrderId;
use model::audit::AuditEvent;
use model::history::{Event, Phase, Record, VenueEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{Spells, phase_start, seconds};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "trading-resumed",
    class: Class::Liveness,
    sentence: "a trader that always quotes, or that wanted orders often before the first fault, has an order open or wants one at the end of the calm",
    judge,
};

/// How long before the shutdown the last order may have been wanted while none is open.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Orders before the first fault that make a trader one that wants them often, and the time that they may take.
const OFTEN: usize = 4;
const OFTEN_WITHIN: Duration = Duration::from_secs(30);

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let stop = phase_start(history, Phase::Shutdown);
    let (Some(healed), Some(stop)) = (phase_start(history, Phase::Calm), stop) else {
        return findings.verdict("the run ended before its calm did");
    };
    let calm_ns = stop.at_ns.saturating_sub(healed.at_ns);
    if calm_ns <= nanos(expect.recover_within) || calm_ns <= nanos(IDLE_MAX) {
        return findings.verdict("the calm after healing was too short");
    }
    let faults = Spells::of(history);
    let first_ns = faults.all().iter().map(|fault| fault.from_ns).min().unwrap_or(u64::MAX);
    let mut open: BTreeSet<&VenueOrderId> = BTreeSet::new();
    let mut wanted_ns: Vec<u64> = Vec::new();
    for record in history.iter().take_while(|record| record.seq < stop.seq) {
        match &record.event {
            Event::Trader(AuditEvent::OrderIntent { .. }) => wanted_ns.push(record.at_ns),
            Event::Venue(VenueEvent::OrderChanged { account, venue_order_id, state, .. })
                if *account == expect.account =>
            {
                if state.is_final() {
                    open.remove(venue_order_id);
                } else {
                    open.insert(venue_order_id);
                }
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    let often = |wanted_ns: &[u64]| {
        let before = &wanted_ns[..wanted_ns.partition_point(|at_ns| *at_ns < first_ns)];
        let mut runs = before.windows(OFTEN);
        runs.any(|run| run[OFTEN - 1] - run[0] <= nanos(OFTEN_WITHIN))
    };
    if !expect.quotes && !often(&wanted_ns) {
        return findings.verdict("the trader did not want orders often");
    }
    findings.examine();
    let last_ns = wanted_ns.last().copied().unwrap_or_default();
    let idle_ns = stop.at_ns.saturating_sub(last_ns);
    if open.is_empty() && idle_ns > nanos(IDLE_MAX) {
        let message = format!(
            "no order is open, and none was wanted for {} before the end",
            seconds(idle_ns)
        );
        findings.violate(stop, message);
    }
    findings.verdict("the trader did not want orders often")
}

#[cfg(test)]
mod tests;
