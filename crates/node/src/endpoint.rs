//! The node's own HTTP endpoint: metrics, health, status, dashboard. For reading only.
//!
//! It shares nothing with what trades but the board. A port that is taken, a client that never reads, a
//! flood of connections: all of it is bounded here and felt nowhere else.

mod answer;
mod host;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use platform::health::HealthReporter;
use platform::{Binder, BoxStream, Listener, Spawner, TaskResult};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::board::Board;
use crate::groups::ENDPOINT;
pub use host::is_ours;

/// Connections at once; more are closed at once.
const CONNECTIONS_MAX: usize = 16;
/// Largest head of a request. hyper takes no less.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Longest wait for a head, hence for the next request of a quiet connection, too.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(10);
/// Longest life of a connection: a client that does not read its answer ends with it.
const CONNECTION_MAX: Duration = Duration::from_secs(60);
/// Wait before a port that is taken is tried again.
const BIND_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Wait after a connection that could not be accepted.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves the board, for as long as it is not cancelled. A port that is taken is tried again.
pub(crate) async fn serve(
    address: SocketAddr,
    hosts: Arc<BTreeSet<String>>,
    binder: Arc<dyn Binder>,
    board: Board,
    health: HealthReporter,
    spawner: Spawner,
) -> TaskResult {
    let listener = loop {
        match binder.bind(address).await {
            Ok(listener) => break listener,
            Err(error) => health.down(&format!("{error}: {}", error.source)),
        }
        sleep(BIND_AGAIN_AFTER).await;
    };
    let address = listener.address();
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "endpoint can be read by everybody who reaches this address");
    }
    health.up_with(&format!("listens on {address}"));
    accept(listener, &hosts, &board, &spawner).await
}

async fn accept(
    mut listener: Box<dyn Listener>,
    hosts: &Arc<BTreeSet<String>>,
    board: &Board,
    spawner: &Spawner,
) -> TaskResult {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "endpoint accepts nobody");
                sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                let connection = connection(stream, Arc::clone(hosts), board.clone(), place);
                spawner.spawn(ENDPOINT, "connection", connection);
            }
            Err(_) => tracing::debug!("endpoint has no place for another connection"),
        }
    }
}

async fn connection(
    stream: BoxStream,
    hosts: Arc<BTreeSet<String>>,
    board: Board,
    _place: OwnedSemaphorePermit,
) -> TaskResult {
    let service = service_fn(|request| {
        let answer = answer::to(&request, &hosts, &board);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        // Its date would be that of the machine.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(CONNECTION_MAX, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "connection to the endpoint broke"),
        Err(_) => tracing::debug!("connection to the endpoint lasted too long"),
    }
    Ok(())
}
