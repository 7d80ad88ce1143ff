use super::*;

const NOW: UnixNanos = UnixNanos::from_secs(1_700_000_000);

fn judge(texts: &[&str]) -> VenueError {
    VenueError::new(texts.iter().map(|text| (*text).to_owned()).collect(), NOW)
}

/// One line per error: class, whether to ask again, the breaker's outcome, the order's fate.
fn line(texts: &[&str]) -> String {
    let error = judge(texts);
    let again = if error.may_ask_again() { "again" } else { "never" };
    let mut line =
        format!("{:?} {again} {} {:?}", error.class(), error.outcome().as_str(), error.fate());
    if let Some(pause) = error.pause() {
        line += &format!(" pause {}", pause.as_secs());
    }
    if let Some(ban) = error.ban() {
        line += &format!(" ban {}", ban.as_secs());
    }
    line
}

#[expect(clippy::too_many_lines, reason = "one line per error of the table")]
#[test]
fn every_listed_error_has_its_meaning() {
    const BLOCKED: &str = "Auth never failure NotDone ban 900";
    const WRONG: &str = "Caller never success NotDone";
    const REFUSED: &str = "Trading never success NotDone";
    const TOO_FAST: &str = "Limit again ignored NotDone pause 5";
    const TOO_MANY: &str = "Limit never success NotDone";
    const OUTAGE: &str = "Service again failure Unknown";
    const GATED: &str = "Service never success NotDone";
    let table = [
        ("EAPI:Invalid key", BLOCKED),
        ("EAPI:Invalid signature", BLOCKED),
        ("EAPI:Invalid nonce", "Auth again ignored NotDone"),
        ("EAPI:Rate limit exceeded", TOO_FAST),
        ("EAPI:Bad request", WRONG),
        ("EAPI:Feature disabled", WRONG),
        ("EGeneral:Permission denied", "Auth never ignored NotDone"),
        ("EGeneral:Temporary lockout", "Limit never failure NotDone ban 900"),
        ("EGeneral:Too many requests", TOO_FAST),
        ("EGeneral:Invalid arguments", WRONG),
        ("EGeneral:Invalid arguments:volume", WRONG),
        ("EGeneral:Invalid arguments:volume minimum not met", WRONG),
        ("EGeneral:Unknown method", WRONG),
        ("EGeneral:Internal error", OUTAGE),
        ("EGeneral:Internal error:500", OUTAGE),
        ("EService:Unavailable", OUTAGE),
        ("EService:Busy", OUTAGE),
        ("EService:Timeout", OUTAGE),
        ("EService:Deadline elapsed", "Service never failure NotDone"),
        ("EService:Market in cancel_only mode", GATED),
        ("EService:Market in post_only mode", GATED),
        ("EService:Market in limit_only mode", GATED),
        ("EService: Throttled: 1700000007", "Limit again ignored NotDone pause 7"),
        ("EService: Throttled: soon", TOO_FAST),
        ("EDatabase:Internal error", OUTAGE),
        ("EOrder:Rate limit exceeded", TOO_FAST),
        ("EOrder:Domain rate limit exceeded", TOO_FAST),
        ("EOrder:Orders limit exceeded", TOO_MANY),
        ("EOrder:Scheduled orders limit exceeded", TOO_MANY),
        ("EOrder:Positions limit exceeded", TOO_MANY),
        ("EOrder:Insufficient funds", REFUSED),
        ("EOrder:Insufficient margin", REFUSED),
        ("EOrder:Margin allowance exceeded", REFUSED),
        ("EOrder:Margin level too low", REFUSED),
        ("EOrder:Margin position size exceeded", REFUSED),
        ("EOrder:Cannot open position", REFUSED),
        ("EOrder:Cannot open opposing position", REFUSED),
        ("EOrder:Order minimum not met", WRONG),
        ("EOrder:Cost minimum not met", WRONG),
        ("EOrder:Tick size check failed", WRONG),
        ("EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.", WRONG),
        ("EOrder:Post only order", REFUSED),
        ("EOrder:Unknown order", REFUSED),
        ("EOrder:Invalid order", REFUSED),
        ("EOrder:Unknown position", REFUSED),
        ("EOrder:Reduce only:No position exists", REFUSED),
        ("EQuery:Unknown asset pair", WRONG),
        ("EQuery:Unknown asset", WRONG),
        ("EQuery:Invalid asset pair", WRONG),
        ("ETrade:Locked", BLOCKED),
        ("ETrade:User Locked", BLOCKED),
        ("ETrade:Invalid request", BLOCKED),
        ("EAuth:Account temporary disabled", BLOCKED),
        ("EAuth:Account unconfirmed", BLOCKED),
        ("EAccount:Invalid permissions", BLOCKED),
        ("EAuth:Rate limit exceeded", TOO_FAST),
        ("EAuth:Too many requests", TOO_FAST),
        ("ESession:Invalid session", "Auth never success NotDone"),
        ("Currency pair not supported XBT/USD", WRONG),
        ("Token(s) not found", "Auth never success NotDone"),
        ("Exceeded msg rate", TOO_FAST),
        ("EFunding:No funding method", "Caller never success Unknown"),
        ("EBM:limit exceeded:CAL", TOO_MANY),
        ("EEarnings:Busy", "Caller never success Unknown"),
        // Not listed: by category, else the worst.
        ("EOrder:Moon in the wrong phase", "Trading never success Unknown"),
        ("EAPI:Internal error", "Caller never success Unknown"),
        ("ETrade:Timeout", "Trading never success Unknown"),
        ("EService:Moon", OUTAGE),
        ("EGeneral:Moon", OUTAGE),
        ("EMoon:Eclipse", OUTAGE),
        ("", OUTAGE),
    ];
    for (text, expected) in table {
        assert_eq!(line(&[text]), expected, "{text}");
    }
}

