//! What hyper-util's client needs from us: streams and tasks.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use platform::{BoxFuture, BoxStream, Connector, Endpoint, Spawner};
use tower_service::Service;

use super::stats::{Counted, Counters, Served};
use crate::dial::{DialError, dial};

/// Group of the client's background tasks.
const GROUP: &str = "http";

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Turns the addresses that hyper asks for into dials of our connector.
#[derive(Debug, Clone)]
pub(super) struct StreamConnector {
    connector: Arc<dyn Connector>,
    timeout: Duration,
    counters: Arc<Counters>,
}

impl StreamConnector {
    pub(super) fn new(
        connector: Arc<dyn Connector>,
        timeout: Duration,
        counters: Arc<Counters>,
    ) -> Self {
        Self { connector, timeout, counters }
    }
}

impl Service<Uri> for StreamConnector {
    type Response = PooledStream;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<PooledStream, DialError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { connector, timeout, counters } = self.clone();
        let endpoint = endpoint_of(&uri);
        Box::pin(async move {
            counters.dialled.fetch_add(1, Ordering::Relaxed);
            let stream = dial(connector.as_ref(), &endpoint, timeout).await?;
            Ok(PooledStream {
                stream: TokioIo::new(stream),
                served: Served::default(),
                _open: Counted::new(&counters.open),
            })
        })
    }
}

fn endpoint_of(uri: &Uri) -> Endpoint {
    let tls = uri.scheme_str() == Some("https");
    let default = if tls { HTTPS_PORT } else { HTTP_PORT };
    Endpoint {
        host: uri.host().unwrap_or_default().to_owned(),
        port: uri.port_u16().unwrap_or(default),
        tls,
    }
}

/// A connection of the pool.
pub(super) struct PooledStream {
    stream: TokioIo<BoxStream>,
    served: Served,
    _open: Counted,
}

impl Connection for PooledStream {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.served.clone())
    }
}

impl Read for PooledStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for PooledStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

/// Runs hyper's background futures as tasks of a group.
#[derive(Debug, Clone)]
pub(super) struct GroupExecutor {
    spawner: Spawner,
}

impl GroupExecutor {
    pub(super) const fn new(spawner: Spawner) -> Self {
        Self { spawner }
    }
}

impl<F> Executor<F> for GroupExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.spawner.spawn(GROUP, "http/connection", async move {
            future.await;
            Ok(())
        });
    }
}
