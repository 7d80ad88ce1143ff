//! The connector that adds TLS to those endpoints that want it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use platform::{BoxFuture, BoxStream, Clock, ConnectError, ConnectErrorKind, Connector, Endpoint};
use rustls::ClientConfig;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::roots::Roots;

/// Longest wait for the agreement on TLS, unless told otherwise. Below the bounds of whole dials, so that
/// the error says which half of the dial it was.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(8);

/// The protocol that is spoken within TLS.
const ALPN: &[u8] = b"http/1.1";

/// Dials by another connector, and agrees on TLS where an endpoint wants that.
#[derive(Clone)]
pub struct TlsConnector {
    plain: Arc<dyn Connector>,
    tls: tokio_rustls::TlsConnector,
    handshake_timeout: Duration,
}

impl TlsConnector {
    /// TLS 1.2 and 1.3 with the certificates that `roots` vouch for, now being what `clock` says.
    ///
    /// The handshake may take `handshake_timeout`, whatever the dial took.
    pub fn new(
        plain: Arc<dyn Connector>,
        roots: Roots,
        clock: Arc<dyn Clock>,
        handshake_timeout: Duration,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(WallTime(clock)))
            .with_safe_default_protocol_versions()
            .expect("ring knows suites of both versions")
            .with_root_certificates(roots.0)
            .with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Self { plain, tls: Arc::new(config).into(), handshake_timeout }
    }

    async fn secured(&self, endpoint: &Endpoint) -> Result<BoxStream, ConnectError> {
        let failed = |failure| ConnectError {
            endpoint: endpoint.clone(),
            kind: ConnectErrorKind::Tls,
            source: io::Error::other(failure),
        };
        let host = endpoint.host.as_str();
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| failed(Failure::Name { host: host.to_owned() }))?;
        let plain = Endpoint { tls: false, ..endpoint.clone() };
        let dialled = self.plain.connect(&plain).await;
        let stream =
            dialled.map_err(|error| ConnectError { endpoint: endpoint.clone(), ..error })?;
        match timeout(self.handshake_timeout, self.tls.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(failed(Failure::of(host, error))),
            Err(_) => Err(failed(Failure::TimedOut { after: self.handshake_timeout })),
        }
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector")
            .field("plain", &self.plain)
            .field("handshake_timeout", &self.handshake_timeout)
            .finish_non_exhaustive()
    }
}

impl Connector for TlsConnector {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        if endpoint.tls { Box::pin(self.secured(endpoint)) } else { self.plain.connect(endpoint) }
    }
}

/// The time at which certificates are judged.
#[derive(Debug)]
struct WallTime(Arc<dyn Clock>);

impl TimeProvider for WallTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().secs()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
