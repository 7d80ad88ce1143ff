//! Looks at one row after the other.

use std::collections::BTreeSet;

use model::{Notional, Price, Quantity, UnixNanos};

use super::book::Book;
use super::ids::Ids;
use super::report::{Example, QualityReport};
use super::{BAR_MAX, EQUAL_TRADES_KEPT, Policy, Problem, QualityConfig, TIMES};
use crate::datetime::format_utc;
use crate::market::FileAbout;
use crate::row::{BarRow, RowKind, TradeRow};

/// Where a row comes from, and what its reader noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowAbout {
    /// Index of the file.
    pub file: usize,
    /// Line or row, from 1.
    pub number: u64,
    /// Digits were rounded.
    pub rounded: bool,
    /// The venue had not finished the bar.
    pub unfinished: bool,
    /// The message of a book does not go on where the one before ended.
    pub broken: bool,
    /// After its message a book is not what its checksum says.
    pub mismatched: bool,
    /// When a trade was received, where that is told.
    pub received: Option<UnixNanos>,
}

/// Finds problems in rows of one kind. Pure; memory is bounded by [`super::IDS_KEPT`] and
/// [`EQUAL_TRADES_KEPT`].
#[derive(Debug)]
pub struct Checker {
    report: QualityReport,
    newest: Option<UnixNanos>,
    pub(super) last_price: Option<Price>,
    last_bar: Option<BarRow>,
    newest_id: Option<u64>,
    ids: Ids,
    instant: BTreeSet<(Price, Quantity)>,
    pub(super) book: Book,
    silence_nanos: i64,
    /// The most severe policy that the row in hand has met.
    verdict: Policy,
    culprit: Problem,
    /// The row that failed last.
    failure: Option<Example>,
}

impl Checker {
    /// Begins with no rows.
    pub fn new(kind: RowKind, files: Vec<FileAbout>, config: QualityConfig) -> Self {
        let silence_nanos = i64::try_from(config.silence.as_nanos()).unwrap_or(i64::MAX);
        Self {
            report: QualityReport::new(kind, files, config),
            newest: None,
            last_price: None,
            last_bar: None,
            newest_id: None,
            ids: Ids::default(),
            instant: BTreeSet::new(),
            book: Book::default(),
            silence_nanos,
            verdict: Policy::Keep,
            culprit: Problem::Unsorted,
            failure: None,
        }
    }

    /// What was found so far.
    pub const fn report(&self) -> &QualityReport {
        &self.report
    }

    /// The row that failed last, and why.
    pub(super) const fn failure(&self) -> Option<&Example> {
        self.failure.as_ref()
    }

    /// What was found.
    pub fn into_report(self) -> QualityReport {
        self.report
    }

    /// Looks at a trade: `Keep`, `Skip`, or `Fail` with the problem that decided.
    pub fn trade(&mut self, about: RowAbout, row: &TradeRow) -> (Policy, Problem) {
        self.begin(about, row.ts);
        let at = (about.file, about.number, row.ts);
        if !row.price.is_positive() || !row.quantity.is_positive() {
            let found = || format!("price {}, volume {}", row.price, row.quantity);
            self.enter(Problem::NotPositive, at, 0, 0, found);
        }
        if let Some(id) = row.trade_id {
            self.trade_id(at, id);
        } else {
            self.equal_trade(at, row);
        }
        if self.is_kept() {
            self.silence(at, row.ts, "trade");
            if let Some(last) = self.last_price {
                self.jump(at, last, row.price, || format!("from {last} to {}", row.price));
            }
        }
        let (volume, fills) = (row.quantity, u64::from(row.fills));
        let verdict = self.end(row.ts, [row.price, row.price], volume, fills);
        if verdict.0 == Policy::Keep {
            self.last_price = Some(row.price);
            self.report.aggregates += u64::from(row.fills > 1);
            if let Some(id) = row.trade_id {
                self.remember(id);
            }
        }
        verdict
    }

