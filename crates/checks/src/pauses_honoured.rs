//! `pauses-honoured`: whoever is asked to wait, waits.
//!
//! What counts is the venue's own word, not the trader's limiters; and from when the trader heard it, since what
//! the network swallowed nobody can heed.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{TOO_OFTEN, answered_op, audit, is_crash, seconds};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "pauses-honoured",
    class: Class::Safety,
    sentence: "once the trader has heard that it called too often, and for how long it shall not, it calls nothing for so long",
    judge,
};

/// The status that asks for a pause.
const TOO_MANY_REQUESTS: u16 = 429;

/// Pauses that were asked for.
struct Pauses<'a> {
    expect: &'a Expectations,
    /// Operations of the calls that run.
    running: BTreeMap<u64, &'a str>,
    /// Answers of which nobody knows yet whether the trader heard them, by operation.
    said: BTreeMap<String, Vec<u64>>,
    /// Until when the trader may call nothing, and which call heard that.
    until: Option<(u64, u64)>,
    findings: Findings,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut pauses = Pauses {
        expect,
        running: BTreeMap::new(),
        said: BTreeMap::new(),
        until: None,
        findings: Findings::default(),
    };
    for record in history {
        if is_crash(record, &expect.trader_host) {
            // The next process knows nothing of it, and finds out by itself.
            pauses.running.clear();
            pauses.until = None;
        }
        if let Event::Venue(VenueEvent::RequestAnswered {
            op,
            status: TOO_MANY_REQUESTS,
            retry_after_ms: Some(ms),
            ..
        }) = &record.event
        {
            let op = answered_op(record, op);
            pauses.said.entry(op).or_default().push(ms.saturating_mul(1_000_000));
        } else if let Some(AuditEvent::CallStarted { call, op, .. }) = audit(record) {
            pauses.begins(record, *call, op);
        } else if let Some(AuditEvent::CallEnded { call, error, .. }) = audit(record) {
            pauses.ends(record, *call, error.as_deref());
        }
    }
    pauses.findings.verdict("the venue asked for no pause")
}

impl<'a> Pauses<'a> {
    fn begins(&mut self, record: &Record, call: u64, op: &'a str) {
        self.running.insert(call, op);
        let Some((until_ns, heard_by)) = self.until else { return };
        let over = record.at_ns.saturating_add(self.expect.slack_ns()) >= until_ns;
        if self.expect.paused.contains(op) && !over {
            let left = seconds(until_ns - record.at_ns);
            let message = format!(
                "call #{call} {op} begins {left} before the pause is over that call #{heard_by} was told"
            );
            self.findings.violate(record, message);
        }
    }

    fn ends(&mut self, record: &Record, call: u64, error: Option<&str>) {
        let Some(op) = self.running.remove(&call) else { return };
        if !error.is_some_and(|error| error.contains(TOO_OFTEN)) {
            return;
        }
        // Calls of one operation may overtake each other: which answer it was, nobody knows.
        let said = self.said.get_mut(op).filter(|said| !said.is_empty());
        let Some(said) = said else { return };
        let Some(shortest) = said.iter().copied().min() else { return };
        if let Some(place) = said.iter().position(|pause_ns| *pause_ns == shortest) {
            said.remove(place);
        }
        self.findings.examine();
        let until_ns = record.at_ns.saturating_add(shortest);
        if self.until.is_none_or(|(earlier_ns, _)| earlier_ns < until_ns) {
            self.until = Some((until_ns, call));
        }
    }
}

#[cfg(test)]
mod tests;
