//! A scripted venue on in-memory pipes, for tests. It answers what it is told to answer.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use model::audit::AuditEvent;
use model::{Asset, Instrument, Notional, Price, Quantity, Symbol, UnixNanos};
use parking_lot::Mutex;
use platform::{
    AuditSink, Auditor, BoxFuture, BoxStream, Clock, ConnectError, Connector, Endpoint, Entropy,
    Exposition, Platform, Spawner, TaskGroup, Tasks, TcpBinder,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::{Credentials, KrakenConfig, PairRules, Rest};

/// Bytes that a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

/// What becomes of a dial.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dial {
    Refuse,
    Hang,
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Status 200 with a body.
    Body(String),
    /// Another status, with header lines and an HTML body.
    Status(u16, &'static str),
    /// The connection closes without an answer.
    Close,
    /// No answer, ever.
    Hang,
    /// An answer after a while.
    Late(Duration, String),
}

impl Answer {
    pub(crate) fn result(result: &str) -> Self {
        Self::Body(format!(r#"{{"error":[],"result":{result}}}"#))
    }

    pub(crate) fn error(text: &str) -> Self {
        Self::Body(format!(r#"{{"error":["{text}"]}}"#))
    }
}

/// The answer to a target.
type Always = fn(&str) -> Answer;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// `POST /0/private/Balance`.
    pub(crate) target: String,
    /// The whole head, lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.body.split('&').filter_map(|field| field.split_once('='));
        fields.into_iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
}

#[derive(Debug)]
pub(crate) struct TestVenue {
    spawner: Spawner,
    dials: Mutex<VecDeque<Dial>>,
    rest_dials: Mutex<VecDeque<Dial>>,
    answers: Mutex<VecDeque<Answer>>,
    /// What comes after the planned answers, by target.
    always: Mutex<Option<Always>>,
    seen: Mutex<Vec<Seen>>,
    audit: Mutex<Vec<AuditEvent>>,
    sockets: mpsc::Sender<DuplexStream>,
    started: Instant,
    tokens: Mutex<u32>,
}

/// A client, its venue, and the group that runs the tasks of both.
pub(crate) struct Bench {
    pub(crate) rest: Rest,
    pub(crate) venue: Arc<TestVenue>,
    pub(crate) group: TaskGroup,
}

impl Bench {
    /// A client whose requests are answered one after the other.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let group = TaskGroup::new("test");
        let (venue, _) = TestVenue::new(group.spawner());
        venue.plan(answers);
        let rest = Rest::new(&config(), &venue.platform(), group.spawner());
        let rest = rest.expect("a good configuration");
        rest.know(&[PairRules::of(instrument())]);
        Self { rest, venue, group }
    }
}

impl TestVenue {
    /// The venue, and the far ends of its WebSocket connections before their handshake.
    pub(crate) fn new(spawner: Spawner) -> (Arc<Self>, mpsc::Receiver<DuplexStream>) {
        let (sockets, accepted) = mpsc::channel(64);
        let venue = Self {
            spawner,
            dials: Mutex::default(),
            rest_dials: Mutex::default(),
            answers: Mutex::default(),
            always: Mutex::default(),
            seen: Mutex::default(),
            audit: Mutex::default(),
            sockets,
            started: Instant::now(),
            tokens: Mutex::default(),
        };
        (Arc::new(venue), accepted)
    }

    pub(crate) fn platform(self: &Arc<Self>) -> Platform {
        Platform {
            clock: self.clone(),
            entropy: Entropy::from_seed(7),
            tasks: Tasks::default(),
            connector: Arc::new(Net(self.clone())),
            binder: Arc::new(TcpBinder),
            auditor: Auditor::new(self.clone()),
            exposition: Exposition::none(),
        }
    }

    /// Plans the next WebSocket dials; those after them are accepted.
    pub(crate) fn plan_dials(&self, dials: &[Dial]) {
        self.dials.lock().extend(dials);
    }

    /// Plans the next REST dials; those after them are accepted.
    pub(crate) fn plan_rest_dials(&self, dials: &[Dial]) {
        self.rest_dials.lock().extend(dials);
    }

    /// Plans the next answers; after them a token is given to whoever asks for one.
    pub(crate) fn plan(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().extend(answers);
    }

    /// What is answered after the planned answers.
    pub(crate) fn answer_always(&self, answer: Always) {
        *self.always.lock() = Some(answer);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    pub(crate) fn audit(&self) -> Vec<AuditEvent> {
        self.audit.lock().clone()
    }

    async fn serve(self: Arc<Self>, mut stream: DuplexStream) -> io::Result<()> {
        while let Some(seen) = read_request(&mut stream).await {
            let target = seen.target.clone();
            self.seen.lock().push(seen);
            let planned = self.answers.lock().pop_front();
            let answer = planned.unwrap_or_else(|| self.default_answer(&target));
            match answer {
                Answer::Body(body) => write_answer(&mut stream, "200 OK", "", &body).await?,
                Answer::Status(status, lines) => {
                    let html = "<!DOCTYPE html>\n<title>an error</title>";
                    write_answer(&mut stream, &format!("{status} X"), lines, html).await?;
                }
                Answer::Late(after, body) => {
                    sleep(after).await;
                    write_answer(&mut stream, "200 OK", "", &body).await?;
                }
                Answer::Close => return Ok(()),
                Answer::Hang => pending().await,
            }
        }
        Ok(())
    }

    fn default_answer(&self, target: &str) -> Answer {
        if let Some(always) = *self.always.lock() {
            return always(target);
        }
        if target != "POST /0/private/GetWebSocketsToken" {
            return Answer::error("EGeneral:Unknown method");
        }
        let mut tokens = self.tokens.lock();
        *tokens += 1;
        Answer::result(&format!(r#"{{"token":"token-{tokens}","expires":900}}"#))
    }
}

async fn read_request(stream: &mut DuplexStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.split(" HTTP/1.1").next()?.to_owned();
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.split('\r').next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { at: Instant::now(), target, head, body: String::from_utf8(body).ok()? })
}

async fn write_answer(
    stream: &mut DuplexStream,
    status: &str,
    lines: &str,
    body: &str,
) -> io::Result<()> {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\n{lines}content-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await
}

/// The way to the venue: REST at one host, WebSockets at all others.
#[derive(Debug)]
struct Net(Arc<TestVenue>);

impl Connector for Net {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        let venue = &self.0;
        let is_rest = endpoint.host == "rest";
        let plan = if is_rest { &venue.rest_dials } else { &venue.dials };
        let planned = plan.lock().pop_front();
        Box::pin(async move {
            match planned {
                Some(Dial::Hang) => return pending().await,
                Some(Dial::Refuse) => {
                    let refused = io::ErrorKind::ConnectionRefused.into();
                    return Err(ConnectError::from_io(endpoint, refused));
                }
                None => {}
            }
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            if is_rest {
                let serving = Arc::clone(venue).serve(far);
                venue.spawner.spawn("venue", "rest", async move {
                    // A client that has gone away is no failure of the venue.
                    drop(serving.await);
                    Ok(())
                });
            } else {
                venue.sockets.send(far).await.expect("a test listens");
            }
            Ok(Box::new(near) as BoxStream)
        })
    }
}

impl Clock for TestVenue {
    fn now(&self) -> UnixNanos {
        UnixNanos::from_secs(1_700_000_000).plus(self.started.elapsed())
    }
}

impl AuditSink for TestVenue {
    fn record(&self, event: AuditEvent) {
        self.audit.lock().push(event);
    }
}

/// The key of Kraken's published example.
pub(crate) fn credentials() -> Credentials {
    Credentials::new(
        "public-key",
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==",
    )
    .expect("base64")
}

pub(crate) fn config() -> KrakenConfig {
    let plain = |host: &str| Endpoint { host: host.to_owned(), port: 80, tls: false };
    KrakenConfig {
        rest: plain("rest"),
        public_ws: plain("public"),
        private_ws: plain("private"),
        ..KrakenConfig::production(credentials(), vec![Symbol::new("BTC/USD")])
    }
}

pub(crate) fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::ZERO,
        cost_min: Notional::ZERO,
    }
}
