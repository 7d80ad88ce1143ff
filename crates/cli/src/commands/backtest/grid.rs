//! `wavetank backtest --grid`.

use std::io::{IsTerminal as _, Write as _};
use std::num::NonZero;
use std::thread;

use anyhow::{Context as _, anyhow};
use backtest::stats::{Looks, Stats};
use backtest::{Backtest, BacktestConfig, Grid, SharedTape, Window, in_parallel, walk_forward};
use engine::{SpecError, StrategySpec};
use indicatif::{ProgressBar, ProgressStyle};
use model::Symbol;
use report::{FoldRow, GridReport, GridRow};

use super::args::BacktestArgs;
use super::tapes::{self, MarketTape};
use crate::Exit;
use crate::args::Format;

/// A combination that makes a strategy: its number, and the strategy.
type Point = (usize, StrategySpec);

/// What every run of a grid has.
pub(super) struct Base {
    pub(super) strategy: String,
    pub(super) looks: Looks,
    pub(super) config: BacktestConfig,
}

pub(super) fn execute(
    args: &BacktestArgs,
    base: Base,
    mut tapes: Vec<MarketTape>,
    grid: &str,
) -> anyhow::Result<Exit> {
    let Base { strategy, looks, config } = base;
    let grid = Grid::parse(grid).with_context(|| format!("--grid {grid}"))?;
    let points = points(&strategy, &grid, &tapes, &config)?;
    let left_out = grid.len() - points.len();
    let bar = tapes::bar(&tapes, args.quiet);
    let loaded = tapes.iter_mut().map(|tape| tapes::load(tape, &bar)).collect::<Result<_, _>>()?;
    bar.finish_and_clear();
    let runs = Runs {
        symbols: config.instruments().map(|of| of.instrument.symbol.clone()).collect(),
        backtest: Backtest::new(config)?,
        tapes: loaded,
        looks,
        threads: threads(args),
        quiet: args.quiet,
    };
    let rows = runs.all(&points, None)?;
    let mut report = GridReport {
        strategy,
        tapes: tapes.iter().map(|tape| tape.name.clone()).collect(),
        grid,
        objective: args.objective.into(),
        rows,
        left_out,
        folds: Vec::new(),
        findings: tapes.iter().flat_map(tapes::findings).collect(),
        checked: tapes::checked(&tapes),
        notes: tapes.iter().flat_map(|tape| tape.notes.clone()).collect(),
    };
    if let Some(folds) = args.walk_forward {
        report.folds = runs.walk(&points, folds, args.train, &report)?;
    }
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

/// The combinations whose values make sense together, one at least. What the strategy does not know at all is an error.
fn points(
    strategy: &str,
    grid: &Grid,
    tapes: &[MarketTape],
    config: &BacktestConfig,
) -> anyhow::Result<Vec<Point>> {
    let (mut points, mut senseless) = (Vec::new(), None);
    for at in 0..grid.len() {
        let spec = StrategySpec::parse(&grid.spec(strategy, at));
        match spec.and_then(|spec| tapes::spec_of(spec, tapes)) {
            Ok(spec) => {
                tapes::can_trade(&spec, tapes, config)?;
                points.push((at, spec));
            }
            Err(error @ SpecError::BadValue { .. }) => senseless = senseless.or(Some(error)),
            Err(error) => return Err(error.into()),
        }
    }
    match senseless.filter(|_| points.is_empty()) {
        Some(why) => {
            Err(anyhow!(why).context(format!("--grid {grid}: no combination makes a strategy")))
        }
        None => Ok(points),
    }
}

fn threads(args: &BacktestArgs) -> usize {
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    args.threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or_else(cores)
}

/// What all runs share.
struct Runs {
    backtest: Backtest,
    symbols: Vec<Symbol>,
    tapes: Vec<SharedTape>,
    looks: Looks,
    threads: usize,
    quiet: bool,
}

impl Runs {
    /// Plays all tapes, or a window of them, to every combination.
    fn all(&self, points: &[Point], window: Option<Window>) -> anyhow::Result<Vec<GridRow>> {
        let bar = bar(points.len(), self.quiet);
        let rows = in_parallel(self.threads, points.len(), |at| {
            let row = self.one(&points[at], window);
            bar.inc(1);
            row
        });
        bar.finish_and_clear();
        rows.into_iter().collect()
    }

    fn one(&self, (point, spec): &Point, window: Option<Window>) -> anyhow::Result<GridRow> {
        let strategy = spec.factory().build(&self.symbols);
        let everything = Window {
            from: model::UnixNanos::from_nanos(i64::MIN),
            to: model::UnixNanos::from_nanos(i64::MAX),
        };
        let window = window.unwrap_or(everything);
        let events = self.tapes.iter().map(|tape| tape.window(window)).collect();
        let result = self.backtest.run_shared(events, strategy)?;
        let stats = Stats::with(&result, self.looks);
        Ok(GridRow { point: *point, stats, digest: result.digest })
    }

    fn walk(
        &self,
        points: &[Point],
        folds: u32,
        train: u32,
        report: &GridReport,
    ) -> anyhow::Result<Vec<FoldRow>> {
        let first = self.tapes.iter().filter_map(SharedTape::first_ts).min();
        let last = self.tapes.iter().filter_map(SharedTape::last_ts).max();
        let (first, last) = first.zip(last).context("--walk-forward: the tape is empty")?;
        let (folds, train) = (usize::try_from(folds)?, usize::try_from(train)?);
        let walk = |fold: backtest::Fold| {
            let rows = self.all(points, Some(fold.train))?;
            let best = report.objective.best(rows.iter().map(|row| &row.stats));
            let best = best.context("--walk-forward: nothing to choose from")?;
            let proven = self.one(&points[best], Some(fold.test))?;
            let chosen = rows.into_iter().nth(best).context("it was chosen")?;
            Ok(FoldRow { fold, chosen, proven })
        };
        walk_forward(first, last, folds, train).into_iter().map(walk).collect()
    }
}

/// A bar over the runs; hidden without a terminal.
fn bar(runs: usize, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(runs).unwrap_or(u64::MAX));
    let style =
        ProgressStyle::with_template("trying {bar:40} {pos} of {len}, {per_sec}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
