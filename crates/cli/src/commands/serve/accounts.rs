//! Who may use the served venue: from a file, or one account with keys that are drawn.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Asset, Notional};
use platform::Entropy;
use rand::Rng as _;
use scenario::Document;
use serde::Deserialize;
use venue_sim::kraken::{
    AccountConfig, KeyConfig, KrakenAsset, Otp, Permissions, Standing, Tier, fee_rates_at,
};

/// Name of the account where no file names any.
const ACCOUNT: &str = "trader";
/// Keys of that account: clients count nonces in different units, so that each kind needs its own.
const KEYS: usize = 4;
/// What it owns at the start: of everything that can be traded, so that both sides of every pair can be tried.
const OWNS: [(&str, &str); 29] = [
    ("BTC", "10"),
    ("ETH", "100"),
    ("SOL", "1000"),
    ("ADA", "100000"),
    ("XRP", "100000"),
    ("LTC", "1000"),
    ("DOT", "10000"),
    ("USD", "1000000"),
    ("EUR", "1000000"),
    ("GBP", "1000000"),
    ("USDT", "1000000"),
    ("USDC", "1000000"),
    ("DOGE", "1000000"),
    ("LINK", "10000"),
    ("AVAX", "10000"),
    ("BCH", "1000"),
    ("XLM", "1000000"),
    ("XMR", "1000"),
    ("ETC", "10000"),
    ("ATOM", "100000"),
    ("UNI", "10000"),
    ("TRX", "1000000"),
    ("POL", "1000000"),
    ("ALGO", "1000000"),
    ("SUI", "100000"),
    ("CAD", "1000000"),
    ("AUD", "1000000"),
    ("CHF", "1000000"),
    ("JPY", "100000000"),
];
/// Bytes of an API secret, as Kraken's.
const SECRET_BYTES: usize = 64;
/// Letters of an API key, as Kraken's.
const KEY_CHARS: usize = 56;
/// Largest file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Most accounts of a file, and most keys of an account.
const ACCOUNTS_MAX: usize = 1_000;
const KEYS_MAX: usize = 20;

/// A key of a simulated account. It opens nothing else, so the greeting shows it; the log does not.
#[derive(Clone)]
pub(super) struct KeyPair {
    pub(super) account: String,
    pub(super) key: String,
    pub(super) secret: String,
}

/// Without the secret.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("account", &self.account)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Accounts, their further keys, and what keys may not do.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) accounts: Vec<AccountConfig>,
    pub(super) more_keys: Vec<KeyConfig>,
    pub(super) permissions: BTreeMap<String, Permissions>,
    /// Second factors, by key.
    pub(super) otps: BTreeMap<String, Otp>,
    /// Accounts that are not active, by name.
    pub(super) standings: BTreeMap<String, Standing>,
    /// All keys, in the order of the accounts.
    pub(super) shown: Vec<KeyPair>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    account: Vec<AccountRow>,
}

/// One `[[account]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountRow {
    name: String,
    #[serde(default)]
    tier: scenario::Tier,
    #[serde(default)]
    balance: BTreeMap<String, String>,
    /// What it traded in 30 days, US dollars: decides its fees.
    volume: Option<String>,
    /// In place of the fees of its volume, percent.
    fees: Option<FeesRow>,
    /// `active` if it is not given.
    standing: Option<String>,
    #[serde(default, rename = "key")]
    keys: Vec<KeyRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeesRow {
    maker_percent: String,
    taker_percent: String,
}

/// One `[[account.key]]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRow {
    /// Both are drawn if they are not given.
    key: Option<String>,
    secret: Option<String>,
    permissions: Option<Vec<Permission>>,
    /// Second factor: the password that each request carries as `otp`.
    otp: Option<String>,
    #[serde(default)]
    nonce_window: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Permission {
    QueryFunds,
    QueryOpenOrders,
    QueryClosedOrders,
    QueryLedger,
    CreateOrders,
    CancelOrders,
    WebSockets,
}

impl Accounts {
    /// One account with several keys; it owns enough of everything.
    pub(super) fn drawn(entropy: &Entropy) -> Self {
        let amount = |text| Notional::parse(text).expect("a literal of this file");
        let balances: BTreeMap<Asset, Notional> =
            OWNS.iter().map(|(asset, owns)| (Asset::new(asset), amount(owns))).collect();
        let mut draw = Draw(entropy.stream("serve/key"));
        let shown: Vec<KeyPair> = (0..KEYS).map(|_| draw.pair(ACCOUNT)).collect();
        let (maker_ppm, taker_ppm) = fee_rates_at(Notional::ZERO);
        let account = AccountConfig {
            name: ACCOUNT.to_owned(),
            api_key: shown[0].key.clone(),
            api_secret: shown[0].secret.clone(),
            balances,
            tier: Tier::default(),
            maker_ppm,
            taker_ppm,
            volume: Notional::ZERO,
            nonce_window: 0,
        };
        let more_keys = shown.iter().skip(1).map(|pair| pair.config(0)).collect();
        Self { accounts: vec![account], more_keys, shown, ..Self::default() }
    }

