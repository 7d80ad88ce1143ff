use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Ready, ready};

use tokio::time::sleep;

use super::*;

const EVERY: Duration = Duration::from_secs(5);

/// Answers in this order, each one asked for once.
struct Venue(parking_lot::Mutex<VecDeque<Result<Intake, &'static str>>>);

impl Venue {
    fn new<const N: usize>(answers: [Result<Intake, &'static str>; N]) -> Self {
        Self(parking_lot::Mutex::new(VecDeque::from(answers)))
    }

    fn left(&self) -> usize {
        self.0.lock().len()
    }

    fn ask(&self) -> Ready<Result<Intake, &'static str>> {
        ready(self.0.lock().pop_front().expect("asked no further"))
    }
}

#[tokio::test(start_paused = true)]
async fn whether_orders_are_taken_again_is_asked_only_while_they_are_not() {
    let (answers_in, mut answers) = mpsc::channel(8);
    let restricted = Restricted::default();
    let venue = Venue::new([Ok(Intake::CancelOnly), Err("503"), Ok(Intake::Open)]);
    let follow = follow_intake(|| venue.ask(), restricted.clone(), EVERY, answers_in);
    let told = RefCell::new(Vec::new());
    let story = async {
        sleep(EVERY * 3).await;
        assert_eq!(venue.left(), 3, "nobody asks while every order is taken");
        restricted.set(true);
        for left in [2, 1, 0] {
            sleep(EVERY).await;
            assert_eq!(venue.left(), left);
        }
        restricted.set(false);
        sleep(EVERY * 3).await;
        while let Ok(event) = answers.try_recv() {
            told.borrow_mut().push(event);
        }
    };
    tokio::select! {
        biased;
        ended = follow => panic!("{ended:?}"),
        () = story => {}
    }
    let expected = [Intake::CancelOnly, Intake::Open];
    let expected = expected.map(|intake| EngineEvent::Feed(FeedEvent::Intake(intake)));
    assert_eq!(told.into_inner(), expected);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_nobody_ends() {
    let (answers_in, answers) = mpsc::channel(1);
    drop(answers);
    let restricted = Restricted::default();
    restricted.set(true);
    let venue = Venue::new([Ok(Intake::Open)]);
    let follow = follow_intake(|| venue.ask(), restricted, EVERY, answers_in);
    follow.await.expect("no error");
}
