//! HTTP and WebSocket over whatever byte stream a [`platform::Connector`] opens.
//!
//! [`HttpClient`] is a pooled HTTP/1.1 client with limits per host and in total; [`WebSocket`] is one
//! WebSocket session. Neither knows a venue, retries, or counts toward a breaker: that belongs to
//! `resilience` and the venue crates. Timers are `tokio::time`; every wait here has a bound.

mod dial;
mod http;
mod retry_after;
#[cfg(test)]
mod test_net;
#[cfg(test)]
mod testing;
mod ws;

pub use dial::DialError;
pub use http::{
    HttpClient, HttpConfig, HttpConfigError, HttpError, HttpRequest, HttpResponse, PoolPermit,
    PoolStats,
};
pub use hyper::{HeaderMap, Method, header};
pub use retry_after::retry_after;
pub use ws::{WebSocket, WsConfig, WsConfigError, WsError, WsMessage};
