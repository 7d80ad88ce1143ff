//! `wavetank sweep`.

pub(super) mod bar;
mod folder;
pub(super) mod reduced;

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use report::{FailureClass, SweepAbout, SweepReport, SweepTime, Tally, TextStyle};
use sweep::{Case, Job, RUN_ENDS, Shard};

use crate::Exit;
use crate::args::{Format, SweepArgs};
use crate::commands::run::columns;
use crate::commands::run::source::Source;
use crate::exit;
use crate::signals::{self, News};
use crate::words::Words;

use self::bar::Bar;
use self::folder::Folder;
pub(super) use self::folder::fingerprint;

pub(crate) fn execute(args: &SweepArgs) -> anyhow::Result<Exit> {
    let work = Work::new(args)?;
    let (stop, interrupted) = (Arc::clone(&work.stop), Arc::clone(&work.interrupted));
    let news = signals::beside(move || async move { work.run() })?;
    let words = Words::start(None)?;
    let report = loop {
        match signals::next(&news)? {
            News::Done(report) => break report?,
            News::Signal(name) if interrupted.swap(true, Ordering::Relaxed) => {
                words.last(&format!("{name} again: ended at once; what is saved is saved"));
                return Ok(Exit::Interrupted);
            }
            News::Signal(name) => {
                stop.store(true, Ordering::Relaxed);
                words.say(&format!(
                    "{name}: runs under way are waited for, then the result is saved"
                ));
            }
        }
    };
    exit::unless_unread(print(args, &report))?;
    words.end();
    Ok(match report.worst() {
        Some(FailureClass::Safety) => Exit::Failed(checks::Class::Safety),
        Some(FailureClass::Liveness) => Exit::Failed(checks::Class::Liveness),
        Some(FailureClass::Differs) => Exit::Differs,
        None if interrupted.load(Ordering::Relaxed) => Exit::Interrupted,
        None => Exit::Pass,
    })
}

/// A sweep with everything that it needs.
struct Work {
    args: Plan,
    sources: Vec<Arc<Source>>,
    cases: Vec<Case>,
    folder: Folder,
    tally: Tally,
    /// No more runs begin.
    stop: Arc<AtomicBool>,
    /// Somebody wants it to end.
    interrupted: Arc<AtomicBool>,
}

/// What of the arguments matters while it runs.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seeds: sweep::Seeds,
    shard: Shard,
    threads: usize,
    time: Option<Duration>,
    run_time: Duration,
    twice_every: u64,
    reduce_runs: u32,
    quiet: bool,
}

impl Work {
    fn new(args: &SweepArgs) -> anyhow::Result<Self> {
        let mut sources = Vec::new();
        let mut cases = Vec::new();
        for given in &args.scenarios {
            let source = Arc::new(Source::load(given, args.tape.as_deref())?);
            // A mistake of the file is told once, with its line, and not by every seed.
            source.setup(Some(args.seeds.first), None)?;
            cases.push(source.case(given.display().to_string()));
            sources.push(source);
        }
        let named = cases.iter().map(|case| case.name.clone()).zip(&sources);
        let (folder, tally) = Folder::open(args.out.as_deref(), named)?;
        let cores = || thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let args = Plan {
            seeds: args.seeds,
            shard: args.shard.unwrap_or(Shard::WHOLE),
            threads: args.jobs.map_or_else(cores, usize::from),
            time: args.time,
            run_time: args.run_time,
            twice_every: args.twice_every,
            reduce_runs: args.reduce_runs,
            quiet: args.quiet,
        };
        let (stop, interrupted) = Default::default();
        Ok(Self { args, sources, cases, folder, tally, stop, interrupted })
    }

    fn run(mut self) -> anyhow::Result<SweepReport> {
        let started = Instant::now();
        let (before, simulated_before) = (self.tally.done(), self.tally.simulated_ms());
        self.sweep(started)?;
        let wall = started.elapsed();
        let runs = self.tally.done().saturating_sub(before);
        let simulated_ms = self.tally.simulated_ms().saturating_sub(simulated_before);
        let per_s = |amount: Duration| amount.as_secs_f64() / wall.as_secs_f64().max(f64::EPSILON);
        let time = SweepTime {
            wall_s: wall.as_secs_f64(),
            runs,
            // Seconds here are only a way to a float without a cast.
            runs_per_s: per_s(Duration::from_secs(runs)),
            speed: per_s(Duration::from_millis(simulated_ms)),
        };
        let repro =
            |scenario: &str, seed| reduced::repro(&self.sources, &self.cases, scenario, seed);
        let mut report = self.tally.report(self.about(), time, repro);
        self.reduce(&mut report)?;
        self.folder.save(&report)?;
        Ok(report)
    }

