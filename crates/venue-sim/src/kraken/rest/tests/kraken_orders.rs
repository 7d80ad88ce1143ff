//! What ordinary clients send and ordinary checks look at: kinds of orders, holds, replacements.

use std::time::Duration;

use model::{Notional, Side};

use super::{RESTING, trading};
use crate::kraken::fixture::World;

const STOP: &str = "pair=XBTUSD&type=sell&ordertype=stop-loss&volume=0.01&price=19000";

fn row(world: &mut World, id: &str) -> String {
    world.post("QueryOrders", &format!("txid={id}&trades=true"))
}

fn usd(world: &mut World) -> String {
    let answer = world.post("BalanceEx", "");
    answer[answer.find("ZUSD").unwrap()..].to_owned()
}

#[test]
fn a_trailing_stop_follows_the_last_price_and_says_so() {
    let mut world = trading();
    let id = world.add(
        "pair=XBTUSD&type=sell&ordertype=trailing-stop-limit&volume=0.1&price=%2B5%25&price2=-1%25",
    );
    let open = row(&mut world, &id);
    let descr = r#""ordertype":"trailing-stop-limit","price":"+5.0000%","price2":"-1.0000%","leverage":"none","order":"sell 0.10000000 XBTUSD @ trailing stop +5.0000% -> limit -1.0000%""#;
    assert!(open.contains(descr), "{open}");
    assert!(open.contains(r#""stopprice":"19000.00000","limitprice":"18810.00000""#), "{open}");
    world.trade("21000.0", "0.5", Side::Buy);
    assert!(row(&mut world, &id).contains(r#""stopprice":"19950.00000""#));
    world.trade("19950.0", "0.5", Side::Sell);
    let closed = row(&mut world, &id);
    assert!(closed.contains(r#""misc":"stopped""#), "{closed}");
    assert!(closed.contains("@ trailing stop 19950.0 -> limit 19750.5"), "{closed}");
    let plain = world.add("pair=XBTUSD&type=buy&ordertype=trailing-stop&volume=0.01&price=+100");
    assert!(
        row(&mut world, &plain)
            .contains(r#""order":"buy 0.01000000 XBTUSD @ trailing stop +100.0""#)
    );
    for wrong in ["100", "-100", "+x", "#5"] {
        let price = wrong.replace('+', "%2B");
        let form =
            format!("pair=XBTUSD&type=buy&ordertype=trailing-stop&volume=0.01&price={price}");
        let answer = world.post("AddOrder", &form);
        assert!(answer.contains("EGeneral:Invalid arguments:price"), "{wrong}: {answer}");
    }
}

#[test]
fn a_buy_holds_its_cost_and_a_waiting_order_what_it_may_need() {
    let mut world = trading();
    let id = world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price=15000");
    assert!(usd(&mut world).contains(r#""hold_trade":"150.0000""#));
    world.post("CancelOrder", &format!("txid={id}"));
    let all = "pair=XBTUSD&type=buy&ordertype=limit&volume=10&price=10000";
    assert!(world.post("AddOrder", all).contains("txid"), "all that there is");
    assert!(world.post("AddOrder", STOP).contains("txid"));
    assert!(world.post("BalanceEx", "").contains(r#""hold_trade":"0.0100000000""#));
    let more = STOP.replace("0.01", "10");
    assert!(world.post("AddOrder", &more).contains("EOrder:Insufficient funds"));
}

#[test]
fn wishes_about_fees_and_unknown_fields_are_taken() {
    let mut world = trading();
    let id = world.add(&format!("{RESTING}&oflags=fcib%2Cpost&trading_agreement=agree&flags[0]=x"));
    assert!(row(&mut world, &id).contains(r#""oflags":"post,fcib""#));
    let refused =
        |world: &mut World, more: &str| world.post("AddOrder", &format!("{RESTING}&{more}"));
    assert!(refused(&mut world, "leverage=2").contains("EOrder:Insufficient margin"));
    assert!(refused(&mut world, "leverage=2:1").contains("EOrder:Insufficient margin"));
    assert!(refused(&mut world, "leverage=much").contains("EGeneral:Invalid arguments:leverage"));
    assert!(refused(&mut world, "trigger=index").contains("arguments:Index unavailable"));
    let settle = RESTING.replace("ordertype=limit", "ordertype=settle-position");
    assert!(world.post("AddOrder", &settle).contains("EOrder:Unknown position"));
}

#[test]
fn a_fee_in_the_base_asset_is_taken_there_and_told_in_the_quote_asset() {
    let mut world = trading();
    let id = world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.01&oflags=fcib");
    let ledgers = world.post("Ledgers", "");
    let base =
        r#""amount":"0.0100000000","asset":"XXBT","balance":"10.0099600000","fee":"0.0000400000""#;
    assert!(ledgers.contains(base), "{ledgers}");
    assert!(
        ledgers.contains(r#""asset":"ZUSD","balance":"99800.0000","fee":"0.0000""#),
        "{ledgers}"
    );
    let row = row(&mut world, &id);
    assert!(row.contains(r#""cost":"200.00000","fee":"0.80000""#), "{row}");
    let resting = world.add(&format!("{RESTING}&oflags=fcib"));
    let edited = world.post("EditOrder", &format!("txid={resting}&pair=XBTUSD&price=14000"));
    assert!(edited.contains("txid"), "{edited}");
    assert!(world.post("OpenOrders", "").contains(r#""oflags":"fcib""#));
}

#[test]
fn an_order_for_later_is_pending_until_its_time() {
    let mut world = trading();
    let id =
        world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price=20000&starttm=%2B60");
    let pending = row(&mut world, &id);
    assert!(pending.contains(r#""status":"pending""#), "{pending}");
    assert!(pending.contains(r#""starttm":1795248147,"#), "{pending}");
    assert!(usd(&mut world).contains(r#""hold_trade":"200.0000""#));
    world.now = world.now.plus(Duration::from_secs(60));
    world.venue.on_time(world.now);
    assert!(row(&mut world, &id).contains(r#""status":"closed""#));
    let later = world.add(&format!("{RESTING}&starttm=%2B60"));
    world.post("CancelOrder", &format!("txid={later}"));
    world.now = world.now.plus(Duration::from_secs(60));
    world.venue.on_time(world.now);
    assert!(row(&mut world, &later).contains(r#""status":"canceled""#));
}

#[test]
fn orders_of_one_account_do_not_trade_with_each_other_the_way_it_asks() {
    let sell = "pair=XBTUSD&type=sell&ordertype=limit&volume=0.01&price=19999.9";
    let buy = "pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price=20000&stptype=";
    for (kind, statuses) in [
        ("cancel-newest", ["open", "canceled"]),
        ("cancel-oldest", ["canceled", "closed"]),
        ("cancel-both", ["canceled", "canceled"]),
    ] {
        let mut world = trading();
        let resting = world.add(sell);
        let coming = world.add(&format!("{buy}{kind}"));
        let shown = [&resting, &coming].map(|id| {
            let answer = row(&mut world, id);
            let at = answer.find(r#""status":""#).unwrap() + 10;
            answer[at..].split('"').next().unwrap().to_owned()
        });
        assert_eq!(shown, statuses, "{kind}");
    }
    let mut world = trading();
    assert!(world.post("AddOrder", &format!("{buy}dance")).contains("arguments:stptype"));
}

#[test]
fn a_conditional_close_follows_the_execution() {
    let mut world = trading();
    let answer = world.post(
        "AddOrder",
        "pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price=20000&close[ordertype]=stop-loss-limit&close[price]=19000&close[price2]=18990",
    );
    let close = r#""close":"close position @ stop loss 19000.0 -> limit 18990.0""#;
    assert!(answer.contains(close), "{answer}");
    let open = world.post("OpenOrders", "");
    assert!(open.contains("sell 0.01000000 XBTUSD @ stop loss 19000.0 -> limit 18990.0"), "{open}");
    assert!(open.contains(r#""refid":"O"#), "{open}");
}

#[test]
fn an_edit_that_is_refused_leaves_the_order() {
    let mut world = trading();
    let id = world.add(RESTING);
    for (change, error) in [
        ("volume=0.00001", "EOrder:Order minimum not met"),
        ("price=20001&oflags=post", "EOrder:Post only order"),
        ("volume=1000", "EOrder:Insufficient funds"),
    ] {
        let answer = world.post("EditOrder", &format!("pair=XBTUSD&txid={id}&{change}"));
        assert!(answer.contains(error), "{answer}");
        assert!(row(&mut world, &id).contains(r#""status":"open""#), "{change}");
    }
}

#[test]
fn an_iceberg_shows_its_part_and_stays_one_when_it_is_edited() {
    let mut world = trading();
    let id =
        world.add("pair=XBTUSD&type=buy&ordertype=iceberg&volume=1.5&price=19999.9&displayvol=0.1");
    let depth = world.get("Depth?pair=XBTUSD&count=1");
    assert!(depth.contains(r#""bids":[["19999.90000","0.100","#), "{depth}");
    let amended = world.post("AmendOrder", &format!("txid={id}&display_qty=0.2"));
    assert!(amended.contains("amend_id"), "{amended}");
    let wrong = world.post("AmendOrder", &format!("txid={id}&display_qty=0.01"));
    assert!(wrong.contains("arguments:display_qty"), "{wrong}");
    let edited = world.post("EditOrder", &format!("pair=XBTUSD&txid={id}&price=19000"));
    assert!(edited.contains(r#""status":"ok""#), "{edited}");
    assert!(world.post("OpenOrders", "").contains(r#""ordertype":"iceberg""#));
}

#[test]
fn post_only_can_be_taken_back_and_the_original_state_is_always_told() {
    let mut world = trading();
    let id = world.add(&format!("{RESTING}&oflags=post"));
    let states = world.post("OrderAmends", &format!("order_id={id}"));
    assert!(states.contains(r#""amend_type":"original""#) && states.ends_with(r#""count":1}}"#));
    let answer = world.post("AmendOrder", &format!("txid={id}&post_only=false"));
    assert!(answer.contains("amend_id"), "{answer}");
    assert!(row(&mut world, &id).contains(r#""oflags":"fciq""#));
}

#[test]
fn fees_fall_with_the_volume_and_are_others_for_stablecoins() {
    let mut world = trading();
    let fee = |world: &mut World, pair: &str| {
        let answer = world.post("TradeVolume", &format!("pair={pair}"));
        let at = answer.find(r#""fee":""#).unwrap() + 7;
        (answer.contains(r#""volume":"0.0000""#), answer[at..at + 6].to_owned())
    };
    assert_eq!(fee(&mut world, "XBTUSD"), (true, "0.4000".to_owned()));
    world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.6");
    assert_eq!(fee(&mut world, "XBTUSD"), (false, "0.3500".to_owned()));
    let id = world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.001&price=21000");
    let paid = row(&mut world, &id);
    let cost: f64 = number(&paid, "cost");
    assert!((number(&paid, "fee") / cost - 0.0035).abs() < 1e-5, "{paid}");
    let stable = crate::kraken::pair::Pair::by_name("USDTUSD").unwrap();
    assert_eq!(stable.schedule().rates_at(Notional::ZERO), (2_000, 2_000));
}

fn number(answer: &str, field: &str) -> f64 {
    let at = answer.find(&format!(r#""{field}":""#)).unwrap() + field.len() + 4;
    answer[at..].split('"').next().unwrap().parse().unwrap()
}

#[test]
fn the_ledger_adds_up_to_the_balance() {
    let mut world = trading();
    for volume in ["0.00012345", "0.70001", "0.00312347"] {
        world.add(&format!("pair=XBTUSD&type=buy&ordertype=market&volume={volume}"));
        world.add(&format!("pair=XBTUSD&type=sell&ordertype=market&volume={volume}"));
    }
    let ledger: serde_json::Value =
        serde_json::from_str(&world.post("Ledgers", "asset=USD&type=trade")).unwrap();
    let entries = ledger["result"]["ledger"].as_object().unwrap();
    assert!(entries.len() >= 6 && entries.len() < 50, "{}", entries.len());
    let steps = |text: &serde_json::Value| {
        let text = text.as_str().unwrap();
        assert_eq!(text.split_once('.').unwrap().1.len(), 4, "{text}");
        text.replace('.', "").parse::<i64>().unwrap()
    };
    let sum: i64 = entries.values().map(|e| steps(&e["amount"]) - steps(&e["fee"])).sum();
    let balance = world.post("Balance", "");
    let balance: serde_json::Value = serde_json::from_str(&balance).unwrap();
    assert_eq!(1_000_000_000 + sum, steps(&balance["result"]["ZUSD"]));
}

#[test]
fn an_empty_book_is_full_again_after_a_while() {
    let mut world = trading();
    world.venue.exchange.book(&model::Symbol::new("BTC/USD"), 1);
    let sell = "pair=XBTUSD&type=sell&ordertype=market&volume=10";
    let before = world.get("Depth?pair=XBTUSD");
    world.add(sell);
    let after = world.get("Depth?pair=XBTUSD");
    assert_ne!(before, after);
    assert!(world.venue.timers.next().is_some());
    world.now = world.now.plus(Duration::from_secs(2));
    world.venue.on_time(world.now);
    let row = |depth: &str| depth.matches("[\"").count();
    assert_eq!(row(&world.get("Depth?pair=XBTUSD")), row(&before));
}

#[test]
fn what_an_order_took_at_once_is_one_trade_unless_asked_otherwise() {
    let mut world = trading();
    let id = world.add("pair=XBTUSD&type=buy&ordertype=market&volume=4");
    let count = |answer: &str| answer.matches(r#""ordertxid""#).count();
    assert_eq!(count(&world.post("TradesHistory", "")), 1);
    let all = count(&world.post("TradesHistory", "consolidate_taker=false"));
    assert!(all > 1, "{all}");
    let shown: serde_json::Value = serde_json::from_str(&row(&mut world, &id)).unwrap();
    assert_eq!(shown["result"][&id]["trades"].as_array().unwrap().len(), 1);
    let vol = world.post("TradesHistory", "");
    assert!(vol.contains(r#""vol":"4.00000000""#), "{vol}");
    // By the id of the sum it is the sum, by that of a later part that part.
    let query = |world: &mut World, id: &str| world.post("QueryTrades", &format!("txid={id}"));
    let sum = shown["result"][&id]["trades"][0].as_str().unwrap();
    assert!(query(&mut world, sum).contains(r#""vol":"4.00000000""#));
    let parts =
        world.post("QueryOrders", &format!("txid={id}&trades=true&consolidate_taker=false"));
    let parts: serde_json::Value = serde_json::from_str(&parts).unwrap();
    let last = parts["result"][&id]["trades"].as_array().unwrap().last().unwrap();
    let last = last.as_str().unwrap();
    let part = query(&mut world, last);
    assert!(part.contains(last) && !part.contains(r#""vol":"4.00000000""#), "{part}");
}

#[test]
fn a_page_begins_at_the_opening_of_an_order_of_ones_own() {
    let mut world = trading();
    let first = world.add(RESTING);
    world.now = world.now.plus(Duration::from_secs(10));
    let second = world.add(RESTING);
    world.now = world.now.plus(Duration::from_secs(10));
    world.post("CancelAll", "");
    let closed = world.post("ClosedOrders", &format!("start={first}&closetime=open"));
    assert!(closed.contains(&second) && !closed.contains(&first), "{closed}");
    let strange = world.post("ClosedOrders", "start=OAAAAA-AAAAA-AAAAAA");
    assert!(strange.contains("arguments:start"), "{strange}");
    world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.01");
    let trades = world.post("TradesHistory", "");
    let at = trades.find("\"T").unwrap() + 1;
    let id = trades[at..at + 19].to_owned();
    let page = world.post("TradesHistory", &format!("start={id}"));
    assert!(page.contains(r#""count":0"#), "{page}");
    let ledger = world.post("Ledgers", &format!("start={id}"));
    assert!(ledger.contains("arguments:start"), "{ledger}");
}

#[test]
fn public_refusals_name_no_field_and_positions_by_market_are_a_list() {
    let mut world = trading();
    let bare = r#"{"error":["EGeneral:Invalid arguments"]}"#;
    assert_eq!(world.get("OHLC?pair=XBTUSD&interval=7"), bare);
    assert_eq!(world.get("Depth?pair=XBTUSD&count=0"), bare);
    assert!(world.get("Spread?pair=XBTUSD&since=1700000000.5").contains("last"));
    let positions = world.post("OpenPositions", "consolidation=market");
    assert_eq!(positions, r#"{"error":[],"result":[]}"#);
    assert!(world.get("AssetPairs?pair=BTCUSD").contains("XXBTZUSD"));
    assert!(world.post("CancelAllOrdersAfter", "timeout=60.0").contains("triggerTime"));
}

#[test]
fn an_execution_of_ours_is_the_last_price() {
    let mut world = trading();
    world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=1&price=20500");
    world.add("pair=XBTUSD&type=buy&ordertype=market&volume=3.5");
    let last = world.venue.exchange.last_price(&model::Symbol::new("BTC/USD")).unwrap();
    assert!(last > model::Price::parse("20000").unwrap(), "{last}");
    assert!(world.get("Ticker?pair=XBTUSD").contains(&format!(r#""c":["{}"#, last.to_fixed(5))));
}

#[test]
fn everything_is_valued_whichever_way_its_market_goes() {
    let mut world = trading();
    let worth = |world: &mut World, asset: &str| {
        let answer = world.post("TradeBalance", &format!("asset={asset}"));
        assert!(answer.contains(r#""mfo":""#), "{answer}");
        number(&answer, "eb")
    };
    assert!((worth(&mut world, "ZUSD") - 300_000.0).abs() < 1.0);
    assert!((worth(&mut world, "XXBT") - 15.0).abs() < 0.001);
}

#[test]
fn times_of_orders_that_were_cancelled_are_not_remembered_for_a_month() {
    let mut world = World::new();
    for _ in 0..20_100 {
        // So that the limits permit it.
        world.now = world.now.plus(Duration::from_secs(5));
        world
            .add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price=9000&expiretm=%2B2000000");
        assert_eq!(world.post("CancelAll", ""), r#"{"error":[],"result":{"count":1}}"#);
    }
    let kept = world.venue.timers.order_count();
    assert!(kept < 200, "{kept} of orders that are gone");
}
