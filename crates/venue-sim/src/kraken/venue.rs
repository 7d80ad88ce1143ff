//! The state of the venue.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use matching::{
    AccountId, Exchange, ExchangeConfig, Execution, FeeRates, Funding, InstrumentConfig, Liquidity,
    OrderId, QueueModel, Shortfall, Slippage, SyntheticConfig,
};
use model::history::VenueEvent;
use model::{Asset, Notional, Quantity, Symbol, UnixNanos};
use platform::Entropy;

use crate::VenueSink;
use crate::kraken::book::Sides;
use crate::kraken::candles::Candles;
use crate::kraken::config::{AccountConfig, ConfigError, KeyConfig, KrakenSimConfig, Permissions};
use crate::kraken::ids::Ids;
use crate::kraken::ledger::Entries;
use crate::kraken::limits::{Count, Tier};
use crate::kraken::nonces::Nonces;
use crate::kraken::orders::{AmendRow, Close, DueClose, Phase, Timers, Trail};
use crate::kraken::pair::Pair;
use crate::kraken::prints::{Prints, Spread, Spreads};
use crate::kraken::stream::Sessions;
use crate::kraken::ticker::Ticker;
use crate::kraken::token::Tokens;

/// Open orders per account and pair that the exchange can hold: as many as the highest tier may have.
const OPEN_ORDERS_MAX: usize = Tier::Pro.open_orders_max();
/// Closed orders that can still be asked for.
const CLOSED_ORDERS_MAX: usize = 10_000;
/// Levels of each side of the synthetic book.
const LEVELS: u32 = 40;
/// Typical cost of one level, in costs of the smallest order: 20000 US dollars.
const LEVEL_COSTS_MIN: i128 = 40_000;
/// How far market orders go from the best price.
const PROTECTION_PPM: i64 = 50_000;

/// Everything that the venue knows. Pure: time comes in as an argument.
#[derive(Debug)]
pub(crate) struct Venue {
    pub(crate) exchange: Exchange,
    pub(crate) pairs: Vec<Listed>,
    pub(crate) keys: BTreeMap<String, ApiKey>,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) orders: BTreeMap<OrderId, OrderDetails>,
    /// Orders by the id that clients see.
    pub(crate) by_txid: BTreeMap<String, OrderId>,
    /// Trailing stops that may still wait, by pair.
    pub(crate) trailing: BTreeMap<Symbol, BTreeSet<OrderId>>,
    /// Closes that executions asked for, to be placed when everything about these is told.
    pub(crate) closes: VecDeque<DueClose>,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) ids: Ids,
    pub(crate) phase: Phase,
    pub(crate) timers: Timers,
    pub(crate) public_post: bool,
    pub(crate) sink: Arc<dyn VenueSink>,
}

/// A pair with what was published of it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) pair: Pair,
    /// The book as it was last published.
    pub(crate) book: Sides,
    /// When it last changed.
    pub(crate) book_changed: UnixNanos,
    /// Fingerprint of its best levels in the history.
    pub(crate) recorded_hash: Option<u64>,
    pub(crate) prints: Prints,
    pub(crate) spreads: Spreads,
    pub(crate) ticker: Ticker,
    pub(crate) candles: Candles,
}

/// An API key.
pub(crate) struct ApiKey {
    pub(crate) account: AccountId,
    pub(crate) secret: Vec<u8>,
    pub(crate) permissions: Permissions,
    pub(crate) nonces: Nonces,
    /// Its calls, orders and cancels aside.
    pub(crate) calls: Count,
}

/// Without the secret.
impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("account", &self.account)
            .field("permissions", &self.permissions)
            .field("nonces", &self.nonces)
            .finish_non_exhaustive()
    }
}

/// What the venue knows of an account besides orders and money.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) tier: Tier,
    /// Its orders and cancels, by pair.
    pub(crate) transactions: BTreeMap<Symbol, Count>,
    /// Traded in the 30 days before the start, US dollars.
    pub(crate) volume: Notional,
    pub(crate) rates: FeeRates,
    /// Assets that it owns or once owned.
    pub(crate) assets: BTreeSet<Asset>,
    /// What changed its balances.
    pub(crate) entries: Entries,
    /// Its last executions, oldest first.
    pub(crate) executions: VecDeque<(OwnExecution, UnixNanos)>,
}

