//! Kraken's errors: what each text means for the order, the retry and the breaker.

use std::time::Duration;

use model::UnixNanos;
use model::audit::CallOutcome;
use thiserror::Error;

mod table;

/// What kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultClass {
    /// Key, signature, nonce, permission.
    Auth,
    /// The request is wrong.
    Caller,
    /// Too many requests or orders.
    Limit,
    /// The venue does not work, or not fully.
    Service,
    /// A well-formed order that the venue does not take.
    Trading,
}

/// What an error says about the request's fate at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Surely not carried out.
    NotDone,
    /// Perhaps carried out.
    Unknown,
}

/// What an error says about the state of the venue, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    /// It works: it understood and refused.
    Works,
    /// Nothing.
    Silent,
    /// It wants fewer requests: none for this long.
    Slow(Duration),
    /// It does not work.
    Broken,
    /// It does not want us: no request for this long.
    Blocked(Duration),
}

/// What is known of one error text.
#[derive(Debug, Clone, Copy)]
struct Rule {
    prefix: &'static str,
    class: FaultClass,
    /// Whether the same question may be asked again, with a new nonce.
    again: bool,
    health: Health,
    fate: Fate,
}

/// Longest pause that a `Throttled` error may ask for.
const THROTTLE_PAUSE_MAX: Duration = Duration::from_secs(60);

/// An answer that is a list of errors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", texts.join(", "))]
pub struct VenueError {
    texts: Vec<String>,
    class: FaultClass,
    again: bool,
    health: Health,
    fate: Fate,
}

impl VenueError {
    /// Judges a list of error texts; one text that leaves the fate open leaves it open for all.
    ///
    /// `now` is the wall time, to which a `Throttled` error refers.
    pub fn new(texts: Vec<String>, now: UnixNanos) -> Self {
        let mut error = Self {
            class: FaultClass::Service,
            again: true,
            health: Health::Works,
            fate: Fate::NotDone,
            texts: Vec::new(),
        };
        for (index, text) in texts.iter().enumerate() {
            let rule = table::rule(text);
            let health = throttle(text, now).map_or(rule.health, Health::Slow);
            if index == 0 || health > error.health {
                error.class = rule.class;
            }
            error.health = error.health.max(health);
            error.again &= rule.again;
            if rule.fate == Fate::Unknown || names_client_order_id(text) {
                error.fate = Fate::Unknown;
            }
        }
        error.texts = texts;
        error
    }

    /// The venue's texts.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Kind of the gravest text.
    pub const fn class(&self) -> FaultClass {
        self.class
    }

    /// Whether the request may have been carried out.
    pub const fn fate(&self) -> Fate {
        self.fate
    }

    /// True when one of the texts begins with `prefix`.
    pub fn is(&self, prefix: &str) -> bool {
        self.texts.iter().any(|text| text.starts_with(prefix))
    }

    pub(crate) const fn may_ask_again(&self) -> bool {
        self.again
    }

    pub(crate) const fn outcome(&self) -> CallOutcome {
        match self.health {
            Health::Works => CallOutcome::Success,
            Health::Silent | Health::Slow(_) => CallOutcome::Ignored,
            Health::Broken | Health::Blocked(_) => CallOutcome::Failure,
        }
    }

    pub(crate) const fn pause(&self) -> Option<Duration> {
        match self.health {
            Health::Slow(pause) => Some(pause),
            Health::Works | Health::Silent | Health::Broken | Health::Blocked(_) => None,
        }
    }

    pub(crate) const fn ban(&self) -> Option<Duration> {
        match self.health {
            Health::Blocked(ban) => Some(ban),
            Health::Works | Health::Silent | Health::Slow(_) | Health::Broken => None,
        }
    }
}

/// The pause of `EService: Throttled: <unix time>`; note the blank after the first colon.
fn throttle(text: &str, now: UnixNanos) -> Option<Duration> {
    let until = text.strip_prefix(table::THROTTLED)?;
    let until = UnixNanos::parse_secs(until.trim_matches([':', ' '])).ok()?;
    Some(until.since(now).min(THROTTLE_PAUSE_MAX))
}

/// A refusal of the client order id may mean that the order of an earlier send is there.
fn names_client_order_id(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("cl_ord_id") || text.contains("duplicate")
}

#[cfg(test)]
mod tests;
