//! What a parameter of a family may be.

use crate::duration::{format_duration, parse_duration};
use std::time::Duration;

use platform::EntropyStream;
use toml::Value;

use super::draw::{below, between};

/// Values of one parameter, one of which is drawn for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Share of the faults that have the parameter at all.
    pub(crate) percent: u32,
    pub(crate) values: Values,
}

/// The values themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Values {
    /// One of a list; never empty.
    Of(Vec<Plain>),
    /// A whole number, both ends included.
    Numbers(i64, i64),
    /// A duration, both ends included, in steps of the shorter unit of both.
    Durations { min: Duration, max: Duration, step: Duration },
}

/// A value that a parameter of a fault can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plain {
    Text(String),
    Number(i64),
    Switch(bool),
    List(Vec<Self>),
}

impl Plain {
    /// `None` for what no fault has: floats, dates, tables.
    pub(crate) fn new(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Integer(number) => Some(Self::Number(*number)),
            Value::Boolean(switch) => Some(Self::Switch(*switch)),
            Value::Array(list) => list.iter().map(Self::new).collect::<Option<_>>().map(Self::List),
            Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Value::Integer(*number),
            Self::Switch(switch) => Value::Boolean(*switch),
            Self::List(list) => Value::Array(list.iter().map(Self::to_value).collect()),
        }
    }
}

impl Values {
    /// A range between two values; `None` if they are no numbers or durations, or in the wrong order.
    pub(crate) fn range(min: &Value, max: &Value) -> Option<Self> {
        if let (Value::Integer(min), Value::Integer(max)) = (min, max) {
            return (min <= max).then_some(Self::Numbers(*min, *max));
        }
        let (low, high) = (min.as_str()?, max.as_str()?);
        let (min, max) = (parse_duration(low).ok()?, parse_duration(high).ok()?);
        let step = step(low).min(step(high));
        (min <= max).then_some(Self::Durations { min, max, step })
    }

    /// What one seed uses of it: some of a list, a part of a range.
    pub(crate) fn some(&self, rng: &mut EntropyStream) -> Self {
        match self {
            Self::Of(values) => {
                let mut kept: Vec<_> = values.iter().filter(|_| below(rng, 2) == 0).collect();
                // Drawn in any case, so that what is kept moves no later draw.
                let one = usize::try_from(below(rng, count(values.len()))).unwrap_or(0);
                if kept.is_empty() {
                    kept.extend(values.get(one));
                }
                Self::Of(kept.into_iter().cloned().collect())
            }
            Self::Numbers(min, max) => {
                let width = max.abs_diff(*min);
                let (a, b) = (between(rng, 0, width), between(rng, 0, width));
                let at = |shift: u64| min.saturating_add_unsigned(shift);
                Self::Numbers(at(a.min(b)), at(a.max(b)))
            }
            Self::Durations { min, max, step } => {
                let steps = steps(*min, *max, *step);
                let (a, b) = (between(rng, 0, steps), between(rng, 0, steps));
                let at = |shift| min.saturating_add(times(*step, shift));
                Self::Durations { min: at(a.min(b)), max: at(a.max(b)), step: *step }
            }
        }
    }

    /// One value of it.
    pub(crate) fn one(&self, rng: &mut EntropyStream) -> Value {
        match self {
            Self::Of(values) => {
                let at = usize::try_from(below(rng, count(values.len()))).unwrap_or(0);
                values.get(at).map_or(Value::Boolean(false), Plain::to_value)
            }
            Self::Numbers(min, max) => {
                let shift = between(rng, 0, max.abs_diff(*min));
                Value::Integer(min.saturating_add_unsigned(shift))
            }
            Self::Durations { min, max, step } => {
                let shift = between(rng, 0, steps(*min, *max, *step));
                Value::String(format_duration(min.saturating_add(times(*step, shift))))
            }
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn times(step: Duration, count: u64) -> Duration {
    let nanos = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos.saturating_mul(count))
}

fn steps(min: Duration, max: Duration, step: Duration) -> u64 {
    let width = max.saturating_sub(min).as_nanos();
    u64::try_from(width / step.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// The last unit of a duration as it is written, at least a millisecond.
fn step(text: &str) -> Duration {
    let unit = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = text.get(unit.len()..).unwrap_or_default();
    let one = parse_duration(&format!("1{unit}")).unwrap_or_default();
    one.max(Duration::from_millis(1))
}
