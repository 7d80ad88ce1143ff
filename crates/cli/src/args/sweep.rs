//! Arguments of `sweep`, `reduce`, `diff` and `explain`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sweep::{Seeds, Shard};

use super::Format;

#[derive(Debug, Args)]
#[command(after_help = SWEEP_HELP)]
pub(crate) struct SweepArgs {
    /// Scenario files, or their names as `wavetank scenarios` lists them
    #[arg(required = true, value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<PathBuf>,

    /// Which seeds: `0..10000` (without the last), `FIRST+COUNT` where FIRST may be a git commit, or one
    #[arg(long, value_parser = sweep::parse_seeds, default_value = "0..100")]
    pub(crate) seeds: Seeds,

    /// Runs at once [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,

    /// Begin no more runs after this time of the machine; the result is that of the runs made
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) time: Option<Duration>,

    /// Run one part of the seeds, for several machines: `2/8` is the second of eight
    #[arg(long, value_name = "PART", value_parser = sweep::parse_shard)]
    pub(crate) shard: Option<Shard>,

    /// Folder of the result. One that holds a part of the same sweep is gone on with
    /// [default: target/wavetank/sweep, begun anew]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Play this market instead of the scenarios'
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: Option<PathBuf>,

    /// A run that takes longer than this of the machine's time has failed
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration, default_value = "2m")]
    pub(crate) run_time: Duration,

    /// Run every so many-th seed twice and compare the histories; 0 for none
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) twice_every: u64,

    /// Runs that the reduction of one failure may take; 0 for no reduction
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) reduce_runs: u32,

    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Print the verdict only, and no progress
    #[arg(long)]
    pub(crate) quiet: bool,

    /// Print failures as annotations that GitHub shows beside the code
    #[arg(long)]
    pub(crate) github: bool,
}

const SWEEP_HELP: &str = "\
Each seed is a run of its own, on a fresh thread; the result does not depend on --jobs. Ctrl-C ends the
sweep: runs under way are waited for, and the result so far is saved. With --out the same command goes on
from there.

For each check that failed, the first seed is reduced: fewest faults, shortest and simplest, shortest run.

Files in the folder: seeds.jsonl (one line per run), sweep.json (this is what --format json prints),
junit.xml (one case per check), reduced/*.toml (scenario files that still fail, ready for
scenarios/regress/).

Try:
  wavetank sweep storm/kraken-storm --seeds 0..10000
  wavetank sweep storm/kraken-storm --seeds $(git rev-parse HEAD)+200 --out target/storm --github
  wavetank sweep storm/kraken-storm --seeds 0..100000 --time 30m --shard 2/8 --out shard-2

Exit codes: those of `run`, by the worst run; 4 if a run differed when it was made again; 130 if it was
interrupted before anything failed.";

#[derive(Debug, Args)]
#[command(after_help = REDUCE_HELP)]
pub(crate) struct ReduceArgs {
    /// Scenario file or name, or the `plan.toml` of a run that failed
    pub(crate) scenario: PathBuf,

    /// Seed of the run that fails [default: the scenario's]
    #[arg(long, value_parser = scenario::parse_seed)]
    pub(crate) seed: Option<u64>,

    /// The check that must go on failing [default: the worst that fails]
    #[arg(long, value_name = "NAME")]
    pub(crate) check: Option<String>,

    /// Play this market instead of the scenario's
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: Option<PathBuf>,

    /// Runs that it may take
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(crate) runs: u32,

    /// File to write [default: to standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

const REDUCE_HELP: &str = "\
Takes faults away as long as the same check fails with the same seed, then makes what is left shorter,
simpler and earlier, and the run shorter. The result is a scenario file; its first lines say where it
comes from. Without any one of its faults the check passes.

Exit codes: 0 reduced, 1 wrong usage, or the run does not fail.";

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 equal, 4 different, 1 a folder that is no saved run.")]
pub(crate) struct DiffArgs {
    /// Folder of a run, as `run --out` writes it
    pub(crate) left: PathBuf,

    /// Folder of another run
    pub(crate) right: PathBuf,

    /// Events to show before and after the first that differs
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) context: u16,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Folder of a run, as `run --out` writes it; a failed run says where it was saved
    pub(crate) run: PathBuf,

    /// Which failure [default: the one that decides the exit code]
    #[arg(long, value_name = "NAME")]
    pub(crate) check: Option<String>,

    /// Events of each host to show before the failure
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) events: u16,
}
