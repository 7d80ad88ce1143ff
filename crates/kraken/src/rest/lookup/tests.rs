use tokio::time::Instant;

use super::*;
use crate::test_venue::{Answer, Bench};

impl Bench {
    /// Asks for all of them at once: `O1 ok`, or the id and the error.
    async fn ask(&self, ids: &[&str]) -> Vec<String> {
        let gather = Gather::new("test", resilience::GatherConfig { running_max: 100 });
        let ask = async |id: &str| match self.rest.look_up(&VenueOrderId::new(id)).await {
            Ok(report) if report.venue_order_id.as_str() == id => format!("{id} ok"),
            Ok(report) => panic!("{id} was told of {}", report.venue_order_id),
            Err(error) => format!("{id} {error}"),
        };
        gather.expect("valid").run(ids.iter().map(|id| ask(id))).await
    }

    /// The ids of each request.
    fn asked(&self) -> Vec<String> {
        let ids = |seen: &crate::test_venue::Seen| {
            assert_eq!(seen.target, "POST /0/private/QueryOrders");
            seen.field("txid").expect("ids").replace("%2C", ",")
        };
        self.venue.seen().iter().map(ids).collect()
    }
}

fn rows(ids: &[&str]) -> Answer {
    let row =
        |id: &&str| format!(r#""{id}":{{"status":"open","vol_exec":"0","cost":"0","fee":"0"}}"#);
    Answer::result(&format!("{{{}}}", ids.iter().map(row).collect::<Vec<_>>().join(",")))
}

fn unknown() -> Answer {
    Answer::error("EOrder:Invalid order")
}

#[tokio::test(start_paused = true)]
async fn questions_of_a_moment_are_one_request() {
    let bench = Bench::new([rows(&["O1", "O2", "O3"])]);
    let start = Instant::now();
    let answers = bench.ask(&["O3", "O1", "O2", "O1"]).await;
    assert_eq!(answers, ["O3 ok", "O1 ok", "O2 ok", "O1 ok"]);
    assert_eq!(bench.asked(), ["O1,O2,O3"]);
    assert_eq!(start.elapsed(), Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn fifty_go_at_once_and_the_rest_later() {
    let ids: Vec<_> = (100..151).map(|number| format!("O{number}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let bench = Bench::new([rows(&ids[..50]), rows(&ids[50..])]);
    let answers = bench.ask(&ids).await;
    assert!(answers.iter().all(|answer| answer.ends_with(" ok")), "{answers:?}");
    assert_eq!(bench.asked(), [ids[..50].join(","), ids[50..].join(",")]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_id_costs_the_others_nothing() {
    let bench = Bench::new([unknown(), rows(&["O1", "O2"]), unknown(), unknown(), rows(&["O4"])]);
    let answers = bench.ask(&["O1", "O2", "O3", "O4"]).await;
    assert_eq!(answers, ["O1 ok", "O2 ok", "O3 EOrder:Invalid order", "O4 ok"]);
    assert_eq!(bench.asked(), ["O1,O2,O3,O4", "O1,O2", "O3,O4", "O3", "O4"]);
}

#[tokio::test(start_paused = true)]
async fn another_error_is_told_to_all_and_not_searched_for() {
    let bench = Bench::new([Answer::error("EGeneral:Permission denied")]);
    let answers = bench.ask(&["O1", "O2"]).await;
    let denied = ["O1 EGeneral:Permission denied", "O2 EGeneral:Permission denied"];
    assert_eq!(answers, denied);
    assert_eq!(bench.asked(), ["O1,O2"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_the_answer_leaves_out_is_an_error() {
    let bench = Bench::new([rows(&["O1"])]);
    let answers = bench.ask(&["O1", "O2"]).await;
    assert_eq!(answers, ["O1 ok", "O2 malformed answer: `order` is missing"]);
}

/// What was found before the time was over is told.
#[tokio::test(start_paused = true)]
async fn a_search_has_one_deadline() {
    let hung = vec![Answer::Hang; 8];
    let bench = Bench::new([unknown(), rows(&["O1"])].into_iter().chain(hung));
    let start = Instant::now();
    let answers = bench.ask(&["O1", "O2"]).await;
    assert_eq!(answers[0], "O1 ok");
    assert!(answers[1] != "O2 ok", "{answers:?}");
    assert!(start.elapsed() <= Duration::from_millis(30_050), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_end_answers_everybody_and_leaves_no_task() {
    let bench = Bench::new([Answer::Hang]);
    let ids = ["O1", "O2"];
    let end = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.group.cancel();
    };
    let (answers, ()) = tokio::join!(bench.ask(&ids), end);
    // They were on their way.
    let cut_off = |id: &str| format!("{id} batch was cut off at the end of its batcher");
    assert_eq!(answers, ids.map(cut_off));
    assert_eq!(bench.ask(&ids[..1]).await, ["O1 batcher is shut down"]);
    let Bench { group, .. } = bench;
    group.join(Duration::from_secs(1)).await.expect("nothing is left");
}
