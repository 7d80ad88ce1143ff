//! The scenario of a trader that crashes: it has everything that makes a crash hard, at its own seed, and finds a
//! trader that does not do what comes after one.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent, WorldEvent};
use model::{OrderState, VenueOrderId};
use sim::{Outcome, Setup, TRADER};

use crate::support::{assert_passes, failing, fault_setup, run};

/// It, with its own seed, run once for all tests.
fn crashed() -> &'static (Setup, Outcome) {
    static CRASHED: OnceLock<(Setup, Outcome)> = OnceLock::new();
    CRASHED.get_or_init(|| {
        let setup = fault_setup("trader-crash", 1);
        let outcome = run(&setup);
        (setup, outcome)
    })
}

/// The history, cut where the trader crashes.
fn lives(history: &[Record]) -> Vec<&[Record]> {
    let crash = |record: &Record| {
        record.host == TRADER && matches!(record.event, Event::World(WorldEvent::HostCrashed))
    };
    history.split(crash).collect()
}

/// Orders that are open at the venue after some records, by their names there.
fn open(history: &[Record]) -> BTreeMap<&VenueOrderId, &Record> {
    let mut open = BTreeMap::new();
    for record in history {
        if let Event::Venue(VenueEvent::OrderChanged { venue_order_id, state, .. }) = &record.event
        {
            if state.is_final() {
                open.remove(venue_order_id);
            } else {
                open.entry(venue_order_id).or_insert(record);
            }
        }
    }
    open
}

#[test]
fn a_trader_that_crashes_leaves_what_is_hard_to_find() {
    let (setup, outcome) = crashed();
    assert_passes(setup, &outcome.history);
    let lives = lives(&outcome.history);
    assert_eq!(lives.len(), 3, "two crashes");
    let told = |life: &[Record], id: &VenueOrderId| {
        life.iter().any(|record| {
            matches!(&record.event, Event::Trader(AuditEvent::OrderChanged { venue_order_id, .. })
                if venue_order_id.as_ref() == Some(id))
        })
    };
    let left = open(lives[0]);
    let unheard: Vec<_> = left.keys().filter(|id| !told(lives[0], id)).collect();
    assert!(!unheard.is_empty(), "an order of which the trader had no answer");
    let traded =
        |record: &Record| matches!(record.event, Event::Trader(AuditEvent::OrderIntent { .. }));
    let second = lives[1];
    let begins = second.iter().position(traded).expect("the next life trades");
    let late = |id: &VenueOrderId| {
        second[begins..].iter().any(|record| {
            matches!(&record.event, Event::Venue(VenueEvent::OrderChanged { venue_order_id, state, .. })
                if venue_order_id == id && *state == OrderState::Cancelled)
        })
    };
    assert!(left.keys().any(|id| late(id)), "an order that shows only when the next life trades");
    let inherits = |life: &[Record]| {
        let own =
            |record: &&Record| matches!(record.event, Event::Trader(AuditEvent::Filled { .. }));
        let moved = |record: &&Record| {
            matches!(&record.event, Event::Trader(AuditEvent::PositionChanged { quantity, .. })
                if !quantity.is_zero())
        };
        let first = life.iter().find(moved).map(|record| record.seq);
        let filled = life.iter().find(own).map(|record| record.seq);
        first.is_some_and(|first| filled.is_none_or(|filled| first < filled))
    };
    assert!(lives[1..].iter().any(|life| inherits(life)), "an execution that it must count");
}

#[test]
fn a_trader_that_forgets_what_was_executed_is_found() {
    let (sound, _) = crashed();
    let mut broken = sound.clone();
    broken.node.inherit = None;
    let told = failing(sound, &run(&broken).history);
    assert!(told.contains(&"positions-equal"), "found by {told:?}");
}

#[test]
fn each_life_is_told_of_by_metrics_of_its_own() {
    let series = "wavetank_lane_calls_total{lane=\"kraken/read\"}";
    let counts = lives(&crashed().1.history).into_iter().map(|life| {
        let counts = life.iter().filter_map(|record| match &record.event {
            Event::World(WorldEvent::MetricsSampled { changed }) => {
                changed.get(series)?.parse().ok()
            }
            Event::World(_) | Event::Trader(_) | Event::Venue(_) | Event::Sink(_) => None,
        });
        counts.collect::<Vec<u64>>()
    });
    let counts: Vec<_> = counts.collect();
    for (earlier, later) in counts.iter().zip(&counts[1..]) {
        let (most, first) = (earlier.last().expect("it calls"), later.first().expect("so does it"));
        assert!(first < most, "{counts:?}");
    }
}
