//! What a node depends on, by name, and how the audit trail tells of it.
//!
//! The lanes and streams of a venue need no reporter of their own: whatever changes their state is in the
//! audit trail. A second venue is more names in [`VENUES`], and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::audit::{AuditEvent, BreakerState, StreamState};
use parking_lot::Mutex;
use platform::health::{HealthRegistry, HealthReporter};
use tokio::time::Instant;

use crate::config::NodeConfig;

/// The node's own HTTP endpoint.
pub(crate) const ENDPOINT: &str = "endpoint";

/// Lanes of a venue; each name is that of its breaker, too.
const LANES: [&str; 3] = ["read", "order", "cancel"];
/// Streams of a venue, each with the breaker of its dials.
const STREAMS: [(&str, &str); 2] = [("public", "connect-public"), ("private", "connect-private")];
/// The dead man's switch, if there is one.
pub(crate) const SWITCH: &str = "kraken/switch";
/// The key of a venue.
const KEY: &str = "key";
/// Our clock, as a venue sees it.
const CLOCK: &str = "clock";
/// Venues.
const VENUES: [&str; 1] = ["kraken"];

/// Names of every dependency of a configuration, in the order in which they are shown.
pub(crate) fn names(config: &NodeConfig) -> Vec<String> {
    let venues = VENUES.iter().flat_map(|venue| {
        let streams = STREAMS.iter().map(|(stream, _)| stream);
        let parts = LANES.iter().chain(streams).chain([&KEY, &CLOCK]);
        parts.map(move |part| format!("{venue}/{part}"))
    });
    let switch = config.switch.map(|_| SWITCH.to_owned());
    let sinks = config.sinks.iter().map(|sink| sink.name().to_owned());
    let endpoint = config.endpoint.map(|_| ENDPOINT.to_owned());
    venues.chain(switch).chain(sinks).chain(endpoint).collect()
}

/// Reporters of what the audit trail tells about.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    lanes: BTreeMap<String, Arc<Dependency>>,
    streams: BTreeMap<String, Arc<Dependency>>,
    /// By breaker: what it guards.
    guarded: BTreeMap<String, Arc<Dependency>>,
    keys: BTreeMap<&'static str, Arc<Dependency>>,
    clocks: BTreeMap<&'static str, Arc<Dependency>>,
}

impl Dependencies {
    /// Declares every part of every venue.
    pub(crate) fn of_venues(config: &NodeConfig, health: &HealthRegistry) -> Self {
        let mut dependencies = Self::default();
        for venue in VENUES {
            let declare = |part: &str| {
                let name = format!("{venue}/{part}");
                let reporter = health.declare(&name, config.criticality(&name));
                (name, Arc::new(Dependency::new(reporter)))
            };
            for (name, lane) in LANES.map(declare) {
                // A breaker is closed until calls fail. Nothing was called yet, but nothing speaks
                // against it.
                lane.works();
                dependencies.guarded.insert(name.clone(), Arc::clone(&lane));
                dependencies.lanes.insert(name, lane);
            }
            for (stream, breaker) in STREAMS {
                let (name, stream) = declare(stream);
                dependencies.guarded.insert(format!("{venue}/{breaker}"), Arc::clone(&stream));
                dependencies.streams.insert(name, stream);
            }
            let (_, key) = declare(KEY);
            key.works();
            dependencies.keys.insert(venue, key);
            let (_, clock) = declare(CLOCK);
            dependencies.clocks.insert(venue, clock);
        }
        dependencies
    }

    /// What a breaker guards.
    pub(crate) fn guarded_by(&self, breaker: &str) -> Option<Arc<Dependency>> {
        self.guarded.get(breaker).cloned()
    }

    /// The key of a venue.
    pub(crate) fn key(&self, venue: &str) -> Option<Arc<Dependency>> {
        self.keys.get(venue).cloned()
    }

    /// Our clock, as a venue sees it.
    pub(crate) fn clock(&self, venue: &str) -> Option<Arc<Dependency>> {
        self.clocks.get(venue).cloned()
    }

