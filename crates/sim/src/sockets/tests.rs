//! A pair of ends with a pipe between them, and what faults make of it.

use std::time::Duration;

use platform::Entropy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::*;
use crate::links::LinkFault;

struct Pair {
    link: Link,
    trader: BoxStream,
    host: BoxStream,
}

fn pair() -> Pair {
    let (link, open) = (Link::default(), OpenStreams::default());
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let trader = CountedStream::dialled(Box::new(ours), &open, &link);
    let host = CountedStream::accepted(Box::new(theirs), &open, &link);
    Pair { link, trader, host }
}

fn on(link: &Link, what: LinkFault) {
    link.begin(0, what, Entropy::from_seed(1));
}

async fn read(stream: &mut BoxStream) -> io::Result<Vec<u8>> {
    let mut space = [0; 64];
    stream.read(&mut space).await.map(|count| space[..count].to_vec())
}

const LONG: Duration = Duration::from_secs(60);

/// Nothing can be read for a long time.
async fn assert_silent(stream: &mut BoxStream) {
    assert!(timeout(LONG, stream.read_u8()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_an_error_at_every_use() {
    let Pair { link, mut trader, mut host } = pair();
    on(&link, LinkFault::Reset { connections: usize::MAX, after: None });
    for _ in 0..2 {
        let read = read(&mut trader).await.unwrap_err();
        assert_eq!(read.kind(), io::ErrorKind::ConnectionReset);
        let written = trader.write(b"x").await.unwrap_err();
        assert_eq!(written.kind(), io::ErrorKind::ConnectionReset);
    }
    assert_eq!(read(&mut host).await.unwrap(), b"", "the other side hears of it");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_is_woken_by_a_reset() {
    // The other end stays open, or the reader would see an end instead.
    let Pair { link, mut trader, host: _host } = pair();
    let (read, ()) = tokio::join!(read(&mut trader), async {
        sleep(Duration::from_secs(1)).await;
        on(&link, LinkFault::Reset { connections: usize::MAX, after: None });
    });
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn new_connections_are_reset_at_their_age() {
    let after = Some(Duration::from_secs(2));
    let old = pair();
    on(&old.link, LinkFault::Reset { connections: 1, after });
    let (ours, _theirs) = tokio::io::duplex(64);
    let mut young = CountedStream::dialled(Box::new(ours), &OpenStreams::default(), &old.link);
    let began = Instant::now();
    assert_eq!(read(&mut young).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!((began.elapsed(), old.link.end(0)), (Duration::from_secs(2), 2));
}

#[tokio::test(start_paused = true)]
async fn whoever_vanished_says_nothing_until_the_fault_is_over() {
    let Pair { link, mut trader, mut host } = pair();
    on(&link, LinkFault::HalfOpen { connections: usize::MAX });
    trader.write_all(b"is anybody there?").await.unwrap();
    assert_silent(&mut trader).await;
    assert_eq!(read(&mut host).await.unwrap(), b"", "nothing arrived");
    assert_eq!(link.end(0), 1);
    assert_silent(&mut trader).await;
    let refused = trader.write(b"hello?").await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionReset);
    assert!(read(&mut trader).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_one_direction_lets_the_other_through() {
    for direction in Direction::BOTH {
        let Pair { link, mut trader, mut host } = pair();
        on(&link, LinkFault::HeldOneWay(direction));
        trader.write_all(b"out").await.unwrap();
        host.write_all(b"in").await.unwrap();
        let (held, free) = match direction {
            Direction::In => (&mut trader, &mut host),
            Direction::Out => (&mut host, &mut trader),
        };
        assert!(!read(free).await.unwrap().is_empty());
        assert_silent(held).await;
        assert!(link.end(0) > 0);
        assert!(!read(held).await.unwrap().is_empty(), "nothing was lost");
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_come_late_but_all_and_in_order() {
    let Pair { link, mut trader, mut host } = pair();
    let (min, max) = (Duration::from_secs(1), Duration::from_secs(5));
    on(&link, LinkFault::Late { directions: &[Direction::In], min, max });
    let began = Instant::now();
    // The network takes what is there whenever the reader is polled.
    let (text, ()) = tokio::join!(
        async {
            let mut text = [0; 10];
            trader.read_exact(&mut text).await.unwrap();
            text
        },
        async {
            for byte in b"0123456789" {
                host.write_u8(*byte).await.unwrap();
                sleep(Duration::from_millis(100)).await;
            }
        }
    );
    assert_eq!(&text, b"0123456789");
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(link.end(0), 10);
}

#[tokio::test(start_paused = true)]
async fn drops_come_one_by_one() {
    let Pair { link, mut trader, mut host } = pair();
    let interval = Duration::from_secs(1);
    on(&link, LinkFault::Paced { directions: &Direction::BOTH, bytes: 4, interval });
    host.write_all(b"0123456789").await.unwrap();
    let began = Instant::now();
    for (drop, at) in [(&b"0123"[..], 0), (b"4567", 1), (b"89", 2)] {
        assert_eq!(read(&mut trader).await.unwrap(), drop);
        assert_eq!(began.elapsed(), interval * at);
    }
}

#[tokio::test(start_paused = true)]
async fn pieces_are_cut_and_merged() {
    let Pair { link, mut trader, mut host } = pair();
    on(&link, LinkFault::Split { directions: &Direction::BOTH, bytes_max: 7 });
    for _ in 0..20 {
        host.write_all(b"ab").await.unwrap();
    }
    let (mut text, mut longest) = (Vec::new(), 0);
    while text.len() < 40 {
        let piece = read(&mut trader).await.unwrap();
        longest = longest.max(piece.len());
        text.extend(piece);
    }
    assert_eq!(text, b"ab".repeat(20));
    assert!((3..=7).contains(&longest), "{longest}");
    let taken = trader.write(&[0; 100]).await.unwrap();
    assert!((1..=7).contains(&taken), "{taken}");
}

#[tokio::test(start_paused = true)]
async fn a_truncated_connection_ends_in_the_middle() {
    let Pair { link, mut trader, mut host } = pair();
    on(&link, LinkFault::Truncate { bytes: 5 });
    host.write_all(b"012").await.unwrap();
    assert_eq!(read(&mut trader).await.unwrap(), b"012");
    trader.write_all(b"next").await.unwrap();
    host.write_all(b"3456789").await.unwrap();
    assert_eq!(read(&mut trader).await.unwrap(), b"34567");
    host.write_all(b"x").await.unwrap();
    assert_eq!(read(&mut trader).await.unwrap(), b"");
    assert_eq!(trader.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(link.end(0), 1);
    assert_eq!(read(&mut trader).await.unwrap(), b"");
}

#[tokio::test(start_paused = true)]
async fn damaged_bytes_are_no_text() {
    let Pair { link, mut trader, mut host } = pair();
    on(&link, LinkFault::Corrupt { one_in: 1 });
    host.write_all(b"abc").await.unwrap();
    assert!(String::from_utf8(read(&mut trader).await.unwrap()).is_err());
    assert_eq!(link.end(0), 3);
}

#[tokio::test(start_paused = true)]
async fn who_is_turned_away_gets_one_answer() {
    let mut stream: BoxStream = Box::<Unavailable>::default();
    let (answer, ()) = tokio::join!(
        async {
            let mut text = String::new();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r").await.unwrap();
            assert!(timeout(LONG, stream.read_u8()).await.is_err());
            stream.write_all(b"\n\r\n").await.unwrap();
            stream.read_to_string(&mut text).await.unwrap();
            text
        },
        async {}
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
}
