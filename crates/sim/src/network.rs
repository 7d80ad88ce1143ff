//! The seam to the engine that carries the simulation: hosts, links, virtual time.
//!
//! turmoil is the engine today. Nothing here needs ticks or names it, so that an event-driven one
//! can come beside it. Faults below are per pair of hosts; faults per connection belong to the
//! streams, faults of the protocol to the venues.

pub(crate) mod turmoil;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use platform::{BoxFuture, BoxStream, Listener};

use crate::error::SimError;

/// The network as the host sees it that is running at the moment of a call.
///
/// Only usable inside a host's program; one value serves every host.
pub(crate) trait HostNetwork: fmt::Debug + Send + Sync + 'static {
    /// Dials another host by name.
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<BoxStream>>;

    /// Listens on a port of this host.
    fn listen(&self, port: u16) -> BoxFuture<'_, io::Result<Box<dyn Listener>>>;

    /// Virtual time since the start of the run; `None` when no host is running.
    fn elapsed(&self) -> Option<Duration>;
}

/// What runs on a host. Called once per start of the host.
pub(crate) type HostProgram = Box<dyn Fn() -> BoxFuture<'static, ()>>;

/// A world of hosts on one virtual clock.
pub(crate) trait Network {
    /// The inside view, for the programs of the hosts.
    fn inside(&self) -> Arc<dyn HostNetwork>;

    /// Adds a host; its program starts with the next step.
    fn add_host(&mut self, name: &str, program: HostProgram);

    /// Stops all traffic between two hosts, both ways. Nothing is lost: dials and bytes wait.
    fn hold(&mut self, a: &str, b: &str);

    /// Lets the traffic between two hosts flow again, from where it stopped.
    fn release(&mut self, a: &str, b: &str);

    /// Ends a host's program at once, in the middle of everything.
    fn crash(&mut self, name: &str);

    /// Starts a host's program anew.
    fn start(&mut self, name: &str);

    /// Advances virtual time by one small step.
    ///
    /// # Errors
    /// A program panicked.
    fn step(&mut self) -> Result<(), SimError>;

    /// Virtual time since the start of the run.
    fn elapsed(&self) -> Duration;
}

#[cfg(test)]
mod tests;
