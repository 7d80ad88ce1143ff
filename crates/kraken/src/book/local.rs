//! The levels of a book, each with the text that it adds to the checksum.

use std::collections::VecDeque;

use model::{Instrument, Level, Price, Quantity, Side};

/// Levels of each side that the checksum covers, whatever the depth subscribed.
const CHECKED: usize = 10;

/// Most digits of a positive signed 64-bit number.
const DIGITS_MAX: usize = 19;

/// Room for the digits of a level: price and quantity.
const TEXT_MAX: usize = 2 * DIGITS_MAX;

/// The best levels of both sides.
///
/// A change writes the digits of its own level; the checksum only puts those of the best levels together.
#[derive(Debug, Clone)]
pub struct LocalBook {
    bids: VecDeque<Rung>,
    asks: VecDeque<Rung>,
    depth: usize,
    price_step: u64,
    quantity_step: u64,
    /// The checksum, while none of the levels that it covers has changed.
    checksum: Option<u32>,
}

/// A level with what it adds to the checksum.
#[derive(Debug, Clone, Copy)]
struct Rung {
    level: Level,
    /// As many of these count as `length` says.
    digits: [u8; TEXT_MAX],
    length: u8,
}

impl LocalBook {
    /// A book without levels, whose numbers have the digits of `instrument` on the wire.
    ///
    /// It keeps the best `depth` levels of each side.
    pub fn new(instrument: &Instrument, depth: usize) -> Self {
        Self {
            bids: VecDeque::new(),
            asks: VecDeque::new(),
            depth,
            price_step: Price::step(instrument.price_decimals).raw().unsigned_abs(),
            quantity_step: Quantity::step(instrument.quantity_decimals).raw().unsigned_abs(),
            checksum: None,
        }
    }

    /// Removes every level.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.checksum = None;
    }

    /// Sets quantities in order, a zero removes its level; then drops what is beyond the depth.
    ///
    /// The venue does not tell when levels fall out of the depth, and sends them again when they come back.
    pub fn apply(&mut self, bids: &[Level], asks: &[Level]) {
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            levels.iter().for_each(|level| self.set(side, *level));
        }
        self.bids.truncate(self.depth);
        self.asks.truncate(self.depth);
    }

    fn set(&mut self, side: Side, level: Level) {
        let rungs = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let at = rungs.partition_point(|rung| match side {
            Side::Buy => rung.level.price > level.price,
            Side::Sell => rung.level.price < level.price,
        });
        let known = rungs.get_mut(at).filter(|rung| rung.level.price == level.price);
        let new = || Rung::new(level, self.price_step, self.quantity_step);
        match (known, level.quantity.is_positive()) {
            (Some(rung), true) => *rung = new(),
            (None, true) => rungs.insert(at, new()),
            (Some(_), false) => {
                rungs.remove(at);
            }
            (None, false) => return,
        }
        if at < CHECKED {
            self.checksum = None;
        }
    }

    /// CRC-32 over the best ten asks, then the best ten bids.
    ///
    /// Each level adds price and quantity with the instrument's digits, without the point and without
    /// leading zeros: the numbers counted in their smallest steps.
    pub fn checksum(&mut self) -> u32 {
        *self.checksum.get_or_insert_with(|| {
            let mut text = [0; 2 * CHECKED * TEXT_MAX];
            let mut end = 0;
            for rung in self.asks.iter().take(CHECKED).chain(self.bids.iter().take(CHECKED)) {
                // All of its room, which is one move: what is too much is written over or cut off.
                text[end..end + TEXT_MAX].copy_from_slice(&rung.digits);
                end += usize::from(rung.length);
            }
            crc32fast::hash(&text[..end])
        })
    }

    /// Levels of the buy side, highest price first.
    pub fn bids(&self) -> impl ExactSizeIterator<Item = Level> + '_ {
        self.bids.iter().map(|rung| rung.level)
    }

    /// Levels of the sell side, lowest price first.
    pub fn asks(&self) -> impl ExactSizeIterator<Item = Level> + '_ {
        self.asks.iter().map(|rung| rung.level)
    }
}

impl Rung {
    fn new(level: Level, price_step: u64, quantity_step: u64) -> Self {
        let mut digits = [0; TEXT_MAX];
        let (price, quantity) = (level.price.raw(), level.quantity.raw());
        let end = write(&mut digits, 0, price.unsigned_abs() / price_step);
        let end = write(&mut digits, end, quantity.unsigned_abs() / quantity_step);
        let length = u8::try_from(end).expect("the room has less than 256 bytes");
        Self { level, digits, length }
    }
}

/// Writes a number at `start`; returns where it ends.
fn write(digits: &mut [u8; TEXT_MAX], start: usize, number: u64) -> usize {
    let length =
        number.checked_ilog10().and_then(|log| usize::try_from(log).ok()).map_or(1, |log| log + 1);
    let mut rest = number;
    for digit in digits[start..start + length].iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
    }
    start + length
}
