//! What the surroundings' recorder of metrics has to show.

use std::fmt;
use std::sync::Arc;

/// Renders every metric of the process as text, in Prometheus' format 0.0.4. Cheap to clone.
///
/// Metrics are written through the `metrics` facade, whose recorder belongs to whoever runs the node.
#[derive(Clone)]
pub struct Exposition(Arc<dyn Fn() -> String + Send + Sync>);

impl Exposition {
    /// Shows what `render` returns.
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }

    /// Without a recorder: an empty text.
    pub fn none() -> Self {
        Self::new(String::new)
    }

    /// The text now.
    pub fn render(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposition(..)")
    }
}
