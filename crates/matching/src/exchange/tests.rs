mod amend;
mod conventions;
mod money;
mod orders;
mod queue;
mod random;
mod reference;
mod rules;
mod sight;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Asset, Notional, OrderKind, Quantity, TimeInForce};

use super::*;
use crate::config::{AccountConfig, Liquidity, QueueModel, SyntheticConfig};
use crate::order::OrderRequest;

const NOW: UnixNanos = UnixNanos::from_secs(1_000);

fn instrument() -> Instrument {
    Instrument {
        symbol: symbol(),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::parse("0.00005").unwrap(),
        cost_min: Notional::parse("0.5").unwrap(),
    }
}

fn symbol() -> Symbol {
    Symbol::new("BTC/USD")
}

fn account(name: &str, usd: &str, btc: &str) -> AccountConfig {
    let amounts = [("USD", usd), ("BTC", btc)];
    AccountConfig {
        name: name.to_owned(),
        balances: amounts
            .map(|(asset, amount)| (Asset::new(asset), Notional::parse(amount).unwrap()))
            .into(),
        fees: FeeRates::of_ppm(2_500, 4_000),
        funding: Funding::Spot,
        shortfall: Shortfall::Refuse,
    }
}

fn config(liquidity: Liquidity) -> ExchangeConfig {
    ExchangeConfig {
        instruments: vec![InstrumentConfig {
            instrument: instrument(),
            liquidity,
            protection_ppm: 50_000,
            queue: QueueModel::RiskAverse,
            slippage: Slippage::NONE,
        }],
        accounts: vec![account("a", "10000", "2"), account("b", "10000", "2")],
        open_orders_max: 60,
        closed_orders_max: 100,
    }
}

fn synthetic() -> Liquidity {
    Liquidity::Synthetic(SyntheticConfig {
        levels: 25,
        level_cost: Notional::parse("20000").unwrap(),
    })
}

/// An exchange with the recorded book 99/101, one unit at each, and its two accounts.
fn quoted() -> (Exchange, AccountId, AccountId) {
    let mut exchange = Exchange::new(config(Liquidity::Recorded)).unwrap();
    let mut out = Vec::new();
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: true,
        levels: None,
        bids: &[level("99", "1"), level("98", "1")],
        asks: &[level("101", "1"), level("102", "1")],
    };
    exchange.on_depth(&update, NOW, &mut out).unwrap();
    let (a, b) = (exchange.account("a"), exchange.account("b"));
    (exchange, a.unwrap(), b.unwrap())
}

fn level(price: &str, quantity: &str) -> Level {
    Level { price: Price::parse(price).unwrap(), quantity: Quantity::parse(quantity).unwrap() }
}

fn limit(side: Side, price: &str, quantity: &str) -> OrderRequest {
    let kind = OrderKind::Limit { price: Price::parse(price).unwrap(), post_only: false };
    OrderRequest {
        client_id: None,
        symbol: symbol(),
        side,
        kind,
        quantity: Quantity::parse(quantity).unwrap(),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
        fee_in_base: false,
    }
}

fn market(side: Side, quantity: &str) -> OrderRequest {
    OrderRequest { kind: OrderKind::Market, ..limit(side, "1", quantity) }
}

fn trade(price: &str, quantity: &str, taker_side: Option<Side>) -> Trade {
    Trade {
        symbol: symbol(),
        venue_ts: NOW,
        price: Price::parse(price).unwrap(),
        quantity: Quantity::parse(quantity).unwrap(),
        taker_side,
        trade_id: None,
    }
}

/// Events as lines that a person can read.
fn lines(events: &[ExchangeEvent]) -> Vec<String> {
    let line = |event: &ExchangeEvent| match event {
        ExchangeEvent::Accepted { order } => format!("{order} accepted"),
        ExchangeEvent::Opened { order } => format!("{order} opened"),
        ExchangeEvent::Filled(e) => {
            let (f, liquidity) = (&e.fill, e.fill.liquidity);
            let (order, filled) = (e.order, e.filled);
            format!(
                "{order} filled #{} {} @ {} fee {} {liquidity:?}, in all {filled} for {}",
                f.trade_id, f.quantity, f.price, f.fee, e.cost
            )
        }
        ExchangeEvent::Completed { order } => format!("{order} completed"),
        ExchangeEvent::Cancelled { order, reason } => format!("{order} cancelled {reason:?}"),
        ExchangeEvent::Printed(t) => {
            let (id, side) = (t.trade_id.unwrap(), t.taker_side.unwrap());
            format!("print #{id} {side} {} @ {}", t.quantity, t.price)
        }
    };
    events.iter().map(line).collect()
}

fn balance(exchange: &Exchange, account: AccountId, asset: &str) -> (String, String) {
    let balance = exchange.ledger().balances(account)[&Asset::new(asset)];
    (balance.total.to_string(), balance.held.to_string())
}
