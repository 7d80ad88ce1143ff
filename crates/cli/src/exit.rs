//! Exit codes, and how a failure is said.

use std::process::ExitCode;
use std::time::Duration;

use checks::Class;

use crate::printer::Printer;

/// Longest wait for a reader of the last words.
const LAST_WORDS_MAX: Duration = Duration::from_secs(2);

/// How the program ends. A panic ends with 101, which is Rust's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything held.
    Pass,
    /// A check of this class failed: 2 safety, 3 liveness.
    Failed(Class),
    /// Equal runs gave different digests: 4.
    Differs,
    /// The node could not start: 1. It has been told.
    NotStarted,
    /// The node ended, but orders may still be open at the venue: 2.
    OrdersLeft,
    /// A part of the node failed, or did not stop: 3.
    PartFailed,
    /// A second signal ended the program at once: 130.
    Interrupted,
    /// A file was read and refused, as for unreadable input: 1.
    Refused,
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Pass => 0,
            Self::Failed(class) => class.exit_code(),
            Self::Differs => 4,
            Self::NotStarted => 1,
            Self::OrdersLeft => 2,
            Self::PartFailed => 3,
            Self::Interrupted => 130,
            Self::Refused => 1,
        })
    }
}

/// Help and version end well; wrong arguments end with 1.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to tell when the terminal is gone.
    drop(error.print());
    if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// One line for an error with its causes, and exit code 1.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    // Nobody is waited for who does not read.
    if let Ok(printer) = Printer::start("error", std::io::stderr) {
        printer.say(format!("error: {error:#}\n").into_bytes());
        printer.end(LAST_WORDS_MAX);
    }
    ExitCode::from(1)
}

/// What was said to nobody counts as said: `wavetank … | head` is no failure.
pub(crate) fn unless_unread(said: anyhow::Result<()>) -> anyhow::Result<()> {
    said.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let plain = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    let json = || error.downcast_ref::<serde_json::Error>()?.io_error_kind();
    plain.or_else(json) == Some(std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_code() {
        let check = |exit: Exit, code: u8| {
            assert_eq!(format!("{:?}", exit.code()), format!("{:?}", ExitCode::from(code)));
        };
        check(Exit::Pass, 0);
        check(Exit::Failed(Class::Safety), 2);
        check(Exit::Failed(Class::Liveness), 3);
        check(Exit::Differs, 4);
        check(Exit::NotStarted, 1);
        check(Exit::OrdersLeft, 2);
        check(Exit::PartFailed, 3);
        check(Exit::Interrupted, 130);
        check(Exit::Refused, 1);
    }
}
