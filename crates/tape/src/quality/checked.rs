//! A market reader whose rows went through the policies.

use model::UnixNanos;
use thiserror::Error;

use super::checker::RowAbout;
use super::report::QualityReport;
use super::sorter::Sorter;
use super::{Checker, Policy, Problem, QualityConfig};
use crate::market::{Batch, FileAbout, MarketReader};
use crate::read_error::ReadError;
use crate::row::{BarRow, LevelRow, OrderRow, QuoteRow, RowKind, Rows, TradeRow};

/// Files that cannot be read, or whose rows are refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QualityError {
    /// The files cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row has a problem whose policy is to fail.
    #[error("{place}: {problem}: {text} (to go on: {})", listed(ways))]
    Refused {
        /// File and line.
        place: String,
        /// What is wrong.
        problem: Problem,
        /// What was found.
        text: String,
        /// What `--on` may say to go on, as [`QualityConfig::ways_on`] tells.
        ways: Vec<String>,
    },
}

/// `--on a`, `--on b` or `--on c`.
fn listed(ways: &[String]) -> String {
    let ways: Vec<_> = ways.iter().map(|way| format!("`--on {way}`")).collect();
    match ways.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Reads rows and applies the policies: sorts, leaves out, refuses, and counts.
#[derive(Debug)]
pub struct CheckedReader {
    reader: MarketReader,
    sieve: Sieve,
    ended: bool,
}

/// Applies the policies to batches, wherever they were read. Pure.
#[derive(Debug)]
pub struct Sieve {
    kind: RowKind,
    checker: Checker,
    trades: Stage<TradeRow>,
    bars: Stage<BarRow>,
    quotes: Stage<QuoteRow>,
    book: Stage<LevelRow>,
    orders: Stage<OrderRow>,
    stop: bool,
}

/// Rows on their way from the reader to the caller.
#[derive(Debug)]
struct Stage<Row> {
    sorter: Option<Sorter<(RowAbout, Row)>>,
    newest: Option<UnixNanos>,
    /// True when the first row of a message was left out, and its next one is the first one now.
    headless: bool,
    out: Vec<Row>,
    /// When each of them was received, where that is told apart from them.
    received: Vec<UnixNanos>,
}

/// What the stage needs to know of a row.
trait Checkable: Copy {
    fn ts(&self) -> UnixNanos;
    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem);
    /// True for the first row of a message.
    fn begins(&self) -> bool {
        false
    }
    /// Makes it the first row of its message, whose first one was left out.
    fn begin(&mut self) {}
    /// Checks rows all at once; false where they must be looked at one by one.
    fn are_sound(_rows: &[Self], _checker: &mut Checker) -> bool {
        false
    }
}

impl Checkable for TradeRow {
    fn ts(&self) -> UnixNanos {
        self.ts
    }

    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem) {
        checker.trade(about, self)
    }

    fn are_sound(rows: &[Self], checker: &mut Checker) -> bool {
        checker.sound_trades(rows)
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

impl Checkable for QuoteRow {
    fn ts(&self) -> UnixNanos {
        self.ts
    }

    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem) {
        checker.quote(about, self)
    }
}

impl Checkable for LevelRow {
    fn ts(&self) -> UnixNanos {
        self.ts
    }

    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem) {
        checker.level(about, self)
    }

    fn begins(&self) -> bool {
        self.begins
    }

    fn begin(&mut self) {
        self.begins = true;
    }
}

impl Checkable for OrderRow {
    fn ts(&self) -> UnixNanos {
        self.ts
    }

    fn check(&self, checker: &mut Checker, about: RowAbout) -> (Policy, Problem) {
        checker.order(about, self)
    }

    fn begins(&self) -> bool {
        self.begins
    }

    fn begin(&mut self) {
        self.begins = true;
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
        let sieve = Sieve::with(reader.kind(), reader.files().to_vec(), config, stop);
        Self { reader, sieve, ended: false }
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
        if self.ended {
            self.sieve.clear();
            return Ok(None);
        }
        match self.reader.next_batch()? {
            Some(batch) => self.sieve.take(&batch).map(Some),
            None => {
                self.ended = true;
                self.sieve.finish().map(Some)
            }
        }
    }

    /// The rows that [`Self::next_batch`] gave last.
    pub fn batch(&self) -> Rows<'_> {
        self.sieve.rows()
    }

    /// As [`MarketReader::bytes`].
    pub fn bytes(&self) -> (u64, u64) {
        self.reader.bytes()
    }

    /// When each trade of [`Self::batch`] was received, where the files tell it; else nothing. Rows of other kinds
    /// tell it themselves.
    pub fn received(&self) -> &[UnixNanos] {
        &self.sieve.trades.received
    }

    /// What was found so far.
    pub const fn report(&self) -> &QualityReport {
        self.sieve.report()
    }

    /// What was found.
    pub fn into_report(self) -> QualityReport {
        self.sieve.into_report()
    }
}

