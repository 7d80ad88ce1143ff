//! Times as people and tools read them.

use std::time::Duration;

use model::UnixNanos;

/// Seconds since the start of the run, for JSON.
pub(crate) fn seconds(at_ns: u64) -> f64 {
    Duration::from_nanos(at_ns).as_secs_f64()
}

/// `mm:ss.mmm`, or more digits of minutes; nanoseconds are cut off.
pub(crate) fn clock(at_ns: u64) -> String {
    let ms = at_ns / 1_000_000;
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    format!("{minutes:02}:{:02}.{:03}", rest / 1_000, rest % 1_000)
}

/// [`clock`] of seconds as they stand in JSON.
pub(crate) fn clock_of(at_s: f64) -> String {
    clock(nanos(at_s))
}

/// Nanoseconds of seconds as they stand in JSON; 0 for what is no time.
pub(crate) fn nanos(at_s: f64) -> u64 {
    let at = Duration::try_from_secs_f64(at_s).unwrap_or_default();
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

/// A length of virtual time: `45s`, `30m00s`, `1h02m03s`, `43.5s`.
pub(crate) fn length(time_s: f64) -> String {
    let ms = nanos(time_s) / 1_000_000;
    let (hours, minutes, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let fraction = match rest % 1_000 {
        0 => String::new(),
        ms => format!(".{ms:03}").trim_end_matches('0').to_owned(),
    };
    let seconds = rest / 1_000;
    if hours > 0 {
        format!("{hours}h{minutes:02}m{seconds:02}{fraction}s")
    } else if minutes > 0 {
        format!("{minutes}m{seconds:02}{fraction}s")
    } else {
        format!("{seconds}{fraction}s")
    }
}

/// An instant of the market in UTC: `2019-07-01T00:00:03.172Z`.
pub(crate) fn instant(at: UnixNanos) -> String {
    let nanos = i128::from(at.as_nanos());
    // Every 64-bit count of nanoseconds is within jiff's range; the raw count is a fair fallback.
    jiff::Timestamp::from_nanosecond(nanos).map_or_else(|_| at.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_cut_off_and_grow() {
        assert_eq!(clock(0), "00:00.000");
        assert_eq!(clock(65_040_999_999), "01:05.040");
        assert_eq!(clock(7_200_000_000_000), "120:00.000");
        assert_eq!(clock_of(65.04), "01:05.040");
        assert_eq!(clock_of(f64::NAN), "00:00.000");
    }

    #[test]
    fn lengths_name_only_what_they_need() {
        assert_eq!(length(0.0), "0s");
        assert_eq!(length(43.5), "43.5s");
        assert_eq!(length(1_800.0), "30m00s");
        assert_eq!(length(1_800.25), "30m00.25s");
        assert_eq!(length(3_723.0), "1h02m03s");
    }

    #[test]
    fn instants_are_in_utc() {
        let at = UnixNanos::parse_secs("1561939203.172").unwrap();
        assert_eq!(instant(at), "2019-07-01T00:00:03.172Z");
    }
}
