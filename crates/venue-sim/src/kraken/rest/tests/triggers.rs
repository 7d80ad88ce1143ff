//! Orders that wait for a price, and other kinds.

use model::Side;

use super::trading;
use crate::kraken::fixture::World;

fn row(world: &mut World, id: &str) -> String {
    world.post("QueryOrders", &format!("txid={id}&trades=true"))
}

#[test]
fn a_stop_loss_with_a_limit_waits_is_shown_and_is_stopped() {
    let mut world = trading();
    let id = world
        .add("pair=XBTUSD&type=sell&ordertype=stop-loss-limit&volume=0.1&price=19000&price2=18990");
    let open = row(&mut world, &id);
    let descr = r#""ordertype":"stop-loss-limit","price":"19000.0","price2":"18990.0","leverage":"none","order":"sell 0.10000000 XBTUSD @ stop loss 19000.0 -> limit 18990.0""#;
    assert!(open.contains(descr), "{open}");
    assert!(open.contains(r#""status":"open""#) && open.contains(r#""stopprice":"0.00000""#));
    world.trade("18995.0", "0.5", Side::Sell);
    let closed = row(&mut world, &id);
    assert!(closed.contains(r#""status":"closed""#), "{closed}");
    assert!(
        closed.contains(r#""stopprice":"19000.00000","limitprice":"18990.00000","misc":"stopped""#)
    );
}

#[test]
fn a_take_profit_is_touched() {
    let mut world = trading();
    let id = world.add("pair=XBTUSD&type=sell&ordertype=take-profit&volume=0.01&price=%2B5%25");
    let open = row(&mut world, &id);
    assert!(open.contains(r#""order":"sell 0.01000000 XBTUSD @ take profit 21000.0""#), "{open}");
    world.trade("21000.0", "0.5", Side::Buy);
    let closed = row(&mut world, &id);
    assert!(closed.contains(r#""misc":"touched""#), "{closed}");
    assert!(closed.contains(r#""status":"closed""#), "{closed}");
}

#[test]
fn fill_or_kill_and_immediate_orders_end_at_once() {
    let mut world = trading();
    let limit = "pair=XBTUSD&type=buy&ordertype=limit&volume=4&price=20000";
    let killed = world.add(&format!("{limit}&timeinforce=FOK"));
    let shown = row(&mut world, &killed);
    assert!(shown.contains(r#""reason":"Fill or kill order""#), "{shown}");
    assert!(shown.contains(r#""vol_exec":"0.00000000""#), "{shown}");
    let taken = world.add(&format!("{limit}&timeinforce=IOC"));
    let shown = row(&mut world, &taken);
    assert!(shown.contains(r#""status":"canceled""#), "{shown}");
    assert!(!shown.contains(r#""vol_exec":"0.00000000""#), "{shown}");
}

#[test]
fn a_market_buy_by_its_cost_spends_at_most_that() {
    let mut world = trading();
    let answer =
        world.post("AddOrder", "pair=XBTUSD&type=buy&ordertype=market&volume=500&oflags=viqc");
    assert!(answer.contains(r#""order":"buy 500.00000000 XBTUSD @ market""#), "{answer}");
    let closed = world.post("ClosedOrders", "");
    assert!(
        closed.contains(r#""vol":"0.02500000","vol_exec":"0.02500000","cost":"500.00000""#),
        "{closed}"
    );
    assert!(closed.contains(r#""oflags":"fciq,viqc""#));
    let sell = "pair=XBTUSD&type=sell&ordertype=market&volume=500&oflags=viqc";
    assert!(world.post("AddOrder", sell).contains("arguments:oflags"));
}

#[test]
fn an_iceberg_shows_at_least_a_fifteenth() {
    let mut world = trading();
    let iceberg = "pair=XBTUSD&type=buy&ordertype=iceberg&volume=1.5&price=15000&displayvol=";
    assert!(world.post("AddOrder", &format!("{iceberg}0.1")).contains("txid"));
    assert!(world.post("OpenOrders", "").contains(r#""ordertype":"iceberg""#));
    for wrong in ["0.09", "0", "2", "x"] {
        let answer = world.post("AddOrder", &format!("{iceberg}{wrong}"));
        assert!(answer.contains("arguments:displayvol"), "{wrong}: {answer}");
    }
}

#[test]
fn a_trailing_stop_follows_the_market_one_way_and_ends_as_a_stop() {
    let mut world = trading();
    let sell = "pair=XBTUSD&type=sell&ordertype=trailing-stop&volume=0.1&price=%2B1%25";
    let answer = world.post("AddOrder", sell);
    let words = r#""order":"sell 0.10000000 XBTUSD @ trailing stop +1.0000%""#;
    assert!(answer.contains(words), "{answer}");
    let at = answer.find("\"txid\":[\"").expect(&answer) + 9;
    let id = answer[at..at + 19].to_owned();
    let shown = |world: &mut World| {
        let row = row(world, &id);
        let shown = |name: &str| {
            let at = row.find(&format!("\"{name}\":\"")).expect(&row) + name.len() + 4;
            row[at..].split('"').next().unwrap().to_owned()
        };
        ["status", "ordertype", "price", "stopprice", "misc"].map(shown)
    };
    let trailing = |stop| ["open", "trailing-stop", "+1.0000%", stop, ""].map(str::to_owned);
    // Last was 20000.
    assert_eq!(shown(&mut world), trailing("19800.00000"));
    world.trade("20100.0", "0.1", Side::Buy);
    assert_eq!(shown(&mut world), trailing("19899.00000"));
    world.trade("19950.0", "0.1", Side::Sell);
    assert_eq!(shown(&mut world), trailing("19899.00000"));
    world.trade("19899.0", "0.5", Side::Sell);
    let stopped = ["closed", "trailing-stop", "19899.0", "19899.00000", "stopped"];
    assert_eq!(shown(&mut world), stopped.map(str::to_owned));
    // Nothing follows any more.
    world.trade("21000.0", "0.5", Side::Buy);
    assert_eq!(shown(&mut world), stopped.map(str::to_owned));
}

#[test]
fn a_trailing_stop_of_a_buyer_comes_down_with_its_limit() {
    let mut world = trading();
    let id = world.add(
        "pair=XBTUSD&type=buy&ordertype=trailing-stop-limit&volume=0.1&price=%2B100&price2=%2B5.5",
    );
    let open = row(&mut world, &id);
    let words = r#""ordertype":"trailing-stop-limit","price":"+100.0","price2":"+5.5""#;
    assert!(open.contains(words), "{open}");
    assert!(open.contains(r#""stopprice":"20100.00000","limitprice":"20105.50000""#), "{open}");
    world.trade("19000.0", "0.1", Side::Sell);
    let open = row(&mut world, &id);
    assert!(open.contains(r#""stopprice":"19100.00000","limitprice":"19105.50000""#), "{open}");
    let refused = world.post("AmendOrder", &format!("txid={id}&trigger_price=19050"));
    assert!(refused.contains("EGeneral:Invalid arguments:trigger_price"), "{refused}");
    let edited = world.post("EditOrder", &format!("txid={id}&pair=XBTUSD&price=%2B50"));
    let words = "buy 0.10000000 XBTUSD @ trailing stop +50.0 -> limit +5.5";
    assert!(edited.contains(words) && edited.contains(r#""price":"+50.0""#), "{edited}");
}

#[test]
fn a_trailing_stop_needs_a_distance() {
    let mut world = trading();
    let stop = "pair=XBTUSD&type=sell&volume=0.1&ordertype=trailing-stop";
    for (more, field) in [
        ("&price=19000", "price"),
        ("&price=-1%25", "price"),
        ("&price=%2B100%25", "price"),
        ("", "price"),
        ("&price=%2B1%25&price2=%2B1", "price2"),
        ("&price=%2B1%25&oflags=post", "oflags"),
        ("-limit&price=%2B1%25", "price2"),
        ("-limit&price=%2B1%25&price2=19000", "price2"),
    ] {
        let answer = world.post("AddOrder", &format!("{stop}{more}"));
        assert!(answer.contains(&format!("Invalid arguments:{field}\"")), "{more}: {answer}");
    }
}

#[test]
fn a_conditional_close_comes_for_what_is_executed() {
    let mut world = trading();
    let order = "pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=19990";
    let close =
        "close%5Bordertype%5D=stop-loss-limit&close%5Bprice%5D=19000&close%5Bprice2%5D=18990";
    let answer = world.post("AddOrder", &format!("{order}&{close}"));
    let words = r#""close":"close position @ stop loss 19000.0 -> limit 18990.0""#;
    assert!(answer.contains(words), "{answer}");
    let open = world.post("OpenOrders", "");
    assert!(open.contains(words) && !open.contains(r#""type":"sell""#), "{open}");
    world.trade("19989.9", "0.1", Side::Sell);
    let open = world.post("OpenOrders", "");
    let closing =
        r#""order":"sell 0.50000000 XBTUSD @ stop loss 19000.0 -> limit 18990.0","close":"""#;
    assert!(open.contains(closing) && !open.contains(r#""type":"buy""#), "{open}");
    // It is an order like any other, and leaves nothing behind.
    world.trade("18995.0", "0.5", Side::Sell);
    let open = world.post("OpenOrders", "");
    assert!(open.contains(r#"{"open":{}}"#), "{open}");
}

#[test]
fn a_replaced_order_keeps_its_close() {
    let mut world = trading();
    let id = world.add(
        "pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=15000&close[ordertype]=limit&close[price]=%2B5%25",
    );
    let edited = world.post("EditOrder", &format!("txid={id}&pair=XBTUSD&price=15001"));
    assert!(edited.contains(r#""close":"close position @ limit 21000.0""#), "{edited}");
}

#[test]
fn an_order_that_takes_many_levels_is_closed_execution_by_execution() {
    let mut world = trading();
    world.add(
        "pair=XBTUSD&type=buy&ordertype=market&volume=4&close[ordertype]=limit&close[price]=%2B5%25",
    );
    let executions = world.post("TradesHistory", "consolidate_taker=false");
    let executions = executions.matches(r#""ordertxid""#).count();
    let closes = world.post("OpenOrders", "").matches(r#""type":"sell""#).count();
    assert!(executions > 2, "{executions}");
    assert_eq!(closes, executions);
}

#[test]
fn a_close_that_is_none_is_refused() {
    let mut world = trading();
    let order = "pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=15000";
    for (close, field) in [
        ("close[ordertype]=market", "close[ordertype]"),
        ("close[ordertype]=limit", "close[price]"),
        ("close[price]=20000", "close[ordertype]"),
        ("close[ordertype]=limit&close[price]=x", "price"),
        ("close=7", "close[ordertype]"),
    ] {
        let answer = world.post("AddOrder", &format!("{order}&{close}"));
        assert!(answer.contains(&format!("Invalid arguments:{field}\"")), "{close}: {answer}");
    }
}
