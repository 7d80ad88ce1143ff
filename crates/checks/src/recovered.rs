//! `recovered`: after healing everything works again, in time and for good.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::{AuditEvent, BreakerState, HealthState, StreamState};
use model::history::{Event, Phase, Record, VenueEvent};
use model::{ClientOrderId, OrderState, Symbol};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{carries_books, is_crash, phase_start, seconds};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "recovered",
    class: Class::Liveness,
    sentence: "in time after healing breakers are closed, streams live, books in sync, orders resolved and nothing is told as down, and stay so",
    judge,
};

/// An order whose fate at the venue is not known, and since when.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    since_ns: u64,
    reported: bool,
}

/// How the trader is doing, by its own last words.
#[derive(Debug, Default)]
struct Health<'a> {
    breakers: BTreeMap<&'a str, BreakerState>,
    /// Every stream that was promised or heard of; `None` for one that never spoke.
    streams: BTreeMap<&'a str, Option<StreamState>>,
    books: BTreeMap<&'a Symbol, bool>,
    doubts: BTreeMap<&'a ClientOrderId, Doubt>,
    /// Dependencies by what is told of them.
    told: BTreeMap<&'a str, HealthState>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    if expect.streams.is_empty() {
        return findings.verdict("no stream was promised");
    }
    // A run without faults has nothing to heal: it must be well from the start.
    let healthy = expect.faults.is_empty().then(Place::default);
    let Some(healed) = phase_start(history, Phase::Calm).or(healthy) else {
        return findings.verdict("the run ended before healing");
    };
    let due_ns = healed.at_ns.saturating_add(nanos(expect.recover_within));
    let stop = phase_start(history, Phase::Shutdown).unwrap_or_else(|| end_of(history));
    if stop.at_ns <= due_ns {
        return findings.verdict("the calm after healing was shorter than the time to recover");
    }
    let patience_ns = nanos(expect.quiet_for);
    let mut health = Health::of(&expect.streams);
    let mut due = true;
    for record in history.iter().take_while(|record| record.seq < stop.seq) {
        if due && record.at_ns > due_ns {
            due = false;
            let place = Place { at_ns: due_ns, seq: record.seq };
            health.sample(place, patience_ns, &mut findings);
        }
        if !due {
            health.relapse(record, patience_ns, &mut findings);
        }
        if is_crash(record, &expect.trader_host) {
            health.crash();
        }
        health.observe(record);
    }
    if due {
        health.sample(stop, patience_ns, &mut findings);
    }
    health.resolve(stop, patience_ns, &mut findings);
    findings.verdict("the trader has no breaker, no stream, no book and no order")
}

impl<'a> Health<'a> {
    /// Before the first event: of the promised streams nothing is known yet.
    fn of(streams: &'a BTreeSet<String>) -> Self {
        let streams = streams.iter().map(|stream| (stream.as_str(), None)).collect();
        Self { streams, ..Self::default() }
    }

    /// Nobody claims anything any more.
    fn crash(&mut self) {
        self.breakers.clear();
        self.streams.values_mut().for_each(|state| *state = None);
        self.books.values_mut().for_each(|in_sync| *in_sync = false);
        self.doubts.clear();
        self.told.clear();
    }

