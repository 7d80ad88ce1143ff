//! Bars in recordings, and recordings without times of arrival.

use super::*;
use crate::row::BarRow;

fn line(second: u64, message: &str) -> String {
    format!("{second}000000000 {message}\n")
}

fn bars(rows: &[Row]) -> Vec<BarRow> {
    let of = |row: &Row| match row {
        Row::Bar(row) => *row,
        Row::Trade(_) | Row::Quote(_) | Row::Level(_) | Row::Order(_) => panic!("{row:?}"),
    };
    rows.iter().map(of).collect()
}

/// `opening second:close:volume:trades`.
fn shown(rows: &[Row]) -> Vec<String> {
    let of = |row: &BarRow| {
        let (open, count) = (row.open_ts.secs() - BASE, row.count.unwrap_or(0));
        format!("{open}:{}:{}:{count}", row.close, row.volume)
    };
    bars(rows).iter().map(of).collect()
}

/// 2026.
const BASE: i64 = 1_767_225_600;

/// A bar that begins so many seconds later.
fn kline(begin: i64, interval: &str, close: &str, closed: bool) -> String {
    let begin = begin + BASE;
    let end = begin * 1_000 + if interval == "1m" { 59_999 } else { 299_999 };
    format!(
        "{{\"stream\":\"b@kline_{interval}\",\"data\":{{\"e\":\"kline\",\"E\":{begin}500,\"s\":\"BTCUSDT\",\
         \"k\":{{\"t\":{begin}000,\"T\":{end},\"s\":\"BTCUSDT\",\"i\":\"{interval}\",\"f\":1,\"L\":2,\
         \"o\":\"8\",\"c\":\"{close}\",\"h\":\"9\",\"l\":\"7\",\"v\":\"1.5\",\"n\":3,\"x\":{closed},\
         \"q\":\"12\",\"V\":\"1\",\"Q\":\"8\",\"B\":\"0\"}}}}}}"
    )
}

#[test]
fn klines_are_bars_when_they_are_closed() {
    let lines = [
        line(1, &kline(60, "1m", "8.1", false)),
        line(2, &kline(60, "1m", "8.2", true)),
        line(3, &kline(120, "1m", "8.3", false)),
        // Its last message is missing.
        line(4, &kline(180, "1m", "8.4", true)),
        line(5, &kline(240, "1m", "8.5", false)),
    ];
    let path = Scratch::new("ws-klines").write("x.txt", lines.concat().as_bytes());
    let (rows, report) = read(&[path], &[]);
    assert_eq!(shown(&rows), ["60:8.2:1.5:3", "180:8.4:1.5:3"]);
    assert_eq!(report.count(Problem::UnfinishedBar), 2);
    assert_eq!(report.files[0].format.name(), "binance-ws-klines");
    assert_eq!(report.bar_nanos, Some(60_000_000_000));
    assert_eq!(bars(&rows)[0].close_ts.secs(), BASE + 120);
}

#[test]
fn bars_of_two_lengths_are_two_streams() {
    let lines = [line(1, &kline(60, "1m", "8.1", true)), line(2, &kline(300, "5m", "8.2", true))];
    let path = Scratch::new("ws-lengths").write("x.txt", lines.concat().as_bytes());
    let found = error(path.clone());
    let both = "several: #BTCUSDT,binance-ws-klines,1m #BTCUSDT,binance-ws-klines,5m";
    assert!(found.contains(both), "{found}");
    let (rows, _) = read(&[chosen(path, "5m")], &[]);
    assert_eq!(shown(&rows), ["300:8.2:1.5:3"]);
}

#[test]
fn a_bar_goes_on_in_the_next_file() {
    let scratch = Scratch::new("ws-two-files");
    let first = line(1, &kline(60, "1m", "8.1", true)) + &line(2, &kline(120, "1m", "8.2", false));
    let first = scratch.write("1.txt", first.as_bytes());
    let second = line(3, &kline(120, "1m", "8.3", true));
    let second = scratch.write("2.txt", second.as_bytes());
    let (rows, report) = read(&[first, second], &[]);
    assert_eq!(shown(&rows), ["60:8.1:1.5:3", "120:8.3:1.5:3"]);
    assert_eq!(report.count(Problem::UnfinishedBar), 1);
}

