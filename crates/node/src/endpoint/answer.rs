//! Requests and their answers. Pure.

use std::collections::BTreeSet;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use platform::health::Overall;
use serde::Serialize;

use super::host;
use crate::board::{Board, HealthView};

/// The dashboard: one page without anything from elsewhere.
const DASHBOARD: &str = include_str!("dashboard.html");

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The page may run its own script and ask this server, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What lives here, for whoever asked for something else.
const PATHS: &str = "not here; try / /health /status /metrics\n";

/// For a name that is not ours.
const NOT_OURS: &str = "not a name of this server; allow it as one of `hosts` in [endpoint]\n";

type Answer = Response<Full<Bytes>>;

pub(super) fn to(request: &Request<Incoming>, hosts: &BTreeSet<String>, board: &Board) -> Answer {
    if !host::is_ours(request.uri(), request.headers(), hosts) {
        return closing(answer(StatusCode::MISDIRECTED_REQUEST, TEXT, NOT_OURS));
    }
    if *request.method() != Method::GET && *request.method() != Method::HEAD {
        let mut answer = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return closing(answer);
    }
    if !request.body().is_end_stream() {
        return closing(answer(StatusCode::PAYLOAD_TOO_LARGE, TEXT, "no bodies, please\n"));
    }
    match request.uri().path() {
        "/" => page(),
        "/health" => {
            let health = board.health();
            let status = match health.overall {
                Overall::Up | Overall::Degraded => StatusCode::OK,
                Overall::Down | Overall::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            };
            json(status, &HealthView::from(health))
        }
        "/status" => json(StatusCode::OK, &board.status()),
        "/metrics" => answer(StatusCode::OK, METRICS, board.metrics()),
        _ => answer(StatusCode::NOT_FOUND, TEXT, PATHS),
    }
}

fn page() -> Answer {
    let mut page = answer(StatusCode::OK, HTML, DASHBOARD);
    let headers = page.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    page
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).expect("views have string keys and no floats");
    answer(status, JSON, body)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// What was sent after the head is not read: the connection cannot be used any more.
fn closing(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
