//! Kraken's `level3`: every order of a book.

use model::UnixNanos;

use super::*;
use crate::row::OrderRow;

/// The example of Kraken's page on the checksum of `level3`: price, quantity, second of the order.
const BIDS: &str = "
    44939.4 0.88968699 39.526146327
    44939.4 0.45210000 39.530287934
    44939.4 0.10000000 39.576380340
    44939.4 0.14296323 39.602118534
    44939.4 0.25000000 41.780601700
    44939.4 0.10292988 43.087136366
    44939.4 0.33880000 43.822433365
    44939.4 1.28140860 45.066096694
    44937.1 0.03346877 39.691304329
    44934.7 0.35630000 44.129718463
    44930.2 0.22734299 30.769031831
    44930.2 0.01000000 36.054352106
    44930.2 0.05550000 36.635882793
    44930.2 0.70000000 37.296554518
    44930.2 0.15000000 41.222733191
    44928.0 0.00105240 23.542563322
    44919.6 0.33870000 42.808132842
    44919.5 0.07610000 34.269600037
    44912.0 0.35630000 34.961292766
    44909.7 0.06690000 31.912880024
    44901.9 0.00088982 42.883315043";
const ASKS: &str = "
    44939.5 4.52308393 05.770906486
    44939.5 0.00111261 12.847426441
    44939.5 0.00100000 42.108176464
    44939.5 0.01000000 43.955098263
    44950.0 0.10334926 52.800473795
    44953.0 0.00064537 58.086806970
    44955.0 0.00250000 52.257936228
    44959.6 0.35630000 44.202823127
    44959.6 0.35630000 44.203383999
    44960.1 0.00338072 42.724829715
    44960.2 0.88967575 12.935924248
    44967.0 3.14392283 39.474431925
    44978.5 0.06778960 41.229379178
    44979.2 0.35630000 20.271584488";
const SUM: u32 = 1_063_832_831;

/// A line of a recording, received a second after its number.
fn line(second: u64, message: &str) -> String {
    let message = message.replace('"', "\\\"");
    format!("{{\"recv_ns\":{second}000000000,\"frame\":\"{message}\"}}\n")
}

fn message(kind: &str, bids: &[String], asks: &[String], more: &str) -> String {
    let (bids, asks) = (bids.join(","), asks.join(","));
    format!(
        "{{\"channel\":\"level3\",\"type\":\"{kind}\",\"data\":[{{\"symbol\":\"BTC/USD\"{more},\
         \"bids\":[{bids}],\"asks\":[{asks}]}}]}}"
    )
}

/// An order of a second of 2024-01-08 12:26; `event` is empty in a snapshot.
fn order(event: &str, id: &str, price: &str, quantity: &str, second: &str) -> String {
    let event = if event.is_empty() { String::new() } else { format!("\"event\":\"{event}\",") };
    format!(
        "{{{event}\"order_id\":\"{id}\",\"limit_price\":{price},\"order_qty\":{quantity},\
         \"timestamp\":\"2024-01-08T12:26:{second}Z\"}}"
    )
}

fn example(side: &str, text: &str) -> Vec<String> {
    let rows = text.lines().filter(|row| !row.trim().is_empty()).enumerate();
    rows.map(|(at, row)| {
        let fields: Vec<_> = row.split_whitespace().collect();
        order("", &format!("{side}{at}"), fields[0], fields[1], fields[2])
    })
    .collect()
}

fn snapshot(sum: u32) -> String {
    let more = format!(",\"checksum\":{sum}");
    line(1_704_716_806, &message("snapshot", &example("B", BIDS), &example("A", ASKS), &more))
}

fn orders(rows: &[Row]) -> Vec<OrderRow> {
    let of = |row: &Row| match row {
        Row::Order(row) => *row,
        Row::Trade(_) | Row::Bar(_) | Row::Quote(_) | Row::Level(_) => panic!("{row:?}"),
    };
    rows.iter().map(of).collect()
}

fn played(name: &str, lines: &[String], on: &[&str]) -> (Vec<OrderRow>, QualityReport) {
    let scratch = Scratch::new(name);
    let (rows, report) = read(&[scratch.write("x.ndjson", lines.concat().as_bytes())], on);
    (orders(&rows), report)
}

#[test]
fn the_example_of_the_venue_has_its_checksum() {
    let (rows, report) = played("level3-example", &[snapshot(SUM)], &[]);
    assert_eq!(failures(&report), []);
    assert_eq!((rows.len(), rows[0].begins, rows[0].snapshot), (35, true, true));
    let newest = rows.iter().map(|row| row.since).max();
    assert_eq!(Some(rows[0].ts), newest, "it has the time of its newest order");
    assert_eq!(report.files[0].format.name(), "kraken-ws-level3");
    assert_eq!(report.files[0].levels, Some(10));
    let (_, report) = played("level3-wrong", &[snapshot(SUM + 1)], &[]);
    assert_eq!(failures(&report), [("wrong-checksum", 1)]);
}

