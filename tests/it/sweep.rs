//! Many seeds: the same result on any number of threads, and planted bugs that are found and reduced.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use model::Trade;
use report::{SeedRecord, SweepAbout, SweepReport, SweepTime, Tally};
use scenario::{FaultPlan, Scenario};
use sim::{Progress, Setup, SimError, simulate_within};
use sweep::{Case, Job, REPEATS, RUN_ENDS, reduce};
use tape::Tape;

use crate::saboteurs::no_timeouts;
use crate::support::{outage, root, run};

const STORM: &str = "scenarios/storm/kraken-storm.toml";
const WALL_MAX: Duration = Duration::from_mins(5);

/// The storm, shorter: what is tested here is not the trader.
fn storm() -> Scenario {
    let mut scenario = Scenario::load(&root().join(STORM)).expect("a valid scenario");
    scenario.run.length = Duration::from_secs(200);
    scenario.storm.as_mut().expect("a storm").lasts = Duration::from_secs(40);
    scenario
}

fn trades(scenario: &Scenario) -> Arc<[Trade]> {
    let tape = Tape::load(&scenario.tape_path()).expect("a valid tape");
    tape.trades_for(&scenario.market.symbol).collect()
}

fn case(scenario: &Scenario) -> Case {
    let labels = scenario.fault_labels().into_iter().collect();
    let (scenario, trades) = (scenario.clone(), trades(scenario));
    Case::new("storm".to_owned(), labels, move |seed| {
        Setup::new(scenario.clone(), seed, Arc::clone(&trades))
    })
}

/// Sweeps seeds `0..count`, each third of them twice; in the order in which they ended.
fn swept(case: &Case, count: u64, threads: usize) -> Vec<SeedRecord> {
    let jobs = (0..count).map(|seed| Job { case: 0, seed, repeat: seed.is_multiple_of(3) });
    let mut records = Vec::new();
    let cases = std::slice::from_ref(case);
    let never = AtomicBool::new(false);
    let all = sweep::sweep(cases, jobs, threads, WALL_MAX, &never, |record| records.push(record));
    assert!(all, "every job was run");
    records
}

fn summed(records: &[SeedRecord]) -> SweepReport {
    let mut tally = Tally::default();
    records.iter().for_each(|record| tally.add(record));
    let about = SweepAbout {
        scenarios: vec!["storm".to_owned()],
        seeds: String::new(),
        runs: tally.done(),
        version: String::new(),
        cut: None,
    };
    tally.report(about, SweepTime::default(), |_, seed| format!("{seed}"))
}

#[test]
fn the_result_is_the_same_on_any_number_of_threads() {
    let case = case(&storm());
    let one = summed(&swept(&case, 5, 1));
    assert_eq!(summed(&swept(&case, 5, 3)), one);
    assert_eq!((one.done, one.repeated, one.failed), (5, 2, 0), "{:?}", one.failures);
    let digests = swept(&case, 2, 2).into_iter().map(|record| record.digest);
    assert_eq!(digests.collect::<std::collections::BTreeSet<_>>().len(), 2, "seeds must matter");
}