fn ohlc(kind: &str, bars: &[(u64, &str)]) -> String {
    let of = |(minute, close): &(u64, &str)| {
        format!(
            "{{\"symbol\":\"BTC/USD\",\"open\":8,\"high\":9,\"low\":7,\"close\":{close},\"trades\":2,\
             \"volume\":0.26833389999999996,\"vwap\":8,\"interval_begin\":\"2026-01-01T00:{minute:02}:00.000000000Z\",\
             \"interval\":1,\"timestamp\":\"2026-01-01T00:{:02}:00.000000Z\"}}",
            minute + 1
        )
    };
    let bars: Vec<_> = bars.iter().map(of).collect();
    format!("{{\"channel\":\"ohlc\",\"type\":\"{kind}\",\"data\":[{}]}}\n", bars.join(","))
}

/// Kraken does not say that a bar is closed: the next one does. A new subscription repeats the last ones.
#[test]
fn bars_of_kraken_are_closed_by_the_next_one() {
    let lines = [
        ohlc("snapshot", &[(1, "8.1"), (2, "8.2"), (3, "8.3")]),
        ohlc("update", &[(3, "8.4")]),
        ohlc("update", &[(4, "8.5")]),
        ohlc("snapshot", &[(2, "8.2"), (3, "8.4"), (4, "8.6")]),
        ohlc("update", &[(5, "8.7")]),
    ];
    let path = Scratch::new("ws-ohlc").write("x.ndjson", lines.concat().as_bytes());
    let (rows, report) = read(&[path], &[]);
    let closes: Vec<_> = bars(&rows).iter().map(|row| row.close.to_string()).collect();
    assert_eq!(closes, ["8.1", "8.2", "8.4", "8.6"]);
    assert_eq!(report.count(Problem::UnfinishedBar), 1);
    assert_eq!(failures(&report), []);
    assert_eq!(report.files[0].format.name(), "kraken-ws-ohlc");
    assert!(!report.files[0].received);
}

/// What `websocat` writes: the messages alone.
#[test]
fn messages_without_times_of_arrival_have_those_of_the_venue() {
    let scratch = Scratch::new("ws-raw");
    let ack = "{\"method\":\"subscribe\",\"result\":{\"channel\":\"trade\",\"symbol\":\"BTC/USD\"},\
               \"success\":true}\n";
    let trade = |id: u64| {
        format!(
            "{{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{{\"symbol\":\"BTC/USD\",\"side\":\"buy\",\
             \"price\":8,\"qty\":1,\"ord_type\":\"limit\",\"trade_id\":{id},\
             \"timestamp\":\"2026-01-01T00:00:0{id}.000001Z\"}}]}}\n"
        )
    };
    let text = [ack.to_owned(), trade(1), trade(2)].concat();
    let (rows, report) = read(&[scratch.write("kraken.ndjson", text.as_bytes())], &[]);
    assert_eq!((rows.len(), report.files[0].received), (2, false));
    let quote = "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"8\",\"B\":\"1\",\"a\":\"9\",\"A\":\"1\"}\n";
    let found = error(scratch.write("quotes.ndjson", quote.as_bytes()));
    assert!(found.contains("quotes.ndjson:1: ") && found.contains("times of arrival"), "{found}");
    let futures = "{\"e\":\"bookTicker\",\"u\":1,\"E\":1700000000001,\"T\":1700000000000,\"s\":\"BTCUSDT\",\
                   \"b\":\"8\",\"B\":\"1\",\"a\":\"9\",\"A\":\"1\"}\n";
    let (rows, _) = read(&[scratch.write("futures.ndjson", futures.as_bytes())], &[]);
    let Row::Quote(row) = rows[0] else { panic!("{rows:?}") };
    assert_eq!((row.ts, row.local_ts), (row.ts, row.ts));
    let old =
        "[320,[[\"8.1\",\"1\",\"1700000000.000001\",\"s\",\"l\",\"\"]],\"trade\",\"XBT/USD\"]\n";
    let (rows, report) = read(&[scratch.write("v1.ndjson", old.as_bytes())], &[]);
    assert_eq!((rows.len(), report.files[0].format.name()), (1, "kraken-ws1-trades"));
}

