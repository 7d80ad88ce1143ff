//! `gaps-noticed`: who is told what became of its orders sees that it was not told all.
//!
//! The venue numbers its messages. When one is lost, the next one shows it, and everything after that is in doubt: the
//! list of open orders must be had anew, which is what a new connection brings. Comparisons of lists every few seconds
//! make up for it, but late, and nobody may count on them.

use std::collections::BTreeSet;

use model::audit::StreamState;
use model::history::{Event, Record, VenueEvent, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{is_crash, seconds, stream_change, tells_of_orders};
use crate::findings::{Findings, Place};

pub(crate) const CHECK: Check = Check {
    name: "gaps-noticed",
    class: Class::Safety,
    sentence: "a private stream of which a message was lost is given up as soon as a later one arrives",
    judge,
};

/// A message was lost.
#[derive(Debug, Clone, Copy)]
struct Gap {
    lost: Place,
    /// When the venue sent a later one.
    shown_ns: Option<u64>,
}

struct Stream<'a> {
    expect: &'a Expectations,
    live: bool,
    gap: Option<Gap>,
    /// Faults in force that delay or end what the stream brings.
    hampered: BTreeSet<u32>,
    findings: Findings,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut stream = Stream {
        expect,
        live: false,
        gap: None,
        hampered: BTreeSet::new(),
        findings: Findings::default(),
    };
    for record in history {
        stream.pass_to(record);
        stream.observe(record);
    }
    stream.findings.verdict("no message was lost to a live stream")
}

impl Stream<'_> {
    /// Time passes up to a record.
    fn pass_to(&mut self, record: &Record) {
        let Some(Gap { lost, shown_ns: Some(shown_ns) }) = self.gap else { return };
        // What is sent arrives within the time that a book may take.
        let late_ns = nanos(self.expect.book_lag_max).saturating_add(self.expect.slack_ns());
        if record.at_ns <= shown_ns.saturating_add(late_ns) {
            return;
        }
        self.gap = None;
        let message = format!(
            "a message about orders was lost at {}, and the one sent at {} shows it, but the stream goes on",
            seconds(lost.at_ns),
            seconds(shown_ns)
        );
        self.findings.violate(lost, message);
    }

    fn observe(&mut self, record: &Record) {
        if is_crash(record, &self.expect.trader_host) {
            (self.live, self.gap) = (false, None);
        } else if let Some((stream, state)) = stream_change(record) {
            if tells_of_orders(stream) {
                self.live = state == StreamState::Live;
                self.gap = None;
            }
        } else if let Event::World(event) = &record.event {
            self.weather(event);
        } else if let Event::Venue(VenueEvent::FaultStruck { fault }) = &record.event {
            if self.expect.gaps.contains(fault) && self.live && self.hampered.is_empty() {
                self.lost(record.into());
            }
        } else if let Event::Venue(
            VenueEvent::OrderChanged { account, .. } | VenueEvent::Filled { account, .. },
        ) = &record.event
            && *account == self.expect.account
            && let Some(gap) = &mut self.gap
            && record.at_ns > gap.lost.at_ns.saturating_add(self.expect.slack_ns())
        {
            gap.shown_ns.get_or_insert(record.at_ns);
        }
    }

    /// What seemed to show the gap may be the message that was lost, which is told a moment later.
    fn lost(&mut self, place: Place) {
        self.findings.examine();
        let sent_ns = place.at_ns.saturating_sub(self.expect.slack_ns());
        let shown_ns = self.gap.and_then(|gap| gap.shown_ns).filter(|shown_ns| *shown_ns < sent_ns);
        let lost = self.gap.filter(|_| shown_ns.is_some()).map_or(place, |gap| gap.lost);
        self.gap = Some(Gap { lost, shown_ns });
    }

    fn weather(&mut self, event: &WorldEvent) {
        if let WorldEvent::FaultStarted { fault, .. } = event
            && self.expect.hampers.contains(fault)
        {
            self.hampered.insert(*fault);
            self.gap = None;
        } else if let WorldEvent::FaultEnded { fault, .. } = event
            && self.hampered.remove(fault)
        {
            self.gap = None;
        }
    }
}

#[cfg(test)]
mod tests;
