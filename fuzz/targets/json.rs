//! Answers of REST.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::read(data, &fuzz::formats(&["kraken-rest", "binance-rest"]), ""));
