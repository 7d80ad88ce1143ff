//! Private methods about what was executed and what that changed.

use matching::AccountId;
use model::{Liquidity, Notional, Quantity, UnixNanos};
use serde::Serialize;

use crate::kraken::error::ApiError;
use crate::kraken::ledger::Entry;
use crate::kraken::pair::KrakenAsset;
use crate::kraken::rest::queries::{PAGE, Range, is_consolidated};
use crate::kraken::rest::rows::order_type;
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::venue::{Account, OwnExecution, Venue};
use crate::kraken::wire::{Keyed, Number, amount_text, json};

/// Executions or entries that one query may name.
const QUERY_MAX: usize = 20;

/// An execution, as `TradesHistory` shows it.
#[derive(Serialize)]
struct TradeRow {
    ordertxid: String,
    postxid: String,
    pair: &'static str,
    aclass: &'static str,
    time: Number,
    #[serde(rename = "type")]
    side: &'static str,
    ordertype: String,
    price: String,
    cost: String,
    fee: String,
    vol: String,
    margin: String,
    leverage: &'static str,
    misc: &'static str,
    trade_id: u64,
    maker: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledgers: Option<Vec<String>>,
}

#[derive(Serialize)]
struct LedgerRow {
    aclass: &'static str,
    amount: String,
    asset: &'static str,
    balance: String,
    fee: String,
    refid: String,
    time: Number,
    #[serde(rename = "type")]
    kind: &'static str,
    subtype: &'static str,
}

/// A page of rows, newest first.
#[derive(Serialize)]
struct Trades {
    trades: Keyed<TradeRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

/// A page of rows, newest first.
#[derive(Serialize)]
struct LedgerPage {
    ledger: Keyed<LedgerRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

/// Executions that clients see as one.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    parts: &'a [&'a (OwnExecution, UnixNanos)],
}

impl<'a> Group<'a> {
    /// The groups of executions, oldest first: what an order took at once is one, if they are consolidated.
    pub(crate) fn all(
        executions: &'a [&'a (OwnExecution, UnixNanos)],
        consolidated: bool,
    ) -> impl DoubleEndedIterator<Item = Self> {
        let same = move |a: &&(OwnExecution, UnixNanos), b: &&(OwnExecution, UnixNanos)| {
            let takes = |own: &OwnExecution| own.execution.fill.liquidity == Liquidity::Taker;
            consolidated
                && a.1 == b.1
                && a.0.order.txid == b.0.order.txid
                && takes(&a.0)
                && takes(&b.0)
        };
        executions.chunk_by(same).map(|parts| Self { parts })
    }

    pub(crate) fn first(&self) -> &'a OwnExecution {
        &self.parts[0].0
    }

    pub(crate) const fn at(&self) -> UnixNanos {
        self.parts[0].1
    }

    /// Quantity, cost and fee of all parts.
    pub(crate) fn sums(&self) -> (Quantity, Notional, Notional) {
        let add = |left: Notional, right| left.checked_add(right).unwrap_or(left);
        let zero = (Quantity::ZERO, Notional::ZERO, Notional::ZERO);
        self.parts.iter().fold(zero, |(quantity, cost, fee), part| {
            let fill = &part.0.execution.fill;
            let quantity = quantity.checked_add(fill.quantity).unwrap_or(Quantity::MAX);
            let part = Notional::of(fill.price, fill.quantity);
            (quantity, add(cost, part), add(fee, fill.fee))
        })
    }

    fn has(&self, exec_id: &str) -> bool {
        self.parts.iter().any(|part| part.0.exec_id == exec_id)
    }
}

impl Venue {
    /// `TradesHistory`, newest first, a page at a time.
    pub(super) fn trades_history(&self, account: AccountId, args: &Args) -> MethodResult {
        let state = self.accounts.get(&account).ok_or(ApiError::INVALID_KEY)?;
        let executions = state.executions.iter();
        let time_of =
            |id: &str| executions.clone().find(|(own, _)| own.exec_id == id).map(|(_, at)| *at);
        let (range, offset) = (Range::new(args, time_of)?, args.number("ofs")?.unwrap_or(0));
        let ledgers = args.flag("ledgers")?;
        match args.get("type") {
            None | Some("all" | "no position") => {}
            Some("any position" | "closed position" | "closing position") => {
                return Ok(json(&Trades { trades: Keyed(Vec::new()), count: Some(0) }));
            }
            Some(_) => return Err(ApiError::arguments("type")),
        }
        let consolidated = is_consolidated(args)?;
        let executions = state.executions_in_order();
        let found = Group::all(&executions, consolidated).rev();
        let found: Vec<_> = found.filter(|group| range.contains(group.at())).collect();
        let page = found.iter().skip(offset).take(PAGE);
        let rows = page.filter_map(|group| self.trade_row(state, *group, ledgers));
        let count = (!args.flag("without_count")?).then_some(found.len());
        Ok(json(&Trades { trades: Keyed(rows.collect()), count }))
    }

