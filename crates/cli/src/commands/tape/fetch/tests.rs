//! Both fetches against a server of one thread, which answers as the test says.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser as _;
use tape::{CheckedReader, MarketReader, QualityConfig, ReadOptions, Rows};

use super::*;
use crate::args::{Arguments, Command, TapeCommand};

/// A request as the server sees it: path with query, and the bytes asked for.
type Asked = (String, Option<(usize, usize)>);
/// Status, more header lines, body.
type Given = (u16, String, Vec<u8>);

/// A server of HTTP on a free port, for as long as the test's process lives.
fn serve(mut answer: impl FnMut(Asked) -> Given + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            connection(&stream.unwrap(), &mut answer);
        }
    });
    format!("http://{address}")
}

fn connection(mut stream: &TcpStream, answer: &mut impl FnMut(Asked) -> Given) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut path, mut range) = (String::new(), None);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("GET ") {
                rest.split(' ').next().unwrap().clone_into(&mut path);
            } else if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                let (start, end) = bytes.split_once('-').unwrap();
                range = Some((start.parse().unwrap(), end.parse().unwrap()));
            } else if line.is_empty() {
                break;
            }
        }
        let (status, headers, body) = answer((path, range));
        let head =
            format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

/// Runs `wavetank tape fetch` within this process; the error is what a person would see.
fn run(arguments: &str, url: &str) -> Result<Exit, String> {
    let arguments = format!("wavetank tape fetch {arguments} --pace 10ms --base-url {url}");
    let parsed = Arguments::try_parse_from(arguments.split(' ')).map_err(|why| why.to_string())?;
    let Command::Tape(tape) = parsed.command else { return Err("no command of tapes".to_owned()) };
    let TapeCommand::Fetch(args) = tape.command else { return Err("no fetch".to_owned()) };
    execute(&args).map_err(|error| format!("{error:#}"))
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("wavetank-{}-{name}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Trades of a Kraken that has one every half second, two of them in each instant.
fn kraken_page(path: &str, trades: u64, page: usize) -> String {
    let since: u64 =
        path.split("since=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
    let time = |id: u64| 1_700_000_000_000_000_000 + id / 2 * 500_000_000;
    let ids = (0..trades).filter(|id| time(*id) > since).take(page);
    let last = ids.clone().last().map_or(since, time);
    let rows = ids.map(|id| {
        let time = time(id);
        let (seconds, nanos) = (time / 1_000_000_000, time % 1_000_000_000);
        let side = if id % 3 == 0 { "b" } else { "s" };
        format!(
            r#"["6000{}.50000","0.01030900",{seconds}.{nanos:09},"{side}","m","",{id}]"#,
            id % 9
        )
    });
    let rows = rows.collect::<Vec<_>>().join(",");
    format!(r#"{{"error":[],"result":{{"XXBTZUSD":[{rows}],"last":"{last}"}}}}"#)
}

/// Numbers of the trades in a fetched file, as the tape's own reader sees them.
fn ids(path: &Path) -> Vec<u64> {
    let reader = MarketReader::open(&[path.to_owned()], ReadOptions::default()).unwrap();
    let mut reader = CheckedReader::new(reader, QualityConfig::default());
    let mut ids = Vec::new();
    while let Some(rows) = reader.next_batch().unwrap() {
        let Rows::Trades(rows) = rows else { panic!("trades") };
        ids.extend(rows.iter().map(|row| row.trade_id.unwrap()));
    }
    assert!(reader.report().problems.is_empty(), "{:?}", reader.report().problems);
    ids
}

#[test]
fn pages_of_kraken_become_one_file_that_goes_on_where_it_stopped() {
    let out = folder("kraken").join("XBTUSD-trades.csv");
    let trades = Arc::new(Mutex::new((0_u32, 50_u64)));
    let state = Arc::clone(&trades);
    let url = serve(move |(path, _)| {
        let mut state = state.lock().unwrap();
        state.0 += 1;
        match state.0 {
            2 => (503, String::new(), Vec::new()),
            4 => {
                let error = r#"{"error":["EGeneral:Too many requests"]}"#;
                (200, String::new(), error.as_bytes().to_vec())
            }
            // A page ends within an instant: its second trade would be lost without its number.
            _ => (200, String::new(), kraken_page(&path, state.1, 7).into_bytes()),
        }
    });
    let wanted = format!("kraken --pair XBTUSD --from 2023-11-14T22:13:20 --out {}", out.display());
    run(&wanted, &url).unwrap();
    assert_eq!(ids(&out), (0..50).collect::<Vec<_>>());
    // What a kill left of a line, and trades that came since, up to an instant that is not wanted.
    let text = std::fs::read_to_string(&out).unwrap();
    std::fs::write(&out, &text[..text.len() - 30]).unwrap();
    trades.lock().unwrap().1 = 100;
    run(&format!("{wanted} --to 2023-11-14T22:13:40"), &url).unwrap();
    assert_eq!(ids(&out), (0..80).collect::<Vec<_>>());
    // The same numbers at other times: another pair.
    let text = std::fs::read_to_string(&out).unwrap();
    std::fs::write(&out, text.replace(",79\n", ",42\n")).unwrap();
    let error = run(&wanted, &url).unwrap_err();
    assert!(error.contains("its last trade, number 42, is none of `XBTUSD`"), "{error}");
    std::fs::write(&out, "1,2,3\n").unwrap();
    let error = run(&wanted, &url).unwrap_err();
    assert!(error.contains("expected a file that this command began"), "{error}");
}

#[test]
fn a_kraken_that_refuses_is_not_asked_again() {
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let url = serve(move |_| {
        *count.lock().unwrap() += 1;
        let error = r#"{"error":["EQuery:Unknown asset pair"]}"#;
        (200, String::new(), error.as_bytes().to_vec())
    });
    let out = folder("refuses").join("x.csv");
    let wanted = format!("kraken --pair NOPE --from 2023-11-14 --out {}", out.display());
    let error = run(&wanted, &url).unwrap_err();
    assert_eq!(error, "Kraken refuses `NOPE`: EQuery:Unknown asset pair");
    assert_eq!(*asked.lock().unwrap(), 1);
}

/// Binance's archive: files by path, and how often each path was asked for.
#[derive(Default)]
struct Archive {
    files: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
    ranges: bool,
}

const KLINES: &str = "/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-";

impl Archive {
    /// A file with its check sum. The bytes are long enough for three parts.
    fn put(&mut self, path: &str, seed: u8) {
        self.put_bytes(path, seed, 10 * 1024 * 1024);
    }

    fn put_bytes(&mut self, path: &str, seed: u8, count: usize) {
        // A folder of its own: tests run side by side.
        static PUTS: AtomicUsize = AtomicUsize::new(0);
        let bytes: Vec<u8> =
            (0..count).map(|n| u8::try_from(n * 7 % 251).unwrap() ^ seed).collect();
        let scratch = folder(&format!("sum-{}", PUTS.fetch_add(1, Ordering::Relaxed))).join("x");
        std::fs::write(&scratch, &bytes).unwrap();
        let hash = tape::file_sha256(&scratch).unwrap();
        self.files.insert(format!("{path}.CHECKSUM"), format!("{hash}  x.zip\n").into_bytes());
        self.files.insert(path.to_owned(), bytes);
    }

    fn answer(&mut self, (path, range): Asked) -> Given {
        self.asked.push(format!(
            "{} {}",
            path.rsplit('/').next().unwrap(),
            range.map_or(0, |r| r.0)
        ));
        let Some(bytes) = self.files.get(&path) else { return (404, String::new(), Vec::new()) };
        let Some((start, end)) = range.filter(|_| self.ranges) else {
            return (200, String::new(), bytes.clone());
        };
        if start >= bytes.len() {
            return (416, String::new(), Vec::new());
        }
        let end = bytes.len().min(end + 1);
        let header = format!("content-range: bytes {start}-{}/{}\r\n", end - 1, bytes.len());
        (206, header, bytes[start..end].to_vec())
    }
}

#[test]
fn files_of_the_archive_are_verified_and_fetched_once_in_parts() {
    let archive = Arc::new(Mutex::new(Archive { ranges: true, ..Archive::default() }));
    archive.lock().unwrap().put(&format!("{KLINES}2024-02-28.zip"), 0);
    archive.lock().unwrap().put(&format!("{KLINES}2024-03-01.zip"), 1);
    let state = Arc::clone(&archive);
    let url = serve(move |asked| state.lock().unwrap().answer(asked));
    let out = folder("archive");
    let wanted = format!(
        "binance --symbol BTCUSDT --kind klines --interval 1m --from 2024-02-28 --to 2024-03-01 --out {}",
        out.display()
    );
    // A leap day, which the archive lacks here.
    let exit = run(&wanted, &url).unwrap();
    assert_eq!(format!("{exit:?}"), format!("{:?}", Exit::Refused));
    let first = out.join("BTCUSDT-1m-2024-02-28.zip");
    assert_eq!(
        std::fs::read(&first).unwrap(),
        archive.lock().unwrap().files[&format!("{KLINES}2024-02-28.zip")]
    );
    assert!(out.join("BTCUSDT-1m-2024-02-28.zip.CHECKSUM").exists());
    let parts = |name: &str| {
        let asked = std::mem::take(&mut archive.lock().unwrap().asked);
        asked.iter().filter(|asked| asked.starts_with(name)).cloned().collect::<Vec<_>>()
    };
    let name = "BTCUSDT-1m-2024-02-28.zip ";
    assert_eq!(parts(name), [0, 4_194_304, 8_388_608].map(|start| format!("{name}{start}")));
    run(&wanted, &url).unwrap();
    assert_eq!(parts(name), [""; 0], "what is there is not fetched again");
    // A fetch that was killed goes on; one that began with another file begins again.
    let bytes = std::fs::read(&first).unwrap();
    std::fs::remove_file(&first).unwrap();
    std::fs::write(out.join("BTCUSDT-1m-2024-02-28.zip.part"), &bytes[..9_000_000]).unwrap();
    run(&wanted, &url).unwrap();
    assert_eq!(parts(name), [format!("{name}9000000")]);
    archive.lock().unwrap().put(&format!("{KLINES}2024-02-28.zip"), 7);
    std::fs::write(out.join("BTCUSDT-1m-2024-02-28.zip.part"), &bytes[..9_000_000]).unwrap();
    run(&wanted, &url).unwrap();
    assert_eq!(parts(name).len(), 4);
    assert_ne!(std::fs::read(&first).unwrap(), bytes);
}

#[test]
fn best_prices_of_futures_are_in_the_archive() {
    let archive = Arc::new(Mutex::new(Archive { ranges: true, ..Archive::default() }));
    let path = "/data/futures/um/daily/bookTicker/BTCUSDT/BTCUSDT-bookTicker-2024-02-28.zip";
    archive.lock().unwrap().put(path, 0);
    let state = Arc::clone(&archive);
    let url = serve(move |asked| state.lock().unwrap().answer(asked));
    let out = folder("best-prices");
    let wanted = "binance --symbol BTCUSDT --kind bookTicker --market um --from 2024-02-28";
    run(&format!("{wanted} --out {}", out.display()), &url).unwrap();
    assert!(out.join("BTCUSDT-bookTicker-2024-02-28.zip").exists());
}

#[test]
fn a_file_that_is_not_what_its_checksum_says_gets_no_name() {
    let archive = Arc::new(Mutex::new(Archive { ranges: true, ..Archive::default() }));
    let path = format!("{KLINES}2024-02-28.zip");
    archive.lock().unwrap().put(&path, 0);
    archive.lock().unwrap().files.get_mut(&path).unwrap()[5_000_000] ^= 1;
    let state = Arc::clone(&archive);
    let url = serve(move |asked| state.lock().unwrap().answer(asked));
    let out = folder("damaged");
    let wanted = format!(
        "binance --symbol BTCUSDT --kind klines --interval 1m --from 2024-02-28 --out {}",
        out.display()
    );
    let error = run(&wanted, &url).unwrap_err();
    assert!(error.contains("BTCUSDT-1m-2024-02-28.zip: expected the SHA-256 "), "{error}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn a_site_that_gives_no_parts_is_told_at_once() {
    let archive = Arc::new(Mutex::new(Archive::default()));
    let path = format!("{KLINES}2024-02-28.zip");
    archive.lock().unwrap().put(&path, 0);
    let state = Arc::clone(&archive);
    let url = serve(move |asked| state.lock().unwrap().answer(asked));
    let out = folder("no-parts");
    let wanted = format!(
        "binance --symbol BTCUSDT --kind klines --interval 1m --from 2024-02-28 --out {}",
        out.display()
    );
    let error = run(&wanted, &url).unwrap_err();
    let expected = format!("{path}: expected bytes 0 to 4194303, found more than 8388608 bytes");
    assert!(error.starts_with(&expected), "{error}");
    let name = "BTCUSDT-1m-2024-02-28.zip";
    let asked = std::mem::take(&mut archive.lock().unwrap().asked);
    assert_eq!(asked, [format!("{name}.CHECKSUM 0"), format!("{name} 0")]);
    // The file, fetched by another program, is verified.
    std::fs::write(out.join(name), &archive.lock().unwrap().files[&path]).unwrap();
    run(&wanted, &url).unwrap();
    assert!(out.join(format!("{name}.CHECKSUM")).exists());
    // A file that fits into an answer is taken whole.
    archive.lock().unwrap().put_bytes(&format!("{KLINES}2024-02-29.zip"), 0, 5_000_000);
    run(&wanted.replace("02-28", "02-29"), &url).unwrap();
    assert!(out.join("BTCUSDT-1m-2024-02-29.zip").exists());
}

#[test]
fn what_cannot_be_asked_for_is_said_before_anything_is_asked() {
    let check = |arguments: &str, expected: &str| {
        let error = run(arguments, "http://127.0.0.1:1").unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    let klines = "binance --symbol BTCUSDT --kind klines --out x";
    check(&format!("{klines} --from 2024-02-28"), "--interval: expected the length of klines");
    check(&format!("{klines} --interval 1m --from 2024-02-30"), "expected a day or a time in UTC");
    check(&format!("{klines} --interval 1m --from 2199-02-28"), "expected a day that is over");
    check(
        "binance --symbol BTCUSDT --kind bookTicker --out x --from 2024-01-01",
        "expected --market um or cm",
    );
    check("binance --symbol btcusdt --kind trades --out x --from 2024-01-01", "in capitals");
    check("kraken --pair X/Y --from 2024-01-01 --out x", "--pair: expected a pair like XBTUSD");
    for url in ["localhost:80", "ftp://x", "http://", "http://a:b"] {
        assert!(web::site(url).unwrap_err().to_string().contains("--base-url: expected"));
    }
    check("kraken --pair X --from 2024-01-01 --out x --roots no.pem", "--roots no.pem: ");
    check("kraken --pair X --from 2024-01-01 --out x --roots Cargo.toml", "found none");
    assert!(Manners::new(Duration::ZERO).is_err());
}

#[test]
fn a_site_that_is_gone_is_given_up() {
    let url = serve(|_| (500, String::new(), Vec::new()));
    let out = folder("gone").join("x.csv");
    let wanted = format!("kraken --pair XBTUSD --from 2023-11-14 --out {}", out.display());
    let error = run(&wanted, &url).unwrap_err();
    assert!(error.contains("no answer after 6 attempts: status 500"), "{error}");
}
