#![doc = include_str!("../docs/pool.md")]

mod config;
mod connector;
mod error;
mod limits;
mod stats;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use hyper::{Method, Request, Response, Uri};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioTimer;
use platform::{Connector, Endpoint, Spawner};

pub use config::{HttpConfig, HttpConfigError};
use connector::{GroupExecutor, StreamConnector};
pub use error::HttpError;
use limits::Limits;
pub use limits::PoolPermit;
pub use stats::PoolStats;
use stats::{Counted, Counters, Served};

/// A request, without the host: that is the permit's.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Path with its query: `/0/public/Ticker?pair=XBTUSD`.
    pub path_and_query: String,
    /// Headers; `Host` and `Content-Length` are added.
    pub headers: HeaderMap,
    /// Body; may be empty.
    pub body: Bytes,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// Sends HTTP/1.1 requests over pooled connections. Cheap to clone; clones share pool and limits.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client<StreamConnector, Full<Bytes>>,
    limits: Arc<Limits>,
    counters: Arc<Counters>,
    exchange_timeout: Duration,
    body_bytes_max: usize,
}

impl HttpClient {
    /// A client without connections. Its background tasks run in the spawner's group, under `http`.
    ///
    /// # Errors
    /// [`HttpConfigError`]: a limit cannot work.
    pub fn new(
        connector: Arc<dyn Connector>,
        config: &HttpConfig,
        spawner: Spawner,
    ) -> Result<Self, HttpConfigError> {
        config.validate()?;
        let counters = Arc::new(Counters::default());
        let limits = Arc::new(Limits::new(config, Arc::clone(&counters)));
        let connector =
            StreamConnector::new(connector, config.connect_timeout, Arc::clone(&counters));
        let client = Client::builder(GroupExecutor::new(spawner))
            // Both, or idle connections expire by the wall clock.
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(config.idle_timeout)
            .pool_max_idle_per_host(config.per_host_max)
            .http1_max_buf_size(config.head_bytes_max)
            .http1_max_headers(config.head_lines_max)
            .build(connector);
        Ok(Self {
            client,
            limits,
            counters,
            exchange_timeout: config.exchange_timeout,
            body_bytes_max: config.body_bytes_max,
        })
    }

    /// Waits for a place among the requests on the wire, first of the host, then of all.
    ///
    /// # Errors
    /// [`HttpError::PoolFull`]: none became free in time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue.
    pub async fn acquire(&self, endpoint: &Endpoint) -> Result<PoolPermit, HttpError> {
        self.limits.acquire(endpoint).await
    }

    /// Sends a request to the permit's host and reads the whole answer, whatever its status.
    ///
    /// hyper may send a request again that met a kept-alive connection just as it closed, and only if
    /// not one byte of it was written. It is never sent twice.
    ///
    /// # Errors
    /// [`HttpError`]; see [`HttpError::surely_not_sent`].
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection and frees the permit; the request may have been sent.
    pub async fn send(
        &self,
        permit: PoolPermit,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let request = assemble(permit.endpoint(), request)?;
        // Boxed, or every future above has room for it.
        let exchange = Box::pin(self.exchange(request));
        let answer = tokio::time::timeout(self.exchange_timeout, exchange).await;
        drop(permit);
        answer.unwrap_or(Err(HttpError::TimedOut { after: self.exchange_timeout }))
    }

    /// What the pool does now.
    pub fn stats(&self) -> PoolStats {
        self.counters.snapshot()
    }

    /// Writes what the pool counts to the metrics recorder, under the name of the host that it is for.
    pub fn publish(&self, host: &str) {
        self.stats().publish(host);
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        let chosen = capture_connection(&mut request);
        let mut response = pin!(self.client.request(request));
        let (response, in_use) = tokio::select! {
            biased;
            // It may fail without a connection, but answers on one only.
            response = &mut response => (response, None),
            in_use = self.in_use(chosen) => (response.await, Some(in_use)),
        };
        let answer = self.read(response).await;
        drop(in_use);
        answer
    }

    /// Waits until hyper has chosen a connection; counts it as used for as long as the value lives.
    async fn in_use(&self, mut chosen: CaptureConnection) -> Counted {
        drop(chosen.wait_for_connection_metadata().await);
        if Served::mark(&chosen) {
            self.counters.reused.fetch_add(1, Ordering::Relaxed);
        }
        Counted::new(&self.counters.in_use)
    }

    async fn read(
        &self,
        response: Result<Response<Incoming>, legacy::Error>,
    ) -> Result<HttpResponse, HttpError> {
        let response = response.map_err(HttpError::from_client)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = read_body(response, self.body_bytes_max).await?;
        Ok(HttpResponse { status, headers, body })
    }
}

fn assemble(endpoint: &Endpoint, request: HttpRequest) -> Result<Request<Full<Bytes>>, HttpError> {
    let scheme = if endpoint.tls { "https" } else { "http" };
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(format!("{}:{}", endpoint.host, endpoint.port))
        .path_and_query(request.path_and_query)
        .build()
        .map_err(|source| HttpError::InvalidRequest { source })?;
    let mut assembled = Request::new(Full::new(request.body));
    *assembled.method_mut() = request.method;
    *assembled.uri_mut() = uri;
    *assembled.headers_mut() = request.headers;
    Ok(assembled)
}

async fn read_body(response: Response<Incoming>, limit: usize) -> Result<Bytes, HttpError> {
    let too_large = || HttpError::BodyTooLarge { limit };
    let announced = response.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = response.into_body();
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut bytes = BytesMut::with_capacity(expected.min(limit));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| HttpError::BodyLost { source })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > limit.saturating_sub(bytes.len()) {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

#[cfg(test)]
mod drop_tests;
#[cfg(test)]
mod tests;