    /// `QueryTrades`.
    pub(super) fn query_trades(&self, account: AccountId, args: &Args) -> MethodResult {
        let ids = args.list("txid");
        if ids.is_empty() || ids.len() > QUERY_MAX {
            return Err(ApiError::arguments("txid"));
        }
        let state = self.accounts.get(&account).ok_or(ApiError::INVALID_KEY)?;
        let ledgers = args.flag("ledgers")?;
        let executions = state.executions_in_order();
        let groups = Group::all(&executions, is_consolidated(args)?);
        // A later part of a group, whose name the streams told, is there by itself.
        let known: Vec<_> = groups.chain(Group::all(&executions, false)).collect();
        let row = |id: &&str| {
            let group = known.iter().find(|group| group.first().exec_id == **id)?;
            self.trade_row(state, *group, ledgers)
        };
        let rows: Option<Vec<_>> = ids.iter().map(row).collect();
        Ok(json(&Keyed(rows.ok_or_else(|| ApiError::arguments("txid"))?)))
    }

    fn trade_row(
        &self,
        state: &Account,
        group: Group<'_>,
        ledgers: bool,
    ) -> Option<(String, TradeRow)> {
        let own = group.first();
        let (facts, fill) = (&own.order, &own.execution.fill);
        let pair = &self.listed(&facts.request.symbol)?.pair;
        let decimals = pair.instrument.cost_decimals;
        let (quantity, cost, fee) = group.sums();
        let price = cost.price_per(quantity, decimals).unwrap_or(fill.price);
        let entries = || {
            let entries = state.entries.newest_first();
            entries.filter(|entry| group.has(&entry.refid)).map(|entry| entry.id.clone())
        };
        let row = TradeRow {
            ordertxid: facts.txid.clone(),
            postxid: facts.position_id(),
            pair: pair.id,
            aclass: "forex",
            time: Number::seconds_to_100_nanos(group.at()),
            side: facts.request.side.as_str(),
            ordertype: order_type(facts),
            price: price.to_fixed(decimals),
            cost: amount_text(cost, decimals),
            fee: amount_text(fee, decimals),
            vol: quantity.to_fixed(8),
            margin: Notional::ZERO.to_fixed(decimals),
            leverage: "0",
            misc: "",
            trade_id: fill.trade_id,
            maker: fill.liquidity == Liquidity::Maker,
            ledgers: ledgers.then(|| entries().collect()),
        };
        Some((own.exec_id.clone(), row))
    }

    /// `Ledgers`, newest first, a page at a time.
    pub(super) fn ledgers(&self, account: AccountId, args: &Args) -> MethodResult {
        let state = self.accounts.get(&account).ok_or(ApiError::INVALID_KEY)?;
        let time_of = |id: &str| {
            state.entries.newest_first().find(|entry| entry.id == id).map(|entry| entry.at)
        };
        let (range, offset) = (Range::new(args, time_of)?, args.number("ofs")?.unwrap_or(0));
        let assets = args.list("asset").into_iter().filter(|name| *name != "all");
        let assets: Option<Vec<KrakenAsset>> = assets.map(KrakenAsset::by_name).collect();
        let assets = assets.ok_or(ApiError::UNKNOWN_ASSET)?;
        let nothing = match args.get("type") {
            None | Some("all" | "trade") => false,
            Some(
                "deposit" | "withdrawal" | "margin" | "adjustment" | "rollover" | "credit"
                | "transfer" | "settled" | "staking" | "dividend" | "sale" | "nft_rebate",
            ) => true,
            Some(_) => return Err(ApiError::arguments("type")),
        };
        let wanted = |entry: &&Entry| {
            let asset = assets.is_empty() || assets.iter().any(|known| known.asset == entry.asset);
            !nothing && asset && range.contains(entry.at)
        };
        let found: Vec<&Entry> = state.entries.newest_first().filter(wanted).collect();
        let rows = found.iter().skip(offset).take(PAGE).filter_map(|entry| ledger_row(entry));
        let count = (!args.flag("without_count")?).then_some(found.len());
        Ok(json(&LedgerPage { ledger: Keyed(rows.collect()), count }))
    }

    /// `QueryLedgers`.
    pub(super) fn query_ledgers(&self, account: AccountId, args: &Args) -> MethodResult {
        let ids = args.list("id");
        if ids.is_empty() || ids.len() > QUERY_MAX {
            return Err(ApiError::arguments("id"));
        }
        let state = self.accounts.get(&account).ok_or(ApiError::INVALID_KEY)?;
        let row =
            |id: &&str| ledger_row(state.entries.newest_first().find(|entry| entry.id == **id)?);
        let rows: Option<Vec<_>> = ids.iter().map(row).collect();
        Ok(json(&Keyed(rows.ok_or_else(|| ApiError::arguments("id"))?)))
    }
}

fn ledger_row(entry: &Entry) -> Option<(String, LedgerRow)> {
    let asset = KrakenAsset::by_name(entry.asset.as_str())?;
    let row = LedgerRow {
        aclass: "currency",
        amount: entry.amount.to_fixed(asset.decimals),
        asset: asset.id,
        balance: entry.balance.to_fixed(asset.decimals),
        fee: entry.fee.to_fixed(asset.decimals),
        refid: entry.refid.clone(),
        time: Number::seconds_to_100_nanos(entry.at),
        kind: "trade",
        subtype: "",
    };
    Some((entry.id.clone(), row))
}
