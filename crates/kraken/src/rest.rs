//! Requests to Kraken's REST API.
//!
//! Three lanes, each with its own breaker: `kraken/read`, `kraken/order`, `kraken/cancel`. Queries and
//! cancels are repeated as their lane allows, each attempt with a new nonce and signature. Orders are
//! sent once: what became of one whose answer is lost is for [`Rest::find_order`] to find out.
//!
//! Every attempt takes its weight from the limiter that mirrors Kraken's own count; see `limits`.
//! Questions for single orders are asked together, and the rules of pairs are kept for a while.
//!
//! A request takes at most [`KrakenConfig::request_timeout`], with its waits and retries. Whoever has less
//! time for all that it asks for gives a deadline: see [`Rest::by`].

mod account;
mod error;
mod instruments;
mod key;
mod lookup;
mod market;
mod paging;
mod rulebook;
mod trading;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{OrderReport, StreamKind, UnixNanos, VenueOrderId};
use platform::{Clock, Platform, Spawner};
use resilience::{
    BreakerRegistry, Call, Classify as _, Deadline, Gather, Lane, Limiter, RegistryError, Weight,
};
use tokio::sync::watch;
use transport::{HttpClient, HttpRequest, HttpResponse, Method, PoolPermit};

use crate::codec::fields::Body;
use crate::codec::form::Form;
use crate::codec::order_row::OrderRow;
use crate::codec::reply::{self, ReplyError};
use crate::codec::rest::{self as payload, Keyed};
use crate::config::{ConfigError, KrakenConfig};
use crate::lanes::Lanes;
use crate::limits::Limits;
pub(crate) use error::PAUSE_MAX;
pub use error::{CallError, CancelOutcome, RestError, SubmitError};
use instruments::Instruments;
pub(crate) use key::TURN_WAIT_MAX;
use key::{Key, Rank, Turn};
use lookup::Lookup;
pub use lookup::LookupError;
use rulebook::Rulebook;
pub use trading::BatchResults;
pub(crate) use trading::{SWITCH_MAX, none_if_gone, order_call, switch_seconds};

/// Weight of a query.
const QUERY_WEIGHT: u32 = 1;

/// Weight of a history of trades or of a ledger.
const HISTORY_WEIGHT: u32 = 2;

/// Reads the payload of an answer. The wall time is that of the answer.
type Read<T> = fn(&[u8], UnixNanos) -> Result<T, ReplyError>;

/// The REST client. Cheap to clone; clones share connections, lanes and nonces.
#[derive(Debug, Clone)]
pub struct Rest {
    shared: Arc<Shared>,
    lookup: Lookup,
    depths: Gather,
    instruments: Instruments,
    rules: Arc<Rulebook>,
    /// By when the calls of this handle are over.
    by: Option<Deadline>,
}

#[derive(Debug)]
struct Shared {
    config: KrakenConfig,
    clock: Arc<dyn Clock>,
    http: HttpClient,
    key: Key,
    lanes: Lanes,
    limits: Limits,
}

impl Rest {
    /// A client without connections. Their tasks will run in the spawner's group.
    ///
    /// # Errors
    /// [`ConfigError`]: a setting cannot work; also those of the streams, so that a node with a wrong
    /// one does not start.
    pub fn new(
        config: &KrakenConfig,
        platform: &Platform,
        spawner: Spawner,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let connector = Arc::clone(&platform.connector);
        let shared = Shared {
            clock: Arc::clone(&platform.clock),
            http: HttpClient::new(connector, &config.http, spawner.clone())?,
            key: Key::new(config.credentials.clone()),
            lanes: Lanes::new(config, platform)?,
            limits: Limits::new(config)?,
            config: config.clone(),
        };
        let shared = Arc::new(shared);
        Ok(Self {
            lookup: Lookup::new(&shared, &spawner)?,
            depths: Gather::new("kraken/depths", config.gather)?,
            instruments: Instruments::new(config.instrument_cache)
                .map_err(ConfigError::InstrumentCache)?,
            rules: Arc::default(),
            shared,
            by: None,
        })
    }

