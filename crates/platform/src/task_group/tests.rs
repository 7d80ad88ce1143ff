use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const GRACE: Duration = Duration::from_secs(10);

fn fail(text: &'static str) -> TaskResult {
    Err(text.into())
}

fn states(group: &TaskGroup) -> Vec<(String, TaskState)> {
    group.status().into_iter().map(|task| (task.name, task.state)).collect()
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
    spawner.spawn("a", "too-late", async { panic!("a closed group runs nothing") });
    tokio::time::sleep(Duration::from_millis(1)).await;
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
