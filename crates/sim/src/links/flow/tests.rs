use std::time::Duration;

use super::*;

fn read(flow: &mut Flow, most: usize) -> Vec<u8> {
    let mut space = [0; 64];
    let mut buf = ReadBuf::new(&mut space);
    flow.read(most, &mut buf);
    buf.filled().to_vec()
}

#[tokio::test(start_paused = true)]
async fn bytes_stay_in_order_though_each_has_its_own_time() {
    let (now, mut flow) = (Instant::now(), Flow::default());
    let at = |ms| now + Duration::from_millis(ms);
    flow.push(b"ab", at(50));
    flow.push(b"cd", at(10));
    flow.finish(Ok(()), at(0));
    let Ready::NotBefore(first) = flow.ready(at(20)) else { panic!("too early") };
    assert_eq!(first, at(50));
    let Ready::Bytes(count) = flow.ready(at(50)) else { panic!("both are due") };
    assert_eq!(count, 4);
    assert_eq!(read(&mut flow, 3), b"abc");
    assert_eq!(read(&mut flow, 3), b"d");
    assert!(matches!(flow.ready(at(50)), Ready::End(Ok(()))));
    assert!(matches!(flow.ready(at(50)), Ready::Nothing));
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_everything_up() {
    let (now, mut flow) = (Instant::now(), Flow::default());
    flow.push(b"ab", now);
    flow.pause_until(now + Duration::from_secs(1));
    assert!(matches!(flow.ready(now), Ready::NotBefore(_)));
    assert!(matches!(flow.ready(now + Duration::from_secs(1)), Ready::Bytes(2)));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bounded() {
    let mut flow = Flow::default();
    flow.push(&vec![0; WAITING_MAX - 1], Instant::now());
    assert!(!flow.is_full());
    flow.push(b"x", Instant::now());
    assert!(flow.is_full());
    assert_eq!(read(&mut flow, 10).len(), 10);
    assert!(!flow.is_full());
    flow.finish(Ok(()), Instant::now());
    assert!(flow.is_full(), "nothing follows the end");
}
