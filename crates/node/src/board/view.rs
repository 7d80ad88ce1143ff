//! The board as JSON: times are milliseconds from now, so that a reader needs no clock of ours.

use std::time::Duration;

use model::OrderKind;
use platform::health::{DependencyHealth, HealthSnapshot};
use platform::{TaskState, TaskStatus};
use serde::Serialize;
use tokio::time::Instant;

use super::{Breaker, ORDERS_SHOWN_MAX, Order, Shared, Stream};

/// Answer to `/health`.
#[derive(Debug, Serialize)]
pub(crate) struct HealthView {
    status: &'static str,
    dependencies: Vec<DependencyView>,
}

#[derive(Debug, Serialize)]
struct DependencyView {
    name: String,
    critical: bool,
    state: &'static str,
    reason: String,
    for_ms: u64,
}

/// Answer to `/status`: everything that the dashboard shows.
#[derive(Debug, Serialize)]
pub(crate) struct StatusView {
    status: &'static str,
    uptime_ms: u64,
    /// Steps of the shutdown so far, and what they left.
    shutdown: Vec<String>,
    dependencies: Vec<DependencyView>,
    breakers: Vec<BreakerView>,
    lanes: Vec<LaneView>,
    limiters: Vec<LimiterView>,
    streams: Vec<StreamView>,
    orders: OrdersView,
    tasks: Vec<GroupView>,
}

#[derive(Debug, Serialize)]
struct BreakerView {
    name: String,
    state: &'static str,
    cause: String,
    for_ms: Option<u64>,
    /// Time to the next probe, while it is open.
    retry_in_ms: Option<u64>,
    trips: u64,
}

#[derive(Debug, Serialize)]
struct LaneView {
    name: String,
    calls: u64,
    attempts: u64,
    retries: u64,
    retries_denied: u64,
    timeouts: u64,
}

/// A rate limit, by the one of its windows that is nearest to its end.
#[derive(Debug, Serialize)]
struct LimiterView {
    name: String,
    used: u32,
    capacity: u32,
    waiting: usize,
    refused: u64,
    paused_ms: u64,
}

#[derive(Debug, Serialize)]
struct StreamView {
    name: String,
    state: &'static str,
    reason: String,
    for_ms: u64,
}

#[derive(Debug, Serialize)]
struct OrdersView {
    total: u64,
    fills: u64,
    working: usize,
    /// Those that may still change, then the last ended ones.
    shown: Vec<OrderView>,
    positions: Vec<PositionView>,
}

#[derive(Debug, Serialize)]
struct OrderView {
    id: String,
    symbol: String,
    side: &'static str,
    quantity: String,
    filled: String,
    price: String,
    state: &'static str,
    reason: String,
    for_ms: u64,
}

#[derive(Debug, Serialize)]
struct PositionView {
    symbol: String,
    quantity: String,
}

#[derive(Debug, Serialize)]
struct GroupView {
    group: &'static str,
    running: Vec<TaskView>,
    /// Tasks that ended badly, of the last ones that ended.
    failed: Vec<TaskView>,
}

#[derive(Debug, Serialize)]
struct TaskView {
    name: String,
    for_ms: u64,
}

impl From<HealthSnapshot> for HealthView {
    fn from(snapshot: HealthSnapshot) -> Self {
        let HealthSnapshot { overall, dependencies } = snapshot;
        Self {
            status: overall.as_str(),
            dependencies: dependencies.into_iter().map(DependencyView::from).collect(),
        }
    }
}

impl From<DependencyHealth> for DependencyView {
    fn from(dependency: DependencyHealth) -> Self {
        let DependencyHealth { name, criticality, state, reason, lasts } = dependency;
        Self {
            name,
            critical: criticality.is_critical(),
            state: state.as_str(),
            reason,
            for_ms: millis(lasts),
        }
    }
}

