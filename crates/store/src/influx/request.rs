//! One write to the database, through its lane.

use std::sync::Arc;

use bytes::Bytes;
use platform::{Endpoint, Platform, Spawner};
use resilience::{Call, Deadline, Lane, LaneError, Limiter};
use transport::{HeaderMap, HttpClient, HttpRequest, Method, PoolPermit, header};

use super::config::{InfluxConfig, InfluxConfigError};
use super::error::WriteError;

/// Name of the lane and of what it calls.
pub(super) const NAME: &str = "influx/write";

/// The way to one bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    lane: Lane,
    limiter: Limiter,
    http: HttpClient,
    endpoint: Endpoint,
    path_and_query: String,
    headers: HeaderMap,
}

impl Bucket {
    pub(super) fn new(
        config: &InfluxConfig,
        platform: &Platform,
        spawner: Spawner,
    ) -> Result<Self, InfluxConfigError> {
        let lane = Lane::new(NAME, config.lane.clone(), &platform.auditor, &platform.entropy)?;
        let connector = Arc::clone(&platform.connector);
        let mut headers = HeaderMap::new();
        let token = format!("Token {}", config.token.reveal()).parse();
        let mut token: header::HeaderValue = token.expect("a token is visible ASCII");
        token.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, token);
        let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, text);
        let (org, bucket) = (encoded(&config.org), encoded(&config.bucket));
        Ok(Self {
            lane,
            limiter: Limiter::new(NAME, &config.limit)?,
            http: HttpClient::new(connector, &config.http, spawner)?,
            endpoint: config.endpoint.clone(),
            path_and_query: format!("/api/v2/write?org={org}&bucket={bucket}&precision=ns"),
            headers,
        })
    }

    pub(super) const fn lane(&self) -> &Lane {
        &self.lane
    }

    pub(super) const fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Writes lines, as often as the lane allows.
    pub(super) async fn write(
        &self,
        lines: &[Arc<str>],
        deadline: Deadline,
    ) -> Result<(), LaneError<WriteError>> {
        let body = Bytes::from(lines.join("\n"));
        let call = Call::repeatable(NAME, deadline, &self.limiter, 1);
        let queue = || async { Ok(self.http.acquire(&self.endpoint).await?) };
        let send = |permit| self.send(permit, body.clone());
        self.lane.call_repeatable(call, queue, send).await
    }

    async fn send(&self, permit: PoolPermit, body: Bytes) -> Result<(), WriteError> {
        let request = HttpRequest {
            method: Method::POST,
            path_and_query: self.path_and_query.clone(),
            headers: self.headers.clone(),
            body,
        };
        let response = self.http.send(permit, request).await?;
        if (200..300).contains(&response.status) {
            Ok(())
        } else {
            Err(WriteError::status(&response))
        }
    }
}

/// A text as part of a query: everything but letters, digits and `-._~` by its bytes.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_for_a_query() {
        assert_eq!(encoded("wave-tank_1.~"), "wave-tank_1.~");
        assert_eq!(encoded("a b&c=ü"), "a%20b%26c%3D%C3%BC");
    }
}
