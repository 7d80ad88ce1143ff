//! Lists of pages: bounded, each row once.

use super::*;
use crate::codec::account::Period;
use crate::codec::rest::TradeCursor;

fn seconds(at: i64) -> UnixNanos {
    UnixNanos::from_secs(at)
}

/// A page of executions, numbers `from` down to `to`; each happened at the second of its number.
fn page(from: i64, to: i64, count: i64) -> Answer {
    let row = |n: i64| {
        format!(
            r#""T{n}":{{"ordertxid":"O1","pair":"XXBTZUSD","time":{n}.5,"type":"buy","price":"1","cost":"1","fee":"0","vol":"1","trade_id":{n}}}"#
        )
    };
    let rows: Vec<_> = (to..=from).rev().map(row).collect();
    Answer::result(&format!(r#"{{"trades":{{{}}},"count":{count}}}"#, rows.join(",")))
}

#[tokio::test(start_paused = true)]
async fn a_history_is_read_page_by_page_newest_first() {
    let bench = Bench::new([page(120, 71, 120), page(70, 21, 120), page(20, 1, 120)]);
    let read = bench.rest.executions_in(Period::default(), 10).await.expect("pages");
    let ids: Vec<_> = read.rows.iter().map(|trade| trade.trade_id).collect();
    let expected: Vec<_> = (1..=120).rev().map(Some).collect();
    assert_eq!((ids, read.next), (expected, None));
    let seen = bench.venue.seen();
    let offsets: Vec<_> = seen.iter().map(|seen| seen.field("ofs")).collect();
    assert_eq!(offsets, [Some("0"), Some("50"), Some("100")]);
    // The end stays where it was when the first page was asked for: what happens meanwhile moves nothing.
    let ends: Vec<_> = seen.iter().map(|seen| seen.field("end")).collect();
    assert_eq!(ends, [Some("1700000002"); 3]);
    assert_eq!(bench.rest.shared.limits.rest.snapshot().used(), 6, "two for each page");
}

#[tokio::test(start_paused = true)]
async fn a_bound_is_told_and_says_where_to_go_on() {
    let bench = Bench::new([page(120, 71, 120), page(71, 22, 120)]);
    let read = bench.rest.executions_in(Period::default(), 1).await.expect("a page");
    let next = read.next.expect("there is more");
    assert_eq!((read.rows.len(), next), (50, UnixNanos::from_nanos(71_500_000_000)));
    let period = Period { after: Some(seconds(30)), until: Some(next) };
    let more = bench.rest.executions_in(period, 1).await.expect("a page");
    let first = more.rows.first().and_then(|trade| trade.trade_id);
    let last = more.rows.last().and_then(|trade| trade.trade_id);
    // Rows of the end's own instant come again; those from before the period do not.
    assert_eq!((first, last), (Some(71), Some(30)));
    let seen = bench.venue.seen();
    assert_eq!((seen[1].field("start"), seen[1].field("end")), (Some("29"), Some("72")));
    let none = bench.rest.executions_in(Period::after(seconds(5)), 0).await.expect("nothing asked");
    assert!(none.rows.is_empty() && none.next.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_history_without_a_count_ends_with_a_short_page() {
    let body = r#"{"ledger":{"L1":{"refid":"T1","time":5,"type":"trade","asset":"ZUSD","amount":"1","fee":"0","balance":"2"}}}"#;
    let bench = Bench::new([Answer::result(body), Answer::result(r#"{"closed":{},"count":0}"#)]);
    let read = bench.rest.ledger_in(Period::default(), 9).await.expect("a page");
    assert_eq!((read.rows.len(), read.next), (1, None));
    let read = bench.rest.orders_closed_in(Period::default(), 9).await.expect("a page");
    assert_eq!((read.rows.len(), read.next), (0, None));
    assert_eq!(bench.venue.seen()[1].field("closetime"), Some("close"));
}

/// So many trades from a number on, and where the next page begins.
fn trades(from: u64, count: u64) -> Answer {
    let row = |n: u64| format!(r#"["1","1",{n}.5,"b","m","",{n}]"#);
    let rows: Vec<_> = (from..from + count).map(row).collect();
    let last = from + count;
    Answer::result(&format!(r#"{{"XXBTZUSD":[{}],"last":"{last}000000000"}}"#, rows.join(",")))
}

#[tokio::test(start_paused = true)]
async fn public_trades_are_read_page_by_page_and_each_once() {
    // The second page begins with the last trade of the first.
    let bench = Bench::new([trades(1, 1000), trades(1000, 1000), trades(2000, 7)]);
    let begin = TradeCursor::after(UnixNanos::ZERO);
    let read = bench.rest.trades_after(&pair(), begin, 9).await.expect("pages");
    let ids: Vec<_> = read.rows.iter().filter_map(|trade| trade.trade_id).collect();
    assert_eq!((ids, read.next), ((1..=2006).collect(), None));
    assert!(read.rows.iter().all(|trade| trade.symbol == pair()));
    let targets: Vec<_> = bench.venue.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets[1], "GET /0/public/Trades?pair=XBTUSD&since=1001000000000&count=1000");
    let bench = Bench::new([trades(1, 1000)]);
    let read = bench.rest.trades_after(&pair(), begin, 1).await.expect("a page");
    assert_eq!(read.next.map(TradeCursor::as_nanos), Some(1_001_000_000_000));
    // A place that does not move would be asked for for ever.
    let bench = Bench::new([trades(0, 1000), trades(0, 1000)]);
    let stuck = TradeCursor::after(seconds(1000));
    let read = bench.rest.trades_after(&pair(), stuck, 9).await.expect("a page");
    assert_eq!((read.next, bench.venue.seen().len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn executions_of_orders_are_found_by_their_ids_twenty_at_a_time() {
    let ids: Vec<_> = (1..=25).map(|n| format!(r#""T{n}""#)).collect();
    let order = format!(
        r#"{{"O1":{{"status":"open","vol":"30","vol_exec":"25","cost":"25","fee":"0","opentm":1,"trades":[{}],
        "descr":{{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"1"}}}}}}"#,
        ids.join(",")
    );
    let unwrap = |answer: Answer| match answer {
        Answer::Body(text) => {
            let rows = text.split_once(r#""trades":"#).expect("a page").1;
            let rows = rows.split_once(r#","count""#).expect("a page").0;
            Answer::result(rows)
        }
        other @ (Answer::Status(..) | Answer::Close | Answer::Hang | Answer::Late(..)) => other,
    };
    let bench =
        Bench::new([Answer::result(&order), unwrap(page(20, 1, 0)), unwrap(page(25, 21, 0))]);
    let found = bench.rest.executions_of(&[VenueOrderId::new("O1")]).await.expect("executions");
    assert_eq!(found.len(), 25);
    let seen = bench.venue.seen();
    assert_eq!(seen[0].field("trades"), Some("true"));
    for request in &seen {
        assert_eq!(request.field("consolidate_taker"), Some("false"), "no sums");
    }
    assert_eq!(seen[2].field("txid"), Some("T21%2CT22%2CT23%2CT24%2CT25"));
}

#[tokio::test(start_paused = true)]
async fn candles_are_of_the_length_that_was_asked_for() {
    let body = r#"{"XXBTZUSD":[[60,"1","2","1","2","1.5","3",4]],"last":0}"#;
    let bench = Bench::new([Answer::result(body)]);
    let candles = bench.rest.candles(&pair(), crate::CandleLength::Hours4, Some(seconds(7))).await;
    let [candle] = candles.expect("candles")[..] else { panic!("one") };
    assert_eq!((candle.length.as_secs(), candle.trades), (14_400, 4));
    let target = &bench.venue.seen()[0].target;
    assert_eq!(target, "GET /0/public/OHLC?pair=XBTUSD&interval=240&since=7");
}
