//! Bugs that are planted into the trader, each of which the storm must find within a few seeds.
//!
//! They are settings that a mistake could leave like this, and connections that do to the trader what a bug of
//! its own would. What is promised is what the trader as it should be promises.

use std::collections::BTreeSet;
use std::time::Duration;

use resilience::BreakerPolicy;
use sim::Setup;

use crate::sabotage::{HOUR, lie_about_writes, no_breakers, no_timeouts};
use crate::sweep::{WALL_MAX, case, storm};

/// Seeds within which every bug must be found.
const SEEDS: u64 = 40;

/// What is wrong, how it is planted, and the checks of which one must tell.
type Bug = (&'static str, fn(&mut Setup), &'static [&'static str]);

const BUGS: [Bug; 15] = [
    ("waits without a bound", |setup| no_timeouts(&mut setup.node.kraken), &["waits-bounded"]),
    (
        "no breaker ever opens",
        |setup| no_breakers(&mut setup.node.kraken),
        &["breaker-transitions"],
    ),
    (
        "an order breaker that waits for too many failures",
        |setup| {
            setup.node.kraken.order_lane.breaker.policy =
                BreakerPolicy::Consecutive { failures: 8 };
        },
        &["breaker-transitions"],
    ),
    (
        "a breaker that opens too soon",
        |setup| {
            setup.node.kraken.read_lane.breaker.policy = BreakerPolicy::Consecutive { failures: 3 };
        },
        &["breaker-transitions"],
    ),
    (
        "a breaker that stays open",
        |setup| setup.node.kraken.read_lane.breaker.open_for = HOUR,
        &["breaker-transitions", "recovered"],
    ),
    (
        "a breaker that probes too soon",
        |setup| setup.node.kraken.read_lane.breaker.open_for = Duration::from_secs(5),
        &["breaker-transitions", "breaker-open-blocks"],
    ),
    (
        "a breaker that closes after one probe",
        |setup| setup.node.kraken.read_lane.breaker.success_threshold = 1,
        &["breaker-transitions"],
    ),
    (
        "a dial that is waited for too long",
        |setup| setup.node.kraken.connect_timeout = Duration::from_mins(2),
        &["waits-bounded"],
    ),
    (
        "a silent stream that nobody doubts",
        |setup| {
            setup.node.kraken.silence_max = HOUR;
            setup.node.kraken.pong_timeout = HOUR;
        },
        &["silence-noticed", "recovered"],
    ),
    (
        "a stream that comes back too late",
        |setup| {
            let reconnect = &mut setup.node.kraken.reconnect;
            (reconnect.base, reconnect.cap) = (HOUR, HOUR);
        },
        &["recovered"],
    ),
    (
        "an order in doubt that nobody asks for",
        |setup| {
            (setup.node.ask_again.base, setup.node.ask_again.cap) = (HOUR, HOUR);
            setup.node.reconcile_every = HOUR;
        },
        &["recovered", "orders-equal"],
    ),
    (
        "an order in doubt that is given up at once",
        |setup| {
            setup.node.visibility_delay = Duration::ZERO;
            setup.node.kraken.order_deadline = Duration::from_secs(1);
        },
        &["orders-equal", "positions-equal", "nothing-left-behind"],
    ),
    ("a write to the database that is taken for done", lie_about_writes, &["sink-complete"]),
    (
        "a shutdown that does not wait for its orders",
        |setup| setup.node.settle_max = Duration::ZERO,
        &["orders-equal", "nothing-left-behind"],
    ),
    (
        "reconnects without a distance",
        |setup| {
            let reconnect = &mut setup.node.kraken.reconnect;
            let short = Duration::from_millis(1);
            (reconnect.base, reconnect.cap) = (short, short);
            setup.node.kraken.connect_breaker.policy =
                BreakerPolicy::Consecutive { failures: 60_000 };
        },
        &["venue-limits", "rates-bounded", "breaker-transitions"],
    ),
];

#[test]
fn the_storm_finds_every_planted_bug() {
    let sound = case(&storm());
    let mut missed = Vec::new();
    for (bug, plant, by) in BUGS {
        let broken = sound.clone().altered(plant);
        let mut told = BTreeSet::new();
        let found = (0..SEEDS).find(|seed| {
            let failures = broken.run(*seed, false, WALL_MAX).failures;
            let found = failures.iter().any(|failure| by.contains(&failure.check.as_str()));
            told.extend(failures.into_iter().map(|failure| failure.check));
            found
        });
        match found {
            Some(seed) => println!("seed {seed:2}: {bug}"),
            None => missed.push(format!("{bug}: expected one of {by:?}, found {told:?}")),
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}
