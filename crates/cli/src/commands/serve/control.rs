//! The control port of the served venue: HTTP and JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use platform::{BoxStream, Listener, Spawner, TaskResult};
use scenario::FaultKind;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use venue_sim::kraken::{KrakenSim, Phase, Standing};

use crate::commands::serve::faults::{FaultRow, Faults};
use crate::commands::serve::listen::Places;

/// Connections at once; more are closed at once.
const CONNECTIONS_MAX: usize = 16;
/// Largest body.
const BODY_MAX: usize = 64 * 1024;
/// Longest wait for a head.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(10);
/// Longest wait for a body.
const BODY_WAIT_MAX: Duration = Duration::from_secs(10);
/// Wait after a connection that could not be accepted.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// To a web page that gave its own name our address.
const NOT_OURS: &str = "expected a request to an address or to localhost";
/// To a web page that asks us in its visitor's browser.
const FOREIGN: &str = "expected a request that no web page of another origin makes";
const USAGE: &str = "expected GET /state, POST /phase, POST /accounts, POST /faults, GET /faults, \
                     DELETE /faults or DELETE /faults/NUMBER";

/// What the port controls. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) venue: KrakenSim,
    pub(super) faults: Faults,
    pub(super) places: Places,
}

#[derive(Serialize)]
struct State {
    phase: &'static str,
    connections: usize,
    sessions: usize,
    open_orders: usize,
    faults: Vec<FaultRow>,
    last_prices: BTreeMap<String, String>,
    accounts: BTreeMap<String, BTreeMap<String, BalanceRow>>,
}

#[derive(Serialize)]
struct BalanceRow {
    total: String,
    held: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseChange {
    phase: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingChange {
    account: String,
    standing: String,
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

type Answer = (StatusCode, String);

/// Serves for as long as the group lives.
pub(super) async fn serve(
    mut listener: Box<dyn Listener>,
    control: Control,
    spawner: Spawner,
) -> TaskResult {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_AGAIN_AFTER).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let control = control.clone();
        spawner.spawn("control", "control", async move {
            let _place = place;
            connection(stream, control).await;
            Ok(())
        });
    }
}

async fn connection(stream: BoxStream, control: Control) {
    let service = service_fn(|request| {
        let control = control.clone();
        async move { Ok::<_, Infallible>(respond(&control, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection to the control port broke");
    }
}

async fn respond(control: &Control, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let is_meant = node::is_meant_for_us(&parts.uri, &parts.headers, &BTreeSet::new());
    let (status, text) = if is_meant && !is_foreign(&parts.headers) {
        let body = timeout(BODY_WAIT_MAX, Limited::new(body, BODY_MAX).collect()).await;
        match body {
            Ok(Ok(body)) => control.answer(&parts.method, parts.uri.path(), &body.to_bytes()),
            Ok(Err(_)) | Err(_) => refused(&format!("expected a body of at most {BODY_MAX} bytes")),
        }
    } else if is_meant {
        failure(StatusCode::FORBIDDEN, FOREIGN)
    } else {
        failure(StatusCode::MISDIRECTED_REQUEST, NOT_OURS)
    };
    let mut response = Response::new(Full::new(Bytes::from(text + "\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// True if a browser says that a page which is not of this machine asks. It need not see the answer to do harm.
fn is_foreign(headers: &HeaderMap) -> bool {
    let is_ours = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        origin.is_some_and(|origin| {
            origin.host().is_some()
                && node::is_meant_for_us(&origin, &HeaderMap::new(), &BTreeSet::new())
        })
    };
    !headers.get_all(ORIGIN).iter().all(is_ours)
}

impl Control {
    fn answer(&self, method: &Method, path: &str, body: &[u8]) -> Answer {
        match (method, path) {
            (&Method::GET, "/state" | "/") => done(&self.state()),
            (&Method::GET, "/faults") => done(&self.faults.rows()),
            (&Method::POST | &Method::PUT, "/phase") => self.change_phase(body),
            (&Method::POST | &Method::PUT, "/accounts") => self.change_standing(body),
            (&Method::POST, "/faults") => self.inject(body),
            (&Method::DELETE, "/faults") => {
                done(&BTreeMap::from([("healed", self.faults.heal_all())]))
            }
            (&Method::DELETE, path) => {
                let id = path.strip_prefix("/faults/").and_then(|id| id.parse().ok());
                match id.and_then(|id| self.faults.heal(id)) {
                    Some(struck) => done(&BTreeMap::from([("struck", struck)])),
                    None => not_found("expected the number of a fault in force"),
                }
            }
            _ => not_found(USAGE),
        }
    }

    fn change_phase(&self, body: &[u8]) -> Answer {
        let change: Result<PhaseChange, _> = serde_json::from_slice(body);
        let phase = match &change {
            Ok(change) => change.phase.parse::<Phase>(),
            Err(error) => Err(format!("expected {{\"phase\":\"...\"}}: {error}")),
        };
        match phase {
            Ok(phase) => {
                self.venue.set_phase(phase);
                done(&BTreeMap::from([("phase", phase.as_str())]))
            }
            Err(error) => refused(&error),
        }
    }

    fn change_standing(&self, body: &[u8]) -> Answer {
        let change: Result<StandingChange, _> = serde_json::from_slice(body);
        let change = match change {
            Ok(change) => change,
            Err(error) => {
                let expected = r#"{"account":"...","standing":"..."}"#;
                return refused(&format!("expected {expected}: {error}"));
            }
        };
        match change.standing.parse::<Standing>() {
            Ok(standing) if self.venue.set_standing(&change.account, standing) => {
                done(&BTreeMap::from([(change.account, standing.as_str())]))
            }
            Ok(_) => not_found(&format!("there is no account `{}`", change.account)),
            Err(error) => refused(&error),
        }
    }

    fn inject(&self, body: &[u8]) -> Answer {
        let kind: Result<FaultKind, _> = serde_json::from_slice(body);
        let injected = match &kind {
            Ok(kind) => self.faults.inject(kind).map_err(|error| error.to_string()),
            Err(error) => Err(format!(
                "expected a fault such as {{\"kind\":\"rest-status\",\"status\":503}}: {error}"
            )),
        };
        match injected {
            Ok(id) => done(&BTreeMap::from([("id", id)])),
            Err(error) => refused(&error),
        }
    }

    fn state(&self) -> State {
        let last = self.venue.last_prices().into_iter();
        let balances = self.venue.balances().into_iter();
        State {
            phase: self.venue.phase().as_str(),
            connections: self.places.count(),
            sessions: self.venue.session_count(),
            open_orders: self.venue.open_order_count(),
            faults: self.faults.rows(),
            last_prices: last.map(|(pair, price)| (pair.to_string(), price.to_string())).collect(),
            accounts: balances
                .map(|(account, balances)| {
                    let rows = balances.into_iter().map(|(asset, (total, held))| {
                        let row = BalanceRow { total: total.to_string(), held: held.to_string() };
                        (asset.to_string(), row)
                    });
                    (account, rows.collect())
                })
                .collect(),
        }
    }
}

fn done<T: Serialize>(answer: &T) -> Answer {
    let text = serde_json::to_string(answer).expect("maps of texts and numbers");
    (StatusCode::OK, text)
}

fn failure(status: StatusCode, error: &str) -> Answer {
    let text = serde_json::to_string(&Failure { error: error.to_owned() });
    (status, text.expect("a text"))
}

fn refused(error: &str) -> Answer {
    failure(StatusCode::BAD_REQUEST, error)
}

fn not_found(error: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, error)
}
