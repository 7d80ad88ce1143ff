//! A database in memory, behind pipes.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::Arc;

use model::UnixNanos;
use model::audit::AuditEvent;
use parking_lot::Mutex;
use platform::{
    AuditSink, Auditor, BoxFuture, BoxStream, Clock, ConnectError, Connector, Endpoint, Entropy,
    Exposition, Platform, Spawner, Tasks, TcpBinder,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

use super::parser::{Parsed, parse};
use crate::influx::{InfluxConfig, InfluxToken};

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Status(u16, &'static str),
    Close,
    Hang,
    /// The dial fails; only for a request that dials.
    Refuse,
}

#[derive(Debug)]
pub(super) struct TestDatabase {
    spawner: Spawner,
    plan: Mutex<VecDeque<Answer>>,
    state: Mutex<State>,
    stored: Notify,
    audit: Mutex<Vec<AuditEvent>>,
}

#[derive(Debug, Default)]
struct State {
    heads: Vec<String>,
    batches: Vec<usize>,
    points: Vec<Parsed>,
}

pub(super) fn config() -> InfluxConfig {
    let endpoint = Endpoint { host: "influxdb".to_owned(), port: 8086, tls: false };
    let token = InfluxToken::new("secret-token").expect("valid");
    InfluxConfig::new(endpoint, "our org", "trading", token)
}

impl TestDatabase {
    pub(super) fn new(spawner: Spawner) -> Arc<Self> {
        Arc::new(Self {
            spawner,
            plan: Mutex::default(),
            state: Mutex::default(),
            stored: Notify::new(),
            audit: Mutex::default(),
        })
    }

    pub(super) fn platform(self: &Arc<Self>) -> Platform {
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

    /// Plans the next answers; after them everything is stored that can be read.
    pub(super) fn plan(&self, answers: impl IntoIterator<Item = Answer>) {
        self.plan.lock().extend(answers);
    }

    /// Plans the next answers, whatever is left of the plan.
    pub(super) fn plan_anew(&self, answers: impl IntoIterator<Item = Answer>) {
        *self.plan.lock() = answers.into_iter().collect();
    }

    /// Waits for so many points.
    pub(super) async fn written(&self, count: usize) {
        while self.state.lock().points.len() < count {
            self.stored.notified().await;
        }
        // The answer still has to arrive.
        tokio::time::sleep(std::time::Duration::ZERO).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn points(&self) -> Vec<Parsed> {
        self.state.lock().points.clone()
    }

    /// The field `number` of every point.
    pub(super) fn numbers(&self) -> Vec<i64> {
        let number = |point: &Parsed| point.fields["number"].trim_start_matches("i:").parse();
        self.state.lock().points.iter().map(|point| number(point).expect("a number")).collect()
    }

    pub(super) fn batches(&self) -> Vec<usize> {
        self.state.lock().batches.clone()
    }

    pub(super) fn heads(&self) -> Vec<String> {
        self.state.lock().heads.clone()
    }

    pub(super) fn requests(&self) -> usize {
        self.state.lock().heads.len()
    }

    pub(super) fn audit(&self) -> Vec<AuditEvent> {
        self.audit.lock().clone()
    }

    async fn serve(self: Arc<Self>, mut stream: DuplexStream) -> io::Result<()> {
        while let Some((head, body)) = read_request(&mut stream).await {
            self.state.lock().heads.push(head);
            let planned = self.plan.lock().pop_front();
            let (status, lines) = match planned {
                Some(Answer::Status(status, lines)) => (status, lines),
                Some(Answer::Close | Answer::Refuse) => return Ok(()),
                Some(Answer::Hang) => pending().await,
                None => (self.store(&body), ""),
            };
            let text = format!("HTTP/1.1 {status} X\r\n{lines}content-length: 0\r\n\r\n");
            stream.write_all(text.as_bytes()).await?;
        }
        Ok(())
    }

    /// All of it or nothing.
    fn store(&self, body: &str) -> u16 {
        let points = match parse(body) {
            Ok(points) if points.iter().all(|point| point.measurement != "poison") => points,
            Ok(_) | Err(_) => return 400,
        };
        let mut state = self.state.lock();
        state.batches.push(points.len());
        state.points.extend(points);
        self.stored.notify_one();
        204
    }
}

async fn read_request(stream: &mut DuplexStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1)?.split('\r').next()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

#[derive(Debug)]
struct Net(Arc<TestDatabase>);

impl Connector for Net {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<BoxStream, ConnectError>> {
        let database = &self.0;
        let refuse = matches!(database.plan.lock().front(), Some(Answer::Refuse));
        if refuse {
            database.plan.lock().pop_front();
        }
        Box::pin(async move {
            if refuse {
                let refused = io::ErrorKind::ConnectionRefused.into();
                return Err(ConnectError::from_io(endpoint, refused));
            }
            let (near, far) = tokio::io::duplex(64 * 1024);
            let serve = Arc::clone(database).serve(far);
            database.spawner.spawn("database", "connection", async move {
                // A client that has gone away is no failure of the database.
                drop(serve.await);
                Ok(())
            });
            Ok(Box::new(near) as BoxStream)
        })
    }
}

impl Clock for TestDatabase {
    fn now(&self) -> UnixNanos {
        UnixNanos::ZERO
    }
}

impl AuditSink for TestDatabase {
    fn record(&self, event: AuditEvent) {
        self.audit.lock().push(event);
    }
}
