//! Waits that grow from try to try.

use std::time::Duration;

use platform::EntropyStream;
use resilience::BackoffConfig;

/// The waits of one task.
#[derive(Debug)]
pub(crate) struct Backoff {
    config: BackoffConfig,
    rng: EntropyStream,
    tries: u32,
}

impl Backoff {
    pub(crate) fn new(config: BackoffConfig, rng: EntropyStream) -> Self {
        Self { config, rng, tries: 0 }
    }

    /// Sleeps before the next try.
    pub(crate) async fn wait(&mut self) {
        let delay: Duration = self.config.delay(self.tries, &mut self.rng);
        self.tries = self.tries.saturating_add(1);
        tokio::time::sleep(delay).await;
    }
}
