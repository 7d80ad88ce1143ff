//! Tables `[trader.lane."<name>"]`: the mechanisms around the trader's calls.
//!
//! What is not said stays as production has it.

use std::ops::RangeInclusive;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::duration::format_duration;
use crate::schema::DurationText;
use crate::validate::limits;

/// A lane whose mechanisms a scenario may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum LaneName {
    /// Queries.
    #[serde(rename = "kraken/read")]
    Read,
    /// Orders.
    #[serde(rename = "kraken/order")]
    Order,
    /// Cancels.
    #[serde(rename = "kraken/cancel")]
    Cancel,
}

impl LaneName {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "kraken/read",
            Self::Order => "kraken/order",
            Self::Cancel => "kraken/cancel",
        }
    }
}

/// What opens a lane's breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Failures in a row.
    #[default]
    Consecutive,
    /// Rates among the last calls.
    CountWindow,
    /// Rates among the calls that ended a short time ago.
    TimeWindow,
}

impl Policy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Consecutive => "consecutive",
            Self::CountWindow => "count-window",
            Self::TimeWindow => "time-window",
        }
    }
}

/// Settings of one lane; `None` for what stays as production has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lane {
    /// What opens the breaker. Default `consecutive`.
    pub policy: Policy,
    /// `consecutive`: how many failures in a row.
    pub failures: Option<u32>,
    /// `count-window`: among how many calls.
    pub calls: Option<u32>,
    /// `time-window`: among the calls of how much time.
    #[serde(with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub window: Option<Duration>,
    /// `time-window`: in how many parts that time passes. Default 10.
    pub buckets: Option<u32>,
    /// Windows: calls below which nothing is judged.
    pub minimum_calls: Option<u32>,
    /// Windows: percent of failed calls that open it. Default 50.
    pub failure_percent: Option<u32>,
    /// Windows: a call that takes longer is slow.
    #[serde(with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub slow_after: Option<Duration>,
    /// Windows: percent of slow calls, failed or not, that open it.
    pub slow_percent: Option<u32>,
    /// How long it stays open.
    #[serde(with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub open_for: Option<Duration>,
    /// By which factor that grows from trip to trip.
    pub open_growth: Option<u32>,
    /// Up to which time.
    #[serde(with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub open_for_max: Option<Duration>,
    /// Probes in a row that close it.
    pub success_threshold: Option<u32>,
    /// Probes at once.
    pub half_open_max: Option<u32>,
    /// Longest attempt.
    #[serde(with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub attempt_timeout: Option<Duration>,
    /// Longest wait for the limiter.
    #[serde(with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub queue_wait_max: Option<Duration>,
    /// Retries of one call.
    pub retries_max: Option<u32>,
    /// Retry budget: percent of the calls.
    pub budget_percent: Option<u32>,
    /// Retry budget: retries per second.
    pub budget_per_second: Option<u32>,
    /// Retry budget: retries that can be saved up.
    pub budget_saved_max: Option<u32>,
}

