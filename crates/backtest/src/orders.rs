//! The orders of a run, as small as they can be told.

mod open;

use std::collections::BTreeMap;
use std::hint::cold_path;

use engine::{OrderIds, OrderNumber};
use model::{
    ClientOrderId, NewOrder, Notional, OrderKind, OrderState, Price, Quantity, Side, Symbol,
    TimeInForce, Trigger, UnixNanos, VenueOrderId,
};

use self::open::Open;
use crate::log::{Log, Reader, Row};
use crate::record::OrderRecord;

/// Orders that are kept whole until those before them have ended. One that lives longer is kept whole for ever.
const OPEN_MAX: usize = 1_024;

/// All orders of a run, in the order in which they were sent: some twenty bytes for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orders {
    ids: OrderIds,
    symbols: Vec<Symbol>,
    log: Log,
    /// Of the last order of the log.
    last: Before,
    /// Orders that are in the log as a hole.
    late: BTreeMap<usize, Entry>,
    /// Orders behind the log.
    open: Open,
    reasons: Vec<String>,
}

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) market: usize,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) quantity: Quantity,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) reduce_only: bool,
    pub(crate) sent: UnixNanos,
    pub(crate) arrived: Option<UnixNanos>,
    pub(crate) ended: Option<UnixNanos>,
    /// The venue's number, zero without one.
    pub(crate) number: u64,
    pub(crate) state: OrderState,
    pub(crate) filled: Quantity,
    pub(crate) cost: Notional,
    pub(crate) fee: Notional,
    /// Place of the reason, from 1; zero without one.
    reason: u64,
}

/// What the row of an order needs to know of the order before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Before {
    market: usize,
    quantity: Quantity,
    sent: i64,
    number: u64,
    price: i64,
}

impl Before {
    /// Before the first order.
    const NOTHING: Self =
        Self { market: 0, quantity: Quantity::ZERO, sent: 0, number: 0, price: 0 };
}

/// The engine's number of the order at a place.
pub(crate) fn number_at(place: usize) -> OrderNumber {
    OrderNumber::new(u64::try_from(place).expect("fewer orders than memory") + 1)
}

/// The place of the order of the engine's number.
pub(crate) fn place_of(number: OrderNumber) -> usize {
    usize::try_from(number.get() - 1).expect("fewer orders than memory")
}

impl Entry {
    /// Becomes an order that leaves, each part written in its place: a processor waits where it moves what was just
    /// written.
    fn send(&mut self, order: &NewOrder, of: usize, now: UnixNanos) {
        let Self {
            market,
            side,
            kind,
            quantity,
            time_in_force,
            reduce_only,
            sent,
            arrived,
            ended,
            number,
            state,
            filled,
            cost,
            fee,
            reason,
        } = self;
        (*market, *side, *kind, *quantity) = (of, order.side, order.kind, order.quantity);
        (*time_in_force, *reduce_only) = (order.time_in_force, order.reduce_only);
        (*sent, *arrived, *ended) = (now, None, None);
        (*number, *state) = (0, OrderState::Submitting);
        (*filled, *cost, *fee) = (Quantity::ZERO, Notional::ZERO, Notional::ZERO);
        *reason = 0;
    }

    /// Before the first order.
    const NOTHING: Self = Self {
        market: 0,
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity: Quantity::ZERO,
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
        sent: UnixNanos::ZERO,
        arrived: None,
        ended: None,
        number: 0,
        state: OrderState::Created,
        filled: Quantity::ZERO,
        cost: Notional::ZERO,
        fee: Notional::ZERO,
        reason: 0,
    };

    /// Its price or its trigger, and the limit behind a trigger.
    const fn prices(&self) -> [i64; 2] {
        match self.kind {
            OrderKind::Market => [0, 0],
            OrderKind::Limit { price, .. } => [price.raw(), 0],
            OrderKind::Triggered { price, limit, .. } => {
                [price.raw(), if let Some(limit) = limit { limit.raw() } else { 0 }]
            }
        }
    }

