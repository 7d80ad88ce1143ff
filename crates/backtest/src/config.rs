//! What a backtest is told at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use engine::{EngineError, RiskLimits};
use matching::{
    FeeRates, Funding, InstrumentConfig, Liquidity, QueueModel, Shortfall, Slippage,
    SyntheticConfig,
};
use model::{Asset, DecimalError, Instrument, Notional, Price, Quantity, Symbol};
use thiserror::Error;

use crate::latency::{Latency, LatencyConfig};
use crate::tiers::FeeTier;
use crate::worth::way;

/// The whole configuration of a backtest.
#[derive(Debug, Clone)]
pub struct BacktestConfig {
    /// Where is traded: one venue or more, at most [`VENUES_MAX`]. Together they have at most
    /// [`MARKETS_MAX`] instruments, whose symbols differ.
    pub venues: Vec<VenueConfig>,
    /// In what the portfolio is counted.
    pub currency: Asset,
    /// Assets that count as much as the currency. Whatever instruments are quoted in is the currency, one of these,
    /// or has a price in them through the markets of the run.
    pub at_par: Vec<Asset>,
    /// What the strategy may not exceed, in each market.
    pub risk: RiskLimits,
    /// Seed of drawn latencies.
    pub seed: u64,
    /// The way that the market takes within a bar.
    pub path: IntrabarPath,
    /// Time between two points of the equity curve, above zero: each interval that has a price gives one, at
    /// its last price. The last point shows what is owned at the end.
    pub equity_every: Duration,
    /// True to close at the end what was bought or sold and is still held, after everything that works was
    /// cancelled: at the open of a market's last bar, else at the market's last price. The executions are taken
    /// and pay like any other. It is decided when the tapes have ended, also where it is at an earlier open: of the
    /// equity curve the last point alone shows it.
    pub finalize: bool,
    /// True to end the run as soon as a point of the equity curve is at zero or below: everything is closed at
    /// the last prices, and the point, which is the last one, is zero, whatever is owed beyond that.
    pub stop_when_ruined: bool,
}

/// One venue: its instruments, and our account there.
#[derive(Debug, Clone)]
pub struct VenueConfig {
    /// Tells the venues apart in results.
    pub name: String,
    /// What is traded, and how each market is modelled. Bars need [`Liquidity::Prints`], depth
    /// [`Liquidity::Recorded`].
    pub instruments: Vec<InstrumentConfig>,
    /// What the account owns at the start.
    pub balances: BTreeMap<Asset, Notional>,
    /// What the account pays for executions. Where there are tiers, its fixed part alone counts: the rates are those
    /// of the tier that the account has reached, from the first event on.
    pub fees: FeeRates,
    /// Fees by what the account trades in 30 days, by rising volume from zero on; none where they stay. The markets
    /// of the venue are then quoted in the currency or at par with it.
    pub tiers: Vec<FeeTier>,
    /// What the account traded in the 30 days before the run, in the currency.
    pub volume: Notional,
    /// What the account may owe.
    pub funding: Funding,
    /// What happens to orders for which it has too little.
    pub shortfall: Shortfall,
    /// How long messages travel.
    pub latency: LatencyConfig,
}

/// Venues of one backtest.
pub const VENUES_MAX: usize = 8;

