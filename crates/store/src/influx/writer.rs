//! The handle: takes points without waiting.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge};
use model::UnixNanos;
use model::audit::{AuditEvent, BreakerState};
use parking_lot::Mutex;
use platform::health::HealthReporter;
use platform::{Auditor, Platform, Spawner};
use resilience::Lane;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use transport::HttpClient;

use super::buffer::{Buffer, Counts, Taken};
use super::config::{InfluxConfig, InfluxConfigError};
use super::driver::Driver;
use super::point::{Point, PointError};
use super::request::{Bucket, NAME};

/// Name of the writer's task within its task group.
const GROUP: &str = "influx";

/// Why a late point is lost.
const LATE: &str = "came after the end";

/// The grain of the number that tells points of one time apart.
const NUMBERED: u16 = 1_000;

/// A writer at one moment. Every point that was submitted is counted in one of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfluxSnapshot {
    /// Points that wait or are being written.
    pub buffered: usize,
    /// Points that were submitted since the start.
    pub submitted: u64,
    /// Points that the database has taken.
    pub written: u64,
    /// Points that went, as the oldest, when there was no room.
    pub dropped: u64,
    /// Points that the database refused.
    pub rejected: u64,
    /// Points that the line protocol cannot say.
    pub malformed: u64,
    /// Points that were not written by the end.
    pub unwritten: u64,
    /// Points that came after the end.
    pub late: u64,
}

/// What a writer had done when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfluxReport {
    /// Points that the database has taken.
    pub written: u64,
    /// Points that were lost before: dropped, rejected or malformed.
    pub lost: u64,
    /// Points that were left. Some of them may have been written in the last moment.
    pub unwritten: u64,
    /// Points that came after the end had begun, or after the writer's task had failed.
    pub late: u64,
}

impl InfluxReport {
    /// Every point was written.
    pub const fn is_complete(&self) -> bool {
        self.lost == 0 && self.unwritten == 0 && self.late == 0
    }
}

impl fmt::Display for InfluxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, lost, unwritten, late } = self;
        write!(f, "{written} points written, {lost} lost, {unwritten} left, {late} late")
    }
}

/// Writes points to a bucket of InfluxDB. Cheap to clone; clones are the same writer.
#[derive(Debug, Clone)]
pub struct InfluxWriter {
    shared: Arc<Shared>,
    bucket: Arc<Bucket>,
    auditor: Auditor,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) buffer: Mutex<Buffer>,
    /// There is something new for the driver: points, or the end.
    pub(super) changed: Notify,
    ending: Mutex<Ending>,
    /// Something new about the end.
    ends: Notify,
}

#[derive(Debug, Default)]
struct Ending {
    /// By when everything must be written, once the end has begun.
    until: Option<Instant>,
    /// The driver has ended.
    over: bool,
}

impl InfluxWriter {
    /// A writer whose tasks run in the spawner's group. `health` learns whether the database takes
    /// points; nothing is told before the first write.
    ///
    /// Cancelling the group ends the writer at once; call [`InfluxWriter::shut_down`] before.
    ///
    /// # Errors
    /// [`InfluxConfigError`]: a setting cannot work.
    ///
    /// # Determinism
    /// Draws from the stream `influx/write` of the platform's entropy; reads no wall time: points have
    /// theirs.
    pub fn new(
        config: &InfluxConfig,
        platform: &Platform,
        spawner: &Spawner,
        health: HealthReporter,
    ) -> Result<Self, InfluxConfigError> {
        let (writer, driver) = Self::with_driver(config, platform, spawner, health)?;
        spawner.spawn_graceful(GROUP, NAME, |cancel| driver.run(cancel));
        Ok(writer)
    }

    /// A writer, and what has to run for it.
    pub(super) fn with_driver(
        config: &InfluxConfig,
        platform: &Platform,
        spawner: &Spawner,
        health: HealthReporter,
    ) -> Result<(Self, Driver), InfluxConfigError> {
        config.validate()?;
        let bucket = Arc::new(Bucket::new(config, platform, spawner.clone())?);
        let shared = Arc::new(Shared {
            buffer: Mutex::new(Buffer::new(config)),
            changed: Notify::new(),
            ending: Mutex::default(),
            ends: Notify::new(),
        });
        let driver = Driver {
            shared: Arc::clone(&shared),
            bucket: Arc::clone(&bucket),
            health,
            auditor: platform.auditor.clone(),
            request_timeout: config.request_timeout,
            again: config.again,
            rng: platform.entropy.stream(NAME),
            failed: 0,
            ending: false,
            rejected: 0,
            told: Counts::default(),
        };
        Ok((Self { shared, bucket, auditor: platform.auditor.clone() }, driver))
    }

