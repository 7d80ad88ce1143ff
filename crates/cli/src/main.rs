//! The `wavetank` program: arguments, files, exit codes.
//!
//! The only crate that reads the machine's clock, arguments and environment, and that prints.

mod args;
mod commands;
mod exit;
mod progress;
mod signals;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let done = match &arguments.command {
        Command::Run(run) => commands::run::execute(run),
        Command::Backtest(backtest) => commands::backtest::execute(backtest),
        Command::Scenarios(scenarios) => commands::scenarios::execute(scenarios),
        Command::Tape(tape) => commands::tape::execute(tape),
        Command::Serve(serve) => commands::serve::execute(serve),
        Command::Trade(trade) => commands::trade::execute(trade),
    };
    match done {
        Ok(exit) => exit.code(),
        Err(error) => exit::failed(&error),
    }
}

/// Starts the log of a program on the real clock, with its time.
fn start_log(filter: Option<&str>) -> anyhow::Result<()> {
    if let Some(filter) = filter {
        let filter = EnvFilter::try_new(filter)?;
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
        log.with_env_filter(filter).init();
    }
    Ok(())
}
