//! What a generated market looks like.

use std::time::Duration;

use model::{Price, Quantity, UnixNanos};
use thiserror::Error;

/// Seed of the tape in `data/tapes` that [`GeneratorConfig::sample`] describes.
pub const SAMPLE_SEED: u64 = 7;

/// How the price of a generated market moves. All but the first are textbook markets: trades come at
/// random (Poisson), every return has the same normal distribution, and what is added to that is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MarketKind {
    /// As real ones: clustered volatility (GARCH), fat tails, jumps, trades that set off trades
    /// (Hawkes).
    #[default]
    Agitated,
    /// A random walk: nothing can be won in it.
    Walk,
    /// A random walk that rises by [`TREND_BPS_PER_HOUR`]: buying and holding wins.
    Trend,
    /// A random walk that is drawn back to the first price, by half in [`REVERSION_HALF_LIFE`]: buying
    /// low and selling high wins.
    Reverting,
    /// A random walk around a line that rises and falls by [`ZIGZAG_BPS`] in [`ZIGZAG_PERIOD`]: following
    /// the trend wins.
    Zigzag,
}

/// Rise of [`MarketKind::Trend`], basis points of the first price per hour.
pub const TREND_BPS_PER_HOUR: u32 = 100;
/// Time after which half of a distance is left in [`MarketKind::Reverting`].
pub const REVERSION_HALF_LIFE: Duration = Duration::from_mins(10);
/// Height of a rise of [`MarketKind::Zigzag`], basis points of the first price.
pub const ZIGZAG_BPS: u32 = 200;
/// Length of a rise and a fall of [`MarketKind::Zigzag`].
pub const ZIGZAG_PERIOD: Duration = Duration::from_mins(40);

/// Parameters of a generated market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratorConfig {
    /// How the price moves.
    pub kind: MarketKind,
    /// Time of the beginning; the first trade comes after it.
    pub start: UnixNanos,
    /// Length of the tape, `1s..=31d`.
    pub length: Duration,
    /// Price at the beginning: at least 100 steps of `price_decimals`, at most 1,000,000.
    pub start_price: Price,
    /// Digits after the point of a price, `0..=9`.
    pub price_decimals: u32,
    /// Trades per minute in the long run, outside a crash, `1..=60_000`.
    pub trades_per_minute: u32,
    /// Standard deviation of the return of one minute, basis points, `1..=200`.
    pub volatility_bps: u32,
    /// Smallest volume, base units, `0.00000001..=1000000`; the median is about half as much again.
    pub quantity_min: Quantity,
    /// A crash, if there is to be one.
    pub crash: Option<CrashConfig>,
}

/// A fall beyond what the volatility explains, and what comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrashConfig {
    /// Time from the beginning of the tape to the beginning of the fall; within the tape.
    pub at: Duration,
    /// Size of the fall, basis points of the price, `1..=5_000`.
    pub depth_bps: u32,
    /// How long the price falls, faster and faster, `1s..=1d`.
    pub fall: Duration,
    /// How long it recovers, slower and slower, `1s..=1d`.
    pub recovery: Duration,
    /// Part of the fall that comes back, percent, `0..=100`.
    pub recovered_percent: u32,
}

/// A parameter out of its range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{parameter}: expected {expected}")]
pub struct GeneratorConfigError {
    /// Name of the field: `crash.at`.
    pub parameter: &'static str,
    /// The range.
    pub expected: &'static str,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
const LENGTH_MAX: Duration = Duration::from_hours(31 * 24);
const START_PRICE_MAX: Price = Price::from_raw(1_000_000_000_000_000);
const START_PRICE_STEPS_MIN: i64 = 100;
const QUANTITY_MIN_MAX: Quantity = Quantity::from_raw(100_000_000_000_000);

impl GeneratorConfig {
    /// The half hour of `data/tapes/BTCUSD_sample_30m.csv`: bitcoin on an agitated morning, with a
    /// crash of 6 % in minute 18, half of which comes back.
    pub const fn sample() -> Self {
        Self {
            kind: MarketKind::Agitated,
            // 2025-03-03T09:00:00Z.
            start: UnixNanos::from_secs(1_740_992_400),
            length: Duration::from_mins(31),
            start_price: Price::from_raw(84_250_000_000_000),
            price_decimals: 1,
            trades_per_minute: 60,
            volatility_bps: 8,
            quantity_min: Quantity::from_raw(10_000),
            crash: Some(CrashConfig {
                at: Duration::from_mins(18),
                depth_bps: 600,
                fall: Duration::from_secs(75),
                recovery: Duration::from_mins(5),
                recovered_percent: 50,
            }),
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`GeneratorConfigError`] for the first parameter out of range.
    pub fn validate(&self) -> Result<(), GeneratorConfigError> {
        let step = Price::step(self.price_decimals);
        let price_min = step.checked_mul(START_PRICE_STEPS_MIN).unwrap_or(Price::MAX);
        let checks = [
            (self.start >= UnixNanos::ZERO, "start", "a time from 1970 on"),
            ((SECOND..=LENGTH_MAX).contains(&self.length), "length", "a duration from 1s to 31d"),
            (self.price_decimals <= Price::DECIMALS, "price_decimals", "0 to 9 digits"),
            (
                (price_min..=START_PRICE_MAX).contains(&self.start_price)
                    && self.start_price.is_multiple_of(step),
                "start_price",
                "100 price steps to 1000000, in whole steps",
            ),
            ((1..=60_000).contains(&self.trades_per_minute), "trades_per_minute", "1 to 60000"),
            (
                (1..=200).contains(&self.volatility_bps),
                "volatility_bps",
                "1 to 200 basis points per minute",
            ),
            (
                self.quantity_min.is_positive() && self.quantity_min <= QUANTITY_MIN_MAX,
                "quantity_min",
                "0.00000001 to 1000000",
            ),
        ];
        first_failure(&checks)?;
        self.crash.as_ref().map_or(Ok(()), |crash| crash.validate(self.length))
    }
}

impl CrashConfig {
    fn validate(&self, length: Duration) -> Result<(), GeneratorConfigError> {
        first_failure(&[
            (self.at < length, "crash.at", "a time before the end of the tape"),
            ((1..=5_000).contains(&self.depth_bps), "crash.depth_bps", "1 to 5000 basis points"),
            ((SECOND..=DAY).contains(&self.fall), "crash.fall", "a duration from 1s to 1d"),
            ((SECOND..=DAY).contains(&self.recovery), "crash.recovery", "a duration from 1s to 1d"),
            (self.recovered_percent <= 100, "crash.recovered_percent", "0 to 100"),
        ])
    }
}

fn first_failure(
    checks: &[(bool, &'static str, &'static str)],
) -> Result<(), GeneratorConfigError> {
    match checks.iter().find(|(holds, ..)| !holds) {
        None => Ok(()),
        Some((_, parameter, expected)) => Err(GeneratorConfigError { parameter, expected }),
    }
}
