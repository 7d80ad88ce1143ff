use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;

/// Counts the tasks that it stands around, and never lets one run.
#[derive(Debug, Default)]
struct Wall(AtomicU32);

impl TaskShell for Wall {
    fn around(&self, task: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            std::future::pending::<()>().await;
            task.await;
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_stands_around_every_task_of_every_group() {
    let wall = Arc::new(Wall::default());
    let tasks = Tasks::within(Arc::clone(&wall) as Arc<dyn TaskShell>);
    let group = tasks.group("walled");
    group.spawner().spawn("work", "plain", async { Ok(()) });
    group.spawner().spawn_graceful("work", "graceful", |_| async { Ok(()) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(group.status().len(), 2, "neither may run");
    assert_eq!(wall.0.load(Ordering::Relaxed), 2);
    group.cancel();
    let error = group.join(Duration::from_secs(1)).await.expect_err("nobody could stop by himself");
    assert_eq!(error.aborted, ["plain", "graceful"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_shell_tasks_run() {
    let group = Tasks::default().group("free");
    group.spawner().spawn("work", "plain", async { Ok(()) });
    assert!(group.join(Duration::from_secs(1)).await.is_ok());
}
