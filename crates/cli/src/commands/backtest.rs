//! `wavetank backtest`.

mod args;
mod config;
mod grid;
mod tapes;

use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;
use backtest::Backtest;
use backtest::stats::Stats;
use engine::StrategySpec;
use report::{BacktestAbout, BacktestReport};

use crate::Exit;
use crate::args::Format;

pub(crate) use self::args::BacktestArgs;

pub(crate) fn execute(args: &BacktestArgs) -> anyhow::Result<Exit> {
    let mut tapes = tapes::open(args)?;
    let config = config::of(args, &tapes)?;
    if let Some(grid) = &args.grid {
        return grid::execute(args, config, tapes, grid);
    }
    let spec = StrategySpec::parse(&args.strategy)?;
    let symbols: Vec<_> = config.instruments().map(|of| of.instrument.symbol.clone()).collect();
    let backtest = Backtest::new(config)?;
    let bar = tapes::bar(&tapes, args.quiet);
    let started = Instant::now();
    let events = tapes.iter_mut().map(|tape| tape.events(&bar)).collect();
    let result = backtest.run_all(events, spec.factory().build(&symbols));
    bar.finish_and_clear();
    let result = result?;
    let about = BacktestAbout {
        tapes: tapes.iter().map(|tape| tape.name.clone()).collect(),
        strategy: args.strategy.clone(),
        findings: tapes.iter().flat_map(tapes::findings).collect(),
        checked: tapes::checked(&tapes),
        wall: Some(started.elapsed()),
    };
    let stats = Stats::new(&result, args.periods_per_year);
    let config = backtest.config();
    let report = BacktestReport { config, result: &result, stats: &stats, about: &about };
    if let Some(folder) = &args.out {
        report.save(folder).with_context(|| format!("{}: cannot be written", folder.display()))?;
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", report.record())?,
        Format::Text => write!(out, "{}", report.text())?,
    }
    Ok(Exit::Pass)
}