/// Instruments of one backtest, over all venues.
pub const MARKETS_MAX: usize = 64;

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
    /// One venue with one instrument, as [`VenueConfig::spot`] has it, counted in what the instrument is
    /// quoted in; limits that bind only at the ends of the number range; the equity is looked at every hour.
    ///
    /// Every field may be changed afterwards.
    pub fn spot(instrument: Instrument, balances: BTreeMap<Asset, Notional>) -> Self {
        let huge = Quantity::from_raw(i64::MAX / 4);
        Self {
            currency: instrument.quote.clone(),
            at_par: Vec::new(),
            venues: vec![VenueConfig::spot("venue", vec![instrument], balances)],
            risk: RiskLimits {
                order_quantity_max: huge,
                position_max: huge,
                working_orders_max: OPEN_ORDERS_MAX,
            },
            seed: 0,
            path: IntrabarPath::NearestFirst,
            equity_every: Duration::from_secs(3_600),
            finalize: false,
            stop_when_ruined: false,
        }
    }

    /// As [`BacktestConfig::spot`], of a market by its symbol, `BASE/QUOTE`: prices move by one unit of digit
    /// `price_decimals` after the point (`0..=9`), quantities and fees by `10^-8`, and nothing is too small.
    ///
    /// # Errors
    /// [`ConfigError::Symbol`], [`ConfigError::Balance`].
    pub fn of_pair(
        symbol: &str,
        price_decimals: u32,
        balances: &[(&str, &str)],
    ) -> Result<Self, ConfigError> {
        let pair = symbol.split_once('/').filter(|(base, quote)| {
            !base.is_empty() && !quote.is_empty() && price_decimals <= Price::DECIMALS
        });
        let (base, quote) =
            pair.ok_or_else(|| ConfigError::Symbol { symbol: Symbol::new(symbol) })?;
        let instrument = Instrument {
            symbol: Symbol::new(symbol),
            base: Asset::new(base),
            quote: Asset::new(quote),
            price_decimals,
            quantity_decimals: Quantity::DECIMALS,
            cost_decimals: 8,
            tick_size: Price::step(price_decimals),
            quantity_min: Quantity::step(Quantity::DECIMALS),
            cost_min: Notional::ZERO,
        };
        let amount = |(asset, amount): &(&str, &str)| {
            let wrong = |source| ConfigError::Balance { asset: Asset::new(asset), source };
            Ok((Asset::new(asset), Notional::parse(amount).map_err(wrong)?))
        };
        let balances = balances.iter().map(amount).collect::<Result<_, ConfigError>>()?;
        Ok(Self::spot(instrument, balances))
    }

    /// The instruments of all venues, in the order of their numbers: that of tapes, of marks, and of
    /// [`crate::FillRecord::market`].
    pub fn instruments(&self) -> impl Iterator<Item = &InstrumentConfig> {
        self.venues.iter().flat_map(|venue| &venue.instruments)
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.equity_every.is_zero() || i64::try_from(self.equity_every.as_nanos()).is_err() {
            return Err(ConfigError::EquityEvery);
        }
        if self.venues.is_empty() || self.venues.len() > VENUES_MAX {
            return Err(ConfigError::Venues { found: self.venues.len() });
        }
        let markets = self.instruments().count();
        if markets == 0 || markets > MARKETS_MAX {
            return Err(ConfigError::Markets { found: markets });
        }
        let mut symbols = BTreeSet::new();
        for config in self.instruments() {
            let symbol = &config.instrument.symbol;
            if !symbols.insert(symbol) {
                return Err(ConfigError::SameSymbol { symbol: symbol.clone() });
            }
        }
        let venues = self.venues.iter().enumerate();
        let listed = venues.flat_map(|(at, of)| of.instruments.iter().map(move |of| (at, of)));
        for (venue, config) in listed {
            let Instrument { symbol, quote, .. } = &config.instrument;
            if way(self, venue, quote).is_none() {
                let (symbol, quote) = (symbol.clone(), quote.clone());
                return Err(ConfigError::Quote { symbol, quote, currency: self.currency.clone() });
            }
        }
        self.venues.iter().try_for_each(|venue| self.validate_venue(venue))
    }

    fn validate_venue(&self, venue: &VenueConfig) -> Result<(), ConfigError> {
        let LatencyConfig { feed, entry, response } = &venue.latency;
        let latencies =
            [("latency.feed", feed), ("latency.entry", entry), ("latency.response", response)];
        for (field, latency) in latencies {
            let is_tape = matches!(latency, Latency::Tape { .. }) && field != "latency.feed";
            if !latency.is_sound() || is_tape {
                return Err(ConfigError::Latency { venue: venue.name.clone(), field });
            }
        }
        let rises = venue.tiers.is_sorted_by(|one, next| one.volume < next.volume);
        let begins = venue.tiers.first().is_none_or(|tier| tier.volume.is_zero());
        let mut quotes = venue.instruments.iter().map(|config| &config.instrument.quote);
        let counts = venue.tiers.is_empty() || quotes.all(|quote| self.is_money(quote));
        if !rises || !begins || !counts || venue.volume.is_negative() {
            return Err(ConfigError::Tiers { venue: venue.name.clone() });
        }
        match venue.balances.keys().find(|asset| way(self, 0, asset).is_none()) {
            Some(asset) => Err(ConfigError::NoPrice { asset: asset.clone() }),
            None => Ok(()),
        }
    }

    /// True for the currency and what counts as much.
    pub(crate) fn is_money(&self, asset: &Asset) -> bool {
        self.currency == *asset || self.at_par.contains(asset)
    }
}

