//! What keeps a trading system alive when the other side does not behave.
//!
//! Every part is a pure state machine that takes the time and the randomness as arguments, and a
//! thin async driver around it that reads `tokio::time` and sleeps. Nothing here spawns a task,
//! reads wall time, or names a venue.
//!
//! - [`breaker`]: stops calling what does not answer, and finds out when it does again.
//! - [`BreakerRegistry`]: all breakers of a process, for metrics and dashboards.
//! - [`Deadline`]: one point in time for a call with all its attempts and waits.
//! - [`BackoffConfig`], [`RetryBudget`]: how long to wait before another attempt, and whether one
//!   may be made at all.
//! - [`Limiter`]: at most so much weight in any window, first come, first served.
//! - [`Lane`]: all of them in the one right order, for one venue and class of operations.

mod backoff;
pub mod breaker;
mod catch_unwind;
mod deadline;
mod lane;
mod limiter;
mod registry;
mod retry;
mod sync;
#[cfg(test)]
mod testing;

pub use backoff::{BackoffConfig, BackoffConfigError, Jitter, RETRY_AFTER_MAX};
pub use breaker::{
    AlertConfig, Breaker, BreakerCall, BreakerConfig, BreakerConfigError, BreakerEvent,
    BreakerName, BreakerOpen, BreakerPolicy, BreakerSnapshot, CallError, OpenGrowth, OwnedPermit,
    Permit, Rates, Recorded, SlowCalls, Tally,
};
pub use deadline::{AttemptTimeout, Deadline, DeadlineElapsed};
pub use lane::{
    Call, Classify, Lane, LaneConfig, LaneConfigError, LaneError, LaneSnapshot, RetryAdvice,
};
pub use limiter::{Limiter, LimiterConfig, LimiterConfigError, LimiterError, LimiterSnapshot};
pub use registry::{BreakerRegistry, RegistryError};
pub use retry::{RetryBudget, RetryBudgetConfig, RetryBudgetConfigError, RetryConfig};
