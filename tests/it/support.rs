//! What the whole-system tests share.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};

use checks::{CheckResult, Verdict};
use model::history::Record;
use scenario::Scenario;
use sim::{Outcome, Progress, Setup, Simulate as _, TraderContext, simulate};

/// The scenario of the main job.
pub(crate) const OUTAGE: &str = "scenarios/faults/kraken-outage.toml";

/// A real half hour of trading, below `../shared/data`.
pub(crate) const REAL_TAPE: &str = "kraken/trades_csv/XBTUSD_2019-07-01_0000-0030.csv";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// The outage with the seed and the scenario's own tape.
pub(crate) fn outage(seed: u64) -> Setup {
    fault_setup("kraken-outage", seed)
}

/// The outage with the seed and a tape.
pub(crate) fn with_tape(scenario: Scenario, tape: &Path, seed: u64) -> Setup {
    scenario.simulation().tape(tape).setup(seed).expect("a valid setup")
}

pub(crate) fn run(setup: &Setup) -> Outcome {
    simulate(setup, &Progress::default()).expect("a run")
}

/// What the trader's program returned at last, and the history.
pub(crate) fn ended(setup: &Setup) -> (Result<node::NodeReport, String>, Vec<Record>) {
    let mut setup = setup.clone();
    let result = Arc::new(Mutex::new(None));
    let told = Arc::clone(&result);
    setup.program = Arc::new(move |context: TraderContext| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            let TraderContext { config, platform, stop } = context;
            let ended = node::run(config, platform, stop).await;
            *told.lock().expect("no panic") = Some(ended.map_err(|error| error.to_string()));
            Ok(())
        })
    });
    let history = run(&setup).history;
    let result = result.lock().expect("no panic").take().expect("the node ended");
    (result, history)
}

/// The outage with seed 1, run once for all tests that only look at it.
pub(crate) fn clean() -> &'static (Setup, Outcome) {
    static CLEAN: OnceLock<(Setup, Outcome)> = OnceLock::new();
    CLEAN.get_or_init(|| {
        let setup = outage(1);
        let outcome = run(&setup);
        (setup, outcome)
    })
}

/// It, with the seed.
pub(crate) fn sink_setup(seed: u64) -> Setup {
    fault_setup("sink-down", seed)
}

/// It, with seed 1, run once for all tests that only look at it.
pub(crate) fn sink_down() -> &'static (Setup, Outcome) {
    static SINK_DOWN: OnceLock<(Setup, Outcome)> = OnceLock::new();
    SINK_DOWN.get_or_init(|| {
        let setup = sink_setup(1);
        let outcome = run(&setup);
        (setup, outcome)
    })
}

/// A scenario of the folder `scenarios/faults` with its own tape.
pub(crate) fn fault_setup(name: &str, seed: u64) -> Setup {
    let path = root().join(format!("scenarios/faults/{name}.toml"));
    let scenario = Scenario::load(&path).expect("a valid scenario");
    let tape = scenario.tape_path();
    with_tape(scenario, &tape, seed)
}

/// The strategy in a hurry, with seed 1, run once for all tests that only look at it.
pub(crate) fn limiter_overload() -> &'static (Setup, Outcome) {
    static OVERLOAD: OnceLock<(Setup, Outcome)> = OnceLock::new();
    OVERLOAD.get_or_init(|| {
        let setup = fault_setup("limiter-overload", 1);
        let outcome = run(&setup);
        (setup, outcome)
    })
}

/// Requests that are one too many, with seed 1, run once for all tests that only look at it.
pub(crate) fn storm_429() -> &'static (Setup, Outcome) {
    static TOLD_TO_WAIT: OnceLock<(Setup, Outcome)> = OnceLock::new();
    TOLD_TO_WAIT.get_or_init(|| {
        let setup = fault_setup("storm-429", 1);
        let outcome = run(&setup);
        (setup, outcome)
    })
}

/// Names of the checks that fail on a history, by the promises of a setup.
pub(crate) fn failing(setup: &Setup, history: &[Record]) -> Vec<&'static str> {
    let results = checks::run(history, &setup.expectations());
    results.iter().filter(|result| !result.passed()).map(|result| result.name).collect()
}

/// The checks that fail on a history, by the promises of a setup, each with its violations.
pub(crate) fn failing_with_details(setup: &Setup, history: &[Record]) -> Vec<String> {
    let results = checks::run(history, &setup.expectations());
    results.iter().filter(|result| !result.passed()).map(describe).collect()
}

/// Panics with every violation unless all checks pass.
pub(crate) fn assert_passes(setup: &Setup, history: &[Record]) {
    let failed = failing_with_details(setup, history);
    assert!(failed.is_empty(), "seed {}:\n{}", setup.seed, failed.join("\n"));
}

fn describe(result: &CheckResult) -> String {
    match &result.verdict {
        Verdict::Pass { .. } => format!("{}: passed", result.name),
        Verdict::Vacuous { why, .. } => format!("{}: nothing examined: {why}", result.name),
        Verdict::Fail { violations, total } => {
            let lines = violations.iter().map(|violation| {
                let at_ms = violation.at_ns / 1_000_000;
                format!("  t{at_ms} e{}: {}", violation.seq, violation.message)
            });
            format!("{}: {total} violations\n{}", result.name, lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// A file of the shared recordings; `None`, said aloud, where there are none. CI must have them.
#[expect(clippy::disallowed_methods, reason = "the environment tells whether this is CI")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
pub(crate) fn recording(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs {}", path.display());
    println!("skipped: {} is not there", path.display());
    None
}

/// Runs the program in the repository's root.
pub(crate) fn wavetank(arguments: &[&str]) -> Output {
    Command::new(program())
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the program starts")
}

/// The program, built as these tests are.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // Without `--package`: this, too, must be what `cargo run` has built.
        let arguments = ["build", "--bin", "wavetank", "--offline"];
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--message-format", "json"])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let messages = lines.filter_map(|line| serde_json::from_slice(line).ok());
        let executable =
            |message: serde_json::Value| message["executable"].as_str().map(PathBuf::from);
        messages.filter_map(executable).next_back().expect("cargo names the program")
    })
}
