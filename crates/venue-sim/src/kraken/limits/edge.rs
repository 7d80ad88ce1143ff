//! What is counted per address: connection attempts, which Cloudflare bans for, wrong keys, and public calls.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use model::UnixNanos;

use crate::kraken::limits::{Allowance, Count};

/// Attempts of one address that are let through within a [`WINDOW`].
const ATTEMPTS_MAX: usize = 150;
/// The window, which may lie anywhere.
const WINDOW: Duration = Duration::from_secs(600);
/// How long an address is banned.
const BAN: Duration = Duration::from_secs(600);
/// Addresses that are remembered; the one that was quiet for longest is forgotten first.
const ADDRESSES_MAX: usize = 1024;

/// Wrong keys in a row after which an address is told to wait. Kraken does not tell its number.
const WRONG_KEYS_MAX: u32 = 20;
/// For how long it is.
const LOCKOUT: Duration = Duration::from_secs(15 * 60);
/// Public calls of an address, and those of `Trades` and `OHLC` for one pair. Kraken has such limits and does not
/// tell them; these let through whoever keeps to one call a second, and loads of tests.
const PUBLIC: Allowance = Allowance { max: 1_000, decay_milli_per_s: 200_000 };
const PUBLIC_OF_PAIR: Allowance = Allowance { max: 120, decay_milli_per_s: 10_000 };
/// Pairs whose calls are counted per address; the count of the first is forgotten first.
const PAIRS_MAX: usize = 200;

/// What the edge knows of the addresses that connect.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    addresses: BTreeMap<IpAddr, Address>,
}

#[derive(Debug, Default)]
struct Address {
    /// The latest attempts, at most one more than are let through.
    attempts: VecDeque<UnixNanos>,
    banned_until: Option<UnixNanos>,
    seen: UnixNanos,
    wrong_keys: u32,
    locked_until: Option<UnixNanos>,
    public: Count,
    public_of_pair: BTreeMap<String, Count>,
}

impl Edge {
    /// What is known of an address, which is remembered from now on.
    fn address(&mut self, from: IpAddr, now: UnixNanos) -> &mut Address {
        if !self.addresses.contains_key(&from) && self.addresses.len() >= ADDRESSES_MAX {
            let seen = |(_, address): &(&IpAddr, &Address)| address.seen;
            let quiet = self.addresses.iter().min_by_key(seen).map(|(quiet, _)| *quiet);
            quiet.and_then(|quiet| self.addresses.remove(&quiet));
        }
        let address = self.addresses.entry(from).or_default();
        address.seen = now;
        address
    }

    /// Notes whether the key of a private call was one.
    pub(crate) fn note_key(&mut self, from: IpAddr, known: bool, now: UnixNanos) {
        // Whoever was never wrong need not be remembered.
        if known && !self.addresses.contains_key(&from) {
            return;
        }
        let address = self.address(from, now);
        address.wrong_keys = if known { 0 } else { address.wrong_keys.saturating_add(1) };
        if address.wrong_keys >= WRONG_KEYS_MAX {
            address.wrong_keys = 0;
            address.locked_until = Some(now.plus(LOCKOUT));
        }
    }

    /// True while wrong keys of an address are answered with a lockout.
    pub(crate) fn is_locked(&self, from: IpAddr, now: UnixNanos) -> bool {
        let address = self.addresses.get(&from);
        address.and_then(|address| address.locked_until).is_some_and(|until| now < until)
    }

    /// Counts a public call, perhaps about the trades or candles of a pair; false when it is too much.
    pub(crate) fn public_call(&mut self, from: IpAddr, pair: Option<&str>, now: UnixNanos) -> bool {
        let address = self.address(from, now);
        if !address.public.add_if_allowed(1, PUBLIC, now) {
            return false;
        }
        let Some(pair) = pair else { return true };
        if address.public_of_pair.len() >= PAIRS_MAX && !address.public_of_pair.contains_key(pair) {
            address.public_of_pair.pop_first();
        }
        let count = address.public_of_pair.entry(pair.to_owned()).or_default();
        count.add_if_allowed(1, PUBLIC_OF_PAIR, now)
    }

    /// Counts a connection attempt; how long the address is banned, if it is.
    pub(crate) fn attempt(&mut self, from: IpAddr, now: UnixNanos) -> Option<Duration> {
        let address = self.address(from, now);
        address.attempts.push_back(now);
        if address.attempts.len() > ATTEMPTS_MAX + 1 {
            address.attempts.pop_front();
        }
        if let Some(left) = address.ban(now) {
            return Some(left);
        }
        let oldest = address.attempts.front().copied()?;
        let too_many = address.attempts.len() > ATTEMPTS_MAX && now.since(oldest) < WINDOW;
        address.banned_until = too_many.then(|| now.plus(BAN));
        address.ban(now)
    }

    /// How long an address is banned yet, if it is.
    pub(crate) fn ban(&self, address: IpAddr, now: UnixNanos) -> Option<Duration> {
        self.addresses.get(&address)?.ban(now)
    }
}

impl Address {
    fn ban(&self, now: UnixNanos) -> Option<Duration> {
        let left = self.banned_until?.since(now);
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn wrong_keys_in_a_row_lock_an_address_for_a_quarter_of_an_hour() {
        let (mut edge, now) = (Edge::default(), UnixNanos::from_secs(1_000));
        for _ in 1..WRONG_KEYS_MAX {
            edge.note_key(FROM, false, now);
        }
        edge.note_key(FROM, true, now);
        edge.note_key(FROM, false, now);
        assert!(!edge.is_locked(FROM, now));
        for _ in 1..WRONG_KEYS_MAX {
            edge.note_key(FROM, false, now);
        }
        assert!(edge.is_locked(FROM, now));
        assert!(!edge.is_locked(FROM, now.plus(LOCKOUT)));
    }

    #[test]
    fn public_calls_are_counted_by_address_and_by_pair() {
        let (mut edge, now) = (Edge::default(), UnixNanos::from_secs(1_000));
        let mut calls =
            |pair: Option<&str>| (0..2_000).filter(|_| edge.public_call(FROM, pair, now)).count();
        assert_eq!(calls(Some("XBTUSD")), 120);
        assert_eq!(calls(None), 0, "those that were refused count as well");
        let mut edge = Edge::default();
        let mut calls =
            |pair: Option<&str>| (0..1_500).filter(|_| edge.public_call(FROM, pair, now)).count();
        assert_eq!(calls(None), 1_000);
    }
}
