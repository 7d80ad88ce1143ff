//! Markets that never were: trades from a seed, in integer arithmetic.
//!
//! Not a random walk. Events excite further events, so that trading comes in bursts; variance
//! remembers, so that calm and storm alternate; returns have fat tails; orders sweep several levels
//! in one instant; volumes follow a power law with round lots in between; and once, if wanted, the
//! price crashes and half recovers.

mod arrivals;
mod config;
mod fixed;
mod prices;

use std::time::Duration;

use model::{Price, Quantity, Side};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::arrivals::Arrivals;
pub use self::config::{
    CrashConfig, GeneratorConfig, GeneratorConfigError, MarketKind, REVERSION_HALF_LIFE,
    SAMPLE_SEED, TREND_BPS_PER_HOUR, ZIGZAG_BPS, ZIGZAG_PERIOD,
};
use self::fixed::{below, chance};
use self::prices::Prices;
use crate::trade::TapeTrade;

/// Separates this use of a seed from every other; another text gives other tapes.
const DOMAIN: [u8; 24] = *b"wavetank/tape/generate/1";
/// Stamps are whole multiples of this: up to four digits after the second.
const TS_STEP: Duration = Duration::from_micros(100);
/// Chance that an order which has traded trades once more in the same instant, 1/65536.
const SWEEP_CHANCE_Q16: u16 = 16_384;
/// Trades of one event on average, percent: `1 / (1 - sweep chance)`.
const PRINTS_PER_EVENT_PERCENT: u64 = 133;
/// Trades of one instant, at most.
const SWEEP_PRINTS_MAX: u32 = 16;
/// Chance that a sweep meets a second order of equal size, 1/65536.
const SAME_SIZE_CHANCE_Q16: u16 = 8_192;
/// Price steps that a sweep may advance between two trades: 0, 1 or 2.
const SWEEP_STEPS: u64 = 3;
/// Chance that the aggressor changes sides, 1/65536.
const FLIP_CHANCE_Q16: u16 = 22_938;
/// Chance of a round volume, 1/65536.
const ROUND_CHANCE_Q16: u16 = 8_192;
/// Round volumes, in smallest volumes.
const ROUND_LOTS: [i64; 5] = [10, 50, 100, 500, 1_000];
/// Chance that a volume doubles, again and again, 1/65536: a power law of exponent 1.5.
const DOUBLE_CHANCE_Q16: u16 = 23_000;
/// Doublings at most.
const DOUBLINGS_MAX: u32 = 16;

/// The trades of a generated market, in order of time.
///
/// # Determinism
/// A function of configuration and seed: the same trades on every machine and in every build.
#[derive(Debug)]
pub struct TradeGenerator {
    config: GeneratorConfig,
    rng: ChaCha8Rng,
    arrivals: Arrivals,
    prices: Prices,
    taker: Side,
    /// The trade before, and how many more its instant may have.
    last: Option<TapeTrade>,
    sweep_left: u32,
}

impl TradeGenerator {
    /// A market with these parameters.
    ///
    /// # Errors
    /// [`GeneratorConfigError`]: a parameter is out of its range.
    pub fn new(config: GeneratorConfig, seed: u64) -> Result<Self, GeneratorConfigError> {
        config.validate()?;
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(&DOMAIN);
        Ok(Self {
            rng: ChaCha8Rng::from_seed(key),
            arrivals: Arrivals::new(&config),
            prices: Prices::new(&config),
            taker: Side::Buy,
            last: None,
            sweep_left: 0,
            config,
        })
    }

    /// One more trade of the same order, if it has not had enough.
    fn swept(&mut self) -> Option<TapeTrade> {
        let last = self.last?;
        if self.sweep_left == 0 || !chance(&mut self.rng, SWEEP_CHANCE_Q16) {
            return None;
        }
        self.sweep_left -= 1;
        let steps = i64::try_from(below(&mut self.rng, SWEEP_STEPS)).unwrap_or(0);
        let distance = self.step().checked_mul(steps).unwrap_or(Price::ZERO);
        let price = match self.taker {
            Side::Buy => last.price.checked_add(distance).unwrap_or(last.price),
            Side::Sell => last.price.saturating_sub(distance).max(self.step()),
        };
        let quantity =
            if chance(&mut self.rng, SAME_SIZE_CHANCE_Q16) { last.quantity } else { self.volume() };
        Some(TapeTrade { ts: last.ts, price, quantity })
    }

    /// The first trade of the next order; `None` at the end of the tape.
    fn arrived(&mut self) -> Option<TapeTrade> {
        let now = self.arrivals.next(&mut self.rng);
        if now >= self.config.length {
            return None;
        }
        let mid = self.prices.next(now, &mut self.rng);
        if chance(&mut self.rng, FLIP_CHANCE_Q16) {
            self.taker = self.taker.opposite();
        }
        let bid = mid.floor_to(self.step()).max(self.step());
        let price = match self.taker {
            Side::Buy => bid.checked_add(self.step()).unwrap_or(bid),
            Side::Sell => bid,
        };
        self.sweep_left = SWEEP_PRINTS_MAX - 1;
        Some(TapeTrade {
            ts: self.config.start.plus(whole_steps(now)),
            price,
            quantity: self.volume(),
        })
    }

    fn volume(&mut self) -> Quantity {
        let min = self.config.quantity_min;
        if chance(&mut self.rng, ROUND_CHANCE_Q16) {
            let count = u64::try_from(ROUND_LOTS.len()).unwrap_or(1);
            let index = usize::try_from(below(&mut self.rng, count)).unwrap_or(0);
            let lots = ROUND_LOTS.get(index).copied().unwrap_or(1);
            return min.checked_mul(lots).unwrap_or(min);
        }
        let mut quantity = min;
        for _ in 0..DOUBLINGS_MAX {
            if !chance(&mut self.rng, DOUBLE_CHANCE_Q16) {
                break;
            }
            quantity = quantity.checked_add(quantity).unwrap_or(quantity);
        }
        let more = below(&mut self.rng, quantity.raw().unsigned_abs());
        let more = Quantity::from_raw(i64::try_from(more).unwrap_or(0));
        quantity.checked_add(more).unwrap_or(quantity)
    }

    fn step(&self) -> Price {
        Price::step(self.config.price_decimals)
    }
}

impl Iterator for TradeGenerator {
    type Item = TapeTrade;

    fn next(&mut self) -> Option<TapeTrade> {
        self.last = self.swept().or_else(|| self.arrived());
        self.last
    }
}

fn whole_steps(duration: Duration) -> Duration {
    let rest = nanos(duration) % nanos(TS_STEP);
    duration.saturating_sub(Duration::from_nanos(u64::try_from(rest).unwrap_or(0)))
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests;
