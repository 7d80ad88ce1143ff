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
