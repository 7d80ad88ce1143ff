mod http;
mod mutated;
mod sessions;
mod struck;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use model::UnixNanos;
use platform::{Clock, Entropy, TaskGroup};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, timeout};

use crate::kraken::fixture::{Memory, NOW, config};
use crate::kraken::{KrakenSim, Role};

/// Wall time that follows tokio's.
#[derive(Debug)]
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> UnixNanos {
        NOW.plus(self.0.elapsed())
    }
}

/// A venue on a paused clock, and the tasks that serve it.
struct World {
    sim: KrakenSim,
    memory: Arc<Memory>,
    tasks: TaskGroup,
}

impl World {
    fn new() -> Self {
        let memory = Arc::new(Memory::default());
        let clock = Arc::new(TestClock(Instant::now()));
        let sink = Arc::clone(&memory);
        let sim = KrakenSim::new(config(), clock, Entropy::from_seed(1), sink).unwrap();
        Self { sim, memory, tasks: TaskGroup::new("venue") }
    }

    /// Opens a connection whose pipe holds `window` bytes in each direction.
    fn connect(&self, role: Role, window: usize) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(window);
        let (sim, spawner) = (self.sim.clone(), self.tasks.spawner());
        self.tasks.spawner().spawn("connections", "connection", async move {
            let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
            sim.serve_connection(role, from, Box::new(theirs), spawner).await;
            Ok(())
        });
        ours
    }

    fn running(&self) -> usize {
        let status = self.tasks.status();
        let running = |task: &&platform::TaskStatus| task.state == platform::TaskState::Running;
        status.iter().filter(running).count()
    }
}

/// Reads until the text ends with `end`.
async fn read_until(stream: &mut DuplexStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}
