//! The seams between the trading system and the world, with their real versions.
//!
//! Wall time ([`Clock`]), randomness ([`Entropy`]), byte streams ([`Connector`] and [`Binder`]), tasks
//! ([`Tasks`], [`TaskGroup`]), the audit trail ([`Auditor`]) and the health of what the node depends on ([`health`]). Production code takes a [`Platform`] and never
//! learns whether a simulator stands behind it. Durations and timers are not here: everybody uses
//! `tokio::time`.

mod audit;
mod binder;
mod clock;
mod connector;
mod entropy;
mod exposition;
pub mod health;
mod task_group;
mod tasks;

pub use audit::{AuditSink, AuditTap, AuditedCall, Auditor, LogAudit};
pub use binder::{BindError, Binder, Listener, TcpBinder};
pub use clock::{Clock, SystemClock};
pub use connector::{
    BoxStream, ByteStream, ConnectError, ConnectErrorKind, Connector, Endpoint, TcpConnector,
};
pub use entropy::{Entropy, EntropyStream};
pub use exposition::Exposition;
pub use task_group::{
    GroupError, Spawner, TaskError, TaskFailure, TaskGroup, TaskResult, TaskState, TaskStatus,
};
pub use tasks::{TaskShell, Tasks};

use std::pin::Pin;
use std::sync::Arc;

/// A boxed future that may cross threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything that the trading system takes from its surroundings. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, by named streams.
    pub entropy: Entropy,
    /// Where its tasks are at home.
    pub tasks: Tasks,
    /// Byte streams to other hosts.
    pub connector: Arc<dyn Connector>,
    /// Byte streams from other hosts.
    pub binder: Arc<dyn Binder>,
    /// The audit trail.
    pub auditor: Auditor,
    /// The metrics, as text.
    pub exposition: Exposition,
}
