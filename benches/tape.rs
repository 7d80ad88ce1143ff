//! Speed of tapes against floors that are measured in the same run, on generated trades of Binance.
//!
//! Text: the floor is one pass over the bytes of the file with the schema known, all columns to
//! integers, no checks. Columns: the floor folds records of 48 bytes that are read in blocks. Both
//! floors read the file anew each time, as the reader does, since this workspace has no unsafe code
//! and hence no mmap. Compare rates within one run: the targets are 0.8 of the text floor for text to
//! columns, which uses two processors and writes the file, and half of the floor of columns.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput};
use tape::{ColumnarWriter, MarketReader, QualityConfig, QualityError, ReadOptions, Rows, Sieve};

mod fastest;
mod under_test;

use fastest::Fastest;
use under_test::is_test;

/// Trades of the generated file: 16 MB of text.
const ROWS: u64 = 200_000;
/// Trades under `--test`.
const TEST_ROWS: u64 = 2_000;

fn main() {
    let rows = if is_test() { TEST_ROWS } else { ROWS };
    let files = Files::generate(rows);
    let text = files.path("BTCUSDT-trades.csv");
    let columns = files.path("BTCUSDT-trades.parquet");
    let records = files.path("BTCUSDT-trades.bin");
    assert_eq!(sum(&text), sum(&columns), "both tapes hold the same rows");
    assert_eq!(sum(&text).0, rows);
    assert_eq!(floor_text(&text), floor_records(&records), "both floors see the same rows");

    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group("tape");
    group.throughput(Throughput::Elements(rows));
    let mut fastest = Fastest::default();
    fastest.run(&mut group, "text floor", || floor_text(&text));
    fastest.run(&mut group, "text", || sum(&text));
    fastest.run(&mut group, "text to columns", || files.convert());
    fastest.run(&mut group, "columns floor", || floor_records(&records));
    fastest.run(&mut group, "columns", || sum(&columns));
    group.finish();
    criterion.final_summary();
    // At most 125 %, 125 % and 200 %.
    fastest.print("tape, reading text", "text", &["text floor"]);
    fastest.print("tape, text to columns", "text to columns", &["text floor"]);
    fastest.print("tape, loading columns", "columns", &["columns floor"]);
}

/// Reads a tape and folds every field of every row.
fn sum(path: &Path) -> (u64, u64) {
    let paths = [path.to_owned()];
    let mut reader = MarketReader::open(&paths, ReadOptions::default()).expect("a tape of ours");
    let (mut rows, mut sum) = (0, 0_u64);
    while let Some(batch) = reader.next_batch().expect("a tape of ours") {
        let Rows::Trades(trades) = batch.rows else { unreachable!("the tape holds trades") };
        rows += trades.len() as u64;
        for trade in trades {
            let side = trade.taker_side.map_or(0, |side| side as u64 + 1);
            let fields = [
                trade.ts.as_nanos().cast_unsigned(),
                trade.price.raw().cast_unsigned(),
                trade.quantity.raw().cast_unsigned(),
                trade.trade_id.unwrap_or(0),
                u64::from(trade.fills) ^ side,
            ];
            sum = fold(sum, fields);
        }
    }
    (rows, sum)
}

fn fold(sum: u64, [a, b, c, d, e]: [u64; 5]) -> u64 {
    let mixed = a ^ b.rotate_left(17) ^ c.rotate_left(31) ^ d.rotate_left(47) ^ e;
    sum.wrapping_mul(0x0100_0000_01b3) ^ mixed
}

/// The least that reading the text can cost byte by byte.
fn floor_text(path: &Path) -> (u64, u64) {
    let bytes = fs::read(path).expect("a file of ours");
    let (mut at, mut rows, mut sum) = (0, 0, 0);
    while at < bytes.len() {
        let id = number(&bytes, &mut at, 0);
        let price = number(&bytes, &mut at, 8);
        let quantity = number(&bytes, &mut at, 8);
        let quote = number(&bytes, &mut at, 8);
        let time = number(&bytes, &mut at, 0);
        let mut flag = || {
            let value = bytes[at] == b'T';
            at += if value { 5 } else { 6 };
            u64::from(value)
        };
        let flags = flag() | flag() << 1;
        sum = fold(sum, [time, price, quantity, id, quote ^ flags]);
        rows += 1;
    }
    (rows, sum)
}

