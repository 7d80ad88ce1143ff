//! `orders-timely`: an order that comes late is not executed at all.
//!
//! Each order says until when the venue may take it. What is on its way for longer was decided by a market that is
//! gone, and by then somebody may have concluded that the order never arrived.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, OrderState};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::seconds;
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "orders-timely",
    class: Class::Safety,
    sentence: "no order takes effect at the venue later than its deadline after it was sent",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let Some(deadline) = expect.order_deadline else {
        return findings.verdict("no deadline of orders was promised");
    };
    let latest_ns = nanos(deadline).saturating_add(expect.slack_ns());
    let mut sent: BTreeMap<&ClientOrderId, u64> = BTreeMap::new();
    let mut taken: BTreeSet<&ClientOrderId> = BTreeSet::new();
    for record in history {
        match &record.event {
            Event::Trader(AuditEvent::CallStarted { client_order_id: Some(id), .. }) => {
                sent.insert(id, record.at_ns);
            }
            Event::Venue(VenueEvent::OrderChanged {
                account,
                client_order_id: Some(id),
                state,
                ..
            }) if *account == expect.account && *state != OrderState::Rejected => {
                let Some(sent_ns) = sent.get(id).filter(|_| taken.insert(id)) else {
                    continue;
                };
                findings.examine();
                let late_ns = record.at_ns.saturating_sub(*sent_ns);
                if late_ns > latest_ns {
                    let (late, deadline) = (seconds(late_ns), seconds(nanos(deadline)));
                    let message = format!(
                        "order {id} takes effect {late} after it was sent, at most {deadline} allowed"
                    );
                    findings.violate(record, message);
                }
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    findings.verdict("no order took effect")
}

#[cfg(test)]
mod tests;