/// Everything that is known now.
pub(super) fn status(shared: &Shared) -> StatusView {
    let HealthView { status, dependencies } = shared.health.snapshot().into();
    let (lanes, lane_breakers) = lanes(shared);
    let state = shared.state.lock();
    let mut breakers: Vec<_> =
        state.breakers.iter().map(|(name, breaker)| breaker_view(name, breaker)).collect();
    let never_changed = lane_breakers.into_iter().filter(|name| !state.breakers.contains_key(name));
    breakers.extend(never_changed.map(closed));
    breakers.sort_by(|a, b| a.name.cmp(&b.name));
    let working = state.working.values().take(ORDERS_SHOWN_MAX);
    let positions = state.positions.iter().map(|(symbol, quantity)| PositionView {
        symbol: symbol.to_string(),
        quantity: quantity.to_string(),
    });
    let orders = OrdersView {
        total: state.orders_total,
        fills: state.fills_total,
        working: state.working.len(),
        shown: working.chain(&state.ended).map(order_view).collect(),
        positions: positions.collect(),
    };
    StatusView {
        status,
        uptime_ms: millis(shared.started.elapsed()),
        shutdown: state.shutdown.clone(),
        dependencies,
        breakers,
        lanes,
        limiters: limiters(shared),
        streams: state.streams.iter().map(|(name, stream)| stream_view(name, stream)).collect(),
        orders,
        tasks: shared
            .groups
            .iter()
            .map(|(group, tasks)| group_view(group, tasks.status()))
            .collect(),
    }
}

/// The lanes, and the names of their breakers, which have no history until they change.
fn lanes(shared: &Shared) -> (Vec<LaneView>, Vec<String>) {
    let Some(rest) = shared.rest.get() else { return (Vec::new(), Vec::new()) };
    let view = |lane: &resilience::Lane| {
        let now = lane.snapshot();
        LaneView {
            name: lane.name().to_owned(),
            calls: now.calls,
            attempts: now.sent,
            retries: now.retries,
            retries_denied: now.retries_denied,
            timeouts: now.timeouts,
        }
    };
    let lanes: Vec<_> = rest.lanes().into_iter().map(view).collect();
    let names = lanes.iter().map(|lane| lane.name.clone()).collect();
    (lanes, names)
}

fn limiters(shared: &Shared) -> Vec<LimiterView> {
    let view = |limiter: resilience::Limiter| {
        let now = limiter.snapshot();
        let tightest = now.tightest();
        LimiterView {
            name: limiter.name().to_owned(),
            used: tightest.used,
            capacity: tightest.capacity,
            waiting: now.waiting,
            refused: now.refused,
            paused_ms: millis(now.paused_for),
        }
    };
    shared
        .rest
        .get()
        .map(kraken::Rest::limiters)
        .unwrap_or_default()
        .into_iter()
        .map(view)
        .collect()
}

fn closed(name: String) -> BreakerView {
    let state = model::audit::BreakerState::Closed.as_str();
    BreakerView { name, state, cause: String::new(), for_ms: None, retry_in_ms: None, trips: 0 }
}

fn breaker_view(name: &str, breaker: &Breaker) -> BreakerView {
    let left = |at: Instant| millis(at.saturating_duration_since(Instant::now()));
    BreakerView {
        name: name.to_owned(),
        state: breaker.state.as_str(),
        cause: breaker.cause.clone(),
        for_ms: Some(millis(breaker.since.elapsed())),
        retry_in_ms: breaker.retry_at.map(left),
        trips: breaker.trips,
    }
}

fn stream_view(name: &str, stream: &Stream) -> StreamView {
    StreamView {
        name: name.to_owned(),
        state: stream.state.as_str(),
        reason: stream.reason.clone(),
        for_ms: millis(stream.since.elapsed()),
    }
}

fn order_view(order: &Order) -> OrderView {
    let request = &order.request;
    OrderView {
        id: request.client_order_id.to_string(),
        symbol: request.symbol.to_string(),
        side: request.side.as_str(),
        quantity: request.quantity.to_string(),
        filled: order.filled.to_string(),
        price: match request.kind {
            OrderKind::Market => "market".to_owned(),
            OrderKind::Limit { price, .. } => price.to_string(),
            OrderKind::Triggered { trigger, price, limit: None } => {
                format!("{} {price}", trigger.as_str())
            }
            OrderKind::Triggered { trigger, price, limit: Some(limit) } => {
                format!("{} {price}, limit {limit}", trigger.as_str())
            }
        },
        state: order.state.as_str(),
        reason: order.reason.clone(),
        for_ms: millis(order.since.elapsed()),
    }
}

fn group_view(group: &'static str, tasks: Vec<TaskStatus>) -> GroupView {
    let mut view = GroupView { group, running: Vec::new(), failed: Vec::new() };
    for TaskStatus { name, state, ran_for, .. } in tasks {
        let task = TaskView { name: name.into_owned(), for_ms: millis(ran_for) };
        match state {
            TaskState::Running => view.running.push(task),
            TaskState::Failed | TaskState::Panicked => view.failed.push(task),
            TaskState::Done | TaskState::Cancelled => {}
        }
    }
    view
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
