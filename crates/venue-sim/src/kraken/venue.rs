//! The state of the venue.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use matching::{
    AccountId, BuyHolds, Exchange, ExchangeConfig, Execution, FeeRates, Funding, InstrumentConfig,
    Liquidity, OrderId, QueueModel, Shortfall, Slippage, SyntheticConfig, VenueRules,
};
use model::history::VenueEvent;
use model::{Asset, Notional, Price, Quantity, Symbol, TimeInForce, UnixNanos};
use platform::Entropy;

use crate::VenueSink;
use crate::kraken::book::Sides;
use crate::kraken::candles::Candles;
use crate::kraken::config::{
    AccountConfig, ConfigError, KeyConfig, KrakenSimConfig, Otp, Permissions,
};
use crate::kraken::error::ApiError;
use crate::kraken::fault::FaultSwitches;
use crate::kraken::fees::rates_at;
use crate::kraken::ids::Ids;
use crate::kraken::ledger::Entries;
use crate::kraken::limits::{Count, Tier};
use crate::kraken::nonces::Nonces;
use crate::kraken::orders::{AmendRow, Close, DueClose, Phase, Timers, Trail};
use crate::kraken::pair::Pair;
use crate::kraken::prints::{Prints, Spread, Spreads};
use crate::kraken::standing::Standing;
use crate::kraken::stream::Sessions;
use crate::kraken::ticker::Ticker;
use crate::kraken::token::{Grant, Tokens};

/// Open orders per account and pair that the exchange can hold: as many as the highest tier may have.
const OPEN_ORDERS_MAX: usize = Tier::Pro.open_orders_max();
/// Closed orders that can still be asked for.
const CLOSED_ORDERS_MAX: usize = 10_000;
/// Levels of each side of the synthetic book.
const LEVELS: u32 = 250;
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
    /// True while they are placed.
    pub(crate) places_closes: bool,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    pub(crate) ids: Ids,
    pub(crate) phase: Phase,
    /// How often the phase kept somebody from something, since it began.
    pub(crate) refused_by_phase: u64,
    pub(crate) faults: Arc<FaultSwitches>,
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
    /// Its second factor.
    pub(crate) otp: Option<Otp>,
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
    pub(crate) standing: Standing,
    /// Its orders and cancels, by pair.
    pub(crate) transactions: BTreeMap<Symbol, Count>,
    /// Traded in the 30 days before the start and since, US dollars: nobody runs for longer than the window.
    pub(crate) volume: Notional,
    /// What it pays whatever it trades; `None` if it pays what the schedules say.
    pub(crate) fixed: Option<FeeRates>,
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
    /// Its fee in US dollars at that time; `None` if no market told.
    pub(crate) fee_in_usd: Option<Notional>,
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
    /// When it comes into the market, if the client set a time.
    pub(crate) starts: Option<UnixNanos>,
    /// The order whose execution it follows.
    pub(crate) refid: Option<String>,
}

/// Why an order was cancelled, if its owner did not ask for it and the exchange had no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its time was over.
    Expired,
    /// Another order took its place.
    Replaced,
    /// Another order of the account came and would have met it.
    SelfTrade,
}

impl OrderDetails {
    /// True when an execution after which so much is executed used up the part that an iceberg shows, and
    /// there is another one.
    pub(crate) fn shows_next_part(&self, filled: Quantity, by: Quantity) -> bool {
        let Some(part) = self.facts.display else { return false };
        let parts = |filled: Quantity| {
            filled.saturating_sub(self.shown_from).raw().checked_div(part.raw()).unwrap_or(0)
        };
        filled < self.facts.request.quantity && parts(filled) > parts(filled.saturating_sub(by))
    }
}

impl Account {
    /// Its count of transactions of a pair.
    pub(crate) fn ratecount(&self, symbol: &Symbol, now: UnixNanos) -> u32 {
        let count = self.transactions.get(symbol).copied().unwrap_or_default();
        count.shown(self.tier.transactions(), now)
    }
}