    /// What the row of the next order needs.
    const fn before(&self) -> Before {
        let Self { market, quantity, number, .. } = *self;
        let [price, _] = self.prices();
        Before { market, quantity, sent: self.sent.as_nanos(), number, price }
    }

    /// What it cost if all that was filled was filled at its price.
    fn cost_at_price(&self) -> Notional {
        Notional::of(Price::from_raw(self.prices()[0]), self.filled)
    }

    /// Enters itself in a log, as what differs from the order before.
    fn log(&self, before: &Before, log: &mut Log) {
        log.push(|row| self.write(before, row));
    }

    fn write(&self, before: &Before, row: &mut Row<'_>) {
        row.byte(self.what());
        let totals = !self.filled.is_zero() || !self.cost.is_zero() || !self.fee.is_zero();
        let flags = [
            self.arrived.is_some(),
            self.ended.is_some(),
            self.number == before.number + 1,
            self.market == before.market,
            self.quantity == before.quantity,
            totals,
            self.filled == self.quantity,
            self.cost == self.cost_at_price(),
        ];
        row.byte(packed(flags));
        row.byte(code(self.state) | if self.reason > 0 { 8 } else { 0 });
        let sent = self.sent.as_nanos();
        row.signed(sent.wrapping_sub(before.sent));
        let arrived = self.arrived.map_or(sent, UnixNanos::as_nanos);
        if self.arrived.is_some() {
            row.signed(arrived.wrapping_sub(sent));
        }
        if let Some(ended) = self.ended {
            row.signed(ended.as_nanos().wrapping_sub(arrived));
        }
        if !flags[2] {
            row.unsigned(self.number);
        }
        if !flags[3] {
            row.unsigned(u64::try_from(self.market).expect("few markets"));
        }
        if !flags[4] {
            row.signed(self.quantity.raw());
        }
        if self.kind != OrderKind::Market {
            let [price, limit] = self.prices();
            row.signed(price.wrapping_sub(before.price));
            if matches!(self.kind, OrderKind::Triggered { limit: Some(_), .. }) {
                row.signed(limit);
            }
        }
        if totals {
            if !flags[6] {
                row.signed(self.filled.raw());
            }
            if !flags[7] {
                row.wide(self.cost.raw());
            }
            write_fee(row, self.fee);
        }
        if self.reason > 0 {
            row.unsigned(self.reason);
        }
    }

    /// Side, life and kind in one byte.
    const fn what(&self) -> u8 {
        let life = match self.time_in_force {
            TimeInForce::Gtc => 0,
            TimeInForce::Ioc => 1,
            TimeInForce::Fok => 2,
        };
        let kind = match self.kind {
            OrderKind::Market => 0,
            OrderKind::Limit { post_only: false, .. } => 1,
            OrderKind::Limit { post_only: true, .. } => 2,
            OrderKind::Triggered { trigger: Trigger::StopLoss, limit: None, .. } => 3,
            OrderKind::Triggered { trigger: Trigger::StopLoss, limit: Some(_), .. } => 4,
            OrderKind::Triggered { trigger: Trigger::TakeProfit, limit: None, .. } => 5,
            OrderKind::Triggered { trigger: Trigger::TakeProfit, limit: Some(_), .. } => 6,
        };
        let side = match self.side {
            Side::Buy => 0,
            Side::Sell => 1,
        };
        kind | life << 3 | side << 5 | (self.reduce_only as u8) << 6
    }

