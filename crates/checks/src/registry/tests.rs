use std::collections::BTreeSet;

use model::OrderState;
use model::history::{Event, VenueEvent, WorldEvent};

use super::*;
use crate::check::Verdict;
use crate::testkit::events::sent;
use crate::testkit::{assert_reports, clean, expectations, two_lives};

#[test]
fn a_clean_run_passes_every_check_and_none_is_vacuous() {
    for result in run(&clean().history(), &expectations()) {
        assert!(matches!(result.verdict, Verdict::Pass { .. }), "{result:#?}");
    }
}

#[test]
fn names_are_unique_kebab_case_and_sentences_have_no_full_stop() {
    let names: BTreeSet<&str> = ALL.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), ALL.len());
    for check in ALL {
        assert!(check.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", check.name);
        assert!(!check.sentence.ends_with('.') && !check.sentence.is_empty(), "{}", check.name);
    }
}

#[test]
fn an_empty_history_is_vacuous_or_wrong_but_never_a_pass() {
    let results = run(&[], &expectations());
    assert!(results.iter().all(|result| !result.passed()), "{results:#?}");
}

#[test]
fn a_vacuous_check_passes_only_where_it_is_allowed() {
    let mut expect = expectations();
    let check = ALL.iter().find(|check| check.name == "rates-bounded").unwrap();
    assert!(!check.run(&[], &expect).passed());
    expect.vacuous_allowed.insert("rates-bounded".to_owned());
    assert!(check.run(&[], &expect).passed());
}

#[test]
fn what_a_cut_run_has_not_come_to_is_not_held_against_it() {
    let mut expect = expectations();
    expect.shutdown_at = None;
    for seconds in [5, 62, 66, 80, 100, 119, 140] {
        let mut story = clean();
        story.without(|record| record.at_ns > seconds * 1_000_000_000);
        expect.length = std::time::Duration::from_secs(seconds);
        for result in run(&story.history(), &expect) {
            assert!(result.passed(), "cut at {seconds}: {result:#?}");
        }
    }
}

#[test]
fn safety_decides_before_liveness() {
    let results = run(&[], &expectations());
    assert_eq!(worst(&results), Some(Class::Safety));
    let liveness: Vec<_> =
        results.into_iter().filter(|result| result.class == Class::Liveness).collect();
    assert_eq!(worst(&liveness), Some(Class::Liveness));
    assert_eq!(worst(&[]), None);
}

#[test]
fn a_trader_may_crash_and_another_one_go_on() {
    let results = run(&two_lives().history(), &expectations());
    let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn what_spans_the_lives_of_a_trader_is_judged() {
    let mut forgotten = two_lives();
    forgotten.without(|record| {
        matches!(&record.event, Event::Venue(VenueEvent::OrderChanged { client_order_id: Some(id), state, .. })
            if id.as_str() == "o-9" && *state == OrderState::Cancelled)
    });
    let alive = "order o-9 at the end: the trader that wanted it crashed; venue says open";
    assert_reports("orders-equal", &forgotten, &expectations(), alive);
    let open = "venue order V9 is still open";
    assert_reports("nothing-left-behind", &forgotten, &expectations(), open);

    let mut one_life = two_lives();
    one_life.without(|record| matches!(record.event, Event::World(WorldEvent::HostCrashed)));
    let twice = "call #0 kraken/GetWebSocketsToken began with a used number";
    assert_reports("waits-bounded", &one_life, &expectations(), twice);
    let fate = "order o-9 has no final fate: it is submitting";
    assert_reports("no-duplicate-order", &one_life, &expectations(), fate);

    let mut revived = two_lives();
    revived.trader(146_000, sent(1, "o-9"));
    assert_reports("no-duplicate-order", &revived, &expectations(), "o-9");
}

#[test]
fn the_page_on_scenarios_names_every_check() {
    let page = include_str!("../../../../scenarios/README.md");
    for check in ALL {
        assert!(page.contains(&format!("\n- `{}`: ", check.name)), "{}", check.name);
    }
}
