//! `retries-bounded`: who finds the venue in trouble does not multiply its load.

use std::collections::BTreeMap;

use model::history::{Event, Record, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, RetryRule};
use crate::facts::{METRICS_LAG, is_crash};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "retries-bounded",
    class: Class::Safety,
    sentence: "the retries of a lane stay within its budget over any time, and within what each of its calls may have",
    judge,
};

const NANOS: u64 = 1_000_000_000;

/// What a lane has counted at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    at_ns: u64,
    calls: u64,
    retries: u64,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut lanes: BTreeMap<&str, Vec<Counts>> = BTreeMap::new();
    // No life has counted anything when it begins.
    let mut begin = Counts::default();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            lanes.clear();
            begin.at_ns = record.at_ns;
        }
        let Event::World(WorldEvent::MetricsSampled { changed }) = &record.event else {
            continue;
        };
        for (lane, rule) in &expect.retries {
            let earlier = lanes.entry(lane).or_insert_with(|| vec![begin]);
            let last = earlier.last().copied().unwrap_or_default();
            let count = |what: &str, last: u64| {
                let series = format!("wavetank_lane_{what}_total{{lane=\"{lane}\"}}");
                changed.get(&series).and_then(|value| value.parse().ok()).unwrap_or(last)
            };
            let now = Counts {
                at_ns: record.at_ns,
                calls: count("calls", last.calls),
                retries: count("retries", last.retries),
            };
            findings.examine();
            if let Some(excess) = excess(rule, earlier, now) {
                findings.violate(record, format!("lane {lane}: {excess}"));
            }
            earlier.push(now);
        }
    }
    findings.verdict("no lane with a retry budget was sampled")
}

/// What is too much, if it is.
fn excess(rule: &RetryRule, earlier: &[Counts], now: Counts) -> Option<String> {
    let Counts { calls, retries, .. } = now;
    let most = calls.saturating_mul(u64::from(rule.retries_max));
    if retries > most {
        return Some(format!("{retries} retries of {calls} calls, at most {most} allowed"));
    }
    let over = |from: &Counts| {
        let retries = retries.saturating_sub(from.retries);
        let calls = calls.saturating_sub(from.calls);
        let seconds = now
            .at_ns
            .saturating_sub(from.at_ns)
            .div_ceil(NANOS)
            .saturating_add(METRICS_LAG.as_secs());
        let earned = calls.saturating_mul(u64::from(rule.calls_percent)).div_ceil(100);
        let given = seconds.saturating_mul(u64::from(rule.per_second));
        let most = u64::from(rule.saved_max).saturating_add(earned).saturating_add(given);
        (retries > most).then(|| {
            format!("{retries} retries of {calls} calls within {seconds} s, the budget has {most}")
        })
    };
    earlier.iter().find_map(over)
}

#[cfg(test)]
mod tests;
