//! What the public methods and channels tell of a market, in types that both protocols share.

use std::time::Duration;

use model::{Bar, Instrument, Level, Notional, Price, Symbol, UnixNanos};

/// Best prices, the last trade and the last 24 hours of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticker {
    /// Highest bid.
    pub bid: Level,
    /// Lowest ask.
    pub ask: Level,
    /// Price of the last trade.
    pub last: Price,
    /// Base units of the last 24 hours.
    pub volume: Notional,
    /// Average price of the last 24 hours, weighted by volume; it may be finer than a price.
    pub vwap: Notional,
    /// Lowest price of the last 24 hours.
    pub low: Price,
    /// Highest price of the last 24 hours.
    pub high: Price,
}

/// Open, high, low, close of an interval. The last one of an answer is not over yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// Begin of the interval.
    pub start: UnixNanos,
    /// Length of the interval.
    pub length: Duration,
    /// First price; that of the candle before, if nobody traded.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Average price, weighted by volume; zero if nobody traded.
    pub vwap: Notional,
    /// Base units.
    pub volume: Notional,
    /// Number of trades.
    pub trades: u64,
}

/// Length of a candle. Kraken offers no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CandleLength {
    /// 1 minute.
    Minute,
    /// 5 minutes.
    Minutes5,
    /// 15 minutes.
    Minutes15,
    /// 30 minutes.
    Minutes30,
    /// 1 hour.
    Hour,
    /// 4 hours.
    Hours4,
    /// 1 day.
    Day,
    /// 7 days.
    Week,
    /// 15 days.
    Days15,
}

impl CandleLength {
    /// In minutes, as Kraken counts it.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Minute => 1,
            Self::Minutes5 => 5,
            Self::Minutes15 => 15,
            Self::Minutes30 => 30,
            Self::Hour => 60,
            Self::Hours4 => 240,
            Self::Day => 1440,
            Self::Week => 10_080,
            Self::Days15 => 21_600,
        }
    }

    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(60 * self.minutes() as u64)
    }
}

impl Candle {
    /// As a bar; `None` when its volume is above what a quantity holds.
    pub fn bar(&self) -> Option<Bar> {
        let Self { start, length, open, high, low, close, .. } = *self;
        Some(Bar { start, length, open, high, low, close, volume: self.volume.to_quantity()? })
    }
}

/// What a pair is open for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairStatus {
    /// Everything.
    Online,
    /// Cancels.
    CancelOnly,
    /// Orders that rest, and cancels.
    PostOnly,
    /// Limit orders, and cancels.
    LimitOnly,
    /// Orders that reduce a position, and cancels.
    ReduceOnly,
    /// Nothing, or a word that we do not know.
    Other(String),
}

impl PairStatus {
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "online" => Self::Online,
            "cancel_only" => Self::CancelOnly,
            "post_only" => Self::PostOnly,
            "limit_only" => Self::LimitOnly,
            "reduce_only" => Self::ReduceOnly,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A pair of the instrument channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its rules.
    pub instrument: Instrument,
    /// What it is open for.
    pub status: PairStatus,
}

/// Symbols with what was told of each.
pub type BySymbol<T> = Vec<(Symbol, T)>;
