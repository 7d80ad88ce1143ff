//! Counts what a host holds open, and lets faults strike what it dials.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use platform::{
    BindError, Binder, BoxFuture, BoxStream, ConnectError, Connector, Endpoint, Listener,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::links::{Cut, Link, Links};
use crate::network::HostNetwork;

/// Open streams of one host. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenStreams(Arc<AtomicU64>);

impl OpenStreams {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that counts itself and its writes.
pub(crate) struct CountedStream {
    inner: BoxStream,
    open: OpenStreams,
    link: Link,
    /// On the side that dialled: what resets the connection.
    cut: Option<Cut>,
}

impl CountedStream {
    /// Wraps a stream that was accepted.
    pub(crate) fn accepted(inner: BoxStream, open: &OpenStreams, link: &Link) -> BoxStream {
        Box::new(Self::new(inner, open, link, None))
    }

    fn dialled(inner: BoxStream, open: &OpenStreams, link: &Link) -> BoxStream {
        Box::new(Self::new(inner, open, link, Some(link.cut())))
    }

    fn new(inner: BoxStream, open: &OpenStreams, link: &Link, cut: Option<Cut>) -> Self {
        open.0.fetch_add(1, Ordering::Relaxed);
        Self { inner, open: open.clone(), link: link.clone(), cut }
    }

    /// Fails once the connection was reset.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.cut.as_mut().map_or(Ok(()), |cut| cut.check(cx))
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.open.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Err(reset) = self.check(cx) {
            return Poll::Ready(Err(reset));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Err(reset) = self.check(cx) {
            return Poll::Ready(Err(reset));
        }
        self.link.touch();
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The production code's way into the simulated network.
#[derive(Debug)]
pub(crate) struct SimConnector {
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) open: OpenStreams,
    pub(crate) links: Links,
}

impl Connector for SimConnector {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            let link = self.links.to(&endpoint.host);
            link.touch();
            let dialled = async {
                link.answered().await?;
                self.network.connect(&endpoint.host, endpoint.port).await
            };
            let stream = dialled.await.map_err(|source| ConnectError::from_io(endpoint, source))?;
            Ok(CountedStream::dialled(stream, &self.open, &link))
        })
    }
}

/// The simulated network's way into the production code: listens on every address of the host.
#[derive(Debug)]
pub(crate) struct SimBinder {
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) open: OpenStreams,
}

impl Binder for SimBinder {
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listener>, BindError>> {
        Box::pin(async move {
            let bound = self.network.listen(address.port()).await;
            let inner = bound.map_err(|source| BindError { address, source })?;
            // Nobody dials the trader over a link that a fault could strike.
            let (open, link) = (self.open.clone(), Link::default());
            Ok(Box::new(CountedListener { inner, open, link }) as Box<dyn Listener>)
        })
    }
}

/// A port whose streams count themselves.
struct CountedListener {
    inner: Box<dyn Listener>,
    open: OpenStreams,
    link: Link,
}

impl Listener for CountedListener {
    fn address(&self) -> SocketAddr {
        self.inner.address()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, SocketAddr)>> {
        Box::pin(async move {
            let (stream, peer) = self.inner.accept().await?;
            Ok((CountedStream::accepted(stream, &self.open, &self.link), peer))
        })
    }
}
