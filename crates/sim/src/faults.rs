//! Carries out the faults of a plan, each where it belongs: network, links, or the venue's protocol.

use scenario::{FaultKind, Hang, HangPhase, Host, Method, PlannedFault};
use venue_sim::kraken::{KrakenSim, ProtocolFault, RestFault, Role};

use crate::hosts::{INFLUX, KRAKEN_REST, TRADER};
use crate::influx::InfluxSim;
use crate::links::Links;
use crate::network::Network;

/// What faults can reach.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) links: Links,
    pub(crate) venue: KrakenSim,
    /// There if the scenario has a sink.
    pub(crate) influx: Option<InfluxSim>,
}

impl Faults {
    /// Puts a fault in force; what it does, for people.
    pub(crate) fn begin(&self, fault: &PlannedFault, network: &mut dyn Network) -> String {
        match &fault.kind {
            FaultKind::Hold(hold) => {
                for host in hold.hosts() {
                    self.links.to(host.as_str()).hold();
                    network.hold(TRADER, host.as_str());
                }
                format!("{} between {TRADER} and {}", fault.kind.name(), names(&hold.hosts()))
            }
            FaultKind::Hang(hang) if hang.phase == HangPhase::Connect => {
                for host in hang.hosts() {
                    self.links.to(host.as_str()).swallow(hang.resets());
                }
                format!("{} {}", what(fault), names(&hang.hosts()))
            }
            FaultKind::SinkStatus(sink) => {
                self.influx().set_status(Some(sink.status));
                format!("{} {INFLUX}", what(fault))
            }
            FaultKind::SinkHold => {
                self.links.to(INFLUX).hold();
                network.hold(TRADER, INFLUX);
                format!("{} between {TRADER} and {INFLUX}", fault.kind)
            }
            kind @ (FaultKind::RestStatus(_)
            | FaultKind::RestLostAnswer(_)
            | FaultKind::RestSlow(_)
            | FaultKind::Hang(_)) => {
                if let Some(protocol) = protocol_fault(kind) {
                    self.venue.faults().switch_on(fault.id, protocol);
                }
                let hosts = if let FaultKind::Hang(hang) = kind {
                    names(&hang.hosts())
                } else {
                    KRAKEN_REST.to_owned()
                };
                format!("{} {hosts}", what(fault))
            }
        }
    }

    /// Ends a fault; how often it struck.
    pub(crate) fn end(&self, fault: &PlannedFault, network: &mut dyn Network) -> u64 {
        match &fault.kind {
            FaultKind::Hold(hold) => {
                let hosts = hold.hosts();
                hosts.iter().for_each(|host| network.release(TRADER, host.as_str()));
                hosts.iter().map(|host| self.links.to(host.as_str()).release()).sum()
            }
            FaultKind::Hang(hang) if hang.phase == HangPhase::Connect => {
                hang.hosts().iter().map(|host| self.links.to(host.as_str()).answer()).sum()
            }
            FaultKind::SinkStatus(_) => {
                self.influx().set_status(None);
                self.influx().struck()
            }
            FaultKind::SinkHold => {
                network.release(TRADER, INFLUX);
                self.links.to(INFLUX).release()
            }
            FaultKind::RestStatus(_)
            | FaultKind::RestLostAnswer(_)
            | FaultKind::RestSlow(_)
            | FaultKind::Hang(_) => {
                self.venue.faults().switch_off(fault.id);
                self.venue.faults().struck(fault.id)
            }
        }
    }

    fn influx(&self) -> &InfluxSim {
        self.influx.as_ref().expect("a scenario with a fault of the sink has one")
    }
}

/// Kind and parameters of a fault without its host, which follows.
fn what(fault: &PlannedFault) -> String {
    let mut kind = fault.kind.clone();
    if let FaultKind::Hang(hang) = &mut kind {
        hang.host = None;
    }
    format!("{kind} at")
}

fn names(hosts: &[Host]) -> String {
    let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
    names.join(", ")
}

/// What the venue is told of a fault of its protocol; `None` of a fault that is none.
pub fn protocol_fault(kind: &FaultKind) -> Option<ProtocolFault> {
    let rest = |fault, methods: &[Method]| {
        let methods = methods.iter().map(|method| method.as_str().to_owned()).collect();
        Some(ProtocolFault::Rest { fault, methods })
    };
    match kind {
        FaultKind::RestStatus(page) | FaultKind::RestLostAnswer(page) => {
            let executed = matches!(kind, FaultKind::RestLostAnswer(_));
            let (status, retry_after) = (page.status, page.retry_after);
            rest(RestFault::Status { status, retry_after, executed }, &page.methods)
        }
        FaultKind::RestSlow(slow) => {
            let (min, max) = slow.delays();
            rest(RestFault::Slow { min, max }, &slow.methods)
        }
        FaultKind::Hang(hang) => match hang.phase {
            HangPhase::Head | HangPhase::Body => {
                let in_body = hang.phase == HangPhase::Body;
                let executed = hang.is_executed();
                rest(RestFault::Hang { in_body, executed }, &hang.methods)
            }
            HangPhase::Handshake => Some(ProtocolFault::Handshake(roles(hang))),
            HangPhase::Subscribed => Some(ProtocolFault::Subscribed(roles(hang))),
            HangPhase::Connect => None,
        },
        FaultKind::Hold(_) | FaultKind::SinkStatus(_) | FaultKind::SinkHold => None,
    }
}

/// What the streams' hosts of a fault serve.
fn roles(hang: &Hang) -> Vec<Role> {
    let role = |host: Host| match host {
        Host::KrakenPublic => Some(Role::PublicStream),
        Host::KrakenPrivate => Some(Role::PrivateStream),
        Host::KrakenRest => None,
    };
    hang.hosts().into_iter().filter_map(role).collect()
}
