//! The history of a simulated run: every event of interest, typed, in order.
//!
//! Checks, reports, snapshots and the digest read the history and nothing else. One event is one
//! line, as text for people (`Display`) and as JSON for tools (`serde`).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audit::AuditEvent;
use crate::book::{Book, Level};
use crate::decimal::Quantity;
use crate::instrument::{Asset, Symbol};
use crate::money::Notional;
use crate::order::{ClientOrderId, OrderState, Side, VenueOrderId};
use crate::trade::Fill;

/// One event, with when and where it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Position in the history, from 0, without gaps.
    pub seq: u64,
    /// Virtual time since the start of the run, nanoseconds; never falls.
    pub at_ns: u64,
    /// Host on which it happened; `world` for the simulator itself.
    pub host: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Record {
    /// Virtual time since the start of the run.
    pub const fn at(&self) -> Duration {
        Duration::from_nanos(self.at_ns)
    }
}

/// What happened, by who tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum Event {
    /// The trading system's own audit trail.
    Trader(AuditEvent),
    /// A simulated venue's books.
    Venue(VenueEvent),
    /// A simulated database's books.
    Sink(SinkEvent),
    /// The simulator.
    World(WorldEvent),
}

/// What a simulated venue did, told by the venue itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum VenueEvent {
    /// A REST request was answered.
    RequestAnswered {
        /// Method name: `AddOrder`.
        op: String,
        /// HTTP status.
        status: u16,
        /// The venue's error, if the answer is a refusal.
        error: Option<String>,
        /// How long the caller shall wait, if the answer says so; milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// A planned fault changed an answer or a stream.
    FaultStruck {
        /// Number of the fault in the plan.
        fault: u32,
    },
    /// A WebSocket session began.
    SessionOpened {
        /// Number of the connection.
        connection: u64,
    },
    /// A WebSocket session ended.
    SessionClosed {
        /// Number of the connection.
        connection: u64,
    },
    /// An order arrived, and nobody has judged it yet.
    OrderReceived {
        /// Account that sent it.
        account: String,
        /// Instrument.
        symbol: Symbol,
        /// Whether it may rest in the book; false also if it is not understood.
        rests: bool,
    },
    /// A cancel of an open order arrived, and nobody has judged it yet.
    CancelReceived {
        /// Account that owns the order.
        account: String,
        /// Instrument.
        symbol: Symbol,
        /// The order to cancel.
        venue_order_id: VenueOrderId,
    },
    /// An order changed its state or filled quantity.
    OrderChanged {
        /// Account that owns the order.
        account: String,
        /// The client's id, if it sent one.
        client_order_id: Option<ClientOrderId>,
        /// The venue's id.
        venue_order_id: VenueOrderId,
        /// State now: `Open`, `Filled`, `Cancelled` or `Rejected`.
        state: OrderState,
        /// Filled so far, base units.
        filled: Quantity,
    },
    /// An order was executed.
    Filled {
        /// Account that owns the order.
        account: String,
        /// The client's id, if it sent one.
        client_order_id: Option<ClientOrderId>,
        /// The venue's id.
        venue_order_id: VenueOrderId,
        /// Instrument.
        symbol: Symbol,
        /// Direction of the order.
        side: Side,
        /// The execution.
        fill: Fill,
    },
    /// A trade of the market went out to subscribers.
    TradePublished {
        /// Instrument.
        symbol: Symbol,
        /// Its number.
        trade_id: u64,
    },
    /// A book snapshot or update went out to subscribers.
    BookPublished {
        /// Instrument.
        symbol: Symbol,
        /// [`book_hash`] of the book that subscribers now should have.
        hash: u64,
    },
    /// What an account owns.
    Balance {
        /// The account.
        account: String,
        /// The asset.
        asset: Asset,
        /// Amount owned, reserved part included.
        total: Notional,
        /// Amount reserved by open orders.
        held: Notional,
    },
    /// The sum of an asset over all accounts, fees and the market's side.
    AssetTotal {
        /// The asset.
        asset: Asset,
        /// The sum; constant over a run.
        total: Notional,
    },
}

