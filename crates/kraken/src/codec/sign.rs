//! Signatures of private requests.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use thiserror::Error;

/// An API key with its secret. Neither is ever shown.
#[derive(Clone)]
pub struct Credentials {
    key: String,
    secret: Vec<u8>,
}

/// Texts that cannot be a key and its secret. They are not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The key cannot be sent as a header.
    #[error("the API key has characters other than visible ASCII, or none")]
    Key,
    /// The secret is not base64.
    #[error("the secret of the API key is not base64")]
    Secret,
}

impl Credentials {
    /// Takes the two texts that Kraken shows when a key is made.
    ///
    /// # Errors
    /// [`CredentialsError`]: the key is not visible ASCII, or the secret is not base64.
    pub fn new(key: &str, secret: &str) -> Result<Self, CredentialsError> {
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialsError::Key);
        }
        let secret = STANDARD.decode(secret.trim()).map_err(|_| CredentialsError::Secret)?;
        if secret.is_empty() {
            return Err(CredentialsError::Secret);
        }
        Ok(Self { key: key.to_owned(), secret })
    }

    /// The public half, as sent in `API-Key`.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The value of `API-Sign`: HMAC-SHA512 over the path and the SHA-256 of nonce and body.
    pub(crate) fn sign(&self, path: &str, nonce: u64, body: &str) -> String {
        let digest = Sha256::new().chain_update(nonce.to_string()).chain_update(body).finalize();
        let mac = Hmac::<Sha512>::new_from_slice(&self.secret)
            .expect("a MAC takes keys of any length")
            .chain_update(path)
            .chain_update(digest);
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Kraken publishes; this key opens nothing.
    const SECRET: &str =
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";

    #[test]
    fn the_published_example_has_its_published_signature() {
        let credentials = Credentials::new("key", SECRET).expect("base64");
        let body =
            "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25";
        let signature = credentials.sign("/0/private/AddOrder", 1_616_492_376_594, body);
        assert_eq!(
            signature,
            "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
        );
    }

    #[test]
    fn a_secret_is_never_shown() {
        let credentials = Credentials::new("my-key", SECRET).expect("base64");
        assert_eq!(format!("{credentials:?}"), "Credentials(..)");
        let refused = |key, secret| Credentials::new(key, secret).err();
        assert_eq!(refused("key", "no base64!"), Some(CredentialsError::Secret));
        assert_eq!(refused("a\nkey", SECRET), Some(CredentialsError::Key));
        assert_eq!(refused(" ", SECRET), Some(CredentialsError::Key));
    }
}
