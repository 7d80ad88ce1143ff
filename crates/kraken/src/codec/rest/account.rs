//! Payloads of the private methods about money: balances, positions, fees.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{Asset, Symbol, VenueOrderId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Keyed, side_word};
use crate::codec::account::{Balance, FeeTier, Fees, PairFees, PairName, Position, TradeBalance};
use crate::codec::decode::{DecodeError, Number};
use crate::codec::names;

#[derive(Deserialize)]
pub(crate) struct BalanceRow<'a> {
    #[serde(borrow)]
    balance: Number<'a>,
    #[serde(borrow)]
    hold_trade: Option<Number<'a>>,
    #[serde(borrow)]
    credit: Option<Number<'a>>,
    #[serde(borrow)]
    credit_used: Option<Number<'a>>,
}

impl BalanceRow<'_> {
    fn into_balance(self) -> Result<Balance, DecodeError> {
        let or_zero = |number: Option<Number<'_>>| {
            number.map(Number::notional).transpose().map(Option::unwrap_or_default)
        };
        Ok(Balance {
            total: self.balance.notional()?,
            held: or_zero(self.hold_trade)?,
            credit: or_zero(self.credit)?,
            credit_used: or_zero(self.credit_used)?,
        })
    }
}

pub(crate) fn extended_balances(
    rows: Keyed<BalanceRow<'_>>,
) -> Result<BTreeMap<Asset, Balance>, DecodeError> {
    let read =
        |(id, row): (String, BalanceRow<'_>)| Ok((names::asset_from_id(&id), row.into_balance()?));
    rows.into_iter().map(read).collect()
}

/// Its fields have one or two letters at Kraken.
#[derive(Deserialize)]
pub(crate) struct TradeBalanceRow<'a> {
    #[serde(borrow)]
    eb: Number<'a>,
    #[serde(borrow)]
    tb: Number<'a>,
    #[serde(borrow)]
    m: Number<'a>,
    #[serde(borrow)]
    n: Number<'a>,
    #[serde(borrow)]
    c: Number<'a>,
    #[serde(borrow)]
    v: Number<'a>,
    #[serde(borrow)]
    e: Number<'a>,
    #[serde(borrow)]
    mf: Number<'a>,
    #[serde(borrow)]
    ml: Option<Number<'a>>,
}

impl TradeBalanceRow<'_> {
    pub(crate) fn into_balance(self) -> Result<TradeBalance, DecodeError> {
        Ok(TradeBalance {
            equivalent: self.eb.notional()?,
            trade: self.tb.notional()?,
            margin_used: self.m.notional()?,
            unrealized: self.n.notional()?,
            cost_basis: self.c.notional()?,
            valuation: self.v.notional()?,
            equity: self.e.notional()?,
            margin_free: self.mf.notional()?,
            margin_level: self.ml.map(Number::notional).transpose()?,
        })
    }
}

#[derive(Deserialize)]
struct PositionRow<'a> {
    #[serde(borrow)]
    ordertxid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pair: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    side: Cow<'a, str>,
    #[serde(borrow)]
    cost: Number<'a>,
    #[serde(borrow)]
    fee: Number<'a>,
    #[serde(borrow)]
    vol: Number<'a>,
    #[serde(borrow)]
    vol_closed: Number<'a>,
    #[serde(borrow)]
    margin: Number<'a>,
    #[serde(borrow)]
    value: Option<Number<'a>>,
    #[serde(borrow)]
    net: Option<Number<'a>>,
}

impl PositionRow<'_> {
    fn into_position(self, id: Option<String>) -> Result<Position, DecodeError> {
        Ok(Position {
            id,
            order: self.ordertxid.as_deref().map(VenueOrderId::new),
            pair: PairName::new(&self.pair),
            side: side_word(&self.side),
            cost: self.cost.notional()?,
            fee: self.fee.notional()?,
            quantity: self.vol.quantity()?,
            closed: self.vol_closed.quantity()?,
            margin: self.margin.notional()?,
            value: self.value.map(Number::notional).transpose()?,
            net: self.net.map(Number::notional).transpose()?,
        })
    }
}

