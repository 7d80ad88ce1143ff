//! Randomness: one root, streams by name.
//!
//! A stream depends on the root and its name only, so that a new draw in one place moves no other.

use std::fmt;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One independent stream of randomness; its output is the same on every platform.
pub type EntropyStream = ChaCha8Rng;

/// A root of randomness. Cheap to clone; clones are equal.
#[derive(Clone, PartialEq, Eq)]
pub struct Entropy {
    root: [u8; 32],
}

impl Entropy {
    /// The root that belongs to a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self { root: derive(&[0; 32], &seed.to_le_bytes()) }
    }

    /// A root that nobody can guess, from the operating system.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    #[expect(clippy::disallowed_methods, reason = "the real end of the entropy seam")]
    pub fn from_os() -> Result<Self, getrandom::Error> {
        let mut root = [0; 32];
        getrandom::fill(&mut root)?;
        Ok(Self { root })
    }

    /// The stream of a name: `kraken/backoff`, `venue/kraken/latency`.
    ///
    /// # Determinism
    /// Asking twice gives two equal streams: ask once and keep it.
    pub fn stream(&self, name: &str) -> EntropyStream {
        EntropyStream::from_seed(derive(&self.root, &[b"stream/", name.as_bytes()].concat()))
    }

    /// A root of its own below this one, for a part that names its streams itself.
    pub fn child(&self, name: &str) -> Self {
        Self { root: derive(&self.root, &[b"child/", name.as_bytes()].concat()) }
    }
}

fn derive(root: &[u8; 32], name: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(root, name).as_bytes()
}

/// Without the root: it may guard keys.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn a_stream_depends_on_root_and_name_only() {
        let draw = |seed, name| Entropy::from_seed(seed).stream(name).next_u64();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        let child = Entropy::from_seed(1).child("a").stream("a").next_u64();
        assert_ne!(child, draw(1, "a"));
    }

    #[test]
    fn the_output_of_a_seed_never_changes() {
        assert_eq!(Entropy::from_seed(1).stream("pin").next_u64(), PINNED);
    }

    /// Drawn once; another value means that every recorded seed has lost its meaning.
    const PINNED: u64 = 9_116_529_395_796_088_211;
}
