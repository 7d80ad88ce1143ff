use super::*;

fn format_of(text: &str) -> Result<Format, String> {
    match detect("x.csv", text.as_bytes(), None, Some(Duration::from_secs(60))) {
        Ok(Detected::Text(layout)) => Ok(layout.format),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_content_tells_the_format() {
    for (text, expected) in [
        ("1672531436,90.540000,1.10448420\n", Format::KrakenTrades),
        ("1700000000,30000,30050,29970,30020,0.5,100\n", Format::KrakenOhlcvt),
        ("51175358,17.8,5.69,101.2,1735689600010866,True,True\n", Format::BinanceTrades),
        ("28457,4.001,12.0,48.00,1499865549590,true\n", Format::BinanceTrades),
        ("id,price,qty,quote_qty,time,is_buyer_maker\n1,2,3,6,1,true\n", Format::BinanceTrades),
        ("0,0.2,50.0,0,0,1735689600010866,False,True\n", Format::BinanceAggTrades),
        ("1715206948,29223.0,0.639,3643,3644,1682899200101,false\n", Format::BinanceAggTrades),
        (
            "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n",
            Format::BinanceAggTrades,
        ),
        ("1735689600000000,4,5,4,4,53,1735693199999999,22,13,40,16,0\n", Format::BinanceKlines),
        ("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n", Format::TardisTrades),
        ("\u{feff}time;price;size\n1;2;3\n", Format::CsvTrades),
        ("Date,Open,High,Low,Close,Volume\n2004-08-19,1,2,1,2,3\n", Format::CsvBars),
        ("1700000000000,1,2,1,2,3\n", Format::CsvBars),
    ] {
        assert_eq!(format_of(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_format_is_shown() {
    let check = |text: &str, expected: &str| {
        let prefix =
            "x.csv: expected one of the known formats (`wavetank tape info --help`), found ";
        assert_eq!(format_of(text).unwrap_err(), format!("{prefix}{expected}"), "{text}");
    };
    check("hello\n", "the line `hello`");
    check("1,2\n", "2 columns `1,2`");
    check("a\0b", "binary data (byte 0x00)");
    check("name,city\n", "the header `name,city`: no column of times");
    check(
        "time,city\n",
        "the header `time,city`: neither a column `price` nor columns `open`, `high`, `low`, `close`",
    );
    check(
        "timestamp,bid,price,amount\n",
        "the header `timestamp,bid,price,amount`: quotes without price and quantity of bid and ask",
    );
    assert_eq!(format_of(" \n").unwrap_err(), "x.csv: expected rows, found none");
}

#[test]
fn names_tell_symbol_and_length() {
    let minutes = |name: &str| named_length(name).map(|nanos| nanos / 60_000_000_000);
    assert_eq!(minutes("data/XBTUSD_60.csv"), Some(60));
    assert_eq!(minutes("data/XBTUSDC_1_2023Q1.csv.gz"), Some(1));
    assert_eq!(minutes("x.zip!BTCUSDT-4h-2024-08.csv"), Some(240));
    assert_eq!(minutes("kraken_btc_usd_1m_20230301.csv"), Some(1));
    assert_eq!(minutes("BTCUSDT-trades-2024-01-05.csv"), None);
    assert_eq!(minutes("prices_7.csv"), None);
    assert_eq!(named_symbol("x.zip!BTCUSDT-4h-2024-08.csv").as_deref(), Some("BTCUSDT"));
    assert_eq!(named_symbol("data/XBTUSD.csv").as_deref(), Some("XBTUSD"));
    assert_eq!(named_symbol("data/trades.csv"), None);
    assert_eq!(named_symbol("data/20230301.csv"), None);
    assert_eq!(length_of_bars("x", &[0, 60, 180]), Some(60));
    assert_eq!(length_of_bars("x", &[180, 60, 0]), Some(60));
    assert_eq!(length_of_bars("x", &[5]), None);
}

/// Without a second bar the length is not known; but it is not what is wrong.
#[test]
fn a_wrong_line_near_the_top_is_told_before_an_unknown_length() {
    let text = "time,open,high,low,close,volume\n1704067200,1,2,1,2,3\n1704067260,1,2,nan,2,3\n";
    let error = detect("x.csv", text.as_bytes(), None, None).unwrap_err().to_string();
    assert!(error.starts_with("x.csv:3: expected a price"), "{error}");
    let text = "time,open,high,low,close,volume\n1704067200,1,2,1,2,3\n";
    let error = detect("x.csv", text.as_bytes(), None, None).unwrap_err().to_string();
    assert!(error.contains("bars of a known length"), "{error}");
}