/// Two orders that change their places have another checksum: it proves the queue.
#[test]
fn the_checksum_covers_the_order_of_the_queue() {
    let mut bids = example("B", BIDS);
    bids.swap(1, 2);
    let more = format!(",\"checksum\":{SUM}");
    let lines = [line(1, &message("snapshot", &bids, &example("A", ASKS), &more))];
    assert_eq!(failures(&played("level3-queue", &lines, &[]).1), [("wrong-checksum", 1)]);
}

/// `order quantity` of each row, with `!` for the first of a message.
fn shown(rows: &[OrderRow]) -> Vec<String> {
    let quantity = |row: &OrderRow| row.quantity.to_string();
    rows.iter()
        .map(|row| format!("{}{} {}", if row.begins { "!" } else { "" }, row.order, quantity(row)))
        .collect()
}

#[test]
fn who_shrinks_keeps_the_place_and_who_grows_or_moves_loses_it() {
    let start = [order("", "a", "8", "3", "01"), order("", "b", "8", "2", "02")];
    let update = |rows: &[String]| line(2, &message("update", rows, &[], ""));
    let lines = [
        line(1, &message("snapshot", &start, &[order("", "c", "9", "1", "03")], "")),
        update(&[order("modify", "a", "8", "1", "04")]),
        update(&[order("modify", "a", "8", "2", "05")]),
        update(&[order("modify", "b", "7", "2", "06")]),
        update(&[order("delete", "b", "7", "0", "07"), order("add", "d", "7", "5", "07")]),
    ];
    let (rows, report) = played("level3-places", &lines, &[]);
    assert_eq!(failures(&report), []);
    let expected = ["!1 3", "2 2", "3 1", "!1 1", "!1 0", "4 2", "!2 0", "5 2", "!5 0", "6 5"];
    assert_eq!(shown(&rows), expected);
    let since = |at: usize| rows[at].since.as_nanos() / 1_000_000_000 % 60;
    // One that shrinks stands there since it came, one that lost its place since it did.
    assert_eq!([since(3), since(5), since(7)], [1, 5, 6]);
    let times: Vec<_> = rows.iter().map(|row| row.ts).collect();
    assert!(times.is_sorted());
}

#[test]
fn what_falls_out_of_the_depth_goes_and_comes_back_with_its_time() {
    let ack = "{\"method\":\"subscribe\",\"success\":true,\"result\":\
               {\"channel\":\"level3\",\"symbol\":\"BTC/USD\",\"depth\":2}}";
    let start = [order("", "a", "8", "3", "01"), order("", "b", "7", "2", "02")];
    let update = |rows: &[String]| line(3, &message("update", rows, &[], ""));
    let lines = [
        line(1, ack),
        line(2, &message("snapshot", &start, &[], "")),
        update(&[order("add", "c", "9", "1", "05")]),
        update(&[order("delete", "c", "9", "0", "06"), order("add", "b", "7", "2", "02")]),
    ];
    let (rows, report) = played("level3-depth", &lines, &[]);
    assert_eq!(failures(&report), []);
    assert_eq!(report.files[0].levels, Some(2));
    let expected = ["!1 3", "2 2", "!3 1", "2 0", "!3 0", "4 2"];
    assert_eq!(shown(&rows), expected);
    assert_eq!(rows[5].since, rows[1].since);
}

#[test]
fn what_nobody_knows_breaks_the_sequence_until_the_next_snapshot() {
    let start = [order("", "a", "8", "3", "01")];
    let update = |event: &str, id: &str, second: &str| {
        line(2, &message("update", &[order(event, id, "8", "1", second)], &[], ""))
    };
    let begin = line(1, &message("snapshot", &start, &[], ""));
    let check = |name: &str, lines: &[String], expected: &[(&str, u64)]| {
        assert_eq!(failures(&played(name, lines, &[]).1), expected, "{name}");
    };
    let broken = [("broken-sequence", 1)];
    check("level3-unknown", &[begin.clone(), update("modify", "x", "05")], &broken);
    check("level3-twice", &[begin.clone(), update("add", "a", "05")], &broken);
    check("level3-headless", &[update("add", "a", "05")], &broken);
    let deleted = [begin.clone(), update("delete", "x", "05"), update("add", "y", "06")];
    check("level3-deleted", &deleted, &broken);
    let lines = [begin.clone(), update("modify", "x", "05"), update("add", "y", "06"), begin];
    let (rows, report) = played("level3-skip", &lines, &["broken-sequence=skip"]);
    assert_eq!((rows.len(), report.skipped), (2, 2));
}

