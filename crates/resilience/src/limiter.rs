#![doc = include_str!("../docs/limiter.md")]

mod config;
mod counter;
mod error;
mod keyed;
mod queue;
mod snapshot;
mod weight;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, timeout_at};

pub use self::config::{CounterLimit, LimiterConfig, LimiterConfigError, WindowLimit};
pub use self::error::LimiterError;
pub use self::keyed::KeyedLimiter;
pub use self::snapshot::{LimitUse, LimiterSnapshot};
pub use self::weight::{AgeTable, Weight};

use self::config::DAY;
use self::queue::{Place, State, Turn};

/// A rate limiter. Cheap to clone; clones share the rate.
#[derive(Debug, Clone)]
pub struct Limiter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: Box<str>,
    /// The instant from which the state counts its nanoseconds.
    born: Instant,
    /// Most that can pass at once.
    capacity: u32,
    refused: AtomicU64,
    state: Mutex<State>,
}

impl Limiter {
    /// A limiter through which nothing has passed yet. `name` is what metrics call it:
    /// `kraken/rest`.
    ///
    /// # Errors
    /// [`LimiterConfigError`]: the configuration makes no sense.
    pub fn new(name: &str, config: &LimiterConfig) -> Result<Self, LimiterConfigError> {
        config.validate()?;
        let state = State::new(config);
        let shared = Shared {
            name: name.into(),
            born: Instant::now(),
            capacity: state.capacity(),
            refused: AtomicU64::new(0),
            state: Mutex::new(state),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What metrics call it.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Waits until `weight` may pass, but not longer than `wait_max`, which is at most a day.
    ///
    /// Weight 0 passes without taking anything, in its turn and not during a pause.
    ///
    /// # Errors
    /// [`LimiterError`]. A wait that is certain to be too long is refused at once.
    ///
    /// # Cancel safety
    /// Dropping it gives the place in the queue back and takes no weight.
    pub async fn acquire(
        &self,
        weight: impl Into<Weight>,
        wait_max: Duration,
    ) -> Result<(), LimiterError> {
        let shared = &*self.shared;
        match shared.wait(weight.into(), wait_max).await {
            Ok(()) => Ok(()),
            Err(error) => Err(shared.refuse(error)),
        }
    }

    /// Passes at once or not at all. Never overtakes those who wait.
    ///
    /// # Errors
    /// [`LimiterError`].
    #[inline]
    pub fn try_acquire(&self, weight: impl Into<Weight>) -> Result<(), LimiterError> {
        let (shared, weight) = (&*self.shared, weight.into());
        shared.weigh(weight).map_err(|error| shared.refuse(error))?;
        let now = Instant::now();
        let now_ns = shared.nanos(now);
        let ready_ns = shared.state.lock().try_pass(weight, now, now_ns);
        match ready_ns {
            None => Ok(()),
            Some(ready_ns) => {
                let at_least = Duration::from_nanos(ready_ns.saturating_sub(now_ns));
                let wait_max = Duration::ZERO;
                Err(shared.refuse(LimiterError::WaitTooLong { at_least, wait_max }))
            }
        }
    }

    /// Lets nothing pass for a time, at most a day: the server said that we are too fast. Does not
    /// shorten a pause.
    pub fn pause(&self, pause_for: Duration) {
        self.pause_until(Instant::now() + pause_for.min(DAY));
    }

    /// Lets nothing pass before a time, at most a day from now. Does not shorten a pause.
    pub fn pause_until(&self, until: Instant) {
        let until = until.min(Instant::now() + DAY);
        let until_ns = self.shared.nanos(until);
        let mut state = self.shared.state.lock();
        state.paused_until_ns = state.paused_until_ns.max(until_ns);
    }

    /// Rest of a pause; zero if there is none.
    pub fn paused_for(&self) -> Duration {
        let now_ns = self.shared.nanos(Instant::now());
        let until_ns = self.shared.state.lock().paused_until_ns;
        Duration::from_nanos(until_ns.saturating_sub(now_ns))
    }

    /// For whoever has its weight already: refused if a pause has begun since.
    pub(crate) fn refuse_if_paused(&self) -> Result<(), LimiterError> {
        let at_least = self.paused_for();
        if at_least.is_zero() {
            return Ok(());
        }
        Err(self.shared.refuse(LimiterError::WaitTooLong { at_least, wait_max: Duration::ZERO }))
    }

    /// The venue says that `used` of the window of this length is used up.
    ///
    /// If that is more than we count, the count of this window becomes `used`, at most its capacity;
    /// the difference counts as if it had passed now, so that it is gone a whole window later, which
    /// is not too early whenever it was spent. If it is less, nothing changes: what we know we sent
    /// counts. Other windows are not touched. Returns false if there is no window of this length.
    pub fn correct_window(&self, length: Duration, used: u32) -> bool {
        let now_ns = self.shared.nanos(Instant::now());
        self.shared.state.lock().raise_window(nanos(length), used, now_ns)
    }

    /// The venue says that its counter stands at `level`.
    ///
    /// If that is more than we count, ours becomes `level`, at most its maximum, and falls from
    /// there. If it is less, nothing changes. Returns false if this is no decaying counter.
    pub fn correct_counter(&self, level: u32) -> bool {
        let now_ns = self.shared.nanos(Instant::now());
        self.shared.state.lock().raise_counter(level, now_ns)
    }

    /// The venue says that nothing is left: counts as full from now, as after
    /// [`Limiter::correct_window`] of every window or [`Limiter::correct_counter`] with the capacity.
    pub fn fill(&self) {
        let now_ns = self.shared.nanos(Instant::now());
        self.shared.state.lock().fill(now_ns);
    }

    /// The limiter at this moment.
    pub fn snapshot(&self) -> LimiterSnapshot {
        let shared = &*self.shared;
        let now_ns = shared.nanos(Instant::now());
        let mut state = shared.state.lock();
        let paused_ns = state.paused_until_ns.saturating_sub(now_ns);
        LimiterSnapshot {
            limits: state.uses(now_ns),
            waiting: state.waiting(),
            refused: shared.refused.load(Ordering::Relaxed),
            paused_for: Duration::from_nanos(paused_ns),
        }
    }

    /// Returns whether forgetting it would change nothing: nobody else has it, nothing is counted.
    fn is_forgettable(&self) -> bool {
        let now_ns = self.shared.nanos(Instant::now());
        Arc::strong_count(&self.shared) == 1 && self.shared.state.lock().is_new(now_ns)
    }
}

impl Shared {
    async fn wait(&self, weight: Weight, wait_max: Duration) -> Result<(), LimiterError> {
        let Some(place) = self.enter(weight, wait_max)? else {
            return Ok(());
        };
        loop {
            let now = Instant::now();
            let look_again_at = match place.try_pass(now) {
                Turn::Passed => return Ok(()),
                Turn::NotBefore(time) if time > place.leave_at => return Err(place.too_long(time)),
                Turn::NotBefore(time) => time,
                Turn::Queued if now >= place.leave_at => return Err(place.too_long(now)),
                Turn::Queued => place.leave_at,
            };
            // Either way the next round looks at the clock: sleeps are rounded up, and a pause may
            // have begun.
            drop(timeout_at(look_again_at, place.my_turn()).await);
        }
    }

    /// Passes at once (`None`) or takes a place in the queue.
    fn enter(&self, weight: Weight, wait_max: Duration) -> Result<Option<Place<'_>>, LimiterError> {
        self.weigh(weight)?;
        let now = Instant::now();
        let now_ns = self.nanos(now);
        let mut state = self.state.lock();
        let Some(ready_ns) = state.try_pass(weight, now, now_ns) else {
            return Ok(None);
        };
        let leave_at = now + wait_max.min(DAY);
        let at_least = Duration::from_nanos(ready_ns.saturating_sub(now_ns));
        if now + at_least > leave_at {
            return Err(LimiterError::WaitTooLong { at_least, wait_max });
        }
        let (ticket, my_turn) = state.enter()?;
        Ok(Some(Place {
            shared: self,
            ticket,
            my_turn,
            weight,
            entered_at: now,
            leave_at,
            wait_max,
        }))
    }

    /// Refuses what can never pass.
    #[inline]
    fn weigh(&self, weight: Weight) -> Result<(), LimiterError> {
        let (least, capacity) = (weight.least(), self.capacity);
        if least > capacity {
            return Err(LimiterError::TooHeavy { weight: least, capacity });
        }
        Ok(())
    }

    #[cold]
    fn refuse(&self, error: LimiterError) -> LimiterError {
        self.refused.fetch_add(1, Ordering::Relaxed);
        error
    }

    #[inline]
    fn nanos(&self, time: Instant) -> u64 {
        nanos(time.saturating_duration_since(self.born))
    }

    fn instant(&self, time_ns: u64) -> Instant {
        self.born + Duration::from_nanos(time_ns)
    }
}

/// Nanoseconds of a duration below 584 years; longer ones do not occur.
#[inline]
fn nanos(duration: Duration) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    duration.as_secs().saturating_mul(SECOND).saturating_add(u64::from(duration.subsec_nanos()))
}

#[cfg(test)]
mod tests;