#[test]
fn a_sweep_that_is_stopped_keeps_what_it_has() {
    let case = case(&storm());
    let stop = AtomicBool::new(false);
    let mut records = Vec::new();
    let jobs = (0..100).map(|seed| Job { case: 0, seed, repeat: false });
    let all = sweep::sweep(std::slice::from_ref(&case), jobs, 2, WALL_MAX, &stop, |record| {
        records.push(record);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(!all);
    // One for each thread, and perhaps one that began before it was told.
    assert!((1..=4).contains(&records.len()), "{}", records.len());
}

/// The file that a reduction gives, run like any other, fails the same check, and passes without the bug.
#[test]
fn a_planted_bug_is_found_reduced_and_its_file_still_fails() {
    let scenario = storm();
    let sound = case(&scenario);
    let broken = sound.clone().altered(|setup| no_timeouts(&mut setup.node.kraken));
    let check = "waits-bounded";
    let found = (0..20).find(|seed| {
        let record = broken.run(*seed, false, WALL_MAX);
        record.failures.iter().any(|failure| failure.check == check)
    });
    let setup = broken.setup(found.expect("found within twenty seeds")).expect("valid");
    let never = AtomicBool::new(false);
    let limits = (100, WALL_MAX);
    let reduced = reduce(&broken, &setup, check, limits, &never, |_, _| {}).expect("it fails");
    let (before, after) = (setup.plan.faults.len(), reduced.setup.plan.faults.len());
    assert!(after < before && after <= 1, "{before} faults, then {after}");

    let text = reduced.setup.scenario.explicit(&reduced.setup.plan, None, "Reduced.");
    let path = root().join("scenarios/regress/reduced.toml");
    let again = Scenario::parse(path, &text).expect("a valid scenario");
    assert!(again.run.length <= setup.scenario.run.length && again.storm.is_none());
    let seed = again.run.seed;
    let sound = case(&again);
    let broken = sound.clone().altered(|setup| no_timeouts(&mut setup.node.kraken));
    let failing = |case: &Case| case.failing(&case.setup(seed).expect("valid"), WALL_MAX);
    assert!(failing(&broken).iter().any(|name| name == check), "{text}");
    assert_eq!(failing(&sound), Vec::<String>::new(), "{text}");
}

#[test]
fn what_a_run_does_not_fail_is_not_reduced() {
    let case = case(&storm());
    let setup = case.setup(1).expect("valid");
    let never = AtomicBool::new(false);
    let reduced = reduce(&case, &setup, "waits-bounded", (10, WALL_MAX), &never, |_, _| {});
    assert!(reduced.is_none());
}

#[test]
fn a_run_that_does_not_repeat_is_told() {
    let runs = std::sync::atomic::AtomicU64::new(0);
    let case = case(&storm()).altered(move |setup| {
        setup.seed += runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        setup.until = Some(Duration::from_secs(5));
    });
    let failures = case.run(1, true, WALL_MAX).failures;
    let differs = failures.iter().find(|failure| failure.check == REPEATS);
    let message = &differs.expect("it differs").message;
    assert!(message.starts_with("first `[t"), "{message}");
}

#[test]
fn a_run_that_takes_too_long_is_given_up_and_fails() {
    let setup = outage(1);
    let result = simulate_within(&setup, &Progress::default(), Duration::ZERO);
    assert!(matches!(result, Err(SimError::TooLong { .. })), "{:?}", result.map(|run| run.digest));
    let case = Case::new("outage".to_owned(), Vec::new(), |_| Ok(outage(1)));
    let record = case.run(1, false, Duration::ZERO);
    assert_eq!(record.failures[0].check, RUN_ENDS);
    assert_eq!(record.digest, "");
}

#[test]
fn a_panic_in_a_run_is_its_failure_and_no_one_elses() {
    let case = case(&storm()).altered(|setup| {
        if setup.seed == 1 {
            setup.program = Arc::new(|_| panic!("planted"));
        }
        setup.until = Some(Duration::from_secs(1));
    });
    let failed = |record: &SeedRecord| record.failures.first().map(|first| first.check.clone());
    let mut records = swept(&case, 3, 2);
    records.sort_by_key(|record| record.seed);
    let failed: Vec<_> = records.iter().map(failed).collect();
    assert_eq!(failed[1].as_deref(), Some(sweep::NO_PANIC));
    assert_ne!(failed[0].as_deref(), Some(sweep::NO_PANIC));
    assert_ne!(failed[2].as_deref(), Some(sweep::NO_PANIC));
}

#[test]
fn the_plan_of_a_seed_as_a_file_gives_the_same_digest() {
    let drawn = case(&storm()).setup(3).expect("valid");
    assert!(drawn.plan.faults.len() > 3);
    let text = drawn.scenario.explicit(&drawn.plan, None, "");
    let explicit = Scenario::parse(root().join("scenarios/x.toml"), &text).expect("valid");
    let seed = explicit.run.seed;
    let explicit = case(&explicit).setup(seed).expect("valid");
    assert_eq!(explicit.plan.faults, drawn.plan.faults);
    assert_eq!(run(&explicit).digest, run(&drawn).digest);
    let calm = FaultPlan::new(String::new(), seed, Vec::new());
    let mut without = drawn.clone();
    without.plan = calm;
    assert_ne!(run(&without).digest, run(&drawn).digest, "faults must matter");
}
