//! The `wavetank` program: arguments, files, exit codes.
//!
//! The only crate that reads the machine's clock, arguments and environment, and that prints.

mod args;
mod commands;
mod exit;
mod printer;
mod progress;
mod signals;
mod url;
mod words;

use std::process::ExitCode;

use crate::args::{Arguments, Command};
use crate::exit::Exit;
use clap::Parser;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let done = match &arguments.command {
        Command::Run(run) => commands::run::execute(run),
        Command::Sweep(sweep) => commands::sweep::execute(sweep),
        Command::Reduce(reduce) => commands::reduce::execute(reduce),
        Command::Explain(explain) => commands::explain::execute(explain),
        Command::Diff(diff) => commands::diff::execute(diff),
        Command::Schema => commands::schema::execute(),
        Command::Plan(plan) => commands::plan::execute(plan),
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
