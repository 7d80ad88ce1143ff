//! What an exchange is told at its start.

use std::collections::BTreeMap;

use model::{Asset, Instrument, Notional, Quantity, Symbol};
use thiserror::Error;

/// The whole configuration of an [`Exchange`](crate::Exchange).
#[derive(Debug, Clone)]
pub struct ExchangeConfig {
    /// What is traded. Symbols are unique.
    pub instruments: Vec<InstrumentConfig>,
    /// Who trades. Names are unique; `market` and `fees` are taken.
    pub accounts: Vec<AccountConfig>,
    /// Open orders that one account may have in one instrument. Orders that cannot rest (market,
    /// immediate-or-cancel) are not limited.
    pub open_orders_max: usize,
    /// Closed orders that are remembered, over all accounts; the oldest are forgotten first.
    pub closed_orders_max: usize,
}

/// One instrument and how its market is modelled.
#[derive(Debug, Clone)]
pub struct InstrumentConfig {
    /// The instrument and its rules.
    pub instrument: Instrument,
    /// Where the liquidity of everybody else comes from.
    pub liquidity: Liquidity,
    /// How far from the best price a market order goes, parts per million; `0..=1_000_000`.
    pub protection_ppm: i64,
    /// How the queue before our orders shortens when a recorded level shrinks.
    pub queue: QueueModel,
    /// How much worse than the book our takers execute.
    pub slippage: Slippage,
}

/// How the queue before an order shortens when a recorded level shrinks without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueModel {
    /// Whoever leaves stood behind the order, as long as that is possible.
    RiskAverse,
    /// Whoever leaves stood behind the order with the probability `back^n / (back^n + front^n)`, where
    /// `front` is the quantity before the order and `back` the rest of the level.
    Probabilistic {
        /// The exponent `n`, `1..=3`.
        power: u32,
    },
}

/// How much worse than the book our takers execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slippage {
    /// Parts per million of the price, `0..=500_000`.
    pub ppm: i64,
    /// Which executions.
    pub on: SlippageOn,
}

impl Slippage {
    /// None.
    pub const NONE: Self = Self { ppm: 0, on: SlippageOn::Every };
}

/// Which executions of takers are worse than the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlippageOn {
    /// All of them.
    Every,
    /// The parts that open a position or make it larger.
    Opening,
}

/// Where the liquidity of everybody else comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liquidity {
    /// A plausible book around the last trade, for tapes that hold trades only.
    Synthetic(SyntheticConfig),
    /// The recorded levels, for tapes that hold depth.
    Recorded,
    /// No book: whatever trades or is a price of a bar can be had in any quantity.
    Prints(PrintRule),
}

/// At which price an order executes that meets a market without a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintRule {
    /// The last one before the order.
    Last,
    /// The first one after the order.
    Next,
    /// The last one before the order, but booked only when the next one comes, under the time of the last one;
    /// limit orders as under `Next`. backtesting.py's `trade_on_close`.
    Close,
}

/// Shape of a synthetic book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntheticConfig {
    /// Levels on each side, `1..=1000`; fewer bids only where prices would not be positive.
    pub levels: u32,
    /// Typical cost of the quantity at one level, quote units, above zero.
    pub level_cost: Notional,
}

/// One account.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// Unique name.
    pub name: String,
    /// What it owns at the start, not negative; assets that no instrument trades are kept as they are.
    pub balances: BTreeMap<Asset, Notional>,
    /// What it pays for executions.
    pub fees: FeeRates,
    /// What it may owe.
    pub funding: Funding,
    /// What happens to an order for which it has too little when the order executes.
    pub shortfall: Shortfall,
}

/// What an account may owe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funding {
    /// Nothing: it sells what it has and pays with what it has.
    Spot,
    /// Any asset, as long as its equity covers its positions. Orders reserve nothing and are looked at
    /// when they execute.
    Margin {
        /// Cost of the positions over the equity that covers them, `1..=1000`.
        leverage: u32,
    },
}

/// What happens to an order for which there is too little when it executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// It is refused, or cancelled when it was accepted before.
    Refuse,
    /// It is cut to whole lots that cost less than a share of what there is; the rest is cancelled.
    Cut {
        /// The share, parts per million, `1..=1_000_000`.
        share_ppm: i64,
    },
}

impl Shortfall {
    /// Cuts to everything that there is.
    pub const CUT: Self = Self::Cut { share_ppm: 1_000_000 };
}

/// Fees of an account: rates in parts per million of the cost, each in `-100_000..=100_000`, and a fixed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeRates {
    /// For orders that rested. Below zero it is a rebate.
    pub maker_ppm: i64,
    /// For orders that took liquidity.
    pub taker_ppm: i64,
    /// Paid once per order, with its first execution, quote units, zero or more; with [`Funding::Margin`] only,
    /// since nothing is reserved for it.
    pub fixed: Notional,
}

impl FeeRates {
    /// Rates without a fixed part.
    pub const fn of_ppm(maker_ppm: i64, taker_ppm: i64) -> Self {
        Self { maker_ppm, taker_ppm, fixed: Notional::ZERO }
    }

    /// The higher of the two, at least zero: what a hold must provide for.
    pub(crate) fn worst_ppm(self) -> i64 {
        self.maker_ppm.max(self.taker_ppm).max(0)
    }
}

/// Largest balance at the start; sums over all accounts then fit the integers behind them.
pub(crate) const BALANCE_MAX: i128 = 1_000_000_000_000_000 * 100_000_000_000_000_000;

/// Largest size of a fee rate: one tenth of the cost.
const FEE_PPM_MAX: u64 = 100_000;

/// Most levels of a synthetic side.
const LEVELS_MAX: u32 = 1000;

