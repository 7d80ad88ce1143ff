//! Which faults strike links, and how.

use std::time::Duration;

use scenario::{Direction, FaultKind, HangPhase};

use crate::links::LinkFault;

/// Drops per second of a narrow link: more make it smoother, and the run slower.
const DROPS_PER_SECOND: u32 = 50;

/// What a fault does to the links to its hosts; `None` of one that does nothing to links, or only holds
/// what the network carries.
pub(super) fn link_fault(kind: &FaultKind) -> Option<LinkFault> {
    Some(match kind {
        FaultKind::Hang(hang) if hang.phase == HangPhase::Connect => {
            LinkFault::Swallow { reset: hang.resets() }
        }
        FaultKind::Hold(hold) => LinkFault::HeldOneWay(hold.direction?),
        FaultKind::Refuse(_) => LinkFault::Refuse,
        FaultKind::Reset(reset) => {
            let connections = connections(reset.connections);
            LinkFault::Reset { connections, after: reset.after }
        }
        FaultKind::HalfOpen(half) => {
            LinkFault::HalfOpen { connections: connections(half.connections) }
        }
        FaultKind::Latency(latency) => {
            let (min, max) = latency.delays();
            LinkFault::Late { directions: directions(latency.direction), min, max }
        }
        FaultKind::Drip(drip) => LinkFault::Paced {
            directions: directions(drip.direction),
            bytes: bytes(drip.bytes),
            interval: drip.interval,
        },
        FaultKind::Throttle(throttle) => {
            let drop = (throttle.bytes_per_second / DROPS_PER_SECOND).max(1);
            LinkFault::Paced {
                directions: directions(throttle.direction),
                bytes: bytes(drop),
                interval: Duration::from_secs(1) * drop / throttle.bytes_per_second.max(1),
            }
        }
        FaultKind::Split(split) => LinkFault::Split {
            directions: directions(split.direction),
            bytes_max: bytes(split.bytes_max),
        },
        FaultKind::Truncate(truncate) => LinkFault::Truncate { bytes: bytes(truncate.bytes) },
        FaultKind::Corrupt(corrupt) => LinkFault::Corrupt { one_in: corrupt.one_in },
        FaultKind::Dns(dns) => LinkFault::Dns { delay: dns.delay, found: dns.is_found() },
        FaultKind::PoolExhausted(pool) => LinkFault::Pool {
            connections: connections(Some(pool.connections)),
            excess: pool.excess,
        },
        FaultKind::RestStatus(_)
        | FaultKind::RestLostAnswer(_)
        | FaultKind::RestSlow(_)
        | FaultKind::RestError(_)
        | FaultKind::Hang(_)
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
    })
}

/// A number of connections; all where nothing is said.
fn connections(number: Option<u32>) -> usize {
    number.map_or(usize::MAX, bytes)
}

fn bytes(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const fn directions(direction: Option<Direction>) -> &'static [Direction] {
    match direction {
        None => &Direction::BOTH,
        Some(Direction::In) => &[Direction::In],
        Some(Direction::Out) => &[Direction::Out],
    }
}
