//! Books of recordings that show every order: rows out of messages, proven by a checksum over the orders.

use std::collections::BTreeMap;
use std::mem;

use model::{Price, Quantity, Side, UnixNanos};

use super::book::At;
use crate::delimited::Parsed;
use crate::row::OrderRow;

/// Levels of each side that the checksum covers, whatever the depth.
const CHECKED_LEVELS: usize = 10;

/// Depths that Kraken offers.
const DEPTHS: [usize; 3] = [10, 100, 1_000];

/// Orders of a book in one message.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) snapshot: bool,
    pub(super) orders: Vec<WireOrder>,
    /// CRC32 of the book behind the message, where it is told.
    pub(super) sum: Option<u32>,
}

/// What became of an order.
#[derive(Debug)]
pub(super) struct WireOrder {
    pub(super) id: String,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    /// The digits that the checksum covers.
    pub(super) digits: String,
    pub(super) event: Event,
    /// When it got or changed its place.
    pub(super) ts: UnixNanos,
}

/// What a message says of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Add,
    Modify,
    Delete,
}

/// An order that stands in the book.
#[derive(Debug)]
struct Standing {
    id: String,
    number: u64,
    since: UnixNanos,
    quantity: Quantity,
    digits: String,
}

/// The book of the one market that is read, order by order.
#[derive(Debug, Default)]
pub(super) struct OrderBook {
    /// By price, first come first.
    bids: BTreeMap<Price, Vec<Standing>>,
    asks: BTreeMap<Price, Vec<Standing>>,
    /// Where each order stands.
    places: BTreeMap<String, (Side, Price)>,
    depth: Option<usize>,
    /// Orders that were numbered so far.
    numbered: u64,
    /// True from the first snapshot on, or since its absence was told.
    begun: bool,
    /// Something is not as it should be: the next row tells.
    owed: bool,
    /// Time of the newest message.
    newest: UnixNanos,
}

impl OrderBook {
    /// Kraken will send so many levels.
    pub(super) const fn agree(&mut self, depth: usize) {
        self.depth = Some(depth);
    }

    /// Levels of a side that the venue sends at most, where that is known.
    pub(super) fn shown(&self) -> Option<u32> {
        self.depth.and_then(|depth| u32::try_from(depth).ok())
    }

    /// Takes a message; its rows, if any, go to the end of `out`.
    pub(super) fn take(&mut self, mut at: At, message: Orders, out: &mut Parsed) {
        at.ts = at.ts.max(self.newest);
        self.newest = at.ts;
        let (snapshot, first) = (message.snapshot, out.rows.orders.len());
        if snapshot {
            self.bids.clear();
            self.asks.clear();
            self.places.clear();
        } else if !self.begun {
            self.owed = true;
        }
        self.begun = true;
        let mut rows = Rows { at, snapshot, first, out };
        for order in message.orders {
            self.change(order, &mut rows);
        }
        if snapshot && self.depth.is_none() {
            // Nobody recorded what was agreed: the smallest depth that holds the snapshot.
            let levels = self.bids.len().max(self.asks.len());
            self.depth = DEPTHS.into_iter().find(|depth| *depth >= levels);
        }
        self.cut(&mut rows);
        if out.rows.orders.len() == first {
            return;
        }
        if mem::take(&mut self.owed) {
            out.broken.push(first);
        }
        if message.sum.is_some_and(|sum| sum != self.sum()) {
            out.mismatched.push(first);
        }
    }

    fn change(&mut self, order: WireOrder, rows: &mut Rows<'_>) {
        let known = self.places.get(&order.id).copied();
        match (order.event, known) {
            (Event::Add, None) => self.add(order, rows),
            (Event::Add | Event::Modify, Some(_)) => {
                // What is added twice was missed when it went.
                self.owed |= order.event == Event::Add;
                if !self.shrink(&order, rows) {
                    self.remove(&order.id, rows);
                    self.add(order, rows);
                }
            }
            (Event::Modify, None) => {
                self.owed = true;
                self.add(order, rows);
            }
            (Event::Delete, Some(_)) => self.remove(&order.id, rows),
            (Event::Delete, None) => self.owed = true,
        }
    }

