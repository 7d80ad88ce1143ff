//! Traders that do not know their limits: the venue refuses, and the check tells whose fault it was.

use std::time::Duration;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use resilience::{BackoffConfig, BreakerPolicy, Jitter, LimiterConfig};
use scenario::{Scenario, Tier};
use sim::Setup;

use crate::support::{assert_passes, failing, fault_setup, limiter_overload, root, run, with_tape};

/// A scenario after changes to its text.
fn changed(name: &str, changes: &[(&str, &str)]) -> Setup {
    let path = root().join(format!("scenarios/faults/{name}.toml"));
    let mut text = std::fs::read_to_string(&path).expect("a scenario");
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    let scenario = Scenario::parse(&path, &text).expect("a valid scenario");
    let tape = scenario.tape_path();
    with_tape(scenario, &tape, 1)
}

/// How often the venue answered so.
fn answered(history: &[Record], with: &str) -> usize {
    let is_it = |record: &&Record| match &record.event {
        Event::Venue(VenueEvent::RequestAnswered { status, error, .. }) => {
            error.as_deref() == Some(with) || status.to_string() == with
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    };
    history.iter().filter(is_it).count()
}

const CALLS: &str = "EAPI:Rate limit exceeded";
const TRANSACTIONS: &str = "EOrder:Rate limit exceeded";

/// The scenario in which the strategy is in a hurry, with an account and a trader of these tiers.
fn hurry(account: &str, trader: &str) -> (Setup, Vec<Record>) {
    let account = format!("[account]\ntier = \"{account}\"");
    let trader = format!("[trader]\ntier = \"{trader}\"");
    let changes = [("[account]\ntier = \"starter\"", &*account), ("[trader]", &*trader)];
    let setup = changed("limiter-overload", &changes);
    let history = run(&setup).history;
    (setup, history)
}

#[test]
fn a_trader_that_knows_its_tier_is_never_refused() {
    for tier in ["intermediate", "pro"] {
        let (setup, history) = hurry(tier, tier);
        assert_passes(&setup, &history);
        assert_eq!(answered(&history, TRANSACTIONS), 0, "{tier}");
    }
    let (setup, outcome) = limiter_overload();
    assert_eq!(setup.scenario.account.tier, Tier::Starter);
    assert_eq!(answered(&outcome.history, TRANSACTIONS), 0);
}

#[test]
fn a_trader_that_believes_in_a_higher_tier_is_refused_and_reported() {
    for (account, trader) in [("starter", "intermediate"), ("starter", "pro")] {
        let (setup, history) = hurry(account, trader);
        assert!(answered(&history, TRANSACTIONS) > 0, "{account} {trader}");
        // Its own configuration it keeps to: only the venue's limits show the mistake.
        let failing = failing(&setup, &history);
        assert!(failing.contains(&"venue-limits"), "{account} {trader}: {failing:?}");
        assert!(!failing.contains(&"rates-bounded"), "{account} {trader}: {failing:?}");
    }
}

#[test]
fn a_trader_that_asks_for_orders_too_often_is_refused_and_reported() {
    // Every second is more than a starter may ask, and what the trader believes of `pro` allows it.
    let tables = "[account]\ntier = \"starter\"\n\n[trader]\ntier = \"pro\"";
    let mut setup = changed("slow-answers", &[("[trader]", tables)]);
    setup.node.reconcile_every = Duration::from_millis(500);
    let history = run(&setup).history;
    assert!(answered(&history, CALLS) > 0);
    let failing = failing(&setup, &history);
    assert!(failing.contains(&"venue-limits"), "{failing:?}");
}

/// Upgrades are never answered, for ten minutes, and the trader does not wait for them either.
fn impatient(dials: LimiterConfig) -> (Setup, Vec<Record>) {
    let longer = [
        ("length = \"6m\"", "length = \"14m\""),
        (
            "for = \"90s\"\nkind = \"hang\"\nphase = \"handshake\"",
            "for = \"10m\"\nkind = \"hang\"\nphase = \"handshake\"",
        ),
    ];
    let mut setup = changed("hung-handshake", &longer);
    let kraken = &mut setup.node.kraken;
    kraken.connect_timeout = Duration::from_millis(500);
    kraken.connect_breaker.policy = BreakerPolicy::Consecutive { failures: 60_000 };
    let wait = Duration::from_millis(100);
    kraken.reconnect = BackoffConfig { base: wait, cap: wait, jitter: Jitter::Equal };
    kraken.dial_limit = dials;
    let history = run(&setup).history;
    (setup, history)
}

#[test]
fn a_limiter_of_dials_with_the_wrong_window_gets_the_address_banned() {
    // Ten minutes are what Kraken counts in.
    let (setup, history) = impatient(LimiterConfig::window(120, Duration::from_secs(60)));
    assert!(answered(&history, "429") > 0);
    assert!(failing(&setup, &history).contains(&"venue-limits"));
    let (setup, history) = impatient(LimiterConfig::window(120, Duration::from_secs(600)));
    assert_eq!(answered(&history, "429"), 0);
    assert!(!failing(&setup, &history).contains(&"venue-limits"));
    let dials = history.iter().filter(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::CallStarted { op, .. }) if op.ends_with("/connect"))
    });
    assert!(dials.count() >= 120, "the limiter was not needed");
}

/// No named scenario comes to a refusal at all: what hangs and heals does not make the trader rude.
#[test]
fn in_no_scenario_does_the_venue_refuse_for_a_limit() {
    for name in
        ["hung-connect", "hung-subscribed", "flapping", "lost-answers", "kraken-outage-quotes"]
    {
        let setup = fault_setup(name, 1);
        let history = run(&setup).history;
        for limit in [CALLS, TRANSACTIONS, "EOrder:Orders limit exceeded", "429"] {
            assert_eq!(answered(&history, limit), 0, "{name}: {limit}");
        }
    }
}
