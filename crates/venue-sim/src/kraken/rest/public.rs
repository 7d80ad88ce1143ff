//! Public methods.

use model::{Level, Notional, Price, Quantity, UnixNanos};
use serde::Serialize;

use crate::kraken::error::ApiError;
use crate::kraken::pair::{KrakenAsset, Pair};
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::ticker::Bucket;
use crate::kraken::venue::{Listed, Venue};
use crate::kraken::wire::{Keyed, json, rfc1123, rfc3339_seconds};

/// Levels of a `Depth` answer: default and most.
const DEPTH_DEFAULT: usize = 100;
const DEPTH_COUNT_MAX: usize = 500;

/// Fee schedules of `AssetPairs`: volume in US dollars over 30 days, percent. The venue charges
/// what each account's configuration says; these are the published figures.
const FEES_TAKER: &str = "[[0,0.4],[10000,0.35],[50000,0.24],[100000,0.22],[250000,0.2],[500000,0.18],[1000000,0.16],[2500000,0.14],[5000000,0.12],[10000000,0.1]]";
const FEES_MAKER: &str = "[[0,0.25],[10000,0.2],[50000,0.14],[100000,0.12],[250000,0.1],[500000,0.08],[1000000,0.06],[2500000,0.04],[5000000,0.02],[10000000,0.0]]";

/// `Time`.
pub(super) fn time(now: UnixNanos) -> String {
    #[derive(Serialize)]
    struct Time {
        unixtime: i64,
        rfc1123: String,
    }
    json(&Time { unixtime: now.secs(), rfc1123: rfc1123(now) })
}

/// `SystemStatus`.
pub(super) fn system_status(now: UnixNanos) -> String {
    #[derive(Serialize)]
    struct Status {
        status: &'static str,
        timestamp: String,
    }
    json(&Status { status: "online", timestamp: rfc3339_seconds(now) })
}

#[derive(Serialize)]
struct AssetRow {
    aclass: &'static str,
    altname: &'static str,
    decimals: u32,
    display_decimals: u32,
    status: &'static str,
}

#[derive(Serialize)]
struct PairRow {
    altname: &'static str,
    wsname: &'static str,
    aclass_base: &'static str,
    base: &'static str,
    aclass_quote: &'static str,
    quote: &'static str,
    lot: &'static str,
    cost_decimals: u32,
    pair_decimals: u32,
    lot_decimals: u32,
    lot_multiplier: u32,
    leverage_buy: [u32; 0],
    leverage_sell: [u32; 0],
    fees: Box<serde_json::value::RawValue>,
    fees_maker: Box<serde_json::value::RawValue>,
    fee_volume_currency: &'static str,
    margin_call: u32,
    margin_stop: u32,
    ordermin: String,
    costmin: String,
    tick_size: String,
    status: &'static str,
}

impl From<&Pair> for PairRow {
    fn from(pair: &Pair) -> Self {
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned());
        let rules = &pair.instrument;
        Self {
            altname: pair.altname,
            wsname: pair.wsname,
            aclass_base: "currency",
            base: pair.base.id,
            aclass_quote: "currency",
            quote: pair.quote.id,
            lot: "unit",
            cost_decimals: rules.cost_decimals,
            pair_decimals: rules.price_decimals,
            lot_decimals: rules.quantity_decimals,
            lot_multiplier: 1,
            leverage_buy: [],
            leverage_sell: [],
            fees: raw(FEES_TAKER).expect("a literal of this file"),
            fees_maker: raw(FEES_MAKER).expect("a literal of this file"),
            fee_volume_currency: "ZUSD",
            margin_call: 80,
            margin_stop: 40,
            ordermin: rules.quantity_min.to_string(),
            costmin: rules.cost_min.to_string(),
            tick_size: rules.tick_size.to_string(),
            status: "online",
        }
    }
}

/// Per side: price, whole lots, lots with three digits.
type Quote = [String; 3];

#[derive(Serialize)]
struct TickerRow {
    a: Quote,
    b: Quote,
    c: [String; 2],
    v: [String; 2],
    p: [String; 2],
    t: [u64; 2],
    l: [String; 2],
    h: [String; 2],
    o: String,
}

#[derive(Serialize)]
struct DepthRow {
    asks: Vec<(String, String, i64)>,
    bids: Vec<(String, String, i64)>,
}

