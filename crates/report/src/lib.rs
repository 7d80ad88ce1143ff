//! What people and tools read of a run or a backtest: text for terminals, one JSON object, JSON Lines,
//! CSV, pages.
//!
//! Everything is made from the history, the verdicts of the checks, and what the caller says about
//! the run. No I/O but the writers that are passed in, no clock, no environment: the same input gives
//! the same text. Floats occur only here and only in times and ratios; money stays a decimal text.

mod backtest;
mod breaker_timeline;
mod diff;
mod explain;
mod export;
mod failure;
mod meta;
mod record;
mod sweep;
mod text;
mod units;

#[cfg(test)]
mod samples;

pub use backtest::{
    BACKTEST_FILES, BacktestAbout, BacktestReport, FileHash, Finding, FoldRow, GRID_FILES,
    GridReport, GridRow, Objective,
};
pub use breaker_timeline::breaker_timeline;
pub use diff::render_diff;
pub use explain::render_explanation;
pub use export::{fills_csv, history_jsonl, read_history};
pub use failure::{render_failure, render_verdict};
pub use meta::{RunMeta, TapeMeta};
pub use record::{
    BreakerRecord, CallCounts, CheckRecord, CheckVerdict, Failure, FaultRecord, FillRecord,
    OrderRecord, OrderType, PhaseRecord, RunRecord, RunVerdict, SCHEMA, StreamChange, StreamRecord,
    TapeRecord, Transition, ViolationRecord,
};
pub use sweep::{
    Coverage, CoverageRow, FailureClass, FailureGroup, SWEEP_SCHEMA, SeedFailure, SeedRecord,
    SweepAbout, SweepReport, SweepTime, SweepVerdict, Tally, github_annotations, junit_xml,
    render_sweep, render_sweep_verdict,
};
pub use text::{TextStyle, render_text};
