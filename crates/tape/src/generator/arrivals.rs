//! When somebody trades: a self-exciting (Hawkes) process, drawn by thinning.

use std::time::Duration;

use rand::Rng;

use super::config::{CrashConfig, GeneratorConfig, MarketKind};
use super::fixed::{ONE_Q32, below, exp_neg, exponential};
use super::{PRINTS_PER_EVENT_PERCENT, nanos};

/// Events that one event sets off, at once or later, percent. Below 100, or bursts never end.
const OFFSPRING_PERCENT: u64 = 60;
/// How fast the excitement fades, per second: offspring comes within a few seconds.
const DECAY_PER_SECOND: u64 = 1;
/// In a crash, events that nobody set off are this much more frequent.
const CRASH_ACTIVITY: u64 = 4;

/// State of the arrival process. Rates are q32, events per second.
#[derive(Debug)]
pub(super) struct Arrivals {
    base_q32: u64,
    excitement_q32: u64,
    offspring_percent: u64,
    now: Duration,
    /// When trading is busier than usual.
    busy: Option<(Duration, Duration)>,
}

impl Arrivals {
    pub(super) fn new(config: &GeneratorConfig) -> Self {
        let per_minute = u64::from(config.trades_per_minute) << 32;
        let offspring_percent = match config.kind {
            MarketKind::Agitated => OFFSPRING_PERCENT,
            MarketKind::Walk | MarketKind::Trend | MarketKind::Reverting | MarketKind::Zigzag => 0,
        };
        let own = per_minute / 60 * (100 - offspring_percent) / PRINTS_PER_EVENT_PERCENT;
        Self {
            base_q32: own.max(1),
            excitement_q32: 0,
            offspring_percent,
            now: Duration::ZERO,
            busy: config.crash.as_ref().map(CrashConfig::window),
        }
    }

    /// Time of the next event since the beginning of the tape.
    pub(super) fn next(&mut self, rng: &mut impl Rng) -> Duration {
        loop {
            // The rate only falls until the next event, save for a crash: this bounds it.
            let crash_ahead = self.busy.is_some_and(|(_, end)| self.now < end);
            let bound = self.rate(crash_ahead);
            let wait = (u128::from(exponential(rng)) * 1_000_000_000) / u128::from(bound);
            let wait = u64::try_from(wait).unwrap_or(u64::MAX);
            self.now = self.now.saturating_add(Duration::from_nanos(wait));
            let faded = exp_neg(q32_seconds(wait).saturating_mul(DECAY_PER_SECOND));
            self.excitement_q32 = scale(self.excitement_q32, faded);
            let crash = self.busy.is_some_and(|(start, end)| start <= self.now && self.now < end);
            if below(rng, bound) < self.rate(crash) {
                let jump = ONE_Q32 * DECAY_PER_SECOND * self.offspring_percent / 100;
                self.excitement_q32 = self.excitement_q32.saturating_add(jump);
                return self.now;
            }
        }
    }

    fn rate(&self, crash: bool) -> u64 {
        let activity = if crash { CRASH_ACTIVITY } else { 1 };
        self.base_q32.saturating_mul(activity).saturating_add(self.excitement_q32)
    }
}

impl CrashConfig {
    /// Beginning of the fall and end of the recovery.
    pub(super) fn window(&self) -> (Duration, Duration) {
        (self.at, self.at.saturating_add(self.fall).saturating_add(self.recovery))
    }

    /// How far the price is displaced at a time, in 1e-9 of itself.
    pub(super) fn displacement_ppb(&self, now: Duration) -> i64 {
        const PPB_PER_BPS: i64 = 100_000;
        const PPM: i64 = 1_000_000;
        let part_ppm = |elapsed: Duration, of: Duration| {
            let part = nanos(elapsed) * i128::from(PPM) / nanos(of).max(1);
            i64::try_from(part).unwrap_or(PPM).min(PPM)
        };
        let depth = i64::from(self.depth_bps) * PPB_PER_BPS;
        let since = now.saturating_sub(self.at);
        let fallen = part_ppm(since, self.fall);
        let left = PPM - part_ppm(since.saturating_sub(self.fall), self.recovery);
        let lost = depth * fallen / PPM * fallen / PPM;
        let recoverable = depth * i64::from(self.recovered_percent) / 100;
        let recovered = recoverable - recoverable * left / PPM * left / PPM;
        recovered - lost
    }
}

fn q32_seconds(nanos: u64) -> u64 {
    u64::try_from((u128::from(nanos) << 32) / 1_000_000_000).unwrap_or(u64::MAX)
}

fn scale(value: u64, factor_q32: u64) -> u64 {
    u64::try_from((u128::from(value) * u128::from(factor_q32)) >> 32).unwrap_or(u64::MAX)
}
