//! The files of a backtest that tools read.

use std::io::{self, Write};

use backtest::stats::{drawdowns, number};
use backtest::{BacktestResult, RoundTrip};
use matching::{InstrumentConfig, SlippageOn};
use model::{OrderKind, TimeInForce, UnixNanos};
use serde_json::{Value, json};

use super::{BacktestReport, text};

/// Version of `run.json`.
const SCHEMA: u32 = 1;

/// Writes the executions; times are seconds since 1970.
pub(super) fn write_fills(report: &BacktestReport<'_>, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "time,symbol,order,side,price,quantity,fee,liquidity,cash,base")?;
    let symbols: Vec<_> = report.config.instruments().map(|of| &of.instrument.symbol).collect();
    for fill in &report.result.fills {
        let id = &report.result.orders.id(fill.order);
        let liquidity = fill.liquidity.as_str();
        let (ts, side, price, quantity, fee) =
            (fill.ts, fill.side, fill.price, fill.quantity, fill.fee);
        let (symbol, cash, base) = (symbols[fill.market], fill.cash, fill.base);
        writeln!(
            out,
            "{ts},{symbol},{id},{side},{price},{quantity},{fee},{liquidity},{cash},{base}"
        )?;
    }
    out.flush()
}

/// Writes the orders.
pub(super) fn write_orders(result: &BacktestResult, mut out: impl Write) -> io::Result<()> {
    writeln!(
        out,
        "order,symbol,sent,arrived,ended,side,type,price,limit,quantity,state,filled,cost,fee,reason,\
         time_in_force,post_only,reduce_only"
    )?;
    for order in result.orders.iter() {
        let (kind, price, limit) = match order.request.kind {
            OrderKind::Market => ("market", None, None),
            OrderKind::Limit { price, .. } => ("limit", None, Some(price)),
            OrderKind::Triggered { trigger, price, limit } => {
                (trigger.as_str(), Some(price), limit)
            }
        };
        let time = |ts: Option<UnixNanos>| ts.map(|ts| ts.to_string()).unwrap_or_default();
        let price = price.map(|price| price.to_string()).unwrap_or_default();
        let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
        let (id, symbol) = (&order.request.client_order_id, &order.request.symbol);
        let side = order.request.side;
        let (sent, arrived, ended) = (order.sent, time(order.arrived), time(order.ended));
        let (quantity, state, filled) = (order.request.quantity, order.state, order.filled);
        let (cost, fee) = (order.cost, order.fee);
        let life = match order.request.time_in_force {
            TimeInForce::Gtc => "gtc",
            TimeInForce::Ioc => "ioc",
            TimeInForce::Fok => "fok",
        };
        let post_only = matches!(order.request.kind, OrderKind::Limit { post_only: true, .. });
        let reduce_only = order.request.reduce_only;
        // Reasons are our own words, without commas.
        let reason = order.reason.as_deref().unwrap_or_default();
        writeln!(
            out,
            "{id},{symbol},{sent},{arrived},{ended},{side},{kind},{price},{limit},{quantity},\
             {state},{filled},{cost},{fee},{reason},{life},{post_only},{reduce_only}"
        )?;
    }
    out.flush()
}

/// Writes the round trips, in the order in which they were closed.
pub(super) fn write_trades(
    report: &BacktestReport<'_>,
    trips: &[RoundTrip],
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(
        out,
        "symbol,size,entry_time,exit_time,entry_price,exit_price,pnl,fees,entry_bar,exit_bar"
    )?;
    let symbols: Vec<_> = report.config.instruments().map(|of| &of.instrument.symbol).collect();
    for trip in trips {
        let (symbol, size) = (symbols[trip.market], trip.size);
        let (entry, exit) = (trip.entry_ts, trip.exit_ts);
        let (bought, sold) = (trip.entry_price, trip.exit_price);
        let bar = |bar: Option<u64>| bar.map(|bar| bar.to_string()).unwrap_or_default();
        let (pnl, fees) = (trip.pnl, trip.fees);
        let (first, last) = (bar(trip.entry_bar), bar(trip.exit_bar));
        writeln!(
            out,
            "{symbol},{size},{entry},{exit},{bought},{sold},{pnl},{fees},{first},{last}"
        )?;
    }
    out.flush()
}

