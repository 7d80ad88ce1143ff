//! Prometheus' text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::Ordering;

use crate::histogram::{BUCKETS_S, Counts};
use crate::recorder::{Families, Recorder};
use crate::series::Series;

/// Registrations that were refused: this crate's only metric of its own.
const REFUSED: &str = "wavetank_telemetry_series_refused_total";

impl Recorder {
    /// Everything as Prometheus reads it: content type `text/plain; version=0.0.4`. Counters, gauges, histograms, each in the order
    /// of names and labels; equal states give equal texts.
    pub fn render(&self) -> String {
        let refused = self.registry.refused.load(Ordering::Relaxed);
        let families = self.registry.families.lock();
        let mut text = String::new();
        families.write(&mut text, refused).expect("a string takes everything");
        text
    }
}

impl Families {
    fn write(&self, f: &mut impl Write, refused: u64) -> fmt::Result {
        let mut page = Page { out: f, help: &self.help, current: String::new() };
        for (series, counter) in &self.counters {
            page.head(&series.name, "counter")?;
            page.line(series, &counter.load(Ordering::Relaxed))?;
        }
        for (series, gauge) in &self.gauges {
            page.head(&series.name, "gauge")?;
            page.line(series, &Number(f64::from_bits(gauge.load(Ordering::Relaxed))))?;
        }
        for (series, histogram) in &self.histograms {
            page.head(&series.name, "histogram")?;
            page.histogram(series, &histogram.counts())?;
        }
        writeln!(page.out, "# HELP {REFUSED} Series that were not kept: there are too many.")?;
        page.head(REFUSED, "counter")?;
        writeln!(page.out, "{REFUSED} {refused}")
    }
}

/// A page that is being written.
struct Page<'a, W> {
    out: &'a mut W,
    help: &'a BTreeMap<String, String>,
    /// The metric whose head stands already.
    current: String,
}

impl<W: Write> Page<'_, W> {
    /// Help and type, once for all series of a metric.
    fn head(&mut self, name: &str, kind: &str) -> fmt::Result {
        if self.current == name {
            return Ok(());
        }
        name.clone_into(&mut self.current);
        if let Some(help) = self.help.get(name) {
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            writeln!(self.out, "# HELP {name} {help}")?;
        }
        writeln!(self.out, "# TYPE {name} {kind}")
    }

    fn line(&mut self, series: &Series, value: &dyn fmt::Display) -> fmt::Result {
        series.write(self.out, "", None)?;
        writeln!(self.out, " {value}")
    }

    fn histogram(&mut self, series: &Series, counts: &Counts) -> fmt::Result {
        let bounds = BUCKETS_S.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        let mut so_far = 0;
        for (bound, count) in bounds.zip(counts.buckets) {
            so_far += count;
            series.write(self.out, "_bucket", Some(("le", &bound)))?;
            writeln!(self.out, " {so_far}")?;
        }
        series.write(self.out, "_sum", None)?;
        writeln!(self.out, " {}", Number(counts.sum_s()))?;
        series.write(self.out, "_count", None)?;
        writeln!(self.out, " {}", counts.count)
    }
}

/// A float as Prometheus spells it.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() {
            f.write_str("NaN")
        } else if self.0.is_infinite() {
            f.write_str(if self.0.is_sign_positive() { "+Inf" } else { "-Inf" })
        } else {
            write!(f, "{}", self.0)
        }
    }
}
