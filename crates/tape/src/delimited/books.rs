//! Quotes and changes of books out of lines.

use model::{Price, Quantity, Side, UnixNanos};

use super::{Cursor, Fault};
use crate::format::Format;
use crate::layout::{Column, Layout};
use crate::row::{LevelRow, QuoteRow};

/// The message that the last change of a book belonged to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Message {
    /// Its time of arrival or number, and whether it holds the whole book.
    key: Option<(i64, bool)>,
    /// Number of its last update, where the venue numbers them.
    last_update: Option<u64>,
    /// Time of the newest row.
    newest: i64,
}

impl Layout {
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not kept")]
    pub(super) fn push_quote(
        &self,
        cursor: &mut Cursor<'_>,
        rows: &mut Vec<QuoteRow>,
    ) -> Result<(), Fault> {
        let (mut ts, mut local_ts, mut prices, mut quantities) = (0, None, [0; 2], [0; 2]);
        for (index, column) in self.columns.iter().enumerate() {
            match *column {
                Column::Time(unit) => ts = self.time(cursor, index, unit)?,
                Column::LocalTime(unit) => local_ts = Some(self.time(cursor, index, unit)?),
                Column::BidPrice => prices[0] = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::AskPrice => prices[1] = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::BidQuantity => {
                    quantities[0] = self.decimal(cursor, index, Quantity::DECIMALS)?;
                }
                Column::AskQuantity => {
                    quantities[1] = self.decimal(cursor, index, Quantity::DECIMALS)?;
                }
                other => self.check_unkept(other, cursor, index)?,
            }
        }
        let ([bid, ask], [bid_quantity, ask_quantity]) =
            (prices.map(Price::from_raw), quantities.map(Quantity::from_raw));
        let local_ts = UnixNanos::from_nanos(local_ts.unwrap_or(ts));
        let ts = UnixNanos::from_nanos(ts);
        rows.push(QuoteRow { ts, local_ts, bid, bid_quantity, ask, ask_quantity });
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is is not kept")]
    pub(super) fn push_level(
        &self,
        cursor: &mut Cursor<'_>,
        rows: &mut Vec<LevelRow>,
    ) -> Result<(), Fault> {
        let (mut ts, mut local_ts, mut side) = (0, None, Side::Buy);
        let (mut price, mut quantity, mut snapshot) = (0, 0, false);
        let (mut last_update, mut previous_update) = (None, None);
        for (index, column) in self.columns.iter().enumerate() {
            match *column {
                Column::Time(unit) => ts = self.time(cursor, index, unit)?,
                Column::LocalTime(unit) => local_ts = Some(self.time(cursor, index, unit)?),
                Column::BookSide => side = self.book_side(cursor, index)?,
                Column::Price => price = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::Quantity => quantity = self.decimal(cursor, index, Quantity::DECIMALS)?,
                Column::IsSnapshot => snapshot = self.flag(cursor, index)?,
                Column::UpdateKind => snapshot = self.update_kind(cursor, index)?,
                Column::LastUpdate => last_update = Some(self.integer(cursor, index)?),
                Column::PreviousUpdate => previous_update = self.previous_update(cursor, index)?,
                other => self.check_unkept(other, cursor, index)?,
            }
        }
        // Changes of one message have its number, or else the time of its arrival. A snapshot of Tardis is one
        // message in however many it came, and rows before the first one are of no known book.
        let is_tardis = self.format == Format::TardisBook;
        let number = last_update.map(u64::cast_signed);
        let whole = is_tardis && snapshot;
        let key = Some((if whole { 0 } else { number.or(local_ts).unwrap_or(ts) }, snapshot));
        let begins = cursor.message.key != key;
        if begins {
            let Message { key: known, last_update: before, .. } = cursor.message;
            let goes_on = snapshot || before.is_none() || previous_update.is_none();
            let is_lost = is_tardis && known.is_none() && !snapshot;
            cursor.broken = is_lost || (!goes_on && previous_update != before);
            (cursor.message.key, cursor.message.last_update) = (key, last_update);
        }
        if is_tardis {
            // Arrival is the order of the book; the venue's times may go back a little.
            ts = ts.max(cursor.message.newest);
            cursor.message.newest = ts;
        }
        let (local_ts, ts) =
            (UnixNanos::from_nanos(local_ts.unwrap_or(ts)), UnixNanos::from_nanos(ts));
        let (price, quantity) = (Price::from_raw(price), Quantity::from_raw(quantity));
        rows.push(LevelRow { ts, local_ts, side, price, quantity, begins, snapshot });
        Ok(())
    }

    /// A column that is not kept: a number must be one, a flag must be one.
    fn check_unkept(
        &self,
        column: Column,
        cursor: &mut Cursor<'_>,
        index: usize,
    ) -> Result<(), Fault> {
        if column == Column::Number {
            return self.skip_number(cursor, index);
        }
        self.skip(cursor, index)
    }

    fn book_side(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<Side, Fault> {
        let text = self.rare(cursor.rest, cursor, index)?;
        match text.as_str() {
            "b" | "bid" | "buy" => Ok(Side::Buy),
            "a" | "ask" | "sell" => Ok(Side::Sell),
            _ => Err(Fault::Field { index, found: text }),
        }
    }

    fn update_kind(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<bool, Fault> {
        let text = self.rare(cursor.rest, cursor, index)?;
        match text.as_str() {
            "snap" => Ok(true),
            "set" => Ok(false),
            _ => Err(Fault::Field { index, found: text }),
        }
    }

    /// The number, or none in snapshots, which have -1.
    fn previous_update(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<Option<u64>, Fault> {
        let text = self.rare(cursor.rest, cursor, index)?;
        if text == "-1" {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Fault::Field { index, found: text })
    }
}
