mod database;
mod drops;
mod lines;
mod parser;

use platform::TaskGroup;
use platform::health::{Criticality, HealthRegistry};
use std::time::Duration;

use model::UnixNanos;
use model::audit::{AuditEvent, BreakerState, HealthState};
use tokio::time::{Instant, advance, sleep};

use self::database::{Answer, TestDatabase, config};
use super::*;

struct Bench {
    writer: InfluxWriter,
    database: std::sync::Arc<TestDatabase>,
    group: TaskGroup,
    health: HealthRegistry,
}

impl Bench {
    fn new(change: impl FnOnce(&mut InfluxConfig)) -> Self {
        let mut config = config();
        change(&mut config);
        let group = TaskGroup::new("test");
        let database = TestDatabase::new(group.spawner());
        let platform = database.platform();
        let health = HealthRegistry::new(platform.auditor.clone());
        let reporter = health.declare("influxdb", Criticality::NonCritical);
        let writer = InfluxWriter::new(&config, &platform, &group.spawner(), reporter);
        Self { writer: writer.expect("a good configuration"), database, group, health }
    }

    fn submit(&self, numbers: std::ops::Range<i64>) {
        for number in numbers {
            self.writer.submit(point(number)).expect("a good point");
        }
    }

    fn state(&self) -> HealthState {
        self.health.snapshot().dependencies[0].state
    }

    fn losses(&self) -> Vec<(u64, String)> {
        let lost = |event| {
            let AuditEvent::SinkLost { points, reason, .. } = event else {
                return None;
            };
            Some((points, reason))
        };
        self.database.audit().into_iter().filter_map(lost).collect()
    }

    /// Every point is in exactly one place.
    fn assert_counted(&self) {
        let InfluxSnapshot {
            buffered,
            submitted,
            written,
            dropped,
            rejected,
            malformed,
            unwritten,
            late,
        } = self.writer.snapshot();
        let buffered = u64::try_from(buffered).expect("small");
        let ended = written + dropped + rejected + malformed + unwritten + late;
        assert_eq!(submitted, ended + buffered);
    }
}

