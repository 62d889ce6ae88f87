//! What workers do, class by class.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prometheus_client::metrics::{counter::ConstCounter, gauge::ConstGauge};
use systems::{TickReport, WorkerLoad, WorkerTotals};

use super::sheet::Sheet;

/// All classes.
#[derive(Debug, Default)]
pub(super) struct Workers {
    render: WorkerClass,
    background: WorkerClass,
    decode: WorkerClass,
    preview: Arc<PreviewWorkers>,
}

/// What a class of workers has done.
#[derive(Debug, Default)]
struct WorkerClass {
    tasks: AtomicU64,
    /// Nanoseconds.
    busy: AtomicU64,
    panics: AtomicU64,
    queued: AtomicU64,
    threads: AtomicU64,
    each: Mutex<Arc<[WorkerLoad]>>,
}

impl WorkerClass {
    fn store(&self, totals: &WorkerTotals, each: &Arc<[WorkerLoad]>) {
        let busy = u64::try_from(totals.busy.as_nanos()).unwrap_or(u64::MAX);
        for (cell, value) in [
            (&self.tasks, totals.tasks),
            (&self.busy, busy),
            (&self.panics, totals.panics),
            (&self.queued, totals.queued),
            (&self.threads, totals.threads),
        ] {
            cell.store(value, Ordering::Relaxed);
        }
        *self.each.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(each);
    }
}

impl Workers {
    pub(super) fn observe(&self, report: &TickReport) {
        self.render.store(&report.render, &report.render_each);
        self.background.store(&report.background, &report.background_each);
        self.decode.store(&report.decode, &report.decode_each);
    }

    pub(super) fn preview(&self) -> &Arc<PreviewWorkers> {
        &self.preview
    }

    pub(super) fn encode(&self, out: &mut Sheet<'_, '_>) -> Result<(), fmt::Error> {
        let preview = self.preview.class();
        let classes = [
            ("render", &self.render),
            ("background", &self.background),
            ("decode", &self.decode),
            ("preview", &preview),
        ];
        let count = |cell: fn(&WorkerClass) -> &AtomicU64| {
            classes
                .iter()
                .map(|(name, class)| (*name, ConstCounter::new(cell(class).load(Ordering::Relaxed))))
                .collect()
        };
        let level = |cell: fn(&WorkerClass) -> &AtomicU64| {
            classes.iter().map(|(name, class)| (*name, ConstGauge::new(cell(class).load(Ordering::Relaxed)))).collect()
        };
        let busy = classes.iter().map(|(name, class)| {
            (*name, ConstCounter::new(Duration::from_nanos(class.busy.load(Ordering::Relaxed)).as_secs_f64()))
        });
        let label = "class";
        out.family(("worker_tasks", "Pieces of work that workers did"), label, count(|class| &class.tasks))?;
        out.family(("worker_busy_seconds", "Time that workers took for them"), label, busy.collect())?;
        out.family(("worker_panics", "Pieces of work that ended by a panic"), label, count(|class| &class.panics))?;
        out.family(("worker_queue", "Pieces of work that wait"), label, level(|class| &class.queued))?;
        out.family(("worker_threads", "Threads that share the work"), label, level(|class| &class.threads))?;
        for (class, WorkerClass { each, .. }) in classes {
            let each = Arc::clone(&each.lock().unwrap_or_else(PoisonError::into_inner));
            let names: Vec<String> = (0..each.len()).map(|worker| worker.to_string()).collect();
            let named = || names.iter().map(String::as_str).zip(each.iter());
            let tasks = named().map(|(name, load)| (name, ConstCounter::new(load.tasks()))).collect();
            let (name, help) = (
                format!("{class}_worker_tasks"),
                format!("Pieces of work that each worker of the class `{class}` did"),
            );
            out.family((&name, &help), "worker", tasks)?;
            let busy = named().map(|(name, load)| (name, ConstCounter::new(load.busy().as_secs_f64()))).collect();
            let (name, help) = (
                format!("{class}_worker_busy_seconds"),
                format!("Time that each worker of the class `{class}` took for them"),
            );
            out.family((&name, &help), "worker", busy)?;
        }
        Ok(())
    }
}

/// What those who make previews have done, and what they have before them. They count for themselves: no tick knows of
/// them.
#[derive(Debug, Default)]
pub struct PreviewWorkers {
    each: Mutex<Arc<[WorkerLoad]>>,
    panics: AtomicU64,
    queued: AtomicU64,
    threads: AtomicU64,
}

impl PreviewWorkers {
    /// Tells how many of them there may be.
    pub fn set_most(&self, workers: usize) {
        *self.each() = (0..workers).map(|_| WorkerLoad::default()).collect();
    }

    fn each(&self) -> std::sync::MutexGuard<'_, Arc<[WorkerLoad]>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a worker, for as long as what is returned lives.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> PreviewWorker {
        self.threads.fetch_add(1, Ordering::Relaxed);
        PreviewWorker(Arc::clone(self))
    }

    /// Notes that a piece of work is about to be put into the queue.
    pub fn queued(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that it was taken from there, or found no place.
    pub fn unqueued(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does a piece of work as the worker of this number and counts it; `None` if it panics. Returns how long it took, too.
    pub fn work<R>(&self, worker: usize, work: impl FnOnce() -> R) -> (Option<R>, Duration) {
        let began = Instant::now();
        // Whoever works begins anew after a panic.
        let result = catch_unwind(AssertUnwindSafe(work)).ok();
        let spent = began.elapsed();
        self.panics.fetch_add(u64::from(result.is_none()), Ordering::Relaxed);
        if let Some(load) = self.each().get(worker) {
            load.add(spent);
        }
        (result, spent)
    }

    fn class(&self) -> WorkerClass {
        let each = Arc::clone(&self.each());
        let class = WorkerClass::default();
        let totals = WorkerTotals {
            tasks: each.iter().map(WorkerLoad::tasks).sum(),
            busy: each.iter().map(WorkerLoad::busy).sum(),
            panics: self.panics.load(Ordering::Relaxed),
            queued: self.queued.load(Ordering::Relaxed),
            threads: self.threads.load(Ordering::Relaxed),
        };
        class.store(&totals, &each);
        class
    }
}

/// A worker that is there.
#[derive(Debug)]
pub struct PreviewWorker(Arc<PreviewWorkers>);

impl Drop for PreviewWorker {
    fn drop(&mut self) {
        self.0.threads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_counted_also_where_they_fail() {
        let workers = Arc::new(PreviewWorkers::default());
        workers.set_most(2);
        let there = workers.begin();
        workers.queued();
        let count = |class: &WorkerClass| {
            [&class.tasks, &class.panics, &class.queued, &class.threads].map(|cell| cell.load(Ordering::Relaxed))
        };
        assert_eq!(count(&workers.class()), [0, 0, 1, 1]);
        workers.unqueued();
        assert_eq!(workers.work(1, || 7).0, Some(7));
        assert_eq!(workers.work(1, || -> u8 { panic!("a picture that cannot be made") }).0, None);
        drop(there);
        assert_eq!(count(&workers.class()), [2, 1, 0, 0]);
        let tasks: Vec<u64> = workers.each().iter().map(WorkerLoad::tasks).collect();
        assert_eq!(tasks, [0, 2], "by the one who did them");
    }
}
