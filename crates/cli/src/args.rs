//! The command line.

mod fetch;
mod real;
mod sweep;
mod tape;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::fetch::{
    ArchiveKind, ArchiveMarket, FetchArgs, FetchBinanceArgs, FetchKrakenArgs, FetchVenue,
};
pub(crate) use self::sweep::{DiffArgs, ExplainArgs, ReduceArgs, SweepArgs};
pub(crate) use self::tape::{
    ConvertArgs, GenerateArgs, MarketArg, ReadArgs, ReadHow, SurveyArgs, TapeArgs, TapeCommand,
};
pub(crate) use real::{OtherPairs, ServeArgs, ServedTape, ServedVenue, Speed, TradeArgs};

/// A wave tank for trading systems.
///
/// Runs the production trading stack, unmodified, on a simulated network against a simulated
/// exchange, while a recorded market plays and planned faults strike; then says whether everything
/// that must hold has held. A run depends on scenario, tape and seed only, and repeats exactly.
#[derive(Debug, Parser)]
#[command(name = "wavetank", version, arg_required_else_help = true, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Try:
  wavetank scenarios                                  what can be run
  wavetank run faults/kraken-outage                   an exchange goes down: does the trader survive?
  wavetank run faults/kraken-outage --seed 7 --twice  another seed, and proof that it repeats
  wavetank run faults/kraken-outage --format json     the same for programs
  wavetank sweep storm/kraken-storm --seeds 0..1000   a storm of its own for each seed
  wavetank tape info BTCUSDT-trades-2024-08-08.zip    what is in a file of an exchange
  wavetank tape check *.csv.gz                        can these files be trusted?
  wavetank tape convert *.zip --out btc.parquet       one file that loads ten times faster
  wavetank tape fetch --help                          the exchanges' own files
  wavetank tape generate --seed 3 --out market.csv    a market that never was
  wavetank serve kraken --tape market.csv             a simulated Kraken on a real port
  wavetank trade --config trade.toml                  the same node, on the real network

Exit codes:
  0 everything held   1 wrong usage or unreadable input   2 a safety check failed
  3 a liveness check failed   4 equal runs differed   101 the program itself is broken
  `serve` and `trade` have their own; see their --help";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one scenario and judge it
    Run(RunArgs),
    /// Run many seeds on all cores, and reduce what fails
    Sweep(SweepArgs),
    /// Make a failing run as small as it gets
    Reduce(ReduceArgs),
    /// Tell the story of a saved run that failed: what happened around it, and what was in force
    Explain(ExplainArgs),
    /// Show the first event at which two saved runs part
    Diff(DiffArgs),
    /// Show the faults of a scenario and a seed, as a scenario file that repeats the run
    Plan(PlanArgs),
    /// Play recorded markets to a strategy, without a network
    Backtest(Box<crate::commands::backtest::BacktestArgs>),
    /// List the scenarios with their purpose
    Scenarios(ScenariosArgs),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Recorded markets: look into files, check them, convert them, make one
    Tape(TapeArgs),
    /// Serve a simulated venue on a real port, for any client in any language
    Serve(ServeArgs),
    /// Trade: run the node on the real network and the real clock
    Trade(TradeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = RUN_HELP)]
pub(crate) struct RunArgs {
    /// Scenario file, or its name as `wavetank scenarios` lists it
    pub(crate) scenario: PathBuf,

    /// Seed of latencies, ids and jitter: a number, 0x hex, or a git commit [default: the scenario's]
    #[arg(long, value_parser = scenario::parse_seed)]
    pub(crate) seed: Option<u64>,

    /// Play this market instead of the scenario's: a file in Kraken's trade archive format
    /// (`timestamp,price,volume`, no header)
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: Option<PathBuf>,

    /// Save the run in this folder: run.json, history.jsonl, plan.toml, fills.csv
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Print the verdict only, and no progress
    #[arg(long)]
    pub(crate) quiet: bool,

    /// Prove that the run repeats: run it in another process, again in this one after another run,
    /// and on two threads at once; exit with 4 if a digest differs
    #[arg(long)]
    pub(crate) twice: bool,

    /// Stop at this virtual time, for looking at a failure; what was not reached is not judged
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration, conflicts_with = "twice")]
    pub(crate) until: Option<Duration>,

    /// Log to standard error, for example `info`, `debug` or `kraken=trace` [default: nothing]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

const RUN_HELP: &str = "\
Files in --out: run.json (this is what --format json prints), history.jsonl (every event, one per
line), plan.toml (a scenario file with explicit faults that repeats the run), fills.csv. A run that
fails is saved under target/wavetank/ when --out is not given. The JSON is described in
crates/report/SCHEMA.md.";

/// What `run` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Scenario file, or its name as `wavetank scenarios` lists it
    pub(crate) scenario: PathBuf,

    /// Seed that draws the faults of the storm [default: the scenario's]
    #[arg(long, value_parser = scenario::parse_seed)]
    pub(crate) seed: Option<u64>,

    /// Name this market instead of the scenario's
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ScenariosArgs {
    /// Folder that holds the scenarios
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    pub(crate) dir: PathBuf,
}
