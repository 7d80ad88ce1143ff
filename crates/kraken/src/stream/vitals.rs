//! Signs of life, and what is awaited: the part that both streams share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Symbol;
use tokio::time::Instant;

use super::Action;
use crate::codec::rest::SystemStatus;
use crate::codec::ws::{Ack, request};
use crate::config::KrakenConfig;

/// Bounds of a stream's waits; see [`KrakenConfig`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timings {
    pub(crate) subscribe_timeout: Duration,
    pub(crate) silence_max: Duration,
    pub(crate) quiet_max: Duration,
    pub(crate) pong_timeout: Duration,
    pub(crate) ping_interval: Duration,
}

impl From<&KrakenConfig> for Timings {
    fn from(config: &KrakenConfig) -> Self {
        Self {
            subscribe_timeout: config.subscribe_timeout,
            silence_max: config.silence_max,
            quiet_max: config.quiet_max,
            pong_timeout: config.pong_timeout,
            ping_interval: config.ping_interval,
        }
    }
}

/// Kraken asks not to come back faster than this after a maintenance.
const MAINTENANCE_RETRY_FLOOR: Duration = Duration::from_secs(5);

/// Something that a subscription owes us. Without a symbol for streams that have none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Awaited {
    /// The answer to the request.
    Ack(Option<Symbol>),
    /// The first state.
    Snapshot(Option<Symbol>),
}

#[derive(Debug)]
struct Wait {
    missing: BTreeSet<Awaited>,
    deadline: Instant,
}

#[derive(Debug)]
pub(crate) struct Vitals {
    timings: Timings,
    last_heard: Instant,
    last_ping: Instant,
    /// Silence made us ask for a sign of life at this time.
    asked: Option<Instant>,
    /// Numbers of requests rise over the life of the stream, so that a late answer matches nothing.
    next_request: u64,
    waits: BTreeMap<u64, Wait>,
    live: bool,
    maintenance: bool,
}

impl Vitals {
    pub(super) fn new(timings: Timings) -> Self {
        let now = Instant::now();
        Self {
            timings,
            last_heard: now,
            last_ping: now,
            asked: None,
            next_request: 1,
            waits: BTreeMap::new(),
            live: false,
            maintenance: false,
        }
    }

    /// A new connection stands.
    pub(super) fn opened(&mut self, now: Instant) {
        self.last_heard = now;
        self.last_ping = now;
        self.asked = None;
        self.waits.clear();
        self.live = false;
        self.maintenance = false;
    }

    /// Anything came in.
    pub(super) fn heard(&mut self, now: Instant) {
        self.last_heard = now;
        self.asked = None;
    }

    pub(super) fn forgive(&mut self, stalled: Duration) {
        self.last_heard += stalled;
        self.last_ping += stalled;
        self.asked = self.asked.map(|asked| asked + stalled);
        for wait in self.waits.values_mut() {
            wait.deadline += stalled;
        }
    }

    pub(super) fn status(&mut self, status: &SystemStatus) {
        tracing::info!(venue = "kraken", ?status, "venue status");
        self.maintenance = *status == SystemStatus::Maintenance;
    }

    pub(super) fn retry_floor(&self) -> Duration {
        if self.maintenance { MAINTENANCE_RETRY_FLOOR } else { Duration::ZERO }
    }

    /// The number of the next request.
    pub(super) fn request(&mut self) -> u64 {
        let request = self.next_request;
        self.next_request += 1;
        request
    }

    /// Waits for what a subscription owes; the request has the number returned.
    pub(super) fn wait_for(
        &mut self,
        missing: impl IntoIterator<Item = Awaited>,
        now: Instant,
        out: &mut Vec<Action>,
    ) -> u64 {
        let request = self.request();
        let wait = Wait {
            missing: missing.into_iter().collect(),
            deadline: now + self.timings.subscribe_timeout,
        };
        self.waits.insert(request, wait);
        out.push(Action::WaitStarted(request));
        request
    }

    /// An answer to a request. A refusal of something that we wait for ends the connection.
    pub(super) fn ack(&mut self, ack: Ack, out: &mut Vec<Action>) {
        let request = ack.request.filter(|request| self.waits.contains_key(request));
        match (request, ack.error) {
            (Some(request), None) => {
                self.settle(request, &Awaited::Ack(ack.symbol), out);
                self.settle(request, &Awaited::Ack(None), out);
            }
            (Some(request), Some(error)) => {
                self.waits.remove(&request);
                out.push(Action::WaitEnded(request, Err(error.clone())));
                out.push(Action::Disconnect(format!("subscription refused: {error}")));
            }
            (None, Some(error)) => {
                tracing::warn!(venue = "kraken", error, "request refused");
            }
            (None, None) => {}
        }
    }

    /// A first state came in.
    pub(super) fn snapshot(&mut self, symbol: Option<&Symbol>, out: &mut Vec<Action>) {
        let arrived = Awaited::Snapshot(symbol.cloned());
        let owing =
            |(request, wait): (&u64, &Wait)| wait.missing.contains(&arrived).then_some(*request);
        let requests: Vec<u64> = self.waits.iter().filter_map(owing).collect();
        for request in requests {
            self.settle(request, &arrived, out);
        }
    }

    fn settle(&mut self, request: u64, arrived: &Awaited, out: &mut Vec<Action>) {
        let Some(wait) = self.waits.get_mut(&request) else {
            return;
        };
        wait.missing.remove(arrived);
        if !wait.missing.is_empty() {
            return;
        }
        self.waits.remove(&request);
        out.push(Action::WaitEnded(request, Ok(())));
        if self.waits.is_empty() && !self.live {
            self.live = true;
            out.push(Action::Live);
        }
    }

    /// The next time at which [`Vitals::tick`] has something to do.
    pub(super) fn deadline(&self) -> Instant {
        let quiet = match self.asked {
            Some(asked) => asked + self.timings.pong_timeout,
            None => self.last_heard + self.timings.silence_max,
        };
        let ping = self.last_ping + self.timings.ping_interval;
        let waits = self.waits.values().map(|wait| wait.deadline);
        waits.fold(quiet.min(ping), Instant::min)
    }

    pub(super) fn tick(&mut self, now: Instant, out: &mut Vec<Action>) {
        let overdue = self.waits.iter().find(|(_, wait)| wait.deadline <= now);
        if let Some((&request, wait)) = overdue {
            let reason = format!(
                "subscription not complete within {:?}, first missing {:?}",
                self.timings.subscribe_timeout,
                wait.missing.first()
            );
            self.waits.remove(&request);
            out.push(Action::WaitEnded(request, Err(reason.clone())));
            out.push(Action::Disconnect(reason));
            return;
        }
        match self.asked {
            Some(asked) if now >= asked + self.timings.pong_timeout => {
                let silence = now.saturating_duration_since(self.last_heard);
                out.push(Action::Disconnect(format!("silent for {silence:?}")));
            }
            None if now >= self.last_heard + self.timings.silence_max => {
                self.asked = Some(now);
                self.ping(now, out);
            }
            Some(_) | None if now >= self.last_ping + self.timings.ping_interval => {
                self.ping(now, out);
            }
            Some(_) | None => {}
        }
    }

    fn ping(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.last_ping = now;
        let request = self.request();
        out.push(Action::Send(request::ping(request)));
    }
}

#[cfg(test)]
mod tests;
