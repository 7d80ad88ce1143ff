use std::path::Path;

use super::*;
use crate::{Scenario, ScenarioError};

/// A scenario with these lines in the lane of queries, which begin at line 9.
fn parse(lane: &str) -> Result<Scenario, ScenarioError> {
    let text = format!(
        r#"schema = 1
purpose = "lanes"
run = {{ length = "5m" }}
market = {{ venue = "kraken", symbol = "BTC/USD", tape = "x.csv" }}
[trader]
strategy = "no-op"
balance = {{ USD = "1" }}
[trader.lane."kraken/read"]
{lane}
"#
    );
    Scenario::parse(Path::new("x.toml"), &text)
}

fn check(lane: &str, expected: &str) {
    assert_eq!(
        parse(lane).expect_err(expected).to_string(),
        format!("x.toml:{expected}"),
        "{lane}"
    );
}

#[test]
fn settings_are_read_and_the_rest_is_left_to_production() {
    let lane = "policy = \"time-window\"\nwindow = \"1m\"\nminimum_calls = 5\nslow_after = \"2s\"\n\
                slow_percent = 40\nopen_for = \"5s\"\nopen_growth = 2\nopen_for_max = \"1m\"";
    let scenario = parse(lane).unwrap();
    let read = &scenario.trader.lane[&LaneName::Read];
    assert_eq!((read.policy, read.minimum_calls), (Policy::TimeWindow, Some(5)));
    assert_eq!(read.slow_after, Some(Duration::from_secs(2)));
    assert_eq!((read.open_growth, read.retries_max), (Some(2), None));
    assert_eq!(parse("").unwrap().trader.lane[&LaneName::Read], Lane::default());
}

#[test]
fn unknown_keys_lanes_and_policies_name_the_nearest() {
    check(
        "retry_max = 1",
        "9: unknown key `retry_max` in [trader.lane.\"kraken/read\"]; did you mean `retries_max`?",
    );
    check(
        "policy = \"count-windows\"",
        "9: `policy = \"count-windows\"`: unknown value `count-windows`; did you mean `count-window`?",
    );
    check(
        "[trader.lane.\"kraken/raed\"]",
        "9: `[trader.lane.\"kraken/raed\"]`: unknown value `kraken/raed`; did you mean `kraken/read`?",
    );
    check(
        "window = 60",
        "9: `window = 60`: expected a duration with a unit, for example \"250ms\", \"30s\" or \"5m\"",
    );
}

#[test]
fn keys_that_do_not_go_together_are_refused_at_the_one_that_was_written() {
    let count = "policy = \"count-window\"\ncalls = 10\nminimum_calls = 5\n";
    check(
        "calls = 10",
        "9: `calls = 10`: expected `policy = \"count-window\"`, to which it belongs",
    );
    check(
        "slow_after = \"2s\"",
        "9: `slow_after = \"2s\"`: expected `policy = \"count-window\" or \"time-window\"`, to which it belongs",
    );
    check(
        "policy = \"time-window\"\nminimum_calls = 5",
        "9: `policy = \"time-window\"`: expected a `window` beside `policy = \"time-window\"`",
    );
    check(
        "policy = \"count-window\"\ncalls = 5",
        "9: `policy = \"count-window\"`: expected a `minimum_calls` beside `policy = \"count-window\"`",
    );
    check(
        &format!("{count}slow_percent = 50"),
        "12: `slow_percent = 50`: expected both `slow_after` and `slow_percent`, or neither",
    );
    check(
        "open_for_max = \"5m\"",
        "9: `open_for_max = \"5m\"`: expected both `open_growth` and `open_for_max`, or neither",
    );
    check(
        "open_growth = 2\nopen_for_max = \"5m\"",
        "9: `open_growth = 2`: expected an `open_for` that grows",
    );
    check(
        "open_growth = 2\nopen_for = \"5m\"\nopen_for_max = \"1m\"",
        "11: `open_for_max = \"1m\"`: expected at least `open_for`",
    );
    check(
        "policy = \"count-window\"\ncalls = 4\nminimum_calls = 5",
        "11: `minimum_calls = 5`: expected at most `calls`",
    );
    check(
        "policy = \"time-window\"\nwindow = \"9ms\"\nminimum_calls = 5",
        "10: `window = \"9ms\"`: expected at least a millisecond for each of the `buckets`",
    );
}

#[test]
fn values_out_of_range_show_the_range() {
    check("failures = 0", "9: `failures = 0`: expected 1 to 65535");
    check("retries_max = 101", "9: `retries_max = 101`: expected 0 to 100");
    check("budget_saved_max = 0", "9: `budget_saved_max = 0`: expected 1 to 1000");
    check(
        "attempt_timeout = \"0s\"",
        "9: `attempt_timeout = \"0s\"`: expected 1ms to 1h, in whole milliseconds",
    );
    check(
        "open_for = \"1h1ms\"",
        "9: `open_for = \"1h1ms\"`: expected 1ms to 1h, in whole milliseconds",
    );
    check(
        "queue_wait_max = \"1500us\"",
        "9: `queue_wait_max = \"1500us\"`: expected 0s to 1h, in whole milliseconds",
    );
}