    /// Takes what an event says about a lane or stream.
    pub(crate) fn see(&self, event: &AuditEvent) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others tell of no dependency")]
        match event {
            AuditEvent::BreakerChanged { breaker, to, cause, .. } => {
                if let Some(lane) = self.lanes.get(breaker) {
                    breaker_changed(lane, *to, cause);
                }
            }
            AuditEvent::StreamChanged { stream, state, reason } => {
                if let Some(stream) = self.streams.get(stream) {
                    stream_changed(stream, *state, reason);
                }
            }
            _ => {}
        }
    }

    /// Lifts the warnings whose time is over.
    pub(crate) fn settle(&self) {
        self.guarded.values().for_each(|dependency| dependency.settle());
    }
}

/// A lane works again when its breaker is closed; a few probes do not make it work.
fn breaker_changed(lane: &Dependency, to: BreakerState, cause: &str) {
    match to {
        BreakerState::Closed => lane.works(),
        BreakerState::Open => lane.fails(cause),
        BreakerState::Isolated => lane.fails("isolated by an operator"),
        BreakerState::HalfOpen => {}
    }
}

/// A stream that connects again is still down, for the reason for which it went down.
fn stream_changed(stream: &Dependency, state: StreamState, reason: &str) {
    match state {
        StreamState::Live => stream.works(),
        StreamState::Down => stream.fails(reason),
        StreamState::Connecting => {}
    }
}

/// One dependency: whether it works, and what one should know of it even if it does.
#[derive(Debug)]
pub(crate) struct Dependency {
    reporter: HealthReporter,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why it does not work, if it does not; `None` before anything was told.
    works: Option<Result<(), String>>,
    /// In force until then.
    warning: Option<(String, Instant)>,
}

impl Dependency {
    pub(crate) fn new(reporter: HealthReporter) -> Self {
        Self { reporter, state: Mutex::default() }
    }

    pub(crate) fn works(&self) {
        self.change(|state| state.works = Some(Ok(())));
    }

    pub(crate) fn fails(&self, reason: &str) {
        self.change(|state| state.works = Some(Err(reason.to_owned())));
    }

    /// It is degraded for some time at least, even if it works.
    pub(crate) fn warn(&self, warning: String, lasts: Duration) {
        self.change(|state| state.warning = Some((warning, Instant::now() + lasts)));
    }

    fn settle(&self) {
        let now = Instant::now();
        let is_over = self.state.lock().warning.as_ref().is_some_and(|(_, until)| *until <= now);
        if is_over {
            self.change(|state| state.warning = None);
        }
    }

    /// Changes the state and tells it; one after the other, so that what is told last is true.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        change(&mut state);
        match (&state.works, &state.warning) {
            (None, _) => {}
            (Some(Ok(())), None) => self.reporter.up(),
            (Some(Ok(())), Some((warning, _))) => self.reporter.degraded(warning),
            (Some(Err(reason)), None) => self.reporter.down(reason),
            (Some(Err(reason)), Some((warning, _))) => {
                self.reporter.down(&format!("{reason}; {warning}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use platform::health::Criticality;
    use platform::{Auditor, LogAudit};
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_warning_degrades_what_works_until_its_time_is_over() {
        let registry = HealthRegistry::new(Auditor::new(Arc::new(LogAudit)));
        let dependency = Dependency::new(registry.declare("kraken/read", Criticality::Critical));
        let now = || {
            let health = registry.snapshot().dependencies.remove(0);
            format!("{} {}", health.state, health.reason)
        };
        dependency.works();
        assert_eq!(now(), "up ");
        dependency.fails("503");
        dependency.warn("trips often".to_owned(), Duration::from_secs(600));
        assert_eq!(now(), "down 503; trips often");
        dependency.works();
        assert_eq!(now(), "degraded trips often");
        advance(Duration::from_secs(599)).await;
        dependency.settle();
        assert_eq!(now(), "degraded trips often");
        advance(Duration::from_secs(1)).await;
        dependency.settle();
        assert_eq!(now(), "up ");
        dependency.fails("503");
        assert_eq!(now(), "down 503");
    }
}
