//! Simpler faults of the same kind, for the reduction of failures.
//!
//! Works on the parameters as they are written, so that a new kind needs nothing here.

use std::time::Duration;

use toml::{Table, Value};

use super::FaultKind;
use crate::duration::{format_duration, parse_duration};

impl FaultKind {
    /// Faults of the kind that are simpler in one parameter: without it, or with half of it.
    ///
    /// Each is legal, and a chain of them ends: parameters go, and durations fall to a second.
    pub fn simpler(&self) -> Vec<Self> {
        let Ok(table) = Table::try_from(self) else { return Vec::new() };
        let keys: Vec<String> = table.keys().filter(|key| *key != "kind").cloned().collect();
        let mut simpler = Vec::new();
        for key in keys {
            let without = changed(&table, &key, None);
            let halved = table.get(&key).and_then(half);
            let halved = halved.and_then(|half| changed(&table, &key, Some(half)));
            simpler.extend(without.into_iter().chain(halved));
        }
        simpler
    }
}

fn changed(table: &Table, key: &str, value: Option<Value>) -> Option<FaultKind> {
    let mut table = table.clone();
    match value {
        Some(value) => drop(table.insert(key.to_owned(), value)),
        None => drop(table.remove(key)),
    }
    FaultKind::from_table(table).filter(|kind| kind.problem().is_none())
}

/// Half of a duration, in whole seconds.
fn half(value: &Value) -> Option<Value> {
    let seconds = parse_duration(value.as_str()?).ok()?.as_secs() / 2;
    let half = Duration::from_secs(seconds);
    (!half.is_zero()).then(|| Value::String(format_duration(half)))
}
