//! Byte streams to other hosts: the network seam.

use std::{fmt, io};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::BoxFuture;

/// A bidirectional stream of bytes: a TCP connection, a TLS session, or what a simulator offers.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// An owned stream of any kind.
pub type BoxStream = Box<dyn ByteStream>;

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Host name or address: `api.kraken.com`.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether the stream is to be wrapped in TLS.
    pub tls: bool,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "tls" } else { "tcp" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// What kind of failure ended a dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// Nobody listens there.
    Refused,
    /// The name has no address.
    NotFound,
    /// This connector does not speak TLS, or the handshake failed.
    Tls,
    /// Another failure of the network.
    Other,
}

/// A dial that failed. Nothing was sent.
///
/// It says why TLS was not agreed on, which is for somebody to set right; of the network it says nothing.
#[derive(Debug, Error)]
#[error("cannot connect to {endpoint}{}", why(.kind, .source))]
pub struct ConnectError {
    /// Where to.
    pub endpoint: Endpoint,
    /// What kind of failure.
    pub kind: ConnectErrorKind,
    /// The cause.
    #[source]
    pub source: io::Error,
}

fn why(kind: &ConnectErrorKind, source: &io::Error) -> String {
    if *kind == ConnectErrorKind::Tls { format!(": {source}") } else { String::new() }
}

impl ConnectError {
    /// Classifies an I/O error of a dial.
    pub fn from_io(endpoint: &Endpoint, source: io::Error) -> Self {
        let kind = if source.kind() == io::ErrorKind::ConnectionRefused {
            ConnectErrorKind::Refused
        } else if source.kind() == io::ErrorKind::NotFound {
            ConnectErrorKind::NotFound
        } else {
            ConnectErrorKind::Other
        };
        Self { endpoint: endpoint.clone(), kind, source }
    }
}

/// Opens byte streams. It has no timeout of its own: callers bound every dial.
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// Dials an endpoint.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the dial; no stream is left behind.
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>>;
}

/// The network of the operating system, without TLS.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnector;

impl Connector for TcpConnector {
    #[expect(clippy::disallowed_methods, reason = "the real end of the network seam")]
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            if endpoint.tls {
                let source =
                    io::Error::new(io::ErrorKind::Unsupported, "this connector has no TLS");
                let kind = ConnectErrorKind::Tls;
                return Err(ConnectError { endpoint: endpoint.clone(), kind, source });
            }
            let address = (endpoint.host.as_str(), endpoint.port);
            let stream = tokio::net::TcpStream::connect(address)
                .await
                .map_err(|source| ConnectError::from_io(endpoint, source))?;
            stream.set_nodelay(true).map_err(|source| ConnectError::from_io(endpoint, source))?;
            Ok(Box::new(stream) as BoxStream)
        })
    }
}
