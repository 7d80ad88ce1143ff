//! `nothing-swallowed`: no error ends where it happened.
//!
//! Every error that the trader tells must lead to something: an order gets a fate or is known to be in doubt, a
//! stream is down, a dependency is unwell, a loss is told, a book gets a new snapshot, or the same is tried again.

mod debts;

use std::collections::BTreeMap;

use model::audit::{AuditEvent, BreakerState, CallOutcome, HealthState, StreamState};
use model::history::{Event, Phase, Record, WorldEvent};
use model::{ClientOrderId, OrderState};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{Spells, TOO_OFTEN, audit, is_crash};
use crate::findings::{Findings, Place};
use debts::{Debt, Debts, Wanted};

pub(crate) const CHECK: Check = Check {
    name: "nothing-swallowed",
    class: Class::Safety,
    sentence: "every error has a consequence: an order's fate, a stream that is down, a dependency that is unwell, a loss that is told, or another attempt",
    judge,
};

/// End of the names of the operations of streams; the stream's name stands before it.
const STREAM_OPS: [&str; 2] = ["/connect", "/subscribe"];

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut errors = Errors {
        expect,
        spells: Spells::of(history),
        calls: BTreeMap::new(),
        orders: BTreeMap::new(),
        health: BTreeMap::new(),
        debts: Debts::default(),
        findings: Findings::default(),
    };
    let mut over = false;
    for record in history {
        errors.debts.dun(record, &mut errors.findings);
        if ends(record, expect) {
            // Another process may go on after a crash; nobody after a shutdown.
            over = !is_crash(record, &expect.trader_host);
            errors.calls.clear();
            errors.health.clear();
            errors.debts.clear();
        } else if let Some(event) = audit(record).filter(|_| !over) {
            errors.pay(event);
            errors.owe(record, event);
        }
    }
    errors.findings.verdict("nothing went wrong")
}

/// True where nobody can be asked for anything any more: a crash, the end of the trader, its shutdown.
fn ends(record: &Record, expect: &Expectations) -> bool {
    let stops =
        matches!(record.event, Event::World(WorldEvent::PhaseStarted { phase: Phase::Shutdown }));
    let ended = record.host == expect.trader_host
        && matches!(record.event, Event::World(WorldEvent::HostStopped { .. }));
    let gives_up = matches!(audit(record), Some(AuditEvent::Shutdown { .. }));
    stops || ended || gives_up || is_crash(record, &expect.trader_host)
}

/// Whom an operation asks: `kraken` of `kraken/AddOrder`.
fn asked(op: &str) -> &str {
    op.split_once('/').map_or(op, |(whom, _)| whom)
}

struct Errors<'a> {
    expect: &'a Expectations,
    spells: Spells,
    calls: BTreeMap<u64, Called<'a>>,
    orders: BTreeMap<&'a ClientOrderId, OrderState>,
    health: BTreeMap<&'a str, HealthState>,
    debts: Debts<'a>,
    findings: Findings,
}

/// A call that runs.
#[derive(Clone, Copy)]
struct Called<'a> {
    op: &'a str,
    breaker: Option<&'a str>,
    order: Option<&'a ClientOrderId>,
}

impl<'a> Errors<'a> {
    /// What an event is the consequence of.
    fn pay(&mut self, event: &'a AuditEvent) {
        match event {
            AuditEvent::CallStarted { op, .. } => {
                self.debts.pay(&Wanted::Call(op));
                if self.expect.questions.contains(op) {
                    self.debts.pay_first(&Wanted::Question);
                }
            }
            AuditEvent::StreamChanged { stream, .. } => self.debts.pay(&Wanted::Stream(stream)),
            AuditEvent::OrderChanged { client_order_id, state, .. } => {
                self.orders.insert(client_order_id, *state);
                self.debts.pay(&Wanted::Order(client_order_id));
                if state.is_final() {
                    self.debts.pay(&Wanted::AnyEnd);
                }
            }
            AuditEvent::SinkLost { sink, .. } => self.debts.pay(&Wanted::Loss(sink)),
            AuditEvent::BookApplied { symbol, .. } => self.debts.pay(&Wanted::Book(symbol)),
            AuditEvent::HealthChanged { dependency, state, .. } => {
                self.health.insert(dependency, *state);
                if *state != HealthState::Up {
                    self.debts.pay(&Wanted::Unwell(dependency));
                }
            }
            AuditEvent::BreakerChanged { breaker, .. } => {
                self.debts.pay(&Wanted::Breaker(breaker));
                if self.guards_questions(breaker) {
                    self.debts.pay(&Wanted::Question);
                }
            }
            AuditEvent::CallEnded { .. }
            | AuditEvent::BookLost { .. }
            | AuditEvent::TradeSeen { .. }
            | AuditEvent::TradesMissed { .. }
            | AuditEvent::OrderIntent { .. }
            | AuditEvent::Filled { .. }
            | AuditEvent::PositionChanged { .. }
            | AuditEvent::Shutdown { .. } => {}
        }
    }

