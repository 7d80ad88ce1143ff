//! `doubts-cleared`: a stream that is heard is not given up as silent.
//!
//! When a stream was last heard shows in the books that it carries; a private one tells nothing of that kind.

use model::audit::{AuditEvent, StreamState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{audit, carries_books, is_crash, seconds};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "doubts-cleared",
    class: Class::Safety,
    sentence: "no stream is given up as silent whose last book is younger than the silence that a stream may keep",
    judge,
};

/// Beginning of the reason for which a stream is down that was silent.
const SILENT: &str = "silent for ";

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let Some(least) = expect.silence_least else {
        return findings.verdict("nobody said how long a stream may be silent");
    };
    // When the present connection brought its last book.
    let mut heard_ns: Option<u64> = None;
    for record in history {
        if is_crash(record, &expect.trader_host) {
            heard_ns = None;
        }
        if let Some(AuditEvent::BookApplied { .. }) = audit(record) {
            findings.examine();
            heard_ns = Some(record.at_ns);
        } else if let Some(AuditEvent::StreamChanged { stream, state, reason }) = audit(record)
            && carries_books(stream)
        {
            let heard_ns = heard_ns.take().filter(|_| *state == StreamState::Down);
            let silence_ns = heard_ns.map(|heard_ns| record.at_ns.saturating_sub(heard_ns));
            if reason.starts_with(SILENT)
                && let Some(silence_ns) = silence_ns
                && silence_ns.saturating_add(expect.slack_ns()) < nanos(least)
            {
                let (silence, least) = (seconds(silence_ns), seconds(nanos(least)));
                let message = format!(
                    "stream {stream} is given up as silent {silence} after its last book, not after {least}"
                );
                findings.violate(record, message);
            }
        }
    }
    findings.verdict("no book was applied")
}

#[cfg(test)]
mod tests;
