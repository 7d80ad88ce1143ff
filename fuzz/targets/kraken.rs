//! Messages that the client of Kraken reads, of both versions; and a book that follows them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::client::messages(data));
