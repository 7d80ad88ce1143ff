//! Byte streams from other hosts: the listening half of the network seam.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use crate::BoxFuture;
use crate::connector::BoxStream;

/// A port that cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// Which one.
    pub address: SocketAddr,
    /// The cause.
    #[source]
    pub source: io::Error,
}

/// Opens ports.
pub trait Binder: std::fmt::Debug + Send + Sync + 'static {
    /// Listens on an address; port 0 is any free one.
    ///
    /// # Cancel safety
    /// Dropping the future leaves no open port behind.
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listener>, BindError>>;
}

/// An open port. Dropping it closes the port; streams that it accepted live on.
pub trait Listener: Send {
    /// The address, with the port that was chosen.
    fn address(&self) -> SocketAddr;

    /// The next stream, and the address of who opened it.
    ///
    /// # Errors
    /// That of the network. It may pass: the machine may have run out of file descriptors. Wait before
    /// asking again.
    ///
    /// # Cancel safety
    /// Dropping the future loses no stream.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, SocketAddr)>>;
}

/// The network of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpBinder;

impl Binder for TcpBinder {
    #[expect(clippy::disallowed_methods, reason = "the real end of the network seam")]
    fn bind(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listener>, BindError>> {
        Box::pin(async move {
            let bound = tokio::net::TcpListener::bind(address).await;
            let known = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
            let (address, listener) = known.map_err(|source| BindError { address, source })?;
            Ok(Box::new(TcpListener { address, listener }) as Box<dyn Listener>)
        })
    }
}

struct TcpListener {
    address: SocketAddr,
    listener: tokio::net::TcpListener,
}

impl Listener for TcpListener {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, SocketAddr)>> {
        Box::pin(async move {
            let (stream, peer) = self.listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok((Box::new(stream) as BoxStream, peer))
        })
    }
}