    /// Runs what has not been run; every record is saved as soon as it is there.
    fn sweep(&mut self, started: Instant) -> anyhow::Result<()> {
        let plan = self.args;
        let tally = self.tally.clone();
        let cases = &self.cases;
        let all = plan.seeds.of(plan.shard).flat_map(|(number, seed)| {
            let repeat = plan.twice_every > 0 && number.is_multiple_of(plan.twice_every);
            (0..cases.len()).map(move |case| Job { case, seed, repeat })
        });
        let left = all.filter(|job| !tally.has(&cases[job.case].name, job.seed));
        let bar = Bar::of_sweep(self.runs(), &self.tally, plan.quiet);
        let mut failure = None;
        let (tally, folder, stop) = (&mut self.tally, &mut self.folder, &self.stop);
        sweep::sweep(cases, left, plan.threads, plan.run_time, stop, |record| {
            tally.add(&record);
            bar.show(tally);
            if let Err(error) = folder.add(&record) {
                failure.get_or_insert(error);
                stop.store(true, Ordering::Relaxed);
            }
            if plan.time.is_some_and(|time| started.elapsed() >= time) {
                stop.store(true, Ordering::Relaxed);
            }
        });
        bar.end();
        failure.map_or(Ok(()), Err)
    }

    fn runs(&self) -> u64 {
        let cases = u64::try_from(self.cases.len()).unwrap_or(u64::MAX);
        self.args.seeds.count_of(self.args.shard).saturating_mul(cases)
    }

    fn about(&self) -> SweepAbout {
        let plan = &self.args;
        let mut seeds = plan.seeds.to_string();
        if plan.shard != Shard::WHOLE {
            seeds.push_str(&format!(", part {} of {}", plan.shard.number, plan.shard.of));
        }
        let cut = self.stop.load(Ordering::Relaxed).then(|| {
            let why = if self.interrupted.load(Ordering::Relaxed) {
                "interrupted"
            } else if plan.time.is_some() {
                "the time was over"
            } else {
                "too many runs hung"
            };
            why.to_owned()
        });
        SweepAbout {
            scenarios: self.cases.iter().map(|case| case.name.clone()).collect(),
            seeds,
            runs: self.runs(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cut,
        }
    }

    /// Reduces the first seed of each group of failures.
    fn reduce(&self, report: &mut SweepReport) -> anyhow::Result<()> {
        for group in &mut report.failures {
            let reducible = group.class != FailureClass::Differs && group.check != RUN_ENDS;
            let found = self.cases.iter().position(|case| case.name == group.scenario);
            let (Some(at), Some(seed)) = (found, group.named.first().copied()) else { continue };
            if !reducible || self.args.reduce_runs == 0 || self.interrupted.load(Ordering::Relaxed)
            {
                continue;
            }
            let limits = (self.args.reduce_runs, self.args.run_time);
            let (case, source) = (&self.cases[at], &self.sources[at]);
            let bar = Bar::of_reduction(&group.check, self.args.reduce_runs, self.args.quiet);
            let setup = source.setup(Some(seed), None)?;
            let looked = |runs, faults| bar.look(runs, faults);
            let reduced =
                sweep::reduce(case, &setup, &group.check, limits, &self.interrupted, looked);
            bar.end();
            if let Some(reduced) = reduced {
                let origin = reduced::Origin { check: &group.check, scenario: &group.scenario };
                let text = reduced::text(source, &setup, &reduced, origin);
                group.reduced =
                    Some(self.folder.add_reduced(&group.scenario, &group.check, &text)?);
                group.reduced_faults =
                    reduced.setup.plan.faults.iter().map(ToString::to_string).collect();
            }
        }
        Ok(())
    }
}

fn print(args: &SweepArgs, report: &SweepReport) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            serde_json::to_writer(&mut out, report)?;
            writeln!(out)?;
        }
        Format::Text if args.quiet => writeln!(out, "{}", report::render_sweep_verdict(report))?,
        Format::Text => {
            let style = TextStyle { color: out.is_terminal(), width: columns() };
            write!(out, "{}", report::render_sweep(report, style))?;
        }
    }
    if args.github {
        write!(out, "{}", report::github_annotations(report))?;
    }
    Ok(())
}
