//! What a person may want to know of a running node, kept up from its audit trail.
//!
//! The board looks on: nothing that trades reads it, and everything on it is bounded.

mod view;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use kraken::Rest;
use model::audit::{AuditEvent, BreakerState, StreamState};
use model::{ClientOrderId, NewOrder, OrderState, Quantity, Symbol};
use parking_lot::Mutex;
use platform::health::{HealthRegistry, HealthSnapshot};
use platform::{AuditTap, Exposition, Spawner};
use tokio::time::Instant;

use crate::dependencies::{Dependencies, Dependency};
use crate::sinks::Sink;
pub(crate) use view::{HealthView, StatusView};

/// Working orders that are shown; the others are counted.
const ORDERS_SHOWN_MAX: usize = 100;
/// Last ended orders that are shown.
const ENDED_SHOWN_MAX: usize = 10;

/// Shared by the audit trail and the endpoint. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    health: HealthRegistry,
    dependencies: Dependencies,
    exposition: Exposition,
    groups: Vec<(&'static str, Spawner)>,
    sinks: Vec<Arc<dyn Sink>>,
    rest: OnceLock<Rest>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Steps of the shutdown so far.
    shutdown: Vec<String>,
    breakers: BTreeMap<String, Breaker>,
    streams: BTreeMap<String, Stream>,
    /// Orders that may still change.
    working: BTreeMap<ClientOrderId, Order>,
    ended: VecDeque<Order>,
    orders_total: u64,
    fills_total: u64,
    positions: BTreeMap<Symbol, Quantity>,
}

#[derive(Debug)]
struct Breaker {
    state: BreakerState,
    cause: String,
    since: Instant,
    /// When the next call may pass, while it is open.
    retry_at: Option<Instant>,
    trips: u64,
}

#[derive(Debug)]
struct Stream {
    state: StreamState,
    reason: String,
    since: Instant,
}

#[derive(Debug, Clone)]
struct Order {
    request: NewOrder,
    state: OrderState,
    filled: Quantity,
    reason: String,
    since: Instant,
}

