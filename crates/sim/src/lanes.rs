//! From a scenario's settings of lanes to those of production.

use std::collections::BTreeMap;
use std::time::Duration;

use kraken::KrakenConfig;
use resilience::{BreakerPolicy, LaneConfig, OpenGrowth, Rates, SlowCalls};
use scenario::{Lane, LaneName, Policy, limits};

/// Sets the lanes that a scenario names.
pub(crate) fn set_all(config: &mut KrakenConfig, lanes: &BTreeMap<LaneName, Lane>) {
    for (name, settings) in lanes {
        match name {
            LaneName::Read => set(&mut config.read_lane, settings),
            LaneName::Order => set(&mut config.order_lane, settings),
            LaneName::Cancel => set(&mut config.cancel_lane, settings),
        }
    }
}

fn set(lane: &mut LaneConfig, settings: &Lane) {
    lane.breaker.policy = policy(lane.breaker.policy, settings);
    if let (Some(factor), Some(cap)) = (settings.open_growth, settings.open_for_max) {
        lane.breaker.open_growth = Some(OpenGrowth { factor, cap, ..OpenGrowth::default() });
    }
    let times: [(&mut Duration, Option<Duration>); 3] = [
        (&mut lane.breaker.open_for, settings.open_for),
        (&mut lane.attempt_timeout, settings.attempt_timeout),
        (&mut lane.queue_wait_max, settings.queue_wait_max),
    ];
    for (setting, time) in times {
        *setting = time.unwrap_or(*setting);
    }
    let numbers: [(&mut u32, Option<u32>); 6] = [
        (&mut lane.breaker.success_threshold, settings.success_threshold),
        (&mut lane.breaker.half_open_max, settings.half_open_max),
        (&mut lane.retry.retries_max, settings.retries_max),
        (&mut lane.budget.calls_percent, settings.budget_percent),
        (&mut lane.budget.per_second, settings.budget_per_second),
        (&mut lane.budget.saved_max, settings.budget_saved_max),
    ];
    for (setting, number) in numbers {
        *setting = number.unwrap_or(*setting);
    }
}

fn policy(production: BreakerPolicy, settings: &Lane) -> BreakerPolicy {
    let usual = Rates::default();
    let rates = Rates {
        minimum_calls: settings.minimum_calls.unwrap_or(usual.minimum_calls),
        failure_percent: settings.failure_percent.unwrap_or(usual.failure_percent),
        slow: settings
            .slow_after
            .zip(settings.slow_percent)
            .map(|(longer_than, percent)| SlowCalls { longer_than, percent }),
    };
    match (settings.policy, settings.calls, settings.window) {
        (Policy::CountWindow, Some(calls), _) => BreakerPolicy::CountWindow { calls, rates },
        (Policy::TimeWindow, _, Some(window)) => {
            let buckets = settings.buckets.unwrap_or(limits::BUCKETS_DEFAULT);
            BreakerPolicy::TimeWindow { window, buckets, rates }
        }
        _ => match settings.failures {
            Some(failures) => BreakerPolicy::Consecutive { failures },
            None => production,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use scenario::Scenario;

    use super::*;

    fn lane(lines: &str) -> LaneConfig {
        let text = format!(
            r#"schema = 1
purpose = "lanes"
run = {{ length = "5m" }}
market = {{ venue = "kraken", symbol = "BTC/USD", tape = "x.csv" }}
[trader]
strategy = "no-op"
balance = {{ USD = "1" }}
[trader.lane."kraken/read"]
{lines}
"#
        );
        let scenario = Scenario::parse(Path::new("x.toml"), &text).expect(lines);
        let mut lane = LaneConfig::default();
        set(&mut lane, &scenario.trader.lane[&LaneName::Read]);
        lane
    }

    #[test]
    fn what_is_not_said_stays_as_in_production() {
        assert_eq!(lane(""), LaneConfig::default());
        let mut expected = LaneConfig::default();
        expected.breaker.policy = BreakerPolicy::Consecutive { failures: 2 };
        expected.retry.retries_max = 0;
        assert_eq!(lane("failures = 2\nretries_max = 0"), expected);
    }

    /// What the page of scenarios says of production.
    #[test]
    fn the_defaults_are_those_of_the_page() {
        let page = include_str!("../../../scenarios/README.md");
        let lane = LaneConfig::default();
        let seconds = |time: Duration| format!("{}s", time.as_secs());
        let BreakerPolicy::Consecutive { failures } = lane.breaker.policy else {
            panic!("another policy");
        };
        for (key, default) in [
            ("failures", failures.to_string()),
            ("failure_percent", Rates::default().failure_percent.to_string()),
            ("open_for", seconds(lane.breaker.open_for)),
            ("success_threshold", lane.breaker.success_threshold.to_string()),
            ("half_open_max", lane.breaker.half_open_max.to_string()),
            ("attempt_timeout", seconds(lane.attempt_timeout)),
            ("queue_wait_max", seconds(lane.queue_wait_max)),
            ("retries_max", lane.retry.retries_max.to_string()),
            ("budget_percent", lane.budget.calls_percent.to_string()),
            ("budget_per_second", lane.budget.per_second.to_string()),
            ("budget_saved_max", lane.budget.saved_max.to_string()),
        ] {
            let mut rows = page.lines().filter(|line| line.starts_with(&format!("| `{key}` |")));
            let row = rows.next().expect(key);
            assert!(row.ends_with(&format!("| `{default}` |")), "{row}");
        }
    }

    /// Every value that a scenario takes, production takes: its errors know no line.
    #[test]
    fn production_takes_what_a_scenario_takes() {
        for lines in [
            "failures = 1",
            "failures = 65535\nsuccess_threshold = 65535\nhalf_open_max = 65535\nretries_max = 100",
            "policy = \"count-window\"\ncalls = 10000\nminimum_calls = 10000\nfailure_percent = 100",
            "policy = \"count-window\"\ncalls = 1\nminimum_calls = 1\nslow_after = \"1h\"\nslow_percent = 100",
            "policy = \"time-window\"\nwindow = \"100ms\"\nbuckets = 100\nminimum_calls = 10000",
            "policy = \"time-window\"\nwindow = \"1h\"\nminimum_calls = 1",
            "open_for = \"1ms\"\nopen_growth = 100\nopen_for_max = \"1ms\"",
            "open_for = \"1h\"\nattempt_timeout = \"1h\"\nqueue_wait_max = \"1h\"",
            "queue_wait_max = \"0s\"\nattempt_timeout = \"1ms\"\nretries_max = 0",
            "budget_percent = 0\nbudget_per_second = 0\nbudget_saved_max = 1",
            "budget_percent = 100\nbudget_per_second = 1000\nbudget_saved_max = 1000",
        ] {
            assert!(lane(lines).validate().is_ok(), "{lines}: {:?}", lane(lines).validate());
        }
    }
}