/// One execution with the name that the venue gave it.
#[derive(Debug, Clone)]
pub(crate) struct OwnExecution {
    pub(crate) exec_id: String,
    pub(crate) order: OrderFacts,
    pub(crate) execution: Execution,
}

/// What messages say of an order, kept apart from the exchange, which may forget it.
#[derive(Debug, Clone)]
pub(crate) struct OrderFacts {
    pub(crate) txid: String,
    /// The number that the client gave it, perhaps together with others.
    pub(crate) userref: Option<i32>,
    /// As it was asked for, or last changed.
    pub(crate) request: matching::OrderRequest,
    /// When what is left of it ends by itself.
    pub(crate) expires: Option<UnixNanos>,
    /// What a market buy was to cost, if the client gave that in place of a quantity.
    pub(crate) cost: Option<Notional>,
    /// Part that an iceberg shows.
    pub(crate) display: Option<Quantity>,
    /// How a trailing stop follows the market.
    pub(crate) trail: Option<Trail>,
    /// What comes for what is executed of it.
    pub(crate) close: Option<Close>,
    pub(crate) amended: bool,
}

/// Why an order was cancelled, if its owner did not ask for it and the exchange had no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its time was over.
    Expired,
    /// Another order took its place.
    Replaced,
}

impl Account {
    /// Its count of transactions of a pair.
    pub(crate) fn ratecount(&self, symbol: &Symbol, now: UnixNanos) -> u32 {
        let count = self.transactions.get(symbol).copied().unwrap_or_default();
        count.shown(self.tier.transactions(), now)
    }
}

impl OrderFacts {
    /// The client's number as messages show it: without one they say zero.
    pub(crate) fn shown_userref(&self) -> i32 {
        self.userref.unwrap_or(0)
    }
}

/// What the venue knows of an order besides what the exchange does.
#[derive(Debug, Clone)]
pub(crate) struct OrderDetails {
    pub(crate) facts: OrderFacts,
    /// Ids of its executions.
    pub(crate) executions: Vec<String>,
    /// When it was placed or last changed.
    pub(crate) touched: UnixNanos,
    pub(crate) ended: Option<Ended>,
    /// Its states so far, if it was amended.
    pub(crate) amends: Vec<AmendRow>,
}

impl Venue {
    pub(crate) fn new(
        config: KrakenSimConfig,
        entropy: &Entropy,
        sink: Arc<dyn VenueSink>,
    ) -> Result<Self, ConfigError> {
        let exchange = Exchange::new(exchange_config(&config))?;
        let mut accounts = BTreeMap::new();
        for account in &config.accounts {
            let id = exchange.account(&account.name);
            let id = id.expect("the exchange has every account of the configuration");
            accounts.insert(id, Account::new(account));
        }
        let own = config.accounts.iter().map(AccountConfig::key);
        let all: Vec<KeyConfig> = own.chain(config.more_keys).collect();
        let mut permissions = config.permissions;
        let mut keys = BTreeMap::new();
        for key in &all {
            let account = exchange.account(&key.account).filter(|id| accounts.contains_key(id));
            let unknown = || ConfigError::UnknownAccount { account: key.account.clone() };
            let state = ApiKey {
                account: account.ok_or_else(unknown)?,
                secret: key.secret()?,
                permissions: permissions.remove(&key.api_key).unwrap_or(Permissions::ALL),
                nonces: Nonces::new(key.nonce_window),
                calls: Count::default(),
            };
            if keys.insert(key.api_key.clone(), state).is_some() {
                return Err(ConfigError::DuplicateKey { account: key.account.clone() });
            }
        }
        if let Some((api_key, _)) = permissions.pop_first() {
            return Err(ConfigError::UnknownKey { api_key });
        }
        Ok(Self {
            exchange,
            pairs: config.pairs.into_iter().map(Listed::new).collect(),
            keys,
            accounts,
            orders: BTreeMap::new(),
            by_txid: BTreeMap::new(),
            tokens: Tokens::default(),
            sessions: Sessions::default(),
            ids: Ids::new(entropy),
            phase: Phase::default(),
            timers: Timers::default(),
            trailing: BTreeMap::new(),
            closes: VecDeque::new(),
            public_post: config.public_post,
            sink,
        })
    }