impl Board {
    pub(crate) fn new(
        health: HealthRegistry,
        dependencies: Dependencies,
        exposition: Exposition,
        groups: Vec<(&'static str, Spawner)>,
        sinks: Vec<Arc<dyn Sink>>,
    ) -> Self {
        let shared = Shared {
            started: Instant::now(),
            health,
            dependencies,
            exposition,
            groups,
            sinks,
            rest: OnceLock::new(),
            state: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Shows the lanes and breakers of a client, too.
    pub(crate) fn watch(&self, rest: &Rest) {
        // Set once: a node has one client of this venue.
        drop(self.shared.rest.set(rest.clone()));
    }

    /// What a breaker guards.
    pub(crate) fn guarded_by(&self, breaker: &str) -> Option<Arc<Dependency>> {
        self.shared.dependencies.guarded_by(breaker)
    }

    /// The key of a venue.
    pub(crate) fn key(&self, venue: &str) -> Option<Arc<Dependency>> {
        self.shared.dependencies.key(venue)
    }

    /// Our clock, as a venue sees it.
    pub(crate) fn clock(&self, venue: &str) -> Option<Arc<Dependency>> {
        self.shared.dependencies.clock(venue)
    }

    /// The health of everything that the node depends on.
    pub(crate) fn health(&self) -> HealthSnapshot {
        self.shared.health.snapshot()
    }

    /// Everything, for people.
    pub(crate) fn status(&self) -> StatusView {
        view::status(&self.shared)
    }

    /// The metrics as text, brought up to date.
    pub(crate) fn metrics(&self) -> String {
        self.publish();
        self.shared.exposition.render()
    }

    /// Brings the metrics up to date that are not written as they change.
    pub(crate) fn publish(&self) {
        let Shared { started, health, rest, groups, sinks, state, dependencies, .. } =
            &*self.shared;
        if state.lock().shutdown.is_empty() {
            dependencies.settle();
        }
        health.publish();
        if let Some(rest) = rest.get() {
            rest.publish();
            rest.lanes().into_iter().for_each(|lane| lane.breaker().publish());
        }
        for (_, group) in groups {
            group.publish();
        }
        sinks.iter().for_each(|sink| sink.publish());
        let state = state.lock();
        gauge("wavetank_orders_working", state.working.len());
        metrics::counter!("wavetank_orders_total").absolute(state.orders_total);
        metrics::counter!("wavetank_fills_total").absolute(state.fills_total);
        metrics::gauge!("wavetank_uptime_seconds").set(started.elapsed().as_secs_f64());
    }
}

/// Counts of this program are far below what a float holds exactly.
fn gauge(name: &'static str, count: usize) {
    metrics::gauge!(name).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
}

/// The board as the audit trail reaches it.
///
/// The board shows the venue's client, whose lanes tell the audit trail: to hold the board in turn would keep
/// all of them for ever.
#[derive(Debug)]
struct BoardTap(Weak<Shared>);

impl AuditTap for BoardTap {
    fn see(&self, event: &AuditEvent) {
        if let Some(shared) = self.0.upgrade() {
            Board { shared }.see(event);
        }
    }
}

impl Board {
    /// What the audit trail tells, until the board is gone.
    pub(crate) fn tap(&self) -> Arc<dyn AuditTap> {
        Arc::new(BoardTap(Arc::downgrade(&self.shared)))
    }

    fn see(&self, event: &AuditEvent) {
        let Shared { health, dependencies, state, .. } = &*self.shared;
        let mut state = state.lock();
        state.see(event);
        let stopping = !state.shutdown.is_empty();
        drop(state);
        if stopping {
            // What is closed on purpose has not failed.
            health.stopping();
        } else {
            dependencies.see(event);
        }
    }
}

impl State {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are not shown")]
    fn see(&mut self, event: &AuditEvent) {
        match event {
            AuditEvent::BreakerChanged { breaker, to, cause, open_ms, .. } => {
                self.breaker(breaker, *to, cause, open_ms.map(Duration::from_millis));
            }
            AuditEvent::StreamChanged { stream, state, reason } => {
                let stream_now =
                    Stream { state: *state, reason: reason.clone(), since: Instant::now() };
                self.streams.insert(stream.clone(), stream_now);
            }
            AuditEvent::OrderIntent { order } => {
                self.orders_total += 1;
                let (id, order) = (order.client_order_id.clone(), Order::new(order.clone()));
                self.working.insert(id, order);
            }
            AuditEvent::OrderChanged { client_order_id, state, filled, reason, .. } => {
                self.order(client_order_id, *state, *filled, reason.as_deref());
            }
            AuditEvent::Filled { .. } => self.fills_total += 1,
            AuditEvent::PositionChanged { symbol, quantity } => {
                self.positions.insert(symbol.clone(), *quantity);
            }
            AuditEvent::Shutdown { step, unfinished } => {
                self.shutdown.push(step.clone());
                self.shutdown.extend(unfinished.iter().map(|left| format!("{step}: {left}")));
            }
            _ => {}
        }
    }

    fn breaker(&mut self, name: &str, to: BreakerState, cause: &str, open_for: Option<Duration>) {
        let now = Instant::now();
        let trips = self.breakers.get(name).map_or(0, |breaker| breaker.trips);
        let breaker = Breaker {
            state: to,
            cause: cause.to_owned(),
            since: now,
            retry_at: open_for.map(|time| now + time),
            trips: trips + u64::from(to == BreakerState::Open),
        };
        self.breakers.insert(name.to_owned(), breaker);
    }

    fn order(
        &mut self,
        id: &ClientOrderId,
        state: OrderState,
        filled: Quantity,
        reason: Option<&str>,
    ) {
        let Some(order) = self.working.get_mut(id) else { return };
        if order.state != state {
            order.since = Instant::now();
        }
        order.state = state;
        order.filled = filled;
        reason.unwrap_or_default().clone_into(&mut order.reason);
        if state.is_final()
            && let Some(order) = self.working.remove(id)
        {
            self.ended.push_front(order);
            self.ended.truncate(ENDED_SHOWN_MAX);
        }
    }
}

impl Order {
    fn new(request: NewOrder) -> Self {
        Self {
            request,
            state: OrderState::Created,
            filled: Quantity::ZERO,
            reason: String::new(),
            since: Instant::now(),
        }
    }
}
