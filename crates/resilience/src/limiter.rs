//! Rate limiter: at most so much weight in any window, first come, first served.
//!
//! [`window`] decides, purely; [`Limiter`] queues and sleeps. A waiter holds a place in the queue;
//! only the head of the queue asks for weight, so a heavy request is not starved by light ones
//! behind it.

mod window;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::window::SlidingWindow;

/// Requests that wait at once; more are refused.
const QUEUE_MAX: usize = 4096;

/// Longest pause: a venue that asks for more has banned us, which is the breaker's business.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Longest bound of a wait.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// A rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimiterConfig {
    /// Weight that may pass within one window. Above 0, default 1200.
    pub capacity: u32,
    /// The window. Above 0, at most a day, default 60 s.
    pub window: Duration,
}

impl Default for LimiterConfig {
    fn default() -> Self {
        Self { capacity: 1200, window: Duration::from_secs(60) }
    }
}

/// Why a [`LimiterConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimiterConfigError {
    /// Nothing could ever pass.
    #[error("limiter capacity is zero")]
    NoCapacity,
    /// A window must have a length, of at most a day.
    #[error("limiter window of {0:?} is not above zero and at most a day")]
    Window(Duration),
}

impl LimiterConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`LimiterConfigError`]: a value is out of range.
    pub fn validate(&self) -> Result<(), LimiterConfigError> {
        if self.capacity == 0 {
            Err(LimiterConfigError::NoCapacity)
        } else if self.window.is_zero() || self.window > WAIT_MAX {
            Err(LimiterConfigError::Window(self.window))
        } else {
            Ok(())
        }
    }
}

/// A request was not let through; nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimiterError {
    /// It can never pass.
    #[error("weight `{weight}` is above the limiter's capacity of `{capacity}`")]
    TooHeavy {
        /// Weight of the request.
        weight: u32,
        /// Capacity of the limiter.
        capacity: u32,
    },
    /// It would have to wait longer than it may.
    #[error("rate limit: not before {at_least:?}, may wait {wait_max:?}")]
    WaitTooLong {
        /// Wait from the request's arrival, as far as it is certain; more if others come first.
        at_least: Duration,
        /// Longest wait that the caller allowed.
        wait_max: Duration,
    },
    /// Too many wait already.
    #[error("rate limit: `{waiting}` requests wait already")]
    QueueFull {
        /// Requests in the queue.
        waiting: usize,
    },
}

/// A limiter at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimiterSnapshot {
    /// Weight that passed within the last window.
    pub used: u32,
    /// Weight that may pass within one window.
    pub capacity: u32,
    /// Requests that wait.
    pub waiting: usize,
    /// Rest of a pause; zero if there is none.
    pub paused_for: Duration,
}

/// A rate limiter. Cheap to clone; clones share the rate.
#[derive(Debug, Clone)]
pub struct Limiter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    window: SlidingWindow,
    paused_until: Option<Instant>,
    /// By ticket, so in the order of arrival.
    queue: BTreeMap<u64, Arc<Notify>>,
    next_ticket: u64,
}

impl Limiter {
    /// A limiter through which nothing has passed yet.
    ///
    /// # Errors
    /// [`LimiterConfigError`]: the configuration makes no sense.
    pub fn new(config: LimiterConfig) -> Result<Self, LimiterConfigError> {
        config.validate()?;
        let state = State {
            window: SlidingWindow::new(config.capacity, config.window),
            paused_until: None,
            queue: BTreeMap::new(),
            next_ticket: 0,
        };
        Ok(Self { state: Arc::new(Mutex::new(state)) })
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
    pub async fn acquire(&self, weight: u32, wait_max: Duration) -> Result<(), LimiterError> {
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
            drop(timeout_at(look_again_at, place.my_turn.notified()).await);
        }
    }

