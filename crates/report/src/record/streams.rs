//! Streams in the record of a run.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, StreamState};
use model::history::{Event, Record};
use serde::{Deserialize, Serialize};

use crate::units::seconds;

/// The life of one stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamRecord {
    /// Name of the stream.
    pub name: String,
    /// State at the end.
    pub state: StreamState,
    /// Its changes, in order.
    pub changes: Vec<StreamChange>,
}

/// One change of a stream's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamChange {
    /// When, seconds since the start of the run.
    pub at_s: f64,
    /// State now.
    pub state: StreamState,
    /// Why.
    pub reason: String,
}

pub(super) fn read(history: &[Record]) -> Vec<StreamRecord> {
    let mut streams: BTreeMap<&str, StreamRecord> = BTreeMap::new();
    for record in history {
        if let Event::Trader(AuditEvent::StreamChanged { stream, state, reason }) = &record.event {
            let known = streams.entry(stream).or_insert_with(|| StreamRecord {
                name: stream.clone(),
                state: *state,
                changes: Vec::new(),
            });
            known.state = *state;
            known.changes.push(StreamChange {
                at_s: seconds(record.at_ns),
                state: *state,
                reason: reason.clone(),
            });
        }
    }
    streams.into_values().collect()
}
