//! `orders-followed`: no order without somebody who hears what becomes of it.

use std::collections::BTreeMap;

use model::ClientOrderId;
use model::audit::{AuditEvent, StreamState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{audit, is_crash, tells_of_orders};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "orders-followed",
    class: Class::Safety,
    sentence: "no order is wanted while no private stream is live, or once the shutdown has begun",
    judge,
};

/// First step of a shutdown.
const STOP_INTAKE: &str = "stop-intake";

/// One life of a trader.
#[derive(Debug, Default)]
struct Life<'a> {
    private: BTreeMap<&'a str, StreamState>,
    /// When the last private stream ceased to be live; nothing if none ever was.
    deaf_since: Place,
    stopping: bool,
    /// Wanted while no stream was live: one may be told as live a moment later.
    blind: Vec<(Place, &'a ClientOrderId)>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut life = Life::default();
    for record in history {
        let place = Place::from(record);
        if is_crash(record, &expect.trader_host) {
            life.judge(place, expect, &mut findings);
            life = Life::default();
        }
        life.judge(place, expect, &mut findings);
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::StreamChanged { stream, state, .. } = event
            && tells_of_orders(stream)
        {
            life.change(place, stream, *state);
        } else if let AuditEvent::Shutdown { step, .. } = event {
            life.stopping |= step == STOP_INTAKE;
        } else if let AuditEvent::OrderIntent { order } = event {
            findings.examine();
            let id = &order.client_order_id;
            if life.stopping {
                findings.violate(place, format!("order {id} is wanted though the trader stops"));
            }
            let deaf_ns = place.at_ns.saturating_sub(life.deaf_since.at_ns);
            if !life.hears() && deaf_ns > expect.slack_ns() {
                life.blind.push((place, id));
            }
        }
    }
    let end = end_of(history);
    // In a run that was cut short a stream may yet become live.
    let over = if expect.is_cut() { end } else { Place { at_ns: u64::MAX, ..end } };
    life.judge(over, expect, &mut findings);
    findings.verdict("no order was wanted")
}

impl<'a> Life<'a> {
    fn hears(&self) -> bool {
        self.private.values().any(|state| *state == StreamState::Live)
    }

    fn change(&mut self, place: Place, stream: &'a str, state: StreamState) {
        let heard = self.hears();
        self.private.insert(stream, state);
        if heard && !self.hears() {
            self.deaf_since = place;
        }
        if self.hears() {
            self.blind.clear();
        }
    }

    /// Reports the orders after which no stream became live in time.
    fn judge(&mut self, now: Place, expect: &Expectations, findings: &mut Findings) {
        let late = |(place, _): &(Place, &ClientOrderId)| {
            now.at_ns.saturating_sub(place.at_ns) > expect.slack_ns()
        };
        for (place, id) in self.blind.extract_if(.., |blind| late(blind)) {
            findings
                .violate(place, format!("order {id} is wanted while no private stream is live"));
        }
    }
}

#[cfg(test)]
mod tests;
