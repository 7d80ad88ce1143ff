//! `reconnects-paced`: who has lost a connection does not storm the venue.

use std::collections::BTreeMap;
use std::time::Duration;

use model::audit::{AuditEvent, StreamState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, ReconnectRule, nanos};
use crate::facts::{Spells, audit, is_crash, seconds};
use crate::findings::{Findings, Place};

pub(crate) const CHECK: Check = Check {
    name: "reconnects-paced",
    class: Class::Safety,
    sentence: "a lost stream waits before it connects again, longer from try to try and for as long as it is asked to, and not always as long as it may",
    judge,
};

/// Waits that are as long as they may be without any in between: no accident, when a part of each is left to chance.
const LONGEST_IN_A_ROW: u32 = 4;

/// Beginning of the reason for which a stream is down that the venue refused.
const REFUSED: &str = "websocket upgrade refused";

/// One stream.
#[derive(Debug, Default)]
struct Stream {
    /// Tries since it was last live for long enough.
    tries: u32,
    live_ns: Option<u64>,
    down_ns: Option<u64>,
    /// How long it must stay away for another reason than its tries.
    told: Duration,
}

/// How long the waits of a trader were.
#[derive(Debug, Default)]
struct Spread {
    longest: u32,
    reported: bool,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let Some(rule) = expect.reconnect else {
        return findings.verdict("no pace of reconnects was promised");
    };
    let mut streams: BTreeMap<&str, Stream> = BTreeMap::new();
    let mut spread = Spread::default();
    let mut spells = Spells::default();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            streams.clear();
        }
        spells.observe(record);
        let Some(AuditEvent::StreamChanged { stream: name, state, reason }) = audit(record) else {
            continue;
        };
        let stream = streams.entry(name.as_str()).or_default();
        match state {
            StreamState::Live => stream.live_ns = Some(record.at_ns),
            StreamState::Down => {
                stream.lost(record.at_ns, &rule, expect.slack_ns());
                stream.told = told(reason, record.at_ns, &spells, expect);
            }
            StreamState::Connecting => {
                let Some(down_ns) = stream.down_ns.take() else {
                    continue;
                };
                findings.examine();
                let wait_ns = record.at_ns.saturating_sub(down_ns);
                let longest_ns = nanos(rule.longest(stream.tries));
                let tries = stream.tries;
                stream.tries = tries.saturating_add(1);
                let least_ns = longest_ns / 100 * u64::from(rule.least_percent);
                if wait_ns.saturating_add(expect.slack_ns()) < least_ns {
                    let (waited, least) = (seconds(wait_ns), seconds(least_ns));
                    let message = format!(
                        "stream {name} connects again after {waited}, not before {least} after {tries} tries"
                    );
                    findings.violate(record, message);
                }
                if wait_ns.saturating_add(expect.slack_ns()) < nanos(stream.told) {
                    let (waited, told) = (seconds(wait_ns), seconds(nanos(stream.told)));
                    let message = format!(
                        "stream {name} connects again after {waited}, though it was told to stay away for {told}"
                    );
                    findings.violate(record, message);
                }
                if rule.least_percent < 100 {
                    let excess_ns = wait_ns.checked_sub(longest_ns);
                    spread.count(excess_ns, expect.slack_ns(), record.into(), &mut findings);
                }
            }
        }
    }
    findings.verdict("no stream connected again")
}

/// How long the venue wants a stream to stay away that is down for a reason.
fn told(reason: &str, at_ns: u64, spells: &Spells, expect: &Expectations) -> Duration {
    if !reason.starts_with(REFUSED) {
        return Duration::ZERO;
    }
    // Which of them refused, nobody knows. What they said may be on its way for a while.
    let late_ns = nanos(expect.book_lag_max).saturating_add(expect.slack_ns());
    let striking = spells
        .all()
        .iter()
        .filter(|spell| spell.to_ns.is_none_or(|to_ns| to_ns.saturating_add(late_ns) >= at_ns));
    let pauses = striking.filter_map(|spell| expect.dial_refusals.get(&spell.fault));
    pauses.min().copied().unwrap_or_default()
}

impl Stream {
    /// What is nearly long enough may be.
    fn lost(&mut self, at_ns: u64, rule: &ReconnectRule, slack_ns: u64) {
        let lived_ns = self.live_ns.take().map(|live_ns| at_ns.saturating_sub(live_ns));
        let settled_ns = nanos(rule.settled_after).saturating_sub(slack_ns);
        if lived_ns.is_some_and(|lived_ns| lived_ns >= settled_ns) {
            self.tries = 0;
        }
        self.down_ns = Some(at_ns);
    }
}

impl Spread {
    /// A wait, by how much it was longer than chance alone can make it. What is longer by far was told to wait.
    fn count(
        &mut self,
        excess_ns: Option<u64>,
        slack_ns: u64,
        place: Place,
        findings: &mut Findings,
    ) {
        match excess_ns {
            None => self.longest = 0,
            Some(excess_ns) if excess_ns <= slack_ns => self.longest += 1,
            Some(_) => {}
        }
        if self.longest >= LONGEST_IN_A_ROW && !self.reported {
            self.reported = true;
            let message = format!("{LONGEST_IN_A_ROW} waits in a row leave nothing to chance");
            findings.violate(place, message);
        }
    }
}

impl ReconnectRule {
    /// Longest wait after so many tries.
    fn longest(&self, tries: u32) -> Duration {
        let grown = 1_u32.checked_shl(tries).and_then(|factor| self.base.checked_mul(factor));
        grown.unwrap_or(self.cap).min(self.cap)
    }
}

#[cfg(test)]
mod tests;
