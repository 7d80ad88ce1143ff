//! Which seeds: ranges and shards as text.

use std::fmt;

use thiserror::Error;

use scenario::{format_seed, parse_seed};

/// Seeds of one sweep at most: more would not end within a human life.
const COUNT_MAX: u64 = 1_000_000_000;

/// Consecutive seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many, at least one.
    pub count: u64,
}

/// One of several equal parts of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u64,
    /// How many parts there are.
    pub of: u64,
}

/// A text that names no seeds or no part of them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidSeeds {
    /// The text as it was found.
    pub text: String,
    /// What was expected.
    pub expected: &'static str,
}

/// Parses `0..10000` (without the last), `0x57eb+200`, `GITHASH+200`, or one seed.
///
/// # Errors
/// [`InvalidSeeds`]: anything else, none at all, more than a billion, or seeds beyond 64 bits.
pub fn parse_seeds(text: &str) -> Result<Seeds, InvalidSeeds> {
    let expected = "a range of 1 to 1000000000 seeds: 0..10000, 0x57eb0001+200, or a git hash of 40 digits and +200";
    let invalid = || InvalidSeeds { text: text.to_owned(), expected };
    let seed = |text: &str| parse_seed(text).map_err(|_| invalid());
    let seeds = if let Some((first, end)) = text.split_once("..") {
        let first = seed(first)?;
        Seeds { first, count: seed(end)?.checked_sub(first).ok_or_else(invalid)? }
    } else if let Some((first, count)) = text.split_once('+') {
        Seeds { first: seed(first)?, count: count.parse().map_err(|_| invalid())? }
    } else {
        Seeds { first: seed(text)?, count: 1 }
    };
    let fits = (1..=COUNT_MAX).contains(&seeds.count);
    let last = seeds.first.checked_add(seeds.count.saturating_sub(1));
    if fits && last.is_some() { Ok(seeds) } else { Err(invalid()) }
}

/// Parses `2/8`: the second of eight parts.
///
/// # Errors
/// [`InvalidSeeds`]: anything else, or a part that there is not.
pub fn parse_shard(text: &str) -> Result<Shard, InvalidSeeds> {
    let expected = "a part of a sweep: 2/8 is the second of eight";
    let invalid = || InvalidSeeds { text: text.to_owned(), expected };
    let (number, of) = text.split_once('/').ok_or_else(invalid)?;
    let shard = Shard {
        number: number.parse().map_err(|_| invalid())?,
        of: of.parse().map_err(|_| invalid())?,
    };
    if (1..=shard.of).contains(&shard.number) { Ok(shard) } else { Err(invalid()) }
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { number: 1, of: 1 };
}

impl Seeds {
    /// Its seeds that belong to a part, with their numbers in the whole, from 0.
    ///
    /// Parts are interleaved: each has early and late seeds.
    pub fn of(self, shard: Shard) -> impl Iterator<Item = (u64, u64)> {
        let of = usize::try_from(shard.of).unwrap_or(usize::MAX);
        let numbers = (shard.number.saturating_sub(1)..self.count).step_by(of);
        numbers.map(move |number| (number, self.first.saturating_add(number)))
    }

    /// How many of them belong to a part.
    pub const fn count_of(self, shard: Shard) -> u64 {
        let (whole, rest) = (self.count / shard.of, self.count % shard.of);
        whole.saturating_add(if shard.number <= rest { 1 } else { 0 })
    }
}

/// `0x0..0x2710`.
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.first.saturating_add(self.count.saturating_sub(1));
        match self.count {
            1 => f.write_str(&format_seed(self.first)),
            _ if last == u64::MAX => write!(f, "{}+{}", format_seed(self.first), self.count),
            _ => write!(f, "{}..{}", format_seed(self.first), format_seed(last.saturating_add(1))),
        }
    }
}

#[cfg(test)]
mod tests;
