//! What runs beside a production node, on its host and in its name: it hears the audit trail and makes calls of its
//! own, as a faulty part of the node would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kraken::Rest;
use model::audit::{AuditEvent, CallOutcome};
use model::{ClientOrderId, NewOrder};
use platform::{AuditTap, Auditor, BoxFuture, Platform, TaskGroup};
use resilience::{Breaker, BreakerConfig};
use sim::{Setup, TraderContext, production};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Events that may wait for an accomplice.
const HEARD_MAX: usize = 4_096;

/// Time for its tasks to end.
const GRACE: Duration = Duration::from_secs(1);

/// What an accomplice gets.
pub(crate) struct Ear {
    pub(crate) context: TraderContext,
    /// The node's audit trail, not that of the accomplice itself.
    heard: mpsc::Receiver<AuditEvent>,
    /// Cancelled when the node has ended.
    ended: CancellationToken,
}

impl Ear {
    /// The next event; `None` when the node has ended.
    async fn next(&mut self) -> Option<AuditEvent> {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => None,
            event = self.heard.recv() => event,
        }
    }

    /// Waits, at most until the node has ended; false then.
    async fn waited(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => false,
            () = sleep(time) => true,
        }
    }
}

#[derive(Debug)]
struct Tap(mpsc::Sender<AuditEvent>);

impl AuditTap for Tap {
    fn see(&self, event: &AuditEvent) {
        drop(self.0.try_send(event.clone()));
    }
}

/// Runs an accomplice beside the node; its time ends with the node's.
pub(crate) fn beside_node(setup: &mut Setup, accomplice: fn(Ear) -> BoxFuture<'static, ()>) {
    let node = production();
    setup.program = Arc::new(move |mut context: TraderContext| {
        let (tell, heard) = mpsc::channel(HEARD_MAX);
        let ended = CancellationToken::new();
        let other = accomplice(Ear { context: context.clone(), heard, ended: ended.clone() });
        context.platform.auditor = context.platform.auditor.tapped(Arc::new(Tap(tell)));
        let node = node(context);
        Box::pin(async move {
            let node = async {
                let result = node.await;
                ended.cancel();
                result
            };
            let (result, ()) = tokio::join!(node, other);
            result
        })
    });
}

/// Sends an order again of which nobody knows whether it was placed, as `again` makes it of the first one.
async fn send_again(mut ear: Ear, again: fn(NewOrder) -> NewOrder) {
    let group = TaskGroup::new("accomplice");
    let TraderContext { config, platform, .. } = &ear.context;
    let rest = Rest::new(&config.kraken, platform, group.spawner()).expect("a valid configuration");
    let (mut wanted, mut sent) = (BTreeMap::<ClientOrderId, NewOrder>::new(), BTreeMap::new());
    while let Some(event) = ear.next().await {
        if let AuditEvent::OrderIntent { order } = event {
            wanted.insert(order.client_order_id.clone(), order);
        } else if let AuditEvent::CallStarted { call, client_order_id: Some(id), .. } = event {
            sent.insert(call, id);
        } else if let AuditEvent::CallEnded { call, outcome, .. } = event
            && let Some(order) = sent.remove(&call).and_then(|id| wanted.get(&id))
            && outcome == CallOutcome::Failure
        {
            let order = again(order.clone());
            // Whatever becomes of it: a faulty part would not know better.
            tokio::select! {
                biased;
                () = ear.ended.cancelled() => {}
                placed = rest.add_order(&order) => drop(placed),
            }
        }
    }
    drop(rest);
    group.cancel();
    group.join(GRACE).await.expect("connections end");
}

/// An order whose answer was lost is sent again under the same id.
pub(crate) fn resend(ear: Ear) -> BoxFuture<'static, ()> {
    Box::pin(send_again(ear, |order| order))
}

/// The same under a new id.
pub(crate) fn resend_renamed(ear: Ear) -> BoxFuture<'static, ()> {
    Box::pin(send_again(ear, |order| {
        let id = format!("{}2", &order.client_order_id.as_str()[1..]);
        NewOrder { client_order_id: ClientOrderId::new(&id).expect("a valid id"), ..order }
    }))
}

/// A breaker of the accomplice's own, which guards calls that it only tells of.
struct Guarded {
    breaker: Arc<Breaker>,
    auditor: Auditor,
}

impl Guarded {
    fn new(platform: &Platform) -> Self {
        let entropy = platform.entropy.stream("accomplice");
        let auditor = platform.auditor.clone();
        let breaker =
            Breaker::observed("kraken/odd", BreakerConfig::default(), auditor.clone(), entropy);
        Self { breaker: Arc::new(breaker.expect("a valid configuration")), auditor }
    }

    /// A call that ends at once: it is told as `told` and counts as `counted`; with nothing to count its permit is
    /// lost.
    fn call(&self, told: CallOutcome, counted: Option<CallOutcome>) {
        let Ok(permit) = self.breaker.acquire() else { return };
        let bound = Duration::from_secs(10);
        let call = self.auditor.call_started("kraken/Odd", Some("kraken/odd"), bound, None);
        call.end(told, None);
        match counted {
            Some(outcome) => {
                permit.record(outcome, "odd");
            }
            None => std::mem::forget(permit),
        }
    }
}

/// A breaker for which calls count as failures whose callers went away.
pub(crate) fn count_cancellations(ear: Ear) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let guarded = Guarded::new(&ear.context.platform);
        while ear.waited(Duration::from_secs(1)).await {
            guarded.call(CallOutcome::Cancelled, Some(CallOutcome::Failure));
        }
    })
}

/// A breaker whose probes lose their slots when their callers go away.
pub(crate) fn leak_probes(ear: Ear) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let guarded = Guarded::new(&ear.context.platform);
        for _ in 0..5 {
            guarded.call(CallOutcome::Failure, Some(CallOutcome::Failure));
        }
        while ear.waited(Duration::from_secs(1)).await {
            guarded.call(CallOutcome::Cancelled, None);
        }
    })
}
