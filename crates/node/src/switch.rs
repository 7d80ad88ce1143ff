//! Keeps the venue's dead man's switch from firing while the node lives; see [`kraken::switch`].
//!
//! It is armed before the first order can be placed and disarmed after the last one has ended. A node that ends
//! with orders of which it does not know, or that dies, leaves it armed: that is what it is for.

use std::time::Duration;

use kraken::switch::{DeadMansSwitch, Standing, SwitchConfig};
use kraken::{Rest, RestError};
use platform::TaskResult;
use platform::health::HealthReporter;
use resilience::Deadline;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// How the node has ended, for the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No order is left: the switch may be turned off.
    Settled,
    /// Orders may be left: the venue shall cancel them.
    Unsettled,
}

/// Tells a running switch how the node has ended, and waits for its last call.
#[derive(Debug)]
pub(crate) struct SwitchHandle {
    end: oneshot::Sender<Ended>,
    /// What was left, if anything.
    left: oneshot::Receiver<Option<String>>,
}

impl SwitchHandle {
    /// Ends it; returns what it leaves behind, in words.
    pub(crate) async fn end(self, ended: Ended) -> Option<String> {
        let lost = || Some("the dead man's switch ended by itself".to_owned());
        if self.end.send(ended).is_err() {
            return lost();
        }
        self.left.await.unwrap_or_else(|_| lost())
    }
}

/// The task's side.
#[derive(Debug)]
pub(crate) struct SwitchEnds {
    end: oneshot::Receiver<Ended>,
    left: oneshot::Sender<Option<String>>,
}

/// Both sides.
pub(crate) fn handle() -> (SwitchHandle, SwitchEnds) {
    let ((end, ended), (left, told)) = (oneshot::channel(), oneshot::channel());
    (SwitchHandle { end, left: told }, SwitchEnds { end: ended, left })
}

/// Arms the switch for the first time, which must work before anything is placed.
pub(crate) async fn arm(rest: &Rest, config: SwitchConfig) -> Result<DeadMansSwitch, RestError> {
    let now = Instant::now();
    let mut switch = DeadMansSwitch::new(config, now);
    rest.cancel_all_after(switch.timeout()).await?;
    switch.confirmed(now);
    Ok(switch)
}

/// Keeps the switch from firing until told how the node has ended.
///
/// Turning it off takes at most `grace`.
///
/// A failed call is not an error of the node: it is told as the dependency's health, and tried again.
pub(crate) async fn keep(
    rest: Rest,
    mut switch: DeadMansSwitch,
    reporter: HealthReporter,
    ends: SwitchEnds,
    grace: Duration,
) -> TaskResult {
    let SwitchEnds { mut end, left } = ends;
    reporter.up();
    let ended = loop {
        let wake = wake_at(&switch);
        tokio::select! {
            biased;
            ended = &mut end => break ended.unwrap_or(Ended::Unsettled),
            () = sleep_until(wake) => {}
        }
        let now = Instant::now();
        if now < switch.next() {
            tell(&switch, &reporter, "no call was confirmed in time");
            continue;
        }
        let call = rest.by(Deadline::at(switch.give_up_at(now)));
        let called = tokio::select! {
            biased;
            ended = &mut end => break ended.unwrap_or(Ended::Unsettled),
            called = call.cancel_all_after(switch.timeout()) => called,
        };
        match called {
            Ok(_) => {
                if switch.standing(Instant::now()) == Standing::MayHaveFired {
                    tracing::warn!(
                        venue = "kraken",
                        "dead man's switch is armed again; it may have fired meanwhile"
                    );
                }
                switch.confirmed(now);
                reporter.up();
            }
            Err(error) => {
                switch.failed(Instant::now(), error.wait(|_| Duration::ZERO));
                tell(&switch, &reporter, &error.to_string());
            }
        }
    };
    let told = match ended {
        Ended::Settled => disarm(&rest.by(Deadline::after(grace))).await,
        Ended::Unsettled => {
            Some("the dead man's switch stays armed, as orders may be left".to_owned())
        }
    };
    if let Some(told) = &told {
        tracing::warn!(venue = "kraken", told, "dead man's switch not turned off");
    }
    // Nobody waits any more if the node was dropped.
    drop(left.send(told));
    Ok(())
}

/// Turns the switch off; what is left of it if that fails.
async fn disarm(rest: &Rest) -> Option<String> {
    let error = rest.cancel_all_after(Duration::ZERO).await.err()?;
    Some(format!("the dead man's switch was not turned off: {error}"))
}

/// The next call, or the instant at which the switch may fire, which is to be told at once.
fn wake_at(switch: &DeadMansSwitch) -> Instant {
    match switch.standing(Instant::now()) {
        Standing::Armed { until } => until.min(switch.next()),
        Standing::Unarmed | Standing::MayHaveFired => switch.next(),
    }
}

fn tell(switch: &DeadMansSwitch, reporter: &HealthReporter, error: &str) {
    let failures = switch.failures();
    match switch.standing(Instant::now()) {
        Standing::Armed { .. } => {
            reporter.degraded(&format!("{failures} calls failed in a row: {error}"));
        }
        Standing::Unarmed | Standing::MayHaveFired => {
            let timeout = switch.timeout();
            reporter.down(&format!(
                "not confirmed for {timeout:?}, the venue may have cancelled all orders: {error}"
            ));
        }
    }
}
