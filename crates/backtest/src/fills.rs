//! The executions of a run, as small as they can be told.

use model::{Liquidity, Notional, Price, Quantity, Side, UnixNanos};

use crate::log::{Log, Reader, Row};
use crate::orders::{packed, read_fee, write_fee};
use crate::record::FillRecord;

/// All executions of a run, in the venue's order: some fifteen bytes for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fills {
    log: Log,
    length: usize,
    before: FillRecord,
}

impl Default for Fills {
    fn default() -> Self {
        Self { log: Log::new(), length: 0, before: NOTHING }
    }
}

/// Before the first execution.
const NOTHING: FillRecord = FillRecord {
    ts: UnixNanos::ZERO,
    market: 0,
    bar: None,
    order: 0,
    side: Side::Buy,
    price: Price::ZERO,
    quantity: Quantity::ZERO,
    fee: Notional::ZERO,
    liquidity: Liquidity::Maker,
    cash: Notional::ZERO,
    base: Notional::ZERO,
};

impl Fills {
    /// Number of executions.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// True without an execution.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// All of them, in the venue's order.
    pub fn iter(&self) -> impl Iterator<Item = FillRecord> + '_ {
        let (mut reader, mut before) = (self.log.reader(), NOTHING);
        (0..self.length).map(move |_| {
            before = read(&mut reader, &before);
            before.clone()
        })
    }

    /// All of them as bytes: equal for equal executions.
    pub(crate) fn write_to(&self, out: impl FnMut(&[u8])) {
        self.log.bytes().for_each(out);
    }

    /// Appends one.
    pub(crate) fn push(&mut self, fill: FillRecord) {
        self.log.push(|row| write(&fill, &self.before, row));
        self.length += 1;
        self.before = fill;
    }
}

impl<'a> IntoIterator for &'a Fills {
    type Item = FillRecord;
    type IntoIter = Box<dyn Iterator<Item = FillRecord> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

/// What is owned after an execution, if nothing else happened since the one before: cash, then base.
fn expected(fill: &FillRecord, before: &FillRecord) -> [Notional; 2] {
    let cost = Notional::of(fill.price, fill.quantity).raw();
    let amount = Notional::from_quantity(fill.quantity).raw();
    let (cash, base) = (before.cash.raw().wrapping_sub(fill.fee.raw()), before.base.raw());
    let (cash, base) = match fill.side {
        Side::Buy => (cash.wrapping_sub(cost), base.wrapping_add(amount)),
        Side::Sell => (cash.wrapping_add(cost), base.wrapping_sub(amount)),
    };
    [Notional::from_raw(cash), Notional::from_raw(base)]
}

fn write(fill: &FillRecord, before: &FillRecord, row: &mut Row<'_>) {
    let [cash, base] = expected(fill, before);
    let flags = [
        fill.side == Side::Sell,
        fill.liquidity == Liquidity::Taker,
        fill.market == before.market,
        fill.quantity == before.quantity,
        fill.cash == cash,
        fill.base == base,
        fill.bar != before.bar,
        false,
    ];
    row.byte(packed(flags));
    row.signed(fill.ts.as_nanos().wrapping_sub(before.ts.as_nanos()));
    let [order, earlier] =
        [fill.order, before.order].map(|order| i64::try_from(order).expect("fewer than memory"));
    row.signed(order - earlier);
    row.signed(fill.price.raw().wrapping_sub(before.price.raw()));
    write_fee(row, fill.fee);
    if !flags[2] {
        row.unsigned(u64::try_from(fill.market).expect("few markets"));
    }
    if !flags[3] {
        row.signed(fill.quantity.raw());
    }
    if flags[6] {
        row.unsigned(fill.bar.map_or(0, |bar| bar.saturating_add(1)));
    }
    if !flags[4] {
        row.wide(fill.cash.raw());
    }
    if !flags[5] {
        row.wide(fill.base.raw());
    }
}

fn read(reader: &mut Reader<'_>, before: &FillRecord) -> FillRecord {
    let flags = reader.byte();
    let flag = |at: u32| flags & (1 << at) != 0;
    let ts = UnixNanos::from_nanos(before.ts.as_nanos().wrapping_add(reader.signed()));
    let earlier = i64::try_from(before.order).unwrap_or(0);
    let order = usize::try_from(earlier.wrapping_add(reader.signed())).unwrap_or(0);
    let price = Price::from_raw(before.price.raw().wrapping_add(reader.signed()));
    let fee = read_fee(reader);
    let market = match flag(2) {
        true => before.market,
        false => usize::try_from(reader.unsigned()).unwrap_or(0),
    };
    let quantity = if flag(3) { before.quantity } else { Quantity::from_raw(reader.signed()) };
    let bar = if flag(6) { reader.unsigned().checked_sub(1) } else { before.bar };
    let side = if flag(0) { Side::Sell } else { Side::Buy };
    let liquidity = if flag(1) { Liquidity::Taker } else { Liquidity::Maker };
    let (cash, base) = (Notional::ZERO, Notional::ZERO);
    let mut fill =
        FillRecord { ts, market, bar, order, side, price, quantity, fee, liquidity, cash, base };
    let [cash, base] = expected(&fill, before);
    fill.cash = if flag(4) { cash } else { Notional::from_raw(reader.wide()) };
    fill.base = if flag(5) { base } else { Notional::from_raw(reader.wide()) };
    fill
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_come_back_as_they_were() {
        let mut state = 5_u64;
        let mut draw = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((state >> 33) % below).expect("small")
        };
        let (mut fills, mut expected) = (Fills::default(), Vec::<FillRecord>::new());
        for at in 0..20_000_i64 {
            let before = expected.last().cloned().unwrap_or(NOTHING);
            let mut fill = FillRecord {
                ts: UnixNanos::from_nanos(at * 1_000_000_000 + draw(1_000)),
                market: usize::from(draw(9) == 0),
                bar: u64::try_from(draw(5) - 1).ok(),
                order: usize::try_from((at - draw(3)).max(0)).expect("small"),
                side: if draw(2) == 0 { Side::Buy } else { Side::Sell },
                price: Price::from_raw(draw(1 << 30) * 1_000_000),
                quantity: Quantity::from_raw(if draw(4) == 0 { 1 + draw(1 << 30) } else { 7 }),
                fee: Notional::from_raw(i128::from(draw(1 << 30) - (1 << 20)) * 1_000_000_000),
                liquidity: if draw(2) == 0 { Liquidity::Maker } else { Liquidity::Taker },
                cash: Notional::ZERO,
                base: Notional::ZERO,
            };
            [fill.cash, fill.base] = self::expected(&fill, &before);
            if draw(7) == 0 {
                fill.cash = Notional::from_raw(i128::from(draw(1 << 30)) << draw(90));
                fill.fee = Notional::from_raw(i128::from(draw(1 << 30)) << draw(60));
            }
            if draw(7) == 0 {
                fill.base = Notional::from_raw(-i128::from(draw(1 << 30)));
            }
            fills.push(fill.clone());
            expected.push(fill);
        }
        assert_eq!(fills.len(), expected.len());
        assert!(fills.iter().eq(expected));
    }
}
