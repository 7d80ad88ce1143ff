//! Traders in whom something is missing or wrong: settings, and what sits between a trader and its streams.
//! Production code is as it is.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, mem};

use kraken::KrakenConfig;
use platform::{BoxFuture, BoxStream, ConnectError, Connector, Endpoint};
use resilience::BreakerPolicy;
use sim::{INFLUX, KRAKEN_PRIVATE, KRAKEN_PUBLIC, Setup, TraderContext, TraderProgram, production};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// Nothing that is waited for ever ends by itself.
pub(crate) fn no_timeouts(kraken: &mut KrakenConfig) {
    for lane in [&mut kraken.read_lane, &mut kraken.order_lane, &mut kraken.cancel_lane] {
        lane.attempt_timeout = HOUR;
    }
    kraken.request_timeout = HOUR;
    kraken.http.connect_timeout = HOUR;
    kraken.http.exchange_timeout = HOUR;
    kraken.connect_timeout = HOUR;
}

/// Breakers that do not open for any number of failures that a run can have.
pub(crate) fn no_breakers(kraken: &mut KrakenConfig) {
    let policy = BreakerPolicy::Consecutive { failures: 60_000 };
    for lane in [&mut kraken.read_lane, &mut kraken.order_lane, &mut kraken.cancel_lane] {
        lane.breaker.policy = policy;
    }
    kraken.connect_breaker.policy = policy;
}

/// Puts something between the trader and every stream that it opens.
pub(crate) fn wrap(
    setup: &mut Setup,
    with: impl Fn(&Endpoint, BoxStream) -> BoxStream + Send + Sync + 'static,
) {
    let with = Arc::new(with);
    setup.program = Arc::new(move |mut context: TraderContext| {
        let inner = Arc::clone(&context.platform.connector);
        context.platform.connector = Arc::new(Saboteur { inner, with: Arc::clone(&with) });
        production()(context)
    });
}

struct Saboteur<W> {
    inner: Arc<dyn Connector>,
    with: Arc<W>,
}

impl<W> std::fmt::Debug for Saboteur<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Saboteur(..)")
    }
}

impl<W: Fn(&Endpoint, BoxStream) -> BoxStream + Send + Sync + 'static> Connector for Saboteur<W> {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move { Ok((self.with)(endpoint, self.inner.connect(endpoint).await?)) })
    }
}

/// The trader reads one text where another of the same length was sent.
pub(crate) fn read_instead(setup: &mut Setup, sent: &'static str, read: &'static str) {
    wrap(setup, move |_, inner| misread(inner, sent, read));
}

/// Updates of the book reach the first connection only, as if later ones did not subscribe.
pub(crate) fn deaf_after_a_reconnect(setup: &mut Setup) {
    let dials = AtomicU32::new(0);
    wrap(setup, move |endpoint, inner| {
        let again = endpoint.host == KRAKEN_PUBLIC && dials.fetch_add(1, Ordering::Relaxed) > 0;
        let (sent, read) = (
            "\"channel\":\"book\",\"type\":\"update\"",
            "\"channel\":\"b00k\",\"type\":\"update\"",
        );
        if again { misread(inner, sent, read) } else { inner }
    });
}

/// The trader hears of no execution.
pub(crate) fn deaf_to_executions(setup: &mut Setup) {
    wrap(setup, move |endpoint, inner| {
        let private = endpoint.host == KRAKEN_PRIVATE;
        let (sent, read) = ("\"channel\":\"executions\"", "\"channel\":\"execut10ns\"");
        if private { misread(inner, sent, read) } else { inner }
    });
}

/// Executions come without their numbers, so that no gap shows.
pub(crate) fn blind_to_gaps(setup: &mut Setup) {
    read_instead(setup, "\"sequence\":", "\"sequenze\":");
}

/// Each connection for our orders starts a task that nobody ends, as one that renews a token would.
pub(crate) fn leak_a_task_per_token(setup: &mut Setup) {
    wrap(setup, |endpoint, stream| {
        if endpoint.host == KRAKEN_PRIVATE {
            #[expect(clippy::disallowed_methods, reason = "planted leak")]
            drop(tokio::spawn(std::future::pending::<()>()));
        }
        stream
    });
}

/// A write into the database is taken for done though it never got there.
pub(crate) fn lose_points(setup: &mut Setup) {
    wrap(
        setup,
        |endpoint, stream| {
            if endpoint.host == INFLUX { Box::new(Liar::default()) } else { stream }
        },
    );
}

/// As [`read_instead`], of one stream.
pub(crate) fn misread(inner: BoxStream, sent: &'static str, read: &'static str) -> BoxStream {
    assert_eq!(sent.len(), read.len());
    Box::new(Misread { inner, sent, read })
}

struct Misread {
    inner: BoxStream,
    sent: &'static str,
    read: &'static str,
}

impl AsyncRead for Misread {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let (sent, read) = (self.sent.as_bytes(), self.read.as_bytes());
        let bytes = &mut buf.filled_mut()[before..];
        while let Some(at) = bytes.windows(sent.len()).position(|window| window == sent) {
            bytes[at..at + sent.len()].copy_from_slice(read);
        }
        polled
    }
}

impl AsyncWrite for Misread {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A server that takes every request for written and stores nothing.
#[derive(Default)]
struct Liar {
    answer: Vec<u8>,
    reader: Option<std::task::Waker>,
}

impl AsyncRead for Liar {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.answer.is_empty() {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buf.put_slice(&mem::take(&mut self.answer));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Liar {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.starts_with(b"POST ") {
            self.answer = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Something that runs on the trader's host before the node does.
pub(crate) type Prelude = fn(TraderContext) -> BoxFuture<'static, ()>;

/// Something that runs before the production node, on its host.
pub(crate) fn before_node(prelude: Prelude) -> TraderProgram {
    let node = production();
    Arc::new(move |context: TraderContext| {
        let (first, then) = (prelude(context.clone()), node(context));
        Box::pin(async move {
            first.await;
            then.await
        })
    })
}

/// A task that nobody ends.
pub(crate) fn leak_a_task(_: TraderContext) -> BoxFuture<'static, ()> {
    Box::pin(async {
        #[expect(clippy::disallowed_methods, reason = "planted leak")]
        drop(tokio::spawn(std::future::pending::<()>()));
    })
}

/// A connection that nobody closes.
pub(crate) fn leak_a_socket(context: TraderContext) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let endpoint = context.config.kraken.rest.clone();
        let stream = context.platform.connector.connect(&endpoint).await;
        mem::forget(stream.expect("the venue listens"));
    })
}
