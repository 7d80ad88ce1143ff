//! A writer whose task or whose end is dropped loses no point without a word, whenever that is.

use std::cell::RefCell;

use testkit::{drop_at_every_poll, drop_at_every_poll_and_settle};
use tokio_util::sync::CancellationToken;

use super::*;

/// Time after a drop in which the connections behind it notice.
const SETTLE: Duration = Duration::from_secs(60);

fn spec() -> InfluxConfig {
    let mut config = config();
    (config.batch_max, config.buffer_max) = (2, 4);
    config
}

/// The task is dropped at each of its waits: for points, for an answer, after a failure, at the end. Each
/// point is written or told as lost, and nothing is held.
#[tokio::test(start_paused = true)]
async fn the_task_can_be_dropped_at_every_poll() {
    let group = TaskGroup::new("test");
    let database = TestDatabase::new(group.spawner());
    let platform = database.platform();
    let health = HealthRegistry::new(platform.auditor.clone());
    let reporter = health.declare("influxdb", Criticality::NonCritical);
    let current: RefCell<Option<InfluxWriter>> = RefCell::default();
    let make = || {
        // Refused, unavailable, cut off, then it works.
        database.plan_anew([Answer::Refuse, Answer::Status(503, ""), Answer::Close]);
        let made =
            InfluxWriter::with_driver(&spec(), &platform, &group.spawner(), reporter.clone());
        let (writer, driver) = made.expect("a good configuration");
        *current.borrow_mut() = Some(writer.clone());
        async move {
            let task = driver.run(CancellationToken::new());
            let user = async {
                for number in 0..7 {
                    writer.submit(point(number)).expect("a good point");
                    sleep(ms(700)).await;
                }
                writer.shut_down(ms(10_000)).await
            };
            tokio::join!(task, user).1
        }
    };
    let mut told_before = 0;
    let mut nothing_is_held = |polls: usize| {
        let writer = current.borrow_mut().take().expect("one was made");
        let InfluxSnapshot { buffered, submitted, written, dropped, unwritten, late, .. } =
            writer.snapshot();
        let lost = dropped + unwritten + late;
        assert_eq!((buffered, submitted), (0, written + lost), "after {polls} polls");
        let audit = database.audit();
        let told = |event: &AuditEvent| {
            if let AuditEvent::SinkLost { points, .. } = event { *points } else { 0 }
        };
        let told: u64 = audit.iter().map(told).sum();
        assert_eq!(told - told_before, lost, "after {polls} polls");
        told_before = told;
        let stats = writer.http().stats();
        assert_eq!((stats.permits, stats.in_use, stats.waiting), (0, 0, 0), "after {polls} polls");
        let count = |wanted: fn(&AuditEvent) -> bool| audit.iter().filter(|e| wanted(e)).count();
        let begun = count(|event| matches!(event, AuditEvent::CallStarted { .. }));
        let ended = count(|event| matches!(event, AuditEvent::CallEnded { .. }));
        assert_eq!(begun, ended, "after {polls} polls");
        // Whoever comes later is told, too, and nobody waits for a task that is gone.
        writer.submit(point(99)).expect("a good point");
        assert_eq!(writer.snapshot().late, late + 1);
        told_before += 1;
    };
    let (report, polls) = drop_at_every_poll_and_settle(make, SETTLE, &mut nothing_is_held).await;
    assert!(polls > 15, "{polls} polls");
    assert_eq!(report.written + report.lost, 7, "{report}");
    nothing_is_held(polls);
}

/// Whoever waits for the end may go away: the end goes on.
#[tokio::test(start_paused = true)]
async fn waiting_for_the_end_can_be_dropped_at_every_poll() {
    let bench = Bench::new(|config| config.batch_max = 1);
    bench.database.plan([Answer::Status(503, ""), Answer::Status(503, "")]);
    bench.submit(0..3);
    let make = || bench.writer.shut_down(ms(60_000));
    let (report, polls) = drop_at_every_poll(make, |_| {}).await;
    assert!(report.is_complete() && report.written == 3, "{report}");
    assert!(polls >= 1, "{polls} polls");
    bench.assert_counted();
}
