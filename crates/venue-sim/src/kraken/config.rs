//! What a simulated Kraken is told at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Asset, Notional, Symbol};
use thiserror::Error;

use crate::kraken::limits::Tier;
use crate::kraken::pair::Pair;
use crate::kraken::standing::Standing;

/// Cloudflare keeps idle connections for minutes.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(400);

/// The whole configuration of a [`KrakenSim`](crate::kraken::KrakenSim).
#[derive(Debug, Clone)]
pub struct KrakenSimConfig {
    /// Accounts, each with one API key. Names and keys are unique.
    pub accounts: Vec<AccountConfig>,
    /// Listed pairs. Symbols are unique.
    pub pairs: Vec<Pair>,
    /// Further API keys of accounts that are named above.
    pub more_keys: Vec<KeyConfig>,
    /// Keys that may not do everything, by API key; a key that is not named may.
    pub permissions: BTreeMap<String, Permissions>,
    /// Second factors of keys, by API key: a password that each private request carries as `otp`.
    pub otps: BTreeMap<String, Otp>,
    /// Accounts that are not [active](Standing::Active), by name.
    pub standings: BTreeMap<String, Standing>,
    /// Whether public methods are answered to POST as well, as Kraken did until 2024.
    pub public_post: bool,
    /// Longest wait for the (next) head of a request on a connection.
    pub head_wait_max: Duration,
    /// Pairs whose book is recorded: it comes with [`play_market`](crate::kraken::KrakenSim::play_market). The
    /// others have a plausible one around the last trade.
    pub recorded_books: BTreeSet<Symbol>,
}

impl KrakenSimConfig {
    /// A venue whose keys may do everything and which follows today's protocol.
    pub const fn new(accounts: Vec<AccountConfig>, pairs: Vec<Pair>) -> Self {
        Self {
            accounts,
            pairs,
            more_keys: Vec::new(),
            permissions: BTreeMap::new(),
            otps: BTreeMap::new(),
            standings: BTreeMap::new(),
            public_post: false,
            head_wait_max: HEAD_WAIT_MAX,
            recorded_books: BTreeSet::new(),
        }
    }
}

/// Second factor of a key: a password that each private request carries. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Otp(String);

impl Otp {
    /// A password. One that is empty is carried by no request, since an empty argument counts as missing.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// True when a request that carries this, if anything, may go on.
    pub(crate) fn is(&self, carried: Option<&str>) -> bool {
        carried == Some(&self.0)
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Otp(..)")
    }
}

/// One account with its API key.
#[derive(Clone)]
pub struct AccountConfig {
    /// Name in the history. `market` and `fees` are the venue's own.
    pub name: String,
    /// Public half of the API key.
    pub api_key: String,
    /// Secret half of the API key, in base64.
    pub api_secret: String,
    /// What the account owns at the start; not negative.
    pub balances: BTreeMap<Asset, Notional>,
    /// Verification tier, which decides how many calls, orders and cancels the account is allowed.
    pub tier: Tier,
    /// Fee on resting orders, parts per million of the cost. Kraken's first tier: 2500.
    ///
    /// An account with the two fees that its volume gives it ([`fee_rates_at`](crate::kraken::fee_rates_at)) pays by
    /// Kraken's schedules from then on: less as it trades, and less for stablecoins. One with others always pays them.
    pub maker_ppm: i64,
    /// Fee on orders that take, parts per million of the cost. Kraken's first tier: 4000.
    pub taker_ppm: i64,
    /// What it traded in the 30 days before the start, US dollars; what it trades later adds to it.
    pub volume: Notional,
    /// By how much a nonce of the key may be below the highest one, if it was not used: requests may
    /// overtake each other. Zero, Kraken's default, for not at all.
    pub nonce_window: u64,
}

/// Without the secret.
impl fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountConfig")
            .field("name", &self.name)
            .field("api_key", &self.api_key)
            .field("balances", &self.balances)
            .field("tier", &self.tier)
            .field("maker_ppm", &self.maker_ppm)
            .field("taker_ppm", &self.taker_ppm)
            .field("volume", &self.volume)
            .field("nonce_window", &self.nonce_window)
            .finish_non_exhaustive()
    }
}

