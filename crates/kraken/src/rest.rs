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

mod error;
mod instruments;
mod key;
mod lookup;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{
    Asset, Book, ClientOrderId, Instrument, NewOrder, Notional, OrderReport, StreamKind, Symbol,
    UnixNanos, VenueOrderId,
};
use platform::{Clock, Platform, Spawner};
use resilience::{
    BreakerRegistry, Call, Classify as _, Deadline, Gather, Lane, LaneError, Limiter,
    RegistryError, Weight,
};
use tokio::sync::watch;
use transport::{HttpClient, HttpRequest, HttpResponse, Method, PoolPermit};

use crate::codec::decode::Number;
use crate::codec::fault::Fate;
use crate::codec::form::Form;
use crate::codec::market::Ticker;
use crate::codec::order_row::OrderRow;
use crate::codec::reply::{self, ReplyError};
use crate::codec::rest::{
    self as payload, ClosedRows, CountRow, DepthRow, Keyed, OpenRows, PairRow, PlacedRow,
    StatusRow, SystemStatus, TickerRow, TimeRow, WsToken,
};
use crate::codec::{DecodeError, names};
use crate::config::{ConfigError, KrakenConfig};
use crate::lanes::Lanes;
use crate::limits::Limits;
use crate::tier::ORDER_WEIGHT;
pub(crate) use error::PAUSE_MAX;
pub use error::{CallError, CancelOutcome, RestError, SubmitError};
use instruments::Instruments;
pub(crate) use key::TURN_WAIT_MAX;
use key::{Key, Rank, Turn};
use lookup::Lookup;
pub use lookup::LookupError;

/// Weight of a query. Only histories of trades and ledgers weigh more, which nothing here asks for.
const QUERY_WEIGHT: u32 = 1;

/// Reads the payload of an answer. The wall time is that of the answer.
type Read<T> = fn(&[u8], UnixNanos) -> Result<T, ReplyError>;

/// The REST client. Cheap to clone; clones share connections, lanes and nonces.
#[derive(Debug, Clone)]
pub struct Rest {
    shared: Arc<Shared>,
    lookup: Lookup,
    depths: Gather,
    instruments: Instruments,
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
    fn deadline(&self) -> Deadline {
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

    /// State of the venue.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn system_status(&self) -> Result<SystemStatus, RestError> {
        self.public("SystemStatus", Form::new(), |body, now| {
            Ok(reply::result::<StatusRow<'_>>(body, now)?.into_status())
        })
        .await
    }

    /// The venue's wall time, in whole seconds.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn server_time(&self) -> Result<UnixNanos, RestError> {
        self.public("Time", Form::new(), |body, now| {
            Ok(reply::result::<TimeRow>(body, now)?.into_time())
        })
        .await
    }

    /// The rules of pairs, in the order asked for. An answer is kept for the time to live of
    /// [`KrakenConfig::instrument_cache`], and whoever asks for the same meanwhile gets it, too.
    ///
    /// # Errors
    /// See [`RestError`]; a pair that the venue does not list is an error. Errors are shared by those
    /// who wait for the same answer, and never kept.
    pub async fn instruments(&self, symbols: &[Symbol]) -> Result<Vec<Instrument>, Arc<RestError>> {
        let load = |symbols: Vec<_>| async move { self.load_instruments(&symbols).await };
        self.instruments.get(symbols, self.deadline(), load).await
    }

    async fn load_instruments(&self, symbols: &[Symbol]) -> Result<Vec<Instrument>, RestError> {
        let names: Vec<_> = symbols.iter().map(names::altname).collect();
        let query = Form::new().with("pair", &names.join(","));
        let found = self
            .public("AssetPairs", query, |body, now| {
                let rows: Keyed<PairRow<'_>> = reply::result(body, now)?;
                let read = |row: PairRow<'_>| row.into_instrument().transpose();
                let found: Result<Vec<_>, _> = rows.into_values().filter_map(read).collect();
                Ok(found?)
            })
            .await?;
        let find = |symbol: &Symbol| {
            let found = found.iter().find(|found| found.symbol == *symbol);
            found.cloned().ok_or_else(|| {
                CallError::Malformed(DecodeError::Missing { what: "asset pair" }).into()
            })
        };
        symbols.iter().map(find).collect()
    }

