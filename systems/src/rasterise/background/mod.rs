//! Does what no tick waits for: what later ticks will need, and what takes longer than a tick has.
//!
//! The rule, for a stream that is live ([`Patience::within`]): a picture of a layer, a picture that is made of layers and
//! the lines of a text that are expected to take longer than its budget are made in the background. The layer keeps its
//! last good picture and its last box until then. A layer that has none yet is waited for, up to the budget, and is missing
//! for as long as it takes if that is not enough. Each tick that shows an older picture is counted. Where nobody watches a
//! clock ([`Patience::Endless`]: files, pictures, tests) everything is waited for, so that a picture depends on the scene
//! and its time alone.

mod collect;
mod lines;
mod work;

use std::{
    cmp::Ordering as Order,
    collections::BinaryHeap,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use bevy_ecs::{entity::Entity, resource::Resource};
use bevy_tasks::AsyncComputeTaskPool;
use components::LayerId;

use self::work::{Done, Shelf};
pub use self::{collect::collect_background, lines::AwaitedLines};
pub(super) use self::{
    collect::{wait_for_layers, wait_for_pictures},
    work::{LayerWork, PictureWork, Work, assets_of, faces_for, is_suitable, lines_of},
};
use super::{content::text::faces::Faces, fault::FaultInjection};
use crate::{
    caches::TextCaches,
    workers::{WorkerLoad, WorkerTotals},
};

/// Bytes of pictures that may be made before a tick takes them. The older ones in whose place they come are there until then:
/// a tick that takes long must not find everything twice.
const UNTAKEN: u64 = 32 << 20;

/// How long a tick waits for pictures.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// Until all are drawn.
    #[default]
    Endless,
    /// Up to this time for those that take long; see the module.
    Within(Duration),
}

impl Patience {
    /// Whether what takes about so many nanoseconds is too long to wait for.
    pub(crate) fn is_exceeded_by(self, nanoseconds: f64) -> bool {
        match self {
            Self::Endless => false,
            Self::Within(budget) => nanoseconds > budget.as_secs_f64() * 1e9,
        }
    }
}

/// Something to be done, with all that this needs.
pub(crate) struct Job {
    pub(crate) entity: Entity,
    /// Whether a layer that is seen waits for it.
    pub(crate) is_needed: bool,
    pub(crate) layer: LayerId,
    pub(crate) injection: FaultInjection,
    /// The fonts that it is set in, if it is text.
    pub(crate) faces: Option<Faces>,
    pub(crate) work: Work,
}

/// A job in its place in the queue.
struct Queued {
    job: Box<Job>,
    number: u64,
}

impl Queued {
    /// What is needed goes before what will be; what came first before what came later.
    fn rank(&self) -> (bool, std::cmp::Reverse<u64>) {
        (self.job.is_needed, std::cmp::Reverse(self.number))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Order {
        self.rank().cmp(&other.rank())
    }
}

/// What waits, and who works on it.
struct State {
    queue: BinaryHeap<Queued>,
    /// Which workers are at work.
    busy: Vec<bool>,
    numbers: u64,
    /// Bytes of what was made and not taken.
    untaken: u64,
    totals: WorkerTotals,
    /// Fonts that nobody uses just now.
    shelf: Shelf,
    fonts: TextCaches,
}

/// The background workers of a compositor. At most one job of each kind is under way for each layer, so that no more wait
/// than a few times as many as there are layers.
#[derive(Resource)]
pub struct Background {
    state: Arc<Mutex<State>>,
    each: Arc<[WorkerLoad]>,
    sender: Sender<Done>,
    results: Mutex<Receiver<Done>>,
    /// What came while a tick waited for something else.
    early: Vec<Done>,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").field("totals", &self.totals()).finish_non_exhaustive()
    }
}

