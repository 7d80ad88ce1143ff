//! What came of a grid: a table, a heat map, files and a page.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use backtest::stats::{Stats, number};
use backtest::{Digest, Fold, Grid, Window};
use model::UnixNanos;
use serde_json::{Value, json};

use super::{Finding, page, save_json, text};
use crate::units;

/// Rows of the table on a terminal and on the page.
const TEXT_ROWS: usize = 10;
const PAGE_ROWS: usize = 200;
/// Columns of a heat map on a terminal.
const TEXT_COLUMNS: usize = 12;

/// What a grid looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// Total return.
    Return,
    /// Sharpe ratio.
    Sharpe,
    /// Sortino ratio.
    Sortino,
    /// Calmar ratio.
    Calmar,
}

impl Objective {
    /// Its value; `None` where the ratio has none, which is worse than any.
    pub fn of(self, stats: &Stats) -> Option<f64> {
        match self {
            Self::Return => Some(stats.total_return),
            Self::Sharpe => stats.sharpe,
            Self::Sortino => stats.sortino,
            Self::Calmar => stats.calmar,
        }
    }

    /// Its name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Sharpe => "sharpe",
            Self::Sortino => "sortino",
            Self::Calmar => "calmar",
        }
    }

    fn show(self, value: Option<f64>) -> String {
        match self {
            Self::Return => value.map_or("-".to_owned(), text::percent),
            Self::Sharpe | Self::Sortino | Self::Calmar => text::ratio(value),
        }
    }

    /// Place of the best of some statistics; of equal ones the first.
    pub fn best<'a>(self, all: impl IntoIterator<Item = &'a Stats>) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (at, stats) in all.into_iter().enumerate() {
            let value = self.of(stats).unwrap_or(f64::NEG_INFINITY);
            if best.is_none_or(|(_, known)| value > known) {
                best = Some((at, value));
            }
        }
        best.map(|(at, _)| at)
    }
}

/// One combination and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct GridRow {
    /// Number of the combination in the grid.
    pub point: usize,
    /// Its statistics.
    pub stats: Stats,
    /// Fingerprint of its orders and fills.
    pub digest: Digest,
}

/// One step of a walk-forward.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldRow {
    /// The two windows.
    pub fold: Fold,
    /// The combination that was best in the first one, and what it did there.
    pub chosen: GridRow,
    /// What it did in the second one, from the same initial balances.
    pub proven: GridRow,
}

/// A finished grid.
#[derive(Debug, Clone)]
pub struct GridReport {
    /// The strategy, without the grid's parameters.
    pub strategy: String,
    /// Where the data came from.
    pub tapes: Vec<String>,
    /// The combinations.
    pub grid: Grid,
    /// What was looked for.
    pub objective: Objective,
    /// What came of each combination that makes a strategy, in their order.
    pub rows: Vec<GridRow>,
    /// Combinations that make none, for example a fast average that is not the faster one.
    pub left_out: usize,
    /// The walk-forward; empty without one.
    pub folds: Vec<FoldRow>,
    /// What was found in the data.
    pub findings: Vec<Finding>,
    /// How the data was checked, one sentence.
    pub checked: String,
    /// What else must not be overlooked, a sentence each.
    pub notes: Vec<String>,
}

/// Names of the files that [`GridReport::save`] writes.
pub const GRID_FILES: [&str; 3] = ["grid.csv", "grid.json", "grid.html"];

/// The objective over two parameters.
struct HeatMap<'a> {
    row_key: &'a str,
    column_key: &'a str,
    rows: &'a [String],
    columns: &'a [String],
    /// By row; `None` where there is nothing.
    cells: Vec<Vec<Option<f64>>>,
    /// True when each cell is the best over other parameters.
    folded: bool,
}