    /// Passes at once or not at all. Never overtakes those who wait.
    ///
    /// # Errors
    /// [`LimiterError`].
    pub fn try_acquire(&self, weight: u32) -> Result<(), LimiterError> {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.fits(weight)?;
        let at_least = match state.ready_at(weight, now) {
            None if state.queue.is_empty() => {
                state.window.take(weight, now);
                return Ok(());
            }
            None => Duration::ZERO,
            Some(time) => time.saturating_duration_since(now),
        };
        Err(LimiterError::WaitTooLong { at_least, wait_max: Duration::ZERO })
    }

    /// Lets nothing pass for a time, at most a day: the server said that we are too fast. Does not
    /// shorten a pause.
    pub fn pause(&self, pause_for: Duration) {
        let until = Instant::now() + pause_for.min(PAUSE_MAX);
        let mut state = self.state.lock();
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// The limiter at this moment.
    pub fn snapshot(&self) -> LimiterSnapshot {
        let now = Instant::now();
        let state = self.state.lock();
        LimiterSnapshot {
            used: state.window.used(now),
            capacity: state.window.capacity(),
            waiting: state.queue.len(),
            paused_for: state
                .paused_until
                .map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
        }
    }

    /// Passes at once (`None`) or takes a place in the queue.
    fn enter(&self, weight: u32, wait_max: Duration) -> Result<Option<Place>, LimiterError> {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.fits(weight)?;
        let ready_at = state.ready_at(weight, now);
        if ready_at.is_none() && state.queue.is_empty() {
            state.window.take(weight, now);
            return Ok(None);
        }
        let leave_at = now + wait_max.min(WAIT_MAX);
        if ready_at.is_some_and(|time| time > leave_at) {
            let at_least = ready_at.map_or(Duration::ZERO, |time| time - now);
            return Err(LimiterError::WaitTooLong { at_least, wait_max });
        }
        let waiting = state.queue.len();
        if waiting >= QUEUE_MAX {
            return Err(LimiterError::QueueFull { waiting });
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let my_turn = Arc::new(Notify::new());
        state.queue.insert(ticket, Arc::clone(&my_turn));
        Ok(Some(Place {
            state: Arc::clone(&self.state),
            ticket,
            weight,
            entered_at: now,
            leave_at,
            wait_max,
            my_turn,
        }))
    }
}

impl State {
    const fn fits(&self, weight: u32) -> Result<(), LimiterError> {
        let capacity = self.window.capacity();
        if weight > capacity { Err(LimiterError::TooHeavy { weight, capacity }) } else { Ok(()) }
    }

    /// When `weight` may pass if nobody is before it; `None` for now.
    fn ready_at(&mut self, weight: u32, now: Instant) -> Option<Instant> {
        let paused = self.paused_until.filter(|&until| until > now);
        paused.max(self.window.ready_at(weight, now))
    }
}

/// Whose turn it is.
enum Turn {
    Passed,
    /// Mine, but not before this time.
    NotBefore(Instant),
    /// Somebody else's.
    Queued,
}

/// A place in the queue. Dropping it gives the turn to the next.
struct Place {
    state: Arc<Mutex<State>>,
    ticket: u64,
    weight: u32,
    entered_at: Instant,
    leave_at: Instant,
    wait_max: Duration,
    my_turn: Arc<Notify>,
}

impl Place {
    fn try_pass(&self, now: Instant) -> Turn {
        let mut state = self.state.lock();
        let head = state.queue.first_key_value().map(|(&ticket, _)| ticket);
        if head != Some(self.ticket) {
            return Turn::Queued;
        }
        match state.ready_at(self.weight, now) {
            Some(time) => Turn::NotBefore(time),
            None => {
                state.window.take(self.weight, now);
                Turn::Passed
            }
        }
    }

    fn too_long(&self, not_before: Instant) -> LimiterError {
        LimiterError::WaitTooLong {
            at_least: not_before.saturating_duration_since(self.entered_at),
            wait_max: self.wait_max,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        state.queue.remove(&self.ticket);
        if let Some((_, next)) = state.queue.first_key_value() {
            // Harmless if it knew already: it only looks again.
            next.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
