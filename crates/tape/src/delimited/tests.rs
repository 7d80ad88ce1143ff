use proptest::prelude::*;

use super::*;
use crate::detect::{Detected, detect};

/// Rows as text, then the error, if there is one.
fn read(text: &[u8]) -> Result<Vec<String>, String> {
    let detected = detect("x.csv", text, None, None).map_err(|error| error.to_string())?;
    let Detected::Text(layout) = detected else { return Err(format!("{detected:?}")) };
    let mut reader = Delimited::new("x.csv", layout, text);
    let mut rows = Vec::new();
    while reader.advance().map_err(|error| error.to_string())? {
        rows.extend(reader.rows().iter().map(|row| format!("{row:?}")))
    }
    // Nothing comes after the end.
    match reader.advance() {
        Ok(false) => Ok(rows),
        other => Err(format!("after the end: {other:?}")),
    }
}

const SPOT: &str = "51175358,17.80180000,5.69000000,101.29224200,1735689600010866,True,True\n\
    51175359,17.80180001,5.69,101,1735689600010867,False,True\n";

#[test]
fn line_ends_and_marks_of_other_programs_change_nothing() {
    let expected = read(SPOT.as_bytes()).unwrap();
    assert_eq!(expected.len(), 2);
    assert!(expected[0].contains("Sell") && expected[1].contains("Buy"), "{expected:?}");
    let check = |text: String| assert_eq!(read(text.as_bytes()), Ok(expected.clone()), "{text:?}");
    check(SPOT.trim_end().to_owned());
    check(SPOT.replace('\n', "\r\n"));
    check(format!("\u{feff}{SPOT}"));
    check(SPOT.replace("True", "true").replace("False", "false"));
    check(SPOT.replace(',', ";"));
    let header = "id,price,qty,quoteQty,time,is_buyer_maker,is_best_match\n";
    check(format!("{header}{SPOT}"));
}

/// The last line of a file of two, and what is said of it.
#[test]
fn every_error_names_line_column_and_what_was_expected() {
    let check = |line: &str, expected: &str| {
        let text = format!("{}{line}\n", SPOT.split_inclusive('\n').next().unwrap());
        assert_eq!(
            read(text.as_bytes()).unwrap_err(),
            format!("x.csv:2: expected {expected}"),
            "{line}"
        );
    };
    check("", "a row of 7 columns, found an empty line");
    check("\r", "a row of 7 columns, found an empty line");
    let names = "7 columns `id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch`";
    check("1,2,3,4,5,True", &format!("{names}, found 6"));
    check("1,2,3,4,5,True,True,1", &format!("{names}, found 8"));
    check("x,2,3,4,5,True,True", "a trade number in `id`, found `x`");
    check("-1,2,3,4,5,True,True", "a trade number in `id`, found `-1`");
    let price = "a price with at most 9 digits after the point in `price`";
    check("1,,3,4,5,True,True", &format!("{price}, found ``"));
    check("1,1.0000000001,3,4,5,True,True", &format!("{price}, found `1.0000000001`"));
    let prices = "a price from -9223372036.854775807 to 9223372036.854775807 in `price`";
    check("1,9223372037,3,4,5,True,True", &format!("{prices}, found `9223372037`"));
    let volumes = "a volume from -92233720368.54775807 to 92233720368.54775807 in `qty`";
    check("1,2,1e11,4,5,True,True", &format!("{volumes}, found `1e11`"));
    let volume = "a volume up to 92233720368 with at most 8 digits after the point in `qty`";
    check("1,2,NaN,4,5,True,True", &format!("{volume}, found `NaN`"));
    check("1,2,3,x,5,True,True", "a number in `quoteQty`, found `x`");
    let time = "a time in milliseconds or microseconds since 1970 in `time`";
    check("1,2,3,4,-5,True,True", &format!("{time}, found `-5`"));
    check(
        "1,2,3,4,99999999999999999999,True,True",
        &format!("{time}, found `99999999999999999999`"),
    );
    check("1,2,3,4,5,yes,True", "true or false in `isBuyerMaker`, found `yes`");
    check("1,2,3,4,5,True,maybe", "true or false in `isBestMatch`, found `maybe`");
    let found = "z".repeat(60);
    check(
        &format!("1,{},3,4,5,True,True", "z".repeat(99)),
        &format!("{price}, found `{found}...`"),
    );
}

#[test]
fn numbers_of_other_programs_are_rounded_and_counted_where_that_is_allowed() {
    let text = "time,price,amount\n1700000000,1e3,0.26833389999999996\n1700000001,\"2\", 3 \n";
    let Detected::Text(layout) = detect("x.csv", text.as_bytes(), None, None).unwrap() else {
        panic!("text is text");
    };
    let mut reader = Delimited::new("x.csv", layout, text.as_bytes());
    assert!(reader.advance().unwrap());
    assert_eq!((reader.first_line(), reader.rounded()), (2, [0].as_slice()));
    let Rows::Trades(rows) = reader.rows() else { panic!("trades are trades") };
    assert_eq!(
        (rows[0].price.to_string(), rows[0].quantity.to_string()),
        ("1000".to_owned(), "0.2683339".to_owned())
    );
    assert_eq!(
        (rows[1].price.to_string(), rows[1].quantity.to_string()),
        ("2".to_owned(), "3".to_owned())
    );
}

