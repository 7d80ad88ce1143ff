//! What a backtest says about rows, it takes.

use super::*;

#[test]
fn what_an_error_suggests_is_taken_and_nothing_else() {
    let kinds = [RowKind::Trades, RowKind::Bars, RowKind::Quotes, RowKind::Book, RowKind::Orders];
    for kind in kinds {
        let default = playable(kind, &QualityConfig::default()).unwrap();
        for problem in Problem::ALL {
            let ways = default.ways_on(problem);
            for policy in ["skip", "sort:7", "keep"] {
                let mut config = QualityConfig::default();
                let way = format!("{problem}={policy}");
                let taken = config.set_text(&way).is_ok() && playable(kind, &config).is_ok();
                let suggested = ways.contains(&way.replace('7', "ROWS"));
                assert_eq!(taken, suggested, "{way} of {}", kind.name());
            }
        }
    }
    let mut config = QualityConfig::default();
    config.set_text("unsorted=keep").unwrap();
    let error = playable(RowKind::Trades, &config).unwrap_err().to_string();
    let expected = "--on unsorted=keep: a backtest cannot play such trades; expected unsorted=skip, \
                    unsorted=sort:ROWS or unsorted=fail";
    assert_eq!(error, expected);
}
