//! Published books: what subscribers hold, the differences they are told, and the checksum.

use model::{Book, Level, Price, Quantity, Side};

/// Depths that a subscriber can choose.
pub(crate) const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1000];
/// The deepest of them.
pub(crate) const DEPTH_MAX: usize = 1000;
/// Levels of each side that the checksum covers, and the depth that the history records.
pub(crate) const CHECKED_DEPTH: usize = 10;

/// Both sides of a book, best levels first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sides {
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

impl Sides {
    pub(crate) fn of(book: &Book) -> Self {
        Self { bids: book.bids().collect(), asks: book.asks().collect() }
    }

    /// The best levels as a subscriber of `depth` holds them.
    pub(crate) fn top(&self, depth: usize) -> Self {
        let cut = |levels: &[Level]| levels.iter().take(depth).copied().collect();
        Self { bids: cut(&self.bids), asks: cut(&self.asks) }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    /// The best levels as a book.
    pub(crate) fn to_book(&self, depth: usize) -> Book {
        let mut book = Book::new();
        for (side, levels) in [(Side::Buy, &self.bids), (Side::Sell, &self.asks)] {
            for level in levels.iter().take(depth) {
                book.set(side, *level);
            }
        }
        book
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
    let old = &old[..old.len().min(depth)];
    let new = &new[..new.len().min(depth)];
    let find = |levels: &[Level], price: Price| {
        let better = |level: &Level| is_better(side, level.price, price);
        let level = levels.get(levels.partition_point(better)).copied();
        level.filter(|level| level.price == price)
    };
    let worst = new.last().filter(|_| new.len() == depth);
    let falls_out = |price: Price| worst.is_some_and(|worst| is_better(side, worst.price, price));
    let gone = old
        .iter()
        .filter(|level| find(new, level.price).is_none() && !falls_out(level.price))
        .map(|level| Level { quantity: Quantity::ZERO, ..*level });
    let set = new.iter().filter(|level| find(old, level.price) != Some(**level));
    gone.chain(set.copied()).collect()
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
/// and without zeros in front.
pub(crate) fn checksum(sides: &Sides, price_decimals: u32, quantity_decimals: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let best = |levels: &[Level]| levels.iter().take(CHECKED_DEPTH).copied().collect::<Vec<_>>();
    for level in best(&sides.asks).into_iter().chain(best(&sides.bids)) {
        hasher.update(token(&level.price.to_fixed(price_decimals)).as_bytes());
        hasher.update(token(&level.quantity.to_fixed(quantity_decimals)).as_bytes());
    }
    hasher.finalize()
}

fn token(text: &str) -> String {
    text.replacen('.', "", 1).trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests;