/// What a simulated database did, told by the database itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum SinkEvent {
    /// A request to write points was answered.
    WriteAnswered {
        /// HTTP status.
        status: u16,
        /// Points that the request brought; 0 if it could not be read.
        points: u64,
    },
    /// A point was stored. It replaces one of the same series and time.
    PointStored {
        /// What was measured.
        measurement: String,
        /// With the measurement, the series.
        tags: BTreeMap<String, String>,
        /// Values as text, without marks of their type.
        fields: BTreeMap<String, String>,
        /// Time of the point, nanoseconds since 1970.
        at: i64,
    },
}

/// What the simulator did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum WorldEvent {
    /// A part of the run begins.
    PhaseStarted {
        /// Which part.
        phase: Phase,
    },
    /// A planned fault begins.
    FaultStarted {
        /// Number of the fault in the plan.
        fault: u32,
        /// Kind and target, for people: `rest-status 503 at api.kraken.com`.
        what: String,
    },
    /// A planned fault is over.
    FaultEnded {
        /// Number of the fault in the plan.
        fault: u32,
        /// How often it really struck: answers changed, bytes or dials held back.
        struck: u64,
    },
    /// The market has no more recorded trades.
    TapeEnded,
    /// The metrics of the run, sampled: those that changed since the sample before.
    MetricsSampled {
        /// Value by name and labels, as texts: `wavetank_lane_calls_total{lane="kraken/read"}`.
        changed: BTreeMap<String, String>,
    },
    /// A host's program ended at once, in the middle of everything. Another one may start there later,
    /// which knows nothing of it.
    HostCrashed,
    /// A host's program ended.
    HostStopped {
        /// Tasks of the host that still live.
        tasks_alive: u64,
        /// Streams dialled or accepted by the host that are still open.
        sockets_open: u64,
        /// The error that ended it, if it failed.
        error: Option<String>,
    },
}

/// Part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// No faults yet.
    WarmUp,
    /// Faults strike.
    Storm,
    /// All faults are healed.
    Calm,
    /// The trader was told to stop.
    Shutdown,
}

impl Phase {
    /// Lower-case name, words joined by dashes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WarmUp => "warm-up",
            Self::Storm => "storm",
            Self::Calm => "calm",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Fingerprint of the levels of a book: FNV-1a over side, price and quantity, best levels first.
///
/// Not the venue's checksum: an oracle of its own, over every level.
pub fn book_hash(book: &Book) -> u64 {
    levels_hash(book.bids(), book.asks())
}

/// As [`book_hash`], of the levels of both sides, best ones first.
pub fn levels_hash(bids: impl Iterator<Item = Level>, asks: impl Iterator<Item = Level>) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (side, level) in bids.map(|bid| (0, bid)).chain(asks.map(|ask| (1, ask))) {
        for word in [side, level.price.raw(), level.quantity.raw()] {
            hash = mix(hash, word);
        }
    }
    hash
}

/// FNV-1a over the bytes of a word, lowest first. The zeros at its end only multiply, all at once.
fn mix(mut hash: u64, word: i64) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    /// The prime to the power of the index.
    const POWERS: [u64; 9] = {
        let mut powers = [1_u64; 9];
        let mut at = 1;
        while at < powers.len() {
            powers[at] = powers[at.saturating_sub(1)].wrapping_mul(PRIME);
            at = at.saturating_add(1);
        }
        powers
    };
    let zeros = usize::try_from(word.leading_zeros() / 8).unwrap_or(0);
    let bytes = word.to_le_bytes();
    for byte in bytes.iter().take(bytes.len().saturating_sub(zeros)) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    hash.wrapping_mul(POWERS[zeros])
}

/// `[t<ms> e<seq>] <host> <event>`.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[t{} e{}] {} {}", self.at().as_millis(), self.seq, self.host, self.event)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trader(event) => event.fmt(f),
            Self::Venue(event) => event.fmt(f),
            Self::Sink(event) => event.fmt(f),
            Self::World(event) => event.fmt(f),
        }
    }
}