#[test]
fn wrong_words_are_told_with_their_line() {
    let check = |name: &str, row: &str, expected: &str| {
        let scratch = Scratch::new(name);
        let text = [snapshot(SUM), line(2, &message("update", &[row.to_owned()], &[], ""))];
        let found = error(scratch.write("x.ndjson", text.concat().as_bytes()));
        assert!(found.contains("x.ndjson:2: ") && found.contains(expected), "{found}");
    };
    check("level3-event", &order("grow", "a", "8", "1", "01"), "`event` of add, modify or delete");
    check("level3-no-event", &order("", "a", "8", "1", "01"), "`event` of add, modify or delete");
    check("level3-price", &order("add", "a", "\"x\"", "1", "01"), "in `limit_price`");
    check("level3-time", &order("add", "a", "8", "1", "x"), "`timestamp`");
}

/// Every prefix and single-byte damage is an answer or an error, never a panic.
#[test]
fn damaged_recordings_are_errors_or_other_markets() {
    let text = snapshot(SUM);
    let scratch = Scratch::new("level3-damaged");
    for at in (0..text.len()).step_by(41) {
        for byte in *b"0\"}x" {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let path = scratch.write("x.ndjson", &bytes);
            if let Ok(reader) = MarketReader::open(&[path], ReadOptions::default()) {
                let mut checked = CheckedReader::survey(reader, QualityConfig::default());
                while matches!(checked.next_batch(), Ok(Some(_))) {}
            }
        }
    }
}

fn two_sides(bids: &[String], asks: &[String]) -> String {
    line(1, &message("snapshot", bids, asks, ""))
}

/// A book is never older than it was; since when an order stands there is its own.
#[test]
fn a_message_of_an_earlier_time_comes_at_that_of_the_one_before() {
    let update = |id: &str, second: &str| {
        line(2, &message("update", &[order("add", id, "8", "1", second)], &[], ""))
    };
    let start = two_sides(&[order("", "a", "8", "3", "01")], &[]);
    let lines = [start, update("b", "06"), update("c", "05")];
    let (rows, report) = played("level3-earlier", &lines, &[]);
    assert_eq!(failures(&report), []);
    let second = |ts: UnixNanos| ts.as_nanos() / 1_000_000_000 % 60;
    let found: Vec<_> = rows.iter().map(|row| (second(row.ts), second(row.since))).collect();
    assert_eq!(found, [(1, 1), (6, 6), (6, 5)]);
}

/// An order of which nothing changed stays where it was.
#[test]
fn who_stays_as_large_keeps_the_place() {
    let start = two_sides(&[order("", "a", "8", "3", "01"), order("", "b", "8", "2", "02")], &[]);
    let same = [order("modify", "a", "8", "3", "04")];
    let lines = [start, line(2, &message("update", &same, &[], ""))];
    assert_eq!(shown(&played("level3-same", &lines, &[]).0), ["!1 3", "2 2", "!1 3"]);
}

/// The worst asks are the dear ones.
#[test]
fn asks_fall_out_of_the_depth_from_above() {
    let ack = "{\"method\":\"subscribe\",\"success\":true,\"result\":\
               {\"channel\":\"level3\",\"symbol\":\"BTC/USD\",\"depth\":2}}";
    let start = [order("", "a", "9", "3", "01"), order("", "b", "10", "2", "02")];
    let lines = [
        line(1, ack),
        two_sides(&[], &start),
        line(3, &message("update", &[], &[order("add", "c", "8", "1", "05")], "")),
    ];
    let (rows, report) = played("level3-asks", &lines, &[]);
    assert_eq!(failures(&report), []);
    assert_eq!(shown(&rows), ["!1 3", "2 2", "!3 1", "2 0"]);
}

/// What is left of an order is in the checksum, not what it was.
#[test]
fn the_checksum_covers_what_is_left() {
    let check = |covered: &[u8], expected: &[(&str, u64)]| {
        let more = format!(",\"checksum\":{}", crc32fast::hash(covered));
        let less = [order("modify", "a", "8", "1", "04")];
        let lines = [
            two_sides(&[order("", "a", "8", "3", "01")], &[]),
            line(2, &message("update", &less, &[], &more)),
        ];
        assert_eq!(failures(&played("level3-left", &lines, &[]).1), expected);
    };
    check(b"81", &[]);
    check(b"83", &[("wrong-checksum", 1)]);
}
