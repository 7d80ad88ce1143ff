//! An hour of virtual time with faults in every ten minutes: what the system holds must not grow.
//!
//! Tasks and sockets are counted under every fault while the trader trades. The heap is weighed to the byte
//! in a run without orders and without hung connections: of orders the engine and the simulated venue keep
//! the last 10 000 on purpose, and every hang leaves 10 to 20 KiB, a part of it in turmoil, which never
//! forgets a dial that was given up. With both, the heap has a wide bound only.
//!
//! One test, so that nothing else allocates beside the runs. What leaks on purpose must be seen.

mod heap;
mod leaks;

use std::alloc::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Trade;
use model::history::{Event, Record, WorldEvent};
use scenario::{FaultKind, PlannedFault, Scenario};
use sim::{Progress, Setup, simulate};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tape::Tape;

use crate::heap::{Heap, Sample};
use crate::leaks::Leak;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Every fault strikes once in each.
const CYCLE: Duration = Duration::from_secs(600);

/// Length of the sample tape: it is played again and again.
const TAPE: Duration = Duration::from_secs(1800);

/// Cycles of an hour.
const HOUR: u32 = 6;

/// Heap that may stay behind for each call on the network, in bytes: less than one object.
/// About 110 calls lie between the two cycles that are compared.
const BYTES_PER_CALL_MAX: f64 = 8.0;

/// Heap that a cycle with orders and a hang may leave behind, in bytes. Measured: 60 KiB.
const BYTES_PER_CYCLE_MAX: i64 = 96 * 1024;

#[test]
fn an_hour_with_faults_leaves_nothing_behind() {
    let trading = soak(HOUR, Work::Trading, Leak::Nothing);
    assert_eq!(trading.struck.len(), 18, "{trading:?}");
    assert!(trading.struck.iter().all(|struck| *struck > 0), "{trading:?}");
    assert_eq!(trading.grown_gauges(), [""; 0], "{trading:?}");
    assert!(trading.bytes_per_cycle() < BYTES_PER_CYCLE_MAX, "{trading:?}");

    let asking = soak(HOUR, Work::Asking, Leak::Nothing);
    assert!(asking.struck.iter().all(|struck| *struck > 0), "{asking:?}");
    assert!(asking.calls_in_cycle() > 100, "{asking:?}");
    assert_eq!(asking.grown_gauges(), [""; 0], "{asking:?}");
    assert!(asking.bytes_per_call() < BYTES_PER_CALL_MAX, "{asking:?}");

    let leaky = soak(HOUR, Work::Asking, Leak::Bytes);
    assert!(leaky.bytes_per_call() >= BYTES_PER_CALL_MAX, "{leaky:?}");
    let leaky = soak(3, Work::Trading, Leak::TasksAndSockets);
    let grown = leaky.grown_gauges();
    assert!(grown.contains(&"sim_host_tasks_alive{host=\"trader\"}"), "{grown:?} {leaky:?}");
    assert!(grown.contains(&"sim_host_sockets_open{host=\"trader\"}"), "{grown:?} {leaky:?}");
}

/// What the trader does all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// It trades, and every fault strikes.
    Trading,
    /// It follows the streams and asks for its orders, and faults of REST strike.
    Asking,
}

/// What a run held, over its time.
#[derive(Debug)]
struct Soak {
    cycles: usize,
    /// The heap without the history, once a minute.
    heap: Vec<Sample>,
    /// Lowest and highest value of each gauge in each cycle.
    gauges: BTreeMap<String, Vec<(u64, u64)>>,
    /// How often each fault struck.
    struck: Vec<u64>,
}

fn soak(cycles: u32, work: Work, leak: Leak) -> Soak {
    let mut setup = setup(cycles, work);
    let heap = Arc::new(Heap::new(ALLOCATOR));
    setup.program = leaks::program(Arc::clone(&heap), leak);
    let outcome = simulate(&setup, &Progress::default()).expect("a run");
    let cycles = usize::try_from(cycles).expect("a few cycles");
    let gauges = gauges(&outcome.history, cycles);
    let struck = outcome.history.iter().filter_map(|record| match record.event {
        Event::World(WorldEvent::FaultEnded { struck, .. }) => Some(struck),
        Event::World(_) | Event::Trader(_) | Event::Venue(_) | Event::Sink(_) => None,
    });
    let struck = struck.collect();
    Soak { cycles, heap: heap.samples(outcome.history), gauges, struck }
}

