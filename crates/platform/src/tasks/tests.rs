use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;
use crate::task_group::TaskState;

/// Counts the tasks that it stands around, and lets none run before it is opened.
#[derive(Debug, Default)]
struct Gate {
    tasks: AtomicU32,
    open: CancellationToken,
}

impl TaskShell for Gate {
    fn around(&self, task: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        let open = self.open.clone();
        Box::pin(async move {
            open.cancelled().await;
            task.await;
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_stands_around_every_task_of_every_group() {
    let gate = Arc::new(Gate::default());
    let tasks = Tasks::within(Arc::clone(&gate) as Arc<dyn TaskShell>);
    let group = tasks.group("gated");
    group.spawner().spawn("work", "plain", async { Ok(()) });
    group.spawner().spawn_graceful("work", "graceful", |_| async { Ok(()) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let running = |group: &TaskGroup| {
        group.status().iter().filter(|task| task.state == TaskState::Running).count()
    };
    assert_eq!(running(&group), 2, "neither may run");
    assert_eq!(gate.tasks.load(Ordering::Relaxed), 2);
    gate.open.cancel();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(running(&group), 0, "both did");
    assert!(group.join(Duration::from_secs(1)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_a_shell_tasks_run() {
    let group = Tasks::default().group("free");
    group.spawner().spawn("work", "plain", async { Ok(()) });
    assert!(group.join(Duration::from_secs(1)).await.is_ok());
}
