//! Public methods.

use model::Side;

use super::trading;
use crate::kraken::fixture::World;

#[test]
fn time_and_status() {
    let mut world = World::new();
    assert_eq!(
        world.get("Time"),
        r#"{"error":[],"result":{"unixtime":1795248087,"rfc1123":"Sat, 21 Nov 26 08:01:27 +0000"}}"#
    );
    assert_eq!(
        world.get("SystemStatus"),
        r#"{"error":[],"result":{"status":"online","timestamp":"2026-11-21T08:01:27Z"}}"#
    );
}

#[test]
fn pairs_are_found_under_every_name_and_keyed_by_id() {
    let mut world = World::new();
    let by_id = world.get("AssetPairs?pair=XXBTZUSD");
    for name in ["XBTUSD", "XBT%2FUSD", "BTC/USD", "xbtusd"] {
        assert_eq!(world.get(&format!("AssetPairs?pair={name}")), by_id);
    }
    assert!(by_id.starts_with(
        r#"{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency","base":"XXBT","aclass_quote":"currency","quote":"ZUSD","lot":"unit","cost_decimals":5,"pair_decimals":1,"lot_decimals":8,"lot_multiplier":1,"leverage_buy":[],"leverage_sell":[],"fees":[[0,0.4],"#
    ));
    assert!(by_id.ends_with(
        r#""fee_volume_currency":"ZUSD","margin_call":80,"margin_stop":40,"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1","status":"online","execution_venue":"international"}}}"#
    ));
    assert!(world.get("AssetPairs").contains(r#""XETHZUSD":{"#));
    let unknown = r#"{"error":["EQuery:Unknown asset pair"]}"#;
    assert_eq!(world.get("AssetPairs?pair=XBTUSD,NOPE"), unknown);
    assert_eq!(world.get("Ticker?pair=NOPE"), unknown);
    assert_eq!(world.get("Depth?pair=NOPE"), unknown);
}

#[test]
fn assets_are_found_under_every_name() {
    let mut world = World::new();
    let expected = r#"{"error":[],"result":{"XXBT":{"aclass":"currency","altname":"XBT","decimals":10,"display_decimals":5,"status":"enabled"},"ZUSD":{"aclass":"currency","altname":"USD","decimals":4,"display_decimals":2,"status":"enabled"}}}"#;
    assert_eq!(world.get("Assets?asset=XBT%2CZUSD"), expected);
    assert_eq!(world.get("Assets?asset=btc,usd"), expected);
    let unknown = r#"{"error":["EQuery:Unknown asset"]}"#;
    assert_eq!(world.get("Assets?asset=NOPE"), unknown);
}

#[test]
fn the_ticker_sums_the_trades() {
    let mut world = trading();
    world.trade("20010.0", "1.5", Side::Buy);
    let ticker = world.get("Ticker?pair=XBTUSD");
    let last = r#""c":["20010.00000","1.50000000"],"v":["2.00000000","2.00000000"],"p":["20007.50000","20007.50000"],"t":[2,2],"l":["20000.00000","20000.00000"],"h":["20010.00000","20010.00000"],"o":"20000.00000"}"#;
    assert!(ticker.contains(last), "{ticker}");
    assert!(ticker.contains(r#"{"XXBTZUSD":{"a":["20010.00000","#));
    let silent = world.get("Ticker?pair=ETHUSD");
    assert!(silent.contains(r#""c":["0.00000","0.00000000"]"#));
}

#[test]
fn depth_shows_the_published_book_with_our_orders() {
    let mut world = trading();
    world.add("pair=XBTUSD&type=sell&ordertype=limit&volume=0.25&price=20000.0&oflags=post");
    let depth = world.get("Depth?pair=XBTUSD&count=1");
    assert!(depth.starts_with(r#"{"error":[],"result":{"XXBTZUSD":{"asks":[["20000.00000","#));
    assert!(depth.contains(",1795248087]],\"bids\":[["));
    let levels = world.get("Depth?pair=XBTUSD").matches("1795248087").count();
    assert_eq!(levels, 200);
    let wrong = r#"{"error":["EGeneral:Invalid arguments"]}"#;
    assert_eq!(world.get("Depth?pair=XBTUSD&count=501"), wrong);
    assert_eq!(world.get("Depth?pair=XBTUSD&count=x"), wrong);
}

#[test]
fn a_part_of_a_pair_and_new_names_can_be_asked_for() {
    let mut world = trading();
    let fees = world.get("AssetPairs?pair=XBTUSD&info=fees");
    assert!(
        fees.contains(r#"{"XXBTZUSD":{"fees":[[0,0.4]"#) && !fees.contains("altname"),
        "{fees}"
    );
    let margin = world.get("AssetPairs?pair=XBTUSD&info=margin");
    assert!(margin.ends_with(r#"{"XXBTZUSD":{"margin_call":80,"margin_stop":40}}}"#), "{margin}");
    for call in ["AssetPairs?pair=XBTUSD", "Ticker?pair=XBTUSD", "Depth?pair=XBTUSD"] {
        let answer = world.get(&format!("{call}&assetVersion=1"));
        assert!(answer.contains(r#"{"BTC/USD":"#), "{answer}");
    }
    assert!(world.get("Assets?assetVersion=1").contains(r#""BTC":{"#));
}

#[test]
fn a_market_with_a_book_and_no_trade_has_a_price() {
    let mut world = World::new();
    let level = |price: &str| model::Level {
        price: model::Price::parse(price).unwrap(),
        quantity: model::Quantity::parse("1").unwrap(),
    };
    let book = &mut world.venue.pairs[0].book;
    (book.bids, book.asks) = (vec![level("19999.0")], vec![level("20001.0")]);
    assert!(world.get("Ticker?pair=XBTUSD").contains(r#""c":["20000.00000","0.00000000"]"#));
    assert!(
        world.get("OHLC?pair=XBTUSD").contains(r#""20000.0","20000.0","20000.0","20000.0","0.0""#)
    );
}

#[test]
fn nothing_but_currencies_is_listed() {
    let mut world = World::new();
    let mut check = |call: &str, expected: &str| assert_eq!(world.get(call), expected, "{call}");
    check("Assets?aclass=tokenized_asset", r#"{"error":[],"result":{}}"#);
    check("Assets?aclass=tokenized_asset&asset=XBT", r#"{"error":["EQuery:Unknown asset"]}"#);
    check("Assets?aclass=stones", r#"{"error":["EGeneral:Invalid arguments"]}"#);
    check("AssetPairs?aclass_base=tokenized_asset", r#"{"error":[],"result":{}}"#);
    let pair = "AssetPairs?aclass_base=tokenized_asset&pair=XBTUSD";
    check(pair, r#"{"error":["EQuery:Unknown asset pair"]}"#);
    assert!(world.get("AssetPairs?aclass_base=currency&pair=XBTUSD").contains("XXBTZUSD"));
}
