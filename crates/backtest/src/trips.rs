//! Fills paired to round trips, first in first out.
//!
//! A position is what was bought since the start less what was sold, as the strategy sees it, whatever the account owned
//! before: that has no price at which it was entered. So who sells what a spot account began with is short of it, and
//! buying it back ends a trip of negative size.

use std::collections::{BTreeMap, VecDeque};

use model::{Notional, Price, Quantity, Side, UnixNanos};

use crate::record::FillRecord;

/// A position, or a part of one, from its entry to its exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundTrip {
    /// Number of the market.
    pub market: usize,
    /// Base units; negative for a short one, in a spot account of what it owned at the start.
    pub size: Quantity,
    /// When it was entered: the first fill.
    pub entry_ts: UnixNanos,
    /// When it was left: the last fill.
    pub exit_ts: UnixNanos,
    /// Number of the bar in which it was entered, where there are bars.
    pub entry_bar: Option<u64>,
    /// Number of the bar in which it was left.
    pub exit_bar: Option<u64>,
    /// Place of the order that entered.
    pub entry_order: usize,
    /// Place of the order that left.
    pub exit_order: usize,
    /// Average price of the entry, rounded half up.
    pub entry_price: Price,
    /// Average price of the exit, rounded half up.
    pub exit_price: Price,
    /// What it gained, after fees.
    pub pnl: Notional,
    /// Fees of entry and exit. Of a fill that belongs to several trips, each bears its share by
    /// quantity, rounded down; the last one bears the rest.
    pub fees: Notional,
}

/// A part of a position that is still open.
#[derive(Debug)]
struct Lot {
    size: Quantity,
    ts: UnixNanos,
    bar: Option<u64>,
    order: usize,
    cost: Notional,
    fee: Notional,
}

/// What is open of one market.
#[derive(Debug, Default)]
struct Open {
    lots: VecDeque<Lot>,
    /// Place of the market's last trip.
    last: Option<usize>,
}

/// Pairs the fills of each market, the oldest open lot first.
///
/// Fills of one order that make one lot larger are one lot, and fills of one order that close one lot
/// are one trip. What is open at the end is no trip.
pub fn round_trips(fills: impl IntoIterator<Item = FillRecord>) -> Vec<RoundTrip> {
    let mut open: BTreeMap<usize, Open> = BTreeMap::new();
    let mut trips: Vec<Trip> = Vec::new();
    for fill in fills {
        let Open { lots, last } = open.entry(fill.market).or_default();
        let mut left = Lot {
            size: match fill.side {
                Side::Buy => fill.quantity,
                Side::Sell => fill.quantity.negated(),
            },
            ts: fill.ts,
            bar: fill.bar,
            order: fill.order,
            cost: Notional::of(fill.price, fill.quantity),
            fee: fill.fee,
        };
        while let Some(lot) = lots.front_mut()
            && lot.size.is_positive() != left.size.is_positive()
        {
            let size = abs(lot.size).min(abs(left.size));
            let (entry, exit) = (lot.split(size), left.split(size));
            if lot.size.is_zero() {
                lots.pop_front();
            }
            let known = last.and_then(|at| trips.get_mut(at));
            match known.filter(|trip| trip.continues(&entry, &exit)) {
                Some(trip) => trip.grow(&entry, &exit),
                None => {
                    *last = Some(trips.len());
                    trips.push(Trip { market: fill.market, entry, exit });
                }
            }
            if left.size.is_zero() {
                break;
            }
        }
        if left.size.is_zero() {
            continue;
        }
        match lots.back_mut().filter(|lot| lot.order == left.order) {
            Some(lot) => lot.add(&left),
            None => lots.push_back(left),
        }
    }
    trips.iter().map(Trip::finish).collect()
}

/// An entry with its exit, of equal size and opposite sign.
struct Trip {
    market: usize,
    entry: Lot,
    exit: Lot,
}

impl Trip {
    fn continues(&self, entry: &Lot, exit: &Lot) -> bool {
        self.entry.order == entry.order && self.exit.order == exit.order
    }

    fn grow(&mut self, entry: &Lot, exit: &Lot) {
        self.entry.add(entry);
        self.exit.add(exit);
        (self.exit.ts, self.exit.bar) = (exit.ts, exit.bar);
    }

    fn finish(&self) -> RoundTrip {
        let Self { market, entry, exit } = self;
        let gained = if entry.size.is_positive() {
            exit.cost.checked_sub(entry.cost)
        } else {
            entry.cost.checked_sub(exit.cost)
        };
        let fees = sum(entry.fee, exit.fee);
        let price = |lot: &Lot| {
            let size = abs(lot.size);
            lot.cost.price_per(size, Price::DECIMALS).unwrap_or_default()
        };
        RoundTrip {
            market: *market,
            size: entry.size,
            entry_ts: entry.ts,
            exit_ts: exit.ts,
            entry_bar: entry.bar,
            exit_bar: exit.bar,
            entry_order: entry.order,
            exit_order: exit.order,
            entry_price: price(entry),
            exit_price: price(exit),
            pnl: gained.and_then(|gained| gained.checked_sub(fees)).expect(FITS),
            fees,
        }
    }
}

