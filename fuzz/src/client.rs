//! Lines as what the client of Kraken hears from its streams.

use kraken::book::BookSync;
use kraken::codec::ws::{self, Message};
use kraken::codec::v1;
use model::{Asset, Instrument, Notional, Price, Quantity, Symbol};

/// Reads every line as a message of both versions; a book follows those of version 2.
pub fn messages(data: &[u8]) {
    let instrument = Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::ZERO,
        cost_min: Notional::ZERO,
    };
    let mut book = BookSync::new(&instrument, 10);
    let Ok(text) = std::str::from_utf8(data) else { return };
    for line in text.lines() {
        drop(v1::decode(line));
        if let Ok(Message::Books { snapshot, changes }) = ws::decode(line) {
            for change in &changes {
                book.apply(snapshot, change);
            }
        }
    }
}
