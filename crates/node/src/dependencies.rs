//! What a node depends on, by name, and how the audit trail tells of it.
//!
//! The lanes and streams of a venue need no reporter of their own: whatever changes their state is in the
//! audit trail. A second venue is more names in [`VENUES`], and nothing else.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, BreakerState, StreamState};
use platform::health::{HealthRegistry, HealthReporter};

use crate::config::NodeConfig;

/// The node's own HTTP endpoint.
pub(crate) const ENDPOINT: &str = "endpoint";

/// Lanes of a venue; each name is that of its breaker, too.
const LANES: [&str; 3] = ["read", "order", "cancel"];
/// Streams of a venue.
const STREAMS: [&str; 2] = ["public", "private"];
/// Venues.
const VENUES: [&str; 1] = ["kraken"];

/// Names of every dependency of a configuration, in the order in which they are shown.
pub(crate) fn names(config: &NodeConfig) -> Vec<String> {
    let venues = VENUES.iter().flat_map(|venue| {
        let parts = LANES.iter().chain(&STREAMS);
        parts.map(move |part| format!("{venue}/{part}"))
    });
    let sinks = config.sinks.iter().map(|sink| sink.name().to_owned());
    let endpoint = config.endpoint.map(|_| ENDPOINT.to_owned());
    venues.chain(sinks).chain(endpoint).collect()
}

/// Reporters of what the audit trail tells about.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    lanes: BTreeMap<String, HealthReporter>,
    streams: BTreeMap<String, HealthReporter>,
}

impl Dependencies {
    /// Declares every part of every venue.
    pub(crate) fn of_venues(config: &NodeConfig, health: &HealthRegistry) -> Self {
        let mut dependencies = Self::default();
        for venue in VENUES {
            let declare = |part: &&str| {
                let name = format!("{venue}/{part}");
                let reporter = health.declare(&name, config.criticality(&name));
                (name, reporter)
            };
            dependencies.lanes.extend(LANES.iter().map(declare));
            dependencies.streams.extend(STREAMS.iter().map(declare));
        }
        // A breaker is closed until calls fail. Nothing was called yet, but nothing speaks against it.
        dependencies.lanes.values().for_each(HealthReporter::up);
        dependencies
    }

    /// Takes what an event says about a lane or stream.
    pub(crate) fn see(&self, event: &AuditEvent) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others tell of no dependency")]
        match event {
            AuditEvent::BreakerChanged { breaker, to, cause, .. } => {
                if let Some(reporter) = self.lanes.get(breaker) {
                    breaker_changed(reporter, *to, cause);
                }
            }
            AuditEvent::StreamChanged { stream, state, reason } => {
                if let Some(reporter) = self.streams.get(stream) {
                    stream_changed(reporter, *state, reason);
                }
            }
            _ => {}
        }
    }
}

/// A lane works again when its breaker is closed; a few probes do not make it work.
fn breaker_changed(reporter: &HealthReporter, to: BreakerState, cause: &str) {
    match to {
        BreakerState::Closed => reporter.up(),
        BreakerState::Open => reporter.down(cause),
        BreakerState::Isolated => reporter.down("isolated by an operator"),
        BreakerState::HalfOpen => {}
    }
}

/// A stream that connects again is still down, for the reason for which it went down.
fn stream_changed(reporter: &HealthReporter, state: StreamState, reason: &str) {
    match state {
        StreamState::Live => reporter.up(),
        StreamState::Down => reporter.down(reason),
        StreamState::Connecting => {}
    }
}
