//! Connections of the served venue: how many, for how long, and in TLS or not.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use platform::{BoxStream, Listener, Spawner, TaskResult};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use venue_sim::kraken::{KrakenSim, Role};

use crate::commands::serve::tls::Tls;

/// Connections at once. For one more the one is cut that neither said nor took anything for longest.
pub(super) const CONNECTIONS_MAX: usize = 1_024;
/// Wait after a connection that could not be accepted.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The connections that are open. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    open: BTreeMap<u64, Place>,
}

#[derive(Debug)]
struct Place {
    heard: Arc<Mutex<Instant>>,
    cut: CancellationToken,
}

/// A place that is free again when this is dropped.
struct Taken {
    places: Places,
    number: u64,
    heard: Arc<Mutex<Instant>>,
    cut: CancellationToken,
}

impl Places {
    pub(super) fn count(&self) -> usize {
        self.0.lock().open.len()
    }

    /// A place for one more, if need be that of the quietest.
    fn take(&self) -> Taken {
        let mut state = self.0.lock();
        if state.open.len() >= CONNECTIONS_MAX {
            let quiet = state.open.iter().min_by_key(|(_, place)| *place.heard.lock());
            let quiet = quiet.map(|(number, _)| *number);
            if let Some(place) = quiet.and_then(|number| state.open.remove(&number)) {
                place.cut.cancel();
            }
        }
        state.next += 1;
        let number = state.next;
        let (heard, cut) = (Arc::new(Mutex::new(Instant::now())), CancellationToken::new());
        let place = Place { heard: Arc::clone(&heard), cut: cut.clone() };
        state.open.insert(number, place);
        drop(state);
        Taken { places: self.clone(), number, heard, cut }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places.0.lock().open.remove(&self.number);
    }
}

/// Accepts connections for as long as the group lives.
pub(super) async fn accept(
    mut listener: Box<dyn Listener>,
    venue: KrakenSim,
    tls: Option<Tls>,
    places: Places,
    connections: Spawner,
) -> TaskResult {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let taken = places.take();
        let (venue, spawner, tls) = (venue.clone(), connections.clone(), tls.clone());
        connections.spawn("connections", "connection", async move {
            let heard = Heard { stream, at: Arc::clone(&taken.heard) };
            let served = async {
                let Some(stream) = secured(tls, Box::new(heard)).await else { return };
                venue.serve_connection(Role::Any, peer.ip(), stream, spawner).await;
            };
            tokio::select! {
                biased;
                () = taken.cut.cancelled() => tracing::debug!("a quiet connection was cut"),
                () = served => {}
            }
            Ok(())
        });
    }
}

/// The stream within TLS, if that is spoken; `None` if the client does not.
async fn secured(tls: Option<Tls>, stream: BoxStream) -> Option<BoxStream> {
    match tls {
        None => Some(stream),
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                tracing::debug!(%error, "no TLS was agreed on");
                None
            }
        },
    }
}

/// A stream that notes when anything last came or went: who only listens to a subscription is not idle.
struct Heard {
    stream: BoxStream,
    at: Arc<Mutex<Instant>>,
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            *self.at.lock() = Instant::now();
        }
        read
    }
}

impl Heard {
    /// Notes what the other side took.
    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(bytes)) if bytes > 0) {
            *self.at.lock() = Instant::now();
        }
        written
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_quietest_connection_makes_place_for_a_new_one() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            taken.push(places.take());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The first one speaks again, so that the second is the quietest.
        *taken[0].heard.lock() = Instant::now();
        let _new = places.take();
        assert_eq!(places.count(), CONNECTIONS_MAX);
        let cut: Vec<bool> = taken.iter().map(|place| place.cut.is_cancelled()).collect();
        assert_eq!(cut.iter().position(|cut| *cut), Some(1));
        assert_eq!(cut.iter().filter(|cut| **cut).count(), 1);
        drop(taken);
        assert_eq!(places.count(), 1);
    }

    /// A connection that reads as much as a pipe holds.
    fn heard(window: usize) -> (Heard, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(window);
        (Heard { stream: Box::new(ours), at: Arc::new(Mutex::new(Instant::now())) }, theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_what_is_sent_is_not_idle_and_who_does_not_is() {
        use tokio::io::AsyncWriteExt as _;
        let began = Instant::now();
        let (mut stream, _listener) = heard(8);
        tokio::time::sleep(Duration::from_secs(1)).await;
        stream.write_all(b"12345678").await.expect("there is room");
        assert_eq!(stream.at.lock().duration_since(began).as_secs(), 1);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let more = tokio::time::timeout(Duration::from_secs(1), stream.write_all(b"9")).await;
        assert!(more.is_err(), "nobody reads");
        assert_eq!(stream.at.lock().duration_since(began).as_secs(), 1);
    }
}
