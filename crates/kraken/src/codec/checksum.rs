//! The checksum that Kraken sends with every change of a book.

use model::{Book, Instrument, Level, Price, Quantity};

/// Levels of each side that the checksum covers, whatever the depth subscribed.
const LEVELS: usize = 10;

/// Most digits of a 64-bit number.
const DIGITS_MAX: usize = 20;

/// Room for the text of all levels.
const TEXT_MAX: usize = 2 * LEVELS * 2 * DIGITS_MAX;

/// CRC-32 over the best ten asks, then the best ten bids.
///
/// Each level adds price and quantity with the instrument's digits, without the point and without
/// leading zeros: the numbers counted in their smallest steps.
pub fn checksum(book: &Book, instrument: &Instrument) -> u32 {
    let price_step = Price::step(instrument.price_decimals).raw();
    let quantity_step = Quantity::step(instrument.quantity_decimals).raw();
    let mut text = [0; TEXT_MAX];
    // Filled from the end, as digits come last digit first.
    let mut start = TEXT_MAX;
    let mut asks = [None; LEVELS];
    let mut bids = [None; LEVELS];
    let best = |side: &mut [Option<Level>; LEVELS], levels: &mut dyn Iterator<Item = Level>| {
        side.iter_mut().zip(levels).for_each(|(place, level)| *place = Some(level));
    };
    best(&mut asks, &mut book.asks());
    best(&mut bids, &mut book.bids());
    for Level { price, quantity } in asks.into_iter().chain(bids).rev().flatten() {
        for (raw, step) in [(quantity.raw(), quantity_step), (price.raw(), price_step)] {
            start = write_before(&mut text, start, raw.unsigned_abs() / step.unsigned_abs());
        }
    }
    crc32fast::hash(&text[start..])
}

/// Writes a number so that it ends before `end`; returns where it starts.
fn write_before(text: &mut [u8; TEXT_MAX], end: usize, mut number: u64) -> usize {
    let mut at = end;
    loop {
        at -= 1;
        text[at] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            return at;
        }
    }
}
