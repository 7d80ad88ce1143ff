use super::*;
use crate::samples::good;

#[test]
fn a_history_is_one_json_object_per_line_and_can_be_read_back() {
    let history = checks::testkit::clean().history();
    let mut out = Vec::new();
    history_jsonl(&history, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let read: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, history);
    let first = r#"{"seq":0,"at_ns":0,"host":"world","source":"world","event":"phase-started","phase":"warm-up"}"#;
    assert_eq!(text.lines().next(), Some(first));
}

#[test]
fn executions_are_csv_with_a_header_even_if_there_are_none() {
    let header = "at_s,client_order_id,trade_id,symbol,side,price,quantity,fee,liquidity\n";
    let write = |record: &RunRecord| {
        let mut out = Vec::new();
        fills_csv(record, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let mut record = good();
    assert_eq!(write(&record), format!("{header}1.02,o-1,7,BTC/USD,buy,10000,0.5,1,taker\n"));
    record.fills.clear();
    assert_eq!(write(&record), header);
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
    let history = checks::testkit::clean().history();
    let error = history_jsonl(&history, Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let error = fills_csv(&good(), Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_history_is_read_back_and_a_line_that_is_none_is_told() {
    let history = checks::testkit::clean().history();
    let mut text = Vec::new();
    history_jsonl(&history, &mut text).unwrap();
    assert_eq!(read_history(&text[..]).unwrap(), history);
    text.extend_from_slice(b"{}\n");
    let error = read_history(&text[..]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("line {}: ", history.len() + 1)), "{error}");
}
