//! The threads that draw, and how a tick shares its work out among them.
//!
//! There are two classes. *Render* workers draw what the tick that is running needs; the tick waits for them.
//! *Background* workers draw what later ticks will need and what takes longer than a tick; no tick waits for them. Each
//! class has threads of its own, so that what is urgent never stands behind what is not.

mod afford;
mod ahead;
mod effort;
mod machine;
mod scale;

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bevy_ecs::resource::Resource;
use bevy_tasks::{AsyncComputeTaskPool, ComputeTaskPool, IoTaskPool, TaskPool, TaskPoolBuilder};

pub use self::{afford::afford_threads, ahead::scale_workers, effort::Effort, machine::Machine, scale::Scaler};

/// Threads of each class of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerThreads {
    /// Threads that draw what the present tick needs, composite and convert; the one that ticks is one of them.
    pub render: usize,
    /// Threads that draw what later ticks need and what takes longer than a tick.
    pub background: usize,
    /// Threads that read and decode assets.
    pub decode: usize,
}

fn pool(name: &str, threads: usize) -> TaskPool {
    TaskPoolBuilder::new().num_threads(threads).thread_name(name.to_owned()).build()
}

/// Threads that draw together with the one that ticks: `threads` are at work in all.
fn render_pool(threads: usize) -> TaskPool {
    pool("render", threads.saturating_sub(1))
}

/// Starts the worker threads of this process. The first call decides; later ones change nothing. It panics where the system
/// does not give them: see [`afford_threads`].
pub fn start_workers(threads: WorkerThreads) {
    // Queries share their rows out by the threads of this pool alone, without the one that ticks, which helps.
    ComputeTaskPool::get_or_init(|| pool("render", threads.render.max(1)));
    IoTaskPool::get_or_init(|| pool("decode", threads.decode.max(1)));
    AsyncComputeTaskPool::get_or_init(|| pool("background", threads.background.max(1)));
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

/// What one of the workers that share a tick's work has done so far.
#[derive(Debug, Default)]
pub struct WorkerLoad {
    tasks: AtomicU64,
    /// Nanoseconds.
    busy: AtomicU64,
}

impl WorkerLoad {
    /// Pieces of work that it began and ended.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.tasks.load(Ordering::Relaxed)
    }

    /// Time that it took for them.
    #[must_use]
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }

    /// Counts a piece of work that took so long.
    pub fn add(&self, spent: Duration) {
        self.tasks.fetch_add(1, Ordering::Relaxed);
        self.busy.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Places for those who may be at work at the same time: whoever works takes the first that is free, so that each place
/// stands for a worker.
#[derive(Debug)]
pub(crate) struct Seats {
    taken: Mutex<Vec<bool>>,
    each: Arc<[WorkerLoad]>,
}

impl Seats {
    /// For so many, at least one.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { taken: Mutex::new(vec![false; most]), each: (0..most).map(|_| WorkerLoad::default()).collect() }
    }

    /// What each of them has done; this goes on counting.
    pub(crate) fn each(&self) -> Arc<[WorkerLoad]> {
        Arc::clone(&self.each)
    }

    /// Does a piece of work, which must not panic, and tells how long it took.
    pub(crate) fn work<R>(&self, work: impl FnOnce() -> R) -> (R, Duration) {
        let seat = self.take();
        let began = Instant::now();
        let result = work();
        let spent = began.elapsed();
        if let Some(seat) = seat {
            self.each[seat].add(spent);
            self.taken.lock().unwrap_or_else(PoisonError::into_inner)[seat] = false;
        }
        (result, spent)
    }

    fn take(&self) -> Option<usize> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let seat = taken.iter().position(|taken| !taken)?;
        taken[seat] = true;
        Some(seat)
    }
}

/// The render workers of a compositor.
#[derive(Resource, Debug)]
pub struct Workers {
    /// Threads of this compositor's own besides the one that ticks, if it has any; the process's otherwise.
    own: Option<TaskPool>,
    scaler: Scaler,
    /// Time that a tick may take; `None` where nobody waits for it.
    pace: Option<Duration>,
    /// What a system must have taken for its layers to be shared out.
    shared_from: Duration,
    /// As many as may share the work. Where fewer do, it is those in front.
    each: Arc<[WorkerLoad]>,
    panics: AtomicU64,
    /// Nanoseconds that turning tiles to I420 took on this tick, of all together.
    converting: AtomicU64,
    /// How long all had been busy when the last tick ended.
    busy_before: Duration,
}

