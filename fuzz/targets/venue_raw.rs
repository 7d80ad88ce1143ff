//! Connections to the simulated Kraken, as bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::venue::raw(data));
