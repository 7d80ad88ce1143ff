//! Why no TLS was agreed on, in words that say what to do.

use std::io;
use std::time::Duration;

use rustls::{CertificateError, Error};
use thiserror::Error as Described;

/// Why no TLS was agreed on. It is the source of a [`platform::ConnectError`] of the kind
/// [`Tls`](platform::ConnectErrorKind::Tls).
#[derive(Debug, Described)]
#[non_exhaustive]
pub enum Failure {
    /// The host is neither a name nor an address.
    #[error(
        "`{host}` is neither the name of a host nor an address, so no certificate can be for it"
    )]
    Name {
        /// As it was given.
        host: String,
    },
    /// The other side said nothing more.
    #[error("no agreement on TLS within {after:?}; is it TLS that is spoken there?")]
    TimedOut {
        /// The bound.
        after: Duration,
    },
    /// Nobody whom we trust has signed the certificate.
    #[error(
        "the certificate of `{host}` is signed by nobody who is trusted here: no public authority, and \
         no root certificate of the configuration"
    )]
    UnknownIssuer {
        /// Whom we asked for.
        host: String,
    },
    /// A trusted certificate has the name of the issuer, but another key.
    #[error(
        "the certificate of `{host}` has the name of one that is trusted here, but not its key; is the \
         root certificate of the configuration an old one? (`wavetank serve --tls` makes a new one at \
         every start)"
    )]
    WrongKey {
        /// Whom we asked for.
        host: String,
    },
    /// The certificate is for other names.
    #[error("the certificate is not for `{host}`, but for {names}")]
    WrongName {
        /// Whom we asked for.
        host: String,
        /// Those of the certificate.
        names: String,
    },
    /// The certificate is too old.
    #[error(
        "the certificate of `{host}` is out of date{since}; if it is not, this machine's clock is wrong"
    )]
    Expired {
        /// Whom we asked for.
        host: String,
        /// How long it is, if that is known.
        since: String,
    },
    /// The certificate is too new.
    #[error(
        "the certificate of `{host}` is not valid yet; if it is, this machine's clock is wrong"
    )]
    NotYetValid {
        /// Whom we asked for.
        host: String,
    },
    /// What came back is no TLS.
    #[error("`{host}` does not speak TLS on this port")]
    NoTls {
        /// Whom we asked for.
        host: String,
        /// The cause.
        #[source]
        source: Error,
    },
    /// Another thing that TLS forbids.
    #[error("TLS with `{host}` failed: {source}")]
    Protocol {
        /// Whom we asked for.
        host: String,
        /// The cause.
        #[source]
        source: Error,
    },
    /// The network failed, or the other side hung up.
    #[error("the connection to `{host}` ended before TLS was agreed on")]
    Lost {
        /// Whom we asked for.
        host: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl Failure {
    /// Says what an error of a handshake with `host` means.
    pub(crate) fn of(host: &str, error: io::Error) -> Self {
        let host = host.to_owned();
        match error.downcast::<Error>() {
            Ok(Error::InvalidCertificate(why)) => Self::of_certificate(host, why),
            Ok(source @ Error::InvalidMessage(_)) => Self::NoTls { host, source },
            Ok(source) => Self::Protocol { host, source },
            Err(source) => Self::Lost { host, source },
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "rustls adds to its reasons")]
    fn of_certificate(host: String, why: CertificateError) -> Self {
        match why {
            CertificateError::UnknownIssuer => Self::UnknownIssuer { host },
            CertificateError::BadSignature => Self::WrongKey { host },
            CertificateError::NotValidForName => {
                Self::WrongName { host, names: "others".to_owned() }
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names =
                    if presented.is_empty() { "nobody".to_owned() } else { presented.join(", ") };
                Self::WrongName { host, names }
            }
            CertificateError::Expired => Self::Expired { host, since: String::new() },
            CertificateError::ExpiredContext { time, not_after } => {
                let seconds = time.as_secs().saturating_sub(not_after.as_secs());
                Self::Expired { host, since: format!(" by {seconds} s") }
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid { host }
            }
            other => Self::Protocol { host, source: Error::InvalidCertificate(other) },
        }
    }
}
