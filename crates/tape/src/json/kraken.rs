//! Kraken's `Trades` and `OHLC`.

use std::collections::BTreeMap;

use model::{Price, Quantity, Side, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Json, Parser};
use crate::datetime::TimeUnit;
use crate::format::Format;
use crate::layout::Column;
use crate::number::parse_decimal;
use crate::read_error::{ReadError, shorten};
use crate::row::{BarRow, TradeRow};

/// Elements of a trade; older recordings lack the last one, its number.
const TRADE_ELEMENTS: std::ops::RangeInclusive<usize> = 6..=7;
/// Elements of a bar.
const BAR_ELEMENTS: usize = 8;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(default)]
    error: Vec<String>,
    #[serde(borrow)]
    result: Option<BTreeMap<&'b str, &'b RawValue>>,
}

impl<'b> Parser<'b> {
    pub(super) fn kraken(
        self,
        document: &'b RawValue,
        rows: &mut Option<Json>,
    ) -> Result<(), ReadError> {
        let expected = || "an answer of Kraken with `result`".to_owned();
        let refused = |found: String| self.error(document.get().as_bytes(), expected(), found);
        let body: Body<'b> = serde_json::from_str(document.get())
            .map_err(|error| refused(shorten(&error.to_string())))?;
        if let Some(error) = body.error.first() {
            return Err(refused(format!("the error `{}`", shorten(error))));
        }
        let Some(result) = body.result else {
            return Err(refused(shorten(document.get())));
        };
        let last = result.get("last").and_then(|last| Self::text(last).parse::<i64>().ok());
        for (symbol, list) in result.iter().filter(|(key, _)| **key != "last") {
            for row in self.list(list, "a list of trades or bars")? {
                self.kraken_row(symbol, row, last, rows)?;
            }
        }
        Ok(())
    }

    fn kraken_row(
        self,
        symbol: &str,
        row: &'b RawValue,
        last: Option<i64>,
        rows: &mut Option<Json>,
    ) -> Result<(), ReadError> {
        let fields = self.list(row, "a trade or a bar as a list")?;
        let format = match fields.len() {
            BAR_ELEMENTS => Format::KrakenRestOhlc,
            count if TRADE_ELEMENTS.contains(&count) => Format::KrakenRestTrades,
            count => {
                let expected = "6 or 7 elements of a trade or 8 of a bar".to_owned();
                return Err(self.error(row.get().as_bytes(), expected, count.to_string()));
            }
        };
        let rows = self.rows_of(rows, format, row)?;
        if rows.symbol.get_or_insert_with(|| symbol.to_owned()) != symbol {
            let expected = format!("one market, `{}`", rows.symbol.as_deref().unwrap_or_default());
            return Err(self.error(row.get().as_bytes(), expected, symbol.to_owned()));
        }
        if format == Format::KrakenRestTrades {
            rows.rows.trades.push(self.kraken_trade(&fields)?);
            return Ok(());
        }
        let bar = self.kraken_bar(&fields)?;
        // `last` is the last bar that is complete.
        if last.is_some_and(|last| bar.open_ts.secs() > last) {
            rows.unfinished.push(rows.rows.bars.len());
        }
        rows.rows.bars.push(bar);
        Ok(())
    }

    fn kraken_trade(self, fields: &[&'b RawValue]) -> Result<TradeRow, ReadError> {
        let taker_side = match Self::text(fields[3]) {
            "b" => Side::Buy,
            "s" => Side::Sell,
            _ => return Err(self.field_error(fields[3], "side", "`b` or `s`")),
        };
        let trade_id = match fields.get(6) {
            Some(id) => Some(self.integer(id, "trade_id", Column::TradeId)?),
            None => None,
        };
        Ok(TradeRow {
            ts: self.time(fields[2], "time", TimeUnit::Seconds)?,
            price: self.price(fields[0], "price")?,
            quantity: self.quantity(fields[1], "volume")?,
            trade_id,
            fills: 1,
            taker_side: Some(taker_side),
        })
    }

    fn kraken_bar(self, fields: &[&'b RawValue]) -> Result<BarRow, ReadError> {
        let open_ts = self.time(fields[0], "time", TimeUnit::Seconds)?;
        Ok(BarRow {
            open_ts,
            close_ts: open_ts,
            open: self.price(fields[1], "open")?,
            high: self.price(fields[2], "high")?,
            low: self.price(fields[3], "low")?,
            close: self.price(fields[4], "close")?,
            volume: self.quantity(fields[6], "volume")?,
            count: Some(self.integer(fields[7], "count", Column::Count)?),
        })
    }

    pub(super) fn time(
        self,
        value: &'b RawValue,
        name: &str,
        unit: TimeUnit,
    ) -> Result<UnixNanos, ReadError> {
        let nanos = unit.parse(Self::text(value));
        nanos
            .map(UnixNanos::from_nanos)
            .ok_or_else(|| self.field_error(value, name, unit.expected()))
    }

    pub(super) fn price(self, value: &'b RawValue, name: &str) -> Result<Price, ReadError> {
        match parse_decimal(Self::text(value), Price::DECIMALS) {
            Ok((raw, false)) => Ok(Price::from_raw(raw)),
            _ => {
                let expected = Column::Price.expected_instead_of(Self::text(value));
                Err(self.field_error(value, name, expected))
            }
        }
    }

    pub(super) fn quantity(self, value: &'b RawValue, name: &str) -> Result<Quantity, ReadError> {
        match parse_decimal(Self::text(value), Quantity::DECIMALS) {
            Ok((raw, false)) => Ok(Quantity::from_raw(raw)),
            _ => {
                let expected = Column::Quantity.expected_instead_of(Self::text(value));
                Err(self.field_error(value, name, expected))
            }
        }
    }

    pub(super) fn integer(
        self,
        value: &'b RawValue,
        name: &str,
        column: Column,
    ) -> Result<u64, ReadError> {
        let parsed = Self::text(value).parse();
        parsed.map_err(|_| self.field_error(value, name, column.expected()))
    }
}