    /// The same client, whose calls are over by `deadline` at the latest: the waits for limiter, pool and
    /// key, every attempt and every wait between two, all requests of a call that makes several, and the
    /// wait for a request that is shared with others, who keep the time that they have. An earlier
    /// deadline of this handle stays.
    ///
    /// What fails for want of time here never counts against the venue.
    ///
    /// ```
    /// # async fn f(rest: kraken::Rest, symbol: model::Symbol, id: model::ClientOrderId) -> Result<(), kraken::RestError> {
    /// let rest = rest.by(resilience::Deadline::after(std::time::Duration::from_secs(10)));
    /// let book = rest.depth(&symbol, 10).await?;
    /// let order = rest.find_order(&id).await?; // with what is left of the 10 s
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn by(&self, deadline: Deadline) -> Self {
        let by = self.by.map_or(deadline, |earlier| earlier.min(deadline));
        Self { by: Some(by), ..self.clone() }
    }

    /// By when a request that is made now is over.
    pub(crate) fn deadline(&self) -> Deadline {
        let longest = self.shared.longest();
        self.by.map_or(longest, |by| by.min(longest))
    }

    /// The lanes, for status reports: read, order, cancel, and the dials of both streams.
    pub fn lanes(&self) -> [&Lane; 5] {
        self.shared.lanes.all()
    }

    /// The limiters, for status reports: of public requests, of the key, of dials, and of every pair.
    pub fn limiters(&self) -> Vec<Limiter> {
        self.shared.limits.all()
    }

    /// Enters the breakers of all lanes.
    ///
    /// # Errors
    /// [`RegistryError`]: those of another client are there already.
    pub fn register(&self, registry: &BreakerRegistry) -> Result<(), RegistryError> {
        self.lanes().into_iter().try_for_each(|lane| registry.register(lane.breaker()))
    }

    /// Writes what lanes, limiters, the pool, batches and caches count to the metrics recorder; the
    /// registry writes the breakers.
    pub fn publish(&self) {
        for lane in self.lanes() {
            lane.publish();
        }
        for limiter in self.limiters() {
            limiter.publish();
        }
        self.shared.http.publish(&self.shared.config.rest.host);
        self.lookup.publish();
        self.depths.publish();
        self.instruments.publish();
    }

    /// What counts at Kraken.
    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Wall time.
    pub(crate) fn now(&self) -> UnixNanos {
        self.shared.clock.now()
    }

    /// Until when the venue's engine may take what is sent now.
    pub(crate) fn expiry(&self) -> UnixNanos {
        self.shared.expiry()
    }

    /// The lane and the limiter of a stream's dials.
    pub(crate) fn dials(&self, stream: StreamKind) -> (&Lane, &Limiter) {
        (self.shared.lanes.connect(stream), &self.shared.limits.dials)
    }

    /// The edge has limited our address, which streams and requests share: nothing is sent for a time.
    pub(crate) fn pause_address(&self, pause: Duration) {
        self.shared.limits.pause_address(pause);
    }

    /// What is wrong with the API key, in words, for as long as it is: Kraken refused three nonces in a
    /// row, and has taken none since.
    pub fn key_trouble(&self) -> watch::Receiver<Option<&'static str>> {
        self.shared.key.trouble()
    }

    /// The HTTP client, for status reports.
    pub fn http(&self) -> &HttpClient {
        &self.shared.http
    }
}

impl Shared {
    /// By when a request is over that begins now and has all the time that it may have.
    fn longest(&self) -> Deadline {
        Deadline::after(self.config.request_timeout)
    }

    /// A read: it waits behind everything that moves an order.
    async fn query<T: Send>(
        &self,
        deadline: Deadline,
        method: &'static str,
        form: Form,
        read: Read<T>,
    ) -> Result<T, RestError> {
        self.weighty_query(deadline, QUERY_WEIGHT.into(), method, form, read).await
    }