/// Why a configuration makes no exchange.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Two accounts have one name, or an account has a name of the exchange's own.
    #[error("the account name `{account}` is taken")]
    AccountName {
        /// The name.
        account: String,
    },
    /// Two instruments have one symbol.
    #[error("there are two instruments `{symbol}`")]
    DuplicateInstrument {
        /// The symbol.
        symbol: Symbol,
    },
    /// A balance is negative or too large.
    #[error("account `{account}` cannot start with {amount} {asset}")]
    StartBalance {
        /// The account.
        account: String,
        /// The asset.
        asset: Asset,
        /// The amount.
        amount: Notional,
    },
    /// A fee rate is out of range.
    #[error("account `{account}` has a fee of {ppm} ppm, outside -100000..=100000")]
    FeeRate {
        /// The account.
        account: String,
        /// The rate.
        ppm: i64,
    },
    /// A fixed fee is negative, or of an account that may owe nothing.
    #[error(
        "account `{account}` cannot pay a fixed fee of {fixed}: expected zero or more, and margin funding"
    )]
    FixedFee {
        /// The account.
        account: String,
        /// The fee.
        fixed: Notional,
    },
    /// A share of what there is is out of range.
    #[error("account `{account}` cuts orders to {ppm} ppm of what there is, outside 1..=1000000")]
    Share {
        /// The account.
        account: String,
        /// The share.
        ppm: i64,
    },
    /// A leverage is out of range.
    #[error("account `{account}` has a leverage of {leverage}, outside 1..=1000")]
    Leverage {
        /// The account.
        account: String,
        /// The leverage.
        leverage: u32,
    },
    /// An instrument's rules contradict each other.
    #[error("instrument `{symbol}` is not usable: {reason}")]
    Instrument {
        /// The symbol.
        symbol: Symbol,
        /// What is wrong.
        reason: &'static str,
    },
}

impl ExchangeConfig {
    /// Looks for contradictions.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        for (at, config) in self.instruments.iter().enumerate() {
            config.validate()?;
            let symbol = &config.instrument.symbol;
            let earlier = self.instruments.iter().take(at);
            if earlier.clone().any(|c| c.instrument.symbol == *symbol) {
                return Err(ConfigError::DuplicateInstrument { symbol: symbol.clone() });
            }
        }
        for (at, account) in self.accounts.iter().enumerate() {
            account.validate()?;
            let earlier = self.accounts.iter().take(at);
            if earlier.clone().any(|a| a.name == account.name) {
                return Err(ConfigError::AccountName { account: account.name.clone() });
            }
        }
        Ok(())
    }
}

impl InstrumentConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let reason = self.contradiction();
        reason.map_or(Ok(()), |reason| {
            Err(ConfigError::Instrument { symbol: self.instrument.symbol.clone(), reason })
        })
    }

    fn contradiction(&self) -> Option<&'static str> {
        let instrument = &self.instrument;
        if !instrument.tick_size.is_positive() {
            return Some("the tick size is not above zero");
        }
        if instrument.quantity_decimals > Quantity::DECIMALS {
            return Some("quantities have more than 8 digits");
        }
        if instrument.cost_decimals > Notional::DECIMALS {
            return Some("costs have more than 17 digits");
        }
        if instrument.base == instrument.quote {
            return Some("base and quote are the same asset");
        }
        if !(0..=1_000_000).contains(&self.protection_ppm) {
            return Some("the protection bound is outside 0..=1000000 ppm");
        }
        if !(0..=500_000).contains(&self.slippage.ppm) {
            return Some("the slippage is outside 0..=500000 ppm");
        }
        if let QueueModel::Probabilistic { power } = self.queue
            && !(1..=3).contains(&power)
        {
            return Some("the exponent of the queue model is outside 1..=3");
        }
        match self.liquidity {
            Liquidity::Recorded | Liquidity::Prints(_) => None,
            Liquidity::Synthetic(shape) if !(1..=LEVELS_MAX).contains(&shape.levels) => {
                Some("a synthetic book has 1 to 1000 levels")
            }
            Liquidity::Synthetic(shape) if shape.level_cost <= Notional::ZERO => {
                Some("the cost of a synthetic level is not above zero")
            }
            Liquidity::Synthetic(_) => None,
        }
    }
}

impl AccountConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        if [crate::ledger::MARKET_NAME, crate::ledger::FEES_NAME].contains(&self.name.as_str()) {
            return Err(ConfigError::AccountName { account: self.name.clone() });
        }
        for ppm in [self.fees.maker_ppm, self.fees.taker_ppm] {
            if ppm.unsigned_abs() > FEE_PPM_MAX {
                return Err(ConfigError::FeeRate { account: self.name.clone(), ppm });
            }
        }
        let fixed = self.fees.fixed;
        let may_owe = self.funding != Funding::Spot;
        if fixed < Notional::ZERO || fixed.raw() > BALANCE_MAX || !(may_owe || fixed.is_zero()) {
            return Err(ConfigError::FixedFee { account: self.name.clone(), fixed });
        }
        if let Shortfall::Cut { share_ppm: ppm } = self.shortfall
            && !(1..=1_000_000).contains(&ppm)
        {
            return Err(ConfigError::Share { account: self.name.clone(), ppm });
        }
        if let Funding::Margin { leverage } = self.funding
            && !(1..=1000).contains(&leverage)
        {
            return Err(ConfigError::Leverage { account: self.name.clone(), leverage });
        }
        for (asset, amount) in &self.balances {
            if !(0..=BALANCE_MAX).contains(&amount.raw()) {
                return Err(ConfigError::StartBalance {
                    account: self.name.clone(),
                    asset: asset.clone(),
                    amount: *amount,
                });
            }
        }
        Ok(())
    }
}