fn number(bytes: &[u8], at: &mut usize, decimals: u32) -> u64 {
    let mut value = 0_u64;
    let mut digits = |at: &mut usize| {
        let start = *at;
        while bytes[*at].is_ascii_digit() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(bytes[*at] - b'0'));
            *at += 1;
        }
        *at - start
    };
    digits(at);
    let mut missing = decimals;
    if bytes[*at] == b'.' {
        *at += 1;
        missing -= u32::try_from(digits(at)).expect("at most eight digits");
    }
    *at += 1;
    for _ in 0..missing {
        value = value.wrapping_mul(10);
    }
    value
}

/// The least that reading records of 48 bytes can cost.
fn floor_records(path: &Path) -> (u64, u64) {
    let mut file = File::open(path).expect("a file of ours");
    let mut block = vec![0; 48 * 21_845];
    let (mut rows, mut sum) = (0, 0);
    loop {
        let mut count = 0;
        while count < block.len() {
            match file.read(&mut block[count..]).expect("a file of ours") {
                0 => break,
                more => count += more,
            }
        }
        if count == 0 {
            return (rows, sum);
        }
        for record in block[..count].as_chunks::<48>().0 {
            let field = |n: usize| {
                record[8 * n..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
            };
            let last = field(3) ^ field(5);
            sum = fold(sum, [field(4), field(1), field(2), field(0), last]);
            rows += 1;
        }
    }
}

/// A folder with the same trades as text, in columns, and as records; gone at the end.
struct Files(PathBuf);

impl Files {
    fn generate(rows: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("wavetank-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the bench");
        let files = Self(folder);
        let create = |name: &str| BufWriter::new(File::create(files.path(name)).expect("writable"));
        let (mut text, mut records) = (create("BTCUSDT-trades.csv"), create("BTCUSDT-trades.bin"));
        let (mut state, mut price, mut time) = (1_u64, 9_350_000_u64, 1_735_689_600_000_000_u64);
        for n in 0..rows {
            // A linear congruential generator: the market is of no interest here.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (id, quantity) = (4_000_000_000 + n, 1 + (state >> 33) % 100_000);
            price = (price + (state >> 60)).saturating_sub(7);
            time += (state >> 40) % 1_000_000;
            let quote = price * quantity;
            let [maker, best] = [if state >> 63 == 1 { "True" } else { "False" }, "True"];
            let cents = format!("{}.{:02}000000", price / 100, price % 100);
            let quantity_text = format!("{}.{:05}000", quantity / 100_000, quantity % 100_000);
            let quote_text = format!("{}.{:07}0", quote / 10_000_000, quote % 10_000_000);
            writeln!(text, "{id},{cents},{quantity_text},{quote_text},{time},{maker},{best}")
                .expect("writable");
            let flags = 2 | (state >> 63);
            let record = [id, price * 1_000_000, quantity * 1_000, quote * 10, time, flags];
            for field in record {
                records.write_all(&field.to_le_bytes()).expect("writable");
            }
        }
        text.flush().and_then(|()| records.flush()).expect("writable");
        files.convert();
        files
    }

    /// What `wavetank tape convert` does: all checks, and a file that is written.
    fn convert(&self) -> u64 {
        let paths = [self.path("BTCUSDT-trades.csv")];
        let reader = MarketReader::open(&paths, ReadOptions::default()).expect("just written");
        let files = reader.files().to_vec();
        let mut sieve = Sieve::new(reader.kind(), files, QualityConfig::default());
        let out = File::create(self.path("BTCUSDT-trades.parquet")).expect("writable");
        let mut writer =
            ColumnarWriter::new(BufWriter::new(out), reader.kind(), Vec::new()).expect("writable");
        let read = reader.read_ahead::<QualityError>(|batch| {
            writer.write(sieve.take(batch)?).expect("writable");
            Ok(())
        });
        read.expect("just written");
        writer.write(sieve.finish().expect("sound")).expect("writable");
        writer.finish().expect("writable").1
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
