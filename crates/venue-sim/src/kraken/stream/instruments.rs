//! The `instrument` channel: assets and pairs with their rules.

use model::{Notional, Price, Quantity};
use serde::Serialize;

use crate::kraken::orders::Phase;
use crate::kraken::pair::{KrakenAsset, Pair};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{Number, json};

/// Here the data are an object.
#[derive(Serialize)]
struct Message<'a> {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    assets: Vec<AssetRow<'a>>,
    pairs: Vec<PairRow<'a>>,
}

#[derive(Serialize)]
struct AssetRow<'a> {
    id: &'a str,
    status: &'static str,
    precision: u32,
    precision_display: u32,
    borrowable: bool,
    collateral_value: Number,
}

#[derive(Serialize)]
struct PairRow<'a> {
    symbol: &'a str,
    base: &'a str,
    quote: &'a str,
    status: &'static str,
    qty_precision: u32,
    qty_increment: Number,
    price_precision: u32,
    cost_precision: u32,
    marginable: bool,
    has_index: bool,
    cost_min: Number,
    tick_size: Number,
    price_increment: Number,
    qty_min: Number,
}

/// The snapshot of the channel. Nothing of it changes but the pairs' status.
pub(super) fn snapshot(venue: &Venue) -> String {
    message(venue, "snapshot")
}

/// The pairs with another status.
pub(super) fn update(venue: &Venue) -> String {
    message(venue, "update")
}

fn message(venue: &Venue, kind: &'static str) -> String {
    let mut assets: Vec<&KrakenAsset> = Vec::new();
    for asset in venue.pairs.iter().flat_map(|l| [&l.pair.base, &l.pair.quote]) {
        if !assets.contains(&asset) {
            assets.push(asset);
        }
    }
    let assets = assets.into_iter().filter(|_| kind == "snapshot").map(asset_row).collect();
    let pairs = venue.pairs.iter().map(|listed| pair_row(&listed.pair, venue.phase)).collect();
    json(&Message { channel: "instrument", kind, data: Data { assets, pairs } })
}

fn asset_row(asset: &KrakenAsset) -> AssetRow<'_> {
    AssetRow {
        id: asset.asset.as_str(),
        status: "enabled",
        precision: asset.decimals,
        precision_display: asset.display_decimals,
        borrowable: false,
        collateral_value: Number::amount(Notional::ZERO, 1),
    }
}

fn pair_row(pair: &Pair, phase: Phase) -> PairRow<'_> {
    let rules = &pair.instrument;
    let tick = || Number::price(rules.tick_size, rules.price_decimals);
    PairRow {
        symbol: rules.symbol.as_str(),
        base: rules.base.as_str(),
        quote: rules.quote.as_str(),
        status: phase.as_str(),
        qty_precision: rules.quantity_decimals,
        qty_increment: Number::quantity(rules.lot_size(), Quantity::DECIMALS),
        price_precision: rules.price_decimals,
        cost_precision: rules.cost_decimals,
        marginable: false,
        has_index: false,
        cost_min: Number::amount(rules.cost_min, Price::DECIMALS),
        tick_size: tick(),
        price_increment: tick(),
        qty_min: Number::quantity(rules.quantity_min, Quantity::DECIMALS),
    }
}
