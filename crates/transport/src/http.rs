//! A pooled HTTP/1.1 client.
//!
//! hyper-util's client keeps connections alive; two fair semaphores around it bound how many requests
//! are on the wire, per host and in total. A request is two steps, so that a caller can queue for a
//! place before it commits to anything else: [`HttpClient::acquire`], then [`HttpClient::send`].

mod connector;
mod error;
mod limits;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use hyper::{Method, Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioTimer;
use platform::{Connector, Endpoint, Spawner};

use connector::{GroupExecutor, StreamConnector};
pub use error::HttpError;
use limits::Limits;
pub use limits::{PoolPermit, PoolStats};

/// hyper refuses a smaller read buffer.
const READ_BUFFER_BYTES_MIN: usize = 8 * 1024;

/// Limits of an [`HttpClient`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Requests on the wire to one host; default 50.
    pub per_host_max: usize,
    /// Requests on the wire to all hosts; default 200.
    pub total_max: usize,
    /// Longest wait for a place below these two limits; default 5 s.
    pub permit_wait_max: Duration,
    /// Longest dial, TLS included; default 10 s.
    pub connect_timeout: Duration,
    /// Time after which an unused connection is closed; default 60 s.
    pub idle_timeout: Duration,
    /// Longest time from the start of a dial to the last byte of the answer; default 30 s. A backstop:
    /// callers bound each attempt more tightly.
    pub exchange_timeout: Duration,
    /// Largest body taken, in bytes; default 8 MiB.
    pub body_bytes_max: usize,
    /// Largest head of an answer, in bytes; default 64 KiB, at least 8 KiB.
    pub head_bytes_max: usize,
    /// Most header lines of an answer; default 100.
    pub head_lines_max: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            per_host_max: 50,
            total_max: 200,
            permit_wait_max: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            exchange_timeout: Duration::from_secs(30),
            body_bytes_max: 8 * 1024 * 1024,
            head_bytes_max: 64 * 1024,
            head_lines_max: 100,
        }
    }
}

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
    exchange_timeout: Duration,
    body_bytes_max: usize,
}

impl HttpClient {
    /// A client without connections. Its background tasks run in the spawner's group, under `http`.
    pub fn new(connector: Arc<dyn Connector>, config: HttpConfig, spawner: Spawner) -> Self {
        let limits = Arc::new(Limits::new(&config));
        let connector = StreamConnector::new(connector, config.connect_timeout, limits.open());
        let client = Client::builder(GroupExecutor::new(spawner))
            // Both, or idle connections expire by the wall clock.
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(config.idle_timeout)
            .pool_max_idle_per_host(config.per_host_max)
            .http1_max_buf_size(config.head_bytes_max.max(READ_BUFFER_BYTES_MIN))
            .http1_max_headers(config.head_lines_max)
            .build(connector);
        Self {
            client,
            limits,
            exchange_timeout: config.exchange_timeout,
            body_bytes_max: config.body_bytes_max,
        }
    }

    /// Waits for a place among the requests on the wire, first of the host, then of all.
    ///
    /// # Errors
    /// [`HttpError::PoolFull`]: none became free in time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue.
    pub async fn acquire(&self, endpoint: &Endpoint) -> Result<PoolPermit, HttpError> {
        Limits::acquire(&self.limits, endpoint).await
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
        let answer = tokio::time::timeout(self.exchange_timeout, self.exchange(request)).await;
        drop(permit);
        answer.unwrap_or(Err(HttpError::TimedOut { after: self.exchange_timeout }))
    }

    /// What the pool does now.
    pub fn stats(&self) -> PoolStats {
        self.limits.stats()
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError> {
        let response = self.client.request(request).await.map_err(HttpError::from_client)?;
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
mod tests;
