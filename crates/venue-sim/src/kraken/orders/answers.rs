//! Answers that REST and WebSocket v2 give alike.

use serde::Serialize;

use crate::kraken::orders::timers::Armed;
use crate::kraken::wire::rfc3339_seconds;

/// How many orders were cancelled.
#[derive(Serialize)]
pub(crate) struct CancelCount {
    pub(crate) count: usize,
}

/// A dead man's switch, with a trigger time of `0` when it is off.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Switch {
    current_time: String,
    trigger_time: String,
}

impl From<Armed> for Switch {
    fn from(Armed { now, at }: Armed) -> Self {
        Self {
            current_time: rfc3339_seconds(now),
            trigger_time: at.map_or("0".to_owned(), rfc3339_seconds),
        }
    }
}
