use std::collections::BTreeSet;
use std::future::pending;
use std::panic::resume_unwind;

use futures_util::future::join_all;
use platform::TaskGroup;
use proptest::prelude::*;
use testkit::drop_at_every_poll;
use tokio::time::{sleep, timeout};

use super::queue::Next;
use super::*;

type Echo = Batcher<u32, u32, &'static str>;

/// The batches that a batcher made, with the time of each in milliseconds.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Batches>>);

type Batches = Vec<(u64, Vec<u32>)>;

impl Log {
    fn take(&self) -> Batches {
        std::mem::take(&mut self.0.lock())
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn small() -> BatcherConfig {
    BatcherConfig { size_max: 3, running_max: 2, queue_max: 7, ..BatcherConfig::default() }
}

/// Returns each item doubled after 100 ms; an odd one is an error.
fn echo(config: BatcherConfig, group: &TaskGroup) -> (Echo, Log) {
    let (log, start) = (Log::default(), Instant::now());
    let theirs = log.clone();
    let run = move |items: Vec<u32>| {
        let at = u64::try_from(start.elapsed().as_millis()).expect("short");
        theirs.0.lock().push((at, items.clone()));
        async move {
            sleep(ms(100)).await;
            let double = |item: u32| if item.is_multiple_of(2) { Ok(item * 2) } else { Err("odd") };
            Ok(items.into_iter().map(double).collect())
        }
    };
    (Batcher::new("test", config, &group.spawner(), run).expect("valid"), log)
}

#[tokio::test(start_paused = true)]
async fn a_batch_begins_by_size_or_by_time_and_everybody_gets_their_own() {
    let group = TaskGroup::new("test");
    let (echo, log) = echo(small(), &group);
    let results = join_all([2, 3, 4, 6].map(|item| echo.call(item))).await;
    assert_eq!(results, [Ok(4), Err(BatchError::Item("odd")), Ok(8), Ok(12)]);
    assert_eq!(log.take(), [(0, vec![2, 3, 4]), (500, vec![6])]);
    let BatcherSnapshot { queued, running, calls, succeeded, .. } = echo.snapshot();
    assert_eq!((queued, running, calls, succeeded), (0, 0, 4, 2));
}

#[tokio::test(start_paused = true)]
async fn so_many_batches_run_at_once_and_the_rest_waits_in_a_bounded_queue() {
    let group = TaskGroup::new("test");
    let (echo, log) = echo(small(), &group);
    let results = join_all((0..9).map(|item| echo.call(item * 2))).await;
    // All nine call before the task has run once.
    let full =
        results.iter().filter(|result| matches!(result, Err(BatchError::QueueFull { queued: 7 })));
    assert_eq!(full.count(), 2);
    let batches = [(0, vec![0, 2, 4]), (0, vec![6, 8, 10]), (500, vec![12])];
    assert_eq!(log.take(), batches);
    assert_eq!(echo.snapshot().refused, 2);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_waits_for_a_place() {
    let group = TaskGroup::new("test");
    let (echo, log) = echo(BatcherConfig { running_max: 1, ..small() }, &group);
    join_all((0..6).map(|item| echo.call(item))).await;
    assert_eq!(log.take(), [(0, vec![0, 1, 2]), (100, vec![3, 4, 5])]);
}

/// A batch that goes wrong.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Fail,
    Panic,
    PanicAtOnce,
    TooFew,
    Hang,
}

fn planned(plan: Plan, group: &TaskGroup) -> Echo {
    let run = move |items: Vec<u32>| {
        if matches!(plan, Plan::PanicAtOnce) {
            resume_unwind(Box::new("planned"));
        }
        async move {
            match plan {
                Plan::Fail => Err("down"),
                Plan::Panic | Plan::PanicAtOnce => resume_unwind(Box::new("planned")),
                Plan::TooFew => Ok(items.into_iter().skip(1).map(Ok).collect()),
                Plan::Hang => pending().await,
            }
        }
    };
    Batcher::new("test", small(), &group.spawner(), run).expect("valid")
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_with_a_batch_each_caller_is_told() {
    let after = BatcherConfig::default().batch_timeout;
    for (plan, expected) in [
        (Plan::Fail, BatchError::Batch(Arc::new("down"))),
        (Plan::Panic, BatchError::Panicked("planned".into())),
        (Plan::PanicAtOnce, BatchError::Panicked("planned".into())),
        (Plan::TooFew, BatchError::WrongCount { calls: 3, results: 2 }),
        (Plan::Hang, BatchError::TimedOut { after }),
    ] {
        let group = TaskGroup::new("test");
        let batcher = planned(plan, &group);
        let results = join_all([1, 2, 3].map(|item| batcher.call(item))).await;
        assert_eq!(results, vec![Err(expected); 3], "{plan:?}");
        assert_eq!(batcher.snapshot().failed, 1);
        // The task has survived.
        group.cancel();
        assert!(group.join(ms(1)).await.is_ok(), "{plan:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_takes_its_call_along() {
    let group = TaskGroup::new("test");
    let (echo, log) = echo(small(), &group);
    let leaves = timeout(ms(200), echo.call(2));
    let (left, stayed) = tokio::join!(leaves, echo.call(4));
    assert!(left.is_err());
    assert_eq!(stayed, Ok(8));
    assert_eq!(log.take(), [(500, vec![4])]);
    assert_eq!(echo.snapshot().left, 1);
    // Too late to leave: the batch has begun.
    let (left, stayed) = tokio::join!(timeout(ms(550), echo.call(2)), echo.call(4));
    assert!(left.is_err());
    assert_eq!(stayed, Ok(8));
    assert_eq!(log.take().len(), 1);
    assert_eq!(echo.snapshot().left, 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_at_any_poll_leaves_the_queue_empty() {
    let group = TaskGroup::new("test");
    let (echo, _) = echo(small(), &group);
    let make = || echo.call(2);
    let check = |polls| assert_eq!(echo.snapshot().queued, 0, "after {polls} polls");
    assert_eq!(drop_at_every_poll(make, check).await.0, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_makes_what_waits_at_once_and_takes_no_more() {
    let group = TaskGroup::new("test");
    let (echo, log) = echo(small(), &group);
    let shutdown = async {
        sleep(ms(10)).await;
        let report = echo.shut_down(ms(1_000)).await;
        (report, echo.call(8).await)
    };
    let (call, (report, late)) = tokio::join!(echo.call(2), shutdown);
    assert_eq!(call, Ok(4));
    assert_eq!(report, BatcherReport::default());
    assert_eq!(late, Err(BatchError::ShutDown));
    assert_eq!(log.take(), [(10, vec![2])]);
    assert!(group.join(ms(1)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_takes_too_long_answers_everybody_and_tells_what_is_left() {
    let group = TaskGroup::new("test");
    let batcher = planned(Plan::Hang, &group);
    let start = Instant::now();
    let shutdown = async {
        sleep(ms(10)).await;
        batcher.shut_down(ms(1_000)).await
    };
    let calls = join_all((0..7).map(|item| batcher.call(item)));
    let (results, report) = tokio::join!(calls, shutdown);
    let expected = [vec![Err(BatchError::CutOff); 6], vec![Err(BatchError::ShutDown)]].concat();
    assert_eq!(results, expected);
    assert_eq!(report, BatcherReport { unsent: 1, unknown: 6 });
    assert_eq!(start.elapsed(), ms(1_010));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_group_flushes_and_a_dropped_one_answers_everybody() {
    let group = TaskGroup::new("test");
    let (first, log) = echo(small(), &group);
    let (call, joined) = tokio::join!(first.call(2), async {
        sleep(ms(10)).await;
        group.cancel();
        group.join(ms(1_000)).await
    });
    assert_eq!(call, Ok(4));
    assert!(joined.is_ok());
    assert_eq!(log.take(), [(10, vec![2])]);

    let group = TaskGroup::new("test");
    let (second, _) = echo(small(), &group);
    let (call, ()) = tokio::join!(second.call(2), async {
        sleep(ms(550)).await;
        drop(group);
    });
    assert_eq!(call, Err(BatchError::CutOff));
    assert_eq!(second.shut_down(ms(1)).await, BatcherReport { unsent: 0, unknown: 1 });
}

#[tokio::test(start_paused = true)]
async fn in_a_closed_group_nobody_waits() {
    let group = TaskGroup::new("test");
    let spawner = group.spawner();
    group.join(ms(1)).await.expect("empty");
    let run = |items: Vec<u32>| async move { Ok(items.into_iter().map(Ok).collect()) };
    let batcher: Echo = Batcher::new("test", small(), &spawner, run).expect("valid");
    assert_eq!(batcher.call(1).await, Err(BatchError::ShutDown));
    assert_eq!(batcher.shut_down(ms(1)).await, BatcherReport::default());
}

#[test]
fn the_queue_decides_by_size_time_places_and_end() {
    let start = Instant::now();
    let mut queue = Queue::new(&small());
    assert_eq!(queue.next(start, 0), Next::Wait);
    let tickets = [1, 2].map(|item| queue.push(start + ms(item), item).expect("room"));
    assert_eq!(queue.next(start + ms(500), 0), Next::NotBefore(start + ms(501)));
    assert_eq!(queue.next(start + ms(501), 2), Next::Wait);
    assert_eq!(queue.remove(tickets[0]), Some(1));
    assert_eq!(queue.next(start + ms(501), 0), Next::NotBefore(start + ms(502)));
    assert_eq!(queue.next(start + ms(502), 1), Next::Batch(vec![2]));
    assert_eq!(queue.remove(tickets[1]), None);
    queue.push(start, 3).expect("room");
    queue.close();
    assert_eq!(queue.push(start, 4), Err(Refused::Closed));
    assert_eq!(queue.next(start, 0), Next::Batch(vec![3]));
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let check = |change: fn(&mut BatcherConfig), expected: &str| {
        let mut config = BatcherConfig::default();
        change(&mut config);
        assert_eq!(config.validate().expect_err(expected).to_string(), expected);
    };
    check(|config| config.size_max = 0, "batcher `size_max` is 0, expected 1 to 10000");
    check(|config| config.running_max = 0, "batcher `running_max` is 0, expected 1 to 1000");
    check(|config| config.queue_max = 19, "batcher `queue_max` is 19, expected 20 to 1000000");
    let range = "expected above zero and at most an hour";
    check(
        |config| config.wait_max = Duration::ZERO,
        &format!("batcher `wait_max` is 0ns, {range}"),
    );
    check(
        |config| config.batch_timeout = Duration::ZERO,
        &format!("batcher `batch_timeout` is 0ns, {range}"),
    );
    check(
        |config| config.flush_max = Duration::from_secs(3_601),
        &format!("batcher `flush_max` is 3601s, {range}"),
    );
    assert!(BatcherConfig::default().validate().is_ok());
}

/// What becomes of a batch, chosen by its first item.
fn plan_of(plans: &[u8], first: u32) -> u8 {
    plans[usize::try_from(first).expect("small") % plans.len()]
}

async fn play(plans: Vec<u8>, calls: Vec<(u64, Option<u64>)>, shutdown_ms: Option<u64>) {
    let config = BatcherConfig {
        size_max: 3,
        wait_max: ms(20),
        running_max: 2,
        queue_max: 5,
        batch_timeout: ms(100),
        flush_max: ms(50),
    };
    let group = TaskGroup::new("test");
    let made = Arc::new(Mutex::new(BTreeSet::new()));
    let theirs = Arc::clone(&made);
    let twice = Arc::new(Mutex::new(Vec::new()));
    let twice_by_run = Arc::clone(&twice);
    let run = move |items: Vec<u32>| {
        for item in &items {
            // Not asserted here: a batcher catches panics.
            if !theirs.lock().insert(*item) {
                twice_by_run.lock().push(*item);
            }
        }
        let plan = plan_of(&plans, items[0]);
        async move {
            sleep(ms(u64::from(plan))).await;
            match plan % 5 {
                0 => Err("down"),
                1 => resume_unwind(Box::new("planned")),
                2 => Ok(vec![Ok(0)]),
                3 => pending().await,
                _ => Ok(items.into_iter().map(|item| Ok(item + 1_000)).collect()),
            }
        }
    };
    let batcher: Echo = Batcher::new("test", config, &group.spawner(), run).expect("valid");
    let callers = (0_u32..).zip(calls).map(|(item, (at_ms, leaves_ms))| {
        let (batcher, made) = (&batcher, &made);
        async move {
            sleep(ms(at_ms)).await;
            // A wait in the queue is bounded by the batches before it: two of them at a time.
            let bound = leaves_ms.map_or(ms(5_000), ms);
            match timeout(bound, batcher.call(item)).await {
                Ok(Ok(result)) => assert!(result == item + 1_000 || result == 0, "of another"),
                Ok(Err(BatchError::ShutDown)) => assert!(!made.lock().contains(&item), "made"),
                Ok(Err(BatchError::CutOff)) => assert!(made.lock().contains(&item), "not made"),
                Ok(Err(_)) => {}
                Err(_) => assert!(leaves_ms.is_some(), "call {item} hangs"),
            }
        }
    });
    let ends = async {
        let Some(at) = shutdown_ms else { return };
        sleep(ms(at)).await;
        let start = Instant::now();
        batcher.shut_down(ms(50)).await;
        assert!(start.elapsed() <= ms(51), "{:?}", start.elapsed());
    };
    tokio::join!(join_all(callers), ends);
    let BatcherSnapshot { queued, calls, left, .. } = batcher.snapshot();
    assert_eq!(queued, 0);
    assert_eq!(*twice.lock(), [0_u32; 0], "in two batches");
    let made = u64::try_from(made.lock().len()).expect("small");
    // With a shutdown, the rest was told so.
    assert!(made + left == calls || shutdown_ms.is_some() && made + left <= calls);
}

proptest! {
    /// Whatever fails or leaves, and whenever it ends: every caller is answered, with its own result,
    /// and none is in two batches.
    #[test]
    fn every_caller_is_answered_exactly_once(
        plans in prop::collection::vec(0_u8..60, 1..8),
        calls in prop::collection::vec((0_u64..400, prop::option::weighted(0.3, 0_u64..200)), 0..60),
        shutdown_ms in prop::option::of(0_u64..500),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(play(plans, calls, shutdown_ms));
    }
}