impl VenueConfig {
    /// A spot account in synthetic books around recorded trades, without fees, latency and borrowing.
    pub fn spot(
        name: &str,
        instruments: Vec<Instrument>,
        balances: BTreeMap<Asset, Notional>,
    ) -> Self {
        let level_cost = Notional::from_quantity(Quantity::from_raw(20_000 * 100_000_000));
        let liquidity = Liquidity::Synthetic(SyntheticConfig { levels: 25, level_cost });
        let instruments = instruments.into_iter().map(|instrument| InstrumentConfig {
            instrument,
            liquidity,
            protection_ppm: 50_000,
            queue: QueueModel::RiskAverse,
            slippage: Slippage::NONE,
        });
        Self {
            name: name.to_owned(),
            instruments: instruments.collect(),
            balances,
            fees: FeeRates::of_ppm(0, 0),
            tiers: Vec::new(),
            volume: Notional::ZERO,
            funding: Funding::Spot,
            shortfall: Shortfall::Refuse,
            latency: LatencyConfig::ZERO,
        }
    }
}

/// Why a configuration makes no backtest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A latency is longer than an hour, its bounds are in the wrong order, or it is to be that of the tape on
    /// another way than that of market data.
    #[error(
        "`{field}` of `{venue}` is not a latency: expected up to 1h, `min` not above `max`, some if recorded, \
         and of market data alone if the tape tells it"
    )]
    Latency {
        /// The venue.
        venue: String,
        /// The field.
        field: &'static str,
    },
    /// Tiers of fees make no sense.
    #[error(
        "the tiers of fees of `{venue}`: expected rising volumes from 0 on, a volume of zero or more, and markets that \
         are quoted in the currency or at par with it"
    )]
    Tiers {
        /// The venue.
        venue: String,
    },
    /// The time between two points of the equity curve is no time.
    #[error("`equity_every` is not a time: expected above zero, at most 292 years")]
    EquityEvery,
    /// A text names no market.
    #[error("`{symbol}` with its digits is no market: expected BASE/QUOTE, and up to 9 digits")]
    Symbol {
        /// The text.
        symbol: Symbol,
    },
    /// A text is no amount.
    #[error("the balance of `{asset}` is no amount")]
    Balance {
        /// Of what.
        asset: Asset,
        /// Why.
        source: DecimalError,
    },
    /// No venue, or too many.
    #[error("{found} venues: expected 1 to {VENUES_MAX}")]
    Venues {
        /// How many there are.
        found: usize,
    },
    /// No instrument, or too many.
    #[error("{found} instruments: expected 1 to {MARKETS_MAX}")]
    Markets {
        /// How many there are.
        found: usize,
    },
    /// Two instruments have one symbol.
    #[error("two instruments are called `{symbol}`")]
    SameSymbol {
        /// The symbol.
        symbol: Symbol,
    },
    /// An instrument is quoted in something that has no price in what the portfolio is counted in.
    #[error(
        "`{symbol}` is quoted in `{quote}`: expected `{currency}`, an asset of `at_par`, or one that another market \
         of the run prices in these"
    )]
    Quote {
        /// The instrument.
        symbol: Symbol,
        /// What it is quoted in.
        quote: Asset,
        /// What the portfolio is counted in.
        currency: Asset,
    },
    /// Something is owned that nobody trades here, so that it has no price.
    #[error("`{asset}` is owned, but no instrument gives it a price")]
    NoPrice {
        /// The asset.
        asset: Asset,
    },
    /// The exchange cannot be built.
    #[error(transparent)]
    Exchange(#[from] matching::ConfigError),
    /// The engine cannot be built.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
