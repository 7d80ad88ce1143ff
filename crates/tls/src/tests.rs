use std::error::Error as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::UnixNanos;
use platform::{BoxFuture, BoxStream, Clock, ConnectError, ConnectErrorKind, Connector, Endpoint};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

use super::*;

/// 2026-11-29T12:00:00Z.
const NOW: UnixNanos = UnixNanos::from_secs(1_795_953_600);

#[derive(Debug)]
struct At(UnixNanos);

impl Clock for At {
    fn now(&self) -> UnixNanos {
        self.0
    }
}

/// A network with one stream, or none.
#[derive(Debug)]
struct One(Mutex<Option<DuplexStream>>);

impl Connector for One {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        Box::pin(async move {
            let stream = self.0.lock().expect("not poisoned").take();
            let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
            let stream = stream.ok_or_else(|| ConnectError::from_io(endpoint, refused()))?;
            Ok(Box::new(stream) as BoxStream)
        })
    }
}

/// A certificate for `names`, signed by itself, as PEM and with its key.
struct Identity {
    pem: String,
    config: ServerConfig,
}

impl Identity {
    fn new(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], der)
            .expect("a pair");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { pem: made.pem(), config }
    }

    fn trusted(&self) -> Roots {
        let mut roots = Roots::public();
        roots.add_pem(self.pem.as_bytes()).expect("a certificate");
        roots
    }
}

fn endpoint(host: &str) -> Endpoint {
    Endpoint { host: host.to_owned(), port: 443, tls: true }
}

fn connector(stream: Option<DuplexStream>, roots: Roots) -> TlsConnector {
    let plain = Arc::new(One(Mutex::new(stream)));
    TlsConnector::new(plain, roots, Arc::new(At(NOW)), HANDSHAKE_TIMEOUT)
}

/// What the client makes of a server of that identity.
async fn dial(identity: &Identity, roots: Roots, host: &str) -> Result<(), ConnectError> {
    let (near, far) = duplex(64 * 1024);
    let connector = connector(Some(near), roots);
    let acceptor = TlsAcceptor::from(Arc::new(identity.config.clone()));
    let endpoint = endpoint(host);
    let client = async {
        let mut stream = connector.connect(&endpoint).await?;
        stream.write_all(b"ping").await.expect("the server reads");
        stream.flush().await.expect("the server reads");
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.expect("the server answers");
        assert_eq!(&answer, b"pong");
        Ok(())
    };
    let server = async {
        let Ok(mut stream) = acceptor.accept(far).await else { return };
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let mut question = [0; 4];
        stream.read_exact(&mut question).await.expect("the client asks");
        stream.write_all(b"pong").await.expect("the client reads");
        stream.flush().await.expect("the client reads");
    };
    tokio::join!(client, server).0
}

/// The words of a failure of TLS.
fn words(error: &ConnectError) -> String {
    assert_eq!(error.kind, ConnectErrorKind::Tls, "{error:?}");
    error.source().expect("a cause").to_string()
}

