//! Answers of Kraken's REST; the first byte chooses the method.
#![no_main]

use kraken::codec::any;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let methods: Vec<_> = any::methods().collect();
    drop(any::read(methods[usize::from(*first) % methods.len()], body));
});
