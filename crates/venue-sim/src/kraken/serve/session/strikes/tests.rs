use std::time::Duration;

use platform::Entropy;

use super::*;
use crate::kraken::ProtocolFault;
use crate::kraken::fixture::Memory;

/// Faults of a session, switched on under the numbers 0, 1, ...
fn struck(faults: &[SessionFault]) -> (Arc<FaultSwitches>, Strikes) {
    let switches = Arc::new(FaultSwitches::new(&Entropy::from_seed(1)));
    let sink: Arc<dyn VenueSink> = Arc::new(Memory::default());
    let strikes = Strikes::new(&switches, &sink, Role::PrivateStream);
    for (id, fault) in (0..).zip(faults) {
        let roles = vec![Role::PrivateStream];
        switches.switch_on(id, ProtocolFault::Session { fault: fault.clone(), roles });
    }
    (switches, strikes)
}

fn executions(number: u64) -> Outgoing {
    let text = format!(
        r#"{{"channel":"executions","type":"update","data":[{{"id":"{number}"}}],"sequence":{number}}}"#
    );
    Outgoing::Channel(text.into())
}

/// The ids and numbers of messages about orders, as the client sees them.
fn seen(messages: &[Outgoing]) -> Vec<(u64, u64)> {
    let number = |text: &str, key: &str| {
        let (_, after) = text.rsplit_once(key).unwrap();
        after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let of = |message: &Outgoing| {
        let text = message.text().as_str();
        (number(text, r#""id":""#), number(text, SEQUENCE))
    };
    messages.iter().map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn messages_about_orders_are_struck_in_every_way() {
    for (fault, expected, count) in [
        (ChannelFault::Lost, vec![(1, 1), (3, 3)], 2),
        (ChannelFault::Omitted, vec![(1, 1), (3, 2)], 2),
        (ChannelFault::Repeated, vec![(1, 1), (2, 2), (2, 2), (3, 3), (4, 4), (4, 4)], 2),
        (ChannelFault::Doubled, vec![(1, 1), (2, 2), (2, 3), (3, 4), (4, 5), (4, 6)], 2),
        (ChannelFault::Swapped, vec![(1, 1), (3, 3), (2, 2)], 2),
    ] {
        let (faults, mut strikes) = struck(&[SessionFault::Executions { fault, one_in: 2 }]);
        let out = strikes.through((1..=4).map(executions), true);
        assert_eq!(seen(&out), expected, "{fault:?}");
        assert_eq!(faults.struck(0), count, "{fault:?}");
        faults.switch_off(0);
        let rest = seen(&strikes.through([executions(5)], true));
        // What waited for the next message waits no longer.
        let waited = usize::from(fault == ChannelFault::Swapped);
        assert_eq!(rest.len(), 1 + waited, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_checksum_is_wrong_by_one_bit() {
    let book = |kind: &str, sum: u32| {
        let text = format!(
            r#"{{"channel":"book","type":"{kind}","data":[{{"checksum":{sum},"timestamp":"t"}}]}}"#
        );
        Outgoing::Channel(text.into())
    };
    let fault = SessionFault::Book { fault: ChannelFault::Checksum, one_in: 1 };
    let (faults, mut strikes) = struck(&[fault]);
    let out = strikes.through([book("snapshot", 7), book("update", 7)], true);
    assert_eq!(out, [book("snapshot", 7), book("update", 6)]);
    assert_eq!(faults.struck(0), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_session_keeps_its_heartbeats_answers_and_snapshots() {
    let channel = |text: &str| Outgoing::Channel(text.into());
    let kept = [
        channel(r#"{"channel":"heartbeat"}"#),
        channel(r#"{"channel":"book","type":"snapshot","data":[]}"#),
        channel(r#"{"channel":"status","type":"update","data":[]}"#),
        Outgoing::Answer(r#"{"method":"pong","type":"update"}"#.into()),
    ];
    let trade = channel(r#"{"channel":"trade","type":"update","data":[]}"#);
    let (faults, mut strikes) = struck(&[SessionFault::Stale]);
    let all: Vec<Outgoing> = kept.iter().cloned().chain([trade.clone()]).collect();
    assert_eq!(strikes.through(all, true), kept);
    assert_eq!(strikes.through([trade.clone()], false), [trade], "its snapshots come first");
    assert_eq!(faults.struck(0), 1);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_closed_at_once_or_at_an_age_and_hear_a_text_once() {
    let close = |after| SessionFault::Close { code: 1012, after };
    let (_, mut strikes) = struck(&[SessionFault::Text("x".to_owned()), close(None)]);
    assert!(matches!(strikes.deed(), Some(Deed::Say(text)) if text == "x"));
    assert!(matches!(strikes.deed(), Some(Deed::Close(Some(1012)))));
    assert!(strikes.deed().is_none());

    let second = Duration::from_secs(1);
    let (faults, mut strikes) = struck(&[close(Some(second))]);
    assert!(strikes.deed().is_none());
    assert_eq!(strikes.due(), Some(Instant::now() + second));
    tokio::time::advance(second).await;
    assert!(matches!(strikes.deed(), Some(Deed::Close(Some(1012)))));
    assert_eq!((strikes.due(), faults.struck(0)), (None, 1));

    let (faults, _) = struck(&[SessionFault::Close { code: ABNORMAL, after: None }]);
    let sink: Arc<dyn VenueSink> = Arc::new(Memory::default());
    let mut late = Strikes::new(&faults, &sink, Role::PrivateStream);
    assert!(late.deed().is_none(), "it was opened later");
}