impl OrderFacts {
    /// How long it lives, in the words of streams.
    pub(crate) const fn time_in_force(&self) -> &'static str {
        match (self.request.time_in_force, self.expires) {
            (TimeInForce::Gtc, None) => "GTC",
            (TimeInForce::Gtc, Some(_)) => "GTD",
            (TimeInForce::Ioc, _) => "IOC",
            (TimeInForce::Fok, _) => "FOK",
        }
    }

    /// Name of the position that it opened or closed, which spot orders do not have: its own under another letter.
    pub(crate) fn position_id(&self) -> String {
        let last = self.txid.len().saturating_sub(1);
        format!("T{}", self.txid.get(1..last).unwrap_or_default()) + "P"
    }

    /// Name of its first state: the order's own name under another letter.
    pub(crate) fn amend_id(&self) -> String {
        self.txid.replacen('O', "T", 1)
    }

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
    /// Ids of its executions, of those that it took at once only the first.
    pub(crate) matches: Vec<String>,
    /// When it last took something.
    pub(crate) took: Option<UnixNanos>,
    /// When it was placed or last changed.
    pub(crate) touched: UnixNanos,
    /// What was executed of it when it began to show the first of its parts.
    pub(crate) shown_from: Quantity,
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
        let exchange = Exchange::new(exchange_config(&config))?.with_rules(rules(&config));
        let mut accounts = BTreeMap::new();
        for account in &config.accounts {
            let id = exchange.account(&account.name);
            let id = id.expect("the exchange has every account of the configuration");
            accounts.insert(id, Account::new(account));
        }
        let own = config.accounts.iter().map(AccountConfig::key);
        let all: Vec<KeyConfig> = own.chain(config.more_keys).collect();
        let (mut permissions, mut otps) = (config.permissions, config.otps);
        let mut keys = BTreeMap::new();
        for key in &all {
            let account = exchange.account(&key.account).filter(|id| accounts.contains_key(id));
            let unknown = || ConfigError::UnknownAccount { account: key.account.clone() };
            let state = ApiKey {
                account: account.ok_or_else(unknown)?,
                secret: key.secret()?,
                permissions: permissions.remove(&key.api_key).unwrap_or(Permissions::ALL),
                otp: otps.remove(&key.api_key),
                nonces: Nonces::new(key.nonce_window),
                calls: Count::default(),
            };
            if keys.insert(key.api_key.clone(), state).is_some() {
                return Err(ConfigError::DuplicateKey { account: key.account.clone() });
            }
        }
        let unknown = permissions.into_keys().chain(otps.into_keys()).next();
        if let Some(api_key) = unknown {
            return Err(ConfigError::UnknownKey { api_key });
        }
        let mut venue = Self {
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
            refused_by_phase: 0,
            faults: Arc::new(FaultSwitches::new(entropy)),
            timers: Timers::default(),
            trailing: BTreeMap::new(),
            closes: VecDeque::new(),
            places_closes: false,
            public_post: config.public_post,
            sink,
        };
        for (account, standing) in config.standings {
            if !venue.set_standing(&account, standing) {
                return Err(ConfigError::UnknownAccount { account });
            }
        }
        let accounts: Vec<AccountId> = venue.accounts.keys().copied().collect();
        accounts.into_iter().for_each(|account| venue.rate(account));
        Ok(venue)
    }

    /// Regards an account otherwise from now on; false if there is none of that name.
    pub(crate) fn set_standing(&mut self, name: &str, standing: Standing) -> bool {
        let mut accounts = self.accounts.values_mut();
        let known = accounts.find(|account| account.name == name);
        known.map(|account| account.standing = standing).is_some()
    }

    /// Refuses orders and changes of orders of an account that may not trade.
    pub(crate) fn check_trader(&self, account: AccountId) -> Result<(), ApiError> {
        self.accounts.get(&account).map_or(Ok(()), |account| account.standing.check_trade())
    }

    /// What a token opens, which one more connection uses from now on.
    pub(crate) fn claim_token(&mut self, token: &str, now: UnixNanos) -> Option<Grant> {
        let issued = self.tokens.unused_since(token);
        let expired = issued.is_some_and(|issued| self.faults.expires(issued, now));
        if expired {
            // For good, though the fault may end.
            self.tokens.expire(token);
            return None;
        }
        self.tokens.claim(token, now)
    }

    /// Whether the methods that read orders know one.
    pub(crate) fn shows(&self, order: &matching::Order, now: UnixNanos) -> bool {
        !self.faults.hides(order.opened_at, now)
    }

    /// The pair of a symbol.
    pub(crate) fn listed(&self, symbol: &Symbol) -> Option<&Listed> {
        self.pairs.iter().find(|listed| listed.pair.symbol() == symbol)
    }

    /// The pair under any of its REST names.
    pub(crate) fn listed_as(&self, name: &str) -> Option<&Listed> {
        self.pairs.iter().find(|listed| listed.pair.is_named(name))
    }

    /// Lets an account pay from now on what its volume gives it.
    pub(crate) fn rate(&mut self, account: AccountId) {
        let Some(state) = self.accounts.get(&account) else { return };
        for listed in &self.pairs {
            let rates = state.rates(&listed.pair);
            let done = self.exchange.set_fees(account, listed.pair.symbol(), rates);
            debug_assert!(done.is_ok(), "accounts and pairs are the exchange's");
        }
    }

    /// Lets a pair whose recorded book has ended go on with a plausible one.
    pub(crate) fn end_recording(&mut self, symbol: &Symbol) {
        let shape = self.listed(symbol).map(|listed| plausible(&listed.pair));
        if let Some(shape) = shape {
            self.exchange.end_recording(symbol, shape);
        }
    }

    /// What an amount of an asset is worth in another one at the last prices, straight or by way of the US
    /// dollar; `None` if no market tells.
    pub(crate) fn worth(&self, asset: &Asset, amount: Notional, quote: &Asset) -> Option<Notional> {
        let usd = Asset::new("USD");
        self.exchanged(asset, amount, quote).or_else(|| {
            let amount = self.exchanged(asset, amount, &usd)?;
            self.exchanged(&usd, amount, quote)
        })
    }

    /// What an amount is worth in the market of two assets, whichever is the base.
    fn exchanged(&self, asset: &Asset, amount: Notional, quote: &Asset) -> Option<Notional> {
        if asset == quote {
            return Some(amount);
        }
        let market = |base: &Asset, quote: &Asset| {
            let mut pairs = self.pairs.iter().map(|listed| &listed.pair);
            let pair = pairs.find(|p| p.base.asset == *base && p.quote.asset == *quote)?;
            self.exchange.reference_price(pair.symbol())
        };
        if let Some(price) = market(asset, quote) {
            // Eight digits of the amount are enough for a sum.
            let quantity = amount.round_to(8, model::Rounding::Down).to_quantity()?;
            return Some(Notional::of(price, quantity));
        }
        // A price has nine digits; three of them before the division keep small amounts exact enough.
        let price = i128::from(market(quote, asset)?.raw());
        let raw = amount.raw().checked_mul(1_000)?.checked_div(price)?.checked_mul(1_000_000)?;
        Some(Notional::from_raw(raw))
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

    /// Lets an iceberg show its first part, as it is after it was placed or changed.
    pub(crate) fn show_part(&mut self, id: OrderId) {
        let (Some(order), Some(details)) = (self.exchange.order(id), self.orders.get_mut(&id))
        else {
            return;
        };
        if details.facts.display.is_some() {
            details.shown_from = order.filled;
            self.exchange.set_shown(id, details.facts.display);
        }
    }

    /// Gives an accepted order its name before anything is told of it.
    pub(crate) fn name_order(&mut self, id: OrderId, facts: OrderFacts, now: UnixNanos) {
        self.by_txid.insert(facts.txid.clone(), id);
        let details = OrderDetails {
            facts,
            executions: Vec::new(),
            matches: Vec::new(),
            took: None,
            touched: now,
            shown_from: Quantity::ZERO,
            ended: None,
            amends: Vec::new(),
        };
        self.orders.insert(id, details);
        // What the exchange has forgotten is forgotten here too, now and then.
        if self.orders.len() > 2 * CLOSED_ORDERS_MAX {
            let exchange = &self.exchange;
            self.orders.retain(|id, _| exchange.order(*id).is_some());
            self.by_txid.retain(|_, id| exchange.order(*id).is_some());
            self.timers.retain(|id| exchange.order(id).is_some_and(matching::Order::is_open));
        }
    }
}

