//! The loop around the engine: one event, one step, its actions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use engine::{Action, Engine, EngineEvent};
use model::audit::AuditEvent;
use model::{FeedEvent, Intake, Trade};
use platform::Auditor;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::heritage::Positions;
use crate::orders::OrderDesk;
use crate::run::NodeReport;

/// The engine with hands.
pub(crate) struct Core {
    engine: Engine,
    desk: OrderDesk,
    auditor: Auditor,
    steps: StepCounter,
    restricted: Restricted,
}

/// The engine's step number, for tasks that must know what the engine knew when they asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepCounter(Arc<AtomicU64>);

impl StepCounter {
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the venue said that it does not take every order, for tasks that must ask when that is over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Restricted(Arc<AtomicBool>);

impl Restricted {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, restricted: bool) {
        self.0.store(restricted, Ordering::Relaxed);
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
        let (steps, restricted) = (StepCounter::default(), Restricted::default());
        Self { engine, desk, auditor, steps, restricted }
    }

    pub(crate) fn step_counter(&self) -> StepCounter {
        self.steps.clone()
    }

    pub(crate) fn restricted(&self) -> Restricted {
        self.restricted.clone()
    }

    /// Tells the engine what earlier runs hold.
    pub(crate) fn inherit(&mut self, positions: Positions) {
        self.step(EngineEvent::Inherited(positions));
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
                Some(event) = feed.recv() => self.hear(event),
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

    /// Hands the engine what a stream tells.
    fn hear(&mut self, event: FeedEvent) {
        if let FeedEvent::Trade(Trade { symbol, trade_id: Some(trade_id), .. }) = &event {
            let (symbol, trade_id) = (symbol.clone(), *trade_id);
            self.auditor.record(AuditEvent::TradeSeen { symbol, trade_id });
        }
        self.step(EngineEvent::Feed(event));
    }

    fn step(&mut self, event: EngineEvent) {
        let actions = self.engine.step(event);
        self.steps.0.store(self.engine.steps(), Ordering::Relaxed);
        self.restricted.set(self.engine.intake() != Intake::Open);
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
