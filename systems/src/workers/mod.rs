//! The threads that draw, and how a tick shares its work out among them.
//!
//! There are two classes. *Render* workers draw what the tick that is running needs; the tick waits for them.
//! *Background* workers draw what later ticks will need and what takes longer than a tick; no tick waits for them. Each
//! class has threads of its own, so that what is urgent never stands behind what is not.

mod ahead;
mod scale;

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bevy_ecs::resource::Resource;
use bevy_tasks::{AsyncComputeTaskPool, ComputeTaskPool, IoTaskPool, TaskPool, TaskPoolBuilder};

pub use self::{ahead::scale_workers, scale::Scaler};

/// Threads of each class of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerThreads {
    /// Threads that draw what the present tick needs, composite and convert; the one that ticks is one of them.
    pub render: usize,
    /// Threads that read and decode assets.
    pub decode: usize,
}

impl WorkerThreads {
    /// Threads that draw ahead of time: one for four that render.
    #[must_use]
    pub fn background(&self) -> usize {
        (self.render / 4).max(1)
    }
}

fn pool(name: &str, threads: usize) -> TaskPool {
    TaskPoolBuilder::new().num_threads(threads).thread_name(name.to_owned()).build()
}

/// Threads that draw together with the one that ticks: `threads` are at work in all.
fn render_pool(threads: usize) -> TaskPool {
    pool("render", threads.saturating_sub(1))
}

/// Starts the worker threads of this process. The first call decides; later ones change nothing.
pub fn start_workers(threads: WorkerThreads) {
    ComputeTaskPool::get_or_init(|| render_pool(threads.render));
    IoTaskPool::get_or_init(|| pool("decode", threads.decode.max(1)));
    AsyncComputeTaskPool::get_or_init(|| pool("background", threads.background()));
}

/// What a class of workers has done so far, and what it has before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTotals {
    /// Pieces of work that were begun and ended, by a panic too.
    pub tasks: u64,
    /// Time that all of them took together.
    pub busy: Duration,
    /// Those that ended by a panic.
    pub panics: u64,
    /// Pieces of work that wait.
    pub queued: u64,
    /// Threads that share the work at present.
    pub threads: u64,
}

/// The render workers of a compositor.
#[derive(Resource, Debug)]
pub struct Workers {
    /// Threads of this compositor's own besides the one that ticks, if it has any; the process's otherwise.
    own: Option<TaskPool>,
    scaler: Scaler,
    /// Time that a tick may take; `None` where nobody waits for it.
    pace: Option<Duration>,
    tasks: AtomicU64,
    /// Nanoseconds.
    busy: AtomicU64,
    panics: AtomicU64,
    /// What `busy` was when the last tick ended.
    busy_before: u64,
}

impl Workers {
    /// The thread that ticks together with the process's own pool, or with a new one: `threads` threads in all.
    #[must_use]
    pub fn new(threads: Option<usize>) -> Self {
        let own = threads.map(render_pool);
        let most = own.as_ref().unwrap_or_else(|| ComputeTaskPool::get()).thread_num() + 1;
        Self {
            own,
            scaler: Scaler::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN)),
            pace: None,
            tasks: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            busy_before: 0,
        }
    }

    fn pool(&self) -> &TaskPool {
        self.own.as_ref().unwrap_or_else(|| ComputeTaskPool::get())
    }

    /// What they have done so far.
    #[must_use]
    pub fn totals(&self) -> WorkerTotals {
        WorkerTotals {
            tasks: self.tasks.load(Ordering::Relaxed),
            busy: Duration::from_nanos(self.busy.load(Ordering::Relaxed)),
            panics: self.panics.load(Ordering::Relaxed),
            queued: 0,
            threads: self.scaler.width() as u64,
        }
    }

    /// Tells how long ticks may take. From then on only as many threads share the work as that takes.
    pub fn set_pace(&mut self, period: Duration) {
        self.pace = Some(period);
    }

    /// Counts a panic.
    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a tick: how many threads share the next one's work follows from how much work this one had, and whether
    /// something is about to begin to move.
    pub(crate) fn end_tick(&mut self, is_moving_soon: bool) {
        let busy = self.busy.load(Ordering::Relaxed);
        let spent = Duration::from_nanos(busy - std::mem::replace(&mut self.busy_before, busy));
        if let Some(period) = self.pace {
            self.scaler.observe(spent, period, is_moving_soon);
        }
    }

    fn timed<R>(&self, work: impl FnOnce() -> R) -> (R, Duration) {
        let began = Instant::now();
        let result = work();
        let spent = began.elapsed();
        self.tasks.fetch_add(1, Ordering::Relaxed);
        self.busy.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        (result, spent)
    }

    /// Does all pieces of work, those in front first, each once, on whatever thread is free.
    pub fn share<J: Send>(&self, jobs: Vec<J>, work: impl Fn(J) + Sync) {
        self.spread(jobs, |job| {
            self.timed(|| work(job));
        });
    }

    /// Does all pieces of work, those in front first, and returns their results in the same order with the time that
    /// each took. What comes out does not depend on how many threads there are.
    pub fn run<J: Send, R: Send>(&self, jobs: Vec<J>, work: impl Fn(J) -> R + Sync) -> Vec<(R, Duration)> {
        let mut results = Vec::with_capacity(jobs.len());
        results.resize_with(jobs.len(), || None);
        self.spread(jobs.into_iter().zip(&mut results).collect(), |(job, result)| {
            *result = Some(self.timed(|| work(job)));
        });
        results.into_iter().flatten().collect()
    }

    fn spread<J: Send>(&self, jobs: Vec<J>, work: impl Fn(J) + Sync) {
        let runners = self.scaler.width().min(jobs.len());
        if runners < 2 {
            jobs.into_iter().for_each(work);
            return;
        }
        let queue = Mutex::new(jobs.into_iter());
        let (queue, work) = (&queue, &work);
        self.pool().scope(|scope| {
            for _ in 0..runners {
                scope.spawn(async move {
                    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    while let Some(job) = next() {
                        work(job);
                    }
                });
            }
        });
    }
}
