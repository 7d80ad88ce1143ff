//! Messages of Kraken's for the bench: recorded ones where there are any, else ones of the same shape.

use std::fmt::Write as _;
use std::path::Path;

use kraken::book::LocalBook;
use model::{Asset, Instrument, Level, Notional, Price, Quantity, Symbol};
use serde::Deserialize;

/// A recording of BTC/USD, 25 levels deep: a snapshot, then updates. It is not part of the repository.
const RECORDING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/data/kraken/ws_v2/book_d25_BTCUSD_2026-08-02.ndjson"
);
/// Its depth.
pub(crate) const DEPTH: usize = 25;
/// Messages where nothing is recorded: as many as in the recording.
const GENERATED: usize = 2_052;

/// Rules of the pair.
pub(crate) fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::ZERO,
        cost_min: Notional::ZERO,
    }
}

/// Messages of the `book` channel, the first of which is a snapshot; and where they come from.
pub(crate) fn books() -> (Vec<String>, &'static str) {
    #[derive(Deserialize)]
    struct Line {
        frame: String,
    }
    let Ok(text) = std::fs::read_to_string(Path::new(RECORDING)) else {
        return (generated_books(), "generated");
    };
    let lines = text.lines().map(serde_json::from_str::<Line>);
    let frames = lines.map(|line| line.expect("a line has a frame").frame);
    (frames.filter(|frame| frame.starts_with(r#"{"channel":"book""#)).collect(), "recorded")
}

/// A level `steps` of ten cents away from 63000 dollars, with a quantity that depends on `turn`.
pub(crate) fn level(steps: i64, turn: usize) -> Level {
    let price = Price::step(1).checked_mul(630_000 + steps).expect("in range");
    let quantity = i64::try_from(turn * 7_919 % 250_000_000).expect("small");
    Level { price, quantity: Quantity::from_raw(quantity + 1) }
}

fn generated_books() -> Vec<String> {
    let mut book = LocalBook::new(&instrument(), DEPTH);
    let levels = 1..=i64::try_from(DEPTH).expect("small");
    let bids: Vec<Level> = levels.clone().map(|steps| level(-steps, 1)).collect();
    let asks: Vec<Level> = levels.map(|steps| level(steps, 2)).collect();
    book.apply(&bids, &asks);
    let mut frames = vec![book_frame("snapshot", &bids, &asks, book.checksum())];
    for turn in 1..GENERATED {
        // One level of one side, nearly always among the best.
        let steps = i64::try_from(1 + turn * turn % 11).expect("small");
        let (bids, asks) = match turn % 2 {
            0 => (vec![level(-steps, turn)], Vec::new()),
            _ => (Vec::new(), vec![level(steps, turn)]),
        };
        book.apply(&bids, &asks);
        frames.push(book_frame("update", &bids, &asks, book.checksum()));
    }
    frames
}

fn book_frame(kind: &str, bids: &[Level], asks: &[Level], checksum: u32) -> String {
    let rows = |levels: &[Level]| {
        let row = |level: &Level| {
            let (price, quantity) = (level.price.to_fixed(1), level.quantity.to_fixed(8));
            format!(r#"{{"price":{price},"qty":{quantity}}}"#)
        };
        levels.iter().map(row).collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{}],"asks":[{}],"checksum":{checksum},"timestamp":"2026-08-02T03:35:53.442354Z"}}]}}"#,
        rows(bids),
        rows(asks)
    )
}

/// Messages of the `trade` channel with one to three trades. None are recorded.
pub(crate) fn trades() -> Vec<String> {
    let mut id = 70_635_299;
    let frame = |turn: usize| {
        let mut text = r#"{"channel":"trade","type":"update","data":["#.to_owned();
        for row in 0..=turn % 3 {
            let Level { price, quantity } = level(0, turn + row);
            let (side, comma) = (["buy", "sell"][turn % 2], if row > 0 { "," } else { "" });
            let (price, quantity) = (price.to_fixed(1), quantity.to_fixed(8));
            id += 1;
            write!(
                text,
                r#"{comma}{{"symbol":"BTC/USD","side":"{side}","price":{price},"qty":{quantity},"ord_type":"limit","trade_id":{id},"timestamp":"2026-08-02T03:35:{:02}.{:06}Z"}}"#,
                turn % 60,
                turn * 7_919 % 1_000_000
            )
            .expect("a string takes everything");
        }
        text + "]}"
    };
    (0..GENERATED).map(frame).collect()
}
