//! Carries out the faults of a plan, each where it belongs: network, links, hosts, clock, or the venue's
//! protocol.

mod link;
mod protocol;

use platform::Entropy;
use scenario::{Crash, Direction, FaultKind, PlannedFault, Process};
use venue_sim::kraken::{KrakenSim, Phase};

use crate::clock::Skew;
use crate::freezer::Freezers;
use crate::hosts::TRADER;
use crate::influx::InfluxSim;
use crate::links::{LinkFault, Links};
use crate::network::Network;

pub use protocol::protocol_fault;

/// What faults can reach.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) links: Links,
    pub(crate) venue: KrakenSim,
    /// There if the scenario has a sink.
    pub(crate) influx: Option<InfluxSim>,
    /// By how much the trader's clock is wrong.
    pub(crate) skew: Skew,
    /// Stops processes for a while.
    pub(crate) freezers: Freezers,
    /// What the faults of links draw from, each from streams of its own.
    pub(crate) entropy: Entropy,
    /// The venue's phase once everything is carried out that is due.
    pub(crate) phase: Phase,
}

/// Who carries a fault out.
enum Carrier {
    /// The links to its hosts.
    Links(LinkFault),
    /// The network and, to count, the links to its hosts.
    Network,
    /// The hosts of a process.
    Hosts,
    /// Whoever polls the tasks of a process.
    Freezer(Process),
    /// The trader's clock.
    Clock,
    /// The database.
    Influx(u16),
    /// The venue's phase.
    Phase(Phase),
    /// The venue's protocol.
    Protocol,
}

impl Faults {
    /// Puts a fault in force; what it does, for people.
    pub(crate) fn begin(&mut self, fault: &PlannedFault, network: &mut dyn Network) -> String {
        let hosts = hosts(&fault.kind);
        match Carrier::of(&fault.kind) {
            Carrier::Links(what) => self.strike_links(fault.id, &hosts, &what),
            Carrier::Network => {
                self.strike_links(fault.id, &hosts, &LinkFault::Held);
                hosts.iter().for_each(|host| network.hold(TRADER, host));
            }
            Carrier::Hosts => {
                self.strike_links(fault.id, &hosts, &LinkFault::Refuse);
                if let FaultKind::Crash(Crash { process: Process::Kraken }) = &fault.kind {
                    // In order: their tasks are dropped in none.
                    self.venue.end_sessions();
                }
                crashing(&fault.kind).into_iter().for_each(|host| network.crash(host));
            }
            Carrier::Freezer(process) => self.freezers.of(process).freeze(),
            Carrier::Clock => {
                if let FaultKind::Clock(jump) = &fault.kind {
                    self.skew.begin(jump.ahead, jump.behind);
                }
            }
            Carrier::Influx(status) => self.influx().set_status(Some(status)),
            Carrier::Phase(phase) => self.phase = phase,
            Carrier::Protocol => {
                if let Some(protocol) = protocol_fault(&fault.kind) {
                    self.venue.faults().switch_on(fault.id, protocol);
                }
            }
        }
        describe(&fault.kind, &hosts)
    }

    /// Ends a fault; how often it struck.
    pub(crate) fn end(&mut self, fault: &PlannedFault, network: &mut dyn Network) -> u64 {
        let hosts = hosts(&fault.kind);
        match Carrier::of(&fault.kind) {
            Carrier::Links(_) => self.heal_links(fault.id, &hosts),
            Carrier::Network => {
                hosts.iter().for_each(|host| network.release(TRADER, host));
                self.heal_links(fault.id, &hosts)
            }
            Carrier::Hosts => {
                crashing(&fault.kind).into_iter().for_each(|host| network.start(host));
                // That it struck needs no witness: the process was gone.
                1 + self.heal_links(fault.id, &hosts)
            }
            Carrier::Freezer(process) => self.freezers.of(process).thaw(),
            Carrier::Clock => self.skew.end(),
            Carrier::Influx(_) => {
                self.influx().set_status(None);
                self.influx().struck()
            }
            Carrier::Phase(_) => {
                self.phase = Phase::Online;
                self.venue.refused_by_phase()
            }
            Carrier::Protocol => {
                self.venue.faults().switch_off(fault.id);
                self.venue.faults().struck(fault.id)
            }
        }
    }

    /// Everything is carried out that is due: one phase that follows another does not show the one in
    /// between.
    pub(crate) fn settle(&self) {
        self.venue.set_phase(self.phase);
    }

    fn strike_links(&self, fault: u32, hosts: &[&str], what: &LinkFault) {
        for host in hosts {
            let draws = self.entropy.child(&format!("{fault}/{host}"));
            self.links.to(host).begin(fault, what.clone(), draws);
        }
    }

    fn heal_links(&self, fault: u32, hosts: &[&str]) -> u64 {
        hosts.iter().map(|host| self.links.to(host).end(fault)).sum()
    }

    fn influx(&self) -> &InfluxSim {
        self.influx.as_ref().expect("a scenario with a fault of the sink has one")
    }
}

/// The hosts of a fault by their names; none for what is not about hosts.
fn hosts(kind: &FaultKind) -> Vec<&'static str> {
    kind.hosts().iter().map(|host| host.as_str()).collect()
}

/// The hosts whose programs a fault ends.
pub(crate) fn crashing(kind: &FaultKind) -> Vec<&'static str> {
    let FaultKind::Crash(Crash { process }) = kind else {
        return Vec::new();
    };
    match process {
        Process::Kraken | Process::Influx => hosts(kind),
        Process::Trader => vec![TRADER],
    }
}

/// What a fault does, for people: `rest-status 503 at api.kraken.com`.
fn describe(kind: &FaultKind, hosts: &[&str]) -> String {
    let what = kind.to_string();
    if let FaultKind::Crash(_)
    | FaultKind::Freeze(_)
    | FaultKind::Clock(_)
    | FaultKind::Maintenance(_) = kind
    {
        return what;
    }
    // The one host of a fault is named once.
    let what = hosts.iter().find_map(|host| what.strip_suffix(host)).unwrap_or(&what).trim_end();
    let named = hosts.join(", ");
    if let FaultKind::Hold(hold) = kind
        && let Some(direction) = hold.direction
    {
        let way = if direction == Direction::In { "from" } else { "to" };
        return format!("{what} {way} {named}");
    }
    if matches!(kind, FaultKind::Hold(_) | FaultKind::SinkHold) {
        return format!("{what} between {TRADER} and {named}");
    }
    format!("{what} at {named}")
}
