//! What the private methods tell of an account: balances, orders in full, executions, ledgers, fees.

use std::collections::BTreeMap;
use std::fmt;

use model::{
    Asset, Fill, Liquidity, Notional, OrderReport, Price, Quantity, Side, Symbol, UnixNanos,
    VenueOrderId,
};

use super::names;

/// What an account has of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// All of it, what is held for open orders included.
    pub total: Notional,
    /// Held for open orders.
    pub held: Notional,
    /// Line of credit; zero without one.
    pub credit: Notional,
    /// What of the credit is used.
    pub credit_used: Notional,
}

impl Balance {
    /// What an order may use: total and unused credit, less what is held; `None` out of range.
    pub fn available(&self) -> Option<Notional> {
        let credit = self.credit.checked_sub(self.credit_used)?;
        self.total.checked_add(credit)?.checked_sub(self.held)
    }
}

/// What an account is worth in one asset, and what its margin positions do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeBalance {
    /// Worth of all currencies together.
    pub equivalent: Notional,
    /// Worth of those that count as collateral.
    pub trade: Notional,
    /// Margin that open positions use.
    pub margin_used: Notional,
    /// Profit of open positions that is not realised; negative for a loss.
    pub unrealized: Notional,
    /// What open positions cost.
    pub cost_basis: Notional,
    /// What open positions are worth now.
    pub valuation: Notional,
    /// Trade balance and unrealised profit together.
    pub equity: Notional,
    /// Margin for new positions: equity less the margin in use.
    pub margin_free: Notional,
    /// Equity in percent of the margin in use; `None` without positions.
    pub margin_level: Option<Notional>,
}

/// A pair as an answer names it, which depends on the method: `XXBTZUSD`, `XBTUSD`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairName(String);

impl PairName {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// True when it is a name of this pair.
    pub fn is(&self, symbol: &Symbol) -> bool {
        names::names(&self.0, symbol)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an order stands, in Kraken's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderStatus {
    /// Accepted, not in the book yet.
    Pending,
    /// In the book, or waiting for its trigger.
    Open,
    /// Filled.
    Closed,
    /// Cancelled, perhaps partly filled.
    Canceled,
    /// Its time was over; perhaps partly filled.
    Expired,
    /// A word that we do not know.
    Other(String),
}

impl OrderStatus {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "open" => Self::Open,
            "closed" => Self::Closed,
            "canceled" => Self::Canceled,
            "expired" => Self::Expired,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// An order with everything that REST tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDetails {
    /// Ids, state and totals, in the words of this program.
    pub report: OrderReport,
    /// State, in Kraken's.
    pub status: OrderStatus,
    /// The number that whoever placed it gave it; zero and nothing are the same.
    pub userref: Option<i32>,
    /// Its pair.
    pub pair: PairName,
    /// Direction; `None` for a word that we do not know.
    pub side: Option<Side>,
    /// Kind in Kraken's words: `limit`, `stop-loss-limit`.
    pub kind: String,
    /// Limit or trigger, as it is written: a distance while a trailing order waits. `0` of a market order.
    pub price: String,
    /// Limit after the trigger, as `price`; `0` of others.
    pub second_price: String,
    /// The sentence in which Kraken describes it: `buy 1.25000000 XBTUSD @ limit 30010.0`.
    pub description: String,
    /// The sentence about the order that follows when it is filled; empty without one.
    pub close: String,
    /// Leverage as it is written: `none`, `2:1`.
    pub leverage: String,
    /// Base units asked for; quote units of a market buy by cost, which `flags` tells with `viqc`.
    pub quantity: Notional,
    /// Average price of what was filled; zero before that.
    pub average_price: Notional,
    /// `post`, `fciq` and the like.
    pub flags: Vec<String>,
    /// `gtc`, `ioc` and the like; empty where not told.
    pub time_in_force: String,
    /// What happened to it, in Kraken's words: `stopped`, `touched`, `amended`.
    pub misc: Vec<String>,
    /// When it was placed.
    pub opened_at: UnixNanos,
    /// When it takes effect, if later.
    pub starts_at: Option<UnixNanos>,
    /// When it ends by itself, if it does.
    pub expires_at: Option<UnixNanos>,
    /// When it ended, if it has.
    pub closed_at: Option<UnixNanos>,
    /// Ids of its executions, if they were asked for.
    pub trades: Vec<String>,
}

/// One execution of one of our orders, as the history of an account tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTrade {
    /// Id of the execution: `TCCCTY-WE2O6-P3NB37`.
    pub id: String,
    /// The order.
    pub order: VenueOrderId,
    /// Its pair.
    pub pair: PairName,
    /// When it happened.
    pub at: UnixNanos,
    /// Direction; `None` for a word that we do not know.
    pub side: Option<Side>,
    /// Price.
    pub price: Price,
    /// Base units.
    pub quantity: Quantity,
    /// Quote units, without the fee.
    pub cost: Notional,
    /// Fee, quote units.
    pub fee: Notional,
    /// Margin, quote units; zero without.
    pub margin: Notional,
    /// Number of the trade in its pair, which public trades share; not told of old ones.
    pub trade_id: Option<u64>,
    /// Maker or taker; not told of old ones.
    pub liquidity: Option<Liquidity>,
    /// Ids of its entries in the ledger, if they were asked for.
    pub ledgers: Vec<String>,
}

