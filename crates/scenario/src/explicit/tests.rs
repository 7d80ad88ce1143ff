use std::path::Path;
use std::time::Duration;

use crate::Scenario;

const STORMY: &str = r#"# Lost in the explicit file.
schema = 1
purpose = "a storm"

[run]
length = "5m"
seed = 3

[market]
venue = "kraken"
symbol = "BTC/USD"
tape = "x.csv"

[trader]
strategy = "no-op"
balance = { USD = "1" }

[trader.lane."kraken/read"]
failures = 3

[sink]
kind = "influxdb"

[[fault]]
at = "30s"
for = "10s"
every = "20s"
times = 2
kind = "hold"

[storm]
at = "20s"
for = "2m"

[[storm.family]]
kind = "rest-status"
seeds_percent = 100
every_min = "10s"
every_max = "20s"
for_min = "1s"
for_max = "10s"
status = [500, 503]
retry_after = { min = "1s", max = "5s", percent = 50 }

[[storm.family]]
kind = "sink-hold"
seeds_percent = 100
every_min = "10s"
every_max = "20s"
for_min = "100ms"
for_max = "10s"
"#;

#[test]
fn the_file_of_a_plan_has_that_plan_whatever_the_seed() {
    let scenario = Scenario::parse("scenarios/storm/x.toml", STORMY).unwrap();
    for seed in [0, 1, 2, u64::MAX] {
        let plan = scenario.plan(seed);
        assert!(plan.faults.len() > 10, "{plan:?}");
        let text = scenario.explicit(&plan, None, "Where it comes from.");
        let explicit = Scenario::parse("scenarios/storm/x.toml", &text).unwrap();
        assert_eq!(explicit.run.seed, seed);
        for other in [seed, 17] {
            let again = explicit.plan(other);
            assert_eq!((again.faults, again.healed_at), (plan.faults.clone(), plan.healed_at));
        }
        assert_eq!(explicit.trader, scenario.trader);
        assert_eq!(explicit.expect, scenario.expect);
        assert!(text.starts_with("# Where it comes from.\npurpose"), "{text}");
        let fault = text.split("[[fault]]\n").nth(1).unwrap();
        let keys: Vec<_> =
            fault.lines().filter_map(|line| line.split(" = ").next()).take(2).collect();
        assert_eq!(keys, ["at", "for"], "{text}");
    }
}

#[test]
fn length_tape_and_comment_are_those_that_are_asked_for() {
    let mut scenario = Scenario::parse("x.toml", STORMY).unwrap();
    scenario.run.length = Duration::from_mins(4);
    let mut plan = scenario.plan(1);
    plan.faults.truncate(1);
    let text = scenario.explicit(&plan, Some(Path::new("y.csv")), &"word ".repeat(50));
    assert!(text.lines().all(|line| line.chars().count() <= super::COLUMNS), "{text}");
    let explicit = Scenario::parse("x.toml", &text).unwrap();
    assert_eq!(explicit.run.length, Duration::from_mins(4));
    assert_eq!(explicit.market.tape, Path::new("y.csv"));
    assert_eq!(explicit.plan(1).faults, plan.faults);
    plan.faults.clear();
    let calm = Scenario::parse("x.toml", &scenario.explicit(&plan, None, "")).unwrap();
    assert_eq!(calm.plan(1).faults, []);
}
