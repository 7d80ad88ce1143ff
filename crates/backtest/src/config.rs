//! What a backtest is told at its start.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{EngineError, RiskLimits};
use matching::{
    FeeRates, Funding, InstrumentConfig, Liquidity, QueueModel, Shortfall, Slippage,
    SyntheticConfig,
};
use model::{Asset, Instrument, Notional, Quantity};
use thiserror::Error;

use crate::latency::LatencyConfig;

/// The whole configuration of a backtest of one instrument and one account.
#[derive(Debug, Clone)]
pub struct BacktestConfig {
    /// What is traded, and how its market is modelled. Bars need [`Liquidity::Prints`], depth
    /// [`Liquidity::Recorded`].
    pub instrument: InstrumentConfig,
    /// What the account owns at the start.
    pub balances: BTreeMap<Asset, Notional>,
    /// What the account pays for executions.
    pub fees: FeeRates,
    /// What the account may owe.
    pub funding: Funding,
    /// What happens to orders for which it has too little.
    pub shortfall: Shortfall,
    /// What the strategy may not exceed.
    pub risk: RiskLimits,
    /// How long messages travel.
    pub latency: LatencyConfig,
    /// Seed of drawn latencies.
    pub seed: u64,
    /// The way that the market takes within a bar.
    pub path: IntrabarPath,
    /// Time between two points of the equity curve, above zero: each interval that has data gives one, at
    /// its last event.
    pub equity_every: Duration,
}

/// In which order a bar visits its extremes, between its open and its close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntrabarPath {
    /// The extreme nearer to the open first; the low where they are as near.
    NearestFirst,
    /// The high first.
    HighFirst,
    /// The low first.
    LowFirst,
    /// The extreme first that is worse for the position held then: stops before targets. Nearest
    /// first without a position.
    WorstFirst,
}

/// Orders that may rest at once.
pub(crate) const OPEN_ORDERS_MAX: usize = 10_000;

impl BacktestConfig {
    /// A spot account in a synthetic book around recorded trades, without fees, latency and borrowing;
    /// limits that bind only at the ends of the number range; the equity is looked at every hour.
    ///
    /// Every field may be changed afterwards.
    pub fn spot(instrument: Instrument, balances: BTreeMap<Asset, Notional>) -> Self {
        let level_cost = Notional::from_quantity(Quantity::from_raw(20_000 * 100_000_000));
        let liquidity = Liquidity::Synthetic(SyntheticConfig { levels: 25, level_cost });
        let huge = Quantity::from_raw(i64::MAX / 4);
        Self {
            instrument: InstrumentConfig {
                instrument,
                liquidity,
                protection_ppm: 50_000,
                queue: QueueModel::RiskAverse,
                slippage: Slippage::NONE,
            },
            balances,
            fees: FeeRates { maker_ppm: 0, taker_ppm: 0 },
            funding: Funding::Spot,
            shortfall: Shortfall::Refuse,
            risk: RiskLimits {
                order_quantity_max: huge,
                position_max: huge,
                working_orders_max: OPEN_ORDERS_MAX,
            },
            latency: LatencyConfig::ZERO,
            seed: 0,
            path: IntrabarPath::NearestFirst,
            equity_every: Duration::from_secs(3_600),
        }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        for (field, latency) in [
            ("latency.feed", self.latency.feed),
            ("latency.entry", self.latency.entry),
            ("latency.response", self.latency.response),
        ] {
            if !latency.is_sound() {
                return Err(ConfigError::Latency { field });
            }
        }
        if self.equity_every.is_zero() || i64::try_from(self.equity_every.as_nanos()).is_err() {
            return Err(ConfigError::EquityEvery);
        }
        Ok(())
    }
}

/// Why a configuration makes no backtest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A latency is longer than an hour, or its bounds are in the wrong order.
    #[error("`{field}` is not a latency: expected up to 1h, `min` not above `max`")]
    Latency {
        /// The field.
        field: &'static str,
    },
    /// The time between two points of the equity curve is no time.
    #[error("`equity_every` is not a time: expected above zero, at most 292 years")]
    EquityEvery,
    /// The exchange cannot be built.
    #[error(transparent)]
    Exchange(#[from] matching::ConfigError),
    /// The engine cannot be built.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
