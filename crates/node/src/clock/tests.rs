use std::collections::VecDeque;

use parking_lot::Mutex;
use platform::health::{Criticality, HealthRegistry};
use platform::{Auditor, LogAudit};
use tokio::time::sleep;

use super::*;

const MS: i64 = 1_000_000;

fn at(ms: i64) -> UnixNanos {
    UnixNanos::from_nanos(ms * MS)
}

#[test]
fn the_venue_may_have_answered_at_any_time_of_the_question_and_cuts_fractions_off() {
    // Asked from 10.2 s to 10.9 s; by its second, the venue's clock shows anything of the second that it names.
    for (venue_ms, apart_ms) in
        [(8_000, 1_200), (9_000, 200), (10_000, 0), (11_000, 100), (12_000, 1_100)]
    {
        let expected = Duration::from_millis(apart_ms);
        assert_eq!(apart(at(10_200), at(venue_ms), at(10_900)), expected, "{venue_ms}");
    }
    // However long the question took: nobody knows when in between it was answered.
    assert_eq!(apart(at(10_200), at(40_000), at(60_000)), Duration::ZERO);
    assert_eq!(apart(at(10_200), at(61_000), at(60_000)), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_down_while_it_differs_by_more_than_is_allowed_and_a_question_without_answer_says_nothing()
 {
    let registry = HealthRegistry::new(Auditor::new(Arc::new(LogAudit)));
    let reporter = registry.declare("kraken/clock", Criticality::Critical);
    let dependency = Arc::new(Dependency::new(reporter));
    let answers = [Ok(3_000), Ok(3_001), Err("503"), Ok(2_000), Err("503")];
    let answers = Mutex::new(VecDeque::from(answers));
    let ask = || {
        let answer = answers.lock().pop_front().expect("asked no further");
        async move { answer.map(Duration::from_millis) }
    };
    let every = Duration::from_secs(30);
    let health = || registry.snapshot().dependencies.remove(0).state.to_string();
    let look_on = async {
        let mut seen = Vec::new();
        // In between two questions; before the first one it was compared at the start.
        sleep(every / 2).await;
        seen.push(health());
        for _ in 0..5 {
            sleep(every).await;
            seen.push(health());
        }
        seen
    };
    let times = (Duration::from_secs(3), every);
    tokio::select! {
        biased;
        ended = follow(ask, times, dependency) => panic!("{ended:?}"),
        seen = look_on => assert_eq!(seen, ["up", "up", "down", "down", "up", "up"]),
    }
}
