//! Cloudflare, which counts connection attempts per address and bans.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use model::UnixNanos;

/// Attempts of one address that are let through within a [`WINDOW`].
const ATTEMPTS_MAX: usize = 150;
/// The window, which may lie anywhere.
const WINDOW: Duration = Duration::from_secs(600);
/// How long an address is banned.
const BAN: Duration = Duration::from_secs(600);
/// Addresses that are remembered; the one that was quiet for longest is forgotten first.
const ADDRESSES_MAX: usize = 1024;

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
}

impl Edge {
    /// Counts a connection attempt; how long the address is banned, if it is.
    pub(crate) fn attempt(&mut self, from: IpAddr, now: UnixNanos) -> Option<Duration> {
        if !self.addresses.contains_key(&from) && self.addresses.len() >= ADDRESSES_MAX {
            let latest = |(_, address): &(&IpAddr, &Address)| address.attempts.back().copied();
            let quiet = self.addresses.iter().min_by_key(latest).map(|(quiet, _)| *quiet);
            quiet.and_then(|quiet| self.addresses.remove(&quiet));
        }
        let address = self.addresses.entry(from).or_default();
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
