//! Bars of recordings: a venue tells a bar again and again while it grows.

use model::{Price, Quantity, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::frame::read;
use super::message::{Body, integer, price, quantity, time_by_size};
use crate::delimited::Parsed;
use crate::json::bare;
use crate::number::{NumberFault, parse_decimal};
use crate::read_error::LineProblem;
use crate::row::BarRow;

/// A bar as it is so far.
#[derive(Debug)]
pub(super) struct Growing {
    pub(super) row: BarRow,
    /// Whether it is closed, where the venue says so: else it is when the next one begins.
    pub(super) closed: Option<bool>,
}

/// The bars of the one market and length that is read.
#[derive(Debug, Default)]
pub(super) struct Bars {
    /// The bar that is not closed yet, and its line.
    growing: Option<(Growing, u64)>,
    /// Beginning of the newest bar that was given as closed.
    newest: Option<UnixNanos>,
}

impl Bars {
    /// Takes what a message tells of a bar; rows go to the end of `out`.
    ///
    /// A bar that was given as closed is not looked at again: Kraken repeats the last ones at a subscription.
    pub(super) fn take(&mut self, bar: Growing, line: u64, out: &mut Parsed) {
        let begins = bar.row.open_ts;
        if self.newest.is_some_and(|newest| begins <= newest) {
            return;
        }
        if let Some((last, line)) = self.growing.take()
            && last.row.open_ts < begins
        {
            // A venue that says when bars are closed did not say it of this one.
            self.give(&last.row, line, last.closed.is_none(), out);
        }
        if bar.closed == Some(true) {
            self.give(&bar.row, line, true, out);
        } else {
            self.growing = Some((bar, line));
        }
    }

    /// Nothing more comes in this file: what is not closed is given as unfinished, and may go on in the next one.
    pub(super) fn end(&mut self, out: &mut Parsed) {
        if let Some((last, line)) = self.growing.take() {
            self.give(&last.row, line, false, out);
        }
    }

    fn give(&mut self, row: &BarRow, line: u64, closed: bool, out: &mut Parsed) {
        if closed {
            self.newest = Some(row.open_ts);
        } else {
            out.unfinished.push(out.rows.bars.len());
        }
        if row.volume.raw() == i64::MAX {
            out.rounded.push(out.rows.bars.len());
        }
        out.rows.bars.push(*row);
        out.lines.push(line);
    }
}

/// Length of a bar in the words of Binance: `1m`, `4h`, `1d`.
pub(super) fn interval_of(minutes: u64) -> String {
    match minutes {
        0 => "0m".to_owned(),
        m if m % 10_080 == 0 => format!("{}w", m / 10_080),
        m if m % 1_440 == 0 => format!("{}d", m / 1_440),
        m if m % 60 == 0 => format!("{}h", m / 60),
        m => format!("{m}m"),
    }
}

/// A volume; more than a quantity holds is the largest one, as in files of bars.
pub(super) fn volume(value: &RawValue, key: &str) -> Result<Quantity, LineProblem> {
    let text = bare(value);
    match parse_decimal(text, Quantity::DECIMALS) {
        Err(NumberFault::TooLarge) if !text.starts_with('-') => Ok(Quantity::MAX),
        // Sums of floating-point numbers.
        Ok((raw, _)) => Ok(Quantity::from_raw(raw)),
        Err(_) => quantity(value, key),
    }
}

/// Open, high, low, close.
pub(super) fn prices(values: [&RawValue; 4]) -> Result<[Price; 4], LineProblem> {
    let [open, high, low, close] = values;
    Ok([price(open, "open")?, price(high, "high")?, price(low, "low")?, price(close, "close")?])
}

/// The bar of a message of Binance.
#[derive(Deserialize)]
struct Kline<'f> {
    #[serde(borrow)]
    t: &'f RawValue,
    #[serde(borrow, rename = "T")]
    last: &'f RawValue,
    #[serde(borrow)]
    o: &'f RawValue,
    #[serde(borrow)]
    h: &'f RawValue,
    #[serde(borrow)]
    l: &'f RawValue,
    #[serde(borrow)]
    c: &'f RawValue,
    #[serde(borrow)]
    v: &'f RawValue,
    #[serde(borrow)]
    n: &'f RawValue,
    x: bool,
}

/// The bar in `k` of Binance.
pub(super) fn binance(value: &RawValue) -> Result<Body, LineProblem> {
    let kline: Kline<'_> =
        read(value.get(), "the bar `k`, with `t`, `T`, `o`, `h`, `l`, `c`, `v`, `n`, `x`")?;
    // `T` is the last unit of the bar.
    let unit = if bare(kline.last).len() > 14 { 1_000 } else { 1_000_000 };
    let last = time_by_size(kline.last)?.as_nanos();
    let [open, high, low, close] = prices([kline.o, kline.h, kline.l, kline.c])?;
    let row = BarRow {
        open_ts: time_by_size(kline.t)?,
        close_ts: UnixNanos::from_nanos(last.saturating_add(unit)),
        open,
        high,
        low,
        close,
        volume: volume(kline.v, "v")?,
        count: Some(integer(kline.n, "n")?),
    };
    Ok(Body::Bar(Growing { row, closed: Some(kline.x) }))
}