    /// Looks at trades with numbers all at once: true when nothing is wrong with any of them and nothing
    /// worth knowing; then they count as looked at. Else they are not, and nothing has changed.
    pub(super) fn sound_trades(&mut self, rows: &[TradeRow]) -> bool {
        let (Some(newest), Some(last_price), Some(newest_id), Some(end)) =
            (self.newest, self.last_price, self.newest_id, rows.last())
        else {
            return false;
        };
        if newest < TIMES.start || end.ts >= TIMES.end {
            return false;
        }
        let bps_end = u128::from(self.report.config.jump_bps) + 1;
        let (mut ts, mut price, mut id) = (newest.as_nanos(), last_price.raw(), newest_id);
        let (mut low, mut high, mut volume) = (i64::MAX, i64::MIN, Some(Quantity::ZERO));
        let (mut fills, mut aggregates) = (0_u64, 0_u64);
        for row in rows {
            // Both are positive when it matters.
            let moved = u128::from(row.price.raw().abs_diff(price)).wrapping_mul(10_000);
            let is_sound = row.price.is_positive()
                && row.quantity.is_positive()
                && row.trade_id == id.checked_add(1)
                && (0..=self.silence_nanos).contains(&row.ts.as_nanos().wrapping_sub(ts))
                && moved < u128::from(price.unsigned_abs()).wrapping_mul(bps_end);
            if !is_sound {
                return false;
            }
            (ts, price, id) = (row.ts.as_nanos(), row.price.raw(), id.wrapping_add(1));
            (low, high) = (low.min(price), high.max(price));
            volume = volume.and_then(|volume| volume.checked_add(row.quantity));
            fills = fills.wrapping_add(u64::from(row.fills));
            aggregates += u64::from(row.fills > 1);
        }
        let volume = volume.map(Notional::from_quantity);
        let Some(volume) = volume.and_then(|volume| self.report.volume.checked_add(volume)) else {
            return false;
        };
        let (low, high) = (Price::from_raw(low), Price::from_raw(high));
        let report = &mut self.report;
        report.rows += rows.len() as u64;
        report.last_ts = Some(end.ts);
        report.low = Some(report.low.map_or(low, |least| least.min(low)));
        report.high = Some(report.high.map_or(high, |most| most.max(high)));
        report.volume = volume;
        report.fills = report.fills.saturating_add(fills);
        report.aggregates += aggregates;
        (self.newest, self.last_price, self.newest_id) = (Some(end.ts), Some(end.price), Some(id));
        self.ids.push(newest_id + 1, id);
        true
    }

    /// Looks at a bar: `Keep`, `Skip`, or `Fail` with the problem that decided.
    pub fn bar(&mut self, about: RowAbout, row: &BarRow) -> (Policy, Problem) {
        self.begin(about, row.open_ts);
        let at = (about.file, about.number, row.open_ts);
        let prices = [row.open, row.high, row.low, row.close];
        if prices.iter().any(|price| !price.is_positive()) || row.volume < Quantity::ZERO {
            let found = || format!("{}, volume {}", shown(row), row.volume);
            self.enter(Problem::NotPositive, at, 0, 0, found);
        } else if prices.iter().any(|price| *price > row.high || *price < row.low) {
            self.enter(Problem::CrossedBar, at, 0, 0, || shown(row));
        }
        if row.close_ts <= row.open_ts || row.length() > BAR_MAX {
            let found = || format!("a bar until {}", format_utc(row.close_ts));
            self.enter(Problem::AbsurdTime, at, 0, 0, found);
        }
        if about.unfinished {
            self.enter(Problem::UnfinishedBar, at, 0, 0, || "an unfinished bar".to_owned());
        }
        if let Some(last) = self.last_bar {
            self.neighbours(at, &last, row);
        }
        if self.is_kept() {
            self.jump(at, row.low, row.high, || {
                format!("from {} to {} in a bar", row.low, row.high)
            });
            if row.volume.is_zero() {
                self.enter(Problem::EmptyBar, at, 0, 0, || "no volume".to_owned());
            }
        }
        let (volume, fills) = (row.volume, row.count.unwrap_or(0));
        let verdict = self.end(row.open_ts, [row.low, row.high], volume, fills);
        if verdict.0 == Policy::Keep {
            self.last_bar = Some(*row);
            if self.report.bar_nanos.is_none() {
                self.report.bar_nanos = u64::try_from(row.length().as_nanos()).ok();
            }
        }
        verdict
    }