impl fmt::Display for VenueEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestAnswered { op, status, error, .. } => match error {
                Some(error) => write!(f, "answered {op}: {status} {error}"),
                None => write!(f, "answered {op}: {status}"),
            },
            Self::FaultStruck { fault } => write!(f, "fault {fault} struck"),
            Self::SessionOpened { connection } => write!(f, "session {connection} opened"),
            Self::SessionClosed { connection } => write!(f, "session {connection} closed"),
            Self::OrderReceived { account, symbol, rests } => {
                let rests = if *rests { ", may rest" } else { "" };
                write!(f, "{account}: an order of {symbol} arrived{rests}")
            }
            Self::CancelReceived { account, venue_order_id, .. } => {
                write!(f, "{account}: a cancel of {venue_order_id} arrived")
            }
            Self::OrderChanged { account, client_order_id, venue_order_id, state, filled } => {
                let id = client_order_id.as_ref().map_or("-", ClientOrderId::as_str);
                write!(f, "{account}: order {venue_order_id} ({id}) is {state}, filled {filled}")
            }
            Self::Filled { account, venue_order_id, symbol, side, fill, .. } => {
                let Fill { quantity, price, .. } = fill;
                write!(f, "{account}: order {venue_order_id} {side} {quantity} {symbol} @ {price}")
            }
            Self::TradePublished { symbol, trade_id } => {
                write!(f, "trade {trade_id} of {symbol} published")
            }
            Self::BookPublished { symbol, hash } => write!(f, "book {symbol} is {hash:016x}"),
            Self::Balance { account, asset, total, held } => {
                write!(f, "{account}: {total} {asset}, {held} held")
            }
            Self::AssetTotal { asset, total } => write!(f, "in all {total} {asset}"),
        }
    }
}

impl fmt::Display for SinkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WriteAnswered { status, points } => write!(f, "{points} points: {status}"),
            Self::PointStored { measurement, tags, fields, at } => {
                write!(f, "{measurement}")?;
                for (key, value) in tags.iter().chain(fields) {
                    write!(f, " {key}={value}")?;
                }
                write!(f, " at {at}")
            }
        }
    }
}

impl fmt::Display for WorldEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhaseStarted { phase } => write!(f, "phase {}", phase.as_str()),
            Self::FaultStarted { fault, what } => write!(f, "fault {fault} begins: {what}"),
            Self::FaultEnded { fault, struck } => {
                write!(f, "fault {fault} ends, struck {struck} times")
            }
            Self::TapeEnded => f.write_str("the tape is at its end"),
            Self::MetricsSampled { changed } => write!(f, "{} metrics changed", changed.len()),
            Self::HostCrashed => f.write_str("crashed"),
            Self::HostStopped { tasks_alive, sockets_open, error } => {
                write!(f, "stopped, {tasks_alive} tasks alive, {sockets_open} sockets open")?;
                error.as_ref().map_or(Ok(()), |error| write!(f, ": {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Price;

    #[test]
    fn a_record_is_one_flat_json_object_and_one_line() {
        let record = Record {
            seq: 3,
            at_ns: 5_000_000,
            host: "trader".to_owned(),
            event: Event::Trader(AuditEvent::BookLost {
                symbol: Symbol::new("BTC/USD"),
                reason: "checksum".to_owned(),
            }),
        };
        assert_eq!(record.to_string(), "[t5 e3] trader book BTC/USD lost: checksum");
    }

    #[test]
    fn books_with_other_levels_have_another_hash() {
        let mut book = Book::new();
        let empty = book_hash(&book);
        let level = Level { price: Price::from_raw(5), quantity: Quantity::from_raw(7) };
        book.set(Side::Buy, level);
        let bid = book_hash(&book);
        book.clear();
        book.set(Side::Sell, level);
        assert!(empty != bid && bid != book_hash(&book));
    }

    #[test]
    fn a_fingerprint_is_fnv_1a_over_all_bytes() {
        let words = [0, 1, -1, 255, 256, 63_005_000_000_000, 1 << 40, i64::MAX, i64::MIN];
        for word in words {
            let plain = word.to_le_bytes().iter().fold(7, |hash: u64, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            assert_eq!(mix(7, word), plain, "{word}");
        }
        let level = |raw| Level { price: Price::from_raw(raw), quantity: Quantity::from_raw(raw) };
        let mut book = Book::new();
        book.set(Side::Buy, level(1));
        book.set(Side::Sell, level(2));
        let words = [0, 1, 1, 1, 2, 2];
        let basis = 0xcbf2_9ce4_8422_2325;
        assert_eq!(book_hash(&book), words.iter().fold(basis, |hash, word| mix(hash, *word)));
    }
}
