//! What a sweep shows while it runs.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use report::Tally;

/// Time between two drawings when nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// A bar on the terminal, or none.
pub(in crate::commands) struct Bar(ProgressBar);

impl Bar {
    /// The bar of a sweep, with what is done already.
    pub(super) fn of_sweep(runs: u64, tally: &Tally, quiet: bool) -> Self {
        let bar = Self::new(runs, "{bar:30} {pos}/{len} runs, {per_sec}, {msg}, {eta} left", quiet);
        // The rate counts from here.
        bar.0.set_position(tally.done());
        bar.0.reset_eta();
        bar.show(tally);
        bar
    }

    /// The bar of a reduction.
    pub(in crate::commands) fn of_reduction(check: &str, runs: u32, quiet: bool) -> Self {
        let template = "reducing {prefix}: {bar:20} run {pos} of at most {len}, {msg}";
        let bar = Self::new(u64::from(runs), template, quiet);
        bar.0.set_prefix(check.to_owned());
        bar
    }

    fn new(length: u64, template: &str, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    pub(super) fn show(&self, tally: &Tally) {
        self.0.set_position(tally.done());
        let failed = tally.failed();
        self.0.set_message(format!("{failed} failed"));
    }

    pub(in crate::commands) fn look(&self, runs: u32, faults: usize) {
        self.0.set_position(u64::from(runs));
        self.0.set_message(format!("{faults} faults left"));
    }

    pub(in crate::commands) fn end(&self) {
        self.0.finish_and_clear();
    }
}
