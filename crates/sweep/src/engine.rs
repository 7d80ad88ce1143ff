//! Runs jobs on threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use report::SeedRecord;

use crate::case::{Case, RUN_ENDS};

/// One seed of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Which case.
    pub case: usize,
    /// Which seed.
    pub seed: u64,
    /// Whether it is run a second time and compared.
    pub repeat: bool,
}

/// Runs jobs on so many threads, and each run on a thread of its own below these.
///
/// `done` gets each record as soon as its run ends, in no order. `stop` ends the sweep: runs that have begun
/// are waited for, no other begins. A run that takes longer than `wall_max` fails. One that hangs within a
/// step of virtual time cannot be ended, and keeps a core busy until the program ends. After as many
/// runs of both kinds as there are threads the sweep ends by itself.
///
/// True if every job was run.
pub fn sweep(
    cases: &[Case],
    jobs: impl Iterator<Item = Job> + Send,
    threads: usize,
    wall_max: Duration,
    stop: &AtomicBool,
    mut done: impl FnMut(SeedRecord),
) -> bool {
    let jobs = Mutex::new(jobs.fuse());
    let hung = AtomicUsize::new(0);
    let (tell, told) = mpsc::sync_channel(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (tell, jobs, hung) = (tell.clone(), &jobs, &hung);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let Some(job) = jobs.lock().next() else { return };
                    let Some(case) = cases.get(job.case) else { return };
                    let record = case.run(job.seed, job.repeat, wall_max);
                    if record.failures.iter().any(|failure| failure.check == RUN_ENDS)
                        && hung.fetch_add(1, Ordering::Relaxed) + 1 >= threads
                    {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if tell.send(record).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for record in told {
            done(record);
        }
    });
    jobs.into_inner().next().is_none()
}
