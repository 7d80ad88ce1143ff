//! A level-2 order book: what a feed has told so far.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decimal::{Price, Quantity};
use crate::order::Side;

/// One price of one side, with the quantity that rests there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Level {
    /// Price of the level.
    pub price: Price,
    /// Base units at that price; zero removes the level.
    pub quantity: Quantity,
}

/// Both sides of one instrument, best prices first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Book {
    /// A book without levels.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the quantity of a level; zero removes it.
    pub fn set(&mut self, side: Side, level: Level) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if level.quantity.is_positive() {
            levels.insert(level.price, level.quantity);
        } else {
            levels.remove(&level.price);
        }
    }

    /// Removes every level.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Keeps the best `depth` levels of each side.
    pub fn truncate(&mut self, depth: usize) {
        while self.bids.len() > depth {
            self.bids.pop_first();
        }
        while self.asks.len() > depth {
            self.asks.pop_last();
        }
    }

    /// Levels of the buy side, highest price first.
    pub fn bids(&self) -> impl Iterator<Item = Level> + '_ {
        self.bids.iter().rev().map(level)
    }

    /// Levels of the sell side, lowest price first.
    pub fn asks(&self) -> impl Iterator<Item = Level> + '_ {
        self.asks.iter().map(level)
    }

    /// The highest bid.
    pub fn best_bid(&self) -> Option<Level> {
        self.bids().next()
    }

    /// The lowest ask.
    pub fn best_ask(&self) -> Option<Level> {
        self.asks().next()
    }

    /// True when the best bid is at or above the best ask: the feed is broken.
    pub fn is_crossed(&self) -> bool {
        match (self.best_bid(), self.best_ask()) {
            (Some(bid), Some(ask)) => bid.price >= ask.price,
            _ => false,
        }
    }

    /// True without any level.
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}

fn level((price, quantity): (&Price, &Quantity)) -> Level {
    Level { price: *price, quantity: *quantity }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(price: i64, quantity: i64) -> Level {
        Level { price: Price::from_raw(price), quantity: Quantity::from_raw(quantity) }
    }

    #[test]
    fn levels_are_replaced_removed_and_cut_at_the_far_end() {
        let mut book = Book::new();
        for price in 1..=4 {
            book.set(Side::Buy, at(price, 1));
            book.set(Side::Sell, at(price + 10, 1));
        }
        book.set(Side::Buy, at(4, 7));
        book.set(Side::Sell, at(11, 0));
        book.truncate(2);
        assert_eq!(book.bids().collect::<Vec<_>>(), [at(4, 7), at(3, 1)]);
        assert_eq!(book.asks().collect::<Vec<_>>(), [at(12, 1), at(13, 1)]);
        assert!(!book.is_crossed());
        book.set(Side::Buy, at(12, 1));
        assert!(book.is_crossed());
    }
}
