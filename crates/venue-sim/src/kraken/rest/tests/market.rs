//! Candles, trades, best prices.

use std::time::Duration;

use model::Side;

use super::trading;
use crate::kraken::fixture::World;

fn after(world: &mut World, seconds: u64) {
    world.now = world.now.plus(Duration::from_secs(seconds));
}

#[test]
fn candles_come_with_the_running_one_and_say_where_to_go_on() {
    let mut world = trading();
    after(&mut world, 120);
    world.trade("20010.0", "0.5", Side::Buy);
    let answer = world.get("OHLC?pair=XBTUSD&interval=1");
    assert_eq!(
        answer,
        r#"{"error":[],"result":{"XXBTZUSD":[[1795248060,"20000.0","20000.0","20000.0","20000.0","20000.0","0.50000000",1],[1795248120,"20000.0","20000.0","20000.0","20000.0","0.0","0.00000000",0],[1795248180,"20010.0","20010.0","20010.0","20010.0","20010.0","0.50000000",1]],"last":1795248120}}"#
    );
    let later = world.get("OHLC?pair=XBTUSD&interval=1&since=1795248120");
    assert!(later.contains(r#":[[1795248180,"#) && later.ends_with(r#""last":1795248120}}"#));
    // The running candle is there whatever is asked for.
    let none = world.get("OHLC?pair=XBTUSD&since=1895248120");
    assert!(none.contains(r#":[[1795248180,"#), "{none}");
    let wrong = r#"{"error":["EGeneral:Invalid arguments"]}"#;
    assert_eq!(world.get("OHLC?pair=XBTUSD&interval=7"), wrong);
    assert!(world.get("OHLC?pair=ETHUSD").contains(r#""XETHZUSD":[]"#));
}

#[test]
fn trades_are_paged_forward_by_what_last_says() {
    let mut world = trading();
    for n in 1..5 {
        after(&mut world, 1);
        world.trade(&format!("2000{n}.0"), "0.1", Side::Sell);
    }
    let newest = world.get("Trades?pair=XBTUSD&count=1");
    assert_eq!(
        newest,
        r#"{"error":[],"result":{"XXBTZUSD":[["20004.00000","0.10000000",1795248091.298,"s","l","",5]],"last":"1795248091298000000"}}"#
    );
    let (mut since, mut seen) = ("0".to_owned(), 0);
    for _ in 0..3 {
        let page = world.get(&format!("Trades?pair=XBTUSD&count=2&since={since}"));
        seen += page.matches(r#""l""#).count();
        let (_, last) = page.split_once(r#""last":""#).unwrap();
        since = last.trim_end_matches("\"}}").to_owned();
    }
    assert_eq!((seen, since.as_str()), (5, "1795248091298000000"));
    // Some clients send seconds.
    let seconds = world.get("Trades?pair=XBTUSD&since=1795248090");
    assert_eq!(seconds.matches(r#""l""#).count(), 2);
    assert!(world.get("Trades?pair=XBTUSD&count=1001").contains(r#""EGeneral:Invalid arguments""#));
    assert!(world.get("Trades?pair=XBTUSD&since=x").contains("EGeneral:Invalid arguments"));
    assert!(world.get("Trades?count=1").contains("EGeneral:Invalid arguments"));
}

#[test]
fn best_prices_are_told_as_they_changed() {
    let mut world = trading();
    after(&mut world, 5);
    world.trade("20010.0", "0.5", Side::Buy);
    let answer = world.get("Spread?pair=XBTUSD");
    assert_eq!(answer.matches("[17952480").count(), 2, "{answer}");
    assert!(answer.ends_with(r#""last":1795248092}}"#), "{answer}");
    let later = world.get("Spread?pair=XBTUSD&since=1795248092");
    assert_eq!(later.matches("[17952480").count(), 1, "{later}");
}

#[test]
fn a_trade_tells_what_kind_of_order_of_ours_took() {
    let mut world = trading();
    let kinds = |world: &mut World| {
        let page = world.get("Trades?pair=XBTUSD");
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let rows = page["result"]["XXBTZUSD"].as_array().unwrap();
        rows.iter().map(|row| row[4].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&mut world), ["l"], "a tape does not tell");
    world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.001");
    assert_eq!(kinds(&mut world), ["l", "m"]);
    world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.001&price=20500");
    assert_eq!(kinds(&mut world), ["l", "m", "l"]);
    world.add("pair=XBTUSD&type=sell&ordertype=limit&volume=0.001&price=20800");
    world.trade("20900.0", "0.5", Side::Buy);
    assert_eq!(kinds(&mut world).iter().filter(|kind| *kind == "m").count(), 1, "ours rested");
}
