use super::*;

#[test]
fn the_story_of_an_outage_fits_into_a_few_lines() {
    let expected = "\
01:00.000  fault 0         begins: rest-status 503 at api.kraken.com
01:05.000  kraken/private  CLOSED -> OPEN       http status 503, open for 30s
01:10.000  fault 0         ends, struck 5 times
01:15.000  fault 1         begins: hold trader - kraken
01:35.000  kraken/private  OPEN -> HALF_OPEN    probe
01:45.000  kraken/private  HALF_OPEN -> OPEN    timed out, open for 30s
01:58.000  fault 1         ends, struck 9 times
02:15.000  kraken/private  OPEN -> HALF_OPEN    probe
02:16.040  kraken/private  HALF_OPEN -> CLOSED  probes passed
";
    assert_eq!(breaker_timeline(&checks::testkit::clean().history()), expected);
    assert_eq!(breaker_timeline(&[]), "");
}
