//! One limiter per key: per pair, per account.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{DAY, Limiter, LimiterConfig, LimiterConfigError, LimiterError};

/// Limiters with the same settings, one per key. A key's limiter is made when it is first asked for.
#[derive(Debug)]
pub struct KeyedLimiter<K> {
    name: Box<str>,
    config: LimiterConfig,
    keys_max: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    limiters: BTreeMap<K, Limiter>,
    /// Holds keys that come later, too.
    paused_until: Option<Instant>,
}

impl<K: Ord + Clone + fmt::Display> KeyedLimiter<K> {
    /// Limiters for up to `keys_max` keys at once, above 0. Metrics call each `<name>/<key>`.
    ///
    /// # Errors
    /// [`LimiterConfigError`]: the configuration makes no sense.
    pub fn new(
        name: &str,
        config: LimiterConfig,
        keys_max: usize,
    ) -> Result<Self, LimiterConfigError> {
        config.validate()?;
        if keys_max == 0 {
            return Err(LimiterConfigError::NoKeys);
        }
        let state = State { limiters: BTreeMap::new(), paused_until: None };
        Ok(Self { name: name.into(), config, keys_max, state: Mutex::new(state) })
    }

    /// The limiter of a key.
    ///
    /// When there are too many, those that nobody holds and that count nothing are forgotten, which
    /// changes nothing.
    ///
    /// # Errors
    /// [`LimiterError::TooManyKeys`]: all of them are in use.
    pub fn get(&self, key: &K) -> Result<Limiter, LimiterError> {
        let mut state = self.state.lock();
        if let Some(limiter) = state.limiters.get(key) {
            return Ok(limiter.clone());
        }
        if state.limiters.len() >= self.keys_max {
            state.limiters.retain(|_, limiter| !limiter.is_forgettable());
        }
        let keys = state.limiters.len();
        if keys >= self.keys_max {
            return Err(LimiterError::TooManyKeys { keys });
        }
        let limiter = Limiter::new(&format!("{}/{key}", self.name), &self.config);
        let limiter = limiter.expect("the configuration is valid");
        if let Some(until) = state.paused_until {
            limiter.pause_until(until);
        }
        state.limiters.insert(key.clone(), limiter.clone());
        Ok(limiter)
    }

    /// Pauses the limiters of all keys, also of those that come later. Shortens no pause.
    pub fn pause_all(&self, pause_for: Duration) {
        let until = Instant::now() + pause_for.min(DAY);
        let mut state = self.state.lock();
        state.paused_until = state.paused_until.max(Some(until));
        for limiter in state.limiters.values() {
            limiter.pause_until(until);
        }
    }

    /// The limiters of all keys that are known now, in order of the keys.
    pub fn limiters(&self) -> Vec<Limiter> {
        self.state.lock().limiters.values().cloned().collect()
    }
}
