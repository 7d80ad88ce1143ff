//! Kraken's dead man's switch, kept from firing for as long as somebody lives. Sans-IO.
//!
//! `CancelAllOrdersAfter` has Kraken cancel every order of the account when it is not called again in time
//! (reference, section 1.5). [`DeadMansSwitch`] says when to call, and what is known of the venue's side: time
//! comes in as an argument, and whoever drives it makes the calls.
//!
//! Nothing is taken for armed that was not confirmed, and the venue's time is counted from the **send** of a
//! request that was confirmed: before that plus the timeout the switch has surely not fired. After it, it may
//! have, until the next confirmation; then the account's orders are to be compared with ours, which a node does
//! anyway.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::ConfigError;
use crate::rest::SWITCH_MAX;

/// When the switch fires, and how often it is kept from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchConfig {
    /// Time without a word after which Kraken cancels all orders; whole seconds, 10 s to 24 h.
    pub timeout: Duration,
    /// Time between two calls, from send to send; 1 s or more, and at most half the timeout, so that one call
    /// may fail.
    pub refresh_every: Duration,
}

/// Shortest timeout: a refresh takes its time, and so does a retry.
const TIMEOUT_MIN: Duration = Duration::from_secs(10);

/// Shortest time between two calls.
const REFRESH_MIN: Duration = Duration::from_secs(1);

/// Part of the time between two calls after which a failed one is tried again.
const RETRY_PARTS: u32 = 4;

impl SwitchConfig {
    /// What Kraken recommends: 60 s, called every 15 s to 30 s.
    pub const RECOMMENDED: Self =
        Self { timeout: Duration::from_secs(60), refresh_every: Duration::from_secs(20) };

    /// A timeout with calls as often as Kraken recommends: three in each.
    pub fn of(timeout: Duration) -> Self {
        Self { timeout, refresh_every: timeout / 3 }
    }

    /// Checks both times.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first one that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |setting, expected| Err(ConfigError::Range { setting, expected });
        let whole = self.timeout.subsec_nanos() == 0;
        if !whole || !(TIMEOUT_MIN..=SWITCH_MAX).contains(&self.timeout) {
            return wrong("timeout", "whole seconds, 10 s to 24 h");
        }
        if self.refresh_every < REFRESH_MIN || self.refresh_every > self.timeout / 2 {
            return wrong("refresh_every", "1 s or more, at most half the timeout");
        }
        Ok(())
    }
}

/// What is known of the venue's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was confirmed yet: nobody watches over our orders.
    Unarmed,
    /// It has not fired, and will not before this instant.
    Armed {
        /// The instant.
        until: Instant,
    },
    /// The timeout has passed since the last confirmed call: all orders may be cancelled.
    MayHaveFired,
}

/// The switch, as far as we know it.
#[derive(Debug, Clone)]
pub struct DeadMansSwitch {
    config: SwitchConfig,
    /// When the last request was sent that was confirmed.
    armed_at: Option<Instant>,
    /// When the next one is due.
    next: Instant,
    /// Calls that failed since the last one that did not.
    failures: u32,
}

impl DeadMansSwitch {
    /// A switch that is not armed; the first call is due at once.
    pub const fn new(config: SwitchConfig, now: Instant) -> Self {
        Self { config, armed_at: None, next: now, failures: 0 }
    }

    /// The time that a call asks for.
    pub const fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// When the next call is due.
    pub const fn next(&self) -> Instant {
        self.next
    }

    /// Until when a call that is made at `now` may take: the next one is due then.
    pub fn give_up_at(&self, now: Instant) -> Instant {
        now + self.config.refresh_every
    }

    /// Calls that failed in a row.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// A call was confirmed that was sent at `sent`.
    pub fn confirmed(&mut self, sent: Instant) {
        self.armed_at = Some(self.armed_at.map_or(sent, |earlier| earlier.max(sent)));
        self.failures = 0;
        self.next = sent + self.config.refresh_every;
    }

    /// A call failed, or nobody knows: it is tried again soon, not before `retry_after`. What is known stays as
    /// it was.
    pub fn failed(&mut self, now: Instant, retry_after: Duration) {
        self.failures = self.failures.saturating_add(1);
        let soon = self.config.refresh_every / RETRY_PARTS;
        self.next = now + soon.max(REFRESH_MIN).max(retry_after);
    }

    /// What is known at `now`.
    pub fn standing(&self, now: Instant) -> Standing {
        match self.armed_at.map(|at| at + self.config.timeout) {
            None => Standing::Unarmed,
            Some(until) if now < until => Standing::Armed { until },
            Some(_) => Standing::MayHaveFired,
        }
    }
}

#[cfg(test)]
mod tests;
