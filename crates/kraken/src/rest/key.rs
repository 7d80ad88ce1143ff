//! The API key: who may send next, nonces, signatures.
//!
//! Kraken wants the nonces of a key to arrive in rising order, but requests on different connections
//! may overtake each other. So private requests take turns: the next one goes out when the one before
//! it is answered. A request that hangs must not hold up a cancel, so a turn ends after a second at the
//! latest, and of all reads only one at a time stands in the queue. A request that is slower than its
//! turn, for example because it had to dial, may arrive after a later one. Kraken then refuses it for
//! its nonce: it was not carried out and may be sent again.
//!
//! Nonces rise within one process. After a restart they continue from the clock. If that was set back in
//! between, they are too low: after three refusals in a row they leap ahead, twice as far each time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use model::UnixNanos;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use transport::{HeaderMap, header};

use super::CallError;
use crate::codec::fault::{FaultClass, VenueError};
use crate::codec::fields::Body;
use crate::codec::nonce::Nonces;
use crate::codec::sign::Credentials;

/// Longest time for which an unanswered request keeps the next one waiting.
const TURN_MAX: Duration = Duration::from_secs(1);

/// Longest wait for a turn, and for the place of the one query that waits for it.
pub(crate) const TURN_WAIT_MAX: Duration = Duration::from_secs(5);

/// Refused nonces in a row that are an accident no more: requests that overtake each other lose one or two.
const REFUSALS_MAX: u32 = 3;

/// Leaps without a nonce that is taken: a day and a half together. Beyond, it is not the clock.
const LEAPS_MAX: u32 = 17;

/// The first leap.
const LEAP: Duration = Duration::from_secs(1);

/// What else makes a nonce too low.
const REFUSED: &str = "Kraken refuses its nonces, three in a row or more: another program uses the key, \
                       or the clock was set back";

const USER_AGENT: header::HeaderValue = header::HeaderValue::from_static("wavetank");
const API_KEY: header::HeaderName = header::HeaderName::from_static("api-key");
const API_SIGN: header::HeaderName = header::HeaderName::from_static("api-sign");

/// Headers of every request.
pub(super) fn common_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::USER_AGENT, USER_AGENT)])
}

#[derive(Debug)]
pub(super) struct Key {
    credentials: Credentials,
    nonces: Mutex<Nonces>,
    turns: Arc<Semaphore>,
    /// Lets one read at a time wait for a turn, so that a cancel waits for one at most.
    reads: Arc<Semaphore>,
    /// Nonces that were refused since the last one that was taken.
    refusals: Mutex<u32>,
    trouble: watch::Sender<Option<&'static str>>,
}

/// Who waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// Queries: one of them at a time waits for a turn.
    Read,
    /// Orders and cancels: wait for the requests before them, of which one at most is a query.
    Trade,
}

/// A private request, ready to be sent.
pub(super) struct Signed {
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Key {
    pub(super) fn new(credentials: Credentials) -> Self {
        let one = || Arc::new(Semaphore::new(1));
        Self {
            credentials,
            nonces: Mutex::default(),
            turns: one(),
            reads: one(),
            refusals: Mutex::default(),
            trouble: watch::Sender::default(),
        }
    }

    /// What is wrong with the key, as long as it is.
    pub(super) fn trouble(&self) -> watch::Receiver<Option<&'static str>> {
        self.trouble.subscribe()
    }

    /// Learns from an answer of Kraken itself what became of the request's nonce.
    pub(super) fn heed(&self, refused: Option<&VenueError>) {
        let mut refusals = self.refusals.lock();
        match refused {
            Some(error) if error.is("EAPI:Invalid nonce") => {
                *refusals = refusals.saturating_add(1);
                if *refusals == REFUSALS_MAX {
                    tracing::error!(
                        venue = "kraken",
                        refusals = *refusals,
                        "nonces refused in a row"
                    );
                    self.trouble.send_replace(Some(REFUSED));
                }
                if let Some(leaps) = refusals.checked_sub(REFUSALS_MAX).filter(|n| *n < LEAPS_MAX) {
                    self.nonces.lock().leap(LEAP * (1 << leaps));
                }
            }
            // Whoever gets so far has a good nonce. Of the other refusals nobody knows in which order
            // Kraken checks.
            Some(error) if error.class() != FaultClass::Trading => {}
            Some(_) | None => {
                *refusals = 0;
                if self.trouble.send_if_modified(|trouble| trouble.take().is_some()) {
                    tracing::info!(venue = "kraken", "nonces are taken again");
                }
            }
        }
    }

    /// Waits until it is this request's turn, first come, first served within its rank.
    pub(super) async fn turn(&self, rank: Rank) -> Result<Turn, CallError> {
        let read = match rank {
            Rank::Read => Some(wait_for(&self.reads).await?),
            Rank::Trade => None,
        };
        Ok(Turn { _permit: wait_for(&self.turns).await?, _read: read })
    }

    /// Draws a nonce and signs; to be called right before the send.
    pub(super) fn sign(&self, path: &str, body: &Body, now: UnixNanos) -> Signed {
        let nonce = self.nonces.lock().next(now);
        let media_type = header::HeaderValue::from_static(body.media_type());
        let body = body.sealed(nonce);
        let signature = self.credentials.sign(path, nonce, &body);
        let mut headers = common_headers();
        headers.insert(header::CONTENT_TYPE, media_type);
        let secret = [(API_KEY, self.credentials.key()), (API_SIGN, signature.as_str())];
        for (name, value) in secret {
            let mut value = header::HeaderValue::from_str(value)
                .expect("keys are checked and signatures are base64");
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Signed { headers, body }
    }
}

/// The right to send the next request of a key.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    _read: Option<OwnedSemaphorePermit>,
}

async fn wait_for(place: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, CallError> {
    match timeout(TURN_WAIT_MAX, Arc::clone(place).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(CallError::KeyBusy { waited: TURN_WAIT_MAX }),
    }
}

impl Turn {
    /// Runs an exchange and gives the turn back when it ends, or after [`TURN_MAX`].
    pub(super) async fn during<F: Future>(self, exchange: F) -> F::Output {
        let mut exchange = pin!(exchange);
        if let Ok(output) = timeout(TURN_MAX, exchange.as_mut()).await {
            return output;
        }
        drop(self);
        exchange.await
    }
}
