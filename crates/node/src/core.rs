//! The loop around the engine: one event, one step, its actions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::{Action, Engine, EngineEvent};
use model::FeedEvent;
use model::audit::AuditEvent;
use platform::Auditor;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::orders::OrderDesk;
use crate::run::NodeReport;

/// The engine with hands.
pub(crate) struct Core {
    engine: Engine,
    desk: OrderDesk,
    auditor: Auditor,
    steps: StepCounter,
}

/// The engine's step number, for tasks that must know what the engine knew when they asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepCounter(Arc<AtomicU64>);

impl StepCounter {
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What may end the trading.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Somebody wants it to end.
    pub(crate) stop: CancellationToken,
    /// A stream failed for good.
    pub(crate) feeds_failed: CancellationToken,
    /// A connection's task panicked.
    pub(crate) connections_failed: CancellationToken,
    /// A task of a sink failed that the node is of no use without.
    pub(crate) sinks_failed: CancellationToken,
    /// An order's task panicked: nothing can be settled any more.
    pub(crate) orders_failed: CancellationToken,
}

impl Signals {
    /// Orders shall be settled, then the node ends.
    async fn wind_down(&self) {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.feeds_failed.cancelled() => {}
            () = self.connections_failed.cancelled() => {}
            () = self.sinks_failed.cancelled() => {}
        }
    }
}

impl Core {
    pub(crate) fn new(engine: Engine, desk: OrderDesk, auditor: Auditor) -> Self {
        Self { engine, desk, auditor, steps: StepCounter::default() }
    }

    pub(crate) fn step_counter(&self) -> StepCounter {
        self.steps.clone()
    }

    /// Feeds the engine until it shall end, then until its orders are settled, at most `settle_max`.
    pub(crate) async fn trade(
        &mut self,
        feed: &mut mpsc::Receiver<FeedEvent>,
        mut answers: mpsc::Receiver<EngineEvent>,
        signals: &Signals,
        settle_max: Duration,
    ) {
        let mut settle_until: Option<Instant> = None;
        loop {
            if settle_until.is_some() && self.engine.is_settled() {
                return;
            }
            if settle_until.is_none() && self.engine.failure().is_some() {
                settle_until = Some(self.stop_intake(settle_max));
            }
            let settled_late = async {
                match settle_until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = signals.orders_failed.cancelled() => return,
                () = signals.wind_down(), if settle_until.is_none() => {
                    settle_until = Some(self.stop_intake(settle_max));
                }
                () = settled_late => return,
                Some(answer) = answers.recv() => self.step(answer),
                Some(event) = feed.recv() => self.step(EngineEvent::Feed(event)),
            }
        }
    }

    /// The message of the strategy's panic, if it panicked.
    pub(crate) fn strategy_failure(&self) -> Option<String> {
        self.engine.failure().map(str::to_owned)
    }

    pub(crate) fn report(&self) -> NodeReport {
        let orders = self.engine.orders();
        let unsettled = orders
            .working()
            .map(|order| format!("order {} is {}", order.request().client_order_id, order.state()))
            .collect();
        NodeReport {
            steps: self.engine.steps(),
            orders: orders.placed(),
            wishes_dropped: self.engine.wishes_dropped(),
            unsettled,
            left: Vec::new(),
        }
    }

    /// No new orders from now on; returns until when open ones may take to end.
    fn stop_intake(&mut self, settle_max: Duration) -> Instant {
        for step in ["stop-intake", "settle-orders"] {
            let event = AuditEvent::Shutdown { step: step.to_owned(), unfinished: Vec::new() };
            self.auditor.record(event);
        }
        self.step(EngineEvent::Stop);
        Instant::now() + settle_max
    }

    fn step(&mut self, event: EngineEvent) {
        let actions = self.engine.step(event);
        self.steps.0.store(self.engine.steps(), Ordering::Relaxed);
        for action in actions {
            match action {
                Action::Audit(event) => self.auditor.record(event),
                Action::Submit(order) => self.desk.submit(order),
                Action::Cancel { client_order_id, venue_order_id, symbol } => {
                    self.desk.cancel(client_order_id, venue_order_id, symbol);
                }
                Action::Locate { client_order_id, venue_order_id } => {
                    self.desk.locate(client_order_id, venue_order_id);
                }
                Action::FetchFills { client_order_id, venue_order_id, filled } => {
                    self.desk.fetch_fills(client_order_id, venue_order_id, filled);
                }
            }
        }
    }
}