/// Writes the equity curve, with the position and the last price of each market.
pub(super) fn write_equity(report: &BacktestReport<'_>, mut out: impl Write) -> io::Result<()> {
    write!(out, "time,equity,drawdown")?;
    for config in report.config.instruments() {
        let symbol = &config.instrument.symbol;
        write!(out, ",base {symbol},price {symbol}")?;
    }
    writeln!(out)?;
    let points = &report.result.equity;
    let equity: Vec<f64> = points.iter().map(|point| number(point.equity)).collect();
    for (point, drawdown) in points.iter().zip(drawdowns(&equity)) {
        write!(out, "{},{},{drawdown}", point.ts, point.equity)?;
        for mark in &point.marks {
            write!(out, ",{},{}", mark.base, mark.price)?;
        }
        writeln!(out)?;
    }
    out.flush()
}

/// What `run.json` holds and `--format json` prints.
pub(super) fn record(report: &BacktestReport<'_>) -> Value {
    let BacktestReport { config, result, stats, about } = *report;
    let tier = |backtest::FeeTier { volume, fees }: &backtest::FeeTier| json!({ "volume": volume, "maker": fees.maker_ppm, "taker": fees.taker_ppm });
    let venues = config.venues.iter().zip(result.initial.iter().zip(&result.balances));
    let venue = |(config, (initial, balances)): (&backtest::VenueConfig, _)| {
        let symbols: Vec<_> = config.instruments.iter().map(|of| &of.instrument.symbol).collect();
        let way = |latency: &backtest::Latency| {
            if let backtest::Latency::Tape { offset_nanos } = latency {
                return json!({ "tape_offset": offset_nanos });
            }
            let (min, max) = latency.bounds();
            json!([nanos(min), nanos(max)])
        };
        let latency = &config.latency;
        json!({
            "name": config.name,
            "symbols": symbols,
            "markets": config.instruments.iter().map(market).collect::<Vec<_>>(),
            "fees_ppm": { "maker": config.fees.maker_ppm, "taker": config.fees.taker_ppm },
            "fixed_fee": config.fees.fixed,
            "tiers": config.tiers.iter().map(tier).collect::<Vec<_>>(),
            "volume_30d": config.volume,
            "funding": text::funding(config.funding),
            "shortfall": text::shortfall(config.shortfall),
            "latency_ns": {
                "feed": way(&latency.feed),
                "entry": way(&latency.entry),
                "response": way(&latency.response),
            },
            "initial": initial,
            "balances": balances,
        })
    };
    json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "arguments": about.arguments,
        "tapes": about.tapes,
        "files": about.files,
        "checked": about.checked,
        "notes": about.notes,
        "strategy": about.strategy,
        "path": text::path(config.path),
        "equity_every_ns": nanos(config.equity_every),
        "finalize": config.finalize,
        "stop_when_ruined": config.stop_when_ruined,
        "at_par": config.at_par,
        "currency": config.currency,
        "venues": venues.map(venue).collect::<Vec<_>>(),
        "seed": config.seed,
        "data": result.data,
        "ruined": result.ruined,
        "findings": about.findings,
        "orders": result.orders.len(),
        "fills": result.fills.len(),
        "wishes_dropped": result.wishes_dropped,
        "in_flight": result.in_flight,
        "failure": result.failure,
        "stats": stats,
        "digest": result.digest.to_string(),
    })
}

/// The rules of one market.
fn market(config: &InstrumentConfig) -> Value {
    let rules = &config.instrument;
    json!({
        "symbol": rules.symbol,
        "fill": text::fill(config.liquidity),
        "queue": text::queue(config.queue),
        "slippage_ppm": config.slippage.ppm,
        "slippage_on_entries": config.slippage.on == SlippageOn::Opening,
        "protection_ppm": config.protection_ppm,
        "tick_size": rules.tick_size,
        "quantity_min": rules.quantity_min,
        "price_decimals": rules.price_decimals,
        "quantity_decimals": rules.quantity_decimals,
        "cost_decimals": rules.cost_decimals,
    })
}

fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
