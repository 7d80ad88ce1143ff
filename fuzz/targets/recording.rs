//! Recordings of WebSockets: their books, since these keep the most.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::read(
    data,
    &fuzz::formats(&["kraken-ws", "kraken-futures-ws", "binance-ws"]),
    "#book"
));
