//! `switch-kept`: the venue's dead man's switch watches over the orders, and does its work when nobody else does.
//!
//! It is judged by what the venue answered, which is when its time begins anew. A trader that could not reach the
//! venue for that time before it crashed had no switch any more, and nothing is promised of what it left.

use std::collections::BTreeSet;

use model::audit::{AuditEvent, CallOutcome};
use model::history::{Event, Phase, Record, VenueEvent, WorldEvent};
use model::{ClientOrderId, VenueOrderId};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, SwitchRule, nanos};
use crate::facts::{OK, Spells, answered_op, audit, is_crash, seconds};
use crate::findings::{Findings, Place};

pub(crate) const CHECK: Check = Check {
    name: "switch-kept",
    class: Class::Safety,
    sentence: "no order is wanted before the dead man's switch is armed, it does not fire in fair weather, no order outlives a trader that crashed by more than its time, and who ends in order turns it off",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let Some(rule) = &expect.switch else {
        return findings.verdict("no dead man's switch was promised");
    };
    let mut switch = Switch::new(rule, history, expect);
    for record in history {
        switch.pass_to(record, &mut findings);
        switch.observe(record, &mut findings);
    }
    findings.verdict("no order was wanted, and nobody crashed with one")
}

/// Steps of a shutdown: orders are settled from the first to the second.
const SETTLE: &str = "settle-orders";
const SETTLED: &str = "flush-sinks";

/// A trader that ends.
#[derive(Debug, Clone, Copy, Default)]
struct Ending {
    /// Its orders are being settled.
    settling: bool,
    /// It has called the switch since that began.
    called: bool,
}

struct Switch<'a> {
    rule: &'a SwitchRule,
    expect: &'a Expectations,
    spells: Spells,
    /// When the venue last said that it began to count anew.
    armed_ns: Option<u64>,
    /// When it may last have begun, though it said nothing of the kind.
    heard_ns: u64,
    /// The trader heard in this life that it is armed.
    armed: bool,
    /// Calls of this life that arm it.
    calls: BTreeSet<u64>,
    /// Open orders of the account.
    open: BTreeSet<&'a VenueOrderId>,
    /// What this life of the trader wanted.
    wanted: BTreeSet<&'a ClientOrderId>,
    /// Open orders of earlier lives over which the switch watches.
    orphans: BTreeSet<&'a VenueOrderId>,
    /// The trader has been told to end, or did: it turns the switch off.
    over: bool,
    /// The first fault has begun.
    stormy: bool,
    /// What the trader did since it was told to end in fair weather; `None` before.
    ending: Option<Ending>,
    /// Too long a time without a word was reported, and has not ended.
    silent: bool,
}

impl<'a> Switch<'a> {
    fn new(rule: &'a SwitchRule, history: &'a [Record], expect: &'a Expectations) -> Self {
        Self {
            rule,
            expect,
            spells: Spells::of(history),
            armed_ns: None,
            heard_ns: 0,
            armed: false,
            calls: BTreeSet::new(),
            open: BTreeSet::new(),
            wanted: BTreeSet::new(),
            orphans: BTreeSet::new(),
            over: false,
            stormy: false,
            ending: None,
            silent: false,
        }
    }

    /// When it fires if the trader says nothing any more after a time; a venue that stands still cannot.
    fn fires_ns(&self, since_ns: u64) -> u64 {
        let due_ns = since_ns.saturating_add(nanos(self.rule.timeout));
        self.spells.thawed_ns(due_ns, &self.expect.venue_stops)
    }

    /// True while it surely has not fired.
    fn watches(&self, at_ns: u64) -> bool {
        self.armed_ns.is_some_and(|since_ns| at_ns < self.fires_ns(since_ns))
    }

    /// Time passes up to a record.
    fn pass_to(&mut self, record: &Record, findings: &mut Findings) {
        let Some(armed_ns) = self.armed_ns else { return };
        let late_ns = nanos(self.expect.react_within).saturating_add(self.expect.slack_ns());
        let is_over = |due_ns: u64| record.at_ns > due_ns.saturating_add(late_ns);
        if is_over(self.fires_ns(self.heard_ns)) {
            for order in std::mem::take(&mut self.orphans) {
                let timeout = seconds(nanos(self.rule.timeout));
                let message = format!(
                    "order {order} outlives its trader: the switch of {timeout} did not fire"
                );
                findings.violate(record, message);
            }
        }
        // Bad weather may last until everything had the time to recover.
        let fair_ns = if self.stormy { self.expect.recovered_by_ns() } else { 0 };
        let fires_ns = self.fires_ns(armed_ns.max(fair_ns));
        if is_over(fires_ns) && self.armed && !self.over && !self.silent {
            self.silent = true;
            let since = seconds(armed_ns);
            let message = format!(
                "the dead man's switch fires in fair weather: nothing was heard since {since}"
            );
            findings.violate(record, message);
        }
    }