/// The only row of a text, with its numbers as text.
fn only_row(text: &str) -> String {
    let detected = detect("XBTUSD_1.csv", text.as_bytes(), None, None).unwrap();
    let Detected::Text(layout) = detected else { panic!("text is text") };
    let mut reader = Delimited::new("XBTUSD_1.csv", layout, text.as_bytes());
    assert!(reader.advance().unwrap());
    match reader.rows() {
        Rows::Trades([row]) => format!(
            "{} {} {} {:?} {} {:?}",
            row.ts.as_nanos(),
            row.price,
            row.quantity,
            row.trade_id,
            row.fills,
            row.taker_side
        ),
        Rows::Bars([row]) => format!(
            "{} {} {} {} {} {} {} {:?}",
            row.open_ts.as_nanos(),
            row.close_ts.as_nanos(),
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.count
        ),
        rows @ (Rows::Trades(_)
        | Rows::Bars(_)
        | Rows::Quotes(_)
        | Rows::Book(_)
        | Rows::Orders(_)) => {
            panic!("one row is one row: {rows:?}")
        }
    }
}

/// Every number of a line is another one, so that two columns that are mixed up show.
#[test]
fn every_column_has_its_meaning() {
    let check = |text: &str, expected: &str| assert_eq!(only_row(text), expected, "{text}");
    check("1600000020.5,1.5,2.25", "1600000020500000000 1.5 2.25 None 1 None");
    let trade = "1600000020123000000 1.5 2.25 Some(7) 1 Some(Sell)";
    check("7,1.5,2.25,3.375,1600000020123,True,True", trade);
    check("7,1.5,2.25,3.375,1600000020123,true", trade);
    let aggregate = "1600000020123000000 1.5 2.25 Some(7) 4 Some(Buy)";
    check("7,1.5,2.25,100,103,1600000020123,False,True", aggregate);
    check("7,1.5,2.25,100,103,1600000020123,false", aggregate);
    let header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,\
        is_buyer_maker";
    check(&format!("{header}\n7,1.5,2.25,100,103,1600000020123,false"), aggregate);
    let header = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount";
    check(&format!("{header}\nx,y,1600000020123000,1600000020999000,7,sell,1.5,2.25"), trade);
    let bar = |count: &str| format!("1600000020000000000 1600000080000000000 2 5 1 3 2.25 {count}");
    check("1600000020,2,5,1,3,2.25,9", &bar("Some(9)"));
    check("1600000020,2,5,1,3,2.25", &bar("None"));
    check("1600000020000,2,5,1,3,2.25,1600000079999,6.5,9,4,8,0", &bar("Some(9)"));
    check("1600000020000,2020-09-13 12:27:00,XBT/USD,2,5,1,3,2.25,6.5,9", &bar("Some(9)"));
}

/// Lines as the venues write them.
const REAL: &[&str] = &[
    "1561939203.172,10749.4,0.004\n1561939205.224,10749.7,0.03869709\n",
    "1672531200,16535.97,16535.97,16522.66,16522.66,0.01429883,2\n1672531740,1,1,1,1,0.1,1\n",
    SPOT,
    "13519807,0.00141342,23.00000000,15373518,15373518,1570752011620,True,True\n",
    "id,price,qty,quote_qty,time,is_buyer_maker\n28457,4.00000100,12.0,48.00,1499865549590,true\n",
    "1677628800000,2.48,3.77,2.52,2.31,2.13177700,1677628859999,49.19,69,1.0,2.9,0\n",
    "timestamp,open,high,low,close,volume,trades\n2020-10-02 16:45:00,1,1,1,1,29.2,4567\n\
        2020-10-02 17:00:00,1,1,1,1,29.2,4567\n",
];

proptest! {
    #[test]
    fn the_straight_code_agrees_with_the_long_way(
        id: u64, price in "-?[0-9]{1,10}(\\.[0-9]{1,10})?", qty in "[0-9]{1,3}(\\.[0-9]{0,8})?",
        time in 0_u64..2_000_000_000_000_000, maker: bool, tail in "(\n|\r\n)?",
    ) {
        // A header of the same columns takes the long way.
        let maker = if maker { "True" } else { "False" };
        let row = format!("{id},{price},{qty},1.5,{time},{maker},True{tail}");
        let header = "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n";
        let (quick, long) = (read(row.as_bytes()), read(format!("{header}{row}").as_bytes()));
        prop_assert_eq!(quick.is_ok(), long.is_ok());
        if let (Ok(quick), Ok(long)) = (quick, long) {
            prop_assert_eq!(quick, long);
        }
    }

    #[test]
    fn mutated_lines_are_rows_or_one_line_of_error(
        which in 0..REAL.len(), changes in proptest::collection::vec((0_usize..300, any::<u8>()), 0..4),
        cut in 0_usize..300,
    ) {
        let mut text = REAL[which].as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at % text.len();
            text[at] = byte;
        }
        text.truncate(text.len().min(300 - cut).max(1));
        if let Err(error) = read(&text) {
            prop_assert!(error.starts_with("x.csv") && !error.contains('\n'), "{}", error);
        }
    }

    #[test]
    fn any_bytes_are_rows_or_one_line_of_error(text: Vec<u8>) {
        if let Err(error) = read(&text) {
            prop_assert!(!error.contains('\n'), "{}", error);
        }
    }
}