impl Workers {
    /// The thread that ticks together with the process's own pool, or with a new one: `threads` threads in all.
    #[must_use]
    pub fn new(threads: Option<usize>) -> Self {
        let own = threads.map(render_pool);
        let most = own.as_ref().map_or_else(|| ComputeTaskPool::get().thread_num(), |own| own.thread_num() + 1);
        Self {
            own,
            scaler: Scaler::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN)),
            pace: None,
            shared_from: effort::SHARED_FROM,
            each: (0..most).map(|_| WorkerLoad::default()).collect(),
            panics: AtomicU64::new(0),
            converting: AtomicU64::new(0),
            busy_before: Duration::ZERO,
        }
    }

    fn pool(&self) -> &TaskPool {
        self.own.as_ref().unwrap_or_else(|| ComputeTaskPool::get())
    }

    /// What they have done so far.
    #[must_use]
    pub fn totals(&self) -> WorkerTotals {
        WorkerTotals {
            tasks: self.each.iter().map(WorkerLoad::tasks).sum(),
            busy: self.each.iter().map(WorkerLoad::busy).sum(),
            panics: self.panics.load(Ordering::Relaxed),
            queued: 0,
            threads: self.width() as u64,
        }
    }

    /// What each of them has done; this goes on counting.
    #[must_use]
    pub fn each(&self) -> Arc<[WorkerLoad]> {
        Arc::clone(&self.each)
    }

    /// How many threads share the work at present.
    pub(crate) fn width(&self) -> usize {
        self.scaler.width()
    }

    /// Tells how long ticks may take. From then on only as many threads share the work as that takes.
    pub fn set_pace(&mut self, period: Duration) {
        self.pace = Some(period);
    }

    /// Sets how long a system must have taken for its layers to be shared out on its next run.
    pub(crate) fn share_from(&mut self, least: Duration) {
        self.shared_from = least;
    }

    /// Counts a panic.
    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts time that turning a tile to I420 took.
    pub(crate) fn count_converting(&self, spent: Duration) {
        self.converting.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time that was counted for that since this was asked for last.
    pub(crate) fn take_converting(&self) -> Duration {
        Duration::from_nanos(self.converting.swap(0, Ordering::Relaxed))
    }

    /// Ends a tick: how many threads share the next one's work follows from how much work this one had, and whether
    /// something is about to begin to move.
    pub(crate) fn end_tick(&mut self, is_moving_soon: bool) {
        let busy = self.totals().busy;
        let spent = busy.saturating_sub(std::mem::replace(&mut self.busy_before, busy));
        if let Some(period) = self.pace {
            self.scaler.observe(spent, period, is_moving_soon);
        }
    }

    fn timed<R>(&self, worker: usize, work: impl FnOnce() -> R) -> (R, Duration) {
        let began = Instant::now();
        let result = work();
        let spent = began.elapsed();
        if let Some(load) = self.each.get(worker) {
            load.add(spent);
        }
        (result, spent)
    }

    /// Does all pieces of work, those in front first, each once, on whatever thread is free.
    pub fn share<J: Send>(&self, jobs: Vec<J>, work: impl Fn(J) + Sync) {
        self.spread(jobs, |worker, job| {
            self.timed(worker, || work(job));
        });
    }

    /// Does all pieces of work, those in front first, and returns their results in the same order with the time that
    /// each took. What comes out does not depend on how many threads there are.
    pub fn run<J: Send, R: Send>(&self, jobs: Vec<J>, work: impl Fn(J) -> R + Sync) -> Vec<(R, Duration)> {
        let mut results = Vec::with_capacity(jobs.len());
        results.resize_with(jobs.len(), || None);
        self.spread(jobs.into_iter().zip(&mut results).collect(), |worker, (job, result)| {
            *result = Some(self.timed(worker, || work(job)));
        });
        results.into_iter().flatten().collect()
    }

    /// Does all pieces of work; `work` is told which worker does each.
    fn spread<J: Send>(&self, jobs: Vec<J>, work: impl Fn(usize, J) + Sync) {
        let runners = self.width().min(jobs.len());
        if runners < 2 {
            jobs.into_iter().for_each(|job| work(0, job));
            return;
        }
        let queue = Mutex::new(jobs.into_iter());
        let (queue, work) = (&queue, &work);
        self.pool().scope(|scope| {
            for worker in 0..runners {
                scope.spawn(async move {
                    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    while let Some(job) = next() {
                        work(worker, job);
                    }
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_work_at_the_same_time_sit_apart() {
        let seats = Seats::new(2);
        let ((), _) = seats.work(|| {
            seats.work(|| ());
            seats.work(|| ());
        });
        let tasks: Vec<u64> = seats.each().iter().map(WorkerLoad::tasks).collect();
        assert_eq!(tasks, [1, 2]);
    }

    #[test]
    fn each_worker_tells_what_it_did() {
        let workers = Workers::new(Some(3));
        let each = workers.each();
        assert_eq!(each.len(), 3);
        let squares = workers.run((0..200_u64).collect(), |number| {
            // Long enough for the others to get their share.
            std::hint::black_box((0..20_000).fold(number, |sum, next| sum ^ next));
            number * number
        });
        assert!(squares.iter().map(|(square, _)| *square).eq((0..200).map(|number| number * number)));
        let totals = workers.totals();
        assert_eq!((totals.tasks, each.iter().map(WorkerLoad::tasks).sum()), (200, 200));
        assert_eq!(totals.busy, squares.iter().map(|(_, spent)| *spent).sum());
        workers.share(vec![()], |()| {});
        assert_eq!(workers.totals().tasks, 201);
    }
}
