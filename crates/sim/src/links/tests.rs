use platform::Entropy;

use super::*;

/// A connection.
const ONE: u64 = 1;

impl Link {
    fn on(&self, what: LinkFault) {
        self.begin(0, what, Entropy::from_seed(1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_dial_asks_again_as_linux_does() {
    let link = Link::default();
    link.on(LinkFault::Swallow { reset: false });
    let dialled = Instant::now();
    let other = link.clone();
    let (answered, ()) = tokio::join!(link.dial(), async {
        sleep(Duration::from_secs(10)).await;
        // Asked after 0, 1, 3 and 7 s; the next time is 15 s.
        assert_eq!(other.end(0), 4);
    });
    assert_eq!(answered.unwrap(), Reception::Served);
    assert_eq!(dialled.elapsed(), Duration::from_secs(15));
    link.on(LinkFault::HeldOneWay(Direction::In));
    let dialled = Instant::now();
    assert_eq!(link.dial().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(dialled.elapsed(), Duration::from_secs(127));
}

fn fates(ends: &[Arc<End>]) -> Vec<Fate> {
    let cx = Context::from_waker(std::task::Waker::noop());
    ends.iter().map(|end| end.fate(&cx)).collect()
}

use std::task::Context;

#[test]
fn a_cut_strikes_the_oldest_connections_and_nothing_later() {
    let link = Link::default();
    let ends = [false, true, true].map(|dialled| link.open(dialled));
    link.on(LinkFault::Reset { connections: 1, after: None });
    assert_eq!(fates(&ends), [Fate::Alive, Fate::Reset, Fate::Alive]);
    assert_eq!((link.end(0), link.reset_after()), (1, None));
    link.on(LinkFault::HalfOpen { connections: usize::MAX });
    let later = link.open(true);
    assert_eq!(fates(&ends), [Fate::Alive, Fate::Reset, Fate::Silent]);
    assert_eq!(link.end(0), 1);
    assert_eq!(fates(&ends), [Fate::Alive, Fate::Reset, Fate::Dead]);
    assert_eq!(fates(&[later]), [Fate::Alive]);
    link.on(LinkFault::Swallow { reset: true });
    assert_eq!(link.end(0), 2, "the one that vanished, and the one that came later");
}

#[tokio::test(start_paused = true)]
async fn dials_fail_as_each_fault_says() {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    let pool = |excess| LinkFault::Pool { connections: 1, excess };
    let second = Duration::from_secs(1);
    let took = |seconds| second * seconds;
    for (what, outcome, time) in [
        (LinkFault::Refuse, Err(ConnectionRefused), took(0)),
        (LinkFault::Dns { delay: None, found: false }, Err(NotFound), took(0)),
        (LinkFault::Dns { delay: Some(second * 3), found: false }, Err(NotFound), took(3)),
        (LinkFault::Dns { delay: Some(second * 3), found: true }, Ok(Reception::Served), took(3)),
        (pool(Excess::Refused), Err(ConnectionRefused), took(0)),
        (pool(Excess::Unavailable), Ok(Reception::TurnedAway), took(0)),
        (
            LinkFault::Late { directions: &Direction::BOTH, min: second, max: second },
            Ok(Reception::Served),
            took(2),
        ),
    ] {
        let link = Link::default();
        let _open = link.open(true);
        link.on(what.clone());
        let dialled = Instant::now();
        let answer = link.dial().await.map_err(|error| error.kind());
        assert_eq!((answer, dialled.elapsed()), (outcome, time), "{what:?}");
        assert!(link.end(0) > 0, "{what:?}");
        assert_eq!(link.dial().await.unwrap(), Reception::Served);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_pool_answers_when_there_is_room() {
    let link = Link::default();
    let open = link.open(true);
    link.on(LinkFault::Pool { connections: 1, excess: Excess::Unanswered });
    let dialled = Instant::now();
    let (answered, ()) = tokio::join!(link.dial(), async {
        sleep(Duration::from_secs(2)).await;
        link.close(&open);
    });
    assert_eq!(answered.unwrap(), Reception::Served);
    assert_eq!(dialled.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn bytes_are_struck_in_their_direction_only() {
    let (link, now) = (Link::default(), Instant::now());
    let (min, max) = (Duration::from_millis(100), Duration::from_millis(300));
    link.on(LinkFault::Late { directions: &[Direction::In], min, max });
    assert_eq!(link.arrive(ONE, Direction::Out, &mut [], now), now);
    let late: Vec<Duration> =
        (0..100).map(|_| link.arrive(ONE, Direction::In, &mut [], now) - now).collect();
    assert!(late.iter().all(|late| (min..=max).contains(late)) && late.iter().max() > late.first());
    assert_eq!(link.end(0), 100);

    link.on(LinkFault::HeldOneWay(Direction::Out));
    assert_eq!(link.passage(ONE, Direction::In, 5), Passage::Bytes(5, Duration::ZERO));
    assert_eq!(link.passage(ONE, Direction::Out, 5), Passage::Held);
    link.arrive(ONE, Direction::Out, &mut [], now);
    assert_eq!(link.end(0), 1);

    let interval = Duration::from_millis(20);
    link.on(LinkFault::Paced { directions: &Direction::BOTH, bytes: 10, interval });
    assert_eq!(link.passage(ONE, Direction::In, 25), Passage::Bytes(10, interval));
    assert_eq!(link.passage(ONE, Direction::In, 5), Passage::Bytes(5, interval));
    assert_eq!(link.end(0), 1, "only the first one had to wait");
}

#[test]
fn a_connection_does_not_take_what_another_one_draws() {
    let now = Instant::now();
    let late_of = |order: [u64; 4]| {
        let link = Link::default();
        let (min, max) = (Duration::ZERO, Duration::from_mins(10));
        link.on(LinkFault::Late { directions: &[Direction::In], min, max });
        let mut late = order.map(|one| (one, link.arrive(one, Direction::In, &mut [], now) - now));
        late.sort_unstable();
        late
    };
    assert_eq!(late_of([1, 2, 1, 2]), late_of([2, 2, 1, 1]));
}

#[test]
fn pieces_are_of_every_size() {
    let link = Link::default();
    link.on(LinkFault::Split { directions: &[Direction::Out], bytes_max: 3 });
    assert_eq!(link.passage(ONE, Direction::In, 100), Passage::Bytes(100, Duration::ZERO));
    let mut sizes: Vec<usize> = (0..100).map(|_| link.taken(ONE, 100)).collect();
    assert_eq!(link.end(0), 100);
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes, [1, 2, 3]);
}

#[test]
fn as_many_bytes_are_damaged_as_was_asked_for() {
    let link = Link::default();
    link.on(LinkFault::Corrupt { one_in: 100 });
    let mut bytes = vec![0; 100_000];
    link.arrive(ONE, Direction::Out, &mut bytes, Instant::now());
    assert!(bytes.iter().all(|byte| *byte == 0));
    bytes.chunks_mut(7).for_each(|bytes| {
        link.arrive(ONE, Direction::In, bytes, Instant::now());
    });
    let damaged = bytes.iter().filter(|byte| **byte == 0x80).count();
    assert!((900..1_100).contains(&damaged), "{damaged}");
    assert_eq!(link.end(0), u64::try_from(damaged).unwrap());
}