impl Account {
    fn new(config: &AccountConfig) -> Self {
        let rates = (config.maker_ppm, config.taker_ppm);
        Self {
            name: config.name.clone(),
            tier: config.tier,
            standing: Standing::default(),
            transactions: BTreeMap::new(),
            volume: config.volume,
            fixed: (rates != rates_at(config.volume)).then_some(FeeRates::of_ppm(rates.0, rates.1)),
            entries: Entries::new(&config.balances),
            assets: config.balances.keys().cloned().collect(),
            executions: VecDeque::new(),
        }
    }

    /// Its executions in one piece, oldest first.
    pub(crate) fn executions_in_order(&self) -> Vec<&(OwnExecution, UnixNanos)> {
        self.executions.iter().collect()
    }

    /// What it pays for executions of a pair.
    pub(crate) fn rates(&self, pair: &Pair) -> FeeRates {
        self.fixed.unwrap_or_else(|| {
            let (maker_ppm, taker_ppm) = pair.schedule().rates_at(self.volume);
            FeeRates::of_ppm(maker_ppm, taker_ppm)
        })
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

    /// The last price, or before the first trade the middle of the best ones.
    pub(crate) fn reference(&self) -> Option<Price> {
        let middle = || {
            let (bid, ask) = self.book.bids.first().zip(self.book.asks.first())?;
            let half = ask.price.raw().saturating_sub(bid.price.raw()) / 2;
            let middle = Price::from_raw(bid.price.raw().saturating_add(half));
            Some(middle.floor_to(self.pair.instrument.tick_size))
        };
        self.ticker.last().map(|(price, _)| price).or_else(middle)
    }

    /// Remembers the best prices, if both sides have one.
    pub(crate) fn note_spread(&mut self, at: UnixNanos) {
        if let (Some(bid), Some(ask)) = (self.book.bids.first(), self.book.asks.first()) {
            self.spreads.push(Spread { at, bid: bid.price, ask: ask.price });
        }
    }
}

/// The recorded book where there is one, else a plausible one.
fn liquidity(pair: &Pair, config: &KrakenSimConfig) -> Liquidity {
    if config.recorded_books.contains(pair.symbol()) {
        Liquidity::Recorded
    } else {
        Liquidity::Synthetic(plausible(pair))
    }
}

/// The shape of a book of whose levels each costs about as much.
fn plausible(pair: &Pair) -> SyntheticConfig {
    let raw = pair.instrument.cost_min.raw().saturating_mul(LEVEL_COSTS_MIN);
    SyntheticConfig { levels: LEVELS, level_cost: Notional::from_raw(raw) }
}

/// What is Kraken's own way to keep books.
fn rules(config: &KrakenSimConfig) -> VenueRules {
    let assets = config.pairs.iter().flat_map(|pair| [&pair.base, &pair.quote]);
    VenueRules {
        buy_holds: BuyHolds::Cost,
        waiting_orders_hold: true,
        booked_decimals: assets.map(|a| (a.asset.clone(), a.decimals)).collect(),
        own_prints_count: true,
    }
}

fn exchange_config(config: &KrakenSimConfig) -> ExchangeConfig {
    let instruments = config.pairs.iter().map(|pair| InstrumentConfig {
        instrument: pair.instrument.clone(),
        liquidity: liquidity(pair, config),
        protection_ppm: PROTECTION_PPM,
        queue: QueueModel::RiskAverse,
        slippage: Slippage::NONE,
    });
    let accounts = config.accounts.iter().map(|account| matching::AccountConfig {
        name: account.name.clone(),
        balances: account.balances.clone(),
        fees: FeeRates::of_ppm(account.maker_ppm, account.taker_ppm),
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