    /// Reads what [`Entry::write`] wrote; `None` for a hole.
    fn read(reader: &mut Reader<'_>, before: &Before) -> Option<Self> {
        let what = reader.byte();
        if what == HOLE {
            return None;
        }
        let flags = reader.byte();
        let flag = |at: u32| flags & (1 << at) != 0;
        let state = reader.byte();
        let after = |from: i64, by: i64| UnixNanos::from_nanos(from.wrapping_add(by));
        let sent = after(before.sent, reader.signed());
        let arrived = flag(0).then(|| after(sent.as_nanos(), reader.signed()));
        let ended = flag(1).then(|| after(arrived.unwrap_or(sent).as_nanos(), reader.signed()));
        let number = if flag(2) { before.number + 1 } else { reader.unsigned() };
        let market = match flag(3) {
            true => before.market,
            false => usize::try_from(reader.unsigned()).unwrap_or(0),
        };
        let quantity = if flag(4) { before.quantity } else { Quantity::from_raw(reader.signed()) };
        let kind = read_kind(what & 7, reader, before.price);
        let mut entry = Self {
            market,
            side: if what & 32 == 0 { Side::Buy } else { Side::Sell },
            kind,
            quantity,
            time_in_force: match what >> 3 & 3 {
                0 => TimeInForce::Gtc,
                1 => TimeInForce::Ioc,
                _ => TimeInForce::Fok,
            },
            reduce_only: what & 64 != 0,
            sent,
            arrived,
            ended,
            number,
            state: STATES[usize::from(state & 7)],
            ..Self::NOTHING
        };
        if flag(5) {
            entry.filled = if flag(6) { quantity } else { Quantity::from_raw(reader.signed()) };
            entry.cost = match flag(7) {
                true => entry.cost_at_price(),
                false => Notional::from_raw(reader.wide()),
            };
            entry.fee = read_fee(reader);
        }
        entry.reason = if state & 8 == 0 { 0 } else { reader.unsigned() };
        Some(entry)
    }
}

/// First byte of an order that is kept elsewhere.
const HOLE: u8 = 0xff;

const STATES: [OrderState; 8] = [
    OrderState::Created,
    OrderState::Submitting,
    OrderState::Unknown,
    OrderState::Open,
    OrderState::Filled,
    OrderState::Cancelled,
    OrderState::Rejected,
    OrderState::NotPlaced,
];

/// Place among [`STATES`].
const fn code(state: OrderState) -> u8 {
    match state {
        OrderState::Created => 0,
        OrderState::Submitting => 1,
        OrderState::Unknown => 2,
        OrderState::Open => 3,
        OrderState::Filled => 4,
        OrderState::Cancelled => 5,
        OrderState::Rejected => 6,
        OrderState::NotPlaced => 7,
    }
}

/// Eight flags in one byte, the first one lowest.
pub(crate) fn packed(flags: [bool; 8]) -> u8 {
    flags.iter().rev().fold(0, |byte, flag| byte << 1 | u8::from(*flag))
}

/// Fees are rounded to few digits: without the zeros behind, they are short.
const FEE_STEP: i64 = 1_000_000_000;

pub(crate) fn write_fee(row: &mut Row<'_>, fee: Notional) {
    let (short, rest) = match i64::try_from(fee.raw()) {
        Ok(raw) => (i128::from(raw / FEE_STEP), i128::from(raw % FEE_STEP)),
        Err(_) => (fee.raw() / i128::from(FEE_STEP), fee.raw() % i128::from(FEE_STEP)),
    };
    row.wide(short);
    row.signed(i64::try_from(rest).expect("below a step"));
}

pub(crate) fn read_fee(reader: &mut Reader<'_>) -> Notional {
    let short = reader.wide();
    Notional::from_raw(short * i128::from(FEE_STEP) + i128::from(reader.signed()))
}

fn read_kind(kind: u8, reader: &mut Reader<'_>, before: i64) -> OrderKind {
    if kind == 0 {
        return OrderKind::Market;
    }
    let price = Price::from_raw(before.wrapping_add(reader.signed()));
    if kind < 3 {
        return OrderKind::Limit { price, post_only: kind == 2 };
    }
    let trigger = if kind < 5 { Trigger::StopLoss } else { Trigger::TakeProfit };
    let limit = kind.is_multiple_of(2).then(|| Price::from_raw(reader.signed()));
    OrderKind::Triggered { trigger, price, limit }
}

impl Orders {
    /// No orders yet, in markets of these symbols.
    pub(crate) const fn new(ids: OrderIds, symbols: Vec<Symbol>) -> Self {
        Self {
            ids,
            symbols,
            log: Log::new(),
            last: Before::NOTHING,
            late: BTreeMap::new(),
            open: Open::new(),
            reasons: Vec::new(),
        }
    }

    /// Number of orders.
    pub fn len(&self) -> usize {
        self.open.to()
    }

