//! Published books: what subscribers hold, the differences they are told, and the checksum.

use model::history::levels_hash;
use model::{Level, Price, Quantity, Side};

/// Depths that a subscriber can choose.
pub(crate) const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1000];
/// The deepest of them.
pub(crate) const DEPTH_MAX: usize = 1000;
/// Bytes of the text that the checksum covers, unless numbers are very long.
const TEXT_USUAL: usize = 512;
/// Levels of each side that the checksum covers, and the depth that the history records.
pub(crate) const CHECKED_DEPTH: usize = 10;

/// Both sides of a book, best levels first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sides {
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

impl Sides {
    /// The best levels as a subscriber of `depth` holds them.
    pub(crate) fn top(&self, depth: usize) -> Self {
        let cut = |levels: &[Level]| levels.iter().take(depth).copied().collect();
        Self { bids: cut(&self.bids), asks: cut(&self.asks) }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    /// Fingerprint of the levels that the history records.
    pub(crate) fn recorded_hash(&self) -> u64 {
        levels_hash(checked(&self.bids).copied(), checked(&self.asks).copied())
    }

    /// What a subscriber of `depth` who holds `self` must be told to hold `new`.
    ///
    /// Subscribers apply the differences and then keep the best `depth` levels. Hence a level that
    /// only falls out of depth is not mentioned, and one that comes (back) into it is.
    pub(crate) fn changes_to(&self, new: &Self, depth: usize) -> Self {
        Self {
            bids: changes(Side::Buy, &self.bids, &new.bids, depth),
            asks: changes(Side::Sell, &self.asks, &new.asks, depth),
        }
    }
}

fn changes(side: Side, old: &[Level], new: &[Level], depth: usize) -> Vec<Level> {
    let mut old = old[..old.len().min(depth)].iter().copied().peekable();
    let new = &new[..new.len().min(depth)];
    let worst = new.last().filter(|_| new.len() == depth);
    let stays =
        |level: &Level| worst.is_none_or(|worst| !is_better(side, worst.price, level.price));
    let (mut gone, mut set) = (Vec::new(), Vec::new());
    for level in new {
        while let Some(passed) = old.next_if(|old| is_better(side, old.price, level.price)) {
            gone.push(passed);
        }
        if old.next_if(|old| old.price == level.price) != Some(*level) {
            set.push(*level);
        }
    }
    gone.extend(old.filter(stays));
    gone.iter_mut().for_each(|level| level.quantity = Quantity::ZERO);
    gone.append(&mut set);
    gone
}

fn is_better(side: Side, price: Price, other: Price) -> bool {
    match side {
        Side::Buy => price > other,
        Side::Sell => price < other,
    }
}

/// Kraken's checksum: CRC-32 over the best ten asks, then the best ten bids.
///
/// Each level gives its price and its quantity as text with the pair's digits, without the point
/// and without zeros in front: the digits of both in their smallest units.
pub(crate) fn checksum(sides: &Sides, price_decimals: u32, quantity_decimals: u32) -> u32 {
    let mut text = Vec::with_capacity(TEXT_USUAL);
    let price_unit = Price::step(price_decimals).raw();
    let quantity_unit = Quantity::step(quantity_decimals).raw();
    for level in checked(&sides.asks).chain(checked(&sides.bids)) {
        push_digits(level.price.raw() / price_unit, &mut text);
        push_digits(level.quantity.raw() / quantity_unit, &mut text);
    }
    crc32fast::hash(&text)
}

/// The levels of a side that the checksum covers.
fn checked(levels: &[Level]) -> impl Iterator<Item = &Level> {
    levels.iter().take(CHECKED_DEPTH)
}

/// Appends the digits of a number; nothing for zero.
fn push_digits(number: i64, text: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut places = digits.iter_mut().rev();
    let (mut rest, mut length) = (number.unsigned_abs(), 0);
    while rest > 0
        && let Some(place) = places.next()
    {
        *place = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
        length += 1;
    }
    text.extend_from_slice(&digits[digits.len() - length..]);
}

#[cfg(test)]
mod tests;
