//! What happened in a run: which faults struck, which states were reached.

use std::collections::{BTreeMap, BTreeSet};

use checks::{CheckResult, Expectations, Verdict};
use model::OrderState;
use model::audit::{AuditEvent, BreakerState, StreamState};
use model::history::{Event, Record, WorldEvent};
use serde::{Deserialize, Serialize};

/// Groups of what is counted, as they are shown.
const PLANNED: &str = "faults planned";
const STRIKES: &str = "strikes of faults";
const BREAKERS: &str = "states of breakers";
const STREAMS: &str = "states of streams";
const ORDERS: &str = "orders that were";
pub(super) const CHECKS: &str = "things examined by checks";

/// Counts by group and item. An item that could have happened and did not is there with zero.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(pub BTreeMap<String, BTreeMap<String, u64>>);

impl Coverage {
    /// What a run could show: zeros for the faults that may be planned, by label, for the states of all that the
    /// run promises, and for the checks that it asks for.
    pub fn possible(expect: &Expectations, faults: impl IntoIterator<Item = String>) -> Self {
        let mut possible = Self::default();
        for fault in faults {
            possible.add(PLANNED, &fault, 0);
            possible.add(STRIKES, &fault, 0);
        }
        for breaker in expect.breakers.keys() {
            for state in [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Closed] {
                possible.add(BREAKERS, &format!("{breaker} {state}"), 0);
            }
        }
        for stream in &expect.streams {
            for state in [StreamState::Connecting, StreamState::Live, StreamState::Down] {
                possible.add(STREAMS, &format!("{stream} {}", state.as_str()), 0);
            }
        }
        let states = [
            OrderState::Unknown,
            OrderState::Open,
            OrderState::Filled,
            OrderState::Cancelled,
            OrderState::Rejected,
            OrderState::NotPlaced,
        ];
        for state in states {
            possible.add(ORDERS, state.as_str(), 0);
        }
        for check in checks::ALL.iter().filter(|check| expect.ask(check.name)) {
            possible.add(CHECKS, check.name, 0);
        }
        possible
    }

    /// Counts a run. `labels` names the faults of its plan by their numbers.
    pub fn count(
        &mut self,
        history: &[Record],
        labels: &BTreeMap<u32, String>,
        checks: &[CheckResult],
    ) {
        let mut orders: BTreeSet<(&str, OrderState)> = BTreeSet::new();
        for record in history {
            match &record.event {
                Event::World(WorldEvent::FaultEnded { fault, struck }) => {
                    let label = labels.get(fault).map_or("unplanned", String::as_str);
                    self.add(STRIKES, label, *struck);
                    self.add(PLANNED, label, 1);
                }
                Event::Trader(AuditEvent::BreakerChanged { breaker, to, .. }) => {
                    self.add(BREAKERS, &format!("{breaker} {to}"), 1);
                }
                Event::Trader(AuditEvent::StreamChanged { stream, state, .. }) => {
                    self.add(STREAMS, &format!("{stream} {}", state.as_str()), 1);
                }
                Event::Trader(AuditEvent::OrderChanged { client_order_id, state, .. }) => {
                    orders.insert((client_order_id.as_str(), *state));
                }
                Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
            }
        }
        for (_, state) in orders {
            self.add(ORDERS, state.as_str(), 1);
        }
        for check in checks {
            let examined = match &check.verdict {
                Verdict::Pass { examined } => *examined,
                Verdict::Fail { total, .. } => *total,
                Verdict::Vacuous { .. } => continue,
            };
            self.add(CHECKS, check.name, examined);
        }
    }

    fn add(&mut self, group: &str, item: &str, count: u64) {
        let items = self.0.entry(group.to_owned()).or_default();
        let sum = items.entry(item.to_owned()).or_default();
        *sum = sum.saturating_add(count);
    }
}
