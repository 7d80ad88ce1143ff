//! Messages to the streams of the simulated Kraken, of both versions.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::venue::stream(data));
