//! `nothing-left-behind`: the trader goes and takes everything along.

use model::OrderState;
use model::audit::AuditEvent;
use model::history::{Event, Phase, Record, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{audit, is_crash, phase_start, seconds};
use crate::findings::{Findings, Place, end_of};
use crate::order_facts::{Orders, TraderOrder};

pub(crate) const CHECK: Check = Check {
    name: "nothing-left-behind",
    class: Class::Safety,
    sentence: "after shutdown no task, no socket, no open order and no order without a final state is left",
    judge,
};

/// Last step of a shutdown.
const STOPPED: &str = "stopped";

/// End of what a sink leaves unfinished. A trader that cannot start gives up amid faults: a sink that is out of reach
/// takes nothing then, and what it lost is told, which `sink-complete` sees to.
const FLUSH: &str = ": flush";

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let told = phase_start(history, Phase::Shutdown);
    let healed = phase_start(history, Phase::Calm);
    if expect.is_cut() {
        return findings.verdict("the run ended before a shutdown");
    }
    findings.examine();
    let end = end_of(history);
    let mut stopped: Option<Place> = None;
    let mut gone: Option<Place> = None;
    for record in history {
        if is_crash(record, &expect.trader_host) {
            // One that could not start has stopped in good order, and is followed by another one.
            stopped = None;
        }
        if let Some(AuditEvent::Shutdown { step, unfinished }) = audit(record) {
            findings.examine();
            let amid_faults = healed.is_some_and(|healed| record.seq < healed.seq);
            let left = unfinished.iter().map(String::as_str);
            let left: Vec<&str> =
                left.filter(|what| !(amid_faults && what.ends_with(FLUSH))).collect();
            if !left.is_empty() {
                let message = format!("shutdown step {step} left unfinished: {}", left.join(", "));
                findings.violate(record, message);
            }
            if step == STOPPED {
                stopped = Some(record.into());
            }
        } else if let Some(AuditEvent::CallStarted { call, op, .. }) = audit(record)
            && stopped.is_some()
        {
            findings.violate(record, format!("call #{call} {op} begins after the trader stopped"));
        } else if let Event::World(WorldEvent::HostStopped { tasks_alive, sockets_open, error }) =
            &record.event
            && record.host == expect.trader_host
        {
            findings.examine();
            gone = Some(record.into());
            let host = &record.host;
            if *tasks_alive > 0 {
                findings.violate(record, format!("{host} left {tasks_alive} tasks alive"));
            }
            if *sockets_open > 0 {
                findings.violate(record, format!("{host} left {sockets_open} sockets open"));
            }
            if let Some(error) = error {
                findings.violate(record, format!("{host} ended with an error: {error}"));
            }
            if told.is_none_or(|told| record.seq < told.seq) {
                findings.violate(record, format!("{host} ended before it was told to"));
            }
        }
    }
    if stopped.is_none() {
        findings.violate(end, format!("the shutdown never reached its last step, `{STOPPED}`"));
    }
    let host = &expect.trader_host;
    let lasted_ns = match (told, gone) {
        (Some(told), Some(gone)) => gone.at_ns.saturating_sub(told.at_ns),
        (None, _) | (_, None) => 0,
    };
    if gone.is_none() {
        findings.violate(end, format!("host {host} never ended"));
    } else if lasted_ns > nanos(expect.shutdown_within).saturating_add(expect.slack_ns()) {
        let (lasted, allowed) = (seconds(lasted_ns), seconds(nanos(expect.shutdown_within)));
        let message = format!("host {host} took {lasted} to end, at most {allowed} allowed");
        findings.violate(end, message);
    }
    orders(history, expect, end, &mut findings);
    findings.verdict("the run ended before a shutdown")
}

/// No order may be open, at either end.
fn orders(history: &[Record], expect: &Expectations, end: Place, findings: &mut Findings) {
    let orders = Orders::of(history, expect);
    for order in orders.at_venue().filter(|order| order.state == OrderState::Open) {
        findings.violate(end, format!("venue order {} is still open", order.id));
    }
    let left = |order: &&TraderOrder| !order.state.is_final() && !order.orphaned;
    for (id, order) in orders.trader.iter().filter(|(_, order)| left(order)) {
        findings.violate(end, format!("order {id} is left {}", order.state));
    }
}

#[cfg(test)]
mod tests;
