//! How far behind a fault may leave a book that the trader takes for the venue's.

use std::time::Duration;

use kraken::KrakenConfig;
use scenario::{FaultKind, Host, PlannedFault};

use super::silences;

/// How long after its end something may arrive that a fault kept on its way; `None` of a fault that keeps
/// nothing.
pub(super) fn under_way(kind: &FaultKind) -> Option<Duration> {
    if let FaultKind::Latency(latency) = kind {
        Some(latency.delays().1)
    } else if let FaultKind::Drip(_) | FaultKind::Throttle(_) = kind {
        Some(Duration::ZERO)
    } else {
        None
    }
}

/// The time by which a book may be out of date while a fault is in force, beyond the usual; `None` of a
/// fault that leaves no book behind.
///
/// What is slow but flows, nobody can tell from a venue that is slow: its books are as late as it lasts.
pub(super) fn of(
    fault: &PlannedFault,
    silence_max: Duration,
    config: &KrakenConfig,
) -> Option<Duration> {
    if !fault.kind.hosts().contains(&Host::KrakenPublic) {
        return None;
    }
    if silences::of(&fault.kind).is_some() {
        return Some(silence_max);
    }
    let lasts = fault.until.saturating_sub(fault.at);
    // A change that is missed shows in the next one, or when the subscription is renewed.
    let missed = config.quiet_max + config.subscribe_timeout;
    match &fault.kind {
        // Some connections only: which of them, nobody knows.
        FaultKind::HalfOpen(_) => Some(silence_max),
        FaultKind::Latency(latency) => Some(latency.delays().1),
        FaultKind::Drip(_) | FaultKind::Throttle(_) => Some(lasts + silence_max),
        // A frame in which a byte is wrong may be one that nobody reads.
        FaultKind::Stale(_) | FaultKind::Book(_) | FaultKind::Corrupt(_) => Some(missed),
        FaultKind::Hold(_)
        | FaultKind::Hang(_)
        | FaultKind::RestStatus(_)
        | FaultKind::RestLostAnswer(_)
        | FaultKind::RestSlow(_)
        | FaultKind::RestError(_)
        | FaultKind::Refuse(_)
        | FaultKind::Reset(_)
        | FaultKind::Split(_)
        | FaultKind::Truncate(_)
        | FaultKind::Dns(_)
        | FaultKind::PoolExhausted(_)
        | FaultKind::WsStatus(_)
        | FaultKind::WsClose(_)
        | FaultKind::WsText(_)
        | FaultKind::Executions(_)
        | FaultKind::Token(_)
        | FaultKind::Maintenance(_)
        | FaultKind::LateOrders(_)
        | FaultKind::Crash(_)
        | FaultKind::Freeze(_)
        | FaultKind::Clock(_)
        | FaultKind::SinkStatus(_)
        | FaultKind::SinkHold => None,
    }
}
