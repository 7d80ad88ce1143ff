//! Faults of the served venue: those of a plan, and those that the control port injects.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;
use parking_lot::Mutex;
use scenario::{FaultKind, FaultPlan, PlannedFault};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};
use venue_sim::kraken::{KrakenSim, ProtocolFault, Role};

/// Faults that can be in force at once.
const FAULTS_MAX: usize = 1_000;

/// What is in force. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    venue: KrakenSim,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    on: BTreeMap<u32, String>,
    next: u32,
}

/// A fault in force, as the control port shows it.
#[derive(Debug, Serialize)]
pub(super) struct FaultRow {
    id: u32,
    what: String,
    struck: u64,
}

impl Faults {
    pub(super) fn new(venue: KrakenSim) -> Self {
        Self { venue, state: Arc::default() }
    }

    /// Puts a fault in force; its number.
    pub(super) fn inject(&self, kind: &FaultKind) -> anyhow::Result<u32> {
        if let Some((key, expected)) = kind.problem() {
            return Err(anyhow!("`{key}`: expected {expected}"));
        }
        let fault = served(kind)?;
        let mut state = self.state.lock();
        if state.on.len() >= FAULTS_MAX {
            return Err(anyhow!("expected at most {FAULTS_MAX} faults in force"));
        }
        let id = state.next;
        state.next += 1;
        state.on.insert(id, kind.to_string());
        self.venue.faults().switch_on(id, fault);
        tracing::info!(id, fault = %kind, "fault begins");
        Ok(id)
    }

    /// Ends a fault; how often it struck. `None` if it is not in force.
    pub(super) fn heal(&self, id: u32) -> Option<u64> {
        self.state.lock().on.remove(&id)?;
        self.venue.faults().switch_off(id);
        let struck = self.venue.faults().struck(id);
        tracing::info!(id, struck, "fault ends");
        Some(struck)
    }

    /// Ends every fault; how many there were.
    pub(super) fn heal_all(&self) -> usize {
        let on: Vec<u32> = self.state.lock().on.keys().copied().collect();
        on.into_iter().filter_map(|id| self.heal(id)).count()
    }

    /// What is in force.
    pub(super) fn rows(&self) -> Vec<FaultRow> {
        let state = self.state.lock();
        let row = |(id, what): (&u32, &String)| FaultRow {
            id: *id,
            what: what.clone(),
            struck: self.venue.faults().struck(*id),
        };
        state.on.iter().map(row).collect()
    }

    /// Carries out a plan, from now on.
    pub(super) async fn play(&self, plan: FaultPlan) {
        let began = Instant::now();
        // Ends come before beginnings at the same instant, so that a fault can follow itself.
        let mut steps: Vec<(_, bool, &PlannedFault)> = Vec::new();
        for fault in &plan.faults {
            steps.extend([(fault.at, true, fault), (fault.until, false, fault)]);
        }
        steps.sort_by_key(|(at, begins, fault)| (*at, *begins, fault.id));
        let mut on: BTreeMap<u32, u32> = BTreeMap::new();
        for (at, begins, fault) in steps {
            sleep_until(began + at).await;
            if !begins {
                let healed = on.remove(&fault.id).and_then(|id| self.heal(id));
                tracing::debug!(?healed, "a fault of the plan is over");
                continue;
            }
            match self.inject(&fault.kind) {
                Ok(id) => drop(on.insert(fault.id, id)),
                Err(error) => tracing::warn!(%error, "a fault of the plan was left out"),
            }
        }
    }
}

/// Refuses a plan with faults that only a simulated network can have.
pub(super) fn check(plan: &FaultPlan) -> anyhow::Result<()> {
    plan.faults.iter().try_for_each(|fault| served(&fault.kind).map(drop))
}

/// What the venue does. One port serves every host, so that a fault of one is a fault of all.
fn served(kind: &FaultKind) -> anyhow::Result<ProtocolFault> {
    match sim::protocol_fault(kind) {
        Some(ProtocolFault::Handshake(roles)) => Ok(ProtocolFault::Handshake(everywhere(roles))),
        Some(ProtocolFault::Subscribed(roles)) => Ok(ProtocolFault::Subscribed(everywhere(roles))),
        Some(ProtocolFault::Upgrade { status, retry_after, roles }) => {
            Ok(ProtocolFault::Upgrade { status, retry_after, roles: everywhere(roles) })
        }
        Some(ProtocolFault::Session { fault, roles }) => {
            Ok(ProtocolFault::Session { fault, roles: everywhere(roles) })
        }
        Some(fault) => Ok(fault),
        None => Err(anyhow!(
            "`{kind}` needs the simulated network; expected rest-status, rest-lost-answer, rest-slow, \
             rest-error, ws-status, ws-close, ws-text, stale, executions, book, token, late-orders, or \
             hang in the phase head, body, handshake or subscribed"
        )),
    }
}

fn everywhere(mut roles: Vec<Role>) -> Vec<Role> {
    roles.push(Role::Any);
    roles
}