impl GridReport {
    /// The rows, best first; equal ones in the order of the grid.
    pub fn ranked(&self) -> Vec<&GridRow> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        let value = |row: &GridRow| self.objective.of(&row.stats).unwrap_or(f64::NEG_INFINITY);
        rows.sort_by(|a, b| value(b).total_cmp(&value(a)));
        rows
    }

    /// What the tests of the walk-forward returned one after the other.
    pub fn chained(&self) -> Option<f64> {
        let growth = |row: &FoldRow| 1.0 + row.proven.stats.total_return;
        (!self.folds.is_empty()).then(|| self.folds.iter().map(growth).product::<f64>() - 1.0)
    }

    /// One fingerprint of all results.
    pub fn digest(&self) -> Digest {
        let folds = self.folds.iter().flat_map(|row| [&row.chosen, &row.proven]);
        Digest::of(self.rows.iter().chain(folds).map(|row| row.digest))
    }

    /// A table of the best combinations, and a heat map where there are two parameters.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let shown = self.rows.len().min(TEXT_ROWS);
        let (done, out) = (self.rows.len(), self.left_out);
        text.push_str(&format!(
            "{} over {}: {done} combinations, {out} left out; best {shown} by {}\n\n",
            self.strategy,
            self.grid,
            self.objective.as_str()
        ));
        let ranked = self.ranked().into_iter().take(TEXT_ROWS);
        text.push_str(&aligned(
            &self.names(),
            &ranked.map(|row| self.cells(row)).collect::<Vec<_>>(),
        ));
        if let Some(map) = self.heat_map() {
            text.push_str(&self.map_text(&map));
        }
        if let Some(chained) = self.chained() {
            text.push_str("\nwalk-forward: chosen on one window, proven on the next\n\n");
            text.push_str(&aligned(&FOLD_NAMES, &self.fold_cells()));
            text.push_str(&format!("\nproven in a row: {}\n", text::percent(chained)));
        }
        text.push('\n');
        let tapes = self.tapes.iter().map(|tape| format!("tape {tape}"));
        let end = format!("digest {}", self.digest());
        for line in tapes.chain([self.checked.clone()]).chain(self.warnings()).chain([end]) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// What must not be overlooked.
    fn warnings(&self) -> Vec<String> {
        self.notes.iter().cloned().chain(self.findings.iter().map(text::found)).collect()
    }

    /// The record: every combination. The same for equal runs.
    pub fn record(&self) -> Value {
        let row = |row: &GridRow| {
            let point: serde_json::Map<_, _> = self
                .grid
                .point(row.point)
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.into()))
                .collect();
            json!({ "parameters": point, "stats": row.stats, "digest": row.digest.to_string() })
        };
        let window = |window: Window| json!([window.from, window.to]);
        let fold = |fold: &FoldRow| {
            json!({
                "train": window(fold.fold.train),
                "test": window(fold.fold.test),
                "chosen": row(&fold.chosen),
                "proven": row(&fold.proven),
            })
        };
        json!({
            "schema": 1,
            "tapes": self.tapes,
            "strategy": self.strategy,
            "objective": self.objective.as_str(),
            "left_out": self.left_out,
            "checked": self.checked,
            "findings": self.findings,
            "notes": self.notes,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "folds": self.folds.iter().map(fold).collect::<Vec<_>>(),
            "chained_return": self.chained(),
            "digest": self.digest().to_string(),
        })
    }

    /// One page that holds everything it needs.
    pub fn page(&self) -> String {
        let heat = self.heat_map().map(|map| {
            let note =
                if map.folded { "Each cell is the best over the other parameters." } else { "" };
            json!({
                "rowKey": map.row_key,
                "columnKey": map.column_key,
                "rows": map.rows,
                "columns": map.columns,
                "cells": map.cells,
                "note": note,
            })
        });
        let ranked = self.ranked();
        let table: Vec<_> = ranked.iter().take(PAGE_ROWS).map(|row| self.cells(row)).collect();
        let (shown, all, out) = (table.len(), self.rows.len(), self.left_out);
        let proven = self.chained().map(|chained| {
            format!(
                "Chosen on one window, proven on the next: {} in a row.",
                text::percent(chained)
            )
        });
        let data = json!({
            "title": self.strategy,
            "subtitle": format!("{} · {}", self.grid, self.tapes.join(", ")),
            "warnings": self.warnings(),
            "objective": self.objective.as_str(),
            "percent": self.objective == Objective::Return,
            "heat": heat,
            "folds": { "note": proven, "names": FOLD_NAMES, "rows": self.fold_cells() },
            "table": {
                "note": format!("{shown} of {all}; {out} combinations make no strategy."),
                "names": self.names(),
                "rows": table,
            },
        });
        page::fill("Grid", page::GRID, &data)
    }

    /// Writes [`GRID_FILES`] into a folder, which is made if necessary.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let [table, record, page] = GRID_FILES;
        fs::write(folder.join(table), self.csv())?;
        save_json(&folder.join(record), &self.record())?;
        fs::write(folder.join(page), self.page())
    }

    /// Every combination, in the order of the grid, as a table with commas.
    pub fn csv(&self) -> String {
        let keys = self.grid.axes().iter().map(|axis| axis.key.as_str());
        let mut text = keys.collect::<Vec<_>>().join(",");
        text.push_str(",return,max_drawdown,sharpe,sortino,calmar,trades,fees,turnover,digest\n");
        let float = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for row in &self.rows {
            let stats = &row.stats;
            let values: Vec<_> =
                self.grid.point(row.point).into_iter().map(|(_, value)| value).collect();
            writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{}",
                values.join(","),
                stats.total_return,
                stats.max_drawdown,
                float(stats.sharpe),
                float(stats.sortino),
                float(stats.calmar),
                stats.trades,
                stats.fees,
                stats.turnover,
                row.digest
            )
            .expect("writing to a string cannot fail");
        }
        text
    }

    fn names(&self) -> Vec<&str> {
        let keys = self.grid.axes().iter().map(|axis| axis.key.as_str());
        let figures = ["return", "drawdown", "Sharpe", "Sortino", "Calmar", "trades", "fees"];
        keys.chain(figures).collect()
    }

    fn cells(&self, row: &GridRow) -> Vec<String> {
        let stats = &row.stats;
        let point = self.grid.point(row.point);
        let mut cells: Vec<_> = point.into_iter().map(|(_, value)| value.to_owned()).collect();
        let fees = number(stats.fees);
        let digits = if fees < 1.0 { text::digits_of(fees) } else { 2 };
        cells.extend([
            text::percent(stats.total_return),
            text::percent(stats.max_drawdown),
            text::ratio(stats.sharpe),
            text::ratio(stats.sortino),
            text::ratio(stats.calmar),
            stats.trades.to_string(),
            format!("{fees:.digits$}"),
        ]);
        cells
    }

    fn fold_cells(&self) -> Vec<Vec<String>> {
        let cells = |row: &FoldRow| {
            let point: Vec<_> = self
                .grid
                .point(row.chosen.point)
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let show = |row: &GridRow| self.objective.show(self.objective.of(&row.stats));
            vec![
                time(row.fold.train.from),
                time(row.fold.test.from),
                time(row.fold.test.to),
                point.join(","),
                show(&row.chosen),
                show(&row.proven),
                text::percent(row.proven.stats.total_return),
            ]
        };
        self.folds.iter().map(cells).collect()
    }

    /// The objective over the first two parameters that have several values.
    fn heat_map(&self) -> Option<HeatMap<'_>> {
        let axes = self.grid.axes();
        let several = |at: &usize| axes[*at].values.len() > 1;
        let mut wide = (0..axes.len()).filter(several);
        let (row, column) = (wide.next()?, wide.next()?);
        let mut cells = vec![vec![None; axes[column].values.len()]; axes[row].values.len()];
        for found in &self.rows {
            let point = self.grid.point(found.point);
            let place = |axis: usize| axes[axis].values.iter().position(|v| v == point[axis].1);
            let (Some(at), Some(across)) = (place(row), place(column)) else { continue };
            let cell: &mut Option<f64> = &mut cells[at][across];
            let value = self.objective.of(&found.stats);
            if value.is_some_and(|value| cell.is_none_or(|known| value > known)) {
                *cell = value;
            }
        }
        Some(HeatMap {
            row_key: &axes[row].key,
            column_key: &axes[column].key,
            rows: &axes[row].values,
            columns: &axes[column].values,
            cells,
            folded: wide.next().is_some(),
        })
    }

    fn map_text(&self, map: &HeatMap<'_>) -> String {
        if map.columns.len() > TEXT_COLUMNS {
            return String::new();
        }
        let corner = format!("{} \\ {}", map.row_key, map.column_key);
        let mut names = vec![corner.as_str()];
        names.extend(map.columns.iter().map(String::as_str));
        let row = |(name, cells): (&String, &Vec<Option<f64>>)| {
            let cells = cells.iter().map(|cell| match cell {
                Some(value) => self.objective.show(Some(*value)),
                None => String::new(),
            });
            std::iter::once(name.clone()).chain(cells).collect()
        };
        let rows: Vec<Vec<String>> = map.rows.iter().zip(&map.cells).map(row).collect();
        let note = if map.folded { ", the best over the other parameters" } else { "" };
        format!("\n{}{note}\n\n{}", self.objective.as_str(), aligned(&names, &rows))
    }
}

const FOLD_NAMES: [&str; 7] =
    ["chosen from", "proven from", "to", "parameters", "chosen", "proven", "return"];

/// A window's edge, to the second.
fn time(ts: UnixNanos) -> String {
    units::instant(UnixNanos::from_secs(ts.secs()))
}

/// Columns, right aligned.
fn aligned(names: &[&str], rows: &[Vec<String>]) -> String {
    let length = |text: &str| text.chars().count();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| length(cell));
        cells.chain([length(names[at])]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..names.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(names.to_vec())).chain(body).collect()
}
