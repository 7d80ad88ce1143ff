//! The tables of a scenario file. Names of fields are names of keys.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use model::{Asset, Notional, Symbol};
use schemars::JsonSchema;
use serde::de::{self, IgnoredAny};
use serde::{Deserialize, Deserializer};

use crate::lane::{Lane, LaneName};
use crate::schema::{AmountText, DurationText, SchemaNumber, SeedText, SymbolText};

/// The whole file, faults aside: their positions need a pass of their own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Read beforehand.
    #[serde(rename = "schema")]
    #[schemars(with = "SchemaNumber")]
    _schema: IgnoredAny,
    pub(crate) purpose: String,
    pub(crate) run: Run,
    pub(crate) market: Market,
    #[serde(default)]
    pub(crate) network: Network,
    #[serde(default)]
    pub(crate) account: Account,
    pub(crate) trader: Trader,
    pub(crate) sink: Option<Sink>,
    #[serde(default, rename = "fault")]
    #[schemars(skip)]
    _fault: IgnoredAny,
    #[serde(default, rename = "storm")]
    #[schemars(skip)]
    _storm: IgnoredAny,
    #[serde(default)]
    pub(crate) expect: Expect,
}

/// Table `[run]`: how long and how finely time passes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Virtual length of the run, `1s..=7d`.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub length: Duration,
    /// Step of virtual time, whole milliseconds, `1ms` up to the smallest latency. Default `10ms`.
    #[serde(default = "default_tick", with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub tick: Duration,
    /// Seed where the command line gives none. Default 1.
    #[serde(default = "default_seed", deserialize_with = "crate::seed::deserialize")]
    #[schemars(with = "SeedText")]
    pub seed: u64,
}

const fn default_tick() -> Duration {
    Duration::from_millis(10)
}

const fn default_seed() -> u64 {
    1
}

/// A venue that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Venue {
    /// Kraken, spot.
    Kraken,
}

impl Venue {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kraken => "kraken",
        }
    }
}

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Table `[market]`: what is traded where, and what the market did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// The simulated venue.
    pub venue: Venue,
    /// Instrument, `BASE/QUOTE` in capitals.
    #[serde(deserialize_with = "symbol")]
    #[schemars(with = "SymbolText")]
    pub symbol: Symbol,
    /// Recorded trades that play, as written in the file; see [`crate::Scenario::tape_path`].
    pub tape: PathBuf,
}

impl Market {
    /// What is bought and sold: `BTC` of `BTC/USD`.
    pub fn base(&self) -> Asset {
        Asset::new(self.assets().0)
    }

    /// What it is paid with: `USD` of `BTC/USD`.
    pub fn quote(&self) -> Asset {
        Asset::new(self.assets().1)
    }

    fn assets(&self) -> (&str, &str) {
        let name = self.symbol.as_str();
        name.split_once('/').unwrap_or((name, ""))
    }
}

/// Table `[network]`: one-way latency between trader and venue, drawn per message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Smallest latency, whole milliseconds, from the tick up. Default `10ms`.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub latency_min: Duration,
    /// Largest latency, whole milliseconds, up to `10s`. Default `30ms`.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub latency_max: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self { latency_min: Duration::from_millis(10), latency_max: Duration::from_millis(30) }
    }
}

/// Verification tier of an account, which decides how much the venue allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The lowest.
    Starter,
    /// The middle one.
    #[default]
    Intermediate,
    /// The highest.
    Pro,
}

/// Table `[account]`: the trader's account, as the venue sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// By which the venue limits calls, orders and cancels. Default `intermediate`.
    pub tier: Tier,
}

/// Table `[trader]`: the trading system under test.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trader {
    /// Name and parameters of the strategy, `ema-cross:fast=12,slow=26`; parsed by the engine.
    pub strategy: String,
    /// What the account owns at the start, by asset; an asset that is not named starts at zero.
    #[serde(deserialize_with = "amounts")]
    #[schemars(with = "BTreeMap<String, AmountText>")]
    pub balance: BTreeMap<Asset, Notional>,
    /// Tier that its configuration names. `None` for that of its account; another is a mistake that the
    /// scenario wants.
    pub tier: Option<Tier>,
    /// Time after which the venue cancels all its orders when it does not hear of it, the dead man's switch: whole
    /// seconds, `10s..=24h`. `None` for no switch.
    #[serde(default, with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub cancel_after: Option<Duration>,
    /// Mechanisms around its calls, where they are not as in production.
    #[serde(default)]
    pub lane: BTreeMap<LaneName, Lane>,
}

/// A database that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SinkKind {
    /// InfluxDB.
    Influxdb,
}

/// Table `[sink]`: where the trading system writes what it did. Trading must not notice what happens
/// to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// The simulated database.
    pub kind: SinkKind,
}

/// Table `[expect]`: bounds that checks of the run use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// Longest time after the last fault until breakers are closed, streams live, books equal and
    /// orders final. Above zero. Default `2m`.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub recover_within: Duration,
    /// Breakers that must open, each with the longest time after the beginning of the first fault: a
    /// storm that opens none proves nothing about them. Default none.
    #[serde(deserialize_with = "bounds")]
    #[schemars(with = "BTreeMap<String, DurationText>")]
    pub opens: BTreeMap<String, Duration>,
}

impl Default for Expect {
    fn default() -> Self {
        Self { recover_within: Duration::from_secs(120), opens: BTreeMap::new() }
    }
}

/// Letters of an asset's name at least.
const ASSET_CHARS_MIN: usize = 2;
/// Letters of an asset's name at most.
const ASSET_CHARS_MAX: usize = 12;

/// Capitals and digits, as venues name their assets.
fn is_asset(name: &str) -> bool {
    (ASSET_CHARS_MIN..=ASSET_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn symbol<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Symbol, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = Symbol;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(r#"base and quote asset in capitals, for example "BTC/USD""#)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Symbol, E> {
            match text.split_once('/') {
                Some((base, quote)) if is_asset(base) && is_asset(quote) && base != quote => {
                    Ok(Symbol::new(text))
                }
                _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            }
        }
    }

    deserializer.deserialize_str(Visitor)
}

fn amounts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Asset, Notional>, D::Error> {
    let amounts = BTreeMap::<Asset, Amount>::deserialize(deserializer)?;
    Ok(amounts.into_iter().map(|(asset, Amount(amount))| (asset, amount)).collect())
}

fn bounds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Bound(#[serde(with = "crate::duration")] Duration);

    let bounds = BTreeMap::<String, Bound>::deserialize(deserializer)?;
    Ok(bounds.into_iter().map(|(name, Bound(bound))| (name, bound)).collect())
}

/// An amount at or above zero, from a text: TOML's own numbers are floats.
struct Amount(Notional);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"an amount in quotes, zero or more, for example "100000.50""#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                match Notional::parse(text) {
                    Ok(amount) if !amount.is_negative() => Ok(Amount(amount)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}