/// Positions by their ids, or in a list where those of a pair are put together.
pub(crate) fn positions(rows: &RawValue) -> Result<Vec<Position>, DecodeError> {
    if rows.get().starts_with('[') {
        let rows: Vec<PositionRow<'_>> = serde_json::from_str(rows.get())?;
        return rows.into_iter().map(|row| row.into_position(None)).collect();
    }
    let rows: Keyed<PositionRow<'_>> = serde_json::from_str(rows.get())?;
    rows.into_iter().map(|(id, row)| row.into_position(Some(id))).collect()
}

#[derive(Deserialize)]
struct FeeRow<'a> {
    #[serde(borrow)]
    fee: Number<'a>,
    #[serde(borrow)]
    minfee: Number<'a>,
    #[serde(borrow)]
    maxfee: Number<'a>,
    #[serde(borrow)]
    nextfee: Option<Number<'a>>,
    #[serde(borrow)]
    nextvolume: Option<Number<'a>>,
}

impl FeeRow<'_> {
    fn tier(&self) -> Result<FeeTier, DecodeError> {
        let next = match (self.nextvolume, self.nextfee) {
            (Some(volume), Some(fee)) => Some((volume.notional()?, fee.notional()?)),
            (Some(_) | None, _) => None,
        };
        Ok(FeeTier {
            percent: self.fee.notional()?,
            percent_min: self.minfee.notional()?,
            percent_max: self.maxfee.notional()?,
            next,
        })
    }
}

/// What was traded, and the fees of the pairs by the venue's names of them.
pub(crate) struct TradeVolume {
    currency: Asset,
    volume: model::Notional,
    taker: BTreeMap<String, FeeTier>,
    maker: BTreeMap<String, FeeTier>,
}

#[derive(Deserialize)]
pub(crate) struct VolumeRow<'a> {
    currency: String,
    #[serde(borrow)]
    volume: Number<'a>,
    /// Absent if no pair was asked for.
    #[serde(borrow)]
    fees: Option<Keyed<FeeRow<'a>>>,
    #[serde(borrow)]
    fees_maker: Option<Keyed<FeeRow<'a>>>,
}

impl VolumeRow<'_> {
    pub(crate) fn into_volume(self) -> Result<TradeVolume, DecodeError> {
        let read = |rows: Option<Keyed<FeeRow<'_>>>| {
            let rows = rows.unwrap_or_default().into_iter();
            rows.map(|(pair, row)| Ok((pair, row.tier()?))).collect::<Result<_, DecodeError>>()
        };
        Ok(TradeVolume {
            currency: names::asset_from_id(&self.currency),
            volume: self.volume.notional()?,
            taker: read(self.fees)?,
            maker: read(self.fees_maker)?,
        })
    }
}

impl TradeVolume {
    /// With the fees of these pairs, each of which must be there.
    pub(crate) fn into_fees(self, symbols: &[Symbol]) -> Result<Fees, DecodeError> {
        let of = |tiers: &BTreeMap<String, FeeTier>, symbol: &Symbol| {
            let found = tiers.iter().find(|(pair, _)| names::names(pair, symbol));
            found.map(|(_, tier)| *tier)
        };
        let fees = |symbol: &Symbol| {
            let missing = DecodeError::Missing { what: "fees of a pair" };
            let taker = of(&self.taker, symbol).ok_or(missing)?;
            Ok((symbol.clone(), PairFees { taker, maker: of(&self.maker, symbol) }))
        };
        let pairs = symbols.iter().map(fees).collect::<Result<_, DecodeError>>()?;
        Ok(Fees { currency: self.currency, volume: self.volume, pairs })
    }
}
