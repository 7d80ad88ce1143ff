//! Whole-system tests: rules of the repository, the main job, determinism, planted faults.

mod backtest;
mod bad_input;
mod bans;
mod broken_parts;
mod clients;
mod command_line;
mod determinism;
mod endpoint;
mod incidents;
mod layers;
mod lost_answers;
mod main_job;
mod mechanisms;
mod node_ends;
mod node_shutdown;
mod pages;
mod planted_faults;
mod real_sockets;
mod sabotage;
mod served_venue;
mod sink_down;
mod support;
mod tidy;
mod trade_config;
mod venue_limits;
