//! The page `scenarios/README.md` says what the code does.

use std::collections::{BTreeMap, BTreeSet};

use crate::{FaultKind, Problem, Scenario, ScenarioError, format_duration, limits};

const PAGE: &str = include_str!("../../../scenarios/README.md");

/// Heading of the lanes' settings, and the first of them in the example.
const LANE: &str = "[trader.lane.\"kraken/read\"]";

/// The block of TOML on the page.
fn example() -> &'static str {
    let (_, rest) = PAGE.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Keys in the first column of the tables, by heading.
fn documented() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut heading = "";
    for line in PAGE.lines() {
        if line.starts_with("##") {
            heading = line.trim_start_matches('#').trim().trim_matches('`');
        } else if let Some(row) = line.strip_prefix("| `") {
            let key = row.split_once('`').unwrap().0;
            keys.entry(heading).or_default().push(key);
        }
    }
    keys
}

/// The keys that a table knows: those that it offers in place of one that nobody could mean.
fn known(before: &str) -> Vec<String> {
    assert!(example().contains(before), "{before}");
    let text = example().replacen(before, &format!("{before}\nqqqqqqqqqqqqqqqqqqqq = 1"), 1);
    let error = Scenario::parse("x.toml", &text).unwrap_err();
    let ScenarioError::Invalid { problem: Problem::UnknownKey { hint, .. }, .. } = error else {
        panic!("{error}");
    };
    hint.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_example_is_a_valid_scenario_with_every_kind_of_fault() {
    let scenario = Scenario::parse("example.toml", example()).unwrap();
    let kinds: Vec<&str> = scenario.faults.iter().map(|fault| fault.kind.name()).collect();
    let kinds: BTreeSet<&str> = kinds.into_iter().collect();
    assert_eq!(kinds, BTreeSet::from(FaultKind::NAMES));
}

#[test]
fn the_page_names_exactly_the_keys_that_exist() {
    let documented = documented();
    let mut top = known("schema = 1");
    top.retain(|key| {
        !["run", "market", "network", "account", "trader", "sink", "fault", "storm", "expect"]
            .contains(&&**key)
    });
    assert_eq!(documented["Top of the file"], top);
    let lanes = known("[trader]").into_iter().filter(|key| key == "lane").count();
    assert_eq!(lanes, 1, "the tables of the lanes are below [trader]");
    for table in [
        "[run]",
        "[market]",
        "[network]",
        "[account]",
        "[trader]",
        LANE,
        "[sink]",
        "[storm]",
        "[expect]",
    ] {
        let mut known = known(table);
        known.retain(|key| !["lane", "family"].contains(&&**key));
        assert_eq!(documented[table], known, "{table}");
    }
    for kind in FaultKind::NAMES {
        let known = known(&format!("kind = \"{kind}\""));
        let keys = |heading: &str| documented.get(heading).cloned().unwrap_or_default();
        assert_eq!([keys("[[fault]]"), keys(kind)].concat(), known, "{kind}");
    }
    let family = known("[[storm.family]]");
    let parameters = [documented["[[storm.family]]"].clone(), documented["rest-status"].clone()];
    assert_eq!(parameters.concat(), family);
    assert_eq!(documented.len(), 42, "{documented:?}");
}

#[test]
fn the_example_shows_every_key() {
    for (table, keys) in documented() {
        for key in keys {
            let shown = example().lines().any(|line| line.starts_with(&format!("{key} = ")));
            assert!(shown, "{key} of {table}");
        }
    }
}

#[test]
fn the_page_describes_every_kind_of_fault() {
    let headings = PAGE.lines().filter_map(|line| line.strip_prefix("### "));
    let kinds: Vec<&str> = headings.map(|heading| heading.trim_matches('`')).collect();
    assert_eq!(kinds, FaultKind::NAMES);
}

/// `1` to `100`, as the page writes it.
fn range(range: &std::ops::RangeInclusive<u32>) -> String {
    format!("`{}` to `{}`", range.start(), range.end())
}

fn times(range: &std::ops::RangeInclusive<std::time::Duration>) -> String {
    format!("`{}` to `{}`", format_duration(*range.start()), format_duration(*range.end()))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_page_states_the_limits_and_defaults_of_the_code() {
    let duration = format_duration;
    let least = Scenario::parse(
        "least.toml",
        r#"
        schema = 1
        purpose = "the least"
        run = { length = "5m" }
        market = { venue = "kraken", symbol = "BTC/USD", tape = "x.csv" }
        trader = { strategy = "no-op", balance = { USD = "1" } }
        "#,
    )
    .unwrap();
    let (shortest, longest) = (duration(limits::LENGTH_MIN), duration(limits::LENGTH_MAX));
    let (min, max) = (duration(least.network.latency_min), duration(least.network.latency_max));
    let (status_min, status_max) = limits::REST_STATUS.into_inner();
    for text in [
        format!("| `{}` | required |", limits::SCHEMA),
        format!("| one line of 1 to {} characters | required |", limits::PURPOSE_CHARS_MAX),
        format!("parses it. | one line of 1 to {} characters |", limits::STRATEGY_CHARS_MAX),
        format!("| `{shortest}` to `{longest}` | required |"),
        format!("and `{}` of calm", duration(limits::CALM_MIN)),
        format!("| from `1ms` to `latency_min` | `{}` |", duration(least.run.tick)),
        format!("| 64 bits | `{}` |", least.run.seed),
        format!("| from `tick` to `latency_max` | `{min}` |"),
        format!("| from `latency_min` to `{}` | `{max}` |", duration(limits::LATENCY_MAX)),
        format!("at most {}, in any order", limits::FAULTS_MAX),
        format!("| `{status_min}` to `{status_max}` | required |"),
        format!("| above zero | `{}` |", duration(least.expect.recover_within)),
        format!(
            "| whole seconds, `{}` to `{}` | none |",
            duration(*limits::RETRY_AFTER.start()),
            duration(*limits::RETRY_AFTER.end())
        ),
        format!(
            "| `{}` to `{}` | required, or the next two |",
            duration(*limits::DELAY.start()),
            duration(*limits::DELAY.end())
        ),
        format!("| `{}` to `{}`, with `every` |", limits::TIMES.start(), limits::TIMES.end()),
        format!("the oldest first. | {} | all |", range(&limits::STRUCK_CONNECTIONS)),
        format!("opened meanwhile are reset. | {} |", times(&limits::DELAY)),
        format!("| By how much later. | {} |", times(&limits::LATENCY)),
        format!("connection to the next. | {} |", times(&limits::LATENCY)),
        format!("| Bytes of each drop. | {} |", range(&limits::PIECE)),
        format!("connection lets through. | {} |", range(&limits::BANDWIDTH)),
        format!("draws its own size. | {} |", range(&limits::PIECE)),
        format!("then the connection ends. | {} |", range(&limits::TRUNCATED)),
        format!("is hit, on average. | {} |", range(&limits::ONE_IN)),
        format!(
            "count as calls of the key. The check `switch-kept` applies. | whole seconds, {} |",
            times(&limits::CANCEL_AFTER)
        ),
        format!("| How long a look-up takes. | {} |", times(&limits::DELAY)),
        format!("| How many. | {} |", range(&limits::POOL)),
        format!("an end without one. | {}, not 1004, 1005, 1015 |", range(&limits::CLOSE_CODES)),
        format!("which sessions are closed. | {} |", times(&limits::SESSION_AGE)),
        format!("of a session is struck. | {} | `1` |", range(&limits::ONE_IN)),
        format!("| How long they live. | {} |", times(&limits::TOKEN_LIFE)),
        format!("| Age at which they know it. | {} |", times(&limits::VISIBLE_AFTER)),
        format!("it jumps ahead. | {} |", times(&limits::CLOCK_JUMP)),
        format!("`{}`", limits::REST_METHODS.join("`, `")),
        format!(
            "into how many parts. | {} | `{}` |",
            range(&limits::BUCKETS),
            limits::BUCKETS_DEFAULT
        ),
        format!("in a row open it. | {} |", range(&limits::THRESHOLD)),
        format!("among how many calls. | {} |", range(&limits::WINDOW_CALLS)),
        format!("failed calls opens it. | {} |", range(&limits::PERCENT)),
        format!("from trip to trip. | {}, with", range(&limits::GROWTH)),
        format!("Retries of one call. | {} |", range(&limits::RETRIES)),
        format!("that each call earns. | {} |", range(&limits::BUDGET_PERCENT)),
        format!("that each second earns. | {} |", range(&limits::BUDGET_PER_SECOND)),
        format!("that can be saved up. | {} |", range(&limits::BUDGET_SAVED)),
        format!(
            "Longest attempt. | `{}` to `{}` |",
            duration(*limits::LANE_TIME.start()),
            duration(*limits::LANE_TIME.end())
        ),
        format!(
            "for the limiter. | `{}` to `{}` |",
            duration(*limits::LANE_WAIT.start()),
            duration(*limits::LANE_WAIT.end())
        ),
    ] {
        assert!(PAGE.contains(&text), "the page does not say: {text}");
    }
}

#[test]
fn the_page_states_the_limits_and_defaults_of_a_storm() {
    for text in [
        format!("less the explicit faults | `{}` |", limits::STORM_FAULTS_DEFAULT),
        format!("one header per family, 1 to {} of them", limits::FAMILIES_MAX),
        format!(
            "have the family. | {} | `{}` |",
            range(&limits::PERCENT),
            limits::SEEDS_PERCENT_DEFAULT
        ),
        format!("is tried when the file is read, {} at most", limits::COMBINATIONS_MAX),
    ] {
        assert!(PAGE.contains(&text), "the page does not say: {text}");
    }
}
