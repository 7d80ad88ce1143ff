//! The files of a backtest.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use backtest::BacktestResult;
use backtest::stats::number;
use model::{Liquidity, OrderKind, UnixNanos};
use serde_json::{Value, json};

use super::{BacktestArgs, Finished};

/// Version of `run.json`.
const SCHEMA: u32 = 1;

/// Writes `fills.csv`, `orders.csv`, `equity.csv` and `run.json`.
pub(super) fn save(folder: &Path, args: &BacktestArgs, finished: &Finished) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    write_fills(&finished.result, create("fills.csv")?)?;
    write_orders(&finished.result, create("orders.csv")?)?;
    write_equity(&finished.result, create("equity.csv")?)?;
    let mut out = create("run.json")?;
    serde_json::to_writer_pretty(&mut out, &record(args, finished))?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn write_fills(result: &BacktestResult, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "time,order,side,price,quantity,fee,liquidity,cash,base")?;
    for fill in &result.fills {
        let id = &result.orders[fill.order].request.client_order_id;
        let liquidity = match fill.liquidity {
            Liquidity::Maker => "maker",
            Liquidity::Taker => "taker",
        };
        let (ts, side, price, quantity, fee) =
            (fill.ts, fill.side, fill.price, fill.quantity, fill.fee);
        let (cash, base) = (fill.cash, fill.base);
        writeln!(out, "{ts},{id},{side},{price},{quantity},{fee},{liquidity},{cash},{base}")?;
    }
    out.flush()
}

fn write_orders(result: &BacktestResult, mut out: impl Write) -> io::Result<()> {
    writeln!(
        out,
        "order,sent,arrived,ended,side,type,price,limit,quantity,state,filled,cost,fee,reason"
    )?;
    for order in &result.orders {
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
        let (id, side) = (&order.request.client_order_id, order.request.side);
        let (sent, arrived, ended) = (order.sent, time(order.arrived), time(order.ended));
        let (quantity, state, filled) = (order.request.quantity, order.state, order.filled);
        let (cost, fee) = (order.cost, order.fee);
        // Reasons are our own words, without commas.
        let reason = order.reason.as_deref().unwrap_or_default();
        writeln!(
            out,
            "{id},{sent},{arrived},{ended},{side},{kind},{price},{limit},{quantity},{state},\
             {filled},{cost},{fee},{reason}"
        )?;
    }
    out.flush()
}

fn write_equity(result: &BacktestResult, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "time,equity,drawdown,base,price")?;
    let mut top = 0.0_f64;
    for point in &result.equity {
        let equity = number(point.equity);
        top = top.max(equity);
        let drawdown = if top > 0.0 { equity / top - 1.0 } else { 0.0 };
        let (ts, base, price) = (point.ts, point.base, point.price);
        writeln!(out, "{ts},{},{drawdown},{base},{price}", point.equity)?;
    }
    out.flush()
}

/// What `run.json` holds and `--format json` prints.
pub(super) fn record(args: &BacktestArgs, finished: &Finished) -> Value {
    let Finished { config, result, stats, wall } = finished;
    json!({
        "schema": SCHEMA,
        "tape": args.tape.display().to_string(),
        "strategy": args.strategy,
        "symbol": args.symbol,
        "fees_ppm": { "maker": config.fees.maker_ppm, "taker": config.fees.taker_ppm },
        "latency": args.latency,
        "seed": config.seed,
        "data": result.data,
        "initial": result.initial,
        "balances": result.balances,
        "orders": result.orders.len(),
        "fills": result.fills.len(),
        "wishes_dropped": result.wishes_dropped,
        "in_flight": result.in_flight,
        "failure": result.failure,
        "stats": stats,
        "digest": result.digest.to_string(),
        "wall_ms": u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
    })
}
