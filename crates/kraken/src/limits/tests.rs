use model::UnixNanos;
use tokio::time::advance;

use super::*;
use crate::test_venue::config;
use crate::tier::{AMEND_WEIGHTS, CANCEL_WEIGHTS, EDIT_WEIGHTS, Tier};

fn limits() -> Limits {
    Limits::new(&config()).expect("a good configuration")
}

fn id(number: usize) -> VenueOrderId {
    VenueOrderId::new(&format!("O{number}"))
}

fn weight_now(limits: &Limits, id: &VenueOrderId) -> u32 {
    limits.change_weight(Some(id), CANCEL_WEIGHTS).at(Instant::now())
}

fn refusal(text: &str) -> VenueError {
    VenueError::new(vec![text.to_owned()], UnixNanos::ZERO)
}

#[tokio::test(start_paused = true)]
async fn a_cancel_weighs_by_the_time_since_the_order_was_first_seen() {
    let limits = limits();
    limits.saw_order(&id(1));
    for (seconds, expected) in [(0, 8), (5, 6), (5, 5), (5, 4), (30, 2), (45, 1), (210, 0)] {
        advance(Duration::from_secs(seconds)).await;
        limits.saw_order(&id(1));
        assert_eq!(weight_now(&limits, &id(1)), expected, "{seconds} s later");
    }
    assert_eq!(weight_now(&limits, &id(2)), 8, "never heard of");
    advance(Duration::from_secs(5)).await;
    assert_eq!(weight_now(&limits, &id(2)), 6, "heard of then");
}

#[tokio::test(start_paused = true)]
async fn a_change_weighs_by_the_age_of_the_order_which_it_renews() {
    let limits = limits();
    let weights = || {
        [AMEND_WEIGHTS, EDIT_WEIGHTS]
            .map(|table| limits.change_weight(Some(&id(1)), table).at(Instant::now()))
    };
    limits.saw_order(&id(1));
    assert_eq!(weights(), [4, 7]);
    let later = [(5, [3, 6]), (5, [2, 5]), (5, [1, 3]), (30, [1, 2]), (45, [1, 1])];
    for (seconds, expected) in later {
        advance(Duration::from_secs(seconds)).await;
        assert_eq!(weights(), expected, "{seconds} s later");
    }
    limits.asked_to_change(Some(&id(1)), &Ok(()));
    assert_eq!(weights(), [4, 7]);
    let nameless = limits.change_weight(None, CANCEL_WEIGHTS).at(Instant::now());
    assert_eq!(nameless, 8, "as young as can be");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_order_is_forgotten_first() {
    let limits = limits();
    for number in 0..=ORDERS_KEPT_MAX {
        limits.saw_order(&id(number));
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(limits.ages.since.lock().len(), ORDERS_KEPT_MAX);
    assert!(weight_now(&limits, &id(1)) < 8);
    assert_eq!(weight_now(&limits, &id(0)), 8);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_fills_the_counter_that_it_names() {
    let limits = limits();
    let pair = limits.engine(&Symbol::new("BTC/USD")).expect("a pair");
    let other = limits.engine(&Symbol::new("ETH/USD")).expect("a pair");
    let used = |limiter: &Limiter| limiter.snapshot().used();
    limits.heed(&refusal("EOrder:Rate limit exceeded"), &pair);
    assert_eq!((used(&pair), used(&other), used(&limits.rest)), (112, 0, 0));
    // Of the key, though an order ran into it.
    limits.heed(&refusal("EAPI:Rate limit exceeded"), &other);
    assert_eq!((used(&other), used(&limits.rest)), (0, 18));
    assert!(limits.rest.snapshot().paused_for > Duration::ZERO);
    limits.heed(&refusal("EOrder:Domain rate limit exceeded"), &pair);
    assert!(other.snapshot().paused_for > Duration::ZERO);
    assert_eq!(limits.public.snapshot().paused_for, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn counters_of_a_process_that_follows_another_one_begin_full() {
    let mut config = config();
    config.counters_full_at_start = true;
    let limits = Limits::new(&config).expect("a good configuration");
    let pair = limits.engine(&config.symbols[0]).expect("a pair");
    let used = |limiter: &Limiter| limiter.snapshot().used();
    assert_eq!((used(&pair), used(&limits.rest), used(&limits.dials)), (112, 18, 0));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_address_holds_everything() {
    let limits = limits();
    limits.engine(&Symbol::new("BTC/USD")).expect("a pair");
    limits.pause_address(Duration::from_secs(9));
    limits.engine(&Symbol::new("ETH/USD")).expect("a pair");
    let all = limits.all();
    assert_eq!(all.len(), 5);
    for limiter in all {
        assert_eq!(limiter.snapshot().paused_for, Duration::from_secs(9), "{}", limiter.name());
    }
}

#[test]
fn a_limit_that_makes_no_sense_is_named() {
    let mut config = config();
    config.dial_limit = LimiterConfig::window(0, Duration::from_secs(600));
    let error = Limits::new(&config).expect_err("no capacity");
    assert_eq!(error.to_string(), "kraken/dials: limiter setting `capacity` is zero");
}

#[test]
fn the_tier_decides() {
    let mut config = config();
    config.tier = Tier::Starter;
    let limits = Limits::new(&config).expect("a good configuration");
    assert_eq!(limits.rest.snapshot().tightest().capacity, 13);
}
