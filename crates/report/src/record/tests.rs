use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::samples::{bad_story, good, meta, record_of};

/// Objects whose keys are data, not fields.
const DATA_KEYED: &[&str] = &["positions"];

fn field_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                if !DATA_KEYED.contains(&name.as_str()) {
                    field_names(value, names);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| field_names(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_page_names_every_field() {
    let page = include_str!("../../SCHEMA.md");
    let mut names = BTreeSet::new();
    for record in [good(), record_of(&bad_story().history())] {
        field_names(&serde_json::to_value(record).unwrap(), &mut names);
    }
    assert!(names.len() > 60, "the samples have too few fields: {names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "SCHEMA.md does not name `{name}`");
    }
}

#[test]
fn a_record_survives_json() {
    for record in [good(), record_of(&bad_story().history())] {
        let text = serde_json::to_string(&record).unwrap();
        let read: RunRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
    }
}

#[test]
fn a_seed_keeps_all_its_bits() {
    let meta = RunMeta { seed: u64::MAX, ..meta() };
    let value = serde_json::to_value(RunRecord::new(meta, &[], &[])).unwrap();
    assert_eq!(value["seed"].as_u64(), Some(u64::MAX));
}

#[test]
fn money_is_text() {
    let value = serde_json::to_value(good()).unwrap();
    for pointer in [
        "/orders/0/quantity",
        "/orders/0/filled",
        "/orders/0/average_price",
        "/orders/0/fee",
        "/fills/0/price",
        "/fills/0/quantity",
        "/fills/0/fee",
        "/positions/BTC~1USD",
    ] {
        assert!(value.pointer(pointer).unwrap().is_string(), "{pointer}");
    }
}

#[test]
fn a_record_tells_what_happened() {
    let record = good();
    assert_eq!(record.verdict, RunVerdict::Pass);
    assert_eq!(record.tape.first, "2019-07-01T00:00:03Z");
    assert!((record.speed - 800.16).abs() < 1e-9);
    let [breaker] = record.breakers.as_slice() else {
        panic!("one breaker: {:?}", record.breakers);
    };
    assert_eq!(breaker.calls, CallCounts { success: 6, failure: 6, ignored: 1, cancelled: 0 });
    assert_eq!(breaker.transitions.len(), 5);
    assert_eq!(record.faults[1].struck, Some(9));
    assert_eq!(record.fills[0].told_s, Some(1.05));
    let average = record.orders[0].average_price.map(|price| price.to_string());
    assert_eq!(average.as_deref(), Some("10000"));
    assert_eq!(record.failure(), None);
}

#[test]
fn the_failure_that_counts_is_the_first_of_safety() {
    let failure = record_of(&bad_story().history()).failure().unwrap();
    assert_eq!(failure.class, Class::Safety);
    assert_eq!(failure.check, "no-duplicate-order");
    assert_eq!(failure.at, Duration::from_millis(63_500));
}

#[test]
fn a_vacuous_check_fails_at_the_end_of_the_run() {
    let mut expect = checks::testkit::expectations();
    expect.silence_max = Duration::from_secs(60);
    let history = checks::testkit::clean().history();
    let record = RunRecord::new(meta(), &history, &checks::run(&history, &expect));
    let failure = record.failure().unwrap();
    assert_eq!((failure.check.as_str(), failure.at), ("silence-noticed", meta().simulated));
}

#[test]
fn a_run_without_checks_is_neither_good_nor_bad() {
    let record = RunRecord::new(meta(), &[], &[]);
    assert_eq!(record.verdict, RunVerdict::Unjudged);
    assert!(record.passed());
    let instant = RunMeta { wall: Duration::ZERO, ..meta() };
    assert!(RunRecord::new(instant, &[], &[]).speed.abs() < f64::EPSILON);
}
