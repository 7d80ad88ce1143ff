//! What the tests of both protocols share.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Polls after which a future that never ends is a bug.
const POLLS_MAX: usize = 1000;

/// Virtual time after a drop in which the tasks behind it hear of it.
const SETTLE: Duration = Duration::from_millis(50);

/// Runs a future again and again, each time a new one, and drops it after its 0th, 1st, 2nd, ... poll,
/// until one of them completes. Returns what that one brought, and its number of polls.
///
/// After each drop, and once the tasks behind the future had time to notice, `after_drop` checks what
/// must hold then; it gets the number of polls that the dropped future had.
pub(crate) async fn drop_at_every_poll<F: Future>(
    mut make: impl FnMut() -> F,
    mut after_drop: impl FnMut(usize),
) -> (F::Output, usize) {
    for polls in 0..=POLLS_MAX {
        let mut left = polls;
        let mut future = Box::pin(make());
        let ended = poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            match future.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let ended = ended.await;
        drop(future);
        if let Some(output) = ended {
            return (output, polls);
        }
        sleep(SETTLE).await;
        after_drop(polls);
    }
    panic!("not ready after {POLLS_MAX} polls");
}

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
