//! A market reader whose rows went through the policies.

use model::UnixNanos;
use thiserror::Error;

use super::checker::RowAbout;
use super::report::QualityReport;
use super::sorter::Sorter;
use super::{Checker, Policy, Problem, QualityConfig};
use crate::market::{Batch, MarketReader};
use crate::read_error::ReadError;
use crate::row::{BarRow, RowKind, Rows, TradeRow};

/// Files that cannot be read, or whose rows are refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QualityError {
    /// The files cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row has a problem whose policy is to fail.
    #[error(
        "{place}: {problem}: {text} (to go on: `--on {problem}=skip` or `--on {problem}=keep`)"
    )]
    Refused {
        /// File and line.
        place: String,
        /// What is wrong.
        problem: Problem,
        /// What was found.
        text: String,
    },
}

/// Reads rows and applies the policies: sorts, leaves out, refuses, and counts.
#[derive(Debug)]
pub struct CheckedReader {
    reader: MarketReader,
    checker: Checker,
    trades: Stage<TradeRow>,
    bars: Stage<BarRow>,
    stop: bool,
    ended: bool,
}

/// Rows on their way from the reader to the caller.
#[derive(Debug)]
struct Stage<Row> {
    sorter: Option<Sorter<(RowAbout, Row)>>,
    newest: Option<UnixNanos>,
    out: Vec<Row>,
}

/// What the stage needs to know of a row.
trait Checkable: Copy {
    fn ts(&self) -> UnixNanos;
    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem);
}

impl Checkable for TradeRow {
    fn ts(&self) -> UnixNanos {
        self.ts
    }

    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem) {
        checker.trade(about, self)
    }
}

impl Checkable for BarRow {
    fn ts(&self) -> UnixNanos {
        self.open_ts
    }

    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem) {
        checker.bar(about, self)
    }
}

impl CheckedReader {
    /// Rows that a policy refuses end the tape with an error.
    pub fn new(reader: MarketReader, config: QualityConfig) -> Self {
        Self::with(reader, config, true)
    }

    /// Rows that a policy refuses are counted and left out; [`QualityReport::failed`] tells.
    pub fn survey(reader: MarketReader, config: QualityConfig) -> Self {
        Self::with(reader, config, false)
    }

    fn with(reader: MarketReader, config: QualityConfig, stop: bool) -> Self {
        let window = match config.policy(Problem::Unsorted) {
            Policy::Sort(rows) => Some(rows),
            Policy::Fail | Policy::Skip | Policy::Keep => None,
        };
        let checker = Checker::new(reader.kind(), reader.files().to_vec(), config);
        let (trades, bars) = (Stage::new(window), Stage::new(window));
        Self { reader, checker, trades, bars, stop, ended: false }
    }

    /// What the rows are.
    pub const fn kind(&self) -> RowKind {
        self.reader.kind()
    }

    /// The next rows that stay, perhaps none; `None` at the end.
    ///
    /// # Errors
    /// [`QualityError`]: a file is wrong, or a row is refused; the rows before it are lost.
    pub fn next_batch(&mut self) -> Result<Option<Rows<'_>>, QualityError> {
        self.trades.out.clear();
        self.bars.out.clear();
        if self.ended {
            return Ok(None);
        }
        let (checker, stop) = (&mut self.checker, self.stop);
        match self.reader.next_batch()? {
            Some(batch) => match batch.rows {
                Rows::Trades(rows) => self.trades.take(&batch, rows, checker, stop)?,
                Rows::Bars(rows) => self.bars.take(&batch, rows, checker, stop)?,
            },
            None => {
                self.ended = true;
                self.trades.drain(checker, stop)?;
                self.bars.drain(checker, stop)?;
            }
        }
        Ok(Some(self.batch()))
    }

    /// The rows that [`Self::next_batch`] gave last.
    pub fn batch(&self) -> Rows<'_> {
        match self.reader.kind() {
            RowKind::Trades => Rows::Trades(&self.trades.out),
            RowKind::Bars => Rows::Bars(&self.bars.out),
        }
    }

    /// What was found so far.
    pub const fn report(&self) -> &QualityReport {
        self.checker.report()
    }

    /// What was found.
    pub fn into_report(self) -> QualityReport {
        self.checker.into_report()
    }
}

impl<Row: Checkable> Stage<Row> {
    fn new(window: Option<usize>) -> Self {
        Self { sorter: window.map(Sorter::new), newest: None, out: Vec::new() }
    }

    fn take(
        &mut self,
        batch: &Batch<'_>,
        rows: &[Row],
        checker: &mut Checker,
        stop: bool,
    ) -> Result<(), QualityError> {
        let (mut rounded, mut unfinished) = (batch.rounded.iter(), batch.unfinished.iter());
        let (mut next_rounded, mut next_unfinished) = (rounded.next(), unfinished.next());
        for (index, row) in rows.iter().enumerate() {
            let mut about = RowAbout {
                file: batch.file,
                number: batch.first + index as u64,
                rounded: false,
                unfinished: false,
            };
            if next_rounded == Some(&index) {
                about.rounded = true;
                next_rounded = rounded.next();
            }
            if next_unfinished == Some(&index) {
                about.unfinished = true;
                next_unfinished = unfinished.next();
            }
            let Some(sorter) = &mut self.sorter else {
                self.check(about, *row, checker, stop)?;
                continue;
            };
            let ts = row.ts();
            match self.newest.filter(|newest| ts < *newest) {
                Some(newest) => checker.late(about, ts, newest),
                None => self.newest = Some(ts),
            }
            if let Some((about, row)) = sorter.push(ts, (about, *row)) {
                self.check(about, row, checker, stop)?;
            }
        }
        Ok(())
    }

    fn drain(&mut self, checker: &mut Checker, stop: bool) -> Result<(), QualityError> {
        while let Some((about, row)) = self.sorter.as_mut().and_then(Sorter::pop) {
            self.check(about, row, checker, stop)?;
        }
        Ok(())
    }

    fn check(
        &mut self,
        about: RowAbout,
        row: Row,
        checker: &mut Checker,
        stop: bool,
    ) -> Result<(), QualityError> {
        let (policy, problem) = row.check(checker, about);
        match policy {
            Policy::Keep => self.out.push(row),
            Policy::Fail if stop => {
                let (report, example) = (checker.report(), checker.failure());
                return Err(QualityError::Refused {
                    place: example.map_or_else(String::new, |example| report.place(example)),
                    problem,
                    text: example.map_or_else(String::new, |example| example.text.clone()),
                });
            }
            Policy::Fail | Policy::Skip | Policy::Sort(_) => {}
        }
        Ok(())
    }
}
