//! Whose certificates are believed.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use thiserror::Error;

/// Most certificates that are taken from one text.
const ADDED_MAX: usize = 1_000;

/// Why a text adds nothing to the roots.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootsError {
    /// It is not PEM, or broken.
    #[error("expected certificates in PEM, which begin with `-----BEGIN CERTIFICATE-----`")]
    Pem(#[source] pem::Error),
    /// There is no certificate in it.
    #[error("expected at least one `-----BEGIN CERTIFICATE-----`, found none")]
    None,
    /// More than anybody trusts.
    #[error("expected at most {ADDED_MAX} certificates")]
    TooMany,
    /// One of them is no certificate that can be a root.
    #[error("certificate {number} of the file cannot be a root")]
    Certificate {
        /// Which one, from 1.
        number: usize,
        /// The cause.
        #[source]
        source: rustls::Error,
    },
}

/// The certificates at which trust begins.
#[derive(Debug, Clone)]
pub struct Roots(pub(crate) RootCertStore);

impl Roots {
    /// The public authorities that Mozilla trusts, as of the build.
    ///
    /// Compiled in, not read from the machine: containers often have none, and what is trusted does not
    /// change between two runs of one program.
    pub fn public() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
    }

    /// Trusts the certificates of a text in PEM as well, and what they have signed.
    ///
    /// # Errors
    /// [`RootsError`]: no certificate in it, or one that is broken; nothing is added then.
    pub fn add_pem(&mut self, text: &[u8]) -> Result<(), RootsError> {
        let mut added = self.0.clone();
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(text) {
            count += 1;
            if count > ADDED_MAX {
                return Err(RootsError::TooMany);
            }
            let certificate = certificate.map_err(RootsError::Pem)?;
            added
                .add(certificate)
                .map_err(|source| RootsError::Certificate { number: count, source })?;
        }
        if count == 0 {
            return Err(RootsError::None);
        }
        self.0 = added;
        Ok(())
    }
}