    /// Puts an order behind the others at its price.
    fn add(&mut self, order: WireOrder, rows: &mut Rows<'_>) {
        if !order.quantity.is_positive() {
            return;
        }
        self.numbered += 1;
        let WireOrder { id, side, price, quantity, digits, ts, .. } = order;
        // Those that come into sight again have been there before.
        let since = ts.min(rows.at.ts);
        let number = self.numbered;
        self.places.insert(id.clone(), (side, price));
        let standing = Standing { id, number, since, quantity, digits };
        rows.push(side, price, quantity, &standing);
        self.side(side).entry(price).or_default().push(standing);
    }

    /// Lets an order keep its place with no more than it has, if that is what became of it.
    fn shrink(&mut self, order: &WireOrder, rows: &mut Rows<'_>) -> bool {
        let Some((side, price)) = self.places.get(&order.id).copied() else { return false };
        let is_less = |known: &Standing| {
            order.quantity.is_positive()
                && order.quantity <= known.quantity
                && (side, price) == (order.side, order.price)
        };
        let mut known = self.side(side).get_mut(&price).into_iter().flatten();
        let known = known.find(|known| known.id == order.id);
        let Some(known) = known.filter(|known| is_less(known)) else { return false };
        known.quantity = order.quantity;
        known.digits.clone_from(&order.digits);
        rows.push(side, price, order.quantity, known);
        true
    }

    fn remove(&mut self, id: &str, rows: &mut Rows<'_>) {
        let Some((side, price)) = self.places.remove(id) else { return };
        let levels = self.side(side);
        let Some(level) = levels.get_mut(&price) else { return };
        if let Some(at) = level.iter().position(|known| known.id == id) {
            rows.push(side, price, Quantity::ZERO, &level.remove(at));
        }
        if level.is_empty() {
            levels.remove(&price);
        }
    }

    /// Takes away what lies deeper than agreed: Kraken does not say when it goes.
    fn cut(&mut self, rows: &mut Rows<'_>) {
        let Some(depth) = self.depth else { return };
        for side in [Side::Buy, Side::Sell] {
            while self.side(side).len() > depth {
                let worst = match side {
                    Side::Buy => self.bids.pop_first(),
                    Side::Sell => self.asks.pop_last(),
                };
                let Some((price, level)) = worst else { break };
                for standing in level {
                    self.places.remove(&standing.id);
                    rows.push(side, price, Quantity::ZERO, &standing);
                }
            }
        }
    }

    const fn side(&mut self, side: Side) -> &mut BTreeMap<Price, Vec<Standing>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// CRC32 over the digits of all orders of the best asks, then of the best bids, first come first.
    fn sum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let asks = self.asks.values().take(CHECKED_LEVELS);
        for standing in asks.chain(self.bids.values().rev().take(CHECKED_LEVELS)).flatten() {
            hasher.update(standing.digits.as_bytes());
        }
        hasher.finalize()
    }
}

/// The rows of one message.
struct Rows<'o> {
    at: At,
    snapshot: bool,
    /// Place of the first one.
    first: usize,
    out: &'o mut Parsed,
}

impl Rows<'_> {
    fn push(&mut self, side: Side, price: Price, quantity: Quantity, of: &Standing) {
        let At { ts, received: local_ts, line } = self.at;
        let begins = self.out.rows.orders.len() == self.first;
        let (since, order, snapshot) = (of.since, of.number, self.snapshot);
        self.out.rows.orders.push(OrderRow {
            ts,
            local_ts,
            since,
            side,
            price,
            quantity,
            order,
            begins,
            snapshot,
        });
        self.out.lines.push(line);
    }
}
