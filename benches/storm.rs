//! The storm scenario against its floor: bare turmoil, with the same hosts, ticks and messages, and without any
//! product code.
//!
//! For each of a few seeds the traffic of a run is recorded (`storm_traffic.rs`), and then three things are
//! taken in turn, several times, of which the fastest counts:
//!
//! - the run as a sweep makes it: plan, simulation, every check;
//! - turmoil carrying the recorded segments between hosts that do nothing else: the floor;
//! - turmoil stepping the same hosts without a message: what an engine would save that skips idle time.
//!
//! The lines printed at the end are what matters; criterion shows the times of the first seed.

mod idle;
mod stopwatch;
#[path = "storm_traffic.rs"]
mod traffic;
mod under_test;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use scenario::Scenario;
use sim::{Run, Simulate, Simulation};

use self::stopwatch::seconds;
use self::traffic::{Recorder, Traffic};
use self::under_test::is_test;

/// Seeds whose runs are measured, and how often each is.
const SEEDS: std::ops::Range<u64> = 0..8;
const ROUNDS: usize = 3;

/// The same under `--test`: one run shows that everything works.
const TEST_SEEDS: std::ops::Range<u64> = 0..1;
const TEST_ROUNDS: usize = 1;

fn storm() -> Simulation {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("scenarios/storm/kraken-storm.toml");
    Scenario::load(&path).expect("a valid scenario").simulation()
}

fn run(storm: &Simulation, seed: u64) -> Run {
    storm.run(seed).expect("a verdict")
}

/// Seconds of each part, summed over the seeds.
#[derive(Debug, Default)]
struct Sum {
    runs: u32,
    product: f64,
    floor: f64,
    idle: f64,
    simulated: Duration,
    steps: u64,
    busy: u64,
    segments: usize,
}

#[expect(clippy::print_stdout, reason = "ratios are what this bench is for")]
impl Sum {
    fn add(
        &mut self,
        storm: &Simulation,
        (seed, rounds): (u64, usize),
        recorder: &'static Recorder,
    ) -> Traffic {
        let (recorded, traffic) = recorder.record(|| run(storm, seed));
        assert!(recorded.passed(), "{recorded}");
        let mut fastest = [f64::MAX; 3];
        for _ in 0..rounds {
            let took = [
                seconds(|| run(storm, seed)).1,
                seconds(|| traffic.replay()).1,
                seconds(|| traffic.idle()).1,
            ];
            for (fastest, took) in fastest.iter_mut().zip(took) {
                *fastest = fastest.min(took);
            }
        }
        let [product, floor, idle] = fastest;
        println!(
            "seed {seed}: {product:.3} s, floor {floor:.3} s, idle {idle:.3} s; {} segments, {} of {} steps busy",
            traffic.segments(),
            traffic.busy_steps(),
            traffic.steps(),
        );
        self.runs += 1;
        self.product += product;
        self.floor += floor;
        self.idle += idle;
        self.simulated += recorded.outcome.simulated;
        self.steps += traffic.steps();
        self.busy += traffic.busy_steps();
        self.segments += traffic.segments();
        traffic
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a report")]
    fn print(&self) {
        let runs = f64::from(self.runs);
        let busy = self.busy as f64 / self.steps as f64;
        let above = self.product - self.floor;
        let skipping = self.product - self.idle * (1.0 - busy);
        println!(
            "{:.2} seeds a second of one core, {:.0} simulated seconds a second; 10,000 seeds: {:.0} min on two cores",
            runs / self.product,
            self.simulated.as_secs_f64() / self.product,
            10_000.0 * self.product / runs / 60.0 / 2.0,
        );
        println!(
            "product above the floor: {:.0} % of the floor (goal: at most 100 %); {:.0} segments a run",
            100.0 * above / self.floor,
            self.segments as f64 / runs,
        );
        println!(
            "turmoil's own stepping: {:.0} % of a run; {:.0} % of steps carry a message; an engine that skips the others: {:.2} times as fast",
            100.0 * self.idle / self.product,
            100.0 * busy,
            self.product / skipping,
        );
    }
}

fn bench(c: &mut Criterion) {
    let recorder = Recorder::install();
    let storm = storm();
    let mut sum = Sum::default();
    let mut first: Option<Arc<Traffic>> = None;
    let (seeds, rounds) = if is_test() { (TEST_SEEDS, TEST_ROUNDS) } else { (SEEDS, ROUNDS) };
    for seed in seeds {
        let traffic = sum.add(&storm, (seed, rounds), recorder);
        first.get_or_insert_with(|| Arc::new(traffic));
    }
    sum.print();
    if is_test() {
        // Everything was run once.
        return;
    }

    let traffic = first.expect("at least one seed");
    let mut group = c.benchmark_group("storm, seed 0");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    group.bench_function("run and checks", |b| b.iter(|| run(&storm, SEEDS.start)));
    group.bench_function("floor: bare turmoil, same messages", |b| b.iter(|| traffic.replay()));
    group.bench_function("floor: bare turmoil, idle hosts", |b| b.iter(|| traffic.idle()));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