fn point(number: i64) -> Point {
    Point::new("test", UnixNanos::from_secs(1)).field("number", number)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn points_are_written_by_number_or_time_with_token_and_names() {
    let bench = Bench::new(|config| config.batch_max = 3);
    let start = Instant::now();
    bench.submit(0..4);
    bench.database.written(4).await;
    assert_eq!(start.elapsed(), ms(2_000));
    assert_eq!(bench.database.batches(), [3, 1]);
    assert_eq!(bench.database.numbers(), [0, 1, 2, 3]);
    let head = bench.database.heads().remove(0);
    for line in [
        "POST /api/v2/write?org=our%20org&bucket=trading&precision=ns HTTP/1.1",
        "authorization: Token secret-token",
        "content-type: text/plain; charset=utf-8",
    ] {
        assert!(head.contains(&format!("{line}\r\n")), "{head}");
    }
    assert_eq!(bench.state(), HealthState::Up);
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn points_of_one_time_get_times_of_their_own() {
    let bench = Bench::new(|_| {});
    bench.submit(0..3);
    bench.database.written(3).await;
    let times: Vec<_> = bench.database.points().iter().map(|point| point.at).collect();
    assert_eq!(times, [1_000_000_000, 1_000_000_001, 1_000_000_002]);
}

/// 503s, then no answers, then the database is back: nothing is lost, nothing out of order, and
/// submitting took no time.
#[tokio::test(start_paused = true)]
async fn points_wait_while_the_database_is_away() {
    let bench = Bench::new(|_| {});
    let retry = "retry-after: 3\r\n";
    bench.database.plan([
        Answer::Status(503, ""),
        Answer::Status(429, retry),
        Answer::Close,
        Answer::Hang,
        Answer::Status(401, ""),
        Answer::Refuse,
    ]);
    let start = Instant::now();
    for number in 0..20 {
        bench.submit(number * 10..number * 10 + 10);
        sleep(ms(1_000)).await;
    }
    assert_eq!(start.elapsed(), ms(20_000));
    bench.database.written(200).await;
    assert_eq!(bench.database.numbers(), (0..200).collect::<Vec<_>>());
    assert_eq!(bench.losses(), []);
    assert_eq!(bench.state(), HealthState::Up);
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn when_there_is_no_room_the_oldest_go_and_are_told() {
    let bench = Bench::new(|config| (config.batch_max, config.buffer_max) = (10, 20));
    bench.database.plan([Answer::Hang]);
    bench.submit(0..10);
    sleep(ms(1)).await;
    // 0 to 9 are on their way; 10 to 14 have to go.
    bench.submit(10..25);
    assert_eq!(bench.writer.snapshot().dropped, 5);
    bench.database.written(20).await;
    let expected: Vec<_> = (0..10).chain(15..25).collect();
    assert_eq!(bench.database.numbers(), expected);
    assert_eq!(bench.losses(), [(5, "no room while the database is away".to_owned())]);
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn a_bad_point_does_not_hold_up_the_others() {
    let bench = Bench::new(|_| {});
    bench.submit(0..500);
    let bad = Point::new("poison", UnixNanos::from_secs(1)).field("number", 0);
    bench.writer.submit(bad).expect("it looks good");
    bench.submit(500..900);
    bench.database.written(900).await;
    sleep(ms(1)).await;
    assert_eq!(bench.database.numbers(), (0..900).collect::<Vec<_>>());
    assert_eq!(bench.losses(), [(1, "rejected by the database".to_owned())]);
    assert_eq!(bench.writer.snapshot().rejected, 1);
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_bad_points_costs_so_many_requests_and_no_more() {
    let bench = Bench::new(|_| {});
    for _ in 0..1_000 {
        let bad = Point::new("poison", UnixNanos::from_secs(1)).field("number", 0);
        bench.writer.submit(bad).expect("it looks good");
    }
    sleep(ms(60_000)).await;
    assert_eq!(bench.writer.snapshot().rejected, 1_000);
    assert!(bench.database.requests() <= 64 + 10, "{}", bench.database.requests());
    bench.submit(0..1);
    bench.database.written(1).await;
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn a_point_that_cannot_be_said_is_an_error_and_counted() {
    let bench = Bench::new(|_| {});
    let error = bench.writer.submit(Point::new("empty", UnixNanos::ZERO)).expect_err("no field");
    assert_eq!(error.to_string(), "point of `empty` has no field");
    assert_eq!(bench.writer.snapshot().malformed, 1);
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn the_end_writes_what_waits_and_takes_no_more() {
    let bench = Bench::new(|_| {});
    bench.submit(0..5);
    let start = Instant::now();
    let report = bench.writer.shut_down(ms(1_000)).await;
    assert_eq!(report, InfluxReport { written: 5, lost: 0, unwritten: 0, late: 0 });
    assert!(start.elapsed() < ms(10), "{:?}", start.elapsed());
    bench.submit(5..6);
    assert_eq!(bench.writer.snapshot().late, 1);
    assert_eq!(bench.losses(), [(1, "came after the end".to_owned())]);
    let again = bench.writer.shut_down(ms(1_000)).await;
    assert_eq!(again, InfluxReport { written: 5, lost: 0, unwritten: 0, late: 1 });
    assert!(!again.is_complete());
    bench.assert_counted();
    bench.group.cancel();
    assert!(bench.group.join(ms(10)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_end_has_a_bound_and_tells_what_is_left() {
    let bench = Bench::new(|_| {});
    bench.database.plan([Answer::Hang]);
    bench.submit(0..5);
    let start = Instant::now();
    let report = bench.writer.shut_down(ms(1_000)).await;
    assert_eq!(report, InfluxReport { written: 0, lost: 0, unwritten: 5, late: 0 });
    assert_eq!(start.elapsed(), ms(1_000));
    assert_eq!(bench.losses(), [(5, "not written by the end".to_owned())]);
    bench.assert_counted();
}

/// The database was away and is back: the end does not wait for the backoff to be over.
#[tokio::test(start_paused = true)]
async fn the_end_tries_once_more_at_once() {
    let bench = Bench::new(|config| {
        config.again.base = Duration::from_secs(3_600);
        config.again.cap = Duration::from_secs(3_600);
        config.again.jitter = resilience::Jitter::None;
    });
    bench.database.plan([Answer::Status(503, "")]);
    bench.submit(0..5);
    sleep(ms(3_000)).await;
    assert_eq!(bench.state(), HealthState::Down);
    let report = bench.writer.shut_down(ms(1_000)).await;
    assert!(report.is_complete(), "{report}");
}

/// As above, with a breaker that would stay open for longer than the end may take.
#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_an_open_breaker() {
    let bench = Bench::new(|config| {
        config.again.base = ms(1);
        config.again.cap = ms(1);
        config.lane.breaker.open_for = Duration::from_secs(3_600);
    });
    bench.database.plan([Answer::Status(503, ""); 5]);
    bench.submit(0..5);
    sleep(ms(10_000)).await;
    let breaker = bench.writer.lane().breaker();
    assert_eq!(breaker.snapshot().state, BreakerState::Open);
    let report = bench.writer.shut_down(ms(1_000)).await;
    assert!(report.is_complete(), "{report}");
}

/// The driver is gone, with the group, and nobody has asked for the end.
#[tokio::test(start_paused = true)]
async fn points_for_a_driver_that_is_gone_are_told() {
    let bench = Bench::new(|_| {});
    bench.group.cancel();
    sleep(ms(10)).await;
    bench.submit(0..2);
    let late = (1, "came after the end".to_owned());
    assert_eq!(bench.losses(), [late.clone(), late]);
    assert_eq!(bench.writer.shut_down(ms(1_000)).await.late, 2);
    bench.assert_counted();
}

#[tokio::test(start_paused = true)]
async fn a_database_that_takes_no_point_is_degraded() {
    let bench = Bench::new(|_| {});
    let reason = || bench.health.snapshot().dependencies[0].reason.clone();
    let poison = || Point::new("poison", UnixNanos::from_secs(1)).field("number", 0);
    for rejected in 1..=2 {
        bench.writer.submit(poison()).expect("it looks good");
        sleep(ms(3_000)).await;
        assert_eq!(bench.state(), HealthState::Degraded);
        assert_eq!(reason(), format!("{rejected} points rejected: status 400: "));
    }
    bench.submit(0..1);
    bench.writer.submit(poison()).expect("it looks good");
    sleep(ms(3_000)).await;
    assert_eq!(bench.state(), HealthState::Up);
    assert_eq!(bench.writer.snapshot().rejected, 3);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_group_ends_it_at_once_and_what_is_left_is_told() {
    let bench = Bench::new(|_| {});
    bench.submit(0..5);
    advance(ms(10)).await;
    bench.group.cancel();
    let Bench { group, database, writer, health } = bench;
    assert!(group.join(ms(10)).await.is_ok());
    let bench = Bench { group: TaskGroup::new("other"), database, writer, health };
    assert_eq!(bench.losses(), [(5, "not written by the end".to_owned())]);
    let report = bench.writer.shut_down(ms(1_000)).await;
    assert_eq!(report.unwritten, 5);
    bench.assert_counted();
}

#[test]
fn settings_that_cannot_work_are_named() {
    let check = |change: fn(&mut InfluxConfig), expected: &str| {
        let mut config = config();
        change(&mut config);
        assert_eq!(config.validate().expect_err(expected).to_string(), expected);
    };
    check(|config| config.org.clear(), "influx `org`: expected 1 to 200 bytes");
    check(|config| config.batch_max = 0, "influx `batch_max` is 0, expected 1 to 10000");
    check(
        |config| config.buffer_max = 1_999,
        "influx `buffer_max` is 1999, expected 2000 to 1000000",
    );
    check(
        |config| config.wait_max = Duration::ZERO,
        "influx `wait_max` is 0ns, expected above zero and at most an hour",
    );
    check(
        |config| config.request_timeout = config.lane.attempt_timeout - ms(1),
        "influx `request_timeout` is 9.999s, expected at least the lane's 10s",
    );
    check(
        |config| config.again.base = Duration::ZERO,
        "influx `again`: backoff setting `base` is below 1 ms",
    );
    check(
        |config| config.http.total_max = 0,
        "influx http: http setting `total_max`: expected at least 1, and a number that a semaphore can \
         count",
    );
    assert!(InfluxToken::new("two words").is_err());
    assert!(!format!("{:?}", config()).contains("secret"));
}
