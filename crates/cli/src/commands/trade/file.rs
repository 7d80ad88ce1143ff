//! The tables of a trader's configuration. Names of fields are names of keys.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::{Quantity, Symbol};
use serde::{Deserialize, Deserializer, de};

use crate::url::Url;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) venue: Venue,
    pub(super) strategy: Strategy,
    pub(super) risk: Risk,
    #[serde(default)]
    pub(super) node: Node,
    #[serde(default)]
    pub(super) read_lane: Lane,
    #[serde(default)]
    pub(super) order_lane: Lane,
    #[serde(default)]
    pub(super) cancel_lane: Lane,
    pub(super) endpoint: Option<Listen>,
    pub(super) sink: Option<Sink>,
    #[serde(default)]
    pub(super) tls: Tls,
}

/// Table `[venue]`: Kraken, or what speaks like it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Venue {
    pub(super) rest: Url,
    /// Default: path `/v2` of `rest`.
    pub(super) public_ws: Option<Url>,
    /// Default: that of `public_ws`.
    pub(super) private_ws: Option<Url>,
    pub(super) symbols: Vec<Pair>,
    pub(super) api_key: Secret,
    pub(super) api_secret: Secret,
    pub(super) book_depth: Option<u32>,
    pub(super) connect_timeout: Option<Positive>,
    pub(super) subscribe_timeout: Option<Positive>,
    pub(super) silence_max: Option<Positive>,
    pub(super) quiet_max: Option<Positive>,
    pub(super) request_timeout: Option<Positive>,
    pub(super) order_deadline: Option<Positive>,
    pub(super) counters_full_at_start: Option<bool>,
}

/// Table `[strategy]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Strategy {
    /// `ema-cross:fast=12,slow=26`; parsed by the engine.
    pub(super) spec: String,
}

/// Table `[risk]`. No defaults: it guards money.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Risk {
    pub(super) order_quantity_max: Amount,
    pub(super) position_max: Amount,
    pub(super) working_orders_max: u32,
}

/// Table `[node]`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Node {
    pub(super) foreign_orders: Foreign,
    /// Default: positions begin at zero.
    pub(super) inherit: Option<Positive>,
    pub(super) reconcile_every: Positive,
    pub(super) visibility_delay: Positive,
    pub(super) clock_skew_max: Positive,
    pub(super) clock_compare_every: Positive,
    /// Default: 60 s, or off beside orders that are not ours.
    pub(super) cancel_after: Option<CancelAfter>,
    pub(super) startup_max: Positive,
    pub(super) settle_max: Positive,
    pub(super) flush_max: Positive,
    pub(super) grace: Positive,
    /// Dependencies that the node can do without.
    pub(super) optional: Option<BTreeSet<String>>,
}

impl Default for Node {
    fn default() -> Self {
        let seconds = |count| Positive(Duration::from_secs(count));
        Self {
            foreign_orders: Foreign::Refuse,
            inherit: None,
            reconcile_every: seconds(5),
            visibility_delay: seconds(60),
            clock_skew_max: seconds(3),
            clock_compare_every: seconds(30),
            cancel_after: None,
            startup_max: seconds(60),
            settle_max: seconds(90),
            flush_max: seconds(5),
            grace: seconds(10),
            optional: None,
        }
    }
}

/// The venue's dead man's switch.
#[derive(Debug, Clone, Copy)]
pub(super) enum CancelAfter {
    Off,
    /// Silence of the node after which the venue cancels every order of the account.
    After(Duration),
}

/// What to do beside orders that are not ours.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Foreign {
    Refuse,
    Leave,
    CancelOwn,
}

/// Tables `[read_lane]`, `[order_lane]`, `[cancel_lane]`: the client's defaults where nothing is said.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Lane {
    pub(super) attempt_timeout: Option<Positive>,
    pub(super) queue_wait_max: Option<Positive>,
    /// How long its breaker stays open.
    pub(super) open_for: Option<Positive>,
    pub(super) retries_max: Option<u32>,
}

/// Table `[endpoint]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) listen: Address,
    /// Names under which it may be asked for, besides `localhost` and every address.
    #[serde(default)]
    pub(super) hosts: BTreeSet<HostName>,
}

/// Table `[sink]`: a bucket of InfluxDB.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sink {
    pub(super) url: Url,
    pub(super) org: String,
    pub(super) bucket: String,
    pub(super) token: Secret,
    /// Whether the node is of no use without it.
    #[serde(default)]
    pub(super) critical: bool,
}

/// Table `[tls]`: for addresses that begin with `https` or `wss`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tls {
    /// Certificates in PEM that are trusted besides the public authorities, from the folder of this file.
    pub(super) roots: Option<PathBuf>,
    pub(super) handshake_timeout: Option<Positive>,
}

/// The name of a host, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HostName(pub(super) String);

/// Where a secret is kept: half of a key, a token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Secret {
    /// In a variable of the environment.
    Env(String),
    /// In a file of its own, from the folder of this file.
    File(PathBuf),
}

/// `BASE/QUOTE`.
#[derive(Debug, Clone)]
pub(super) struct Pair(pub(super) Symbol);

/// A duration above zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positive(pub(super) Duration);

/// A quantity above zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount(pub(super) Quantity);

/// An address with its port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address(pub(super) SocketAddr);

/// Reads a text by a function; `expected` is what an error asks for.
fn by_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    read: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    struct Visitor<T> {
        expected: &'static str,
        read: fn(&str) -> Option<T>,
    }

    impl<T> de::Visitor<'_> for Visitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.read)(text).ok_or_else(|| {
                // An address may hold a password.
                let shown = if text.contains('@') { "..." } else { text };
                E::invalid_value(de::Unexpected::Str(shown), &self)
            })
        }
    }

    deserializer.deserialize_str(Visitor { expected, read })
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#"an address such as "http://127.0.0.1:8080" or "ws://127.0.0.1:8080/v2""#;
        by_text(deserializer, expected, Url::parse)
    }
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        by_text(deserializer, r#"a pair in capitals, for example "BTC/USD""#, |text| {
            let (base, quote) = text.split_once('/')?;
            let is_asset = |name: &str| {
                let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
                !name.is_empty() && name.chars().all(plain)
            };
            (is_asset(base) && is_asset(quote)).then(|| Self(Symbol::new(text)))
        })
    }
}

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#"a duration above zero with a unit, for example "250ms", "30s" or "5m""#;
        by_text(deserializer, expected, |text| {
            let duration = scenario::parse_duration(text).ok()?;
            (!duration.is_zero()).then_some(Self(duration))
        })
    }
}

impl<'de> Deserialize<'de> for CancelAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#""off", or a duration with a unit, for example "60s""#;
        by_text(deserializer, expected, |text| match text {
            "off" => Some(Self::Off),
            text => scenario::parse_duration(text).ok().map(Self::After),
        })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#"a quantity above zero in quotes, for example "0.25""#;
        by_text(deserializer, expected, |text| {
            let quantity = Quantity::parse(text).ok()?;
            quantity.is_positive().then_some(Self(quantity))
        })
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#"the name of a host without a port, for example "trader.lan""#;
        by_text(deserializer, expected, |text| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
            let fits = !text.is_empty() && text.chars().all(plain) && !text.ends_with('.');
            fits.then(|| Self(text.to_ascii_lowercase()))
        })
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#"an address with a port, for example "127.0.0.1:9090""#;
        by_text(deserializer, expected, |text| text.parse().ok().map(Self))
    }
}
