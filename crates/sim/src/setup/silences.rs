//! Which faults make streams silent.

use checks::Silence;
use scenario::{Direction, FaultKind, HangPhase, Host};

/// The streams that a fault makes silent; `None` of a fault that silences none.
pub(super) fn of(kind: &FaultKind) -> Option<Silence> {
    let later = match kind {
        FaultKind::Hold(hold) if hold.direction != Some(Direction::Out) => true,
        FaultKind::Hang(hang) if hang.phase == HangPhase::Subscribed => true,
        FaultKind::Freeze(_) => true,
        FaultKind::HalfOpen(half) if half.connections.is_none() => false,
        FaultKind::Hold(_)
        | FaultKind::Hang(_)
        | FaultKind::HalfOpen(_)
        | FaultKind::RestStatus(_)
        | FaultKind::RestLostAnswer(_)
        | FaultKind::RestSlow(_)
        | FaultKind::RestError(_)
        | FaultKind::Refuse(_)
        | FaultKind::Reset(_)
        | FaultKind::Latency(_)
        | FaultKind::Drip(_)
        | FaultKind::Throttle(_)
        | FaultKind::Split(_)
        | FaultKind::Truncate(_)
        | FaultKind::Corrupt(_)
        | FaultKind::Dns(_)
        | FaultKind::PoolExhausted(_)
        | FaultKind::WsStatus(_)
        | FaultKind::WsClose(_)
        | FaultKind::WsText(_)
        | FaultKind::Stale(_)
        | FaultKind::Executions(_)
        | FaultKind::Book(_)
        | FaultKind::Token(_)
        | FaultKind::Maintenance(_)
        | FaultKind::LateOrders(_)
        | FaultKind::Crash(_)
        | FaultKind::Clock(_)
        | FaultKind::SinkStatus(_)
        | FaultKind::SinkHold => return None,
    };
    let streams: Vec<&str> = kind.hosts().into_iter().filter_map(Host::stream).collect();
    let streams = streams.into_iter().map(str::to_owned).collect();
    Some(Silence { streams, later }).filter(|silence| !silence.streams.is_empty())
}
