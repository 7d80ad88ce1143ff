use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// Time after the start at which each line was written.
async fn lines(
    program: impl AsyncFnOnce(Freezer, mpsc::Sender<&'static str>),
) -> Vec<(u64, &'static str)> {
    let started = Instant::now();
    let (out, mut told) = mpsc::channel(16);
    program(Freezer::default(), out).await;
    let mut lines = Vec::new();
    while let Some(line) = told.recv().await {
        lines.push((started.elapsed().as_secs(), line));
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn a_frozen_process_does_nothing_and_is_then_late_with_everything() {
    let lines = lines(async |freezer, out| {
        let group = freezer.tasks().group("process");
        for (due, line) in [(3, "third"), (2, "second"), (12, "after")] {
            let out = out.clone();
            group.spawner().spawn("work", line, async move {
                sleep(Duration::from_secs(due)).await;
                Ok(out.send(line).await?)
            });
        }
        sleep(Duration::from_secs(1)).await;
        freezer.freeze();
        sleep(Duration::from_secs(9)).await;
        out.send("thaw").await.expect("room");
        assert_eq!(freezer.thaw(), 2);
        group.join(Duration::from_secs(60)).await.expect("all of them end");
    });
    // Read only at the end: the order is that of the writing.
    let order: Vec<_> = lines.await.into_iter().map(|(_, line)| line).collect();
    assert_eq!(order, ["thaw", "second", "third", "after"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_came_in_time_is_taken_before_the_timeout_that_ran_out() {
    let freezer = Freezer::default();
    let (answer, mut answers) = mpsc::channel(1);
    let (out, mut outcome) = mpsc::channel(1);
    let waits = freezer.gate(Box::pin(async move {
        let got = timeout(Duration::from_secs(5), answers.recv()).await;
        out.send(got.is_ok()).await.expect("somebody listens");
    }));
    let group = Tasks::default().group("outside");
    group.spawner().spawn("work", "gated", async move {
        waits.await;
        Ok(())
    });
    sleep(Duration::from_secs(1)).await;
    freezer.freeze();
    answer.send(()).await.expect("room for one");
    sleep(Duration::from_secs(9)).await;
    assert!(outcome.try_recv().is_err(), "nothing runs while it is frozen");
    assert_eq!(freezer.thaw(), 2, "woken by the answer, then by the timer");
    assert_eq!(outcome.recv().await, Some(true));
}

#[test]
fn to_freeze_twice_is_to_freeze_once() {
    let freezer = Freezer::default();
    freezer.freeze();
    freezer.freeze();
    assert!(freezer.0.lock().is_frozen());
    assert_eq!((freezer.thaw(), freezer.thaw()), (0, 0));
    assert!(!freezer.0.lock().is_frozen());
}
