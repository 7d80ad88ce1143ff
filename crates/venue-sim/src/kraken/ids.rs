//! Names that the venue gives: orders, executions, tokens, connections, edge requests.

use platform::{Entropy, EntropyStream};
use rand::Rng;

/// Letters of order and execution ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of WebSocket tokens.
const BASE62: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Length of a WebSocket token.
const TOKEN_LENGTH: usize = 43;

/// Draws names, each kind from a stream of its own.
#[derive(Debug)]
pub(crate) struct Ids {
    orders: EntropyStream,
    executions: EntropyStream,
    ledger: EntropyStream,
    amends: EntropyStream,
    tokens: EntropyStream,
    connections: EntropyStream,
}

impl Ids {
    pub(crate) fn new(entropy: &Entropy) -> Self {
        Self {
            orders: entropy.stream("kraken/order-ids"),
            executions: entropy.stream("kraken/execution-ids"),
            ledger: entropy.stream("kraken/ledger-ids"),
            amends: entropy.stream("kraken/amend-ids"),
            tokens: entropy.stream("kraken/tokens"),
            connections: entropy.stream("kraken/connections"),
        }
    }

    /// `OQCLML-BW3P3-BUCMWZ`.
    pub(crate) fn order(&mut self) -> String {
        dashed('O', &mut self.orders)
    }

    /// `TCCCTY-WE2O6-P3NB37`.
    pub(crate) fn execution(&mut self) -> String {
        dashed('T', &mut self.executions)
    }

    /// `L4UESK-KG3EQ-UFO4T5`.
    pub(crate) fn ledger(&mut self) -> String {
        dashed('L', &mut self.ledger)
    }

    /// `TVB4ER-X5QP3-ADURMW`.
    pub(crate) fn amend(&mut self) -> String {
        dashed('T', &mut self.amends)
    }

    /// 43 letters and digits.
    pub(crate) fn token(&mut self) -> String {
        letters(&mut self.tokens, BASE62, TOKEN_LENGTH)
    }

    /// The number that a `status` message shows: mostly above 2^53.
    pub(crate) fn connection(&mut self) -> u64 {
        self.connections.next_u64()
    }
}

/// The id that Cloudflare gives a request: `4870683c6e79a338`.
pub(crate) fn ray(stream: &mut EntropyStream) -> String {
    format!("{:016x}", stream.next_u64())
}

/// A first letter and 16 drawn ones in groups of 6, 5 and 6.
fn dashed(first: char, stream: &mut EntropyStream) -> String {
    let drawn = letters(stream, BASE32, 16);
    format!("{first}{}-{}-{}", &drawn[..5], &drawn[5..10], &drawn[10..])
}

fn letters(stream: &mut EntropyStream, alphabet: &[u8], length: usize) -> String {
    let mut letter = || {
        let size = u64::try_from(alphabet.len()).expect("an alphabet is short");
        let at = usize::try_from(stream.next_u64() % size).expect("below the alphabet's length");
        char::from(alphabet[at])
    };
    (0..length).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_krakens_shape() {
        let mut ids = Ids::new(&Entropy::from_seed(1));
        let order = ids.order();
        let lengths: Vec<_> = order.split('-').map(str::len).collect();
        assert_eq!(lengths, [6, 5, 6]);
        assert!(order.starts_with('O') && ids.execution().starts_with('T'));
        assert_ne!(order, ids.order());
        assert_eq!(ids.token().len(), 43);
    }
}
