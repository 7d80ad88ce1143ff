//! The production node, and what leaks beside it.

use std::future::pending;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use model::audit::AuditEvent;
use platform::AuditTap;
use sim::{TraderContext, TraderProgram, production};
use tokio::time::sleep;

use crate::heap::Heap;

/// What is leaked on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leak {
    Nothing,
    /// Two words for each call on the network.
    Bytes,
    /// A task and a socket every ten minutes.
    TasksAndSockets,
}

/// The production node, its heap looked at, and a leak.
pub(crate) fn program(heap: Arc<Heap>, leak: Leak) -> TraderProgram {
    let node = production();
    Arc::new(move |mut context: TraderContext| {
        context.platform.auditor = context.platform.auditor.tapped(Arc::clone(&heap) as _);
        if leak == Leak::Bytes {
            context.platform.auditor = context.platform.auditor.tapped(Arc::new(Leaky));
        }
        let (leaks, node, heap) = (context.clone(), node(context), Arc::clone(&heap));
        Box::pin(async move {
            heap.start();
            if leak != Leak::TasksAndSockets {
                return node.await;
            }
            tokio::select! {
                biased;
                ended = node => ended,
                () = leak_tasks_and_sockets(leaks) => Ok(()),
            }
        })
    })
}

async fn leak_tasks_and_sockets(context: TraderContext) {
    let endpoint = context.config.kraken.rest.clone();
    loop {
        sleep(Duration::from_secs(590)).await;
        #[expect(clippy::disallowed_methods, reason = "planted leak")]
        drop(tokio::spawn(pending::<()>()));
        let stream = context.platform.connector.connect(&endpoint).await;
        std::mem::forget(stream.expect("the venue listens"));
    }
}

/// Forgets two words for each call.
#[derive(Debug)]
struct Leaky;

impl AuditTap for Leaky {
    fn see(&self, event: &AuditEvent) {
        if matches!(event, AuditEvent::CallStarted { .. }) {
            std::mem::forget(black_box(Box::new([0_u64; 2])));
        }
    }
}