    fn observe(&mut self, record: &'a Record, findings: &mut Findings) {
        if is_crash(record, &self.expect.trader_host) {
            self.crash(record.into(), findings);
        } else if let Event::World(event) = &record.event {
            self.stormy |= matches!(event, WorldEvent::FaultStarted { .. });
            let stops = matches!(event, WorldEvent::PhaseStarted { phase: Phase::Shutdown });
            let ended = record.host == self.expect.trader_host
                && matches!(event, WorldEvent::HostStopped { .. });
            self.over |= stops || ended;
            if stops {
                self.ending = Some(Ending::default());
            }
        } else if let Some(event) = audit(record) {
            if let AuditEvent::Shutdown { step, .. } = event {
                self.over = true;
                self.ends(record, step, findings);
            }
            self.told(record, event, findings);
        } else if let Event::Venue(event) = &record.event {
            self.did(record, event);
        }
    }

    fn told(&mut self, record: &Record, event: &'a AuditEvent, findings: &mut Findings) {
        if let AuditEvent::OrderIntent { order } = event {
            findings.examine();
            let id = &order.client_order_id;
            self.wanted.insert(id);
            if !self.armed {
                let message =
                    format!("order {id} is wanted, but the dead man's switch is not armed");
                findings.violate(record, message);
            }
        } else if let AuditEvent::CallStarted { call, op, .. } = event {
            if *op == self.rule.op {
                self.calls.insert(*call);
                self.heard_ns = record.at_ns;
                if let Some(ending) = &mut self.ending {
                    ending.called |= ending.settling;
                }
            }
        } else if let AuditEvent::CallEnded { call, outcome, error } = event {
            let asked = self.calls.remove(call);
            self.armed |= asked && *outcome == CallOutcome::Success && error.is_none();
        }
    }

    /// An armed switch would cancel the orders of whoever trades next.
    fn ends(&mut self, record: &Record, step: &str, findings: &mut Findings) {
        let Some(ending) = &mut self.ending else { return };
        ending.settling |= step == SETTLE;
        if step == SETTLED && ending.settling && self.armed && self.open.is_empty() {
            findings.examine();
            if !ending.called {
                let message = "no order is left, but the dead man's switch is not turned off";
                findings.violate(record, message.to_owned());
            }
        }
    }

    /// The next life must arm it anew.
    fn crash(&mut self, place: Place, findings: &mut Findings) {
        if self.watches(place.at_ns) {
            self.orphans.clone_from(&self.open);
            self.orphans.iter().for_each(|_| findings.examine());
        }
        (self.armed, self.silent) = (false, false);
        self.calls.clear();
        self.wanted.clear();
    }

    fn did(&mut self, record: &'a Record, event: &'a VenueEvent) {
        if let VenueEvent::RequestAnswered { op, status, error, .. } = event
            && answered_op(record, op) == self.rule.op
        {
            // What it did it may deny.
            self.heard_ns = record.at_ns;
            if *status == OK && error.is_none() {
                self.armed_ns = Some(record.at_ns);
                self.silent = false;
            }
        } else if let VenueEvent::OrderChanged {
            account,
            client_order_id: order,
            venue_order_id: id,
            state,
            ..
        } = event
            && *account == self.expect.account
        {
            if state.is_final() {
                self.open.remove(id);
                self.orphans.remove(id);
            } else if self.open.insert(id) && self.is_late(order.as_ref()) {
                // What was on its way when the trader crashed is watched over, too, while the switch is armed.
                if self.watches(record.at_ns) {
                    self.orphans.insert(id);
                }
            }
        }
    }

    /// True for an order of an earlier life.
    fn is_late(&self, order: Option<&ClientOrderId>) -> bool {
        order.is_none_or(|order| !self.wanted.contains(order))
    }
}

#[cfg(test)]
mod tests;
