use std::cell::Cell;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use testkit::drop_at_every_poll;
use tokio::time::{Instant, sleep};

use super::*;

fn gather(running_max: usize) -> Gather {
    Gather::new("test", GatherConfig { running_max }).expect("valid")
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn results_are_in_the_order_of_the_input_and_errors_stay_in_their_places() {
    let work = [(30, Ok(1)), (10, Err("down")), (20, Ok(3))];
    let futures = work.map(|(millis, result)| async move {
        sleep(ms(millis)).await;
        result
    });
    assert_eq!(gather(3).run(futures).await, [Ok(1), Err("down"), Ok(3)]);
}

/// With results handed out in order, the slow first one would hold up the fourth.
#[tokio::test(start_paused = true)]
async fn a_slow_future_holds_up_none_but_itself() {
    let start = Instant::now();
    let futures = [100, 10, 10, 10, 10].map(|millis| async move {
        sleep(ms(millis)).await;
        start.elapsed().as_millis()
    });
    assert_eq!(gather(2).run(futures).await, [100, 10, 20, 30, 40]);
}

#[tokio::test(start_paused = true)]
async fn futures_are_made_only_when_there_is_a_place() {
    let made = Cell::new(0);
    let futures = (0..100).map(|_| {
        made.set(made.get() + 1);
        pending::<()>()
    });
    assert!(gather(7).run(futures).now_or_never().is_none());
    assert_eq!(made.get(), 7);
}

#[tokio::test]
async fn nothing_gives_nothing() {
    let none: [std::future::Ready<u8>; 0] = [];
    assert_eq!(gather(1).run(none).await, []);
}

#[tokio::test(start_paused = true)]
async fn dropping_it_at_any_poll_drops_every_future() {
    let gather = gather(2);
    let make = || gather.run([10, 20, 30, 40].map(|millis| sleep(ms(millis))));
    let dropping = drop_at_every_poll(make, |polls| {
        assert_eq!(gather.snapshot().running, 0, "after {polls} polls");
    });
    let (outputs, _) = dropping.await;
    assert_eq!(outputs.len(), 4);
    assert_eq!(gather.snapshot().running, 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_to_the_caller_and_drops_the_others() {
    let gather = gather(2);
    let futures = [0, 1, 2].map(|number| async move {
        assert_ne!(number, 1, "planned");
        pending::<()>().await;
    });
    let result = AssertUnwindSafe(gather.run(futures)).catch_unwind().await;
    assert!(result.is_err());
    assert_eq!(gather.snapshot(), GatherSnapshot { running: 0, started: 2, ended: 0 });
}

#[test]
fn a_bound_that_makes_no_sense_is_named() {
    for (running_max, fits) in [(0, false), (1, true), (10_000, true), (10_001, false)] {
        let result = Gather::new("test", GatherConfig { running_max });
        assert_eq!(result.is_ok(), fits, "{running_max}");
        if let Err(error) = result {
            let expected = format!("gather `running_max` is {running_max}, expected 1 to 10000");
            assert_eq!(error.to_string(), expected);
        }
    }
    assert!(GatherConfig::default().validate().is_ok());
}

proptest! {
    #[test]
    fn never_more_than_the_bound_at_once_and_all_in_order(
        running_max in 1_usize..6,
        millis in prop::collection::vec(1_u64..50, 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let (running, most) = (Cell::new(0), Cell::new(0));
            let futures = millis.iter().enumerate().map(|(index, millis)| {
                let (running, most) = (&running, &most);
                async move {
                    running.set(running.get() + 1);
                    most.set(most.get().max(running.get()));
                    sleep(ms(*millis)).await;
                    running.set(running.get() - 1);
                    index
                }
            });
            let outputs = gather(running_max).run(futures).await;
            assert_eq!(outputs, (0..millis.len()).collect::<Vec<_>>());
            // As many as fit do run: more than one wherever more than one could.
            assert_eq!(most.get(), running_max.min(millis.len()));
        });
    }
}
