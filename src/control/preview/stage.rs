//! Pictures of one size and quality, and who waits for them.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{super::limits::network, Look};

/// For so long after it was compared with the program a picture passes for the present one.
const FRESH: Duration = Duration::from_millis(250);

/// A picture, encoded.
#[derive(Debug)]
pub(in crate::control) struct Shot {
    /// The tick that it was taken on.
    pub(in crate::control) tick: u64,
    /// Pixels in a row.
    pub(in crate::control) width: u16,
    /// Rows.
    pub(in crate::control) height: u16,
    /// The JPEG file.
    pub(in crate::control) jpeg: Bytes,
    /// The tick whose drawing it shows; another one is another picture.
    pub(super) drawn: u64,
}

/// The last picture, and when it was known to be the present one.
type Latest = Option<(Arc<Shot>, Instant)>;

/// Where pictures of one size and quality come out.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) look: Look,
    latest: watch::Sender<Latest>,
    /// Somebody waits for a picture other than the last.
    is_wanted: AtomicBool,
    /// Somebody who has not got the last one waits to hear that it is still the present one.
    is_asked: AtomicBool,
    /// A picture is being made.
    is_busy: AtomicBool,
    /// Who watches.
    watching: Mutex<Vec<IpAddr>>,
    /// When a picture of it was begun last, in turns that were given; 0 if none was.
    pub(super) turn: AtomicU64,
}

impl Stage {
    pub(super) fn new(look: Look) -> Self {
        Self {
            look,
            latest: watch::Sender::new(None),
            is_wanted: AtomicBool::new(false),
            is_asked: AtomicBool::new(false),
            is_busy: AtomicBool::new(false),
            watching: Mutex::default(),
            turn: AtomicU64::new(0),
        }
    }

    /// The addresses of those who watch, each as often as it does.
    pub(super) fn watching(&self) -> MutexGuard<'_, Vec<IpAddr>> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a frame that was drawn on tick `drawn`. Returns whether a picture is to be made of it.
    pub(super) fn wants(&self, drawn: u64) -> bool {
        let is_same = self.latest.borrow().as_ref().is_some_and(|(shot, _)| shot.drawn == drawn);
        if is_same {
            if self.is_asked.swap(false, Ordering::AcqRel) {
                self.latest.send_modify(|latest| {
                    if let Some((_, confirmed)) = latest {
                        *confirmed = Instant::now();
                    }
                });
            }
            return false;
        }
        self.is_wanted.load(Ordering::Acquire) && !self.is_busy.swap(true, Ordering::AcqRel)
    }

    /// Ends what [`wants`](Self::wants) began, with a picture or without.
    pub(super) fn finish(&self, shot: Option<Shot>) {
        if let Some(shot) = shot {
            self.is_wanted.store(false, Ordering::Release);
            self.is_asked.store(false, Ordering::Release);
            self.latest.send_replace(Some((Arc::new(shot), Instant::now())));
        }
        self.is_busy.store(false, Ordering::Release);
    }
}

/// One who watches. Dropping it ends that.
#[derive(Debug)]
pub(in crate::control) struct Viewer {
    stage: Arc<Stage>,
    address: IpAddr,
    latest: watch::Receiver<Latest>,
    every: Duration,
    due: Instant,
    /// The picture that it has.
    seen: Option<u64>,
}

impl Viewer {
    pub(super) fn new(stage: Arc<Stage>, fps: f64, address: IpAddr) -> Self {
        let address = network(address);
        stage.watching().push(address);
        let latest = stage.latest.subscribe();
        Self { stage, address, latest, every: Duration::from_secs_f64(1.0 / fps), due: Instant::now(), seen: None }
    }

    /// The next picture, once it is due: the present one if it is another than the last that this gave, else the next
    /// that differs.
    pub(in crate::control) async fn next(&mut self) -> Arc<Shot> {
        sleep_until(self.due).await;
        loop {
            if let Some((shot, confirmed)) = self.latest.borrow_and_update().as_ref()
                && self.seen != Some(shot.drawn)
            {
                if confirmed.elapsed() < FRESH {
                    let now = Instant::now();
                    // In step with the times at which pictures were due, unless it is too late for that.
                    self.due = (self.due + self.every).max(now);
                    self.seen = Some(shot.drawn);
                    return Arc::clone(shot);
                }
                self.stage.is_asked.store(true, Ordering::Release);
            }
            self.stage.is_wanted.store(true, Ordering::Release);
            if self.latest.changed().await.is_err() {
                // The sender lives in the stage, which this holds.
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut watching = self.stage.watching();
        if let Some(at) = watching.iter().position(|address| *address == self.address) {
            watching.swap_remove(at);
        }
    }
}
