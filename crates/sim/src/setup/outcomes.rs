//! What must count as what, and how fast a lost stream may come back: by the reference and the promises of the
//! documentation, not by the client's code.

use std::time::Duration;

use checks::{OutcomeRule, ReconnectRule, RetryRule};
use model::audit::CallOutcome::{self, Failure, Ignored, Success};
use resilience::{BackoffConfig, Jitter, LaneConfig};

/// Time for which a stream must have been live before it may come back quickly.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// Beginnings of operations and of what their calls say of themselves; the first that fits decides.
///
/// Too much asked says nothing of the venue's health, a refusal in the venue's own words says that it works, and
/// whatever the edge says in its place, or nobody says, is a failure.
const RULES: &[(&str, &str, CallOutcome)] = &[
    ("kraken/", "status 429", Ignored),
    ("kraken/", "status ", Failure),
    ("kraken/", "websocket upgrade refused with status 429", Ignored),
    ("kraken/", "websocket upgrade refused", Failure),
    ("kraken/", "websocket session broke", Failure),
    ("kraken/", "no websocket session within", Failure),
    ("kraken/", "cannot connect", Failure),
    ("kraken/", "no answer: ", Failure),
    ("kraken/", "no complete answer within", Failure),
    ("kraken/", "answer lost within its body", Failure),
    ("kraken/", "malformed answer", Failure),
    ("kraken/", "EService:Unavailable", Failure),
    ("kraken/", "EService:Busy", Failure),
    ("kraken/", "EService:Timeout", Failure),
    ("kraken/", "EGeneral:Internal error", Failure),
    ("kraken/", "EDatabase:Internal error", Failure),
    ("kraken/", "EAPI:Invalid nonce", Ignored),
    ("kraken/", "EAPI:Rate limit exceeded", Ignored),
    ("kraken/", "EGeneral:Too many requests", Ignored),
    ("kraken/", "EOrder:Insufficient funds", Success),
    ("kraken/", "EOrder:Post only order", Success),
    ("kraken/", "EOrder:Unknown order", Success),
    ("influx/", "status 429", Ignored),
    ("influx/", "status 5", Failure),
];

pub(super) fn rules() -> Vec<OutcomeRule> {
    let rule = |(op, error, outcome): &(&str, &str, CallOutcome)| OutcomeRule {
        op: (*op).to_owned(),
        error: (*error).to_owned(),
        outcome: *outcome,
    };
    RULES.iter().map(rule).collect()
}

/// What a lane may try again.
pub(super) fn retries(lane: &LaneConfig) -> RetryRule {
    let budget = lane.budget;
    RetryRule {
        retries_max: lane.retry.retries_max,
        saved_max: budget.saved_max,
        calls_percent: budget.calls_percent,
        per_second: budget.per_second,
    }
}

/// The pace that a backoff keeps.
pub(super) fn pace(backoff: &BackoffConfig) -> ReconnectRule {
    let least_percent = match backoff.jitter {
        Jitter::None => 100,
        Jitter::Equal => 50,
        Jitter::Full => 0,
    };
    let BackoffConfig { base, cap, .. } = *backoff;
    ReconnectRule { base, cap, least_percent, settled_after: SETTLED_AFTER }
}
