use proptest::prelude::*;

use super::*;

#[test]
fn ranges_counts_and_single_seeds_are_read() {
    let check = |text: &str, first, count, shown: &str| {
        let seeds = parse_seeds(text).unwrap();
        assert_eq!(seeds, Seeds { first, count }, "{text}");
        assert_eq!(seeds.to_string(), shown);
        assert_eq!(parse_seeds(shown), Ok(seeds));
    };
    check("0..10000", 0, 10_000, "0x0..0x2710");
    check("7", 7, 1, "0x7");
    check("0x57eb0001+200", 0x57eb_0001, 200, "0x57eb0001..0x57eb00c9");
    let hash = "3f2a1bc4d5e6f708192a3b4c5d6e7f8091a2b3c4+2";
    check(hash, 0x3f2a_1bc4_d5e6_f708, 2, "0x3f2a1bc4d5e6f708..0x3f2a1bc4d5e6f70a");
    check("18446744073709551614+2", u64::MAX - 1, 2, "0xfffffffffffffffe+2");
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "5..5",
        "5..4",
        "1..",
        "..3",
        "5+0",
        "5+-1",
        "0..2000000000",
        "18446744073709551615+2",
        "a..b",
    ] {
        let error = parse_seeds(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{text}` is not a range of")), "{error}");
    }
    for text in ["", "0/8", "9/8", "1/0", "1", "a/b", "-1/2"] {
        let error = parse_shard(text).unwrap_err().to_string();
        assert_eq!(error, format!("`{text}` is not a part of a sweep: 2/8 is the second of eight"));
    }
}

proptest! {
    #[test]
    fn parts_share_out_every_seed_once(first in 0..u64::MAX - 100, count in 1..100_u64, of in 1..12_u64) {
        let seeds = Seeds { first, count };
        let mut all = Vec::new();
        for number in 1..=of {
            let shard = Shard { number, of };
            let part: Vec<_> = seeds.of(shard).collect();
            prop_assert_eq!(part.len() as u64, seeds.count_of(shard));
            all.extend(part);
        }
        all.sort_unstable();
        let expected: Vec<_> = (0..count).map(|number| (number, first + number)).collect();
        prop_assert_eq!(all, expected);
    }
}
