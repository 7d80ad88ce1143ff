//! TLS with a certificate that is made at the start.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use platform::BoxStream;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Longest handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Names that the certificate is for, besides the address that is listened on. Clients may be told that
/// Kraken's hosts are here.
const NAMES: [&str; 7] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "api.kraken.com",
    "ws.kraken.com",
    "ws-auth.kraken.com",
    "ws-l3.kraken.com",
];

/// The server's half of TLS. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tls(TlsAcceptor);

impl Tls {
    /// Makes a certificate, and writes it out for clients to trust.
    pub(super) fn new(address: IpAddr, file: &Path) -> anyhow::Result<Self> {
        let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        if !address.is_unspecified() && !names.contains(&address.to_string()) {
            names.push(address.to_string());
        }
        let made = rcgen::generate_simple_self_signed(names).context("no certificate was made")?;
        fs::write(file, made.cert.pem())
            .with_context(|| format!("cannot write {}", file.display()))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))?;
        // A client that insists on another protocol hears so now, and not by what it cannot read.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Agrees with a client.
    ///
    /// # Errors
    /// The client speaks no TLS, does not like the certificate, or takes too long.
    pub(super) async fn accept(&self, stream: BoxStream) -> anyhow::Result<BoxStream> {
        let agreed = timeout(HANDSHAKE_MAX, self.0.accept(stream)).await;
        let stream = agreed.context("the handshake took too long")??;
        Ok(Box::new(stream))
    }
}
