//! A network of in-memory pipes, for tests: the far ends of the streams come out of a channel.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use platform::{BoxFuture, BoxStream, ConnectError, Connector, Endpoint};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Bytes that a pipe holds.
pub(crate) const PIPE_BYTES: usize = 4096;

/// What becomes of a dial.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dial {
    Refuse,
    Hang,
}

#[derive(Debug)]
pub(crate) struct TestNet {
    /// What becomes of the next dials; those after them are accepted.
    plan: Mutex<VecDeque<Dial>>,
    /// Time that a dial takes.
    takes: Duration,
    far_ends: mpsc::Sender<DuplexStream>,
    dials: AtomicUsize,
}

impl TestNet {
    pub(crate) fn new(plan: &[Dial]) -> (Arc<Self>, mpsc::Receiver<DuplexStream>) {
        Self::build(plan, Duration::ZERO)
    }

    /// A network whose dials take time.
    pub(crate) fn slow(takes: Duration) -> (Arc<Self>, mpsc::Receiver<DuplexStream>) {
        Self::build(&[], takes)
    }

    fn build(plan: &[Dial], takes: Duration) -> (Arc<Self>, mpsc::Receiver<DuplexStream>) {
        let (far_ends, accepted) = mpsc::channel(64);
        let net = Self {
            plan: Mutex::new(plan.iter().copied().collect()),
            takes,
            far_ends,
            dials: AtomicUsize::new(0),
        };
        (Arc::new(net), accepted)
    }

    pub(crate) fn dials(&self) -> usize {
        self.dials.load(Ordering::Relaxed)
    }
}

impl Connector for TestNet {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        self.dials.fetch_add(1, Ordering::Relaxed);
        let planned = self.plan.lock().pop_front();
        Box::pin(async move {
            match planned {
                Some(Dial::Hang) => pending().await,
                Some(Dial::Refuse) => {
                    let refused = io::ErrorKind::ConnectionRefused.into();
                    Err(ConnectError::from_io(endpoint, refused))
                }
                None => {
                    sleep(self.takes).await;
                    let (near, far) = tokio::io::duplex(PIPE_BYTES);
                    self.far_ends.send(far).await.expect("a server listens");
                    Ok(Box::new(near) as BoxStream)
                }
            }
        })
    }
}

pub(crate) fn endpoint(host: &str) -> Endpoint {
    Endpoint { host: host.to_owned(), port: 8080, tls: false }
}

/// Reads the head of an HTTP message.
pub(crate) async fn read_head(stream: &mut DuplexStream) -> String {
    next_head(stream).await.expect("a head")
}

/// As [`read_head`]; `None` when the stream ends instead.
pub(crate) async fn next_head(stream: &mut DuplexStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

pub(crate) async fn write(stream: &mut DuplexStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("a listener");
}
