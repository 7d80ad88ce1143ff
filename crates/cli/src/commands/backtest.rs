//! `wavetank backtest`.

mod args;
mod files;
mod text;

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::slice;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use backtest::stats::Stats;
use backtest::{Backtest, BacktestConfig, BacktestResult, MarketEvent};
use engine::StrategySpec;
use indicatif::{ProgressBar, ProgressStyle};
use tape::{TapeError, TradeReader};

use crate::Exit;
use crate::args::Format;

pub(crate) use self::args::BacktestArgs;

/// Rows between two moves of the bar on the terminal.
const ROWS_PER_LOOK: u64 = 65_536;

pub(crate) fn execute(args: &BacktestArgs) -> anyhow::Result<Exit> {
    let config = args.config()?;
    let spec = StrategySpec::parse(&args.strategy)?;
    let finished = Finished::run(args, config, &spec)?;
    if let Some(folder) = &args.out {
        files::save(folder, args, &finished)
            .with_context(|| format!("{}: cannot be written", folder.display()))?;
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            serde_json::to_writer(&mut out, &files::record(args, &finished))?;
            writeln!(out)?;
        }
        Format::Text => write!(out, "{}", text::render(args, &finished))?,
    }
    Ok(Exit::Pass)
}

/// A backtest with its configuration, numbers and time.
struct Finished {
    config: BacktestConfig,
    result: BacktestResult,
    stats: Stats,
    wall: Duration,
}

impl Finished {
    fn run(
        args: &BacktestArgs,
        config: BacktestConfig,
        spec: &StrategySpec,
    ) -> anyhow::Result<Self> {
        let path = &args.tape;
        let file = File::open(path).with_context(|| format!("{}", path.display()))?;
        let bytes = file.metadata().map_or(0, |meta| meta.len());
        let strategy = spec.factory().build(slice::from_ref(&config.instrument.instrument.symbol));
        let backtest = Backtest::new(config.clone())?;
        let bar = bar(bytes, args.quiet);
        let started = Instant::now();
        let mut rows = 0_u64;
        let events = TradeReader::new(path, bar.wrap_read(file)).map(|row| {
            rows += 1;
            if rows.is_multiple_of(ROWS_PER_LOOK) {
                bar.set_message(rate(rows, started.elapsed()));
            }
            row.map(MarketEvent::from)
        });
        let result = backtest.run::<TapeError>(events, strategy);
        bar.finish_and_clear();
        let result = result?;
        let wall = started.elapsed();
        let stats = Stats::new(&result, args.periods_per_year);
        Ok(Self { config, result, stats, wall })
    }
}

/// A bar over the bytes of the tape; hidden without a terminal.
fn bar(bytes: u64, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("playing {bar:40} {percent}%, {msg}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Events per second: `1234567 events/s`.
fn rate(events: u64, wall: Duration) -> String {
    let micros = wall.as_micros().max(1);
    format!("{} events/s", u128::from(events) * 1_000_000 / micros)
}
