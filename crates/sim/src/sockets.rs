//! Counts what a host holds open, and what a held link keeps back.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use platform::{
    BindError, Binder, BoxFuture, BoxStream, ConnectError, Connector, Endpoint, Listener,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::network::HostNetwork;

/// Open streams of one host. Clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenStreams(Arc<AtomicU64>);

impl OpenStreams {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the links of the trader are held, and how often that kept something back.
#[derive(Debug, Clone, Default)]
pub(crate) struct HoldGauge(Arc<Hold>);

#[derive(Debug, Default)]
struct Hold {
    held: AtomicBool,
    struck: AtomicU64,
}

impl HoldGauge {
    pub(crate) fn hold(&self) {
        self.0.held.store(true, Ordering::Relaxed);
        self.0.struck.store(0, Ordering::Relaxed);
    }

    /// Ends the hold; how many dials and writes it kept back.
    pub(crate) fn release(&self) -> u64 {
        self.0.held.store(false, Ordering::Relaxed);
        self.0.struck.load(Ordering::Relaxed)
    }

    fn touch(&self) {
        if self.0.held.load(Ordering::Relaxed) {
            self.0.struck.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A stream that counts itself and its writes.
pub(crate) struct CountedStream {
    inner: BoxStream,
    open: OpenStreams,
    hold: HoldGauge,
}

impl CountedStream {
    pub(crate) fn wrap(inner: BoxStream, open: &OpenStreams, hold: &HoldGauge) -> BoxStream {
        open.0.fetch_add(1, Ordering::Relaxed);
        Box::new(Self { inner, open: open.clone(), hold: hold.clone() })
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
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.hold.touch();
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
    pub(crate) hold: HoldGauge,
    /// Hosts whose links are held by themselves.
    pub(crate) others: BTreeMap<&'static str, HoldGauge>,
}

impl Connector for SimConnector {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            let hold = self.others.get(endpoint.host.as_str()).unwrap_or(&self.hold);
            hold.touch();
            let dialled = self.network.connect(&endpoint.host, endpoint.port).await;
            let stream = dialled.map_err(|source| ConnectError::from_io(endpoint, source))?;
            Ok(CountedStream::wrap(stream, &self.open, hold))
        })
    }
}

/// The simulated network's way into the production code: listens on every address of the host.
#[derive(Debug)]
pub(crate) struct SimBinder {
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) open: OpenStreams,
    pub(crate) hold: HoldGauge,
}

impl Binder for SimBinder {
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listener>, BindError>> {
        Box::pin(async move {
            let bound = self.network.listen(address.port()).await;
            let inner = bound.map_err(|source| BindError { address, source })?;
            let (open, hold) = (self.open.clone(), self.hold.clone());
            Ok(Box::new(CountedListener { inner, open, hold }) as Box<dyn Listener>)
        })
    }
}

/// A port whose streams count themselves.
struct CountedListener {
    inner: Box<dyn Listener>,
    open: OpenStreams,
    hold: HoldGauge,
}

impl Listener for CountedListener {
    fn address(&self) -> SocketAddr {
        self.inner.address()
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = self.inner.accept().await?;
            Ok(CountedStream::wrap(stream, &self.open, &self.hold))
        })
    }
}