/// Rows of the reference's table of errors: texts, class, what to do, whether the breaker counts.
fn reference_rows(page: &str) -> Vec<[String; 4]> {
    let table = page.split("### 3.1 Table").nth(1).expect("a table");
    let table = table.split("### 3.2").next().expect("it ends");
    let columns = |line: &str| -> Option<[String; 4]> {
        let columns: Vec<_> =
            line.split('|').skip(1).take(4).map(|c| c.trim().to_owned()).collect();
        columns.try_into().ok().filter(|[texts, ..]: &[String; 4]| texts.starts_with('E'))
    };
    table.lines().filter_map(columns).collect()
}

/// The texts of one row. Later ones may leave out what they share with the first.
fn texts_of(row: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for part in row.replace(" / ", ", ").split(", ") {
        // What stands for a detail, which follows.
        let part = part.split(['[', '<', '*']).next().unwrap_or(part).trim();
        let first = texts.first().map(String::as_str).unwrap_or_default();
        texts.push(match part.split_once(':') {
            Some(("", detail)) => {
                let shared = texts.last().and_then(|last| last.rsplit_once(':'));
                format!("{}:{detail}", shared.expect("a text before").0)
            }
            Some(_) => part.to_owned(),
            None => format!("{}:{part}", first.split_once(':').expect("a category").0),
        });
    }
    texts
}

#[test]
fn every_error_of_the_reference_is_in_the_table() {
    let Some(page) = crate::codec::fixtures::shared("reference/kraken.md") else {
        return;
    };
    let rows = reference_rows(&page);
    let mut found = 0;
    for [row, class, action, _] in &rows {
        for text in texts_of(row) {
            let rule = table::rule(&text);
            let whole_category = text.ends_with(':');
            assert!(!rule.prefix.is_empty(), "{text}");
            assert!(whole_category || !rule.prefix.ends_with(':'), "{text}: {}", rule.prefix);
            let letter = match rule.class {
                FaultClass::Auth => 'A',
                FaultClass::Caller => 'V',
                FaultClass::Limit => 'L',
                FaultClass::Service => 'S',
                FaultClass::Trading => 'T',
            };
            let mixed = whole_category || row.contains("EFunding");
            assert!(mixed || class.contains(letter), "{text}: {class} {letter}");
            let unknown = action.contains("UNKNOWN");
            assert!(mixed || unknown == (rule.fate == Fate::Unknown), "{text}: {action}");
            found += 1;
        }
    }
    assert!(rows.len() >= 35 && found >= 55, "{} rows, {found} texts", rows.len());
    let only = page.split("WS v2-only texts: ").nth(1).expect("a list");
    let only = only.lines().next().expect("one line");
    let texts: Vec<_> = only.split('`').skip(1).step_by(2).filter(|t| !t.contains('{')).collect();
    assert_eq!(texts.len(), 9);
    assert!(texts.iter().all(|text| !table::rule(text).prefix.is_empty()), "{texts:?}");
}

#[test]
fn one_doubt_makes_the_whole_answer_doubtful() {
    assert_eq!(
        line(&["EOrder:Insufficient funds", "EService:Busy"]),
        "Service never failure Unknown"
    );
    assert_eq!(
        line(&["EAPI:Rate limit exceeded", "EOrder:Insufficient funds"]),
        "Limit never ignored NotDone pause 5"
    );
    assert_eq!(
        line(&["EOrder:Post only order", "EAPI:Invalid key"]),
        "Auth never failure NotDone ban 900"
    );
}

#[test]
fn a_refused_client_order_id_leaves_the_fate_open() {
    let unknown = |text| assert_eq!(judge(&[text]).fate(), Fate::Unknown, "{text}");
    unknown("EOrder:Duplicate cl_ord_id");
    unknown("EGeneral:Invalid arguments:cl_ord_id");
    unknown("EOrder:Invalid cl_ord_id:already in use");
}

#[test]
fn a_throttle_never_pauses_for_long() {
    let pause = |text| judge(&[text]).pause();
    assert_eq!(pause("EService: Throttled: 1800000000"), Some(THROTTLE_PAUSE_MAX));
    assert_eq!(pause("EService: Throttled: 1600000000"), Some(Duration::ZERO));
}

#[test]
fn an_error_shows_the_venue_s_own_words() {
    let error = judge(&["EAPI:Invalid key", "EOrder:Unknown order: x"]);
    assert_eq!(error.to_string(), "EAPI:Invalid key, EOrder:Unknown order: x");
    assert!(error.is("EOrder:Unknown order"));
    assert!(!error.is("EService"));
}
