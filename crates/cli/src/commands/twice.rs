//! `--twice`: the proof that a run repeats.
//!
//! Each way of running again catches another leak: another process catches randomness and addresses
//! of the machine; a rerun behind another seed catches state that a run leaves behind; two threads
//! at once catch state that runs share.

use std::io::Write as _;
use std::process::Command;
use std::thread;

use anyhow::{Context as _, anyhow};
use model::history::Record;
use serde_json::Value;
use sim::{Outcome, Progress, Setup, simulate};

use crate::Exit;
use crate::args::RunArgs;

/// Runs the setup again in every way and compares with what the first run gave.
pub(crate) fn prove(args: &RunArgs, setup: &Setup, first: &Outcome) -> anyhow::Result<Exit> {
    // The verdict holds whether anybody reads it or not.
    let mut err = std::io::stderr().lock();
    let other_process = digest_of_child(args, setup)?;
    if other_process != first.digest {
        drop(writeln!(
            err,
            "DIFFERS in another process: {other_process}, expected {}",
            first.digest
        ));
        return Ok(Exit::Differs);
    }
    let mut other = setup.clone();
    other.seed = setup.seed.wrapping_add(1);
    other.plan = other.scenario.plan(other.seed);
    let in_between = simulate(&other, &Progress::default())?;
    if in_between.digest == first.digest {
        drop(writeln!(err, "DIFFERS: another seed gave the same digest, so it proves nothing"));
        return Ok(Exit::Differs);
    }
    let again = simulate(setup, &Progress::default())?;
    let (left, right) = on_two_threads(setup)?;
    let reruns =
        [("after another run", again), ("on one thread", left), ("on another thread", right)];
    for (how, outcome) in reruns {
        if let Some(difference) = first_difference(&first.history, &outcome.history) {
            drop(writeln!(err, "DIFFERS {how}: {difference}"));
            return Ok(Exit::Differs);
        }
    }
    writeln!(
        err,
        "repeats: {} in another process, after another run, on two threads",
        first.digest
    )?;
    Ok(Exit::Pass)
}

/// The digest of the same run in a process of its own.
fn digest_of_child(args: &RunArgs, setup: &Setup) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program cannot find itself")?;
    let mut command = Command::new(program);
    command.arg("run").arg(&args.scenario).args(["--quiet", "--format", "json", "--seed"]);
    command.arg(scenario::format_seed(setup.seed));
    if let Some(tape) = &args.tape {
        command.arg("--tape").arg(tape);
    }
    let output = command.output().context("the run in another process cannot be started")?;
    let record: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        format!("the run in another process gave no record: {said}")
    })?;
    let digest = record["digest"].as_str().ok_or_else(|| anyhow!("the record has no digest"))?;
    Ok(digest.to_owned())
}

fn on_two_threads(setup: &Setup) -> anyhow::Result<(Outcome, Outcome)> {
    thread::scope(|scope| {
        let left = scope.spawn(|| simulate(setup, &Progress::default()));
        let right = simulate(setup, &Progress::default())?;
        let left = left.join().map_err(|_| anyhow!("the thread of a run panicked"))??;
        Ok((left, right))
    })
}

/// The first event at which two histories part, as a line.
fn first_difference(expected: &[Record], found: &[Record]) -> Option<String> {
    let parted = expected.iter().zip(found).find(|(expected, found)| expected != found);
    if let Some((expected, found)) = parted {
        return Some(format!("expected `{expected}`, found `{found}`"));
    }
    let (expected, found) = (expected.len(), found.len());
    (expected != found).then(|| format!("expected {expected} events, found {found}"))
}

#[cfg(test)]
mod tests {
    use model::history::{Event, WorldEvent};

    use super::*;

    fn history(struck: &[u64]) -> Vec<Record> {
        let record = |(seq, struck): (u64, &u64)| Record {
            seq,
            at_ns: seq * 1_000_000,
            host: "world".to_owned(),
            event: Event::World(WorldEvent::FaultEnded { fault: 0, struck: *struck }),
        };
        (0..).zip(struck).map(record).collect()
    }

    #[test]
    fn the_first_event_that_differs_is_shown() {
        let expected = history(&[1, 2, 3]);
        assert_eq!(first_difference(&expected, &history(&[1, 2, 3])), None);
        assert_eq!(
            first_difference(&expected, &history(&[1, 5, 6])).as_deref(),
            Some(
                "expected `[t1 e1] world fault 0 ends, struck 2 times`, \
                 found `[t1 e1] world fault 0 ends, struck 5 times`"
            )
        );
        assert_eq!(
            first_difference(&expected, &history(&[1, 2])).as_deref(),
            Some("expected 3 events, found 2")
        );
    }
}
