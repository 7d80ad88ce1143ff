//! `wavetank run`.

pub(super) mod save;
pub(super) mod source;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use checks::CheckResult;
use report::{RunRecord, TextStyle};
use sim::{Outcome, Setup, SimError, simulate};
use tracing_subscriber::EnvFilter;

use crate::Exit;
use crate::args::{Format, RunArgs};
use crate::commands::twice;
use crate::exit;
use crate::progress;

use self::source::Source;

/// Columns of the report where there is no terminal to ask, and at least.
const COLUMNS: usize = 100;

pub(crate) fn execute(args: &RunArgs) -> anyhow::Result<Exit> {
    start_log(args)?;
    let source = Source::load(&args.scenario, args.tape.as_deref())?;
    let setup = source.setup(args.seed, args.until)?;
    if let Some(note) = source.note(&setup) {
        // Nobody to tell is no reason not to run.
        drop(writeln!(std::io::stderr(), "{note}"));
    }
    let judged = Judged::run(&setup, args)?;
    let record = judged.record(&source, &setup);
    let saved = folder_to_save_in(args, &record)
        .map(|folder| {
            save::save(&folder, &record, &judged.outcome.history, &source.explicit(&setup))
        })
        .transpose()?;
    let printed = exit::unless_unread(print(args, &record));
    if let Some(failed) = checks::worst(&judged.checks) {
        let saved = saved.unwrap_or_default().display().to_string();
        let failure = report::render_failure(&record, &repro(args, &setup, &record), &saved);
        // The verdict holds whether anybody reads it or not.
        drop(write!(std::io::stderr(), "{failure}"));
        if let Err(error) = printed {
            drop(writeln!(std::io::stderr(), "error: {error:#}"));
        }
        return Ok(Exit::Failed(failed));
    }
    printed?;
    if args.twice {
        return twice::prove(args, &setup, &judged.outcome);
    }
    Ok(Exit::Pass)
}

/// A run, its time and its verdicts.
struct Judged {
    outcome: Outcome,
    checks: Vec<CheckResult>,
    wall: Duration,
}

impl Judged {
    fn run(setup: &Setup, args: &RunArgs) -> Result<Self, SimError> {
        let started = Instant::now();
        let length = setup.until.unwrap_or(setup.scenario.run.length);
        let outcome = progress::shown(length, args.quiet, |progress| simulate(setup, progress))?;
        let wall = started.elapsed();
        let checks = checks::run(&outcome.history, &setup.expectations());
        Ok(Self { outcome, checks, wall })
    }

    fn record(&self, source: &Source, setup: &Setup) -> RunRecord {
        let meta = source.meta(setup, &self.outcome, self.wall);
        RunRecord::new(meta, &self.outcome.history, &self.checks)
    }
}

/// Where the run is saved: where the user wants it, or a place of ours if it failed.
fn folder_to_save_in(args: &RunArgs, record: &RunRecord) -> Option<PathBuf> {
    let place = || {
        let name = record.scenario.replace('/', "-");
        PathBuf::from("target/wavetank").join(name).join(scenario::format_seed(record.seed))
    };
    args.out.clone().or_else(|| (!record.passed()).then(place))
}

fn print(args: &RunArgs, record: &RunRecord) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            serde_json::to_writer(&mut out, record)?;
            writeln!(out)?;
        }
        Format::Text if args.quiet => writeln!(out, "{}", report::render_verdict(record))?,
        Format::Text => {
            let style = TextStyle { color: out.is_terminal(), width: columns() };
            write!(out, "{}", report::render_text(record, style))?;
        }
    }
    Ok(())
}

pub(super) fn columns() -> usize {
    let terminal = terminal_size::terminal_size();
    terminal.map_or(COLUMNS, |(width, _)| usize::from(width.0).max(COLUMNS))
}

/// The command that repeats a whole run.
pub(super) fn command(scenario: &str, seed: u64, tape: Option<&Path>) -> String {
    let mut command = format!("wavetank run {scenario} --seed {}", scenario::format_seed(seed));
    if let Some(tape) = tape {
        command.push_str(&format!(" --tape {}", tape.display()));
    }
    command
}

/// The command that repeats the run, up to a second behind the failure.
fn repro(args: &RunArgs, setup: &Setup, record: &RunRecord) -> String {
    let scenario = args.scenario.display().to_string();
    let mut command = command(&scenario, setup.seed, args.tape.as_deref());
    if let Some(failure) = record.failure().filter(|failure| failure.at < setup.scenario.run.length)
    {
        let until = Duration::from_secs(failure.at.as_secs() + 2);
        command.push_str(&format!(" --until {}", scenario::format_duration(until)));
    }
    command
}

fn start_log(args: &RunArgs) -> anyhow::Result<()> {
    if let Some(filter) = &args.log {
        let filter = EnvFilter::try_new(filter)?;
        // Without the machine's time: two logs of one seed are equal.
        let log = tracing_subscriber::fmt().without_time().with_writer(std::io::stderr);
        // Nor colours, nor what dependencies tell the `log` crate (masks of WebSockets, which are random), whatever
        // features of the subscriber another crate asks for.
        let log = log.with_ansi(false).with_env_filter(filter).finish();
        tracing::subscriber::set_global_default(log)?;
    }
    Ok(())
}
