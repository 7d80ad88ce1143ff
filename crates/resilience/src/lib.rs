//! What keeps a trading system alive when the other side does not behave.
//!
//! Every part is a pure state machine that takes the time and the randomness as arguments, and a
//! thin async driver around it that reads `tokio::time` and sleeps. Nothing here spawns a task,
//! reads wall time, or names a venue.
//!
//! - [`breaker`]: stops calling what does not answer, and finds out when it does again.
//! - [`BreakerRegistry`]: all breakers of a process, for metrics and dashboards.
//! - [`deadline`]: one point in time for a call with all its attempts and waits.
//! - [`retry`]: whether another attempt may be made at all, and how long to wait before it.
//! - [`limiter`]: at most so much weight in any window, or in a counter that decays; first come,
//!   first served.
//! - [`batcher`]: many calls become few; [`cache`]: the same call is made once; [`gather`]: many
//!   futures, at most so many at once.
//! - [`lane`]: what guards a call, in the one right order, for one venue and class of
//!   operations.
//!
//! Each of these modules begins with a page on what it promises.

mod backoff;
pub mod batcher;
pub mod breaker;
pub mod cache;
mod catch_unwind;
pub mod deadline;
pub mod gather;
pub mod lane;
pub mod limiter;
mod registry;
pub mod retry;
mod sync;
#[cfg(test)]
mod testing;

pub use backoff::{BackoffConfig, BackoffConfigError, Jitter, RETRY_AFTER_MAX};
pub use batcher::{
    BatchError, Batcher, BatcherConfig, BatcherConfigError, BatcherReport, BatcherSnapshot,
};
pub use breaker::{
    AlertConfig, Breaker, BreakerCall, BreakerConfig, BreakerConfigError, BreakerEvent,
    BreakerName, BreakerOpen, BreakerPolicy, BreakerSnapshot, CallError, OpenGrowth, OwnedPermit,
    Permit, Rates, Recorded, SlowCalls, Tally,
};
pub use cache::{CacheConfig, CacheConfigError, CacheSnapshot, TtlCache};
pub use deadline::{AttemptTimeout, Deadline, DeadlineElapsed};
pub use gather::{Gather, GatherConfig, GatherConfigError, GatherSnapshot};
pub use lane::{
    Call, Classify, Lane, LaneConfig, LaneConfigError, LaneError, LaneSnapshot, Once, Repeatable,
    RetryAdvice,
};
pub use limiter::{
    AgeTable, CounterLimit, KeyedLimiter, LimitUse, Limiter, LimiterConfig, LimiterConfigError,
    LimiterError, LimiterSnapshot, Weight, WindowLimit,
};
pub use registry::{BreakerRegistry, RegistryError};
pub use retry::{
    RetryBudget, RetryBudgetConfig, RetryBudgetConfigError, RetryConfig, RetryConfigError,
};