    /// Best prices and last trade of a pair.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn ticker(&self, symbol: &Symbol) -> Result<Ticker, RestError> {
        let query = Form::new().with("pair", &names::altname(symbol));
        self.public("Ticker", query, |body, now| {
            let rows: Keyed<TickerRow<'_>> = reply::result(body, now)?;
            Ok(payload::only(rows)?.into_ticker()?)
        })
        .await
    }

    /// A book of up to `levels` levels of each side, 1 to 500. Quantities have three digits only.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn depth(&self, symbol: &Symbol, levels: u32) -> Result<Book, RestError> {
        let query =
            Form::new().with("pair", &names::altname(symbol)).with("count", &levels.to_string());
        self.public("Depth", query, |body, now| {
            let rows: Keyed<DepthRow<'_>> = reply::result(body, now)?;
            Ok(payload::only(rows)?.into_book()?)
        })
        .await
    }

    /// The books of many pairs as [`Rest::depth`] reads them, in the order asked for; at most
    /// [`KrakenConfig::gather`] of them are read at once. An error costs the others nothing.
    ///
    /// # Cancel safety
    /// Dropping it drops the requests that run and makes no other.
    pub async fn depths(&self, symbols: &[Symbol], levels: u32) -> Vec<Result<Book, RestError>> {
        let read = |symbol| async move { self.depth(&symbol, levels).await };
        self.depths.run(symbols.iter().cloned().map(read)).await
    }

    /// What the account owns, what is reserved for open orders included.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn balances(&self) -> Result<BTreeMap<Asset, Notional>, RestError> {
        self.shared
            .query(self.deadline(), "Balance", Form::new(), |body, now| {
                let rows: Keyed<Number<'_>> = reply::result(body, now)?;
                Ok(payload::balances(rows)?)
            })
            .await
    }

    /// All open orders of the account.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn open_orders(&self) -> Result<Vec<OrderReport>, RestError> {
        self.open_orders_where(Form::new()).await
    }

    /// Closed orders with a client order id, which is unique among open orders only.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn closed_orders(&self, id: &ClientOrderId) -> Result<Vec<OrderReport>, RestError> {
        let form = Form::new().with("cl_ord_id", id.as_str());
        self.shared
            .query(self.deadline(), "ClosedOrders", form, |body, now| {
                let rows: ClosedRows<'_> = reply::result(body, now)?;
                Ok(payload::reports(rows.closed)?)
            })
            .await
    }

    /// Orders by the venue's ids, at most 50. For a single one there is [`Rest::look_up`].
    ///
    /// # Errors
    /// See [`RestError`]; an id that the venue does not know is an error.
    pub async fn query_orders(&self, ids: &[VenueOrderId]) -> Result<Vec<OrderReport>, RestError> {
        self.shared.query_orders(ids, self.deadline()).await
    }

    /// One order by the venue's id. Those who ask within [`KrakenConfig::lookup`]'s wait are answered
    /// by one request; an id that the venue does not know costs the others a request or two, not
    /// their answers.
    ///
    /// # Errors
    /// See [`LookupError`]; an id that the venue does not know is an error.
    ///
    /// # Cancel safety
    /// Dropping it before the request is made takes the id out of it.
    pub async fn look_up(&self, id: &VenueOrderId) -> Result<OrderReport, LookupError> {
        self.lookup.ask(id, self.deadline()).await
    }

    /// Looks for an order among the open, then among the closed ones: in this order, an order that
    /// closes in between is still found.
    ///
    /// `None` does not prove that it will not appear: a request that is still on its way, or in the
    /// venue's queue, may be accepted until [`KrakenConfig::order_deadline`] after it was sent, and the
    /// lists may be some seconds late.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn find_order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, RestError> {
        let ours = |report: &OrderReport| report.client_order_id.as_ref() == Some(id);
        let form = Form::new().with("cl_ord_id", id.as_str());
        let open = self.open_orders_where(form).await?;
        if let Some(report) = open.into_iter().find(ours) {
            return Ok(Some(report));
        }
        Ok(self.closed_orders(id).await?.into_iter().find(ours))
    }

    /// Places an order, with exactly one send.
    ///
    /// # Errors
    /// [`SubmitError`]. After [`SubmitError::Unknown`] the order may be live.
    ///
    /// # Cancel safety
    /// Dropping the future once it was polled means [`SubmitError::Unknown`].
    pub async fn add_order(&self, order: &NewOrder) -> Result<VenueOrderId, SubmitError> {
        let shared = &*self.shared;
        let limiter = &shared.limits.engine(&order.symbol).map_err(LaneError::from)?;
        let (op, id) = ("kraken/AddOrder", &order.client_order_id);
        let call = Call::order(op, self.deadline(), limiter, ORDER_WEIGHT, id);
        let send = |ready| async move {
            let expiry = shared.clock.now().plus(shared.config.order_deadline);
            let form = payload::order_form(order, expiry);
            shared.send_private("AddOrder", &form, ready, limiter, placed).await
        };
        let answer = shared.lanes.order.call_once(call, || shared.queue(Rank::Trade), send);
        let id = answer.await?;
        shared.limits.saw_order(&id);
        Ok(id)
    }

    /// Cancels an order of a pair.
    ///
    /// The younger the order, the more a cancel takes of what Kraken allows, and the longer it may wait.
    /// The age is that since the order was placed here, or first seen in a list of open orders.
    ///
    /// # Errors
    /// See [`RestError`]. The cancel may have been carried out nevertheless; it may be repeated.
    pub async fn cancel_order(
        &self,
        id: &VenueOrderId,
        symbol: &Symbol,
    ) -> Result<CancelOutcome, RestError> {
        let limits = &self.shared.limits;
        let limit = (&limits.engine(symbol)?, limits.cancel_weight(id));
        let form = Form::new().with("txid", id.as_str());
        let lane = (&self.shared.lanes.cancel, self.deadline());
        match self.shared.private(lane, limit, Rank::Trade, "CancelOrder", form, count).await {
            // Nothing was cancelled, though nothing was refused: there is no such order any more.
            Ok(0) => Ok(CancelOutcome::Gone),
            Ok(_) => Ok(CancelOutcome::Accepted),
            Err(RestError::Call(CallError::Venue(error)))
                if error.is("EOrder:Unknown order") && error.fate() == Fate::NotDone =>
            {
                Ok(CancelOutcome::Gone)
            }
            Err(error) => Err(error),
        }
    }

    /// Cancels every order of the account; tells how many.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn cancel_all(&self) -> Result<u32, RestError> {
        let Shared { lanes, limits, .. } = &*self.shared;
        let limit = (&limits.rest, QUERY_WEIGHT.into());
        let lane = (&lanes.cancel, self.deadline());
        self.shared.private(lane, limit, Rank::Trade, "CancelAll", Form::new(), count).await
    }

    /// Admission to the private stream.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn ws_token(&self) -> Result<WsToken, RestError> {
        self.shared
            .query(self.deadline(), "GetWebSocketsToken", Form::new(), |body, now| {
                reply::result(body, now)
            })
            .await
    }

    async fn open_orders_where(&self, form: Form) -> Result<Vec<OrderReport>, RestError> {
        let read = |body: &[u8], now| {
            let rows: OpenRows<'_> = reply::result(body, now)?;
            Ok(payload::reports(rows.open)?)
        };
        let reports = self.shared.query(self.deadline(), "OpenOrders", form, read).await?;
        self.shared.limits.saw_orders(&reports);
        Ok(reports)
    }

    async fn public<T: Send>(
        &self,
        method: &'static str,
        query: Form,
        read: Read<T>,
    ) -> Result<T, RestError> {
        let (shared, query) = (&*self.shared, &query);
        let op = format!("kraken/{method}");
        let limiter = &shared.limits.public;
        let call = Call::repeatable(&op, self.deadline(), limiter, QUERY_WEIGHT);
        let queue = || async { Ok(shared.http.acquire(&shared.config.rest).await?) };
        let send = |permit| shared.send_public(method, query, permit, read);
        shared.lanes.read.call_repeatable(call, queue, send).await
    }
}

fn placed(body: &[u8], now: UnixNanos) -> Result<VenueOrderId, ReplyError> {
    Ok(reply::result::<PlacedRow>(body, now)?.into_id()?)
}

fn count(body: &[u8], now: UnixNanos) -> Result<u32, ReplyError> {
    Ok(reply::result::<CountRow>(body, now)?.count)
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
        let limit = (&self.limits.rest, QUERY_WEIGHT.into());
        self.private((&self.lanes.read, deadline), limit, Rank::Read, method, form, read).await
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
        form: Form,
        read: Read<T>,
    ) -> Result<T, RestError> {
        let form = &form;
        let op = format!("kraken/{method}");
        let call = Call::repeatable(&op, deadline, limiter, weight);
        let send = |ready| self.send_private(method, form, ready, limiter, read);
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
        form: &Form,
        (permit, turn): (PoolPermit, Turn),
        limiter: &Limiter,
        read: Read<T>,
    ) -> Result<T, CallError> {
        let path = format!("/0/private/{method}");
        let signed = self.key.sign(&path, form, self.clock.now());
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
