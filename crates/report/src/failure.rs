//! The few lines that tell the verdict: one for a quiet run, three for a failure.

use crate::record::{RunRecord, RunVerdict};
use crate::text::speed;

/// One line without its end: verdict, scenario, seed, digest, speed.
pub fn render_verdict(record: &RunRecord) -> String {
    let verdict = match record.verdict {
        RunVerdict::Pass => "PASS",
        RunVerdict::Fail => "FAIL",
        RunVerdict::Unjudged => "UNJUDGED",
    };
    let RunRecord { scenario, seed, digest, .. } = record;
    let speed = speed(record);
    format!("{verdict} scenario={scenario} seed={seed:#x} digest={digest}, {speed}")
}

/// The last lines of a failed run: what failed, how to run it again, where it is saved.
///
/// `repro` is the command that repeats the run, [`RunRecord::failure`] tells until when it has to;
/// `saved` is a folder. Empty for a run in which nothing failed.
pub fn render_failure(record: &RunRecord, repro: &str, saved: &str) -> String {
    let Some(failure) = record.failure() else {
        return String::new();
    };
    let RunRecord { scenario, seed, digest, .. } = record;
    let (class, check) = (failure.class.as_str(), &failure.check);
    let ms = failure.at.as_millis();
    let at = format!("{}.{:03}s", ms / 1_000, ms % 1_000);
    format!(
        "FAIL {class} {check} scenario={scenario} seed={seed:#x} at={at} digest={digest}\n\
         repro: {repro}\n\
         saved: {saved}\n"
    )
}

#[cfg(test)]
mod tests;