impl OwnTrade {
    /// As the execution of an order; `None` of one so old that it has no number.
    pub fn fill(&self) -> Option<Fill> {
        Some(Fill {
            trade_id: self.trade_id?,
            price: self.price,
            quantity: self.quantity,
            fee: self.fee,
            liquidity: self.liquidity.unwrap_or(Liquidity::Taker),
        })
    }
}

/// One change of a balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Id of the entry: `L4UESK-KG3EQ-UFO4T5`.
    pub id: String,
    /// What it belongs to: the execution of a trade.
    pub reference: String,
    /// When it was made.
    pub at: UnixNanos,
    /// Why, in Kraken's words: `trade`, `deposit`, `rollover`.
    pub kind: String,
    /// Of what.
    pub asset: Asset,
    /// By how much, fee not counted; negative for less.
    pub amount: Notional,
    /// What was paid for it.
    pub fee: Notional,
    /// What was left; not told while the change is under way.
    pub balance: Option<Notional>,
}

/// An open margin position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its id; several in one have none.
    pub id: Option<String>,
    /// The order that opened it; several in one have none.
    pub order: Option<VenueOrderId>,
    /// Its pair.
    pub pair: PairName,
    /// Long or short, as buy or sell; `None` for a word that we do not know.
    pub side: Option<Side>,
    /// Quote units that it cost.
    pub cost: Notional,
    /// Fees, quote units.
    pub fee: Notional,
    /// Base units.
    pub quantity: Quantity,
    /// Base units that are closed already.
    pub closed: Quantity,
    /// Margin at its begin, quote units.
    pub margin: Notional,
    /// What it is worth now, quote units, if that was told.
    pub value: Option<Notional>,
    /// Its profit so far, quote units, negative for a loss, if that was told.
    pub net: Option<Notional>,
}

/// What trading costs an account, by what it traded in 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fees {
    /// In what the volume is counted.
    pub currency: Asset,
    /// What was traded in 30 days.
    pub volume: Notional,
    /// The fees of each pair that was asked for.
    pub pairs: BTreeMap<Symbol, PairFees>,
}

/// Fees of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairFees {
    /// Of an order that takes.
    pub taker: FeeTier,
    /// Of an order that rests; `None` where it is the same.
    pub maker: Option<FeeTier>,
}

/// A step of a table of fees. Fees are in percent of the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeTier {
    /// Fee now.
    pub percent: Notional,
    /// Lowest fee that there is.
    pub percent_min: Notional,
    /// Highest fee that there is.
    pub percent_max: Notional,
    /// The next step: from which volume on, and its fee. `None` on the last one.
    pub next: Option<(Notional, Notional)>,
}

/// A part of a history: what is later than `after` and not later than `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// Begin, itself not in it; `None` for the account's first day.
    pub after: Option<UnixNanos>,
    /// End, itself in it; `None` for now.
    pub until: Option<UnixNanos>,
}

impl Period {
    /// All from an instant on, itself not counted.
    pub const fn after(at: UnixNanos) -> Self {
        Self { after: Some(at), until: None }
    }

    pub(crate) fn contains(&self, at: UnixNanos) -> bool {
        self.after.is_none_or(|after| at > after) && self.until.is_none_or(|until| at <= until)
    }
}

/// Rows that several requests have brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T, N> {
    /// The rows, each once.
    pub rows: Vec<T>,
    /// Where to go on, if the bound was reached before the end; `None` when these are all.
    pub next: Option<N>,
}

/// What a history lists: every row has an id and a time.
pub(crate) trait Listed {
    fn id(&self) -> &str;
    fn at(&self) -> UnixNanos;
}

impl Listed for OwnTrade {
    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> UnixNanos {
        self.at
    }
}

impl Listed for LedgerEntry {
    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> UnixNanos {
        self.at
    }
}

/// By the time of its end.
impl Listed for OrderDetails {
    fn id(&self) -> &str {
        self.report.venue_order_id.as_str()
    }

    fn at(&self) -> UnixNanos {
        self.closed_at.unwrap_or(self.opened_at)
    }
}
