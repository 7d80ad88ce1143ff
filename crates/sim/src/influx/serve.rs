//! Connections to the database: HTTP/1.1.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use platform::BoxStream;

use super::{InfluxSim, Reply, Request};

/// Largest body of a request.
const BODY_MAX: usize = 8 * 1024 * 1024;
/// Longest wait for the (next) request's head.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(300);
/// Longest wait for a body.
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);

/// Serves a connection until it ends.
pub(crate) async fn connection(influx: InfluxSim, stream: BoxStream) {
    let service = service_fn(|request| {
        let influx = influx.clone();
        async move { Ok::<_, Infallible>(response(respond(&influx, request).await)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT_MAX)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

async fn respond(influx: &InfluxSim, request: hyper::Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX).collect();
    let body = match tokio::time::timeout(BODY_WAIT_MAX, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return (413, "request too large"),
        Err(_) => return (408, "timeout"),
    };
    let text = |name: HeaderName| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    influx.answer(&Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: text(header::AUTHORIZATION),
        content_type: text(header::CONTENT_TYPE),
        body: body.to_vec(),
    })
}

fn response((status, code): Reply) -> Response<Full<Bytes>> {
    let body = match code {
        "" => Bytes::new(),
        code => format!(r#"{{"code":"{code}","message":"{code}"}}"#).into(),
    };
    let mut response = Response::new(Full::from(body));
    let status = StatusCode::from_u16(status);
    *response.status_mut() = status.expect("replies have statuses of three digits");
    response
}
