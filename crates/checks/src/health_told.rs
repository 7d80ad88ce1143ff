//! `health-told`: what the trader says of its health is how its streams and breakers are.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, BreakerState, HealthState, StreamState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{audit, is_crash, seconds};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "health-told",
    class: Class::Safety,
    sentence: "a stream that is down or a breaker that is open is told as down at once, and one that works is not",
    judge,
};

/// A stream or a breaker, and what is told of it.
#[derive(Debug, Default)]
struct Dependency {
    /// Whether it works; `None` before anything is known.
    works: Option<bool>,
    /// Nothing was told yet of what is down from the start.
    told: Option<HealthState>,
    /// Since when the two differ.
    wrong_since: Option<Place>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut dependencies: BTreeMap<&str, Dependency> = BTreeMap::new();
    let mut stopping = false;
    for record in history {
        for (name, dependency) in &mut dependencies {
            dependency.judge(name, record.into(), expect.slack_ns(), &mut findings);
        }
        if is_crash(record, &expect.trader_host) {
            dependencies.clear();
            stopping = false;
        }
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::Shutdown { .. } = event {
            // What stops tells that it stops, and no more.
            dependencies.clear();
            stopping = true;
        }
        let Some((name, news)) = news(event).filter(|_| !stopping) else {
            continue;
        };
        // A dependency of another name has more reasons to be unwell than this one.
        if expect.dependencies.get(name).is_some_and(|dependency| dependency == name) {
            findings.examine();
            dependencies.entry(name).or_default().hear(news, record.into());
        }
    }
    for (name, dependency) in &mut dependencies {
        dependency.judge(name, end_of(history), expect.slack_ns(), &mut findings);
    }
    findings.verdict("no dependency was told of")
}

/// What an event says of a dependency.
#[derive(Debug, Clone, Copy)]
enum News {
    Works(bool),
    Told(HealthState),
}

/// The dependency of which an event says something, and what. One that is tried again is as it was.
fn news(event: &AuditEvent) -> Option<(&str, News)> {
    if let AuditEvent::StreamChanged { stream, state, .. } = event {
        let works = match state {
            StreamState::Live => true,
            StreamState::Down => false,
            StreamState::Connecting => return None,
        };
        Some((stream, News::Works(works)))
    } else if let AuditEvent::BreakerChanged { breaker, to, .. } = event {
        let works = match to {
            BreakerState::Closed => true,
            BreakerState::Open | BreakerState::Isolated => false,
            BreakerState::HalfOpen => return None,
        };
        Some((breaker, News::Works(works)))
    } else if let AuditEvent::HealthChanged { dependency, state, .. } = event {
        Some((dependency, News::Told(*state)))
    } else {
        None
    }
}

impl Dependency {
    fn hear(&mut self, news: News, place: Place) {
        match news {
            News::Works(works) => self.works = Some(works),
            News::Told(state) => self.told = Some(state),
        }
        let told_as_working = self.told.is_some_and(|state| state != HealthState::Down);
        let right = self.works.is_none_or(|works| works == told_as_working);
        self.wrong_since = if right { None } else { self.wrong_since.or(Some(place)) };
    }

    /// Reports, once, what has been told wrongly for too long.
    fn judge(&mut self, name: &str, now: Place, slack_ns: u64, findings: &mut Findings) {
        let Some(since) = self.wrong_since else {
            return;
        };
        if now.at_ns.saturating_sub(since.at_ns) <= slack_ns {
            return;
        }
        self.wrong_since = None;
        let works = if self.works == Some(true) { "works" } else { "does not work" };
        let told = self.told.map_or("nothing", HealthState::as_str);
        let at = seconds(since.at_ns);
        findings.violate(since, format!("{name} {works}, but since {at} it is told as {told}"));
    }
}

#[cfg(test)]
mod tests;
