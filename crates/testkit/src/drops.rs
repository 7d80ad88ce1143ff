//! Dropping a future wherever it can be dropped.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

/// Polls after which a future that never ends is a bug.
const POLLS_MAX: usize = 1000;

/// Runs a future again and again, each time a new one, and drops it after its 0th, 1st, 2nd, ...
/// poll, until one of them completes. Returns what that one brought, and its number of polls.
///
/// `after_drop` checks what must hold after each drop; it gets the number of polls that the dropped
/// future had. Dropping before the first poll counts, too: a future that was never polled must hold
/// nothing.
///
/// A world that remembers (a limiter that was used, a breaker that counted) is made anew by `make`, or
/// its changes are what `after_drop` looks at. Time goes on between the runs.
///
/// # Panics
/// If no future completes within 1000 polls.
pub async fn drop_at_every_poll<F: Future>(
    make: impl FnMut() -> F,
    after_drop: impl FnMut(usize),
) -> (F::Output, usize) {
    drop_each(make, None, after_drop).await
}

/// As [`drop_at_every_poll`], but looks `settle` after each drop: the tasks behind the future have had
/// time to notice.
///
/// # Panics
/// As [`drop_at_every_poll`].
pub async fn drop_at_every_poll_and_settle<F: Future>(
    make: impl FnMut() -> F,
    settle: Duration,
    after_drop: impl FnMut(usize),
) -> (F::Output, usize) {
    drop_each(make, Some(settle), after_drop).await
}

async fn drop_each<F: Future>(
    mut make: impl FnMut() -> F,
    settle: Option<Duration>,
    mut after_drop: impl FnMut(usize),
) -> (F::Output, usize) {
    for polls in 0..=POLLS_MAX {
        if let Some(output) = polled(&mut Box::pin(make()), polls).await {
            return (output, polls);
        }
        if let Some(settle) = settle {
            sleep(settle).await;
        }
        after_drop(polls);
    }
    panic!("not ready after {POLLS_MAX} polls");
}

/// Polls a future so many times at most.
async fn polled<F: Future + Unpin>(future: &mut F, polls: usize) -> Option<F::Output> {
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match std::pin::Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_future_is_dropped_at_every_poll_until_it_completes() {
        let started = Cell::new(0);
        let mut dropped = Vec::new();
        let make = || async {
            started.set(started.get() + 1);
            sleep(SECOND).await;
            sleep(SECOND).await;
            started.get()
        };
        let start = Instant::now();
        let look = |polls| dropped.push((polls, start.elapsed().as_secs()));
        // The first was never polled. Each later one is dropped while it waits, one wait further on.
        assert_eq!(drop_at_every_poll(make, look).await, (3, 3));
        assert_eq!(dropped, [(0, 0), (1, 0), (2, 1)]);
        assert_eq!(start.elapsed(), SECOND * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_behind_has_time_to_settle() {
        let start = Instant::now();
        let mut looked = Vec::new();
        let look = |_| looked.push(start.elapsed().as_secs());
        let (_, polls) = drop_at_every_poll_and_settle(|| sleep(SECOND), SECOND * 5, look).await;
        assert_eq!((looked, polls), (vec![5, 10], 2));
    }
}
