//! Private requests to the simulated Kraken, rightly signed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::venue::rest(data));
