//! Connections: HTTP/1.1, and the switch to WebSocket.

mod body;
mod session;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::history::VenueEvent;
use parking_lot::Mutex;
use platform::{BoxStream, Spawner};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::sync::CancellationToken;

use crate::kraken::rest::{Reply, Request, Verb};
use crate::kraken::serve::body::AnswerBody;
use crate::kraken::sim::{Answer, Delivery, Role, Shared};
use crate::kraken::stream::Version;

/// Largest body of a request.
const BODY_MAX: usize = 64 * 1024;
/// Longest wait for a body.
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);
/// Largest head of a request.
const HEAD_MAX: usize = 16 * 1024;
/// Where WebSocket v2 is. Version 1 is where there is no path.
const STREAM_PATH: &str = "/v2";
const OLD_STREAM_PATH: &str = "/";
/// Task group of WebSocket sessions.
const SESSIONS_GROUP: &str = "kraken-sessions";

/// Where a request leaves the connection that became a WebSocket.
type UpgradeSlot = Arc<Mutex<Option<(Version, OnUpgrade)>>>;

/// Serves a connection until it ends.
pub(crate) async fn connection(
    shared: Arc<Shared>,
    role: Role,
    from: IpAddr,
    stream: BoxStream,
    spawner: Spawner,
) {
    let slot = UpgradeSlot::default();
    let service = service_fn(|request| {
        let (shared, slot) = (Arc::clone(&shared), Arc::clone(&slot));
        async move { Ok::<_, Infallible>(respond(&shared, (role, from), &slot, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.head_wait_max)
        .max_buf_size(HEAD_MAX)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
    let upgrade = slot.lock().take();
    if let Some((version, upgrade)) = upgrade {
        run_session(shared, (role, version), upgrade, &spawner).await;
    }
}

/// Runs a session as a task and waits for its end. Dropping the future ends the session.
async fn run_session(
    shared: Arc<Shared>,
    (role, version): (Role, Version),
    upgrade: OnUpgrade,
    spawner: &Spawner,
) {
    let stop = CancellationToken::new();
    let _stop_on_drop = stop.clone().drop_guard();
    let (alive, ended) = oneshot::channel::<Infallible>();
    spawner.spawn(SESSIONS_GROUP, "kraken session", async move {
        let _alive = alive;
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = session::run(shared, role, version, upgrade) => {}
        }
        Ok(())
    });
    // Nothing is ever sent: the wait ends when the task has dropped its half.
    let Err(_ended) = ended.await;
}

async fn respond(
    shared: &Shared,
    (role, from): (Role, IpAddr),
    slot: &UpgradeSlot,
    mut request: hyper::Request<Incoming>,
) -> Response<AnswerBody> {
    let version = match request.uri().path() {
        STREAM_PATH => Some(Version::V2),
        OLD_STREAM_PATH => Some(Version::V1),
        _ => None,
    };
    if let Some(version) = version.filter(|_| role.serves_streams()) {
        if let Some(banned) = shared.connection_attempt(from) {
            return response(banned);
        }
        if let Some(page) = shared.upgrade_page(role) {
            return response(page);
        }
        return match accept_key(&request) {
            Some(key) => {
                if let Some(strike) = shared.faults.strike_handshake(role) {
                    shared.sink.record(VenueEvent::FaultStruck { fault: strike.fault });
                    strike.over.cancelled().await;
                }
                *slot.lock() = Some((version, hyper::upgrade::on(&mut request)));
                switching(&key)
            }
            None => response(shared.edge_page("stream", 400)),
        };
    }
    if !role.serves_rest() || !request.uri().path().starts_with("/0/") {
        return response(shared.edge_page("unknown", 404));
    }
    let (parts, body) = request.into_parts();
    // A length that is announced is believed; an unannounced body is cut off while it comes.
    if usize::try_from(body.size_hint().lower()).map_or(true, |length| length > BODY_MAX) {
        return response(shared.edge_page("unknown", 413));
    }
    let body = Limited::new(body, BODY_MAX).collect();
    let body = match tokio::time::timeout(BODY_WAIT_MAX, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) => {
            // What is no HTTP is not too large.
            let status = if error.is::<LengthLimitError>() { 413 } else { 400 };
            return response(shared.edge_page("unknown", status));
        }
        Err(_) => return response(shared.edge_page("unknown", 408)),
    };
    let text = |name: &str| header_text(&parts.headers, name);
    let request = Request {
        verb: match parts.method {
            Method::GET => Verb::Get,
            Method::POST => Verb::Post,
            _ => Verb::Other,
        },
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: text("content-type"),
        api_key: text("api-key"),
        api_sign: text("api-sign"),
        body,
    };
    deliver(shared.answer(&request, from)).await
}

/// Sends an answer as its delivery says.
async fn deliver(Answer { reply, delivery, place }: Answer) -> Response<AnswerBody> {
    let _place = place;
    match delivery {
        Delivery::Prompt => response(reply),
        Delivery::After(delay) => {
            tokio::time::sleep(delay).await;
            response(reply)
        }
        Delivery::Hung(over) => {
            over.cancelled().await;
            response(reply)
        }
        Delivery::HungInBody(over) => response(reply).map(|body| body.hung_until(over)),
    }
}

/// The answer to the client's WebSocket key; `None` unless the request is a complete upgrade.
fn accept_key(request: &hyper::Request<Incoming>) -> Option<String> {
    let headers = request.headers();
    // A list may come in one header or in several of the same name.
    let has = |name: &str, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let mut tokens = values.flat_map(|value| value.split(','));
        tokens.any(|t| t.trim().eq_ignore_ascii_case(token))
    };
    let complete = request.method() == Method::GET
        && has("upgrade", "websocket")
        && has("connection", "upgrade")
        && has("sec-websocket-version", "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| complete)?;
    Some(derive_accept_key(key.as_bytes()))
}

fn switching(key: &str) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    let key = HeaderValue::from_str(key).expect("base64 fits into a header");
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    response
}

fn response(reply: Reply) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::from(reply.body));
    let status = StatusCode::from_u16(reply.status);
    *response.status_mut() = status.expect("replies have statuses of three digits");
    for (name, value) in reply.headers {
        let value = HeaderValue::from_str(&value).expect("the venue writes plain header values");
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests;
