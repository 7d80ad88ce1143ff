//! `quotes-in-sync`: nobody quotes prices around a book that he does not have.

use std::collections::BTreeMap;

use model::Symbol;
use model::audit::{AuditEvent, StreamState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{Spells, audit, carries_books, is_crash, seconds};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "quotes-in-sync",
    class: Class::Safety,
    sentence: "a strategy that quotes around the book wants no order while the trader has no book that is in sync",
    judge,
};

/// Since when the trader has no book in sync; `None` while it has one.
type Missing = Option<u64>;

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    if !expect.quotes {
        return findings.verdict("no strategy quotes around the book");
    }
    let spells = Spells::of(history);
    let mut books: BTreeMap<&Symbol, Missing> = BTreeMap::new();
    let mut began_ns = 0;
    for record in history {
        if is_crash(record, &expect.trader_host) {
            books.clear();
            began_ns = record.at_ns;
        }
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::BookApplied { symbol, .. } = event {
            books.insert(symbol, None);
        } else if let AuditEvent::BookLost { symbol, .. } = event {
            books.entry(symbol).or_default().get_or_insert(record.at_ns);
        } else if let AuditEvent::StreamChanged { stream, state, .. } = event {
            if carries_books(stream) && *state != StreamState::Live {
                for missing in books.values_mut() {
                    missing.get_or_insert(record.at_ns);
                }
            }
        } else if let AuditEvent::OrderIntent { order } = event {
            findings.examine();
            let missing = books.get(&order.symbol).copied().unwrap_or(Some(began_ns));
            let Some(since_ns) = missing else { continue };
            let known_by_ns = since_ns.saturating_add(expect.slack_ns());
            if record.at_ns > spells.thawed_ns(known_by_ns, &expect.freezes) {
                let (id, since) = (&order.client_order_id, seconds(since_ns));
                let message = format!("order {id} is wanted, but since {since} no book is in sync");
                findings.violate(record, message);
            }
        }
    }
    findings.verdict("no order was wanted")
}

#[cfg(test)]
mod tests;
