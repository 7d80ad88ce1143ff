//! Kraken's counts, mirrored: per API key, per pair, per address.
//!
//! | limiter | counts | taken by |
//! |---|---|---|
//! | `kraken/public` | public requests of the address | public queries |
//! | `kraken/rest` | private requests of the key, decaying | private queries, `CancelAll`, the dead man's switch |
//! | `kraken/engine/<pair>` | orders and cancels of a pair, decaying; young orders are dear | orders, changes, cancels |
//! | `kraken/dials` | WebSocket dials of the address | both streams |

use std::collections::BTreeMap;
use std::time::Duration;

use model::{OrderReport, OrderState, Symbol, VenueOrderId};
use parking_lot::Mutex;
use resilience::{AgeTable, KeyedLimiter, Limiter, LimiterConfig, LimiterError, Weight};
use tokio::time::Instant;

use crate::codec::fault::VenueError;
use crate::config::{ConfigError, KrakenConfig};
use crate::rest::SubmitError;

/// Most pairs with a counter of their own; one that counts nothing is forgotten first.
const PAIRS_MAX: usize = 1024;

/// Most orders whose age is remembered; the oldest is forgotten first.
const ORDERS_KEPT_MAX: usize = 1024;

/// The limiters of one account at one address.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Public requests.
    pub(crate) public: Limiter,
    /// Private requests other than orders and cancels.
    pub(crate) rest: Limiter,
    /// WebSocket dials of both streams.
    pub(crate) dials: Limiter,
    engine: KeyedLimiter<Symbol>,
    ages: OrderAges,
}

impl Limits {
    pub(crate) fn new(config: &KrakenConfig) -> Result<Self, ConfigError> {
        let counter = LimiterConfig::Counter;
        let limiter = |name: &'static str, config: &LimiterConfig| {
            Limiter::new(name, config)
                .map_err(|source| ConfigError::Limiter { limiter: name, source })
        };
        let engine = "kraken/engine";
        let limits = Self {
            public: limiter("kraken/public", &config.public_limit)?,
            rest: limiter("kraken/rest", &counter(config.rest_limit()))?,
            dials: limiter("kraken/dials", &config.dial_limit)?,
            engine: KeyedLimiter::new(engine, counter(config.engine_limit()), PAIRS_MAX)
                .map_err(|source| ConfigError::Limiter { limiter: engine, source })?,
            ages: OrderAges::default(),
        };
        if config.counters_full_at_start {
            limits.rest.fill();
            for symbol in &config.symbols {
                // A counter that cannot be had now is none that could be taken from.
                limits.engine(symbol).iter().for_each(Limiter::fill);
            }
        }
        Ok(limits)
    }

    /// The engine's counter of a pair.
    pub(crate) fn engine(&self, symbol: &Symbol) -> Result<Limiter, LimiterError> {
        self.engine.get(symbol)
    }

    /// What a change of this order weighs, or a cancel, by a table. Of one that is named otherwise than
    /// by the venue's id the age is not known: it is as young as can be.
    pub(crate) fn change_weight(&self, id: Option<&VenueOrderId>, table: AgeTable) -> Weight {
        let since = id.map_or_else(Instant::now, |id| self.ages.since(id));
        Weight::ByAge { since, table }
    }

    /// A change of an order was asked for: its age begins anew, unless the change surely was not made. An age is
    /// never taken for too high.
    pub(crate) fn asked_to_change<T>(
        &self,
        id: Option<&VenueOrderId>,
        outcome: &Result<T, SubmitError>,
    ) {
        if let (Some(id), Ok(_) | Err(SubmitError::Unknown { .. })) = (id, outcome) {
            self.ages.renew(id);
        }
    }

    /// An order is there, since now at the latest.
    pub(crate) fn saw_order(&self, id: &VenueOrderId) {
        self.ages.since(id);
    }

    /// As [`Limits::saw_order`] for those of a list that are open.
    pub(crate) fn saw_orders(&self, reports: &[OrderReport]) {
        for report in reports.iter().filter(|report| report.state == OrderState::Open) {
            self.saw_order(&report.venue_order_id);
        }
    }

    /// What a refusal says about the counters. The lane pauses the call's own limiter by itself; but
    /// the counter that is used up is full, and it may be another one.
    pub(crate) fn heed(&self, error: &VenueError, called: &Limiter) {
        let pause = error.pause().unwrap_or_default();
        if error.is("EAPI:Rate limit exceeded") {
            self.rest.fill();
            self.rest.pause(pause);
        }
        if error.is("EOrder:Rate limit exceeded") {
            called.fill();
        }
        if error.is("EOrder:Domain rate limit exceeded") {
            // Of the account with its sub-accounts, whatever the pair.
            self.engine.pause_all(pause);
        }
    }

    /// The address is limited, not the method or the key: whatever is sent next makes it worse.
    pub(crate) fn pause_address(&self, pause: Duration) {
        for limiter in [&self.public, &self.rest, &self.dials] {
            limiter.pause(pause);
        }
        self.engine.pause_all(pause);
    }

    /// All limiters, those of the pairs last.
    pub(crate) fn all(&self) -> Vec<Limiter> {
        let mut all = vec![self.public.clone(), self.rest.clone(), self.dials.clone()];
        all.extend(self.engine.limiters());
        all
    }
}

/// Since when orders are at the venue, at the latest: since their placement was answered, or since they
/// were first heard of. So an age is never too high and a cancel never taken too lightly.
#[derive(Debug, Default)]
struct OrderAges {
    since: Mutex<BTreeMap<VenueOrderId, Instant>>,
}

impl OrderAges {
    /// Since when an order is there. One that is not known is as young as can be: from now on.
    fn since(&self, id: &VenueOrderId) -> Instant {
        let mut all = self.since.lock();
        if let Some(since) = all.get(id) {
            return *since;
        }
        if all.len() >= ORDERS_KEPT_MAX {
            let oldest = all.iter().min_by_key(|(_, since)| **since).map(|(id, _)| id.clone());
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let now = Instant::now();
        all.insert(id.clone(), now);
        now
    }

    /// From now on, if it is known.
    fn renew(&self, id: &VenueOrderId) {
        if let Some(since) = self.since.lock().get_mut(id) {
            *since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests;
