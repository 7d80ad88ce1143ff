//! Recorded traffic, which stays outside of the repository.

use std::path::Path;

/// A file of the shared folder beside the repository; `None` where there is none, except in CI.
#[expect(clippy::disallowed_methods, reason = "tests of CI must not be skipped silently")]
pub(crate) fn shared(path: &str) -> Option<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let file = Path::new(root).join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
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