    /// Reads a file.
    pub(super) fn load(path: &Path, entropy: &Entropy) -> anyhow::Result<Self> {
        let shown = path.display();
        let size = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?.len();
        if size > FILE_BYTES_MAX {
            return Err(anyhow!("{shown}: expected at most {FILE_BYTES_MAX} bytes, found {size}"));
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let file: File = Document::parse(path, &text, &["account"])?.read()?;
        if !(1..=ACCOUNTS_MAX).contains(&file.account.len()) {
            return Err(anyhow!("{shown}: expected 1 to {ACCOUNTS_MAX} accounts"));
        }
        let mut draw = Draw(entropy.stream("serve/key"));
        let mut accounts = Self::default();
        for row in file.account {
            let name = row.name.clone();
            let added = accounts.add(row, &mut draw);
            added.with_context(|| format!("{shown}: account `{name}`"))?;
        }
        Ok(accounts)
    }

    fn add(&mut self, row: AccountRow, draw: &mut Draw) -> anyhow::Result<()> {
        let mut rows = row.keys;
        if rows.len() > KEYS_MAX {
            return Err(anyhow!("expected at most {KEYS_MAX} keys, found {}", rows.len()));
        }
        if rows.is_empty() {
            rows.push(KeyRow::default());
        }
        let mut keys = Vec::new();
        for key in rows {
            let drawn = draw.pair(&row.name);
            let pair = KeyPair {
                key: key.key.unwrap_or(drawn.key),
                secret: key.secret.unwrap_or(drawn.secret),
                ..drawn
            };
            if let Some(given) = &key.permissions {
                self.permissions.insert(pair.key.clone(), permissions(given));
            }
            if let Some(otp) = key.otp {
                self.otps.insert(pair.key.clone(), Otp::new(otp));
            }
            keys.push(pair.config(key.nonce_window));
            self.shown.push(pair);
        }
        let volume =
            row.volume.as_deref().map_or(Ok(Notional::ZERO), |text| amount("volume", text))?;
        let (maker_ppm, taker_ppm) = match &row.fees {
            Some(fees) => (
                ppm("fees.maker_percent", &fees.maker_percent)?,
                ppm("fees.taker_percent", &fees.taker_percent)?,
            ),
            None => fee_rates_at(volume),
        };
        let mut balances = BTreeMap::new();
        for (asset, text) in &row.balance {
            let known = KrakenAsset::by_name(asset);
            let known =
                known.ok_or_else(|| anyhow!("balance: the venue has no asset `{asset}`"))?;
            balances.insert(known.asset, amount(&format!("balance.{asset}"), text)?);
        }
        if let Some(text) = &row.standing {
            let standing = text.parse::<Standing>();
            let standing = standing.map_err(|error| anyhow!("standing: {error}"))?;
            self.standings.insert(row.name.clone(), standing);
        }
        let first = keys.remove(0);
        self.accounts.push(AccountConfig {
            name: row.name,
            api_key: first.api_key,
            api_secret: first.api_secret,
            balances,
            tier: match row.tier {
                scenario::Tier::Starter => Tier::Starter,
                scenario::Tier::Intermediate => Tier::Intermediate,
                scenario::Tier::Pro => Tier::Pro,
            },
            maker_ppm,
            taker_ppm,
            volume,
            nonce_window: first.nonce_window,
        });
        self.more_keys.extend(keys);
        Ok(())
    }
}

impl KeyPair {
    fn config(&self, nonce_window: u64) -> KeyConfig {
        KeyConfig {
            account: self.account.clone(),
            api_key: self.key.clone(),
            api_secret: self.secret.clone(),
            nonce_window,
        }
    }
}

/// Draws keys.
struct Draw(platform::EntropyStream);

impl Draw {
    fn pair(&mut self, account: &str) -> KeyPair {
        let mut bytes = [0; SECRET_BYTES];
        self.0.fill_bytes(&mut bytes);
        let secret = STANDARD.encode(bytes);
        self.0.fill_bytes(&mut bytes);
        // Signs that a shell or a form would take for its own are left out.
        let key = STANDARD.encode(bytes).replace(['+', '/', '='], "");
        let key = key.chars().take(KEY_CHARS).collect();
        KeyPair { account: account.to_owned(), key, secret }
    }
}

fn permissions(given: &[Permission]) -> Permissions {
    let has = |permission| given.contains(&permission);
    Permissions {
        query_funds: has(Permission::QueryFunds),
        query_open_orders: has(Permission::QueryOpenOrders),
        query_closed_orders: has(Permission::QueryClosedOrders),
        query_ledger: has(Permission::QueryLedger),
        create_orders: has(Permission::CreateOrders),
        cancel_orders: has(Permission::CancelOrders),
        web_sockets: has(Permission::WebSockets),
    }
}

fn amount(key: &str, text: &str) -> anyhow::Result<Notional> {
    let amount = Notional::parse(text).ok().filter(|amount| !amount.is_negative());
    amount.ok_or_else(|| anyhow!("{key}: expected an amount, zero or more, found `{text}`"))
}

/// Percent with up to four digits as parts per million.
fn ppm(key: &str, text: &str) -> anyhow::Result<i64> {
    let percent = model::Price::parse(text).ok().filter(|p| p.raw() % 100_000 == 0);
    let percent = percent.ok_or_else(|| {
        anyhow!("{key}: expected percent with at most four digits, such as 0.25, found `{text}`")
    })?;
    Ok(percent.raw() / 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Accounts> {
        let path = std::env::temp_dir().join(format!("wavetank-accounts-{}.toml", text.len()));
        fs::write(&path, text).expect("writable");
        Accounts::load(&path, &Entropy::from_seed(1))
    }

    #[test]
    fn accounts_have_their_own_keys_tiers_fees_and_permissions() {
        let accounts = read(
            r#"
            [[account]]
            name = "alice"
            tier = "pro"
            volume = "60000"
            balance = { USD = "1000.5", XBT = "2" }
            [[account.key]]
            key = "alice-1"
            secret = "c2VjcmV0"
            nonce_window = 10
            [[account.key]]
            permissions = ["query-funds"]

            [[account]]
            name = "bob"
            standing = "user-locked"
            key = [{ key = "bob-1", otp = "secret words" }]
            fees = { maker_percent = "-0.01", taker_percent = "0.5" }
            "#,
        )
        .expect("a valid file");
        let [alice, bob] = &accounts.accounts[..] else { panic!("two accounts") };
        assert_eq!((alice.tier, alice.maker_ppm, alice.taker_ppm), (Tier::Pro, 1_400, 2_400));
        assert_eq!((alice.api_key.as_str(), alice.nonce_window), ("alice-1", 10));
        assert_eq!(alice.balances[&Asset::new("BTC")], Notional::parse("2").expect("a number"));
        assert_eq!((bob.maker_ppm, bob.taker_ppm), (-100, 5_000));
        assert_eq!(accounts.more_keys.len(), 1);
        let restricted = &accounts.permissions[&accounts.more_keys[0].api_key];
        assert!(restricted.query_funds && !restricted.create_orders);
        assert_eq!(accounts.shown.len(), 3);
        let printed = format!("{accounts:?}");
        assert!(printed.contains("bob-1") && !printed.contains("secret words"), "{printed}");
        assert!(!printed.contains("c2VjcmV0"), "{printed}");
        assert_eq!(accounts.standings["bob"], Standing::UserLocked);
        assert_eq!(accounts.otps, BTreeMap::from([("bob-1".into(), Otp::new("secret words"))]));
    }

    #[test]
    fn the_account_that_nobody_named_owns_something_of_every_asset() {
        let accounts = Accounts::drawn(&Entropy::from_seed(1));
        let owned = &accounts.accounts[0].balances;
        for pair in venue_sim::kraken::Pair::all() {
            for asset in [&pair.base.asset, &pair.quote.asset] {
                assert!(owned.get(asset).is_some_and(|owned| *owned > Notional::ZERO), "{asset}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |text: &str, expected: &str| {
            let error = format!("{:#}", read(text).expect_err("a broken file"));
            assert!(error.contains(expected), "{error}");
        };
        check("account = []", "expected 1 to 1000 accounts");
        check("[[account]]\nname = \"a\"\ntier = \"gold\"", "gold");
        check(
            "[[account]]\nname = \"a\"\nstanding = \"away\"",
            "standing: expected active, locked",
        );
        check("[[account]]\nname = \"a\"\nbalance = { NOPE = \"1\" }", "no asset `NOPE`");
        check("[[account]]\nname = \"a\"\nbalance = { USD = \"-1\" }", "balance.USD: expected");
        check(
            "[[account]]\nname = \"a\"\nfees = { maker_percent = \"x\", taker_percent = \"1\" }",
            "fees.maker_percent: expected percent",
        );
    }
}
