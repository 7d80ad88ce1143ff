//! Runs to report on.

use std::time::Duration;

use checks::testkit::{Story, clean, events, expectations};
use model::UnixNanos;
use model::history::Record;

use crate::{RunMeta, RunRecord, TapeMeta};

pub(crate) fn meta() -> RunMeta {
    RunMeta {
        scenario: "faults/outage".to_owned(),
        purpose: "REST refuses, then every connection hangs; all must be well again 30 s later."
            .to_owned(),
        seed: 0x57eb_0001,
        digest: "9f31c2aa00000001".to_owned(),
        version: "0.0.0".to_owned(),
        commit: Some("3f2a1bc".to_owned()),
        venue: "kraken".to_owned(),
        tape: TapeMeta {
            path: "data/tapes/sample.csv".to_owned(),
            rows: 1_234,
            first: UnixNanos::from_secs(1_561_939_203),
            last: UnixNanos::from_secs(1_561_940_998),
        },
        simulated: Duration::from_millis(200_040),
        wall: Duration::from_millis(250),
        faults: vec!["60s to 70s: rest-status 503".to_owned(), "75s to 118s: hold".to_owned()],
    }
}

/// The checks of the samples: a few of both classes, so that a new check changes no report here.
const CHECKS: [&str; 4] = ["faults-struck", "silence-noticed", "no-duplicate-order", "recovered"];

pub(crate) fn record_of(history: &[Record]) -> RunRecord {
    let shown = checks::ALL.iter().filter(|check| CHECKS.contains(&check.name));
    let results: Vec<_> = shown.map(|check| check.run(history, &expectations())).collect();
    RunRecord::new(meta(), history, &results)
}

/// A run as it should be.
pub(crate) fn good() -> RunRecord {
    record_of(&clean().history())
}

/// A run that breaks both kinds of promises.
pub(crate) fn bad_story() -> Story {
    let mut story = clean();
    story
        .trader(63_500, events::sent(40, "o-2"))
        .trader(63_520, events::ended(40, model::audit::CallOutcome::Success))
        .trader(180_000, events::stream("kraken/public", model::audit::StreamState::Down, "reset"));
    story
}
