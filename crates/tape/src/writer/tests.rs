use std::path::Path;

use model::{Price, Quantity};
use proptest::prelude::*;

use super::*;
use crate::{Tape, TradeReader};

fn trade(ts: i64, price: i64, quantity: i64) -> TapeTrade {
    TapeTrade {
        ts: UnixNanos::from_nanos(ts),
        price: Price::from_raw(price),
        quantity: Quantity::from_raw(quantity),
    }
}

#[test]
fn numbers_are_exact_and_without_trailing_zeros() {
    let mut out = Vec::new();
    let trades = [
        trade(1_561_939_203_000_000_000, 10_749_400_000_000, 400_000),
        trade(1_561_939_205_430_000_000, 10_000_000_000, 100_000_000),
        trade(1_561_939_205_430_000_001, 1, 1),
    ];
    write_trades(&mut out, trades).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "1561939203,10749.4,0.004\n1561939205.43,10,1\n1561939205.430000001,0.000000001,0.00000001\n"
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        rows in proptest::collection::vec(
            (0..i64::from(u32::MAX), 1..=i64::MAX, 1..=i64::MAX),
            1..50,
        ),
        start in 0..9_000_000_000_000_000_000_i64,
    ) {
        let mut ts = start;
        let trades: Vec<TapeTrade> = rows
            .into_iter()
            .map(|(wait, price, quantity)| {
                ts += wait;
                trade(ts, price, quantity)
            })
            .collect();
        let mut bytes = Vec::new();
        write_trades(&mut bytes, trades.iter().copied()).unwrap();
        let path = Path::new("written.csv");
        let read: Result<Vec<_>, _> = TradeReader::new(path, bytes.as_slice()).collect();
        prop_assert_eq!(read.unwrap(), trades.clone());
        prop_assert_eq!(
            Tape::read(path, bytes.as_slice()).unwrap(),
            Tape::from_trades(path, trades).unwrap()
        );
    }
}
