//! The outage scenario against real time and against the floor: turmoil stepping the same hosts at
//! the same tick, without any product code.
//!
//! Criterion shows times; the lines printed before give the two ratios that matter, taken in this
//! process within the same minute.

mod idle;
mod stopwatch;
mod under_test;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use model::Trade;
use scenario::Scenario;
use sim::{Progress, Setup, simulate};
use tape::Tape;

use self::stopwatch::seconds;
use self::under_test::is_test;

/// The trader and the three hosts of the venue.
const HOSTS: [&str; 4] = ["trader", "api", "public", "private"];

fn setup() -> Setup {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("scenarios/faults/kraken-outage.toml");
    let scenario = Scenario::load(&path).expect("a valid scenario");
    let tape = Tape::load(&scenario.tape_path()).expect("a valid tape");
    let trades: Arc<[Trade]> = tape.trades_for(&scenario.market.symbol).collect();
    Setup::new(scenario, 1, trades).expect("a valid setup")
}

/// Steps idle hosts through the scenario's length; how many steps that takes.
fn floor(setup: &Setup) -> u64 {
    let run = &setup.scenario.run;
    let steps = run.length.as_nanos().div_ceil(run.tick.as_nanos());
    let steps = u64::try_from(steps).expect("a short run");
    idle::step(idle::bare(run.tick).build(), HOSTS.map(str::to_owned), steps);
    steps
}

#[expect(clippy::print_stdout, reason = "ratios are what this bench is for")]
fn outage(c: &mut Criterion) {
    let setup = setup();
    let run = || simulate(&setup, &Progress::default()).expect("a run");
    let (outcome, wall) = seconds(run);
    let (steps, idle) = seconds(|| floor(&setup));
    let simulated = outcome.simulated.as_secs_f64();
    println!("digest {} over {} events", outcome.digest, outcome.history.len());
    println!(
        "{:.0} times real time; floor {steps} steps, product / floor {:.2}",
        simulated / wall,
        wall / idle
    );
    if is_test() {
        // Everything was run once.
        return;
    }

    let mut group = c.benchmark_group("30 virtual minutes, tick 10 ms");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("outage scenario", |b| b.iter(run));
    group.bench_function("floor: bare turmoil, idle hosts", |b| b.iter(|| floor(&setup)));
    group.finish();
}

criterion_group!(benches, outage);
criterion_main!(benches);
