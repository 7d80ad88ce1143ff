//! `breaker-transitions`: breakers follow their rules to the letter.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, WorldEvent};

use crate::breaker_replay::{Change, Replay};
use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{Spells, audit, is_crash};
use crate::findings::{Findings, Place};

pub(crate) const CHECK: Check = Check {
    name: "breaker-transitions",
    class: Class::Safety,
    sentence: "each breaker opens, probes and closes exactly when its rules say so",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let spells = Spells::of(history);
    let mut replays: BTreeMap<&str, Replay<'_>> = BTreeMap::new();
    let mut guards: BTreeMap<u64, &str> = BTreeMap::new();
    let new = |name| Replay::new(name, expect.rules(name), expect.slack_ns());
    for record in history {
        let place = Place::from(record);
        if is_crash(record, &expect.trader_host) {
            replays.clear();
            guards.clear();
        }
        if let Event::World(WorldEvent::MetricsSampled { changed }) = &record.event {
            for (name, replay) in &mut replays {
                let thawed_ns = |due_ns| spells.thawed_ns(due_ns, &expect.freezes);
                replay.sampled(place, rejected(changed, name), thawed_ns, &mut findings);
            }
        }
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::CallStarted { call, breaker, .. } = event {
            if let Some(name) = breaker {
                guards.insert(*call, name);
                let replay = replays.entry(name).or_insert_with(|| new(name));
                replay.started(place, *call, &mut findings);
            }
        } else if let AuditEvent::CallEnded { call, outcome, .. } = event {
            if let Some(replay) = guards.remove(call).and_then(|name| replays.get_mut(name)) {
                findings.examine();
                replay.ended(place, *call, *outcome, &mut findings);
            }
        } else if let AuditEvent::BreakerChanged {
            breaker: name,
            generation,
            from,
            to,
            cause,
            open_ms,
        } = event
        {
            findings.examine();
            let change =
                Change { generation: *generation, from: *from, to: *to, cause, open_ms: *open_ms };
            let replay = replays.entry(name).or_insert_with(|| new(name));
            replay.changed(place, change, &mut findings);
        }
    }
    for replay in replays.values_mut() {
        replay.finish(&mut findings);
    }
    findings.verdict("no call was guarded by a breaker")
}

/// How many calls a breaker has rejected, if that has changed.
fn rejected(changed: &BTreeMap<String, String>, breaker: &str) -> Option<u64> {
    let series = format!("wavetank_breaker_rejected_total{{breaker=\"{breaker}\"}}");
    changed.get(&series)?.parse().ok()
}

#[cfg(test)]
mod tests;
