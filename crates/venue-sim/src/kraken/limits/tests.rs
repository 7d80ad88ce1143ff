use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::kraken::fixture::NOW;

const ALLOWED: Allowance = Allowance { max: 3, decay_milli_per_s: 500 };

fn after(millis: u64) -> UnixNanos {
    NOW.plus(Duration::from_millis(millis))
}

#[test]
fn a_count_reaches_its_maximum_and_falls_with_time() {
    let mut count = Count::default();
    let three = [0, 0, 0].map(|at| count.add(1, ALLOWED, after(at)));
    assert_eq!(three, [true; 3]);
    let mut early = count;
    assert!(!early.add(1, ALLOWED, after(1_999)));
    assert!(count.add(1, ALLOWED, after(2_000)));
    // Rest saves nothing up.
    let again = [0, 0, 0, 0].map(|_| count.add(1, ALLOWED, after(90_000)));
    assert_eq!(again, [true, true, true, false]);
}

#[test]
fn a_count_is_shown_in_whole_units() {
    let mut count = Count::default();
    assert_eq!(count.shown(ALLOWED, NOW), 0);
    count.add(3, ALLOWED, NOW);
    let shown = [0, 1, 2_000, 2_001, 6_000, 9_000].map(|at| count.shown(ALLOWED, after(at)));
    assert_eq!(shown, [3, 3, 2, 2, 0, 0]);
}

#[test]
fn a_refused_call_counts_and_a_refused_cancel_does_not() {
    let (mut calls, mut cancels) = (Count::default(), Count::default());
    assert!(calls.add(3, ALLOWED, NOW) && cancels.add(3, ALLOWED, NOW));
    assert!(!calls.add(1, ALLOWED, NOW) && !cancels.add_if_allowed(1, ALLOWED, NOW));
    assert!(!calls.add(1, ALLOWED, after(2_000)));
    assert!(cancels.add_if_allowed(1, ALLOWED, after(2_000)));
}

#[test]
fn no_storm_of_refused_calls_locks_a_key_for_longer_than_stated() {
    let mut count = Count::default();
    for _ in 0..100_000 {
        count.add(1, ALLOWED, NOW);
    }
    let free = NOW.plus(LOCKED_MAX + Duration::from_secs(2));
    let mut early = count;
    assert!(!early.add(1, ALLOWED, after(899_000)));
    assert!(count.add(1, ALLOWED, free));
}

#[test]
fn a_clock_that_goes_back_forgives_nothing() {
    let mut count = Count::default();
    assert!(count.add(3, ALLOWED, after(10_000)));
    assert!(!count.add(1, ALLOWED, after(0)));
}

#[test]
fn the_numbers_are_those_of_the_reference() {
    let numbers = [Tier::Starter, Tier::Intermediate, Tier::Pro].map(|tier| {
        let (calls, transactions) = (tier.calls(), tier.transactions());
        (
            (calls.max, calls.decay_milli_per_s),
            (transactions.max, transactions.decay_milli_per_s),
            tier.open_orders_max(),
        )
    });
    assert_eq!(
        numbers,
        [
            ((15, 330), (60, 1_000), 60),
            ((20, 500), (125, 2_340), 80),
            ((20, 1_000), (180, 3_750), 225),
        ]
    );
    let ages = [0, 4_999, 5_000, 10_000, 15_000, 44_999, 45_000, 90_000, 299_999, 300_000];
    let penalties = ages.map(|age| cancel_penalty(Duration::from_millis(age)));
    assert_eq!(penalties, [8, 8, 6, 5, 4, 4, 2, 1, 1, 0]);
    assert_eq!(["AddOrder", "CancelOrder", "CancelAll", "Balance"].map(call_cost), [0, 0, 1, 1]);
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

/// Attempts that many milliseconds apart, from the start; the answer to the last.
fn attempts(edge: &mut Edge, number: u64, apart_ms: u64) -> Option<Duration> {
    let answers = (0..number).map(|n| edge.attempt(HERE, after(n * apart_ms)));
    answers.last().flatten()
}

#[test]
fn an_attempt_too_many_within_any_ten_minutes_bans_the_address() {
    let ten_minutes = Duration::from_secs(600);
    let mut edge = Edge::default();
    assert_eq!(attempts(&mut edge, 150, 1_000), None);
    assert_eq!(edge.attempt(HERE, after(599_999)), Some(ten_minutes));
    assert_eq!(edge.ban(HERE, after(600_000)), Some(ten_minutes - Duration::from_millis(1)));
    assert_eq!(
        (edge.ban(THERE, after(600_000)), edge.attempt(THERE, after(600_000))),
        (None, None)
    );
    assert_eq!(edge.ban(HERE, after(1_199_999)), None);
    // The window moves: exactly ten minutes later it is none too many.
    let mut edge = Edge::default();
    assert_eq!(attempts(&mut edge, 150, 1_000), None);
    assert_eq!(edge.attempt(HERE, after(600_000)), None);
    assert_eq!(attempts(&mut Edge::default(), 1_000, 4_000), None);
}

#[test]
fn who_goes_on_through_a_ban_is_banned_again() {
    let mut edge = Edge::default();
    assert!(attempts(&mut edge, 151, 0).is_some());
    let during = (1..=200).map(|n| edge.attempt(HERE, after(n * 2_500)));
    assert!(during.collect::<Vec<_>>().iter().all(|banned| banned.is_some()));
    // It ends when it was to end, but the attempts count.
    assert_eq!(edge.ban(HERE, after(600_000)), None);
    assert!(edge.attempt(HERE, after(600_000)).is_some());
    // Who stays away is forgiven.
    assert_eq!(edge.attempt(HERE, after(1_800_000)), None);
}

#[test]
fn addresses_that_are_remembered_are_limited() {
    let mut edge = Edge::default();
    for n in 0..2_000_u32 {
        edge.attempt(IpAddr::V4(Ipv4Addr::from_bits(n)), after(u64::from(n)));
    }
    let latest = IpAddr::V4(Ipv4Addr::from_bits(1_999));
    for _ in 0..149 {
        assert_eq!(edge.attempt(latest, after(2_000)), None);
    }
    assert!(edge.attempt(latest, after(2_000)).is_some());
}