    /// The pair of a symbol.
    pub(crate) fn listed(&self, symbol: &Symbol) -> Option<&Listed> {
        self.pairs.iter().find(|listed| listed.pair.symbol() == symbol)
    }

    /// The pair under any of its REST names.
    pub(crate) fn listed_as(&self, name: &str) -> Option<&Listed> {
        self.pairs.iter().find(|listed| listed.pair.is_named(name))
    }

    /// Writes every trader's balances and every asset's total to the history.
    pub(crate) fn record_statement(&self) {
        let ledger = self.exchange.ledger();
        for account in ledger.traders() {
            for (asset, balance) in ledger.balances(account) {
                self.sink.record(VenueEvent::Balance {
                    account: ledger.name(account).to_owned(),
                    asset,
                    total: balance.total,
                    held: balance.held,
                });
            }
        }
        for (asset, total) in ledger.totals() {
            self.sink.record(VenueEvent::AssetTotal { asset, total });
        }
    }

    /// Gives an accepted order its name before anything is told of it.
    pub(crate) fn name_order(&mut self, id: OrderId, facts: OrderFacts, now: UnixNanos) {
        self.by_txid.insert(facts.txid.clone(), id);
        let details = OrderDetails {
            facts,
            executions: Vec::new(),
            touched: now,
            ended: None,
            amends: Vec::new(),
        };
        self.orders.insert(id, details);
        // What the exchange has forgotten is forgotten here too, now and then.
        if self.orders.len() > 2 * CLOSED_ORDERS_MAX {
            let exchange = &self.exchange;
            self.orders.retain(|id, _| exchange.order(*id).is_some());
            self.by_txid.retain(|_, id| exchange.order(*id).is_some());
        }
    }
}

impl Account {
    fn new(config: &AccountConfig) -> Self {
        Self {
            name: config.name.clone(),
            tier: config.tier,
            transactions: BTreeMap::new(),
            volume: config.volume,
            rates: FeeRates { maker_ppm: config.maker_ppm, taker_ppm: config.taker_ppm },
            entries: Entries::new(&config.balances),
            assets: config.balances.keys().cloned().collect(),
            executions: VecDeque::new(),
        }
    }
}

impl Listed {
    pub(crate) fn new(pair: Pair) -> Self {
        Self {
            pair,
            book: Sides::default(),
            book_changed: UnixNanos::ZERO,
            recorded_hash: None,
            prints: Prints::default(),
            spreads: Spreads::default(),
            ticker: Ticker::default(),
            candles: Candles::default(),
        }
    }

    /// Remembers the best prices, if both sides have one.
    pub(crate) fn note_spread(&mut self, at: UnixNanos) {
        if let (Some(bid), Some(ask)) = (self.book.bids.first(), self.book.asks.first()) {
            self.spreads.push(Spread { at, bid: bid.price, ask: ask.price });
        }
    }
}

/// The recorded book where there is one, else a plausible one.
fn liquidity(pair: &Pair, config: &KrakenSimConfig, level_cost: Notional) -> Liquidity {
    if config.recorded_books.contains(pair.symbol()) {
        Liquidity::Recorded
    } else {
        Liquidity::Synthetic(SyntheticConfig { levels: LEVELS, level_cost })
    }
}

fn exchange_config(config: &KrakenSimConfig) -> ExchangeConfig {
    let level_cost = |pair: &Pair| {
        let raw = pair.instrument.cost_min.raw().saturating_mul(LEVEL_COSTS_MIN);
        Notional::from_raw(raw)
    };
    let instruments = config.pairs.iter().map(|pair| InstrumentConfig {
        instrument: pair.instrument.clone(),
        liquidity: liquidity(pair, config, level_cost(pair)),
        protection_ppm: PROTECTION_PPM,
        queue: QueueModel::RiskAverse,
        slippage: Slippage::NONE,
    });
    let accounts = config.accounts.iter().map(|account| matching::AccountConfig {
        name: account.name.clone(),
        balances: account.balances.clone(),
        fees: FeeRates { maker_ppm: account.maker_ppm, taker_ppm: account.taker_ppm },
        funding: Funding::Spot,
        shortfall: Shortfall::Refuse,
    });
    ExchangeConfig {
        instruments: instruments.collect(),
        accounts: accounts.collect(),
        open_orders_max: OPEN_ORDERS_MAX,
        closed_orders_max: CLOSED_ORDERS_MAX,
    }
}
