//! What the tests of both protocols share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Virtual time after a drop in which the tasks behind it hear of it.
pub(crate) const SETTLE: Duration = Duration::from_millis(50);

/// Connections that a server holds. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live(Arc<AtomicUsize>);

impl Live {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves each connection by a future of its own, for as long as the network lives.
pub(crate) fn serve_each<F>(
    spawner: &platform::Spawner,
    mut accepted: mpsc::Receiver<DuplexStream>,
    serve: fn(DuplexStream) -> F,
) -> Live
where
    F: Future<Output = ()> + Send + 'static,
{
    let live = Live::default();
    let (connections, counter) = (spawner.clone(), live.clone());
    spawner.spawn("server", "accept", async move {
        while let Some(stream) = accepted.recv().await {
            counter.0.fetch_add(1, Ordering::Relaxed);
            let counter = counter.clone();
            connections.spawn("server", "connection", async move {
                serve(stream).await;
                counter.0.fetch_sub(1, Ordering::Relaxed);
                Ok(())
            });
        }
        Ok(())
    });
    live
}
