//! What faults do to what the venue tells, on its way to the trader.

use std::time::Duration;

use checks::Expectations;
use scenario::{ExecutionsFault, FaultKind, Host, PlannedFault};

/// Notes which messages a fault loses so that it shows, what else may be in the way of news of our orders, and for how
/// long a dial is sent away.
pub(super) fn told(fault: &PlannedFault, expect: &mut Expectations) {
    if let FaultKind::Executions(executions) = &fault.kind
        && executions.how == ExecutionsFault::Lost
    {
        expect.gaps.insert(fault.id);
    } else if is_in_the_way(&fault.kind) {
        expect.hampers.insert(fault.id);
    }
    if let FaultKind::WsStatus(status) = &fault.kind {
        expect.dial_refusals.insert(fault.id, status.retry_after.unwrap_or_default());
    } else if matches!(fault.kind, FaultKind::PoolExhausted(_) | FaultKind::Corrupt(_)) {
        expect.dial_refusals.insert(fault.id, Duration::ZERO);
    }
}

/// True for a fault by which the private stream may hear late of an order, or never.
fn is_in_the_way(kind: &FaultKind) -> bool {
    let process = matches!(kind, FaultKind::Crash(_) | FaultKind::Freeze(_));
    process || kind.hosts().contains(&Host::KrakenPrivate)
}
