use super::*;
use crate::datetime::format_utc;
use crate::row::TradeRow;

fn read(body: &str) -> Result<Json, String> {
    Json::read("x.json", body.as_bytes(), None).map_err(|error| error.to_string())
}

fn lines(body: &str) -> Vec<String> {
    match read(body).unwrap().rows() {
        Rows::Trades(rows) => rows
            .iter()
            .map(|row| {
                let TradeRow { ts, price, quantity, trade_id, fills, taker_side } = row;
                let ts = format_utc(*ts);
                format!("{ts} {price} {quantity} {trade_id:?} {fills} {taker_side:?}")
            })
            .collect(),
        Rows::Bars(rows) => rows
            .iter()
            .map(|row| {
                let (open, close) = (format_utc(row.open_ts), format_utc(row.close_ts));
                format!("{open} {close} {} {} {:?}", row.close, row.volume, row.count)
            })
            .collect(),
        Rows::Quotes(_) | Rows::Book(_) | Rows::Orders(_) => panic!("no format of JSON holds them"),
    }
}

#[test]
fn trades_of_kraken_keep_every_digit_of_their_times() {
    let body = r#"{"error":[],"result":{"XXBTZUSD":[
        ["30243.40000","0.34507674",1688669597.8277369,"b","m","",61044952],
        ["30243.30000","0.00376960",1688669598.2804112,"s","l",""]],"last":"1688671969993150842"}}"#;
    assert_eq!(
        lines(body),
        [
            "2023-07-06 18:53:17.8277369 30243.4 0.34507674 Some(61044952) 1 Some(Buy)",
            "2023-07-06 18:53:18.2804112 30243.3 0.0037696 None 1 Some(Sell)",
        ]
    );
    assert_eq!(read(body).unwrap().symbol.as_deref(), Some("XXBTZUSD"));
}

#[test]
fn the_last_bar_of_kraken_is_not_finished() {
    let body = r#"{"error":[],"result":{"XBTUSDT":[
        [1762777020,"1","1","1","1","0.0","0.00000000",0],
        [1762777080,"2","3","1","2","2.0","5",7]],"last":1762777020}}"#;
    assert_eq!(
        lines(body),
        [
            "2025-11-10 12:17:00 2025-11-10 12:18:00 1 0 Some(0)",
            "2025-11-10 12:18:00 2025-11-10 12:19:00 2 5 Some(7)",
        ]
    );
    assert_eq!(read(body).unwrap().unfinished, [1]);
}

#[test]
fn answers_of_binance_may_follow_each_other() {
    let page = |id: u64| {
        format!(
            r#"[{{"a":{id},"p":"1.5","q":"2","f":7,"l":9,"T":1577977823305,"m":true,"M":true}}]"#
        )
    };
    assert_eq!(
        lines(&format!("{}\n{}", page(1), page(2))),
        [
            "2020-01-02 15:10:23.305 1.5 2 Some(1) 3 Some(Sell)",
            "2020-01-02 15:10:23.305 1.5 2 Some(2) 3 Some(Sell)",
        ]
    );
    let trade = r#"[{"id":28457,"price":"4.0","qty":"12","quoteQty":"48","time":1499865549590,
        "isBuyerMaker":false,"isBestMatch":true}]"#;
    assert_eq!(lines(trade), ["2017-07-12 13:19:09.59 4 12 Some(28457) 1 Some(Buy)"]);
    let kline = r#"[[1588740120000,"1","4","1","3","31.1",1588740179999,"2",282,"6","5","0"]]"#;
    assert_eq!(lines(kline), ["2020-05-06 04:42:00 2020-05-06 04:43:00 3 31.1 Some(282)"]);
}

#[test]
fn errors_name_line_and_key() {
    let check =
        |body: &str, expected: &str| assert_eq!(read(body).err().as_deref(), Some(expected));
    check("", "x.json: expected rows, found none");
    check("[]", "x.json: expected rows, found none");
    check(
        "[\n{\"a\":1,\"p\":\"1\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,\"\":true}]",
        "x.json:2: expected the key `m`, found `{\"a\":1,\"p\":\"1\",\"q\":\"1\",\"f\":1,\"l\":1,\
         \"T\":1,\"\":true}`",
    );
    check(
        "[\n{\"a\":1,\"p\":\"x\",\"q\":\"1\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}]",
        "x.json:2: expected a price with at most 9 digits after the point in `p`, found `x`",
    );
    check(
        "[\n{\"a\":1,\"p\":\"1\",\"q\":\"1e11\",\"f\":1,\"l\":1,\"T\":1,\"m\":true}]",
        "x.json:2: expected a volume from -92233720368.54775807 to 92233720368.54775807 in `q`, found \
         `1e11`",
    );
    check("[[1,2,3]]", "x.json:1: expected 12 elements of a kline, found 3");
    check(
        r#"{"error":["EQuery:Unknown asset pair"]}"#,
        "x.json:1: expected an answer of Kraken with `result`, found the error `EQuery:Unknown asset \
         pair`",
    );
    check(
        r#"{"error":[],"result":{"X":[["1","1",1,"x","m",""]]}}"#,
        "x.json:1: expected `b` or `s` in `side`, found `x`",
    );
    assert!(read("[[").is_err() && read("{\"result\":").is_err() && read("7").is_err());
}

proptest::proptest! {
    #[test]
    fn mutated_answers_are_rows_or_one_line(
        at in 0_usize..150, byte in 32_u8..127, cut in 0_usize..150
    ) {
        let mut body = br#"{"error":[],"result":{"X":[["3.4","0.3",1688669597.8,"b","m","",6],
            ["30.4","0.3",1688669598.8,"s","m","",7]],"last":"1688671969993150842"}}"#.to_vec();
        body[at] = byte;
        body.truncate(body.len() - cut.min(20));
        if let Err(error) = Json::read("x.json", body.as_slice(), None) {
            proptest::prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
