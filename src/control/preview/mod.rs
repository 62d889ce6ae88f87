//! The picture as JPEG files for those who look in, at the size, quality and rate that each asks for.
//!
//! Work is done only for somebody who waits for it. Who has taken a picture and is due for the next one asks for it; the
//! next frame that differs is then scaled and encoded, once for all who asked for this size and quality, on threads of
//! their own. While nobody watches there are no threads, and the engine hands no frames out for it; whoever is slow does
//! not ask, and costs nothing. Where more is asked for than can be made all get their share: addresses take turns, and so do
//! the sizes and qualities that each asks for (`rota`).
//!
//! A frame is held only until it is scaled: it is one of the few that the compositor draws into in turn.

mod rota;
mod stage;
mod work;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use self::stage::Stage;
pub(super) use self::stage::{Shot, Viewer};
use super::{
    Problem,
    limits::{Counted, Counts},
};
use crate::{engine::EngineHandle, telemetry::Metrics};

/// Different sizes and qualities that are made at once; more are refused.
const STAGES: usize = 64;
/// Those of them that one address may begin: some stay for others. Whoever asks for what is made already takes none.
const STAGES_OF_ONE: usize = STAGES / 2;

/// Size and quality of a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Look {
    /// Pixels; a smaller canvas is not enlarged.
    pub(super) width: u16,
    /// 1 to 100.
    pub(super) quality: u8,
    /// Which of the [variants](EngineHandle::variants) is seen; the stream's own picture if it is `None`.
    pub(super) variant: Option<usize>,
}

/// Where previews are made.
#[derive(Clone)]
pub(super) struct Studio(Arc<Inner>);

struct Inner {
    engine: EngineHandle,
    metrics: Arc<Metrics>,
    workers: usize,
    stages: Mutex<Stages>,
    /// Stages that each address has begun.
    begun: Counts,
}

#[derive(Default)]
struct Stages {
    /// Those that somebody watches, each counted for who began it.
    watched: HashMap<Look, (Weak<Stage>, Counted)>,
    /// Whether there are threads that work for them.
    is_running: bool,
}

impl Studio {
    /// A studio that takes up to `workers` threads once there is something to do.
    pub(super) fn new(engine: EngineHandle, metrics: Arc<Metrics>, workers: usize) -> Self {
        let workers = workers.max(1);
        metrics.preview_workers().set_most(workers);
        Self(Arc::new(Inner { engine, metrics, workers, stages: Mutex::default(), begun: Counts::default() }))
    }

    /// Begins to watch at `fps` pictures a second, for a client at `address`.
    ///
    /// # Errors
    /// Too many different previews are being made, in all or for this address, or the system gives no thread.
    pub(super) fn watch(&self, look: Look, fps: f64, address: IpAddr) -> Result<Viewer, Problem> {
        let mut stages = self.0.stages();
        let stage = match stages.watched.get(&look).and_then(|(stage, _)| stage.upgrade()) {
            Some(stage) => stage,
            None => {
                stages.watched.retain(|_, (stage, _)| stage.strong_count() > 0);
                let refused = |count: usize, whose: &str| {
                    let detail =
                        format!("{count} previews{whose} are made, which is as many as may be; ask for less, or later");
                    Problem::unavailable(detail)
                };
                if stages.watched.len() >= STAGES {
                    return Err(refused(STAGES, ""));
                }
                let counted = self.0.begun.add(address, STAGES_OF_ONE);
                let counted = counted.ok_or_else(|| refused(STAGES_OF_ONE, " of this address"))?;
                let stage = Arc::new(Stage::new(look));
                stages.watched.insert(look, (Arc::downgrade(&stage), counted));
                stage
            }
        };
        if !stages.is_running {
            work::start(&self.0).map_err(|error| Problem::unavailable(format!("no thread for previews: {error}")))?;
            stages.is_running = true;
        }
        Ok(Viewer::new(stage, fps, address))
    }
}

impl Inner {
    fn stages(&self) -> MutexGuard<'_, Stages> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All stages that somebody watches. If there are none the work is noted as ended.
    fn watched(&self) -> Vec<Arc<Stage>> {
        let mut stages = self.stages();
        stages.watched.retain(|_, (stage, _)| stage.strong_count() > 0);
        let watched: Vec<_> = stages.watched.values().filter_map(|(stage, _)| stage.upgrade()).collect();
        stages.is_running = !watched.is_empty();
        watched
    }
}