    /// Enters a row that its sorter received late.
    pub(super) fn late(&mut self, about: RowAbout, ts: UnixNanos, newest: UnixNanos) {
        let at = (about.file, about.number, ts);
        let late = newest.as_nanos().saturating_sub(ts.as_nanos()).unsigned_abs();
        self.report
            .enter(Problem::Unsorted, at, late, 0, || format!("{} late, sorted", seconds(late)));
    }

    pub(super) fn begin(&mut self, about: RowAbout, ts: UnixNanos) {
        self.report.rows += 1;
        self.verdict = Policy::Keep;
        let at = (about.file, about.number, ts);
        if !TIMES.contains(&ts) {
            self.enter(Problem::AbsurdTime, at, 0, 0, || format_utc(ts));
        }
        if let Some(newest) = self.newest.filter(|newest| ts < *newest) {
            let late = newest.as_nanos().saturating_sub(ts.as_nanos()).unsigned_abs();
            self.enter(Problem::Unsorted, at, late, 0, || {
                format!("{} after {}", format_utc(ts), format_utc(newest))
            });
        }
        if about.rounded {
            let found = || {
                "digits beyond the unit, a level or volume beyond the range, or a bar that ends before it begins"
                    .to_owned()
            };
            self.enter(Problem::Rounded, at, 0, 0, found);
        }
    }

    pub(super) fn end(
        &mut self,
        ts: UnixNanos,
        [low, high]: [Price; 2],
        volume: Quantity,
        fills: u64,
    ) -> (Policy, Problem) {
        let verdict = (self.verdict, self.culprit);
        if verdict.0 == Policy::Keep {
            let report = &mut self.report;
            report.first_ts = report.first_ts.or(Some(ts));
            report.last_ts = Some(ts);
            report.low = Some(report.low.map_or(low, |least| least.min(low)));
            report.high = Some(report.high.map_or(high, |most| most.max(high)));
            let sum = report.volume.checked_add(Notional::from_quantity(volume));
            report.volume = sum.unwrap_or(report.volume);
            report.fills = report.fills.saturating_add(fills);
            self.newest = Some(self.newest.map_or(ts, |newest| newest.max(ts)));
        } else {
            self.report.skipped += u64::from(verdict.0 == Policy::Skip);
            self.report.failed |= verdict.0 == Policy::Fail;
        }
        verdict
    }

    /// Leaves out a row that cannot be judged any more because of an earlier problem.
    pub(super) fn pass_over(&mut self, problem: Problem) {
        self.report.rows += 1;
        self.report.skipped += 1;
        if let Some(tally) = self.report.problems.get_mut(&problem) {
            tally.skipped += 1;
        }
    }

    /// The problem that decides about the row.
    pub(super) const fn culprit(&self) -> Problem {
        self.culprit
    }

    /// True as long as nothing is so wrong with the row that it leaves the tape.
    pub(super) fn is_kept(&self) -> bool {
        self.verdict == Policy::Keep
    }

    pub(super) fn enter(
        &mut self,
        problem: Problem,
        at: (usize, u64, UnixNanos),
        size: u64,
        amount: u64,
        text: impl FnOnce() -> String,
    ) {
        let policy = match self.report.config.policy(problem) {
            // It came through the window and is still late.
            Policy::Sort(_) => Policy::Fail,
            policy @ (Policy::Fail | Policy::Skip | Policy::Keep) => policy,
        };
        if policy == Policy::Fail && self.verdict != Policy::Fail {
            let ((file, number, ts), text) = (at, text());
            self.report.enter(problem, at, size, amount, || text.clone());
            self.failure = Some(Example { file, number, ts, text });
        } else {
            self.report.enter(problem, at, size, amount, text);
        }
        if policy == Policy::Fail || (policy == Policy::Skip && self.verdict == Policy::Keep) {
            if self.verdict != Policy::Fail {
                self.culprit = problem;
            }
            self.verdict = policy;
        }
        if let Some(tally) = self.report.problems.get_mut(&problem) {
            tally.skipped += u64::from(policy == Policy::Skip);
            tally.failed |= policy == Policy::Fail;
        }
    }

