//! Public methods: the venue itself, its assets and pairs.

use model::UnixNanos;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::kraken::error::ApiError;
use crate::kraken::fees;
use crate::kraken::orders::Phase;
use crate::kraken::pair::{KrakenAsset, Pair};
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::venue::{Listed, Venue};
use crate::kraken::wire::{Keyed, json, rfc1123, rfc3339_seconds};

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
pub(super) fn system_status(phase: Phase, now: UnixNanos) -> String {
    #[derive(Serialize)]
    struct Status {
        status: &'static str,
        timestamp: String,
    }
    json(&Status { status: phase.system().as_str(), timestamp: rfc3339_seconds(now) })
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
    #[serde(skip_serializing_if = "Option::is_none")]
    fees: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fees_maker: Option<Box<RawValue>>,
    fee_volume_currency: &'static str,
    margin_call: u32,
    margin_stop: u32,
    ordermin: String,
    costmin: String,
    tick_size: String,
    status: &'static str,
    execution_venue: &'static str,
}

/// What of a pair a client asks for.
#[derive(Serialize)]
#[serde(untagged)]
enum PairPart {
    Full(Box<PairRow>),
    Leverage { leverage_buy: [u32; 0], leverage_sell: [u32; 0] },
    Fees { fees: Box<RawValue>, fees_maker: Box<RawValue>, fee_volume_currency: &'static str },
    Margin { margin_call: u32, margin_stop: u32 },
}

/// The name under which a pair is shown: its id, or with `assetVersion=1` the one with a slash.
pub(super) fn key_of(pair: &Pair, args: &Args) -> String {
    let new = args.get("assetVersion") == Some("1");
    if new { pair.symbol().as_str().to_owned() } else { pair.id.to_owned() }
}

/// Whether a class is asked for in which there is anything: tokenized assets are not listed.
fn is_currency(args: &Args, field: &str) -> Result<bool, ApiError> {
    match args.get(field) {
        None | Some("currency" | "forex") => Ok(true),
        Some("tokenized_asset") => Ok(false),
        Some(_) => Err(ApiError::arguments(field)),
    }
}

impl PairRow {
    fn new(pair: &Pair, phase: Phase) -> Self {
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
            fees: Some(pair.schedule().published(fees::Role::Taker)),
            fees_maker: Some(pair.schedule().published(fees::Role::Maker)),
            fee_volume_currency: "ZUSD",
            margin_call: 80,
            margin_stop: 40,
            ordermin: rules.quantity_min.to_string(),
            costmin: rules.cost_min.to_string(),
            tick_size: rules.tick_size.to_string(),
            status: phase.as_str(),
            execution_venue: "international",
        }
    }
}

impl Venue {
    /// `Assets`.
    pub(super) fn assets(&self, args: &Args) -> MethodResult {
        if !is_currency(args, "aclass")? {
            let named = !args.list("asset").is_empty();
            return if named { Err(ApiError::UNKNOWN_ASSET) } else { Ok("{}".to_owned()) };
        }
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
        let new = args.get("assetVersion") == Some("1");
        let key = |asset: &KrakenAsset| {
            if new { asset.asset.as_str().to_owned() } else { asset.id.to_owned() }
        };
        let rows = known.into_iter().map(|asset| (key(asset), row(asset)));
        Ok(json(&Keyed(rows.collect())))
    }

    /// `AssetPairs`.
    pub(super) fn asset_pairs(&self, args: &Args) -> MethodResult {
        if !is_currency(args, "aclass_base")? {
            let named = !args.list("pair").is_empty();
            return if named { Err(ApiError::UNKNOWN_PAIR) } else { Ok("{}".to_owned()) };
        }
        let pairs = self.pairs_of(args)?.into_iter().map(|listed| &listed.pair);
        let part: fn(&Pair, Phase) -> PairPart = match args.get("info") {
            None | Some("info") => {
                |pair, phase| PairPart::Full(Box::new(PairRow::new(pair, phase)))
            }
            Some("leverage") => |_, _| PairPart::Leverage { leverage_buy: [], leverage_sell: [] },
            Some("fees") => |pair, _| PairPart::Fees {
                fees: pair.schedule().published(fees::Role::Taker),
                fees_maker: pair.schedule().published(fees::Role::Maker),
                fee_volume_currency: "ZUSD",
            },
            Some("margin") => |_, _| PairPart::Margin { margin_call: 80, margin_stop: 40 },
            Some(_) => return Err(ApiError::arguments("info")),
        };
        let rows = pairs.map(|pair| (key_of(pair, args), part(pair, self.phase)));
        Ok(json(&Keyed(rows.collect())))
    }

    /// The pairs that a comma list names, or all of them.
    pub(super) fn pairs_of(&self, args: &Args) -> Result<Vec<&Listed>, ApiError> {
        let names = args.list("pair");
        if names.is_empty() {
            return Ok(self.pairs.iter().collect());
        }
        let found = names.iter().map(|name| self.listed_as(name));
        found.collect::<Option<_>>().ok_or(ApiError::UNKNOWN_PAIR)
    }
}