/// A key that does not do, and what was expected of it.
type Wrong = (&'static str, String);

impl Lane {
    /// The first setting that cannot work.
    pub(crate) fn problem(&self) -> Option<Wrong> {
        self.misplaced().or_else(|| self.missing()).or_else(|| self.out_of_range())
    }

    /// A key of another policy.
    fn misplaced(&self) -> Option<Wrong> {
        use Policy::{Consecutive, CountWindow, TimeWindow};
        let windows: &[Policy] = &[CountWindow, TimeWindow];
        let belongs: [(&'static str, bool, &[Policy]); 8] = [
            ("failures", self.failures.is_some(), &[Consecutive]),
            ("calls", self.calls.is_some(), &[CountWindow]),
            ("window", self.window.is_some(), &[TimeWindow]),
            ("buckets", self.buckets.is_some(), &[TimeWindow]),
            ("minimum_calls", self.minimum_calls.is_some(), windows),
            ("failure_percent", self.failure_percent.is_some(), windows),
            ("slow_after", self.slow_after.is_some(), windows),
            ("slow_percent", self.slow_percent.is_some(), windows),
        ];
        let mut wrong = belongs.into_iter().filter(|(_, is_set, _)| *is_set);
        let (key, _, of) = wrong.find(|(_, _, of)| !of.contains(&self.policy))?;
        let of: Vec<_> = of.iter().map(|policy| format!("\"{}\"", policy.as_str())).collect();
        Some((key, format!("`policy = {}`, to which it belongs", of.join(" or "))))
    }

    /// A key without which another says nothing.
    fn missing(&self) -> Option<Wrong> {
        let both = |one: &'static str, other: &'static str, set: (bool, bool)| match set {
            (true, false) => Some((one, format!("both `{one}` and `{other}`, or neither"))),
            (false, true) => Some((other, format!("both `{one}` and `{other}`, or neither"))),
            (true, true) | (false, false) => None,
        };
        let is_window = self.policy != Policy::Consecutive;
        let needed = [
            ("calls", self.policy == Policy::CountWindow && self.calls.is_none()),
            ("window", self.policy == Policy::TimeWindow && self.window.is_none()),
            ("minimum_calls", is_window && self.minimum_calls.is_none()),
        ];
        let name = self.policy.as_str();
        let needed = needed.into_iter().find(|(_, is_missing)| *is_missing);
        needed
            .map(|(key, _)| ("policy", format!("a `{key}` beside `policy = \"{name}\"`")))
            .or_else(|| {
                let set = (self.slow_after.is_some(), self.slow_percent.is_some());
                both("slow_after", "slow_percent", set)
            })
            .or_else(|| {
                let set = (self.open_growth.is_some(), self.open_for_max.is_some());
                both("open_growth", "open_for_max", set)
            })
            .or_else(|| {
                let is_alone = self.open_growth.is_some() && self.open_for.is_none();
                is_alone.then(|| ("open_growth", "an `open_for` that grows".to_owned()))
            })
    }

    fn out_of_range(&self) -> Option<Wrong> {
        let numbers = [
            ("failures", self.failures, limits::THRESHOLD),
            ("calls", self.calls, limits::WINDOW_CALLS),
            ("buckets", self.buckets, limits::BUCKETS),
            ("minimum_calls", self.minimum_calls, limits::WINDOW_CALLS),
            ("failure_percent", self.failure_percent, limits::PERCENT),
            ("slow_percent", self.slow_percent, limits::PERCENT),
            ("open_growth", self.open_growth, limits::GROWTH),
            ("success_threshold", self.success_threshold, limits::THRESHOLD),
            ("half_open_max", self.half_open_max, limits::THRESHOLD),
            ("retries_max", self.retries_max, limits::RETRIES),
            ("budget_percent", self.budget_percent, limits::BUDGET_PERCENT),
            ("budget_per_second", self.budget_per_second, limits::BUDGET_PER_SECOND),
            ("budget_saved_max", self.budget_saved_max, limits::BUDGET_SAVED),
        ];
        for (key, number, range) in numbers {
            if number.is_some_and(|number| !range.contains(&number)) {
                return Some((key, format!("{} to {}", range.start(), range.end())));
            }
        }
        let times = [
            ("window", self.window, limits::LANE_TIME),
            ("slow_after", self.slow_after, limits::LANE_TIME),
            ("open_for", self.open_for, limits::LANE_TIME),
            ("open_for_max", self.open_for_max, limits::LANE_TIME),
            ("attempt_timeout", self.attempt_timeout, limits::LANE_TIME),
            ("queue_wait_max", self.queue_wait_max, limits::LANE_WAIT),
        ];
        for (key, time, range) in times {
            if time.is_some_and(|time| !is_in(&range, time)) {
                let (min, max) = (format_duration(*range.start()), format_duration(*range.end()));
                return Some((key, format!("{min} to {max}, in whole milliseconds")));
            }
        }
        self.contradiction()
    }

    fn contradiction(&self) -> Option<Wrong> {
        let above = |low: Option<u32>, high: Option<u32>| low.zip(high).is_some_and(|(l, h)| l > h);
        if above(self.minimum_calls, self.calls) {
            return Some(("minimum_calls", "at most `calls`".to_owned()));
        }
        let parts = self.window.map(|window| u32::try_from(window.as_millis()).unwrap_or(u32::MAX));
        if above(Some(self.buckets.unwrap_or(limits::BUCKETS_DEFAULT)), parts) {
            let key = if self.buckets.is_some() { "buckets" } else { "window" };
            return Some((key, "at least a millisecond for each of the `buckets`".to_owned()));
        }
        let shrinks = self.open_for.zip(self.open_for_max).is_some_and(|(first, max)| max < first);
        shrinks.then(|| ("open_for_max", "at least `open_for`".to_owned()))
    }
}

fn is_in(range: &RangeInclusive<Duration>, time: Duration) -> bool {
    range.contains(&time) && time.subsec_nanos().is_multiple_of(1_000_000)
}

#[cfg(test)]
mod tests;
