//! Every execution of the trader's orders is told once, with its fee, also those of which the stream
//! said nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, Fill};
use scenario::{Executions, ExecutionsFault, FaultKind, FaultPlan, PlannedFault};
use sim::{ACCOUNT, Setup};

use crate::support::{assert_passes, fault_setup, run};

/// Executions by order and number, each with its time and how often it was told.
type Told<'a> = BTreeMap<(&'a ClientOrderId, u64), (Duration, &'a Fill, usize)>;

fn executions(history: &[Record], of: fn(&Record) -> Option<(&ClientOrderId, &Fill)>) -> Told<'_> {
    let mut executions = Told::new();
    for record in history {
        if let Some((id, fill)) = of(record) {
            let known = executions.entry((id, fill.trade_id)).or_insert((record.at(), fill, 0));
            known.2 += 1;
        }
    }
    executions
}

fn at_the_venue(record: &Record) -> Option<(&ClientOrderId, &Fill)> {
    match &record.event {
        Event::Venue(VenueEvent::Filled { account, client_order_id, fill, .. })
            if account == ACCOUNT =>
        {
            client_order_id.as_ref().map(|id| (id, fill))
        }
        Event::Venue(_) | Event::Trader(_) | Event::Sink(_) | Event::World(_) => None,
    }
}

fn at_the_trader(record: &Record) -> Option<(&ClientOrderId, &Fill)> {
    match &record.event {
        Event::Trader(AuditEvent::Filled { client_order_id, fill }) => {
            Some((client_order_id, fill))
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    }
}

/// Longest way of an execution that the stream tells.
const PROMPT: Duration = Duration::from_secs(1);

/// A market maker whom the stream tells of no execution for twenty minutes, while all else works.
fn deaf(seed: u64) -> Setup {
    let mut setup = fault_setup("kraken-outage-quotes", seed);
    setup.scenario.expect.opens.clear();
    let omitted = PlannedFault {
        id: 0,
        at: Duration::from_mins(2),
        until: Duration::from_mins(22),
        may_miss: false,
        kind: FaultKind::Executions(Executions { how: ExecutionsFault::Omitted, one_in: None }),
    };
    setup.plan = FaultPlan::new(setup.scenario.name.clone(), seed, vec![omitted]);
    setup
}

#[test]
fn every_execution_is_told_once_though_the_stream_does_not_tell_of_it() {
    let mut missed = 0;
    for seed in 1..=3 {
        let setup = deaf(seed);
        let history = run(&setup).history;
        let venue = executions(&history, at_the_venue);
        let trader = executions(&history, at_the_trader);
        let keys = |executions: &Told<'_>| {
            executions.keys().map(|(id, number)| format!("{id} {number}")).collect::<Vec<_>>()
        };
        assert_eq!(keys(&venue), keys(&trader), "seed {seed}");
        for (key, (told_at, fill, times)) in &trader {
            let (happened_at, same, _) = &venue[key];
            assert_eq!((*times, fill), (1, same), "seed {seed}: {key:?}");
            if *told_at > *happened_at + PROMPT {
                missed += 1;
            }
        }
        assert_passes(&setup, &history);
    }
    assert!(missed > 0, "nothing was executed that the stream did not tell");
}
