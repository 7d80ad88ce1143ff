//! The checksum that Kraken sends with every change of a book.

use std::fmt::{self, Write};

use model::{Book, Instrument, Level, Price, Quantity};

/// Levels of each side that the checksum covers, whatever the depth subscribed.
const LEVELS: usize = 10;

/// CRC-32 over the best ten asks, then the best ten bids.
///
/// Each level adds price and quantity with the instrument's digits, without the point and without
/// leading zeros: the numbers counted in their smallest steps.
pub(crate) fn checksum(book: &Book, instrument: &Instrument) -> u32 {
    let price_step = Price::step(instrument.price_decimals).raw();
    let quantity_step = Quantity::step(instrument.quantity_decimals).raw();
    let mut crc = Crc(crc32fast::Hasher::new());
    let asks = book.asks().take(LEVELS);
    for Level { price, quantity } in asks.chain(book.bids().take(LEVELS)) {
        let (price, quantity) = (price.raw() / price_step, quantity.raw() / quantity_step);
        write!(crc, "{price}{quantity}").expect("a checksum takes any text");
    }
    crc.0.finalize()
}

struct Crc(crc32fast::Hasher);

impl Write for Crc {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