/// The trader of the main job, with the faults of both scenarios in each cycle.
fn setup(cycles: u32, work: Work) -> Setup {
    let scenario = |name| {
        let path = root().join("scenarios/faults").join(name);
        Scenario::load(&path).expect("a valid scenario")
    };
    let mut outage = scenario("kraken-outage.toml");
    outage.run.length = CYCLE * cycles;
    if work == Work::Asking {
        "no-op".clone_into(&mut outage.trader.strategy);
    }
    let tape = Tape::load(&outage.tape_path()).expect("a valid tape");
    let once: Vec<Trade> = tape.trades_for(&outage.market.symbol).collect();
    let again = |nth: u32| {
        once.iter().cloned().map(move |trade| Trade {
            venue_ts: trade.venue_ts.plus(TAPE * nth),
            trade_id: None,
            ..trade
        })
    };
    let trades: Arc<[Trade]> = (0..cycles.div_ceil(3)).flat_map(again).collect();
    let kinds = [&outage, &scenario("lost-answers.toml")].map(|scenario| scenario.plan(1).faults);
    let kinds: Vec<FaultKind> = kinds.into_iter().flatten().map(|fault| fault.kind).collect();
    let mut setup = Setup::new(outage, 1, trades).expect("a valid setup");
    setup.plan.faults = faults(cycles, &kinds);
    if work == Work::Asking {
        setup.plan.faults.retain(|fault| !matches!(fault.kind, FaultKind::Hold(_)));
    }
    setup.plan.healed_at = setup.plan.faults.last().expect("faults").until;
    setup
}

/// 503 for half a minute, a minute of silence, half a minute of lost answers; then calm.
fn faults(cycles: u32, kinds: &[FaultKind]) -> Vec<PlannedFault> {
    let find = |wanted: fn(&FaultKind) -> bool| {
        kinds.iter().find(|kind| wanted(kind)).expect("a fault of the scenarios").clone()
    };
    let each = [
        (60, 30, find(|kind| matches!(kind, FaultKind::RestStatus(_)))),
        (150, 60, find(|kind| matches!(kind, FaultKind::Hold(_)))),
        (300, 30, find(|kind| matches!(kind, FaultKind::RestLostAnswer(_)))),
    ];
    let all = (0..cycles).flat_map(|cycle| each.iter().map(move |fault| (cycle, fault)));
    let planned = (0..).zip(all).map(|(id, (cycle, (at, lasts, kind)))| {
        let at = CYCLE * cycle + Duration::from_secs(*at);
        let until = at + Duration::from_secs(*lasts);
        PlannedFault { id, at, until, may_miss: false, kind: kind.clone() }
    });
    planned.collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The gauges of what each host holds; the history tells changes only.
fn gauges(history: &[Record], cycles: usize) -> BTreeMap<String, Vec<(u64, u64)>> {
    let mut now: BTreeMap<&str, u64> = BTreeMap::new();
    let mut ranges: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for record in history {
        let Event::World(WorldEvent::MetricsSampled { changed }) = &record.event else { continue };
        let held = changed.iter().filter(|(series, _)| series.starts_with("sim_host_"));
        now.extend(held.map(|(series, value)| (&**series, value.parse().expect("a count"))));
        let cycle = Duration::from_nanos(record.at_ns).as_secs() / CYCLE.as_secs();
        let cycle = usize::try_from(cycle).expect("a few cycles");
        if cycle >= cycles {
            break;
        }
        for (series, value) in &now {
            let range = ranges.entry((*series).to_owned()).or_default();
            range.resize(cycle + 1, (u64::MAX, 0));
            let (low, high) = &mut range[cycle];
            (*low, *high) = ((*low).min(*value), (*high).max(*value));
        }
    }
    ranges
}

impl Soak {
    /// Gauges whose lowest value has risen since the second cycle, or whose highest has risen by more than
    /// the chances of timing. The first cycle has the start of the run in it.
    fn grown_gauges(&self) -> Vec<&str> {
        let grew = |of: &[(u64, u64)]| {
            let ((low_then, high_then), (low, high)) = (of[1], of[self.cycles - 1]);
            low > low_then || high > high_then + 2
        };
        let grown = self.gauges.iter().filter(|(_, of)| grew(of));
        grown.map(|(series, _)| series.as_str()).collect()
    }

    /// Heap that stayed behind for each call of the last cycle. By then all is full that has a bound.
    fn bytes_per_call(&self) -> f64 {
        let growth = self.growth(self.cycles - 2);
        f64::from(i32::try_from(growth).expect("below 2 GiB")) / f64::from(self.calls_in_cycle())
    }

    /// Heap that stayed behind for each cycle after the second.
    fn bytes_per_cycle(&self) -> i64 {
        self.growth(1) / i64::try_from(self.cycles - 2).expect("a few cycles")
    }

    /// The median growth between a cycle and the last one, minute by minute.
    fn growth(&self, since: usize) -> i64 {
        let minutes = self.cycle(since).iter().zip(self.cycle(self.cycles - 1));
        let mut growth: Vec<i64> = minutes.map(|(then, now)| now.bytes - then.bytes).collect();
        growth.sort_unstable();
        growth[growth.len() / 2]
    }

    fn calls_in_cycle(&self) -> u32 {
        self.cycle(self.cycles - 1)[0].calls - self.cycle(self.cycles - 2)[0].calls
    }

    /// The samples of a cycle, one a minute.
    fn cycle(&self, cycle: usize) -> &[Sample] {
        let minutes = usize::try_from(CYCLE.as_secs() / 60).expect("a few minutes");
        &self.heap[cycle * minutes..(cycle + 1) * minutes]
    }
}
