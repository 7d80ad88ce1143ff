//! Cost of a task in a [`TaskGroup`] against a bare `JoinSet`: spawn and join, batches of 100, one
//! thread. The group names, counts, times and can stop each task; the target is 1.5 times the bare one.

mod fastest;

use std::time::Duration;

use criterion::Criterion;
use platform::TaskGroup;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use self::fastest::Fastest;

/// Tasks per round; so many connections a busy venue has.
const BATCH: usize = 100;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
        .configure_from_args();
    let mut group = criterion.benchmark_group("100 tasks, spawn and join");
    let (runtime, mut fastest) = (runtime(), Fastest::default());
    fastest.run(&mut group, "JoinSet", || runtime.block_on(join_set()));
    fastest.run(&mut group, "TaskGroup", || runtime.block_on(task_group()));
    group.finish();
    criterion.final_summary();
    fastest.print("100 tasks", "TaskGroup", &["JoinSet"]);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

#[expect(clippy::disallowed_methods, reason = "the floor to compare with")]
async fn join_set() {
    let mut tasks = JoinSet::new();
    for _ in 0..BATCH {
        tasks.spawn(async { Ok::<(), ()>(()) });
    }
    while tasks.join_next().await.is_some() {}
}

async fn task_group() {
    let group = TaskGroup::new("bench");
    let spawner = group.spawner();
    for _ in 0..BATCH {
        spawner.spawn("batch", "task", async { Ok(()) });
    }
    group.join(Duration::from_secs(1)).await.expect("all end well");
}
