//! Recorded traffic, which stays outside of the repository.

use std::io::Read as _;
use std::path::Path;

/// A file of the shared folder beside the repository; `None` where there is none, except in CI.
#[expect(clippy::disallowed_methods, reason = "tests of CI must not be skipped silently")]
pub(crate) fn shared(path: &str) -> Option<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let file = Path::new(root).join(path);
    match std::fs::read(&file) {
        Ok(bytes) if path.ends_with(".gz") => {
            let mut text = String::new();
            let unpacked = flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text);
            unpacked.expect("a recording is packed text");
            Some(text)
        }
        Ok(bytes) => Some(String::from_utf8(bytes).expect("UTF-8")),
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
            panic!("{}: {error}", file.display())
        }
        Err(_) => {
            println!("skipped: {} is missing", file.display());
            None
        }
    }
}

/// The `body` of a sample of the protocol reference.
pub(crate) fn sample(name: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Sample {
        body: Box<serde_json::value::RawValue>,
    }
    let text = shared(&format!("reference/kraken-samples/{name}.json"))?;
    let sample: Sample = serde_json::from_str(&text).expect("a sample has a body");
    Some(sample.body.get().to_owned())
}

/// The messages of a recording, in order.
pub(crate) fn recording(name: &str) -> Option<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Line {
        frame: String,
    }
    let text = shared(&format!("data/kraken/ws_v2/{name}.ndjson"))?;
    let frame = |line: &str| {
        let line: Line = serde_json::from_str(line).expect("a line has a frame");
        line.frame
    };
    Some(text.lines().map(frame).collect())
}

/// The messages that a recorder of several venues received, in order, and the answers to its requests.
pub(crate) fn v1_recording() -> Option<(Vec<String>, Vec<String>)> {
    #[derive(serde::Deserialize)]
    struct Line {
        t: String,
        #[serde(default)]
        data: String,
    }
    let path = "data/kraken/ws_v1/KRAKEN_2021-04-17_10pairs_trade_ticker_book1000.jsonl.gz";
    let text = shared(path)?;
    let (mut frames, mut answers) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).expect("a line has a kind");
        match line.t.as_str() {
            "recv" => frames.push(line.data),
            "http" => answers.push(line.data),
            _ => {}
        }
    }
    Some((frames, answers))
}
