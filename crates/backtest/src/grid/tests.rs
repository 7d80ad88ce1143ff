use super::*;

#[test]
fn a_range_has_its_end_where_a_step_meets_it() {
    let values = |text: &str| Grid::parse(text).unwrap().axes()[0].values.join(" ");
    assert_eq!(values("fast=5..50:5"), "5 10 15 20 25 30 35 40 45 50");
    assert_eq!(values("fast=1..4"), "1 2 3 4");
    assert_eq!(values("qty=0.1..0.35:0.1"), "0.1 0.2 0.3");
    assert_eq!(values("fast=7..7:3"), "7");
    assert_eq!(values("fast = 3 | 9"), "3 9");
}

#[test]
fn all_combinations_are_there_in_order() {
    let grid = Grid::parse("fast=5|10,slow=20..40:10").unwrap();
    let specs: Vec<_> = (0..grid.len()).map(|at| grid.spec("ema-cross:qty=1", at)).collect();
    assert_eq!(specs.len(), 6);
    assert_eq!(specs[0], "ema-cross:qty=1,fast=5,slow=20");
    assert_eq!(specs[1], "ema-cross:qty=1,fast=5,slow=30");
    assert_eq!(specs[5], "ema-cross:qty=1,fast=10,slow=40");
    assert_eq!(grid.spec("ema-cross", 3), "ema-cross:fast=10,slow=20");
    assert_eq!(grid.spec("ema-cross: slow = 9, bar_s=2,", 3), "ema-cross: bar_s=2,fast=10,slow=20");
}

#[test]
fn what_is_no_grid_is_told() {
    let check = |text: &str, message: &str| {
        let error = Grid::parse(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check("", "`` is not part of a grid");
    check("fast", "`fast` is not part of a grid: expected `key=FROM..TO:STEP` or `key=A|B|C`");
    check("fast=", "is not part of a grid");
    check("fast=1|", "is not part of a grid");
    check("fast=9..1", "FROM not above TO");
    check("fast=1..9:0", "STEP above zero");
    check("fast=a..9", "expected numbers");
    check("fast=1,fast=2", "`fast` twice");
    check("a=1..2000000", "more than 1000000 combinations");
    check("a=1..2000,b=1..2000", "more than 1000000 combinations");
}

#[test]
fn results_come_in_order_from_any_number_of_threads() {
    for threads in [0, 1, 2, 7, 100] {
        let found = in_parallel(threads, 50, |at| at * at);
        assert_eq!(found, (0..50).map(|at| at * at).collect::<Vec<_>>(), "{threads}");
    }
    assert!(in_parallel(3, 0, |at| at).is_empty());
}

#[test]
fn a_panic_of_the_work_is_the_callers() {
    let caught = catch_unwind(|| in_parallel(2, 9, |at| assert_ne!(at, 4, "four")));
    let text = model::panic_message(caught.unwrap_err().as_ref());
    assert!(text.contains("four"), "{text}");
}
