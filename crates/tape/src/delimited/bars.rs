//! Bars out of lines.

use model::{Price, Quantity, UnixNanos};

use super::{Cursor, Fault};
use crate::datetime::{TimeUnit, unit_by_size};
use crate::layout::{Column, Layout};
use crate::number::{NumberFault, parse_decimal, take_integer};
use crate::row::BarRow;

impl Layout {
    pub(super) fn push_bar(
        &self,
        cursor: &mut Cursor<'_>,
        rows: &mut Vec<BarRow>,
    ) -> Result<(), Fault> {
        rows.push(self.bar(cursor)?);
        Ok(())
    }

    fn bar(&self, cursor: &mut Cursor<'_>) -> Result<BarRow, Fault> {
        let (mut open_ts, mut close_ts) = (0, None);
        let (mut prices, mut volume, mut count) = ([0; 4], 0, None);
        for (index, column) in self.columns.iter().enumerate() {
            match *column {
                Column::Time(unit) => open_ts = self.time(cursor, index, unit)?,
                Column::CloseTime(unit) => close_ts = Some(self.close_time(cursor, index, unit)?),
                Column::Open => prices[0] = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::High => prices[1] = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::Low => prices[2] = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::Close => prices[3] = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::Volume => volume = self.volume(cursor, index)?,
                Column::Count => count = Some(self.integer(cursor, index)?),
                Column::Flag => self.flag(cursor, index).map(|_| ())?,
                Column::Number => self.skip_number(cursor, index)?,
                Column::BidPrice
                | Column::BidQuantity
                | Column::AskPrice
                | Column::AskQuantity
                | Column::LocalTime(_)
                | Column::BookSide
                | Column::UpdateKind
                | Column::IsSnapshot
                | Column::LastUpdate
                | Column::PreviousUpdate
                | Column::Price
                | Column::Quantity
                | Column::TradeId
                | Column::FirstId
                | Column::LastId
                | Column::BuyerMaker
                | Column::Side
                | Column::Text => self.skip(cursor, index)?,
            }
        }
        let [open, high, low, close] = prices.map(Price::from_raw);
        let usual = open_ts.saturating_add(self.bar_nanos);
        let close_ts = match close_ts {
            // Binance's archive has such a bar at the end of an outage.
            Some(before) if before <= open_ts && self.bar_nanos > 0 => {
                cursor.rounded = true;
                usual
            }
            told => told.unwrap_or(usual),
        };
        Ok(BarRow {
            open_ts: UnixNanos::from_nanos(open_ts),
            close_ts: UnixNanos::from_nanos(close_ts),
            open,
            high,
            low,
            close,
            volume: Quantity::from_raw(volume),
            count,
        })
    }

    /// A volume of a bar: coins of the smallest prices have more of it than a quantity holds, and then it is the
    /// largest one.
    fn volume(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<i64, Fault> {
        let start = cursor.rest;
        match self.decimal(cursor, index, Quantity::DECIMALS) {
            Err(Fault::Field { found, .. })
                if parse_decimal(&found, Quantity::DECIMALS) == Err(NumberFault::TooLarge)
                    && !found.starts_with('-') =>
            {
                let (_, rest) = self.field(start, index)?;
                cursor.rest = &start[start.len() - rest..];
                cursor.rounded = true;
                Ok(i64::MAX)
            }
            other => other,
        }
    }

    /// The first instant after the last one that the column tells.
    fn close_time(
        &self,
        cursor: &mut Cursor<'_>,
        index: usize,
        unit: TimeUnit,
    ) -> Result<i64, Fault> {
        let mut digits = cursor.rest;
        let grain = take_integer(&mut digits).map_or(1_000_000_000, unit_by_size);
        let last = self.time(cursor, index, unit)?;
        Ok(last.saturating_add(i64::try_from(grain).unwrap_or(1)))
    }
}
