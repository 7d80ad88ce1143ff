//! A host from which somebody visits the others: a person's browser, a scraper of metrics.

use std::fmt;
use std::sync::Arc;

use platform::{BoxFuture, Connector};

use crate::links::Links;
use crate::network::HostNetwork;
use crate::sockets::{OpenStreams, SimConnector};

/// Name of the host.
pub(crate) const VISITOR: &str = "visitor";

/// A program that runs on the visitor's host, from the start of the run. It gets the host's network.
pub type VisitorProgram = Arc<dyn Fn(Arc<dyn Connector>) -> BoxFuture<'static, ()> + Send + Sync>;

/// Everything that the host needs.
#[derive(Clone)]
pub(crate) struct VisitorHost {
    pub(crate) program: VisitorProgram,
    pub(crate) network: Arc<dyn HostNetwork>,
}

impl fmt::Debug for VisitorHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorHost(..)")
    }
}

impl VisitorHost {
    pub(crate) async fn run(self) {
        let connector = SimConnector {
            network: self.network,
            open: OpenStreams::default(),
            links: Links::default(),
        };
        (self.program)(Arc::new(connector)).await;
    }
}
