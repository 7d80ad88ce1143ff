//! Standard error of a program that runs for long: its log, and its last words.

use std::io::{self, Write};
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::printer::Printer;

/// Longest wait for a reader at an end in order.
const IN_ORDER_MAX: Duration = Duration::from_secs(2);
/// Longest wait for a reader when the program is to end at once.
const AT_ONCE_MAX: Duration = Duration::from_millis(200);

/// Everything that goes to standard error, one after the other, and nobody waits for its reader.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    printer: Printer,
}

impl Words {
    /// Starts, with a log if there is a filter for it. The log has the time of the real clock.
    pub(crate) fn start(filter: Option<&str>) -> anyhow::Result<Self> {
        let words = Self { printer: Printer::start("log", io::stderr)? };
        if let Some(filter) = filter {
            let filter = EnvFilter::try_new(filter)?;
            let log = tracing_subscriber::fmt().with_writer(words.clone());
            // Plain, and of `tracing` alone, whatever features of the subscriber another crate asks for.
            let log = log.with_ansi(false).with_env_filter(filter).finish();
            tracing::subscriber::set_global_default(log)?;
        }
        Ok(words)
    }

    /// Says a line that is no part of the log.
    pub(crate) fn say(&self, line: &str) {
        self.printer.say(format!("{line}\n").into_bytes());
    }

    /// What was said is read, or time is up.
    pub(crate) fn end(&self) {
        self.printer.end(IN_ORDER_MAX);
    }

    /// The last line of a program that is to end at once.
    pub(crate) fn last(&self, line: &str) {
        self.say(line);
        self.printer.end(AT_ONCE_MAX);
    }
}

impl<'a> MakeWriter<'a> for Words {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { printer: self.printer.clone() }
    }
}

/// Takes one event of the log, which is written as a whole.
#[derive(Debug)]
pub(crate) struct Line {
    printer: Printer,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.printer.say(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