    /// True for a breaker that keeps everybody from asking while it is open.
    fn guards_questions(&self, breaker: &str) -> bool {
        let rules = self.expect.questions.iter().filter_map(|op| self.expect.calls.get(op));
        rules.into_iter().any(|rule| rule.breaker.as_deref() == Some(breaker))
    }

    /// What must follow an event.
    fn owe(&mut self, record: &Record, event: &'a AuditEvent) {
        if let AuditEvent::CallStarted { call, op, breaker, client_order_id, .. } = event {
            let (breaker, order) = (breaker.as_deref(), client_order_id.as_ref());
            self.calls.insert(*call, Called { op, breaker, order });
        } else if let AuditEvent::CallEnded { call, outcome, error } = event {
            let called = self.calls.remove(call);
            if let (Some(called), Some(error)) = (called, error) {
                if error.contains(TOO_OFTEN) {
                    // Nobody may try anything again there for a while.
                    let (whom, later_ns) = (asked(called.op), self.later_ns(record));
                    let questions = self.expect.questions.iter().any(|op| asked(op) == whom);
                    self.debts.put_off(whom, questions, later_ns);
                }
                self.failed(record, called, *outcome, error);
            }
        } else if let AuditEvent::OrderChanged {
            client_order_id, state: OrderState::Unknown, ..
        } = event
        {
            // While a breaker keeps everybody from asking, its opening is what followed.
            let wanted = vec![Wanted::Order(client_order_id), Wanted::Question];
            self.debt(record, "an order in doubt", wanted, self.later_ns(record));
        } else if let AuditEvent::BookLost { symbol, .. } = event {
            let wanted = vec![Wanted::Book(symbol), Wanted::AnyStream];
            self.debt(record, "a lost book", wanted, self.later_ns(record));
        } else if let AuditEvent::BreakerChanged { breaker, to: BreakerState::Open, .. } = event {
            self.unwell(record, breaker, "an open breaker");
        } else if let AuditEvent::StreamChanged { stream, state: StreamState::Down, .. } = event {
            self.unwell(record, stream, "a stream that is down");
        }
    }

    fn failed(&mut self, record: &Record, called: Called<'a>, outcome: CallOutcome, error: &str) {
        let Called { op, breaker, order } = called;
        let what = format!("the error of {op}, {error},");
        if let Some(order) = order {
            // News of it may have come another way, before the answer did.
            let told = self.orders.get(order).copied().unwrap_or(OrderState::Created);
            self.findings.examine();
            if outcome != CallOutcome::Cancelled
                && matches!(told, OrderState::Created | OrderState::Submitting)
            {
                self.debt(record, &what, vec![Wanted::Order(order)], self.soon_ns(record));
            }
            return;
        }
        // A refusal is an answer, and whoever asked has it; a call that was dropped wants none.
        if matches!(outcome, CallOutcome::Success | CallOutcome::Cancelled) {
            return;
        }
        let mut wanted = vec![Wanted::Call(op), Wanted::Loss(op)];
        let stream = STREAM_OPS.iter().find_map(|end| op.strip_suffix(end));
        wanted.extend(stream.map(Wanted::Stream));
        wanted.extend(breaker.map(Wanted::Breaker));
        if stream.is_none() {
            wanted.push(Wanted::AnyEnd);
        }
        self.debt(record, &what, wanted, self.later_ns(record));
    }

    /// Something must be unwell at once, if it is not yet.
    fn unwell(&mut self, record: &Record, part: &str, what: &str) {
        let Some(dependency) = self.expect.dependencies.get(part) else { return };
        self.findings.examine();
        if self.health.get(dependency.as_str()).is_some_and(|state| *state != HealthState::Up) {
            return;
        }
        let what = format!("{what}, {part},");
        self.debt(record, &what, vec![Wanted::Unwell(dependency)], self.soon_ns(record));
    }

    fn debt(&mut self, record: &Record, what: &str, wanted: Vec<Wanted<'a>>, due_ns: u64) {
        self.findings.examine();
        let (what, place) = (what.to_owned(), Place::from(record));
        self.debts.owe(Debt { what, wanted, place, due_ns });
    }

    /// When something must have happened that happens by itself.
    fn soon_ns(&self, record: &Record) -> u64 {
        let due_ns = record.at_ns.saturating_add(nanos(self.expect.react_within));
        self.thawed_ns(due_ns)
    }

    /// When something must have been tried again: backoff, pauses and open breakers take their time.
    fn later_ns(&self, record: &Record) -> u64 {
        let due_ns = record.at_ns.saturating_add(nanos(self.expect.recover_within));
        self.thawed_ns(due_ns)
    }

    fn thawed_ns(&self, due_ns: u64) -> u64 {
        let thawed_ns = self.spells.thawed_ns(due_ns, &self.expect.freezes);
        thawed_ns.saturating_add(self.expect.slack_ns())
    }
}

#[cfg(test)]
mod tests;