    /// Takes a point and returns at once, whatever the database does. A point that will not be written
    /// is counted and told.
    ///
    /// The last three digits of its time become a number that rises from point to point: two points of
    /// one series in the same microsecond stay two, where the database would keep the second only.
    ///
    /// # Errors
    /// [`PointError`]: the line protocol cannot say the point.
    pub fn submit(&self, mut point: Point) -> Result<(), PointError> {
        let mut buffer = self.shared.buffer.lock();
        let number = i64::try_from(buffer.counts().submitted % u64::from(NUMBERED)).unwrap_or(0);
        let whole = point.at.floor_to(Duration::from_nanos(u64::from(NUMBERED)));
        point.at = UnixNanos::from_nanos(whole.as_nanos().saturating_add(number));
        let line = match point.to_line() {
            Ok(line) => line,
            Err(error) => {
                buffer.malformed();
                return Err(error);
            }
        };
        let taken = buffer.push(Instant::now(), line.into());
        drop(buffer);
        match taken {
            Taken::Look => self.shared.changed.notify_one(),
            Taken::Waits => {}
            Taken::Late => tell_lost(&self.auditor, LATE, 1),
        }
        Ok(())
    }

    /// Takes no more points and writes those that it has, for at most `within`. A breaker that is open
    /// is reset: the database may be back, and nobody will ask it later.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing: the end goes on.
    pub async fn shut_down(&self, within: Duration) -> InfluxReport {
        let breaker = self.lane().breaker();
        if matches!(breaker.snapshot().state, BreakerState::Open | BreakerState::HalfOpen) {
            breaker.reset();
        }
        self.shared.begin_to_end(within);
        self.shared.wait_until(|ending| ending.over).await;
        let Counts { written, dropped, rejected, malformed, unwritten, late, .. } =
            self.shared.buffer.lock().counts();
        InfluxReport { written, lost: dropped + rejected + malformed, unwritten, late }
    }

    /// The lane of the requests, for status reports.
    pub fn lane(&self) -> &Lane {
        self.bucket.lane()
    }

    /// The HTTP client, for status reports.
    pub fn http(&self) -> &HttpClient {
        self.bucket.http()
    }

    /// The writer at this moment.
    pub fn snapshot(&self) -> InfluxSnapshot {
        let buffer = self.shared.buffer.lock();
        let counts = buffer.counts();
        InfluxSnapshot {
            buffered: buffer.len(),
            submitted: counts.submitted,
            written: counts.written,
            dropped: counts.dropped,
            rejected: counts.rejected,
            malformed: counts.malformed,
            unwritten: counts.unwritten,
            late: counts.late,
        }
    }

    /// Writes the snapshot to the metrics `wavetank_sink_points_total{sink,result}` and
    /// `wavetank_sink_buffered_points{sink}`.
    pub fn publish(&self) {
        let now = self.snapshot();
        let results = [
            ("submitted", now.submitted),
            ("written", now.written),
            ("dropped", now.dropped),
            ("rejected", now.rejected),
            ("malformed", now.malformed),
            ("unwritten", now.unwritten),
            ("late", now.late),
        ];
        for (result, points) in results {
            counter!("wavetank_sink_points_total", "sink" => NAME, "result" => result)
                .absolute(points);
        }
        let buffered = f64::from(u32::try_from(now.buffered).unwrap_or(u32::MAX));
        gauge!("wavetank_sink_buffered_points", "sink" => NAME).set(buffered);
    }
}

/// Tells of points that are lost.
pub(super) fn tell_lost(auditor: &Auditor, reason: &str, points: u64) {
    tracing::warn!(sink = NAME, points, reason, "points lost");
    let (sink, reason) = (NAME.to_owned(), reason.to_owned());
    auditor.record(AuditEvent::SinkLost { sink, points, reason });
}

impl Shared {
    fn begin_to_end(&self, within: Duration) {
        self.buffer.lock().close();
        let until = Instant::now() + within.min(Duration::from_secs(24 * 3_600));
        let mut ending = self.ending.lock();
        ending.until = Some(ending.until.map_or(until, |earlier| earlier.min(until)));
        drop(ending);
        self.changed.notify_one();
        self.ends.notify_waiters();
    }

    pub(super) fn end(&self) {
        self.ending.lock().over = true;
        self.ends.notify_waiters();
    }

    /// Waits until the time for the end is over.
    pub(super) async fn given_up(&self) {
        self.wait_until(|ending| ending.until.is_some()).await;
        let until = self.ending.lock().until;
        if let Some(until) = until {
            sleep_until(until).await;
        }
    }

    async fn wait_until(&self, condition: impl Fn(&Ending) -> bool) {
        loop {
            let mut changed = pin!(self.ends.notified());
            changed.as_mut().enable();
            if condition(&self.ending.lock()) {
                return;
            }
            changed.await;
        }
    }
}