impl Lot {
    /// Takes a part out, with its share of cost and fee.
    fn split(&mut self, size: Quantity) -> Self {
        let whole = i128::from(abs(self.size).raw());
        let part = i128::from(size.raw());
        let share = |amount: Notional| {
            let (each, rest) = (amount.raw().div_euclid(whole), amount.raw().rem_euclid(whole));
            Notional::from_raw(each * part + rest * part / whole)
        };
        let signed = if self.size.is_positive() { size } else { size.negated() };
        let taken = Self {
            size: signed,
            ts: self.ts,
            bar: self.bar,
            order: self.order,
            cost: share(self.cost),
            fee: share(self.fee),
        };
        self.size = self.size.checked_sub(signed).expect(FITS);
        self.cost = self.cost.checked_sub(taken.cost).expect(FITS);
        self.fee = self.fee.checked_sub(taken.fee).expect(FITS);
        taken
    }

    fn add(&mut self, other: &Self) {
        self.size = self.size.checked_add(other.size).expect(FITS);
        self.cost = sum(self.cost, other.cost);
        self.fee = sum(self.fee, other.fee);
    }
}

const FITS: &str = "sums of settled costs are far from the end of the range";

fn sum(left: Notional, right: Notional) -> Notional {
    left.checked_add(right).expect(FITS)
}

fn abs(size: Quantity) -> Quantity {
    size.max(size.negated())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(order: usize, side: Side, price: &str, quantity: &str, fee: &str) -> FillRecord {
        FillRecord {
            ts: UnixNanos::from_secs(i64::try_from(order).expect("small")),
            market: 0,
            bar: None,
            order,
            side,
            price: Price::parse(price).expect("valid"),
            quantity: Quantity::parse(quantity).expect("valid"),
            fee: Notional::parse(fee).expect("valid"),
            liquidity: model::Liquidity::Taker,
            cash: Notional::ZERO,
            base: Notional::ZERO,
        }
    }

    fn shown(fills: &[FillRecord]) -> Vec<String> {
        let line = |trip: &RoundTrip| {
            let RoundTrip { size, entry_price, exit_price, pnl, fees, .. } = trip;
            format!("{size}: {entry_price} -> {exit_price}, {pnl} after {fees}")
        };
        round_trips(fills.iter().cloned()).iter().map(line).collect()
    }

    #[test]
    fn an_order_that_turns_the_position_ends_one_trip_and_begins_the_next() {
        let fills = [
            fill(0, Side::Buy, "100", "2", "0.4"),
            fill(1, Side::Sell, "110", "2", "0.44"),
            fill(1, Side::Sell, "109", "1", "0.22"),
            fill(2, Side::Buy, "99", "1", "0.2"),
        ];
        let expected = ["2: 100 -> 110, 19.16 after 0.84", "-1: 109 -> 99, 9.58 after 0.42"];
        assert_eq!(shown(&fills), expected);
    }

    #[test]
    fn the_oldest_lot_is_closed_first_and_fees_are_shared() {
        let fills = [
            fill(0, Side::Buy, "100", "1", "0.1"),
            fill(1, Side::Buy, "200", "2", "0.4"),
            fill(2, Side::Sell, "300", "2", "0.6"),
        ];
        let expected = ["1: 100 -> 300, 199.6 after 0.4", "1: 200 -> 300, 99.5 after 0.5"];
        assert_eq!(shown(&fills), expected);
    }

    #[test]
    fn markets_do_not_mix() {
        let other = |fill: FillRecord| FillRecord { market: 1, ..fill };
        let fills = [
            fill(0, Side::Buy, "100", "2", "0"),
            other(fill(1, Side::Sell, "50", "1", "0")),
            fill(2, Side::Sell, "110", "1", "0"),
            other(fill(3, Side::Buy, "40", "1", "0")),
            fill(2, Side::Sell, "112", "1", "0"),
        ];
        let expected = ["2: 100 -> 111, 22 after 0", "-1: 50 -> 40, 10 after 0"];
        assert_eq!(shown(&fills), expected);
    }

    /// One coin is owned at the start: a part of it is sold and bought back, then another part is sold.
    #[test]
    fn what_was_owned_at_the_start_is_no_part_of_a_position() {
        let after = |fill: FillRecord, base: &str| {
            let base = Notional::parse(base).expect("valid");
            FillRecord { base, ..fill }
        };
        let fills = [
            after(fill(0, Side::Sell, "100", "0.5", "0"), "0.5"),
            after(fill(1, Side::Buy, "90", "0.5", "0"), "1"),
            after(fill(2, Side::Sell, "95", "1", "0"), "0"),
        ];
        assert_eq!(shown(&fills), ["-0.5: 100 -> 90, 5 after 0"]);
    }

    #[test]
    fn fills_of_one_order_are_one_trip() {
        let fills = [
            fill(0, Side::Buy, "100", "1", "0"),
            fill(0, Side::Buy, "101", "1", "0"),
            fill(1, Side::Sell, "103", "0.5", "0"),
            fill(1, Side::Sell, "102", "1.5", "0"),
        ];
        assert_eq!(shown(&fills), ["2: 100.5 -> 102.25, 3.5 after 0"]);
    }

    #[test]
    fn a_trip_ends_with_its_last_fill() {
        let mut last = fill(1, Side::Sell, "102", "1.5", "0");
        (last.ts, last.bar) = (UnixNanos::from_secs(9), Some(4));
        let fills =
            [fill(0, Side::Buy, "100", "2", "0"), fill(1, Side::Sell, "103", "0.5", "0"), last];
        let trips = round_trips(fills);
        assert_eq!((trips[0].entry_ts.secs(), trips[0].exit_ts.secs()), (0, 9));
        assert_eq!((trips.len(), trips[0].exit_bar), (1, Some(4)));
    }
}
