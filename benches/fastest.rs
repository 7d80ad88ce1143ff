//! The fastest sample of each bench: what ratios are made of on a machine that others use, too.

use std::hint::black_box;

use criterion::BenchmarkGroup;
use criterion::measurement::{Measurement, WallTime};

/// Picoseconds per call, by name of the bench.
#[derive(Default)]
pub(crate) struct Fastest(Vec<(&'static str, u128)>);

impl Fastest {
    /// Lets criterion measure `call`, and remembers its fastest sample.
    pub(crate) fn run<R>(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        name: &'static str,
        mut call: impl FnMut() -> R,
    ) {
        let mut fastest = u128::MAX;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|calls| {
                let start = WallTime.start();
                for _ in 0..calls {
                    // By reference: the result must be there in full, but is not moved once more.
                    black_box(&call());
                }
                let took = WallTime.end(start);
                fastest = fastest.min(took.as_nanos() * 1000 / u128::from(calls));
                took
            });
        });
        self.0.push((name, fastest));
    }

    /// Prints what `ours` costs in percent of the fastest of `peers`. Says nothing of what the
    /// filter of the command line left out.
    #[expect(clippy::print_stdout, reason = "the ratio is what these benches are for")]
    pub(crate) fn print(&self, what: &str, ours: &str, peers: &[&str]) {
        let measured = self.0.iter().filter(|(_, ps)| *ps < u128::MAX);
        let ours = measured.clone().find(|(name, _)| *name == ours);
        let peer = measured.filter(|(name, _)| peers.contains(name)).min_by_key(|(_, ps)| ps);
        if let (Some((ours, ours_ps)), Some((peer, peer_ps))) = (ours, peer) {
            let (ns, percent) = (ours_ps / 1000, ours_ps * 100 / peer_ps.max(&1));
            println!("{what}: {ours} {ns} ns, {percent} % of {peer} ({} ns)", peer_ps / 1000);
        }
    }
}
