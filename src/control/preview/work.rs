//! The threads that make previews, for as long as somebody watches.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Builder,
};

use systems::{
    Frame,
    still::{StillError, StillMaker},
};

use super::{Inner, Shot, Stage, rota::Rota};
use crate::{engine::ProgramFrame, telemetry::Metrics};

/// A picture to be made.
struct Job {
    stage: Arc<Stage>,
    frame: Arc<Frame>,
    tick: u64,
}

/// Ends what the stage waits for, however the job ends.
struct Ending(Arc<Stage>, Option<Shot>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.finish(self.1.take());
    }
}

/// Starts the threads. They end when nobody watches any more, or the engine ends.
pub(super) fn start(studio: &Arc<Inner>) -> io::Result<()> {
    // As many as can be worked at; what finds it full has its turn with a later frame.
    let (jobs, queue) = sync_channel(studio.workers);
    let queue = Arc::new(Mutex::new(queue));
    for number in 0..studio.workers {
        let (queue, metrics) = (Arc::clone(&queue), Arc::clone(&studio.metrics));
        Builder::new().name(format!("preview-{number}")).spawn(move || make_pictures(number, &queue, &metrics))?;
    }
    let studio = Arc::clone(studio);
    let frames = studio.engine.frames_at_leisure();
    Builder::new().name("preview".to_owned()).spawn(move || look_at_frames(&studio, &frames, &jobs))?;
    Ok(())
}

/// Hands frames to the workers where somebody waits for a picture.
fn look_at_frames(studio: &Inner, frames: &Receiver<ProgramFrame>, jobs: &SyncSender<Job>) {
    let mut rota = Rota::default();
    let workers = studio.metrics.preview_workers();
    while let Ok(ProgramFrame { tick, picture, variants, .. }) = frames.recv() {
        let seen = |stage: &Stage| stage.look.variant.and_then(|variant| variants.get(variant)).unwrap_or(&picture);
        let watched = studio.watched();
        if watched.is_empty() {
            return;
        }
        let wanted = watched.into_iter().filter(|stage| stage.wants(seen(stage).tick)).collect();
        let left = rota.offer(wanted, |stage| {
            workers.queued();
            let job = Job { stage: Arc::clone(stage), frame: Arc::clone(seen(stage)), tick };
            jobs.try_send(job).inspect_err(|_| workers.unqueued()).is_ok()
        });
        for stage in left {
            stage.finish(None);
        }
    }
    studio.stages().is_running = false;
}

fn make_pictures(number: usize, queue: &Mutex<Receiver<Job>>, metrics: &Metrics) {
    let workers = metrics.preview_workers();
    let _there = workers.begin();
    let mut maker = StillMaker::default();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { stage, frame, tick }) = job else { return };
        workers.unqueued();
        let mut ending = Ending(stage, None);
        let (made, spent) = workers.work(number, || make(&mut maker, &ending.0, frame, tick));
        match made {
            Some(Ok(shot)) => ending.1 = Some(shot),
            Some(Err(error)) => tracing::warn!("a preview could not be made: {error}"),
            None => {
                tracing::error!("a preview could not be made: its encoder panicked");
                maker = StillMaker::default();
            }
        }
        metrics.preview(spent);
    }
}

fn make(maker: &mut StillMaker, stage: &Stage, frame: Arc<Frame>, tick: u64) -> Result<Shot, StillError> {
    let still = maker.shrink(&frame, usize::from(stage.look.width))?;
    drop(frame);
    let side = |side: usize| u16::try_from(side).unwrap_or(u16::MAX);
    let (width, height) = (side(still.width()), side(still.height()));
    let jpeg = still.to_jpeg(stage.look.quality)?.into();
    Ok(Shot { tick, width, height, jpeg, drawn: still.tick })
}
