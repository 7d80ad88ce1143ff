//! The dead man's switch: a trader that is cut off has its orders cancelled by the venue, and learns of it.

use std::collections::BTreeSet;
use std::time::Duration;

use kraken::switch::SwitchConfig;
use model::audit::{AuditEvent, HealthState};
use model::history::{Event, Record, VenueEvent};
use model::{OrderState, VenueOrderId};
use scenario::FaultKind;
use sim::Setup;

use crate::support::{assert_passes, ended, fault_setup, run};

/// When the trader is cut off for 90 s; REST answered 503 for 30 s before.
const HELD: Duration = Duration::from_secs(330);
const HEALED: Duration = Duration::from_secs(420);

const SWITCH: &str = "kraken/switch";

/// A market maker in the outage, with or without a switch.
fn cut_off(switch: Option<SwitchConfig>) -> Setup {
    let mut setup = fault_setup("kraken-outage-quotes", 1);
    setup.node.switch = switch;
    setup
}

/// Orders that the venue cancelled while nobody could reach it.
fn cancelled_meanwhile(history: &[Record]) -> BTreeSet<VenueOrderId> {
    let cancelled = |record: &Record| match &record.event {
        Event::Venue(VenueEvent::OrderChanged { venue_order_id, state, .. })
            if *state == OrderState::Cancelled
                && (HELD + Duration::from_secs(1)..HEALED).contains(&record.at()) =>
        {
            Some(venue_order_id.clone())
        }
        Event::Venue(_) | Event::Trader(_) | Event::Sink(_) | Event::World(_) => None,
    };
    history.iter().filter_map(cancelled).collect()
}

/// What the trader's health says of its switch, with the second.
fn told(history: &[Record]) -> Vec<(u64, HealthState)> {
    let change = |record: &Record| match &record.event {
        Event::Trader(AuditEvent::HealthChanged { dependency, state, .. })
            if dependency == SWITCH =>
        {
            Some((record.at().as_secs(), *state))
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    };
    history.iter().filter_map(change).collect()
}

#[test]
fn the_venue_cancels_the_orders_of_a_trader_that_is_cut_off_and_the_trader_learns_of_it() {
    let setup = cut_off(Some(SwitchConfig::RECOMMENDED));
    let (result, history) = ended(&setup);
    let cancelled = cancelled_meanwhile(&history);
    assert!(!cancelled.is_empty(), "a market maker has orders out");
    for id in &cancelled {
        let learned = history.iter().find(|record| match &record.event {
            Event::Trader(AuditEvent::OrderChanged { venue_order_id, state, .. }) => {
                venue_order_id.as_ref() == Some(id) && *state == OrderState::Cancelled
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
        });
        let at = learned.map(Record::at).unwrap_or_else(|| panic!("{id} was never heard of again"));
        let soon = HEALED..HEALED + setup.scenario.expect.recover_within;
        assert!(soon.contains(&at), "{id} at {at:?}");
    }
    // Armed before anything was placed, down when the time was over, and up again after the outage.
    let mut states: Vec<_> = told(&history).into_iter().map(|(_, state)| state).collect();
    states.dedup();
    let expected = [HealthState::Up, HealthState::Degraded, HealthState::Down, HealthState::Up];
    assert_eq!(states, expected, "{:?}", told(&history));
    let placed = history
        .iter()
        .find(|record| matches!(&record.event, Event::Trader(AuditEvent::OrderIntent { .. })));
    let armed = told(&history)[0].0;
    assert!(armed <= placed.expect("it trades").at().as_secs());
    assert_passes(&setup, &history);
    let report = result.expect("a good end");
    assert_eq!(report.left, [""; 0], "it was turned off");
    assert!(report.unsettled.is_empty());
}

/// The same outage without a switch: orders rest at the venue with nobody to watch them.
#[test]
fn without_a_switch_the_orders_rest() {
    let history = run(&cut_off(None)).history;
    assert_eq!(cancelled_meanwhile(&history), BTreeSet::new());
    assert_eq!(told(&history), []);
}

/// A node that ends while the venue cannot be reached does not know whether orders are left: the switch stays
/// armed, so that the venue cancels them after the node is gone.
#[test]
fn a_node_that_ends_with_orders_in_doubt_leaves_the_switch_armed() {
    let mut setup = cut_off(Some(SwitchConfig::RECOMMENDED));
    setup.scenario.run.length = Duration::from_secs(60);
    setup.plan.faults.retain(|fault| matches!(fault.kind, FaultKind::Hold(_)));
    for fault in &mut setup.plan.faults {
        (fault.at, fault.until) = (Duration::from_secs(55), Duration::from_secs(3_600));
    }
    setup.node.settle_max = Duration::from_secs(20);
    let (result, _) = ended(&setup);
    let report = result.expect("nothing failed but the venue");
    assert!(!report.unsettled.is_empty());
    assert_eq!(report.left, ["the dead man's switch stays armed, as orders may be left"]);
}
