use super::*;
use crate::testkit::events::{asset_total, balance, venue_fill};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn money_from_nowhere_is_reported() {
    let mut story = clean();
    story.venue(61_000, asset_total("USD", "1000000.01"));
    reports(&story, "sum of all USD is 1000000.01, was 1000000");
}

#[test]
fn negative_and_overdrawn_balances_are_reported() {
    let check = |total, held, fragment| {
        let mut story = clean();
        story.venue(61_000, balance("USD", total, held));
        reports(&story, fragment);
    };
    check("-1", "0", "trader has -1 USD, 0 held: negative");
    check("10", "-1", "trader has 10 USD, -1 held: negative reserve");
    check("10", "11", "trader has 10 USD, 11 held: more reserved than owned");
}

#[test]
fn money_still_reserved_at_the_end_is_reported() {
    let mut story = clean();
    story.venue(190_000, balance("USD", "94999", "5001"));
    reports(&story, "trader: 5001 USD still held at the end");
}

#[test]
fn a_balance_that_the_executions_do_not_explain_is_reported() {
    let mut story = clean();
    story.venue(190_000, balance("USD", "94999.5", "0"));
    reports(&story, "trader has 94999.5 USD, but had 100000 and traded -5001");
    let mut story = clean();
    story.venue(0, balance("ETH", "1", "0")).venue(190_000, balance("ETH", "2", "0"));
    reports(&story, "trader has 2 ETH, had 1, and traded none");
}

#[test]
fn a_cost_may_be_rounded_by_the_venue() {
    let mut story = clean();
    story.venue(190_000, balance("USD", "94999.00001", "0"));
    assert_passes(CHECK.name, &story, &expectations());
    story.venue(190_001, balance("USD", "94999.00002", "0"));
    reports(&story, "but had 100000 and traded -5001");
}

#[test]
fn an_execution_of_no_pair_is_reported() {
    let mut story = clean();
    let mut odd = venue_fill("o-1", "V1", 9, "0.1");
    if let VenueEvent::Filled { symbol, .. } = &mut odd {
        *symbol = Symbol::new("BTCUSD");
    }
    story.venue(61_000, odd);
    reports(&story, "trade 9 of BTCUSD cannot be booked");
}

/// True for a statement about the trader's bitcoin at one of the times `when` selects.
fn bitcoin(record: &Record, when: impl Fn(u64) -> bool) -> bool {
    matches!(&record.event, Event::Venue(VenueEvent::Balance { asset, .. })
        if asset.as_str() == "BTC" && when(record.at_ns))
}

#[test]
fn an_execution_without_a_balance_before_or_after_is_reported() {
    let without = |when: fn(u64) -> bool| {
        let mut story = clean();
        story.without(|record| bitcoin(record, when));
        story
    };
    let before = "trader: no balance of BTC before its first execution";
    let after = "trader: no balance of BTC after its last execution";
    reports(&without(|at_ns| at_ns == 0), before);
    reports(&without(|at_ns| at_ns > 0), after);
    reports(&without(|_| true), before);
    reports(&without(|_| true), after);
}

#[test]
fn a_cut_run_may_end_before_a_balance_is_told() {
    let mut expect = expectations();
    expect.shutdown_at = None;
    let mut story = clean();
    story.without(|record| bitcoin(record, |at_ns| at_ns > 0));
    assert_passes(CHECK.name, &story, &expect);
}
