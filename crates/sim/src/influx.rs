//! A simulated InfluxDB: takes lines over HTTP and tells what it stored.
//!
//! Strict, and written from the database's manual: it shares no code with the client's encoder, so that
//! a misreading shows. What it stores is in the history; it keeps only the types of fields, since a
//! field that changes its type is refused.

mod lines;
mod serve;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::history::SinkEvent;
use parking_lot::Mutex;

pub(crate) use self::serve::connection;

use self::lines::Line;
use crate::history::HostLog;

/// The token that may write. Known to everybody: it opens nothing but this database.
pub(crate) const TOKEN: &str = "wavetank-simulated-token";
/// The only organisation.
pub(crate) const ORG: &str = "wavetank";
/// The only bucket.
pub(crate) const BUCKET: &str = "trading";

/// The database. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct InfluxSim {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    log: HostLog,
    types: Mutex<BTreeMap<(String, String), char>>,
    fault: Mutex<Option<u16>>,
    struck: AtomicU64,
}

/// A request as far as the database looks at it.
#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    query: String,
    authorization: String,
    content_type: String,
    body: Vec<u8>,
}

/// An answer: status, and the code of the error.
type Reply = (u16, &'static str);

impl InfluxSim {
    pub(crate) fn new(log: HostLog) -> Self {
        let shared = Shared {
            log,
            types: Mutex::default(),
            fault: Mutex::default(),
            struck: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Answers every request with a status from now on, or with the truth again.
    pub(crate) fn set_status(&self, status: Option<u16>) {
        *self.shared.fault.lock() = status;
        if status.is_some() {
            self.shared.struck.store(0, Ordering::Relaxed);
        }
    }

    /// Requests that the last fault answered.
    pub(crate) fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::Relaxed)
    }

    fn answer(&self, request: &Request) -> Reply {
        let fault = *self.shared.fault.lock();
        let (reply, points) = match fault {
            Some(status) => {
                self.shared.struck.fetch_add(1, Ordering::Relaxed);
                ((status, "unavailable"), 0)
            }
            None => match self.write(request) {
                Ok(points) => ((204, ""), points),
                Err(reply) => (reply, 0),
            },
        };
        self.shared.log.sink(SinkEvent::WriteAnswered { status: reply.0, points });
        reply
    }

    /// Stores all points of a request, or none.
    fn write(&self, request: &Request) -> Result<u64, Reply> {
        let refuse = |refused: bool, reply: Reply| if refused { Err(reply) } else { Ok(()) };
        refuse(request.path != "/api/v2/write", (404, "not found"))?;
        refuse(request.method != "POST", (405, "method not allowed"))?;
        let token = request.authorization.strip_prefix("Token ");
        refuse(token != Some(TOKEN), (401, "unauthorized"))?;
        let mut query: Vec<&str> = request.query.split('&').collect();
        query.sort_unstable();
        let expected =
            [format!("bucket={BUCKET}"), format!("org={ORG}"), "precision=ns".to_owned()];
        refuse(query != expected, (404, "not found"))?;
        refuse(!request.content_type.starts_with("text/plain"), (415, "invalid"))?;
        let text = std::str::from_utf8(&request.body).map_err(|_| (400, "invalid"))?;
        let lines = lines::read(text).map_err(|error| {
            tracing::debug!(error, "line refused");
            (400, "invalid")
        })?;
        refuse(lines.is_empty(), (400, "invalid"))?;
        self.check_types(&lines)?;
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        for Line { measurement, tags, fields, at } in lines {
            let fields = fields.into_iter().map(|(key, value)| (key, value.text)).collect();
            self.shared.log.sink(SinkEvent::PointStored { measurement, tags, fields, at });
        }
        Ok(count)
    }

    /// A field has one type in all points of a measurement.
    fn check_types(&self, lines: &[Line]) -> Result<(), Reply> {
        let mut types = self.shared.types.lock();
        let mut seen = types.clone();
        for line in lines {
            for (key, value) in &line.fields {
                let known = seen.entry((line.measurement.clone(), key.clone()));
                if *known.or_insert(value.kind) != value.kind {
                    return Err((422, "unprocessable entity"));
                }
            }
        }
        *types = seen;
        Ok(())
    }
}