impl Venue {
    /// `Assets`.
    pub(super) fn assets(&self, args: &Args) -> MethodResult {
        let mut known: Vec<&KrakenAsset> = Vec::new();
        for asset in self.pairs.iter().flat_map(|l| [&l.pair.base, &l.pair.quote]) {
            if !known.contains(&asset) {
                known.push(asset);
            }
        }
        let wanted = args.list("asset");
        if !wanted.is_empty() {
            let find = |name: &&str| known.iter().copied().find(|asset| asset.is_named(name));
            let found: Option<Vec<_>> = wanted.iter().map(find).collect();
            known = found.ok_or(ApiError::UNKNOWN_ASSET)?;
        }
        let row = |asset: &KrakenAsset| AssetRow {
            aclass: "currency",
            altname: asset.altname,
            decimals: asset.decimals,
            display_decimals: asset.display_decimals,
            status: "enabled",
        };
        let rows = known.into_iter().map(|asset| (asset.id.to_owned(), row(asset)));
        Ok(json(&Keyed(rows.collect())))
    }

    /// `AssetPairs`.
    pub(super) fn asset_pairs(&self, args: &Args) -> MethodResult {
        let pairs = self.pairs_of(args)?.into_iter().map(|listed| &listed.pair);
        let rows = pairs.map(|pair| (pair.id.to_owned(), PairRow::from(pair)));
        Ok(json(&Keyed(rows.collect())))
    }

    /// `Ticker`. A pair that never traded shows zeros.
    pub(super) fn ticker(&self, args: &Args, now: UnixNanos) -> MethodResult {
        let listed = self.pairs_of(args)?.into_iter();
        let rows = listed.map(|listed| (listed.pair.id.to_owned(), ticker_row(listed, now)));
        Ok(json(&Keyed(rows.collect())))
    }

    /// `Depth`.
    pub(super) fn depth(&self, args: &Args) -> MethodResult {
        let listed = self.listed_as(args.require("pair")?).ok_or(ApiError::UNKNOWN_PAIR)?;
        let count = args.number("count")?.unwrap_or(DEPTH_DEFAULT);
        if !(1..=DEPTH_COUNT_MAX).contains(&count) {
            return Err(ApiError::arguments("count"));
        }
        let decimals = listed.pair.instrument.cost_decimals;
        let changed = listed.book_changed.secs();
        let rows = |levels: &[Level]| {
            let rows = levels.iter().take(count).map(|level| {
                let price = level.price.to_fixed(decimals);
                (price, level.quantity.to_fixed(3), changed)
            });
            rows.collect()
        };
        let row = DepthRow { asks: rows(&listed.book.asks), bids: rows(&listed.book.bids) };
        Ok(json(&Keyed(vec![(listed.pair.id.to_owned(), row)])))
    }

    /// The pairs that a comma list names, or all of them.
    fn pairs_of(&self, args: &Args) -> Result<Vec<&Listed>, ApiError> {
        let names = args.list("pair");
        if names.is_empty() {
            return Ok(self.pairs.iter().collect());
        }
        let found = names.iter().map(|name| self.listed_as(name));
        found.collect::<Option<_>>().ok_or(ApiError::UNKNOWN_PAIR)
    }
}

fn ticker_row(listed: &Listed, now: UnixNanos) -> TickerRow {
    let decimals = listed.pair.instrument.cost_decimals;
    let price = |price: Price| price.to_fixed(decimals);
    let (last, quantity) = listed.ticker.last().unwrap_or((Price::ZERO, Quantity::ZERO));
    let flat = Bucket::flat(last);
    let today = listed.ticker.today(now).unwrap_or(flat);
    let day = listed.ticker.last_day(now).unwrap_or(flat);
    let quote = |levels: &[Level]| {
        let best = levels.first().copied();
        let quantity = best.map_or(Quantity::ZERO, |level| level.quantity);
        let lots = Notional::from_quantity(quantity);
        let whole = lots.to_fixed(0);
        [
            price(best.map_or(Price::ZERO, |level| level.price)),
            if whole == "0" { "1".to_owned() } else { whole },
            quantity.to_fixed(3),
        ]
    };
    TickerRow {
        a: quote(&listed.book.asks),
        b: quote(&listed.book.bids),
        c: [price(last), quantity.to_fixed(8)],
        v: [today.volume.to_fixed(8), day.volume.to_fixed(8)],
        p: [price(today.vwap(decimals)), price(day.vwap(decimals))],
        t: [today.trades, day.trades],
        l: [price(today.low), price(day.low)],
        h: [price(today.high), price(day.high)],
        o: price(today.open),
    }
}
