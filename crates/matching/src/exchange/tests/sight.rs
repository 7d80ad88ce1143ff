//! Sources that show some levels of a side only: what is behind them is out of sight, not gone.

use super::*;

struct Shown {
    exchange: Exchange,
    account: AccountId,
    levels: Option<u32>,
}

impl Shown {
    fn new(levels: Option<u32>, queue: QueueModel) -> Self {
        let mut config = config(Liquidity::Recorded);
        config.instruments[0].queue = queue;
        let exchange = Exchange::new(config).unwrap();
        let account = exchange.account("a").unwrap();
        Self { exchange, account, levels }
    }

    fn bids(&mut self, snapshot: bool, bids: &[(&str, &str)]) {
        let bids: Vec<_> = bids.iter().map(|(price, quantity)| level(price, quantity)).collect();
        let (symbol, asks) = (symbol(), [level("110", "1")]);
        let levels = self.levels;
        let update = DepthUpdate { symbol: &symbol, snapshot, levels, bids: &bids, asks: &asks };
        self.exchange.on_depth(&update, NOW, &mut Vec::new()).unwrap();
    }

    fn rest(&mut self, price: &str, quantity: &str) {
        let request = limit(Side::Buy, price, quantity);
        self.exchange.submit(self.account, request, NOW, &mut Vec::new()).unwrap();
    }

    /// True when the order is filled after sales of so much at a price.
    fn is_filled_by(&mut self, price: &str, quantity: &str) -> bool {
        let sold = trade(price, quantity, Some(Side::Sell));
        self.exchange.on_trade(&sold, NOW, &mut Vec::new()).unwrap();
        self.exchange.open_order_count() == 0
    }
}

#[test]
fn a_better_touch_hides_the_queue_and_does_not_end_it() {
    let mut shown = Shown::new(Some(1), QueueModel::RiskAverse);
    shown.bids(true, &[("100", "1000")]);
    shown.rest("100", "0.5");
    shown.bids(true, &[("100.5", "1")]);
    shown.bids(true, &[("100", "1000")]);
    assert!(!shown.is_filled_by("100", "999.5"));
    assert!(shown.is_filled_by("100", "1"));
}

#[test]
fn a_worse_touch_shows_that_nobody_is_left() {
    let mut shown = Shown::new(Some(1), QueueModel::RiskAverse);
    shown.bids(true, &[("100", "1000")]);
    shown.rest("100", "0.5");
    shown.bids(true, &[("99", "1")]);
    assert!(shown.is_filled_by("100", "0.5"));
}

#[test]
fn an_order_out_of_sight_is_behind_everybody_who_comes_into_sight() {
    let mut shown = Shown::new(Some(1), QueueModel::RiskAverse);
    shown.bids(true, &[("100", "1")]);
    shown.rest("99", "0.5");
    assert!(!shown.is_filled_by("99", "5"), "who stands there is not known");
    shown.bids(true, &[("99", "10")]);
    assert!(!shown.is_filled_by("99", "10"));
    assert!(shown.is_filled_by("99", "0.5"));
}

#[test]
fn a_level_that_falls_out_of_the_depth_keeps_its_queue() {
    let back = |levels| {
        let mut shown = Shown::new(levels, QueueModel::RiskAverse);
        shown.bids(true, &[("100", "5"), ("99", "1000")]);
        shown.rest("99", "0.5");
        // The new one first or last in its message: the same.
        shown.bids(false, &[("99", "0"), ("100.5", "1")]);
        shown.bids(false, &[("100.5", "0"), ("99", "1000")]);
        shown.is_filled_by("99", "0.5")
    };
    assert!(!back(Some(2)), "it was out of sight");
    assert!(back(None), "it was gone");
    let mut shown = Shown::new(Some(2), QueueModel::RiskAverse);
    shown.bids(true, &[("100", "5"), ("99", "1000")]);
    shown.rest("99", "0.5");
    // A worse level comes in its place: it was taken away.
    shown.bids(false, &[("99", "0"), ("98", "1")]);
    assert!(shown.is_filled_by("99", "0.5"));
}

#[test]
fn snapshots_move_a_queue_as_changes_do() {
    let after = |queue, snapshot| {
        let mut shown = Shown::new(Some(1), queue);
        shown.bids(true, &[("100", "10")]);
        shown.rest("100", "1");
        shown.bids(snapshot, &[("100", "20")]);
        shown.bids(snapshot, &[("100", "10")]);
        // Ten of twenty left: five of them stood ahead if each did as likely.
        shown.is_filled_by("100", "6")
    };
    let hopeful = QueueModel::Probabilistic { power: 1 };
    for snapshot in [true, false] {
        assert!(after(hopeful, snapshot));
        assert!(!after(QueueModel::RiskAverse, snapshot));
    }
}