    fn observe(&mut self, record: &'a Record) {
        match &record.event {
            Event::Trader(AuditEvent::BreakerChanged { breaker, to, .. }) => {
                self.breakers.insert(breaker, *to);
            }
            // A guarded call tells of a breaker that never changed: it is closed.
            Event::Trader(AuditEvent::CallStarted { breaker: Some(breaker), .. }) => {
                self.breakers.entry(breaker).or_insert(BreakerState::Closed);
            }
            Event::Trader(AuditEvent::StreamChanged { stream, state, .. }) => {
                self.streams.insert(stream, Some(*state));
                if carries_books(stream) && *state != StreamState::Live {
                    self.books.values_mut().for_each(|in_sync| *in_sync = false);
                }
            }
            Event::Trader(AuditEvent::BookApplied { symbol, .. }) => {
                self.books.insert(symbol, true);
            }
            Event::Trader(AuditEvent::BookLost { symbol, .. }) => {
                self.books.insert(symbol, false);
            }
            Event::Trader(AuditEvent::OrderChanged { client_order_id, state, .. }) => {
                if in_doubt(*state) {
                    let since_ns = record.at_ns;
                    let fresh = Doubt { since_ns, reported: false };
                    self.doubts.entry(client_order_id).or_insert(fresh);
                } else {
                    self.doubts.remove(client_order_id);
                }
            }
            Event::Trader(AuditEvent::HealthChanged { dependency, state, .. }) => {
                self.told.insert(dependency, *state);
            }
            Event::Venue(VenueEvent::BookPublished { symbol, .. }) => {
                self.books.entry(symbol).or_insert(false);
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }

    /// The time to recover is over.
    fn sample(&mut self, place: Place, patience_ns: u64, findings: &mut Findings) {
        for (breaker, state) in &self.breakers {
            findings.examine();
            if *state != BreakerState::Closed {
                findings.violate(place, format!("breaker {breaker} is still {state}"));
            }
        }
        for (stream, state) in &self.streams {
            findings.examine();
            match state {
                Some(StreamState::Live) => {}
                Some(state) => {
                    let state = state.as_str();
                    findings.violate(place, format!("stream {stream} is still {state}"));
                }
                None => findings.violate(place, format!("stream {stream} never spoke")),
            }
        }
        for (symbol, in_sync) in &self.books {
            findings.examine();
            if !in_sync {
                findings.violate(place, format!("book {symbol} is still out of sync"));
            }
        }
        for (dependency, state) in &self.told {
            findings.examine();
            if *state == HealthState::Down {
                findings.violate(place, format!("{dependency} is still told as down"));
            }
        }
        self.resolve(place, patience_ns, findings);
    }

    /// Judges what an event undoes after the time to recover.
    fn relapse(&mut self, record: &'a Record, patience_ns: u64, findings: &mut Findings) {
        let Event::Trader(event) = &record.event else {
            return;
        };
        if let AuditEvent::BreakerChanged { breaker, to, cause, .. } = event
            && *to != BreakerState::Closed
        {
            findings.violate(record, format!("breaker {breaker} becomes {to} again: {cause}"));
        } else if let AuditEvent::StreamChanged { stream, state, reason } = event
            && *state != StreamState::Live
        {
            let message = format!("stream {stream} is {} again: {reason}", state.as_str());
            findings.violate(record, message);
        } else if let AuditEvent::BookLost { symbol, reason } = event {
            findings.violate(record, format!("book {symbol} is lost again: {reason}"));
        } else if let AuditEvent::OrderChanged { client_order_id, state, .. } = event
            && !in_doubt(*state)
            && let Some((id, doubt)) = self.doubts.get_key_value(client_order_id)
        {
            doubt.judge(id, record.into(), patience_ns, findings);
        }
    }

    /// Reports the orders that have been in doubt for too long.
    fn resolve(&mut self, place: Place, patience_ns: u64, findings: &mut Findings) {
        for (id, doubt) in &mut self.doubts {
            findings.examine();
            doubt.reported |= doubt.judge(id, place, patience_ns, findings);
        }
    }
}

impl Doubt {
    /// Reports a doubt that has lasted too long; true when it did.
    fn judge(
        self,
        id: &ClientOrderId,
        place: Place,
        patience_ns: u64,
        findings: &mut Findings,
    ) -> bool {
        let lasted_ns = place.at_ns.saturating_sub(self.since_ns);
        let late = !self.reported && lasted_ns > patience_ns;
        if late {
            let lasted = seconds(lasted_ns);
            findings.violate(place, format!("order {id} is unresolved for {lasted}"));
        }
        late
    }
}

/// True while nobody knows whether the venue has the order.
const fn in_doubt(state: OrderState) -> bool {
    matches!(state, OrderState::Submitting | OrderState::Unknown)
}

#[cfg(test)]
mod tests;
