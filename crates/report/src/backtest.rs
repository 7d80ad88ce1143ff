//! What is left of a backtest: text at a glance, files for tools, and a page for people.

mod data;
mod files;
mod grid;
mod page;
mod text;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use backtest::stats::Stats;
use backtest::{BacktestConfig, BacktestResult, RoundTrip, round_trips};
use serde::Serialize;
use serde_json::Value;

pub use self::grid::{FoldRow, GRID_FILES, GridReport, GridRow, Objective};

/// What the caller knows of a backtest beside its result.
#[derive(Debug, Clone, Default)]
pub struct BacktestAbout {
    /// Where the data came from: one text for each tape.
    pub tapes: Vec<String>,
    /// The files that were read, with their hashes; perhaps none.
    pub files: Vec<FileHash>,
    /// The arguments of the command that made it, perhaps none.
    pub arguments: Vec<String>,
    /// The strategy with its parameters.
    pub strategy: String,
    /// What was found in the data.
    pub findings: Vec<Finding>,
    /// What else must not be overlooked, a sentence each.
    pub notes: Vec<String>,
    /// How the data was checked, one sentence.
    pub checked: String,
    /// Time that the machine took; it stands in texts for people only, since it is never the same twice.
    pub wall: Option<Duration>,
}

/// A file and what was in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileHash {
    /// The path.
    pub path: String,
    /// SHA-256 of the file as it is, 64 hexadecimal digits.
    pub sha256: String,
}

/// One kind of problem in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub problem: String,
    /// Rows that have it.
    pub count: u64,
    /// What was done with them.
    pub policy: String,
    /// Where the first one is.
    pub example: String,
}

/// A finished backtest with everything that its report needs.
#[derive(Debug, Clone, Copy)]
pub struct BacktestReport<'a> {
    /// What was configured.
    pub config: &'a BacktestConfig,
    /// What came of it.
    pub result: &'a BacktestResult,
    /// Its statistics.
    pub stats: &'a Stats,
    /// The rest.
    pub about: &'a BacktestAbout,
}

/// Names of the files that [`BacktestReport::save`] writes.
pub const BACKTEST_FILES: [&str; 6] =
    ["fills.csv", "orders.csv", "trades.csv", "equity.csv", "run.json", "report.html"];

impl BacktestReport<'_> {
    /// The result at a glance, some lines of text.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The record: configuration, counts, statistics. The same for equal runs.
    pub fn record(&self) -> Value {
        files::record(self)
    }

    /// One page that holds everything it needs: no network, light and dark.
    pub fn page(&self) -> String {
        self.page_with(&round_trips(&self.result.fills))
    }

    fn page_with(&self, trips: &[RoundTrip]) -> String {
        page::fill("Backtest", page::BACKTEST, &data::of(self, trips))
    }

    /// Writes [`BACKTEST_FILES`] into a folder, which is made if necessary.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
        let [fills, orders, trades, equity, record, page] = BACKTEST_FILES;
        let trips = round_trips(&self.result.fills);
        files::write_fills(self, create(fills)?)?;
        files::write_orders(self.result, create(orders)?)?;
        files::write_trades(self, &trips, create(trades)?)?;
        files::write_equity(self, create(equity)?)?;
        save_json(&folder.join(record), &self.record())?;
        fs::write(folder.join(page), self.page_with(&trips))
    }
}

fn save_json(path: &Path, value: &Value) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

#[cfg(test)]
mod tests;