    /// True without an order.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Our name of the order at a place.
    pub fn id(&self, place: usize) -> ClientOrderId {
        self.ids.id(number_at(place).get())
    }

    /// All of them, in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = OrderRecord> {
        self.entries().enumerate().map(|(place, entry)| self.whole(place, &entry))
    }

    /// Everything that is known of them, as bytes: equal for equal orders.
    pub(crate) fn write_to(&self, mut out: impl FnMut(&[u8])) {
        self.log.bytes().for_each(&mut out);
        let mut whole = Log::new();
        for entry in self.late.values().chain(self.open.iter()) {
            entry.log(&Before::NOTHING, &mut whole);
        }
        whole.bytes().for_each(&mut out);
        self.reasons.iter().for_each(|reason| out(reason.as_bytes()));
    }

    /// All of them, as they are kept.
    fn entries(&self) -> impl Iterator<Item = Entry> {
        let (mut reader, mut before) = (self.log.reader(), Before::NOTHING);
        let logged =
            (0..self.open.from()).map(move |place| match Entry::read(&mut reader, &before) {
                Some(entry) => {
                    before = entry.before();
                    entry
                }
                None => self.late[&place],
            });
        logged.chain(self.open.iter().copied())
    }

    fn whole(&self, place: usize, entry: &Entry) -> OrderRecord {
        let reason = usize::try_from(entry.reason).ok().and_then(|at| at.checked_sub(1));
        OrderRecord {
            request: NewOrder {
                client_order_id: self.id(place),
                symbol: self.symbols[entry.market].clone(),
                side: entry.side,
                kind: entry.kind,
                quantity: entry.quantity,
                time_in_force: entry.time_in_force,
                reduce_only: entry.reduce_only,
            },
            sent: entry.sent,
            arrived: entry.arrived,
            ended: entry.ended,
            venue_order_id: (entry.number > 0).then(|| VenueOrderId::of_number(entry.number)),
            state: entry.state,
            filled: entry.filled,
            cost: entry.cost,
            fee: entry.fee,
            reason: reason.map(|at| self.reasons[at].clone()),
        }
    }

    /// Enters an order that leaves; returns its place.
    pub(crate) fn push(&mut self, order: &NewOrder, market: usize, now: UnixNanos) -> usize {
        if self.open.len() == OPEN_MAX {
            self.write_first();
        }
        self.open.push().send(order, market, now);
        self.len() - 1
    }

    /// An order that has not ended.
    pub(crate) fn get(&self, place: usize) -> Option<&Entry> {
        self.open.get(place).or_else(|| {
            cold_path();
            self.late.get(&place)
        })
    }

    /// An order that has not ended.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Entry> {
        self.open.get_mut(place).or_else(|| {
            cold_path();
            self.late.get_mut(&place)
        })
    }

    /// Notes how an order ended.
    pub(crate) fn end(
        &mut self,
        place: usize,
        state: OrderState,
        now: UnixNanos,
        why: Option<&str>,
    ) {
        let reason = why.map_or(0, |why| self.reason(why));
        if let Some(entry) = self.get_mut(place) {
            entry.arrived.get_or_insert(now);
            (entry.ended, entry.state, entry.reason) = (Some(now), state, reason);
        }
        while self.open.first().is_some_and(|entry| entry.ended.is_some()) {
            self.write_first();
        }
    }

    /// The place of a reason, from 1. There are few.
    fn reason(&mut self, why: &str) -> u64 {
        let known = self.reasons.iter().position(|known| known == why);
        let at = known.unwrap_or_else(|| {
            self.reasons.push(why.to_owned());
            self.reasons.len() - 1
        });
        u64::try_from(at).expect("few reasons") + 1
    }

    /// Writes the first order that is kept whole.
    fn write_first(&mut self) {
        let Some(entry) = self.open.first() else { return };
        if entry.ended.is_some() {
            entry.log(&self.last, &mut self.log);
            self.last = entry.before();
        } else {
            cold_path();
            self.log.push(|row| row.byte(HOLE));
            self.late.insert(self.open.from(), *entry);
        }
        self.open.pop();
    }
}

#[cfg(test)]
mod tests;
