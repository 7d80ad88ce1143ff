//! One dial with a bound, for both protocols.

use std::sync::Arc;
use std::time::Duration;

use platform::{BoxStream, ConnectError, Connector, Endpoint};
use thiserror::Error;

/// A dial that led to no stream. Nothing was sent.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum DialError {
    /// The connector reported a failure.
    #[error("{0}")]
    Failed(#[source] Arc<ConnectError>),
    /// Neither a stream nor a failure came in time.
    #[error("no connection to {endpoint} within {after:?}")]
    TimedOut {
        /// Where to.
        endpoint: Endpoint,
        /// The bound that ran out.
        after: Duration,
    },
}

impl From<ConnectError> for DialError {
    fn from(error: ConnectError) -> Self {
        Self::Failed(Arc::new(error))
    }
}

/// Dials, for at most `bound`.
pub(crate) async fn dial(
    connector: &dyn Connector,
    endpoint: &Endpoint,
    bound: Duration,
) -> Result<BoxStream, DialError> {
    match tokio::time::timeout(bound, connector.connect(endpoint)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(DialError::TimedOut { endpoint: endpoint.clone(), after: bound }),
    }
}
