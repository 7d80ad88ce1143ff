//! Straight code for the layout of the largest files.

use model::{Price, Quantity, Side, UnixNanos};

use super::take_flag;
use crate::datetime::TimeUnit;
use crate::number::{take_decimal, take_digits, take_integer};
use crate::row::TradeRow;

/// Takes `id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch` with its line end; the cursor moves
/// only when the line is as usual.
#[inline(always)]
pub(super) fn binance_spot_trade(cursor: &mut &[u8]) -> Option<TradeRow> {
    let mut rest = *cursor;
    let trade_id = take_integer(&mut rest)?;
    step(&mut rest, b',')?;
    let price = take_decimal(&mut rest, 9)?;
    step(&mut rest, b',')?;
    let quantity = take_decimal(&mut rest, 8)?;
    step(&mut rest, b',')?;
    // Price times quantity: only its form is looked at.
    take_integer(&mut rest)?;
    step(&mut rest, b'.')?;
    take_digits(&mut rest)?;
    step(&mut rest, b',')?;
    let ts = TimeUnit::BySize.take(&mut rest)?;
    step(&mut rest, b',')?;
    let is_buyer_maker = take_flag(&mut rest)?;
    step(&mut rest, b',')?;
    take_flag(&mut rest)?;
    step(&mut rest, b'\n')?;
    *cursor = rest;
    Some(TradeRow {
        ts: UnixNanos::from_nanos(ts),
        price: Price::from_raw(price),
        quantity: Quantity::from_raw(quantity),
        trade_id: Some(trade_id),
        fills: 1,
        taker_side: Some(if is_buyer_maker { Side::Sell } else { Side::Buy }),
    })
}

/// Steps over a byte that must stand there.
#[inline(always)]
fn step(rest: &mut &[u8], byte: u8) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    if *first != byte {
        return None;
    }
    *rest = tail;
    Some(())
}
