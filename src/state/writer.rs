//! Writes the journal into a store: all that has come since the last commit as one batch.
//!
//! While a batch is written the next one gathers, so that the more edits there are, the more share a commit. A store
//! that fails is tried again, with growing pauses, and is then written as a whole: nobody knows what it has. Until it is
//! back, changes are folded into the mirror, and whoever waits for one to be durable is told that it is not. While there is
//! nothing to write the store is asked now and then whether it still has everything; one that has not is written anew.
//! Nothing more is written once another instance has taken the state over.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, task::JoinHandle, time};

use super::{
    mirror::Mirror,
    remembered::Remembered,
    store::{Store, StoreError},
};
use crate::engine::{Durable, EngineHandle, JournalReader, StoreStatus, StreamEvent, Taken};

/// Answers wait this long for a commit; if it takes longer they say that their edits are not durable.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pause before a store that failed is tried again; twice as long after each failure …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long writing what is left is tried at the end.
const LAST_TRIES: Duration = Duration::from_secs(3);
/// How often a store that has nothing to do is asked whether it still has everything.
const LOOK: Duration = Duration::from_secs(1);
/// Pause before the engine is asked for the whole scene again, if too many asked it for something.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The task that writes. When it is dropped it goes on until the engine is gone.
#[derive(Debug)]
pub struct Writer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Writes what happens in `engine` into `store` from now on, beginning with all there is: the scene, and the
    /// documents of `remembered`. `observe` is told how long each commit took. `None` if somebody writes already.
    #[must_use]
    pub fn start(
        engine: EngineHandle,
        store: Box<dyn Store>,
        remembered: Remembered,
        observe: impl FnMut(Duration) + Send + 'static,
    ) -> Option<Self> {
        let reader = engine.journal()?;
        let (stop, stopped) = oneshot::channel();
        let writing = Writing {
            status: StoreStatus { kind: store.kind(), ..StoreStatus::default() },
            mirror: Mirror::new(remembered.documents),
            engine,
            reader,
            store,
            observe: Box::new(observe),
            taken: 0,
            durable: Durable::default(),
            is_cut: true,
            told: None,
            stopped,
            ending: None,
        };
        Some(Self { stop, task: tokio::spawn(writing.run()) })
    }

    /// Writes what is left and ends. Call it when the engine has ended.
    pub async fn finish(self) {
        // Gone already, it needs not be told.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

struct Writing {
    engine: EngineHandle,
    reader: JournalReader,
    store: Box<dyn Store>,
    mirror: Mirror,
    observe: Box<dyn FnMut(Duration) + Send>,
    /// Position up to which the mirror has everything.
    taken: u64,
    durable: Durable,
    /// Whether the mirror needs the whole scene.
    is_cut: bool,
    status: StoreStatus,
    /// What went wrong last, if that has been told and nothing has gone well since.
    told: Option<StoreError>,
    stopped: oneshot::Receiver<()>,
    /// When the end was asked for.
    ending: Option<Instant>,
}

impl Writing {
    async fn run(mut self) {
        self.write_all().await;
        self.store.close().await;
    }

    async fn write_all(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.fold().await;
            if self.is_cut {
                // The scene is not known: what is in the store is better than what is here.
                if self.ending.is_some() || self.rest(ASK_AGAIN).await {
                    tracing::error!("the engine does not tell its scene any more; its last changes are not kept");
                    return;
                }
                continue;
            }
            let done = match self.write().await {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    if self.ending.is_some() {
                        return;
                    }
                    self.wait().await
                }
                failed => failed,
            };
            let Err(error) = done else { continue };
            self.mirror.lose();
            if matches!(error, StoreError::Behind { .. }) && pause == FIRST_PAUSE {
                // It answers, and takes everything anew at once; if it does not, it is tried as one that fails.
                self.lost(error);
                pause *= 2;
                continue;
            }
            let is_over = matches!(error, StoreError::TakenOver { .. });
            self.fail(error);
            if is_over {
                // Without a reader the journal keeps nothing, and edits are answered as not durable.
                return;
            }
            let too_late = self.ending.is_some_and(|ending| ending.elapsed() > LAST_TRIES);
            if too_late {
                let pending = self.engine.store().map_or(0, |status| status.pending);
                tracing::error!(pending, "the last changes could not be written: they are lost");
                return;
            }
            self.rest(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until there is something to write, or the end is asked for.
    ///
    /// # Errors
    /// The store has not what it should have, or cannot be asked.
    async fn wait(&mut self) -> Result<(), StoreError> {
        loop {
            let Self { reader, store, stopped, .. } = self;
            let looked = async {
                time::sleep(LOOK).await;
                store.verify().await
            };
            tokio::select! {
                () = reader.appended() => return Ok(()),
                _ = stopped => {
                    self.ending = Some(Instant::now());
                    return Ok(());
                }
                looked = looked => looked?,
            }
        }
    }

    /// Takes in what the journal has.
    async fn fold(&mut self) {
        let Taken { position, scene, is_cut, documents } = self.reader.take();
        for document in documents {
            self.mirror.set(document);
        }
        self.is_cut |= is_cut;
        if !self.is_cut {
            self.is_cut = scene.iter().any(|change| self.mirror.follow(change).is_err());
        }
        if self.is_cut
            && let Ok(whole) = self.engine.whole().await
        {
            self.mirror.replace(&whole);
            self.is_cut = false;
        }
        self.taken = position;
    }

    /// Writes what the mirror has and the store has not.
    async fn write(&mut self) -> Result<(), StoreError> {
        if let Some(batch) = self.mirror.batch() {
            let Self { store, reader, durable, .. } = self;
            let began = Instant::now();
            let mut commit = pin!(store.commit(batch));
            let done = match time::timeout(PATIENCE, &mut commit).await {
                Ok(done) => done,
                Err(_) => {
                    reader.settle(Durable { is_away: true, ..*durable });
                    commit.await
                }
            };
            done?;
            let spent = began.elapsed();
            (self.observe)(spent);
            self.status.commits += 1;
            self.status.latency = spent.as_secs_f64() * 1e3;
        }
        self.durable = Durable { position: self.taken, is_away: false };
        self.reader.settle(self.durable);
        let is_back = !self.status.connected;
        self.status.connected = true;
        self.status.last_error = None;
        self.engine.publish_store(self.status.clone());
        if is_back && self.told.take().is_some() {
            tracing::info!("the store takes changes again; everything is written");
            self.announce();
        }
        Ok(())
    }

    /// Nothing can be written for now.
    fn fail(&mut self, error: StoreError) {
        self.durable.is_away = true;
        self.reader.settle(self.durable);
        if self.told.as_ref() != Some(&error) {
            let how_long = if matches!(error, StoreError::TakenOver { .. }) { "any more" } else { "for now" };
            tracing::error!("the state is not kept {how_long}, edits go on: {error}");
        }
        self.tell(error);
    }

    /// What was written is not there any more. Whoever waits for more to be durable goes on waiting: it is being written.
    fn lost(&mut self, error: StoreError) {
        tracing::warn!("{error}; all of it is written anew");
        self.tell(error);
    }

    /// Tells that the store has not everything, and why.
    fn tell(&mut self, error: StoreError) {
        self.status.connected = false;
        self.status.errors += 1;
        self.status.last_error = Some(error.to_string());
        self.engine.publish_store(self.status.clone());
        if self.told.as_ref() != Some(&error) {
            self.announce();
        }
        self.told = Some(error);
    }

    fn announce(&self) {
        if let Some(store) = self.engine.store() {
            self.engine.announce(StreamEvent::Store { store });
        }
    }

    /// Takes in what the journal has for so long. Returns whether the end was asked for meanwhile.
    async fn rest(&mut self, pause: Duration) -> bool {
        let mut over = pin!(time::sleep(pause));
        loop {
            tokio::select! {
                () = &mut over => return false,
                () = self.reader.appended() => {}
                _ = &mut self.stopped, if self.ending.is_none() => {
                    self.ending = Some(Instant::now());
                    return true;
                }
            }
            self.fold().await;
        }
    }
}
