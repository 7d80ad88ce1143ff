use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use testkit::drop_at_every_poll_and_settle;

use super::*;

const GRACE: Duration = Duration::from_secs(10);

fn fail(text: &'static str) -> TaskResult {
    Err(text.into())
}

fn states(group: &TaskGroup) -> Vec<(String, TaskState)> {
    group.status().into_iter().map(|task| (task.name.into_owned(), task.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_group_of_finished_tasks_joins() {
    let group = TaskGroup::new("g");
    group.spawner().spawn("a", "one", async { Ok(()) });
    group.group_ended("a").await;
    assert_eq!(states(&group), [("one".to_owned(), TaskState::Done)]);
    assert!(group.join(GRACE).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_stops_the_siblings_and_every_error_is_returned() {
    let group = TaskGroup::new("g");
    let spawner = group.spawner();
    spawner.spawn("a", "waits", pending());
    spawner.spawn("a", "fails", async { fail("broken") });
    spawner.spawn_graceful("a", "fails-late", |cancel| async move {
        cancel.cancelled().await;
        fail("broken, too")
    });
    let error = group.join(GRACE).await.expect_err("two tasks failed");
    let names: Vec<_> = error.failures.iter().map(|failure| failure.task.as_str()).collect();
    assert_eq!(names, ["fails", "fails-late"]);
    assert!(error.aborted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error() {
    let group = TaskGroup::new("g");
    group.spawner().spawn("a", "panics", async { panic!("at the disco") });
    let error = group.join(GRACE).await.expect_err("a task panicked");
    assert_eq!(error.to_string(), "task group `g`: task `panics` failed: panicked: at the disco;");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_stop_in_time_is_aborted_and_named() {
    let group = TaskGroup::new("g");
    group.spawner().spawn_graceful("a", "deaf", |_cancel| pending());
    group.cancel();
    let before = Instant::now();
    let error = group.join(GRACE).await.expect_err("the task was aborted");
    assert_eq!(before.elapsed(), GRACE);
    assert_eq!(error.aborted, ["deaf"]);
}

#[tokio::test(start_paused = true)]
async fn a_named_group_is_cancelled_alone() {
    let group = TaskGroup::new("g");
    let spawner = group.spawner();
    spawner.spawn("feeds", "feed", pending());
    spawner.spawn("orders", "order", pending());
    group.cancel_group("feeds");
    group.group_ended("feeds").await;
    let expected = [("order", TaskState::Running), ("feed", TaskState::Cancelled)];
    assert_eq!(states(&group), expected.map(|(name, state)| (name.to_owned(), state)));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_group_ends_its_tasks() {
    struct OnDrop(Arc<AtomicBool>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let guard = OnDrop(Arc::clone(&dropped));
    let group = TaskGroup::new("g");
    let spawner = group.spawner();
    spawner.spawn_graceful("a", "holds", |_cancel| async move {
        let _guard = guard;
        pending().await
    });
    tokio::task::yield_now().await;
    drop(group);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(dropped.load(Ordering::SeqCst));
    let ran = Arc::new(AtomicBool::new(false));
    let too_late = Arc::clone(&ran);
    spawner.spawn("a", "too-late", async move {
        too_late.store(true, Ordering::SeqCst);
        Ok(())
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!ran.load(Ordering::SeqCst), "a closed group runs nothing");
}

#[tokio::test(start_paused = true)]
async fn whoever_saw_the_group_empty_while_joining_has_closed_it() {
    let group = TaskGroup::new("g");
    group.wait_until(Registry::close_if_empty).await;
    group.spawner().spawn("a", "slips-in", pending());
    assert_eq!(states(&group), []);
    assert!(group.join(GRACE).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_group_stops_with_its_parent_but_not_the_other_way_round() {
    let parent = CancellationToken::new();
    let (one, two) = (TaskGroup::with_cancel("1", &parent), TaskGroup::with_cancel("2", &parent));
    drop(one);
    assert!(!parent.is_cancelled());
    two.spawner().spawn("a", "waits", pending());
    parent.cancel();
    assert!(two.join(GRACE).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_named_group_that_was_cancelled_takes_new_tasks() {
    let group = TaskGroup::new("g");
    let spawner = group.spawner();
    spawner.spawn("feeds", "old", pending());
    group.cancel_group("feeds");
    spawner.spawn("feeds", "new", async { Ok(()) });
    group.group_ended("feeds").await;
    let expected = [("old", TaskState::Cancelled), ("new", TaskState::Done)];
    assert_eq!(states(&group), expected.map(|(name, state)| (name.to_owned(), state)));
    group.cancel_group("unheard-of");
    group.group_ended("unheard-of").await;
}

#[tokio::test(start_paused = true)]
async fn status_tells_running_tasks_in_the_order_of_spawning_and_how_long_they_ran() {
    let group = TaskGroup::new("g");
    let spawner = group.spawner();
    spawner.spawn("a", "short", async { Ok(()) });
    spawner.spawn("a", "one", pending());
    group.wait_until(|registry| registry.status(Instant::now()).len() == 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Takes the place of the task that has ended, but comes after the older one.
    spawner.spawn("b", "two", pending());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let told = group.status();
    let told: Vec<_> =
        told.iter().map(|task| (&*task.name, task.group, task.ran_for.as_secs())).collect();
    assert_eq!(told, [("one", "a", 5), ("two", "b", 3), ("short", "a", 0)]);
}

#[tokio::test(start_paused = true)]
async fn only_the_last_ended_tasks_are_remembered_but_all_are_counted() {
    let recorder = Counts::default();
    let group = metrics::with_local_recorder(&recorder, || {
        let group = TaskGroup::new("g");
        group.spawner().spawn("a", "first", async { Ok(()) });
        group
    });
    for number in 0..100 {
        group.spawner().spawn("a", format!("task {number}"), async { Ok(()) });
    }
    group.spawner().spawn("a", "stopped", pending());
    tokio::time::sleep(Duration::from_millis(1)).await;
    group.cancel();
    group.group_ended("a").await;
    assert_eq!(group.status().len(), 64);
    metrics::with_local_recorder(&recorder, || group.publish());
    let told = recorder.0.lock();
    let of =
        |state: &str| told.iter().find(|(key, _)| key.contains(state)).map(|(_, count)| *count);
    assert_eq!((of("done"), of("cancelled"), of("panicked")), (Some(101), Some(1), Some(0)));
}

/// Counters by name and labels.
#[derive(Debug, Default)]
struct Counts(Arc<Mutex<std::collections::BTreeMap<String, u64>>>);

struct Count(Arc<Mutex<std::collections::BTreeMap<String, u64>>>, String);

impl metrics::CounterFn for Count {
    fn increment(&self, value: u64) {
        *self.0.lock().entry(self.1.clone()).or_default() += value;
    }

    fn absolute(&self, value: u64) {
        self.0.lock().insert(self.1.clone(), value);
    }
}

impl metrics::Recorder for Counts {
    fn describe_counter(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn describe_gauge(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn describe_histogram(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }

    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(Arc::new(Count(Arc::clone(&self.0), key.to_string())))
    }

    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }

    fn register_histogram(
        &self,
        _: &metrics::Key,
        _: &metrics::Metadata<'_>,
    ) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

/// Joining is dropped after its first, second, ... poll; whenever that is, no task lives on.
#[tokio::test(start_paused = true)]
async fn joining_can_be_dropped_at_every_poll() {
    let alive = Arc::new(());
    let make = || {
        let group = TaskGroup::new("g");
        for name in ["deaf", "polite"] {
            let alive = Arc::clone(&alive);
            group.spawner().spawn_graceful("a", name, move |cancel| async move {
                let _alive = alive;
                if name == "polite" {
                    cancel.cancelled().await;
                    return Ok(());
                }
                pending().await
            });
        }
        group.spawner().spawn("a", "fails", async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            fail("broken")
        });
        group.join(GRACE)
    };
    let left = |polls| assert_eq!(Arc::strong_count(&alive), 1, "dropped after {polls} polls");
    let settle = Duration::from_millis(1);
    let (joined, polls) = drop_at_every_poll_and_settle(make, settle, left).await;
    let error = joined.expect_err("one failed, one was deaf");
    assert_eq!(error.aborted, ["deaf"]);
    assert!(polls > 2, "dropped too rarely to prove anything");
    tokio::time::sleep(settle).await;
    assert_eq!(Arc::strong_count(&alive), 1);
}
