//! Lines for somebody who may not read them.
//!
//! A thread of its own writes: a terminal that is held, or a pipe that nobody reads, must hold nobody
//! else. Lines that find no room are left out, counted, and told as soon as something is read again.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use parking_lot::Mutex;

/// Lines that may wait for their reader.
const WAITING_MAX: usize = 1_024;
/// Bytes of a line; the rest is left out.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Time between two looks whether the last line was taken.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Writes lines. Cheap to clone; clones share the thread.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lines: Mutex<Option<SyncSender<Vec<u8>>>>,
    lost: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Printer {
    /// Begins to write; `open` is called on the thread. `what` is its name, and what is missing when
    /// lines were lost.
    pub(crate) fn start<W: Write>(
        what: &'static str,
        open: impl FnOnce() -> W + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (lines, waiting) = mpsc::sync_channel::<Vec<u8>>(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let losses = Arc::clone(&lost);
        let write = move || {
            let mut out = open();
            // A reader that is gone is no reason to stop.
            let mut put = |line: &[u8]| drop(out.write_all(line).and_then(|()| out.flush()));
            for line in waiting {
                put(&line);
                let lost = losses.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    put(format!("({lost} {what} lines were left out: nobody read them)\n")
                        .as_bytes());
                }
            }
        };
        let writer = thread::Builder::new().name(what.to_owned()).spawn(write);
        let writer = Mutex::new(Some(writer.context("no thread")?));
        let shared = Shared { lines: Mutex::new(Some(lines)), lost, writer };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Writes a line, with its end, if there is room for it. Never waits.
    pub(crate) fn say(&self, mut line: Vec<u8>) {
        if line.len() > LINE_BYTES_MAX {
            line.truncate(LINE_BYTES_MAX);
            line.push(b'\n');
        }
        let lines = self.shared.lines.lock();
        if let Some(Err(TrySendError::Full(_))) = lines.as_ref().map(|lines| lines.try_send(line)) {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes no more lines and waits until the last one is written, but no longer than `within`.
    pub(crate) fn end(&self, within: Duration) {
        drop(self.shared.lines.lock().take());
        let writer = self.shared.writer.lock().take();
        let until = Instant::now() + within;
        while writer.as_ref().is_some_and(|writer| !writer.is_finished()) && Instant::now() < until
        {
            thread::sleep(LOOK_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Receiver, Sender};

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const PATIENCE: Duration = Duration::from_secs(30);

    /// A pipe whose reader takes a line only when told to.
    struct Pipe {
        may: Receiver<()>,
        taken: Sender<String>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.may.recv().ok();
            drop(self.taken.send(String::from_utf8_lossy(bytes).trim_end().to_owned()));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pipe() -> (Printer, SyncSender<()>, Receiver<String>) {
        let (let_pass, may) = mpsc::sync_channel(10_000);
        let (taken, lines) = mpsc::channel();
        let printer = Printer::start("test", move || Pipe { may, taken }).expect("a thread");
        (printer, let_pass, lines)
    }

    fn say(printer: &Printer, line: &str) {
        printer.say(format!("{line}\n").into_bytes());
    }

    #[test]
    fn nobody_waits_for_a_reader_and_losses_are_told() {
        let (printer, let_pass, lines) = pipe();
        for number in 0..3_000 {
            say(&printer, &number.to_string());
        }
        // So many wait, and perhaps one is on its way.
        for _ in 0..10_000 {
            let_pass.try_send(()).ok();
        }
        assert_eq!(lines.recv_timeout(PATIENCE).as_deref(), Ok("0"));
        let told = lines.recv_timeout(PATIENCE).expect("told at once");
        let lost: usize = told
            .trim_start_matches('(')
            .split(' ')
            .next()
            .expect("a word")
            .parse()
            .expect("a number");
        assert!((3_000 - WAITING_MAX - 1..=3_000 - WAITING_MAX).contains(&lost), "{told}");
        assert!(told.ends_with(" test lines were left out: nobody read them)"), "{told}");
        say(&printer, "the last");
        printer.end(PATIENCE);
        assert_eq!(lines.try_iter().last().as_deref(), Some("the last"));
    }

    #[test]
    fn the_end_waits_for_the_last_words_but_not_for_ever() {
        let (printer, let_pass, lines) = pipe();
        say(&printer, "never read");
        let begun = Instant::now();
        printer.end(SOON);
        assert!(begun.elapsed() < PATIENCE);
        assert!(lines.try_recv().is_err());
        // What comes after the end is nobody's.
        say(&printer, "too late");
        drop(let_pass);

        let (printer, let_pass, lines) = pipe();
        say(&printer, "the last words");
        drop(let_pass);
        printer.end(PATIENCE);
        assert_eq!(lines.try_recv().as_deref(), Ok("the last words"));
    }

    #[test]
    fn a_line_has_a_longest_length() {
        let (printer, let_pass, lines) = pipe();
        drop(let_pass);
        say(&printer, &"x".repeat(2 * LINE_BYTES_MAX));
        printer.end(PATIENCE);
        assert_eq!(lines.recv().expect("a line").len(), LINE_BYTES_MAX);
    }
}
