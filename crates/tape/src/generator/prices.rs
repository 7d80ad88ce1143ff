//! Where the price goes: returns with clustered variance (GARCH) and fat tails or normal ones, plus the
//! plan of the market and the crash.

use std::time::Duration;

use model::Price;
use rand::Rng;

use super::PRINTS_PER_EVENT_PERCENT;
use super::config::{
    CrashConfig, GeneratorConfig, MarketKind, REVERSION_HALF_LIFE, TREND_BPS_PER_HOUR, ZIGZAG_BPS,
    ZIGZAG_PERIOD,
};
use super::fixed::{chance, normal};
use super::nanos;

/// Weight of the last squared return in the next variance, percent.
const SHOCK_PERCENT: u128 = 8;
/// Weight of the last variance in the next one, percent. With the shock below 100: the variance
/// comes back to its mean.
const MEMORY_PERCENT: u128 = 90;
/// The variance never exceeds this multiple of its mean, so that no seed runs away.
const VARIANCE_TIMES_MAX: u128 = 64;
/// Every 32nd return is a jump...
const JUMP_CHANCE_Q16: u16 = 2_048;
/// ...four times as large.
const JUMP_TIMES: i128 = 4;
/// `1000 / sqrt(31/32 + 16/32)`: brings the variance of the mixture back to one.
const MIXTURE_PER_MILLE: i128 = 825;
/// In a crash, returns are this much larger.
const CRASH_TIMES: i128 = 2;
/// Largest return of one event, 1e-9: 2 %.
const RETURN_PPB_MAX: i128 = 20_000_000;
/// The price stays within this multiple of the first one, and its inverse.
const PRICE_TIMES_MAX: i64 = 1_000;

const PPB: i128 = 1_000_000_000;
const PPB_PER_BPS: u128 = 100_000;
const HOUR: Duration = Duration::from_hours(1);

/// State of the price process.
#[derive(Debug)]
pub(super) struct Prices {
    kind: MarketKind,
    start: Price,
    /// Time of the event before.
    last: Duration,
    mid: Price,
    low: Price,
    high: Price,
    /// Mean variance of one event's return, 1e-18.
    variance_mean: u128,
    variance: u128,
    crash: Option<CrashConfig>,
}

impl Prices {
    pub(super) fn new(config: &GeneratorConfig) -> Self {
        let minute = u128::from(config.volatility_bps) * PPB_PER_BPS;
        let prints = u128::from(config.trades_per_minute) * 100;
        let variance = minute * minute * u128::from(PRINTS_PER_EVENT_PERCENT) / prints;
        let start = config.start_price;
        let step = Price::step(config.price_decimals);
        Self {
            kind: config.kind,
            start,
            last: Duration::ZERO,
            mid: start,
            low: Price::from_raw(start.raw() / PRICE_TIMES_MAX).max(step),
            high: start.checked_mul(PRICE_TIMES_MAX).unwrap_or(Price::MAX),
            variance_mean: variance,
            variance,
            crash: config.crash.clone(),
        }
    }

    /// The price between bid and ask at the next event.
    pub(super) fn next(&mut self, now: Duration, rng: &mut impl Rng) -> Price {
        let shock = match self.kind {
            MarketKind::Agitated => self.clustered(rng),
            MarketKind::Walk | MarketKind::Trend | MarketKind::Reverting | MarketKind::Zigzag => {
                let deviation = i128::try_from(self.variance.isqrt()).unwrap_or(RETURN_PPB_MAX);
                i128::from(normal(rng)) * deviation / 65_536
            }
        };
        let crash = self.crash.as_ref().filter(|crash| crash.at <= now);
        let wild = crash.is_some_and(|crash| now < crash.window().1);
        let times = if wild { CRASH_TIMES } else { 1 };
        let change = (shock * times).clamp(-RETURN_PPB_MAX, RETURN_PPB_MAX);
        self.mid = moved(self.mid, change + self.drawn_back(now)).clamp(self.low, self.high);
        self.last = now;
        let displacement = crash.map_or(0, |crash| crash.displacement_ppb(now));
        let displacement = i128::from(displacement) + self.planned(now);
        moved(self.mid, displacement).clamp(self.low, self.high)
    }

    /// A return whose size depends on those before.
    fn clustered(&mut self, rng: &mut impl Rng) -> i128 {
        let deviation = i128::try_from(self.variance.isqrt()).unwrap_or(RETURN_PPB_MAX);
        let jump = if chance(rng, JUMP_CHANCE_Q16) { JUMP_TIMES } else { 1 };
        let shock =
            i128::from(normal(rng)) * deviation * jump * MIXTURE_PER_MILLE / (65_536 * 1_000);
        let squared = shock.unsigned_abs().pow(2);
        let memory = self.variance_mean * (100 - SHOCK_PERCENT - MEMORY_PERCENT)
            + squared * SHOCK_PERCENT
            + self.variance * MEMORY_PERCENT;
        self.variance = (memory / 100).min(self.variance_mean * VARIANCE_TIMES_MAX);
        shock
    }

    /// What brings the price back to the first one since the event before, 1e-9.
    fn drawn_back(&self, now: Duration) -> i128 {
        if self.kind != MarketKind::Reverting {
            return 0;
        }
        let (start, mid) = (i128::from(self.start.raw()), i128::from(self.mid.raw()));
        let distance = (start - mid) * PPB / mid.max(1);
        // ln 2 is 0.693; a gap longer than the half-life does not overshoot.
        let waited = nanos(now.saturating_sub(self.last)).min(nanos(REVERSION_HALF_LIFE));
        distance * waited * 693 / (nanos(REVERSION_HALF_LIFE) * 1_000)
    }

    /// How far the plan of the market has moved the price at a time, 1e-9 of itself.
    fn planned(&self, now: Duration) -> i128 {
        let bps = |bps: u32| i128::from(bps) * PPB / 10_000;
        match self.kind {
            MarketKind::Agitated | MarketKind::Walk | MarketKind::Reverting => 0,
            MarketKind::Trend => bps(TREND_BPS_PER_HOUR) * nanos(now) / nanos(HOUR),
            MarketKind::Zigzag => {
                let (period, half) = (nanos(ZIGZAG_PERIOD), nanos(ZIGZAG_PERIOD) / 2);
                let at = nanos(now) % period;
                let risen = if at < half { at } else { period - at };
                bps(ZIGZAG_BPS) * risen / half
            }
        }
    }
}

fn moved(price: Price, ppb: i128) -> Price {
    let raw = i128::from(price.raw());
    let raw = raw + raw * ppb / PPB;
    Price::from_raw(i64::try_from(raw).unwrap_or(i64::MAX))
}