impl Sieve {
    /// Rows that a policy refuses are an error. `files` are those of the [`MarketReader`].
    pub fn new(kind: RowKind, files: Vec<FileAbout>, config: QualityConfig) -> Self {
        Self::with(kind, files, config, true)
    }

    fn with(kind: RowKind, files: Vec<FileAbout>, config: QualityConfig, stop: bool) -> Self {
        let window = match config.policy(Problem::Unsorted) {
            Policy::Sort(rows) => Some(rows),
            Policy::Fail | Policy::Skip | Policy::Keep => None,
        };
        let checker = Checker::new(kind, files, config);
        Self {
            kind,
            checker,
            trades: Stage::new(window),
            bars: Stage::new(window),
            quotes: Stage::new(window),
            book: Stage::new(window),
            orders: Stage::new(window),
            stop,
        }
    }

    /// Takes the next batch of the files and gives back the rows that stay, perhaps none.
    ///
    /// # Errors
    /// [`QualityError::Refused`]; the rows before the refused one are lost.
    pub fn take(&mut self, batch: &Batch<'_>) -> Result<Rows<'_>, QualityError> {
        self.clear();
        match batch.rows {
            Rows::Trades(rows) => self.trades.take(batch, rows, &mut self.checker, self.stop)?,
            Rows::Bars(rows) => self.bars.take(batch, rows, &mut self.checker, self.stop)?,
            Rows::Quotes(rows) => self.quotes.take(batch, rows, &mut self.checker, self.stop)?,
            Rows::Book(rows) => self.book.take(batch, rows, &mut self.checker, self.stop)?,
            Rows::Orders(rows) => self.orders.take(batch, rows, &mut self.checker, self.stop)?,
        }
        Ok(self.rows())
    }

    /// Gives back what is left after the last batch: the rows of a sort window.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn finish(&mut self) -> Result<Rows<'_>, QualityError> {
        self.clear();
        self.trades.drain(&mut self.checker, self.stop)?;
        self.bars.drain(&mut self.checker, self.stop)?;
        self.quotes.drain(&mut self.checker, self.stop)?;
        self.book.drain(&mut self.checker, self.stop)?;
        self.orders.drain(&mut self.checker, self.stop)?;
        Ok(self.rows())
    }

    fn rows(&self) -> Rows<'_> {
        match self.kind {
            RowKind::Trades => Rows::Trades(&self.trades.out),
            RowKind::Bars => Rows::Bars(&self.bars.out),
            RowKind::Quotes => Rows::Quotes(&self.quotes.out),
            RowKind::Book => Rows::Book(&self.book.out),
            RowKind::Orders => Rows::Orders(&self.orders.out),
        }
    }

    fn clear(&mut self) {
        self.trades.out.clear();
        self.trades.received.clear();
        self.bars.out.clear();
        self.quotes.out.clear();
        self.book.out.clear();
        self.orders.out.clear();
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
        let (out, received) = (Vec::new(), Vec::new());
        Self { sorter: window.map(Sorter::new), newest: None, headless: false, out, received }
    }

    fn take(
        &mut self,
        batch: &Batch<'_>,
        rows: &[Row],
        checker: &mut Checker,
        stop: bool,
    ) -> Result<(), QualityError> {
        let marks = [batch.rounded, batch.unfinished, batch.broken, batch.mismatched];
        let is_plain = marks.iter().all(|marks| marks.is_empty()) && batch.received.is_empty();
        if is_plain && self.sorter.is_none() && Row::are_sound(rows, checker) {
            self.out.extend_from_slice(rows);
            return Ok(());
        }
        let mut rounded = batch.rounded.iter().peekable();
        let mut unfinished = batch.unfinished.iter().peekable();
        let mut broken = batch.broken.iter().peekable();
        let mut mismatched = batch.mismatched.iter().peekable();
        for (index, row) in rows.iter().enumerate() {
            let about = RowAbout {
                file: batch.file,
                number: batch.number(index),
                rounded: rounded.next_if_eq(&&index).is_some(),
                unfinished: unfinished.next_if_eq(&&index).is_some(),
                broken: broken.next_if_eq(&&index).is_some(),
                mismatched: mismatched.next_if_eq(&&index).is_some(),
                received: batch.received.get(index).copied(),
            };
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
        mut row: Row,
        checker: &mut Checker,
        stop: bool,
    ) -> Result<(), QualityError> {
        if std::mem::take(&mut self.headless) {
            row.begin();
        }
        let (policy, problem) = row.check(checker, about);
        self.headless = policy != Policy::Keep && row.begins() && !checker.is_lost();
        match policy {
            Policy::Keep => {
                self.out.push(row);
                self.received.extend(about.received);
            }
            Policy::Fail if stop => {
                let (report, example) = (checker.report(), checker.failure());
                return Err(QualityError::Refused {
                    place: example.map_or_else(String::new, |example| report.place(example)),
                    problem,
                    text: example.map_or_else(String::new, |example| example.text.clone()),
                    ways: report.config().ways_on(problem),
                });
            }
            Policy::Fail | Policy::Skip | Policy::Sort(_) => {}
        }
        Ok(())
    }
}
