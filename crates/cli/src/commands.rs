//! One module per command.

pub(crate) mod run;
pub(crate) mod scenarios;
pub(crate) mod tape;
mod twice;
