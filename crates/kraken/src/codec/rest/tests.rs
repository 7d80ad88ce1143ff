use std::time::Duration;

use model::{
    ClientOrderId, Instrument, OrderState, Price, Quantity, Side, Symbol, Trade, UnixNanos,
    VenueOrderId,
};

use super::*;
use crate::codec::fixtures::{sample, shared};
use crate::codec::reply;
use crate::rules::PairRules;

mod account;
mod trading;

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> T {
    reply::result(body.as_bytes(), UnixNanos::ZERO).expect("a result")
}

#[test]
fn an_asset_pair_becomes_an_instrument() {
    let Some(body) = sample("asset_pairs") else {
        return;
    };
    let pair: PairRow<'_> = only(read(&body)).expect("one pair");
    let found = pair.into_rules().expect("numbers").expect("a name");
    assert_eq!(found.status, crate::codec::market::PairStatus::Online);
    assert_eq!(
        (&found.leverage_buy[..], found.long_max),
        (&[2, 3, 4, 5, 6, 7, 8, 9, 10][..], Some(whole(80)))
    );
    let expected = Instrument {
        symbol: Symbol::new("BTC/USDT"),
        base: Asset::new("BTC"),
        quote: Asset::new("USDT"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::parse("0.00005").expect("valid"),
        cost_min: Notional::parse("0.5").expect("valid"),
    };
    assert_eq!(found.instrument, expected);
}

fn whole(units: i64) -> Quantity {
    Quantity::step(0).checked_mul(units).expect("in range")
}

#[test]
fn a_pair_without_a_public_name_is_skipped_and_a_missing_tick_is_derived() {
    let dark =
        r#"{"base":"XXBT","quote":"ZUSD","pair_decimals":1,"lot_decimals":8,"cost_decimals":5}"#;
    let row: PairRow<'_> = serde_json::from_str(dark).expect("valid");
    assert_eq!(row.into_rules().expect("numbers"), None);
    let old = dark.replace(r#"{"base""#, r#"{"wsname":"XBT/USD","base""#);
    let row: PairRow<'_> = serde_json::from_str(&old).expect("valid");
    let PairRules { instrument, .. } = row.into_rules().expect("numbers").expect("a name");
    assert_eq!(instrument.tick_size, Price::step(1));
    assert_eq!(instrument.quantity_min, Quantity::ZERO);
}

#[test]
fn ticker_and_depth_are_read_exactly() {
    let (Some(ticker), Some(depth)) = (sample("ticker"), sample("depth")) else {
        return;
    };
    let price = |text: &str| Price::parse(text).expect("valid");
    let ticker: TickerRow<'_> = only(read(&ticker)).expect("one pair");
    let ticker = ticker.into_ticker().expect("numbers");
    assert_eq!(ticker.bid.price, price("73380.6"));
    assert_eq!(ticker.ask.price, price("73380.7"));
    assert_eq!(ticker.last, price("73380.6"));
    let depth: DepthRow<'_> = only(read(&depth)).expect("one pair");
    let book = depth.into_book().expect("numbers");
    assert_eq!((book.bids().count(), book.asks().count()), (5, 5));
    assert_eq!(book.best_bid().map(|l| l.price), Some(price("105944.2")));
    assert_eq!(book.best_ask().map(|l| l.price), Some(price("105944.3")));
}

#[test]
fn orders_of_every_sample_are_read() {
    let states = |reports: Vec<OrderReport>| -> Vec<_> {
        reports.into_iter().map(|report| report.state).collect()
    };
    for name in ["open_orders_stop_loss_limit", "open_orders_trailing_stop"] {
        let Some(body) = sample(name) else { return };
        let rows: OpenRows<OrderRow<'_>> = read(&body);
        let reports = reports(rows.open).expect("numbers");
        assert_eq!(states(reports), [OrderState::Open], "{name}");
    }
    let Some(body) = sample("closed_orders_triggered") else {
        return;
    };
    let rows: ClosedRows<'_> = read(&body);
    let closed = reports(rows.closed).expect("numbers");
    assert_eq!(closed[0].reason.as_deref(), Some("User requested"));
    assert_eq!(states(closed), [OrderState::Cancelled; 2]);
}

#[test]
fn a_closed_order_tells_its_totals() {
    let Some(body) = sample("query_orders_closed_market") else {
        return;
    };
    let reports = reports(read(&body)).expect("numbers");
    let expected = OrderReport {
        client_order_id: None,
        venue_order_id: VenueOrderId::new("OGMZCL-KC6MC-ZRBGM6"),
        state: OrderState::Filled,
        filled: Some(Quantity::parse("0.1").expect("valid")),
        cost: Some(Notional::parse("7.105741").expect("valid")),
        fee: Some(Notional::parse("0.018475").expect("valid")),
        last_fill: None,
        reason: None,
    };
    assert_eq!(reports, [expected]);
}

#[test]
fn order_rows_take_what_is_new_and_refuse_what_is_broken() {
    let row = |status: &str, filled: &str| {
        let text = format!(
            r#"{{"status":"{status}","vol_exec":"{filled}","cost":"0","fee":0.5,"cl_ord_id":"wt-1","new":[]}}"#
        );
        let row: OrderRow<'_> = serde_json::from_str(&text).expect("valid");
        row.report("O1").map(|report| (report.client_order_id, report.state))
    };
    let id = ClientOrderId::new("wt-1").ok();
    let check = |status: &str, state: OrderState| {
        assert_eq!(row(status, "1").expect("numbers"), (id.clone(), state));
    };
    check("pending", OrderState::Open);
    check("open", OrderState::Open);
    check("closed", OrderState::Filled);
    check("canceled", OrderState::Cancelled);
    check("expired", OrderState::Cancelled);
    check("levitating", OrderState::Open);
    assert!(row("open", "much").is_err());
}

#[test]
fn balances_are_by_our_names() {
    let rows = read(r#"{"error":[],"result":{"ZUSD":"22.6354","XXBT":"0.0022698000"}}"#);
    let found = balances(rows).expect("numbers");
    let amount = |asset: &str| found.get(&Asset::new(asset)).map(Notional::to_string);
    assert_eq!(amount("USD").as_deref(), Some("22.6354"));
    assert_eq!(amount("BTC").as_deref(), Some("0.0022698"));
}

#[test]
fn a_placed_order_has_an_id() {
    let Some(body) = sample("add_order_market") else {
        return;
    };
    let placed: PlacedRow = read(&body);
    let placed = placed.into_placed().expect("an id");
    assert_eq!(placed.id.as_str(), "OL7LNO-R4SAD-6UINEU");
    let validated: PlacedRow = serde_json::from_str(r#"{"txid":[]}"#).expect("valid");
    assert!(validated.into_placed().is_err());
}

#[test]
fn a_token_is_never_shown() {
    let token: WsToken =
        serde_json::from_str(r#"{"token":"secret","expires":900}"#).expect("valid");
    assert_eq!(format!("{token:?}"), "WsToken(..)");
}

#[test]
fn every_candle_of_a_recorded_answer_is_read() {
    let Some(body) = shared("data/kraken/rest/OHLC_XBTUSDT_1m_2025-11-10.json") else {
        return;
    };
    let minute = Duration::from_secs(60);
    let candles = read::<Page<'_>>(&body).into_candles(minute).expect("numbers");
    assert_eq!(candles.len(), 721);
    let gaps = candles.windows(2).filter(|two| two[1].start != two[0].start.plus(minute));
    assert_eq!(gaps.count(), 0, "this answer leaves no minute out");
    let quiet = candles.iter().filter(|candle| candle.trades == 0).count();
    assert!(quiet > 0, "there are minutes without trades");
    assert!(candles.iter().all(|candle| candle.bar().is_some_and(|bar| bar.is_sound())));
    let Some(body) = sample("ohlc") else { return };
    let day = read::<Page<'_>>(&body).into_candles(minute).expect("numbers");
    assert_eq!(day[0].volume.to_string(), "18.7543011");
}

#[test]
fn trades_know_where_the_next_page_begins() {
    let Some(body) = sample("trades") else { return };
    let page = read::<Page<'_>>(&body).into_trades(&Symbol::new("BTC/USDT")).expect("numbers");
    assert_eq!(page.next, TradeCursor::after(UnixNanos::from_nanos(1_710_327_959_173_746_878)));
    let expected = Trade {
        symbol: Symbol::new("BTC/USDT"),
        venue_ts: UnixNanos::from_nanos(1_710_327_959_173_346_800),
        price: Price::parse("73324.4").expect("valid"),
        quantity: Quantity::parse("0.010309").expect("valid"),
        taker_side: Some(Side::Buy),
        trade_id: Some(6_324_366),
    };
    assert_eq!(page.trades, [expected]);
}