    /// As [`Shared::query`], of another weight.
    async fn weighty_query<T: Send>(
        &self,
        deadline: Deadline,
        weight: Weight,
        method: &'static str,
        form: Form,
        read: Read<T>,
    ) -> Result<T, RestError> {
        let (lane, limit) = ((&self.lanes.read, deadline), (&self.limits.rest, weight));
        self.private(lane, limit, Rank::Read, method, form.into(), read).await
    }

    async fn query_orders(
        &self,
        ids: &[VenueOrderId],
        deadline: Deadline,
    ) -> Result<Vec<OrderReport>, RestError> {
        let ids: Vec<_> = ids.iter().map(VenueOrderId::as_str).collect();
        let form = Form::new().with("txid", &ids.join(","));
        let read = |body: &[u8], now| {
            let rows: Keyed<OrderRow<'_>> = reply::result(body, now)?;
            Ok(payload::reports(rows)?)
        };
        self.query(deadline, "QueryOrders", form, read).await
    }

    async fn private<T: Send>(
        &self,
        (lane, deadline): (&Lane, Deadline),
        (limiter, weight): (&Limiter, Weight),
        rank: Rank,
        method: &'static str,
        body: Body,
        read: Read<T>,
    ) -> Result<T, RestError> {
        let body = &body;
        let op = format!("kraken/{method}");
        let call = Call::repeatable(&op, deadline, limiter, weight);
        let send = |ready| self.send_private(method, body, ready, limiter, read);
        lane.call_repeatable(call, || self.queue(rank), send).await
    }

    /// Waits for what a private request needs: a place in the pool, then the key's turn.
    async fn queue(&self, rank: Rank) -> Result<(PoolPermit, Turn), CallError> {
        let permit = self.http.acquire(&self.config.rest).await?;
        let turn = self.key.turn(rank).await?;
        Ok((permit, turn))
    }

    async fn send_private<T>(
        &self,
        method: &str,
        body: &Body,
        (permit, turn): (PoolPermit, Turn),
        limiter: &Limiter,
        read: Read<T>,
    ) -> Result<T, CallError> {
        let path = format!("/0/private/{method}");
        let signed = self.key.sign(&path, body, self.clock.now());
        let request = HttpRequest {
            method: Method::POST,
            path_and_query: path,
            headers: signed.headers,
            body: Bytes::from(signed.body),
        };
        let response = turn.during(self.http.send(permit, request)).await?;
        let judged = self.judge(&response, read);
        match &judged {
            Ok(_) => self.key.heed(None),
            Err(CallError::Venue(error)) => {
                self.key.heed(Some(error));
                self.limits.heed(error, limiter);
            }
            Err(_) => {}
        }
        judged
    }

    async fn send_public<T>(
        &self,
        method: &str,
        query: &Form,
        permit: PoolPermit,
        read: Read<T>,
    ) -> Result<T, CallError> {
        let mark = if query.as_str().is_empty() { "" } else { "?" };
        let request = HttpRequest {
            method: Method::GET,
            path_and_query: format!("/0/public/{method}{mark}{}", query.as_str()),
            headers: key::common_headers(),
            body: Bytes::new(),
        };
        let response = self.http.send(permit, request).await?;
        self.judge(&response, read)
    }

    /// A status other than 200 never comes from Kraken itself but from what stands in front of it.
    fn judge<T>(&self, response: &HttpResponse, read: Read<T>) -> Result<T, CallError> {
        if response.status != 200 {
            let error = CallError::status(response, self.clock.now());
            if let Some(pause) = error.pause() {
                self.limits.pause_address(pause);
            }
            return Err(error);
        }
        Ok(read(&response.body, self.clock.now())?)
    }
}

#[cfg(test)]
mod tests;
