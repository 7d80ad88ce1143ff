use super::*;
use crate::audit::AuditSink;

/// Remembers every event as text.
#[derive(Debug, Default)]
struct Memory(Mutex<Vec<String>>);

impl AuditSink for Memory {
    fn record(&self, event: AuditEvent) {
        self.0.lock().push(event.to_string());
    }
}

fn registry() -> (HealthRegistry, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    (HealthRegistry::new(Auditor::new(memory.clone())), memory)
}

fn overall(registry: &HealthRegistry) -> Overall {
    registry.snapshot().overall
}

#[tokio::test(start_paused = true)]
async fn the_whole_is_as_its_worst_critical_part() {
    let (registry, _) = registry();
    assert_eq!(overall(&registry), Overall::Up);
    let venue = registry.declare("venue", Criticality::Critical);
    let sink = registry.declare("sink", Criticality::NonCritical);
    assert_eq!(overall(&registry), Overall::Down, "the venue is not heard of yet");
    venue.up();
    assert_eq!(overall(&registry), Overall::Degraded, "the sink is not heard of yet");
    sink.up();
    assert_eq!(overall(&registry), Overall::Up);
    venue.degraded("slow");
    assert_eq!(overall(&registry), Overall::Degraded);
    venue.down("gone");
    sink.down("gone");
    assert_eq!(overall(&registry), Overall::Down);
    registry.stopping();
    assert_eq!(overall(&registry), Overall::Stopping);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_once_and_a_new_reason_is_only_kept() {
    let (registry, memory) = registry();
    let sink = registry.declare("sink", Criticality::NonCritical);
    assert!(memory.0.lock().is_empty(), "that it is declared is no news");
    sink.down("refused");
    sink.down("refused");
    sink.up();
    sink.up();
    sink.down("refused");
    tokio::time::advance(Duration::from_secs(3)).await;
    sink.down("timeout");
    let told = memory.0.lock().clone();
    let down = "dependency sink (not critical) is down: refused";
    assert_eq!(told, [down, "dependency sink (not critical) is up", down]);
    let now = registry.snapshot().dependencies.remove(0);
    assert_eq!((now.state, now.reason.as_str()), (HealthState::Down, "timeout"));
    assert_eq!(now.lasts, Duration::from_secs(3), "a new reason does not restart the time");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_one_dependency_and_critical_if_anybody_says_so() {
    let (registry, _) = registry();
    let one = registry.declare("sink", Criticality::NonCritical);
    let other = registry.declare("sink", Criticality::Critical);
    one.down("gone");
    assert_eq!(overall(&registry), Overall::Down);
    other.up();
    assert_eq!(registry.snapshot().dependencies.len(), 1);
    assert_eq!(overall(&registry), Overall::Up);
}

#[tokio::test(start_paused = true)]
async fn a_reason_is_bounded() {
    let (registry, _) = registry();
    registry.declare("sink", Criticality::Critical).down(&"ä".repeat(10_000));
    let reason = registry.snapshot().dependencies.remove(0).reason;
    assert_eq!(reason.chars().count(), REASON_LENGTH_MAX + 3);
}

#[tokio::test]
async fn a_change_is_logged_once_with_where_it_comes_from() {
    let (log, _guard) = testkit::Log::start();
    let registry = HealthRegistry::new(Auditor::new(Arc::new(crate::LogAudit)));
    let reporter = registry.declare("influxdb", Criticality::NonCritical);
    reporter.up();
    reporter.up_with("at once");
    reporter.degraded("slow");
    let expected = [
        "INFO dependency changed dependency=influxdb critical=false from=down to=up reason=",
        "WARN dependency changed dependency=influxdb critical=false from=up to=degraded reason=slow",
    ];
    assert_eq!(log.lines(), expected);
}
