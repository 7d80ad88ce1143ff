//! Files with columns, in each of their formats or the one that shows.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::read(
    data,
    &fuzz::formats(&["kraken-", "binance-", "tardis-", "csv-"]),
    ""
));
