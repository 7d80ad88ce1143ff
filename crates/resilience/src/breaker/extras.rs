//! What a breaker needs only under some settings: a window of calls, growing openings, alerts.

use std::collections::VecDeque;

use platform::EntropyStream;
use rand::RngExt;

use super::config::{AlertConfig, BreakerConfig, OpenGrowth, milliseconds};
use super::core::{Ticket, Why, later};
use super::window::{Tally, Window};

/// Memory of a breaker beyond its core. Sans-IO.
#[derive(Debug)]
pub(super) struct Extras {
    window: Option<Window>,
    growth: Option<Growth>,
    alarm: Option<Alarm>,
}

impl Extras {
    /// What the settings call for; `None` if that is nothing. Without entropy nobody is alerted
    /// either: both belong to a breaker that has observers.
    pub(super) fn new(config: &BreakerConfig, entropy: Option<EntropyStream>) -> Option<Self> {
        let window = Window::new(&config.policy);
        let alert = config.alert.filter(|_| entropy.is_some());
        let alarm = alert.map(|alert| Alarm { alert, trips: VecDeque::new(), fired_ns: None });
        let growth = config.open_growth.map(|config| Growth {
            config,
            entropy,
            trips_in_a_row: 0,
            last_ms: 0,
        });
        let some = window.is_some() || growth.is_some() || alarm.is_some();
        some.then_some(Self { window, growth, alarm })
    }

    /// Returns whether the policy asks how long calls take.
    pub(super) fn measures(&self) -> bool {
        self.slow_ns().is_some()
    }

    /// Returns whether a call that ends now is slow.
    pub(super) fn is_slow(&self, ticket: Ticket, now_ns: u64) -> bool {
        let took_ns = now_ns.saturating_sub(ticket.started_ns);
        self.slow_ns().is_some_and(|slow_ns| took_ns > slow_ns)
    }

    /// Counts the end of a call and says why that opens the breaker, if it does.
    pub(super) fn count(&mut self, failed: bool, slow: bool, now_ns: u64) -> Option<Why> {
        self.window.as_mut()?.count(failed, slow, now_ns)
    }

    /// The calls in the window; `None` without one.
    pub(super) fn calls(&self) -> Option<Tally> {
        self.window.as_ref().map(Window::total)
    }

    /// The length of the next opening.
    pub(super) fn next_open_ms(
        &mut self,
        open_ms: u32,
        closed_since_ns: Option<u64>,
        now_ns: u64,
    ) -> u32 {
        match &mut self.growth {
            Some(growth) => growth.next_ms(open_ms, closed_since_ns, now_ns),
            None => open_ms,
        }
    }

    /// Notes a trip and returns the alert if it is one too many.
    pub(super) fn alert(&mut self, now_ns: u64) -> Option<AlertConfig> {
        let alarm = self.alarm.as_mut()?;
        alarm.trip(now_ns).then_some(alarm.alert)
    }

    /// A new generation begins: earlier calls say nothing about it.
    pub(super) fn forget_calls(&mut self) {
        if let Some(window) = &mut self.window {
            window.clear();
        }
    }

    /// Somebody has reset the breaker.
    pub(super) fn forget_trips(&mut self) {
        if let Some(growth) = &mut self.growth {
            growth.trips_in_a_row = 0;
        }
        if let Some(alarm) = &mut self.alarm {
            alarm.trips.clear();
            alarm.fired_ns = None;
        }
    }

    fn slow_ns(&self) -> Option<u64> {
        self.window.as_ref()?.slow_ns()
    }
}

/// The length of the next opening.
#[derive(Debug)]
struct Growth {
    config: OpenGrowth,
    entropy: Option<EntropyStream>,
    trips_in_a_row: u32,
    last_ms: u32,
}

impl Growth {
    fn next_ms(&mut self, open_ms: u32, closed_since_ns: Option<u64>, now_ns: u64) -> u32 {
        let last_ms = self.last_ms;
        let recovered = closed_since_ns.is_some_and(|since_ns| now_ns > later(since_ns, last_ms));
        let exponent = if recovered { 0 } else { self.trips_in_a_row };
        self.trips_in_a_row = exponent.saturating_add(1);
        let cap_ms = milliseconds(self.config.cap);
        let grown = self.config.factor.checked_pow(exponent);
        let grown = grown.and_then(|factor| open_ms.checked_mul(factor));
        self.last_ms = self.shorten(grown.unwrap_or(cap_ms).min(cap_ms));
        self.last_ms
    }

    /// Takes a random part away.
    fn shorten(&mut self, ms: u32) -> u32 {
        let percent = self.config.jitter_percent;
        match &mut self.entropy {
            Some(entropy) if percent > 0 => {
                let most = u64::from(ms) * u64::from(percent) / 100;
                let most = u32::try_from(most).unwrap_or(u32::MAX);
                ms.saturating_sub(entropy.random_range(0..=most))
            }
            Some(_) | None => ms,
        }
    }
}

/// Remembers when the breaker tripped.
#[derive(Debug)]
struct Alarm {
    alert: AlertConfig,
    /// The last trips, at most as many as make an alert.
    trips: VecDeque<u64>,
    fired_ns: Option<u64>,
}

impl Alarm {
    /// Notes a trip and returns whether it is one too many.
    fn trip(&mut self, now_ns: u64) -> bool {
        let window_ms = milliseconds(self.alert.window);
        let within = |at_ns: u64| now_ns < later(at_ns, window_ms);
        self.trips.push_back(now_ns);
        self.trips.retain(|&at_ns| within(at_ns));
        let trips = usize::try_from(self.alert.trips).unwrap_or(usize::MAX);
        while self.trips.len() > trips {
            self.trips.pop_front();
        }
        let fires = self.trips.len() >= trips && !self.fired_ns.is_some_and(within);
        if fires {
            self.fired_ns = Some(now_ns);
        }
        fires
    }
}