impl Drop for Background {
    /// What has not begun never does.
    fn drop(&mut self) {
        lock(&self.state).queue.clear();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Background {
    /// Nothing to do yet. The process's workers must have been started.
    #[must_use]
    pub fn new() -> Self {
        let (sender, results) = channel();
        let most = AsyncComputeTaskPool::get().thread_num().max(1);
        let state = State {
            queue: BinaryHeap::new(),
            busy: vec![false; most],
            numbers: 0,
            untaken: 0,
            totals: WorkerTotals::default(),
            shelf: Shelf::default(),
            fonts: TextCaches::default(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            each: (0..most).map(|_| WorkerLoad::default()).collect(),
            sender,
            results: Mutex::new(results),
            early: Vec::new(),
        }
    }

    /// What they have done so far.
    #[must_use]
    pub fn totals(&self) -> WorkerTotals {
        let state = lock(&self.state);
        let threads = state.busy.iter().filter(|busy| **busy).count();
        WorkerTotals { queued: state.queue.len() as u64, threads: threads as u64, ..state.totals }
    }

    /// What each of them has done; this goes on counting.
    #[must_use]
    pub fn each(&self) -> Arc<[WorkerLoad]> {
        Arc::clone(&self.each)
    }

    /// How the caches of their fonts have done.
    pub(crate) fn fonts(&self) -> TextCaches {
        lock(&self.state).fonts
    }

    /// What was only thought to be needed is: it goes before all that is not.
    pub(super) fn promote(&self, entity: Entity) {
        let mut state = lock(&self.state);
        let mut queue = std::mem::take(&mut state.queue).into_vec();
        queue.iter_mut().filter(|queued| queued.job.entity == entity).for_each(|queued| queued.job.is_needed = true);
        state.queue = queue.into();
    }

    pub(crate) fn start(&self, job: Job) {
        let mut state = lock(&self.state);
        state.numbers += 1;
        let number = state.numbers;
        state.queue.push(Queued { job: Box::new(job), number });
        self.hire(&mut state, 1);
    }

    /// Sets so many workers to work at the most, as far as they have nothing to do.
    fn hire(&self, state: &mut State, most: usize) {
        let idle = state.busy.iter_mut().enumerate().filter(|(_, busy)| !**busy);
        for (worker, busy) in idle.take(most) {
            *busy = true;
            let (shared, each, sender) = (Arc::clone(&self.state), Arc::clone(&self.each), self.sender.clone());
            AsyncComputeTaskPool::get().spawn(async move { run(worker, &shared, &each, &sender) }).detach();
        }
    }

    /// Notes that so many bytes of what was made were taken: there is room for more.
    fn take(&self, bytes: u64) {
        let mut state = lock(&self.state);
        state.untaken -= bytes;
        let waiting = state.queue.len();
        self.hire(&mut state, waiting);
    }

    fn collect(&mut self) -> Vec<Done> {
        let new: Vec<Done> = self.results.get_mut().unwrap_or_else(PoisonError::into_inner).try_iter().collect();
        self.take(new.iter().map(Done::bytes).sum());
        let mut done = std::mem::take(&mut self.early);
        done.extend(new);
        done
    }

    fn wait(&mut self, deadline: Instant) -> Option<Done> {
        let left = deadline.saturating_duration_since(Instant::now());
        let done = self.results.get_mut().unwrap_or_else(PoisonError::into_inner).recv_timeout(left).ok()?;
        self.take(done.bytes());
        Some(done)
    }
}

impl Default for Background {
    fn default() -> Self {
        Self::new()
    }
}

/// Does one job after the other until none is left, or as much was made as may [wait](UNTAKEN) to be taken.
fn run(worker: usize, shared: &Mutex<State>, each: &[WorkerLoad], sender: &Sender<Done>) {
    loop {
        let (job, fonts) = {
            let mut state = lock(shared);
            let next = if state.untaken < UNTAKEN { state.queue.pop() } else { None };
            let Some(Queued { job, .. }) = next else {
                state.busy[worker] = false;
                return;
            };
            let fonts = state.shelf.take(job.faces.as_ref());
            (job, fonts)
        };
        let began = Instant::now();
        let (done, fonts, counts) = job.run(fonts);
        let spent = began.elapsed();
        {
            let mut state = lock(shared);
            state.totals.tasks += 1;
            state.totals.busy += spent;
            state.totals.panics += u64::from(done.has_failed());
            state.untaken += done.bytes();
            state.fonts += counts;
            state.shelf.put_back(fonts);
        }
        each[worker].add(spent);
        // Nobody listens any more when the compositor is gone.
        let _ = sender.send(Done { spent, ..done });
    }
}

#[cfg(test)]
mod tests {
    use bevy_ecs::world::World;
    use components::{Content, Effects, Extent};

    use super::*;
    use crate::{
        assets::Assets,
        quality::Quality,
        rasterise::cache::Key,
        workers::{Machine, WorkerThreads, start_workers},
    };

    /// While nobody takes what was made, no more of it is; when somebody does, the rest is.
    #[test]
    fn no_more_is_made_than_may_wait() {
        const SIDE: f64 = 1024.0;
        let each = (SIDE * SIDE * 4.0) as u64;
        let jobs = 3 * (UNTAKEN / each) as usize;
        start_workers(WorkerThreads::of(&Machine::here()));
        let mut background = Background::new();
        let content: Content = serde_json::from_value(serde_json::json!({ "type": "color", "color": "#ff0000" }))
            .expect("a box of a colour");
        let extent = Extent { width: SIDE, height: SIDE };
        let key = Key { revision: 0, scale: (1.0, 1.0), part: None, effects: Quality::High, extent };
        let mut world = World::new();
        for _ in 0..jobs {
            let work = LayerWork {
                key,
                content: content.clone(),
                effects: Effects::default(),
                mask: None,
                window: None,
                assets: Assets::default(),
                canvas: (SIDE, SIDE),
                lines: None,
            };
            background.start(Job {
                entity: world.spawn_empty().id(),
                is_needed: true,
                layer: LayerId::new("layer").expect("a name"),
                injection: FaultInjection::default(),
                faces: None,
                work: Work::Layer(Box::new(work)),
            });
        }
        let until = Instant::now() + Duration::from_secs(60);
        let most = UNTAKEN + background.each().len() as u64 * each;
        let mut taken = 0;
        while taken < jobs {
            while background.totals().threads > 0 {
                assert!(Instant::now() < until, "{:?}", background.totals());
                std::thread::yield_now();
            }
            let made = background.collect();
            let bytes: u64 = made.iter().map(Done::bytes).sum();
            assert!(bytes >= UNTAKEN.min((jobs - taken) as u64 * each) && bytes <= most, "{bytes} bytes");
            taken += made.len();
        }
    }
}
