//! `refusals-caused`: where nothing is broken, the venue has nothing to refuse.

use model::history::{Event, Record, VenueEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{OK, Spells};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "refusals-caused",
    class: Class::Safety,
    sentence: "before the first fault and once the time to recover is over, the venue refuses no request but for its order",
    judge,
};

/// Beginning of refusals of an order as such: the market moved, or the money is spent.
const OF_AN_ORDER: &str = "EOrder:";

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let faults = Spells::of(history);
    let first_ns = faults.all().iter().map(|fault| fault.from_ns).min().unwrap_or(u64::MAX);
    let recovered_ns = expect.recovered_by_ns();
    for record in history {
        let Event::Venue(VenueEvent::RequestAnswered { op, status, error, .. }) = &record.event
        else {
            continue;
        };
        if (first_ns..=recovered_ns).contains(&record.at_ns) {
            continue;
        }
        findings.examine();
        let refused = error.as_deref().filter(|error| !error.starts_with(OF_AN_ORDER));
        if *status != OK || refused.is_some() {
            let told = refused.unwrap_or("no error");
            let message = format!("{op} is refused without cause: status {status}, {told}");
            findings.violate(record, message);
        }
    }
    findings.verdict("nothing was asked while nothing was broken")
}

#[cfg(test)]
mod tests;
