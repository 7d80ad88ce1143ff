//! Who carries out which faults, and how those of the links strike.

use std::time::Duration;

use scenario::{Direction, FaultKind, HangPhase, MaintenancePhase};
use venue_sim::kraken::Phase;

use super::Carrier;
use crate::links::LinkFault;

/// Drops per second of a narrow link: more make it smoother, and the run slower.
const DROPS_PER_SECOND: u32 = 50;

impl Carrier {
    /// Who carries out what a kind of fault does.
    pub(super) fn of(kind: &FaultKind) -> Self {
        Self::Links(match kind {
            FaultKind::Hang(hang) if hang.phase == HangPhase::Connect => {
                LinkFault::Swallow { reset: hang.resets() }
            }
            FaultKind::Hold(hold) => match hold.direction {
                Some(direction) => LinkFault::HeldOneWay(direction),
                None => return Self::Network,
            },
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
                LinkFault::Late { directions: Direction::or_both(latency.direction), min, max }
            }
            FaultKind::Drip(drip) => LinkFault::Paced {
                directions: Direction::or_both(drip.direction),
                bytes: bytes(drip.bytes),
                interval: drip.interval,
            },
            FaultKind::Throttle(throttle) => {
                let drop = (throttle.bytes_per_second / DROPS_PER_SECOND).max(1);
                LinkFault::Paced {
                    directions: Direction::or_both(throttle.direction),
                    bytes: bytes(drop),
                    interval: Duration::from_secs(1) * drop / throttle.bytes_per_second.max(1),
                }
            }
            FaultKind::Split(split) => LinkFault::Split {
                directions: Direction::or_both(split.direction),
                bytes_max: bytes(split.bytes_max),
            },
            FaultKind::Truncate(truncate) => LinkFault::Truncate { bytes: bytes(truncate.bytes) },
            FaultKind::Corrupt(corrupt) => LinkFault::Corrupt { one_in: corrupt.one_in },
            FaultKind::Dns(dns) => LinkFault::Dns { delay: dns.delay, found: dns.is_found() },
            FaultKind::PoolExhausted(pool) => LinkFault::Pool {
                connections: connections(Some(pool.connections)),
                excess: pool.excess,
            },
            FaultKind::SinkHold => return Self::Network,
            FaultKind::Crash(_) => return Self::Hosts,
            FaultKind::Freeze(freeze) => return Self::Freezer(freeze.process),
            FaultKind::Clock(_) => return Self::Clock,
            FaultKind::SinkStatus(sink) => return Self::Influx(sink.status),
            FaultKind::Maintenance(maintenance) => return Self::Phase(phase(maintenance.phase)),
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
            | FaultKind::LateOrders(_) => return Self::Protocol,
        })
    }
}

const fn phase(phase: MaintenancePhase) -> Phase {
    match phase {
        MaintenancePhase::Maintenance => Phase::Maintenance,
        MaintenancePhase::CancelOnly => Phase::CancelOnly,
        MaintenancePhase::PostOnly => Phase::PostOnly,
    }
}

/// A number of connections; all where nothing is said.
fn connections(number: Option<u32>) -> usize {
    number.map_or(usize::MAX, bytes)
}

fn bytes(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
