//! The threads that draw, and how a tick shares its work out among them.
//!
//! There are two classes. *Render* workers draw what the tick that is running needs; the tick waits for them.
//! *Background* workers draw what later ticks will need and what takes longer than a tick; no tick waits for them. Each
//! class has threads of its own, so that what is urgent never stands behind what is not.

mod scale;

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bevy_ecs::resource::Resource;
use bevy_tasks::{AsyncComputeTaskPool, ComputeTaskPool, IoTaskPool, TaskPool, TaskPoolBuilder};

pub use self::scale::Scaler;

/// Threads of each class of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerThreads {
    /// Threads that draw what the present tick needs, composite and convert.
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
    TaskPoolBuilder::new().num_threads(threads.max(1)).thread_name(name.to_owned()).build()
}

/// Starts the worker threads of this process. The first call decides; later ones change nothing.
pub fn start_workers(threads: WorkerThreads) {
    ComputeTaskPool::get_or_init(|| pool("render", threads.render));
    IoTaskPool::get_or_init(|| pool("decode", threads.decode));
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
    /// Threads of this compositor's own, if it has any; the process's otherwise.
    own: Option<TaskPool>,
    scaler: Scaler,
    pub(crate) totals: WorkerTotals,
}

impl Workers {
    /// Workers of the process's own pool, or of a new one of `threads` threads.
    #[must_use]
    pub fn new(threads: Option<usize>) -> Self {
        let own = threads.map(|threads| pool("render", threads));
        let most = own.as_ref().unwrap_or_else(|| ComputeTaskPool::get()).thread_num();
        Self {
            own,
            scaler: Scaler::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN)),
            totals: WorkerTotals::default(),
        }
    }

    /// The threads.
    #[must_use]
    pub fn pool(&self) -> &TaskPool {
        self.own.as_ref().unwrap_or_else(|| ComputeTaskPool::get())
    }

    /// How many threads share the work of this tick.
    #[must_use]
    pub fn width(&self) -> usize {
        self.scaler.width()
    }

    /// Does all pieces of work, those in front first, and returns their results in the same order with the time that
    /// each took. What comes out does not depend on how many threads there are.
    pub fn run<J: Send, R: Send>(&mut self, jobs: Vec<J>, work: impl Fn(J) -> R + Sync) -> Vec<(R, Duration)> {
        let timed = |job| {
            let began = Instant::now();
            (work(job), began.elapsed())
        };
        let runners = self.width().min(jobs.len());
        let done: Vec<(R, Duration)> = if runners < 2 {
            jobs.into_iter().map(timed).collect()
        } else {
            let mut results = Vec::with_capacity(jobs.len());
            results.resize_with(jobs.len(), || None);
            // Whoever is free takes the next one, and the place where its result goes.
            let queue = Mutex::new(jobs.into_iter().zip(&mut results));
            self.pool().scope(|scope| {
                for _ in 0..runners {
                    scope.spawn(async {
                        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        while let Some((job, result)) = next() {
                            *result = Some(timed(job));
                        }
                    });
                }
            });
            drop(queue);
            results.into_iter().flatten().collect()
        };
        self.totals.tasks += done.len() as u64;
        self.totals.busy += done.iter().map(|(_, spent)| *spent).sum::<Duration>();
        done
    }
}