impl AccountConfig {
    /// The account's own key, apart from it.
    pub(crate) fn key(&self) -> KeyConfig {
        KeyConfig {
            account: self.name.clone(),
            api_key: self.api_key.clone(),
            api_secret: self.api_secret.clone(),
            nonce_window: self.nonce_window,
        }
    }
}

impl KeyConfig {
    /// The secret as bytes.
    pub(crate) fn secret(&self) -> Result<Vec<u8>, ConfigError> {
        STANDARD
            .decode(&self.api_secret)
            .map_err(|source| ConfigError::Secret { account: self.account.clone(), source })
    }
}

/// A further API key of an account.
#[derive(Clone)]
pub struct KeyConfig {
    /// Name of the account.
    pub account: String,
    /// Public half.
    pub api_key: String,
    /// Secret half, in base64.
    pub api_secret: String,
    /// As [`AccountConfig::nonce_window`].
    pub nonce_window: u64,
}

/// Without the secret.
impl fmt::Debug for KeyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyConfig")
            .field("account", &self.account)
            .field("api_key", &self.api_key)
            .field("nonce_window", &self.nonce_window)
            .finish_non_exhaustive()
    }
}

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// "Query funds": `Balance`, `BalanceEx`, `TradeBalance`, `TradeVolume`.
    pub query_funds: bool,
    /// "Query open orders & trades": `OpenOrders`, `QueryOrders`, `QueryTrades`, `OpenPositions`.
    pub query_open_orders: bool,
    /// "Query closed orders & trades": `ClosedOrders`, `QueryOrders`, `TradesHistory`, `QueryTrades`.
    pub query_closed_orders: bool,
    /// "Query ledger entries": `Ledgers`, `QueryLedgers`.
    pub query_ledger: bool,
    /// "Create & modify orders": `AddOrder`, `AddOrderBatch`, `AmendOrder`, `EditOrder`.
    pub create_orders: bool,
    /// "Cancel & close orders": `CancelOrder`, `CancelOrderBatch`, `CancelAll`, `CancelAllOrdersAfter`.
    pub cancel_orders: bool,
    /// "Access WebSockets API": `GetWebSocketsToken`.
    pub web_sockets: bool,
}

impl Permissions {
    /// Everything is permitted.
    pub const ALL: Self = Self {
        query_funds: true,
        query_open_orders: true,
        query_closed_orders: true,
        query_ledger: true,
        create_orders: true,
        cancel_orders: true,
        web_sockets: true,
    };
}

/// Why a configuration makes no venue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Two accounts have the same API key.
    #[error("the api key of account `{account}` belongs to another account too")]
    DuplicateKey {
        /// The second account.
        account: String,
    },
    /// The secret is not base64.
    #[error("the api secret of account `{account}` is not base64")]
    Secret {
        /// The account.
        account: String,
        /// What is wrong with it.
        #[source]
        source: base64::DecodeError,
    },
    /// A key or a standing is given for an account that there is not.
    #[error("a key or a standing is given for the account `{account}`, which is not there")]
    UnknownAccount {
        /// The account.
        account: String,
    },
    /// Permissions or a second factor are given for a key that no account has.
    #[error("something is given for the api key `{api_key}`, which no account has")]
    UnknownKey {
        /// The key.
        api_key: String,
    },
    /// The accounts, fees or instruments make no exchange.
    #[error("the exchange cannot be set up")]
    Exchange(#[from] matching::ConfigError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_configuration_prints() {
        let account = AccountConfig {
            name: "alice".to_owned(),
            api_key: "alice-1".to_owned(),
            api_secret: "hidden-secret".to_owned(),
            balances: BTreeMap::new(),
            tier: Tier::Pro,
            maker_ppm: 0,
            taker_ppm: 0,
            volume: Notional::ZERO,
            nonce_window: 0,
        };
        let more = KeyConfig { api_key: "alice-2".to_owned(), ..account.key() };
        let mut config = KrakenSimConfig::new(vec![account], Vec::new());
        config.more_keys.push(more);
        config.otps.insert("alice-1".to_owned(), Otp::new("hidden-password"));
        let text = format!("{config:?}");
        assert!(text.contains("alice-1") && text.contains("alice-2"), "{text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}
