//! Orders come, change and go, in Kraken's words.

use model::Side;

use super::{RESTING, trading, without_ids};
use crate::kraken::fixture::{World, signed};

/// The text of the only error of an answer.
fn error(answer: &str) -> &str {
    let error = answer.strip_prefix(r#"{"error":[""#);
    error.and_then(|e| e.strip_suffix(r#""]}"#)).expect(answer)
}

#[test]
fn an_order_is_answered_as_in_the_transcript() {
    let mut world = trading();
    let answer = world.post("AddOrder", &format!("{RESTING}&oflags=post"));
    assert_eq!(
        without_ids(&answer),
        r#"{"error":[],"result":{"descr":{"order":"buy 0.00020000 XBTUSD @ limit 15000.0"},"txid":["O#"]}}"#
    );
}

#[test]
fn the_python_sdks_body_is_understood() {
    let mut world = trading();
    let form = "ordertype=limit&type=buy&pair=XBTUSD&volume=0.00020&stptype=cancel-newest&starttm=0&validate=False&reduce_only=False&price=15000.0&oflags=post&cl_ord_id=adbe4060-ca2a-4aa4-a53c-05de50f070d2";
    let answer = world.post("AddOrder", form);
    assert_eq!(
        without_ids(&answer),
        r#"{"error":[],"result":{"descr":{"order":"buy 0.00020000 XBTUSD @ limit 15000.0"},"txid":["O#"],"cl_ord_id":"adbe4060-ca2a-4aa4-a53c-05de50f070d2"}}"#
    );
}

#[test]
fn fields_that_change_nothing_are_taken() {
    let mut world = trading();
    world.add(&format!(
        "{RESTING}&otp=1&broker=x&asset_class=currency&trigger=last&expiretm=0&price2=0&\
         leverage=none&timeinforce=GTC&oflags=fciq%2Cpost&validate=false&displayvol="
    ));
}

#[test]
fn json_orders_are_checked_field_by_field() {
    let mut world = trading();
    let mut add = |nonce: u64, more: &str| {
        let body = format!(
            r#"{{"nonce":{nonce},"pair":"XBTUSD","type":"buy","ordertype":"limit","volume":"0.0002","price":"15000"{more}}}"#
        );
        let mut request = signed("key-a", "AddOrder", &nonce.to_string(), &body);
        request.content_type = Some("application/json".to_owned());
        world.venue.handle(&request, world.now).body
    };
    let hedge = r#","hedge":{"ordertype":"limit","price":"16000"}"#;
    assert!(add(1, hedge).contains("txid"), "what nobody knows is ignored");
    let close = r#","close":{"ordertype":"limit","price":"16000"}"#;
    assert!(add(3, close).contains(r#""close":"close position @ limit 16000.0""#));
    assert!(add(4, r#","close":null,"reduce_only":false,"starttm":0"#).contains("txid"));
}

#[test]
fn orders_without_a_userref_show_zero_and_are_not_found_by_it() {
    let mut world = trading();
    let open = |answer: String| answer.matches(r#""status":"open""#).count();
    let closed = |answer: String| answer.matches(r#""status":"canceled""#).count();
    world.add(RESTING);
    world.add(&format!("{RESTING}&userref=0"));
    world.add(&format!("{RESTING}&userref=4"));
    let all = world.post("OpenOrders", "");
    assert_eq!(all.matches(r#""userref":0"#).count(), 2);
    assert_eq!(open(all), 3);
    assert_eq!(open(world.post("OpenOrders", "userref=0")), 1);
    let one = r#"{"error":[],"result":{"count":1}}"#;
    assert_eq!(world.post("CancelOrder", "txid=0"), one);
    world.post("CancelAll", "");
    assert_eq!(closed(world.post("ClosedOrders", "")), 3);
    assert_eq!(closed(world.post("ClosedOrders", "userref=0")), 1);
}

#[test]
fn an_account_may_have_eighty_open_orders_in_each_pair() {
    let mut world = trading();
    for _ in 0..80 {
        world.add(RESTING);
    }
    assert_eq!(error(&world.post("AddOrder", RESTING)), "EOrder:Orders limit exceeded");
    world.add("pair=ETHUSD&type=buy&ordertype=limit&volume=1&price=10");
    world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.001");
}

#[test]
fn an_open_order_has_the_row_of_the_samples() {
    let mut world = trading();
    world.add(&format!("{RESTING}&oflags=post&userref=7"));
    assert_eq!(
        without_ids(&world.post("OpenOrders", "trades=true")),
        r#"{"error":[],"result":{"open":{"O#":{"refid":null,"userref":7,"status":"open","opentm":1795248087.298,"starttm":0,"expiretm":0,"descr":{"pair":"XBTUSD","aclass":"forex","type":"buy","ordertype":"limit","price":"15000.0","price2":"0","leverage":"none","order":"buy 0.00020000 XBTUSD @ limit 15000.0","close":""},"vol":"0.00020000","vol_exec":"0.00000000","cost":"0.00000","fee":"0.00000","price":"0.00000","stopprice":"0.00000","limitprice":"0.00000","misc":"","oflags":"post,fciq","time_in_force":"gtc"}}}}"#
    );
}

#[test]
fn a_filled_market_order_is_closed_with_its_execution() {
    let mut world = trading();
    let txid = world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.01");
    let row = without_ids(&world.post("QueryOrders", &format!("txid={txid}&trades=True")));
    assert!(row.contains(r#""status":"closed""#), "{row}");
    assert!(row.contains(r#""order":"buy 0.01000000 XBTUSD @ market""#));
    assert!(row.contains(
        r#""vol_exec":"0.01000000","cost":"200.00000","fee":"0.80000","price":"20000.00000""#
    ));
    assert!(row.contains(r#""trades":["T#"],"reason":null,"closetm":1795248087.298}"#));
    let hidden = world.post("QueryOrders", &format!("txid={txid}"));
    assert!(!hidden.contains("\"trades\""));
    let balance = r#"{"XXBT":"10.0100000000","ZUSD":"99799.2000"}"#;
    assert!(world.post("Balance", "").contains(balance));
}

#[test]
fn a_resting_order_is_filled_by_the_tape() {
    let mut world = trading();
    let txid = world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=19990.0&userref=3");
    world.trade("19989.9", "0.1", Side::Sell);
    assert!(world.post("OpenOrders", "").contains(r#"{"open":{}}"#));
    let row = world.post("QueryOrders", &format!("txid={txid}"));
    let money =
        r#""vol_exec":"0.50000000","cost":"9995.00000","fee":"24.98750","price":"19990.00000""#;
    assert!(row.contains(money), "{row}");
    assert_eq!(
        world.memory.lines(),
        [
            "a: an order of BTC/USD arrived, may rest".to_owned(),
            format!("a: order {txid} (-) is open, filled 0"),
            "answered AddOrder: 200".to_owned(),
            format!("a: order {txid} buy 0.5 BTC/USD @ 19990"),
            format!("a: order {txid} (-) is filled, filled 0.5"),
            "answered OpenOrders: 200".to_owned(),
            "answered QueryOrders: 200".to_owned(),
        ]
    );
}

#[test]
fn orders_are_cancelled_by_any_name() {
    let mut world = trading();
    let txid = world.add(RESTING);
    let cancel = |world: &mut World, form: &str| world.post("CancelOrder", form);
    let one = r#"{"error":[],"result":{"count":1}}"#;
    let unknown = r#"{"error":["EOrder:Unknown order"]}"#;
    assert_eq!(cancel(&mut world, &format!("txid={txid}")), one);
    assert_eq!(cancel(&mut world, &format!("txid={txid}")), unknown);
    world.add(&format!("{RESTING}&cl_ord_id=mine-1"));
    assert_eq!(cancel(&mut world, "cl_ord_id=mine-1"), one);
    assert_eq!(cancel(&mut world, "cl_ord_id=mine-1"), unknown);
    assert_eq!(cancel(&mut world, "cl_ord_id=never"), unknown);
    for userref in ["5", "5", "6"] {
        world.add(&format!("{RESTING}&userref={userref}"));
    }
    let two = r#"{"error":[],"result":{"count":2}}"#;
    assert_eq!(cancel(&mut world, "txid=5"), two);
    assert_eq!(error(&cancel(&mut world, "")), "EGeneral:Invalid arguments:txid");
    assert_eq!(world.post("CancelAll", ""), one);
    let none = r#"{"error":[],"result":{"count":0}}"#;
    assert_eq!(world.post("CancelAll", ""), none);
    let row = world.post("QueryOrders", &format!("txid={txid}"));
    assert!(row.contains(r#""status":"canceled""#));
    assert!(row.contains(r#""reason":"User requested","closetm""#));
}

#[test]
fn arguments_are_refused_in_krakens_words() {
    let mut world = trading();
    let mut check = |form: &str, expected: &str| {
        let answer = world.post("AddOrder", form);
        assert_eq!(error(&answer), expected, "{form}");
    };
    let limit = "pair=XBTUSD&type=buy&ordertype=limit";
    let market = "pair=XBTUSD&type=buy&ordertype=market&volume=1";
    let arguments = |field: &str| format!("EGeneral:Invalid arguments:{field}");
    for (form, field) in [
        ("type=buy".to_owned(), "pair"),
        (format!("{limit}&price=1"), "volume"),
        (format!("{limit}&price=1&volume=x"), "volume"),
        (format!("{limit}&price=1&volume=0"), "volume"),
        (format!("{limit}&price=1&volume=0.000000001"), "volume"),
        (format!("{limit}&volume=1"), "price"),
        (format!("{limit}&volume=1&price=x"), "price"),
        (format!("{limit}&volume=1&price=-100%25"), "price"),
        ("pair=XBTUSD&ordertype=limit&volume=1&price=1".to_owned(), "type"),
        ("pair=XBTUSD&type=buy&ordertype=trailing-stop&volume=1&price=1".to_owned(), "price"),
        ("pair=XBTUSD&type=buy&ordertype=dance&volume=1&price=1".to_owned(), "ordertype"),
        ("pair=XBTUSD&type=buy&ordertype=stop-loss-limit&volume=1&price=1".to_owned(), "price2"),
        (format!("{limit}&volume=1&price=1&price2=2"), "price2"),
        (format!("{market}&timeinforce=IOC"), "timeinforce"),
        (format!("{limit}&volume=1&price=1&oflags=post&timeinforce=FOK"), "timeinforce"),
        (format!("{limit}&volume=1&price=1&timeinforce=GTD"), "expiretm"),
        (format!("{limit}&volume=1&price=1&expiretm=%2B4"), "expiretm"),
        (format!("{limit}&volume=1&price=1&oflags=post&timeinforce=ioc"), "timeinforce"),
        (format!("{limit}&volume=1&price=1&oflags=viqc"), "oflags"),
        (format!("{market}&oflags=dance"), "oflags"),
        (format!("{market}&oflags=post"), "oflags"),
        (format!("{market}&userref=x"), "userref"),
        (format!("{market}&userref=1&cl_ord_id=a"), "userref"),
        (format!("{market}&cl_ord_id=longer-than-18-letters"), "cl_ord_id"),
        (format!("{market}&close%5Bordertype%5D=limit"), "close[price]"),
        (format!("{market}&close%5Bprice%5D=1"), "close[ordertype]"),
        (format!("{market}&displayvol=0.1"), "displayvol"),
        (format!("{market}&stptype=cancel-all"), "stptype"),
        (format!("{market}&starttm=soon"), "starttm"),
        (format!("{market}&asset_class=tokenized_asset"), "asset_class"),
        (format!("{market}&validate=maybe"), "validate"),
        (format!("{market}&deadline=soon"), "deadline"),
    ] {
        check(&form, &arguments(field));
    }
    check("pair=NOPE&type=buy", "EQuery:Unknown asset pair");
    check(&format!("{market}&reduce_only=true"), "EOrder:Reduce only:No position exists");
    check(
        &format!("{limit}&volume=1&price=1.25"),
        "EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.",
    );
    check(&format!("{limit}&volume=0.00004&price=20000"), "EOrder:Order minimum not met");
    check(&format!("{limit}&volume=0.00005&price=9999"), "EOrder:Cost minimum not met");
    check(&format!("{limit}&volume=6&price=19999"), "EOrder:Insufficient funds");
    check(&format!("{limit}&volume=0.1&price=21000&oflags=post"), "EOrder:Post only order");
}

#[test]
fn a_client_id_in_use_is_refused() {
    let mut world = trading();
    let named = format!("{RESTING}&cl_ord_id=wt-1");
    let txid = world.add(&named);
    let again = world.post("AddOrder", &named);
    assert_eq!(error(&again), "EGeneral:Invalid arguments:cl_ord_id");
    let found = world.post("OpenOrders", "cl_ord_id=wt-1");
    assert!(found.contains(&txid) && found.contains(r#""cl_ord_id":"wt-1""#));
    assert!(world.post("OpenOrders", "cl_ord_id=wt-2").contains(r#"{"open":{}}"#));
    world.post("CancelOrder", "cl_ord_id=wt-1");
    let closed = world.post("ClosedOrders", "cl_ord_id=wt-1");
    assert!(closed.contains(&txid) && closed.ends_with(r#""count":1}}"#));
    world.add(&named);
}

#[test]
fn an_order_that_comes_after_its_deadline_is_refused() {
    let mut world = trading();
    let mut add =
        |deadline: &str| world.post("AddOrder", &format!("{RESTING}&deadline={deadline}"));
    assert_eq!(error(&add("2026-11-21T08:01:27.298Z")), "EService:Deadline elapsed");
    assert!(add("2026-11-21T08%3A01%3A27.299Z").contains("txid"));
    assert!(add("2026-11-21T08:02:27.298Z").contains("txid"));
    assert_eq!(error(&add("2026-11-21T08:02:27.299Z")), "EGeneral:Invalid arguments:deadline");
}

#[test]
fn validation_changes_nothing() {
    let mut world = trading();
    let answer = world.post("AddOrder", &format!("{RESTING}&validate=true"));
    assert_eq!(
        answer,
        r#"{"error":[],"result":{"descr":{"order":"buy 0.00020000 XBTUSD @ limit 15000.0"}}}"#
    );
    assert_eq!(world.venue.exchange.open_order_count(), 0);
    let poor = "pair=XBTUSD&type=sell&ordertype=market&volume=11&validate=1";
    assert_eq!(error(&world.post("AddOrder", poor)), "EOrder:Insufficient funds");
}
