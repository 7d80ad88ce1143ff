//! What the log tells of a lane.

use platform::LogAudit;
use testkit::Log;

use super::*;

/// With the audit trail that a live node has.
#[tokio::test(start_paused = true)]
async fn a_change_of_the_breaker_is_one_line() {
    let (log, _guard) = Log::start();
    let auditor = Auditor::new(Arc::new(LogAudit));
    let lane = Lane::new("venue/read", config(), &auditor, &Entropy::from_seed(1)).unwrap();
    let limiter = Limiter::new("venue", &LimiterConfig::default()).unwrap();
    for _ in 0..5 {
        let call = Call::once("venue/Depth", Deadline::after(secs(100)), &limiter, 1);
        let send = |()| ready(Answer::Err(Unavailable));
        lane.call_once(call, || ready(Ok(())), send).await.unwrap_err();
    }
    let changes: Vec<_> =
        log.take().into_iter().filter(|line| !line.starts_with("TRACE")).collect();
    let expected = "WARN breaker changed breaker=venue/read generation=1 from=CLOSED to=OPEN cause=503 \
                    open_ms=30000";
    assert_eq!(changes, [expected]);
}
