//! A bar on the terminal while a run takes its time.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sim::Progress;

/// Time between two looks at the run.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs `work` while a bar shows how far it is; without a terminal there is no bar.
pub(crate) fn shown<T>(length: Duration, quiet: bool, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    if quiet || !std::io::stderr().is_terminal() {
        return work(&progress);
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| draw(&progress, length, &done));
        let result = work(&progress);
        done.store(true, Ordering::Relaxed);
        result
    })
}

fn draw(progress: &Progress, length: Duration, done: &AtomicBool) {
    let bar = ProgressBar::new(length.as_secs());
    let style = ProgressStyle::with_template("simulating {bar:40} {msg}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !done.load(Ordering::Relaxed) {
        let seconds = progress.simulated().as_secs();
        bar.set_position(seconds);
        bar.set_message(format!(
            "{:02}:{:02} of {:02}:00",
            seconds / 60,
            seconds % 60,
            length.as_secs() / 60
        ));
        thread::sleep(LOOK_EVERY);
    }
    bar.finish_and_clear();
}