#[tokio::test]
async fn a_certificate_that_is_trusted_lets_bytes_through() {
    let identity = Identity::new(&["localhost", "127.0.0.1"], |_| {});
    for host in ["localhost", "127.0.0.1"] {
        dial(&identity, identity.trusted(), host).await.expect("agreed");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let identity = Identity::new(&["localhost"], |_| {});
    let error = dial(&identity, Roots::public(), "localhost").await.expect_err("refused");
    let expected = "the certificate of `localhost` is signed by nobody who is trusted here: no \
                    public authority, and no root certificate of the configuration";
    assert_eq!(words(&error), expected);
    assert_eq!(error.to_string(), format!("cannot connect to tls://localhost:443: {expected}"));
}

#[tokio::test]
async fn the_certificate_of_an_earlier_start_is_told_from_a_strangers() {
    let [now, before] = [(); 2].map(|()| Identity::new(&["localhost"], |_| {}));
    let error = dial(&now, before.trusted(), "localhost").await.expect_err("refused");
    assert!(words(&error).contains("but not its key; is the root certificate"), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_others_is_refused() {
    let identity = Identity::new(&["api.kraken.com", "ws.kraken.com"], |_| {});
    let error = dial(&identity, identity.trusted(), "localhost").await.expect_err("refused");
    let said = words(&error);
    assert!(said.starts_with("the certificate is not for `localhost`, but for "), "{said}");
    assert!(said.contains("api.kraken.com") && said.contains("ws.kraken.com"), "{said}");
}

#[tokio::test]
async fn the_clock_decides_whether_a_certificate_is_in_force() {
    let old = Identity::new(&["localhost"], |params| {
        params.not_after = date_time_ymd(2026, 11, 28);
    });
    let error = dial(&old, old.trusted(), "localhost").await.expect_err("refused");
    let expected = "the certificate of `localhost` is out of date by 129600 s; if it is not, this \
                    machine's clock is wrong";
    assert_eq!(words(&error), expected);
    let new = Identity::new(&["localhost"], |params| {
        params.not_before = date_time_ymd(2026, 12, 1);
    });
    let error = dial(&new, new.trusted(), "localhost").await.expect_err("refused");
    assert!(words(&error).contains("is not valid yet"), "{error:?}");
    let fits = Identity::new(&["localhost"], |params| {
        params.not_before = date_time_ymd(2026, 11, 29);
        params.not_after = date_time_ymd(2026, 11, 30);
    });
    dial(&fits, fits.trusted(), "localhost").await.expect("in force");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_from_one_that_hangs_up() {
    let check = async |answer: Option<&[u8]>, expected: &str| {
        let (near, mut far) = duplex(64 * 1024);
        let connector = connector(Some(near), Roots::public());
        let server = async {
            if let Some(answer) = answer {
                far.write_all(answer).await.expect("the client reads");
                // Until the client gives up.
                drop(far.read_to_end(&mut Vec::new()).await);
            }
            drop(far);
        };
        let endpoint = endpoint("localhost");
        let (dialled, ()) = tokio::join!(connector.connect(&endpoint), server);
        assert_eq!(words(&dialled.err().expect("no TLS")), expected);
    };
    let plain = "`localhost` does not speak TLS on this port";
    check(Some(b"HTTP/1.1 400 Bad Request\r\n\r\n"), plain).await;
    check(None, "the connection to `localhost` ended before TLS was agreed on").await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_after_the_handshakes_own_time() {
    let (near, _far) = duplex(64 * 1024);
    let connector = connector(Some(near), Roots::public());
    let began = tokio::time::Instant::now();
    let error = connector.connect(&endpoint("localhost")).await.err().expect("nobody answers");
    assert_eq!(began.elapsed(), HANDSHAKE_TIMEOUT);
    assert_eq!(words(&error), "no agreement on TLS within 8s; is it TLS that is spoken there?");
}

#[tokio::test]
async fn what_wants_no_tls_gets_none_and_a_dial_that_fails_keeps_its_kind() {
    let (near, mut far) = duplex(64);
    let connector = connector(Some(near), Roots::public());
    let plain = Endpoint { tls: false, ..endpoint("localhost") };
    let mut stream = connector.connect(&plain).await.expect("a stream");
    stream.write_all(b"GET").await.expect("sent");
    let mut sent = [0; 3];
    far.read_exact(&mut sent).await.expect("plain bytes");
    assert_eq!(&sent, b"GET");
    let error = connector.connect(&endpoint("localhost")).await.err().expect("no more streams");
    assert_eq!(error.kind, ConnectErrorKind::Refused);
    assert_eq!(error.endpoint, endpoint("localhost"));
    let error = connector.connect(&endpoint("no name")).await.err().expect("no name");
    assert!(words(&error).starts_with("`no name` is neither "), "{error:?}");
}

#[test]
fn roots_that_are_none_are_refused_and_add_nothing() {
    let mut roots = Roots::public();
    let before = roots.0.len();
    assert!(before > 100, "{before} authorities");
    assert!(matches!(roots.add_pem(b"hello"), Err(RootsError::None)));
    let broken = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    assert!(matches!(roots.add_pem(broken), Err(RootsError::Pem(_))));
    let identity = Identity::new(&["localhost"], |_| {});
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let text = format!("{}{odd}", identity.pem);
    let error = roots.add_pem(text.as_bytes()).expect_err("the second is none");
    assert_eq!(error.to_string(), "certificate 2 of the file cannot be a root");
    assert_eq!(roots.0.len(), before);
    roots.add_pem(identity.pem.as_bytes()).expect("a certificate");
    assert_eq!(roots.0.len(), before + 1);
    let many = identity.pem.repeat(1_001);
    assert!(matches!(roots.add_pem(many.as_bytes()), Err(RootsError::TooMany)));
}

#[test]
fn the_bound_of_a_handshake_is_below_those_of_dials() {
    assert!(HANDSHAKE_TIMEOUT < Duration::from_secs(10));
}
