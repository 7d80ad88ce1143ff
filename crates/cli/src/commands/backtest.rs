//! `wavetank backtest`.

mod args;
mod config;
mod file;
mod grid;
mod tapes;

use std::io::Write as _;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use backtest::Backtest;
use backtest::stats::Stats;
use engine::StrategySpec;
use report::{BacktestAbout, BacktestReport};
use scenario::Step;

use crate::Exit;
use crate::args::Format;

pub(crate) use self::args::BacktestArgs;
use self::file::Loaded;
use self::tapes::Finer;

pub(crate) fn execute(args: &BacktestArgs) -> anyhow::Result<Exit> {
    let file = args.config.as_deref().map(Loaded::load).transpose()?.unwrap_or_default();
    let mut finer = Finer::new();
    loop {
        let played = play(args, &file, &finer);
        // Each time with more digits, of which a price has few.
        let again = played.as_ref().is_err_and(|error| tapes::learns(&mut finer, error));
        if !again {
            return played;
        }
    }
}

fn play(args: &BacktestArgs, file: &Loaded, finer: &Finer) -> anyhow::Result<Exit> {
    let mut tapes = tapes::open(args, file, finer)?;
    let config = config::of(args, file, &tapes)?;
    for (tape, of) in tapes.iter_mut().zip(config.instruments()) {
        tape.head.price_decimals = of.instrument.price_decimals;
    }
    tapes::follow(&mut tapes, &config)?;
    let strategy = args.strategy.clone().or_else(|| file.file.strategy.clone());
    let strategy = strategy.context("expected --strategy, or `strategy` in the --config file")?;
    let looks = config::looks(args, file)?;
    if let Some(grid) = &args.grid {
        let base = grid::Base { strategy, looks, config };
        return grid::execute(args, base, tapes, grid);
    }
    let spec = StrategySpec::parse(&strategy).map_err(|why| match &args.strategy {
        Some(_) => anyhow!(why),
        None => file.wrong(&[Step::Key("strategy")], &anyhow!(why)),
    })?;
    let spec = tapes::spec_of(spec, &tapes)?;
    tapes::can_trade(&spec, &tapes, &config)?;
    let symbols: Vec<_> = config.instruments().map(|of| of.instrument.symbol.clone()).collect();
    let backtest = Backtest::new(config)?;
    let bar = tapes::bar(&tapes, args.quiet);
    let started = Instant::now();
    let events = tapes.iter_mut().map(|tape| tape.events(&bar)).collect();
    let result = backtest.run_all(events, spec.factory().build(&symbols));
    bar.finish_and_clear();
    let result = result.map_err(|error| tapes::with_place(error, &tapes, backtest.config()))?;
    let about = BacktestAbout {
        tapes: tapes.iter().map(|tape| tape.name.clone()).collect(),
        strategy,
        findings: tapes.iter().flat_map(tapes::findings).collect(),
        checked: tapes::checked(&tapes),
        files: if args.out.is_some() { tapes::hashes(&tapes)? } else { Vec::new() },
        arguments: std::env::args().skip(1).collect(),
        notes: tapes.iter().flat_map(|tape| tape.notes.clone()).collect(),
        wall: Some(started.elapsed()),
    };
    let stats = Stats::with(&result, looks);
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