    /// Enters a silence that is too long before a row that stays.
    pub(super) fn silence(&mut self, at: (usize, u64, UnixNanos), ts: UnixNanos, what: &str) {
        let silence =
            self.newest.map_or(0, |newest| ts.as_nanos().saturating_sub(newest.as_nanos()));
        if silence > self.silence_nanos {
            let size = silence.unsigned_abs();
            self.enter(Problem::Gap, at, size, 0, || format!("no {what} for {}", seconds(size)));
        }
    }

    fn trade_id(&mut self, at: (usize, u64, UnixNanos), id: u64) {
        let Some(newest) = self.newest_id else { return };
        if id > newest {
            let missing = id - newest - 1;
            if missing > 0 {
                let found = || format!("{missing} numbers between {newest} and {id}");
                self.enter(Problem::MissingIds, at, missing, missing, found);
            }
        } else if self.ids.contains(id) {
            self.enter(Problem::DuplicateId, at, 0, 0, || format!("trade {id} again"));
        } else {
            self.enter(Problem::MissingIds, at, 0, 0, || format!("{id} after {newest}"));
        }
    }

    fn remember(&mut self, id: u64) {
        self.newest_id = Some(self.newest_id.map_or(id, |newest| newest.max(id)));
        self.ids.push(id, id);
    }

    fn equal_trade(&mut self, at: (usize, u64, UnixNanos), row: &TradeRow) {
        if self.newest != Some(row.ts) {
            self.instant.clear();
        }
        let is_new = self.instant.len() >= EQUAL_TRADES_KEPT
            || self.instant.insert((row.price, row.quantity));
        if !is_new {
            let found = || format!("{} at {}, again", row.quantity, row.price);
            self.enter(Problem::EqualTrade, at, 0, 0, found);
        }
    }

    fn neighbours(&mut self, at: (usize, u64, UnixNanos), last: &BarRow, row: &BarRow) {
        if row.open_ts == last.open_ts {
            self.enter(Problem::DuplicateBar, at, 0, 0, || shown(row));
        } else if row.open_ts > last.open_ts && row.open_ts < last.close_ts {
            let found = || format!("before the end {}", format_utc(last.close_ts));
            self.enter(Problem::OverlappingBar, at, 0, 0, found);
        } else if row.open_ts > last.close_ts && self.is_kept() {
            let hole = row.open_ts.since(last.close_ts);
            let bars = hole.as_nanos().checked_div(last.length().as_nanos()).unwrap_or(0);
            let bars = u64::try_from(bars).unwrap_or(u64::MAX);
            let size = u64::try_from(hole.as_nanos()).unwrap_or(u64::MAX);
            let found = || format!("{bars} bars from {} on", format_utc(last.close_ts));
            self.enter(Problem::Gap, at, size, bars, found);
        }
    }

    pub(super) fn jump(
        &mut self,
        at: (usize, u64, UnixNanos),
        from: Price,
        to: Price,
        text: impl FnOnce() -> String,
    ) {
        let move_e4 = u128::from(to.raw().abs_diff(from.raw())) * 10_000;
        let from = u128::from(from.raw().unsigned_abs());
        // Without the division, which takes longer than all other checks of a row.
        if from > 0 && move_e4 >= from * (u128::from(self.report.config.jump_bps) + 1) {
            let bps = move_e4 / from;
            let size = u64::try_from(bps).unwrap_or(u64::MAX);
            let percent = format!("{}.{:02} %", size / 100, size % 100);
            self.enter(Problem::Jump, at, size, 0, || format!("{percent} {}", text()));
        }
    }
}

/// `open 1, high 2, low 1, close 2`.
fn shown(row: &BarRow) -> String {
    format!("open {}, high {}, low {}, close {}", row.open, row.high, row.low, row.close)
}

/// `12.5 s`.
fn seconds(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}