/// The recorder's times of trades come with them, through every policy.
#[test]
fn times_of_arrival_come_with_the_trades_that_stay() {
    let scratch = Scratch::new("ws-received");
    let tardis = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n\
                  x,B,1700000002000000,1700000002000500,1,buy,8,1\n\
                  x,B,1700000001000000,1700000002000600,2,buy,8,1\n\
                  x,B,1700000003000000,1700000003000700,3,sell,8,0\n\
                  x,B,1700000004000000,1700000004000800,4,sell,8,1\n";
    let path = scratch.write("t.csv", tardis.as_bytes());
    let latencies = |on: &[&str]| {
        let mut config = QualityConfig::default();
        on.iter().for_each(|text| config.set_text(text).unwrap());
        let reader =
            MarketReader::open(std::slice::from_ref(&path), ReadOptions::default()).unwrap();
        assert!(reader.files()[0].received);
        let mut checked = CheckedReader::survey(reader, config);
        let mut found = Vec::new();
        while let Some(rows) = checked.next_batch().unwrap().map(|rows| rows.len()) {
            let crate::row::Rows::Trades(trades) = checked.batch() else { panic!("trades") };
            assert_eq!((trades.len(), checked.received().len()), (rows, rows));
            let late = trades.iter().zip(checked.received());
            found.extend(late.map(|(row, at)| at.since(row.ts).as_micros()));
        }
        found
    };
    assert_eq!(latencies(&["not-positive=skip", "unsorted=skip"]), [500, 800]);
    assert_eq!(latencies(&["not-positive=skip", "unsorted=keep"]), [500, 1_000_600, 800]);
    assert_eq!(latencies(&["not-positive=skip", "unsorted=sort:4"]), [1_000_600, 500, 800]);
}

/// A line that lacks the time of its arrival does not give its trades those of others.
#[test]
fn times_of_arrival_stay_with_their_trades_though_a_line_lacks_one() {
    let scratch = Scratch::new("ws-unheard");
    let trade = |id: u32| {
        format!(
            r#"{{"channel":"trade","type":"update","data":[{{"symbol":"BTC/USD","side":"buy","price":8.1,"qty":1.5,"ord_type":"limit","trade_id":{id},"timestamp":"1970-01-01T00:00:0{id}.000000Z"}}]}}"#
        )
    };
    let heard = |id: u32, at: u32| format!("{at} {}\n", trade(id));
    // What is further on than a survey sees.
    let blank = " ".repeat(crate::recording::LINE_BYTES_MAX / 2);
    let beyond = format!("1500000000 {{\"channel\":\"heartbeat\"{blank}}}\n").repeat(5);
    let latencies = |name: &str, text: String| {
        let path = scratch.write(name, text.as_bytes());
        let mut reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
        let told = reader.files()[0].received;
        let mut found = Vec::new();
        while let Some(batch) = reader.next_batch().unwrap() {
            let crate::row::Rows::Trades(rows) = batch.rows else { panic!("trades") };
            assert_eq!(batch.received.len(), if told { rows.len() } else { 0 });
            let late = rows.iter().zip(batch.received);
            found.extend(late.map(|(row, at)| (at.as_nanos() - row.ts.as_nanos()) / 1_000_000));
        }
        (told, found)
    };
    let first = heard(1, 1_500_000_000);
    let (second, third) = (trade(2) + "\n", heard(3, 3_500_000_000));
    let early = [&first, &second, &third].map(String::as_str).concat();
    assert_eq!(latencies("early.ndjson", early), (false, vec![]));
    let late = [&first, &beyond, &second, &third].map(String::as_str).concat();
    assert_eq!(latencies("late.ndjson", late), (true, vec![500, 0, 500]));
    // Nor did it come before what came before it.
    let slow = heard(1, 2_500_000_000);
    let behind = [&slow, &beyond, &second, &third].map(String::as_str).concat();
    assert_eq!(latencies("behind.ndjson", behind), (true, vec![1_500, 500, 500]));
}
