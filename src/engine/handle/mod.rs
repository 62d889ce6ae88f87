//! What the rest of the service may ask of the engine: edits in; snapshots, diffs, frames and events out.

mod editing;
mod standing;

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use components::{
    SceneDiff, SceneSnapshot, TrackId, VariantId, animation::AnimationStatus, edit::BatchRejected, held::HeldScenes,
    layer::LayerId,
};
use systems::{
    Picture,
    assets::{AssetAction, AssetRefused, AssetStatus},
    clock::TimelineStatus,
    edit::Sender,
};
use tokio::{
    sync::{Semaphore, broadcast, oneshot, watch},
    time::timeout,
};

use super::{
    Command, CommandRefused, Document, EngineClosed, EngineStats, JournalReader, MAX_STEP, ProgramFrame,
    Reconfiguration, ReconfigurationRefused, StepRefused, StreamEvent, StreamFormat, Transport, Unanswered, Whole,
    journal::Journal,
    levels::Heard,
    shared::{Consumer, EditReply, Misses, Request, Shared},
};

/// Requests that may wait for the tick thread. Those that find no place wait for one, each in its turn: how soon one is
/// served depends on how many wait, not on how often somebody else asks.
const MAILBOX: usize = 4096;
/// How long a request waits for its place. It is refused as busy then.
const PATIENCE: Duration = Duration::from_secs(5);
/// Diffs and events that a slow receiver may be behind before it is told that it lagged.
const BACKLOG: usize = 1024;

/// The way to the engine. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    mailbox: SyncSender<Request>,
    shared: Arc<Shared>,
    sender: Sender,
}

impl EngineHandle {
    /// A handle, and what the tick thread needs to serve it.
    pub(super) fn new(
        format: StreamFormat,
        transport: Transport,
        variants: Vec<VariantId>,
    ) -> (Self, Receiver<Request>, Arc<Shared>) {
        // The last place is for the request to end, which needs no permit.
        let (mailbox, requests) = sync_channel(MAILBOX + 1);
        let shared = Arc::new(Shared {
            places: Semaphore::new(MAILBOX),
            format: Mutex::new(format),
            variants,
            started: Instant::now(),
            transport: watch::Sender::new(transport),
            events: broadcast::Sender::new(BACKLOG),
            diffs: broadcast::Sender::new(BACKLOG),
            outputs: watch::Sender::new(Vec::new()),
            encoders: Mutex::new(Vec::new()),
            active_layer: watch::Sender::new(None),
            on_air: Mutex::new(None),
            stats: Mutex::new(EngineStats::default()),
            consumers: Mutex::new(Vec::new()),
            clients: AtomicU64::new(0),
            senders: AtomicU64::new(0),
            starts: AtomicU64::new(u64::from(transport != Transport::Stopped)),
            snapshot: Mutex::new(None),
            journal: Journal::new(),
            heard: Heard::new(),
            store: Mutex::new(None),
            file_faults: Mutex::default(),
            stand_in: Mutex::default(),
        });
        (Self { mailbox, shared: Arc::clone(&shared), sender: Sender::default() }, requests, shared)
    }

    /// A handle for one client. Where there is no time for all edits, the clients of one address take turns, and so does
    /// each with all there that have no handle of their own.
    #[must_use]
    pub fn of_client(&self) -> Self {
        let number = self.shared.senders.fetch_add(1, Ordering::Relaxed) + 1;
        Self { sender: Sender { number, ..self.sender }, ..self.clone() }
    }

    /// A handle for whoever comes from this address. Where there is no time for all edits, addresses take turns, and none
    /// gets more of it than a tick has for edits. Of the edits that may wait for ticks to come, those of one address get a
    /// share.
    #[must_use]
    pub fn of_address(&self, address: IpAddr) -> Self {
        Self { sender: Sender { owner: Some(address), ..self.sender }, ..self.clone() }
    }

    /// Asks the tick thread, and waits for its answer.
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Unanswered> {
        let (reply, answer) = oneshot::channel();
        let place = timeout(PATIENCE, self.shared.places.acquire()).await.map_err(|_| Unanswered::Busy)?;
        let place = place.map_err(|_| Unanswered::Closed(EngineClosed))?;
        self.mailbox.try_send(request(reply)).map_err(|error| match error {
            TrySendError::Full(_) => Unanswered::Busy,
            TrySendError::Disconnected(_) => Unanswered::Closed(EngineClosed),
        })?;
        // It is free again once the tick thread has taken the request.
        place.forget();
        answer.await.map_err(|_| Unanswered::Closed(EngineClosed))
    }

    /// Size and rate of the frames, as the last tick had them.
    #[must_use]
    pub fn format(&self) -> StreamFormat {
        *self.shared.format.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the running engine, all of it within one tick. Returns that tick; its frame is the first that shows it.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn reconfigure(&self, change: Reconfiguration) -> Result<u64, ReconfigurationRefused> {
        self.ask(|reply| Request::Reconfigure { change, reply }).await?
    }

    /// Keeps documents beside the scene. Returns whether they are durable, as soon as that is known.
    pub async fn keep(&self, documents: Vec<Document>) -> bool {
        self.shared.journal.append(None, documents);
        self.persisted().await
    }

    /// Whether everything that has been changed so far is durable, as soon as that is known.
    pub async fn persisted(&self) -> bool {
        let position = self.shared.journal.position();
        self.shared.journal.durable(position).await
    }

    /// Whether everything that has been changed so far is durable, or nothing ever is since nobody keeps it.
    pub async fn is_settled(&self) -> bool {
        !self.shared.journal.is_kept() || self.persisted().await
    }

    /// Takes over the journal, for whoever keeps the state. `None` if somebody has it already.
    #[must_use]
    pub fn journal(&self) -> Option<JournalReader> {
        JournalReader::new(Arc::clone(&self.shared))
    }

    /// The whole scene after the last tick, and how it moves.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn whole(&self) -> Result<Box<Whole>, Unanswered> {
        self.ask(|reply| Request::Whole { reply }).await
    }

    /// The whole scene after the last tick. Diffs with a higher `seq` come after it.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn snapshot(&self) -> Result<Arc<SceneSnapshot>, Unanswered> {
        // Whoever looks at what another has looked at since the last tick makes no work for the tick thread, and keeps no
        // edit waiting.
        let known = self.shared.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(snapshot) => Ok(snapshot),
            None => self.ask(|reply| Request::Snapshot { reply }).await,
        }
    }

    /// The whole scene on air after the last tick, and the scenes that are held.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn scenes(&self) -> Result<(Arc<SceneSnapshot>, HeldScenes), Unanswered> {
        self.ask(|reply| Request::Scenes { reply }).await
    }

    /// The picture that the last tick drew.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn picture(&self) -> Result<Arc<Picture>, Unanswered> {
        self.ask(|reply| Request::Picture { reply }).await
    }

    /// The same of a variant; `None` if it is not drawn.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn picture_of(&self, variant: VariantId) -> Result<Option<Arc<Picture>>, Unanswered> {
        self.ask(|reply| Request::PictureOf { variant, reply }).await
    }

    /// The variants of which pictures are drawn besides the stream's own, in the order of
    /// [`ProgramFrame::variants`](super::ProgramFrame::variants).
    #[must_use]
    pub fn variants(&self) -> &[VariantId] {
        &self.shared.variants
    }

    /// The variant of this name, if pictures of it are drawn; that of the stream's own picture always is.
    #[must_use]
    pub fn drawn_variant(&self, name: &str) -> Option<VariantId> {
        let own = VariantId::main();
        std::iter::once(&own).chain(self.variants()).find(|known| known.as_str() == name).cloned()
    }

    /// What is said of a variant that is not drawn.
    #[must_use]
    pub fn unknown_variant(&self, name: &str) -> String {
        let drawn = self.variants().iter().map(|variant| format!(", `{variant}`"));
        let drawn: String = std::iter::once("`main`".to_owned()).chain(drawn).collect();
        format!("no rendition shows a variant `{name}`; those that are drawn: {drawn}. STREAM_RENDITIONS names them")
    }

    /// The scene after the last tick, and the places of its triggers that do not act any more, since they acted without end.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn stopped_triggers(&self) -> Result<(Arc<SceneSnapshot>, Vec<usize>), Unanswered> {
        self.ask(|reply| Request::StoppedTriggers { reply }).await
    }

    /// All timelines after the last tick, and the number of that.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn timelines(&self) -> Result<(u64, Vec<TimelineStatus>), Unanswered> {
        self.ask(|reply| Request::Timelines { reply }).await
    }

    /// Where the animations of a layer stand after the last tick, and the number of that; `None` if there is no such layer.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn animations(&self, layer: LayerId) -> Result<(u64, Option<Vec<AnimationStatus>>), Unanswered> {
        self.ask(|reply| Request::Animations { layer, reply }).await
    }

    /// The same of a track, or of the whole mix if there is none; `None` if there is no such track.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn sound_animations(
        &self,
        track: Option<TrackId>,
    ) -> Result<(u64, Option<Vec<AnimationStatus>>), Unanswered> {
        self.ask(|reply| Request::SoundAnimations { track, reply }).await
    }

    /// All assets after the last tick, and the number of that.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn assets(&self) -> Result<(u64, Vec<AssetStatus>), Unanswered> {
        self.ask(|reply| Request::Assets { reply }).await
    }

    /// Moves the picture of a paused stream on by so many frames, at most [`MAX_STEP`], all within the next tick. What
    /// happens in between happens. Returns that tick.
    ///
    /// # Errors
    /// Why the picture stands where it stood.
    pub async fn step(&self, frames: u32) -> Result<u64, StepRefused> {
        self.ask(|reply| Request::Step { frames: frames.min(MAX_STEP), reply }).await?
    }

    /// The layer that people are working on; `None` if it is none, and once it is gone from the scene.
    #[must_use]
    pub fn active_layer(&self) -> Option<LayerId> {
        self.shared.active_layer.borrow().clone()
    }

    /// Notes the layer that people are working on, and tells all who listen. Returns whether it is durable, as soon as that
    /// is known.
    ///
    /// # Errors
    /// There is no such layer in the scene, or the engine cannot be asked.
    pub async fn set_active_layer(&self, id: Option<LayerId>) -> Result<bool, BatchRejected> {
        self.ask(|reply| Request::Activate { id, reply }).await??;
        Ok(self.persisted().await)
    }

    /// Begins to load an asset, or lets go of its memory; whether that was possible.
    ///
    /// # Errors
    /// The engine has ended, or too many requests are waiting.
    pub async fn steer_asset(&self, id: String, action: AssetAction) -> Result<Result<(), AssetRefused>, Unanswered> {
        self.ask(|reply| Request::SteerAsset { id, action, reply }).await
    }

    /// Every diff from now on. Who lags by more than 1024 is told so and takes a new snapshot.
    #[must_use]
    pub fn diffs(&self) -> broadcast::Receiver<Arc<SceneDiff>> {
        self.shared.diffs.subscribe()
    }

    /// Every event from now on. Who lags by more than 1024 is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<StreamEvent> {
        self.shared.events.subscribe()
    }

    /// Tells all who listen.
    pub fn announce(&self, event: StreamEvent) {
        // Nobody listening is fine.
        let _ = self.shared.events.send(event);
    }

    /// Tells all who listen, and the log, that settings were changed; `values` by the keys of the TOML file. Nothing is
    /// told of none.
    pub fn settings_changed(&self, tick: u64, values: serde_json::Map<String, serde_json::Value>) {
        if values.is_empty() {
            return;
        }
        let told = serde_json::Value::Object(values.clone());
        tracing::info!(tick, "settings were changed: {told}");
        self.announce(StreamEvent::Configuration { tick, values });
    }

    /// Every frame from now on, in every state of the transport. At most `capacity` wait; when they are not taken in
    /// time, new ones are left out and counted as dropped. Dropping the receiver ends it; the engine's end closes it.
    #[must_use]
    pub fn frames(&self, capacity: usize) -> Receiver<ProgramFrame> {
        self.consume(capacity, Misses::OfStream)
    }

    /// Frames for someone besides the stream itself: those that are left out are counted in what comes with them, and the
    /// stream goes on as if there were none. Otherwise like [`frames`](Self::frames).
    #[must_use]
    pub fn frames_besides(&self, capacity: usize) -> (Receiver<ProgramFrame>, Arc<AtomicU64>) {
        let missed = Arc::default();
        (self.consume(capacity, Misses::Own(Arc::clone(&missed))), missed)
    }

    /// Frames for someone who need not have all, such as a preview: one waits, and those that come meanwhile are left
    /// out, which counts for nothing. Otherwise like [`frames`](Self::frames).
    #[must_use]
    pub fn frames_at_leisure(&self) -> Receiver<ProgramFrame> {
        self.consume(1, Misses::Nobodys)
    }

    fn consume(&self, capacity: usize, misses: Misses) -> Receiver<ProgramFrame> {
        let (sender, receiver) = sync_channel(capacity);
        self.shared.consumers.lock().unwrap_or_else(PoisonError::into_inner).push(Consumer { sender, misses });
        receiver
    }

    /// What the stream should be doing, and every change of it.
    #[must_use]
    pub fn transport(&self) -> watch::Receiver<Transport> {
        self.shared.transport.subscribe()
    }

    /// Changes what the stream should be doing, and tells all who listen.
    ///
    /// # Errors
    /// The command does not fit the present state.
    pub fn command(&self, command: Command) -> Result<Transport, CommandRefused> {
        let mut result = Err(CommandRefused { command, state: Transport::Stopped });
        self.shared.transport.send_if_modified(|state| {
            result = state.after(command);
            let Ok(next) = result else { return false };
            if command == Command::Start {
                self.shared.starts.fetch_add(1, Ordering::Relaxed);
            }
            *state = next;
            true
        });
        if let Ok(state) = result {
            self.shared.journal.append(None, vec![state.document()]);
            self.announce(StreamEvent::Transport { state });
            match command {
                Command::Pause => self.announce(StreamEvent::Paused),
                Command::Resume => self.announce(StreamEvent::Resumed),
                Command::Start | Command::Stop => {}
            }
        }
        result
    }

    /// The tick thread's counters.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let mut stats = *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.uptime = self.shared.started.elapsed();
        stats
    }

    /// Counts WebSocket clients; the count falls when the guard is dropped.
    #[must_use]
    pub fn client_connected(&self) -> ClientGuard {
        self.shared.clients.fetch_add(1, Ordering::Relaxed);
        ClientGuard { shared: Arc::clone(&self.shared) }
    }

    /// WebSocket clients that are connected.
    #[must_use]
    pub fn clients(&self) -> u64 {
        self.shared.clients.load(Ordering::Relaxed)
    }

    /// Asks the tick thread to end.
    pub fn shutdown(&self) {
        // A full mailbox is emptied within a tick; a closed one needs no shutdown.
        let _ = self.mailbox.send(Request::Shutdown);
    }
}

impl fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineHandle").finish_non_exhaustive()
    }
}

/// A connected client, for as long as this lives.
pub struct ClientGuard {
    shared: Arc<Shared>,
}

impl Drop for ClientGuard {
    fn drop(&mut self) {
        self.shared.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use components::{Edit, edit::EditRejected};
    use systems::Quality;

    use super::*;
    use crate::engine::{EngineSettings, QualityGoal, spawn};

    /// Who looks is told whether it is worth while to look again.
    #[test]
    fn a_full_mailbox_is_busy_and_a_closed_one_has_ended() {
        let format = StreamFormat { width: 32, height: 32, fps: 60 };
        let (handle, requests, shared) = EngineHandle::new(format, Transport::Live, Vec::new());
        let ask = || {
            let (reply, _) = oneshot::channel();
            Request::Snapshot { reply }
        };
        while handle.mailbox.try_send(ask()).is_ok() {}
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let refused = || {
            runtime.block_on(async {
                let timelines = handle.timelines().await.unwrap_err();
                assert_eq!(handle.snapshot().await.unwrap_err(), timelines);
                assert_eq!(handle.picture().await.unwrap_err(), timelines);
                timelines
            })
        };
        assert_eq!(refused(), Unanswered::Busy);
        // What somebody has asked for since the last tick is there for all, however many wait.
        let known = Arc::new(SceneSnapshot { tick: 0, seq: 0, scene: components::SceneDocument::default() });
        *shared.snapshot.lock().unwrap() = Some(Arc::clone(&known));
        assert!(Arc::ptr_eq(&runtime.block_on(handle.snapshot()).unwrap(), &known));
        *shared.snapshot.lock().unwrap() = None;
        drop(requests);
        assert_eq!(refused(), Unanswered::Closed(EngineClosed));
    }

    fn settings() -> EngineSettings {
        EngineSettings {
            format: StreamFormat { width: 32, height: 32, fps: 60 },
            max_layers: 10,
            pool_size: 2,
            raster_memory: 1 << 20,
            quality: QualityGoal::Fixed(Quality::Low),
            faults: None,
            asset_budget: 1 << 20,
        }
    }

    #[test]
    fn who_has_an_answer_sees_what_was_done_however_many_look_at_the_same_time() {
        let (handle, engine) = spawn(settings(), components::SceneDocument::default(), |_, _| {}).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let looking = handle.clone();
            let looks = tokio::spawn(async move {
                let mut seq = 0;
                while let Ok(snapshot) = looking.snapshot().await {
                    assert!(snapshot.seq >= seq, "it never goes back");
                    seq = snapshot.seq;
                    tokio::task::yield_now().await;
                }
            });
            for width in 100..140 {
                let canvas = components::CanvasDocument { width, ..components::CanvasDocument::default() };
                let applied = handle.edit(vec![Edit::SetCanvas { canvas }], None).await.unwrap();
                let snapshot = handle.snapshot().await.unwrap();
                assert_eq!(snapshot.scene.canvas.width, width);
                assert!(snapshot.tick >= applied.tick);
            }
            handle.shutdown();
            looks.await.unwrap();
        });
        engine.join();
    }

    #[test]
    fn requests_beyond_what_the_mailbox_holds_wait_for_their_turn() {
        let (handle, engine) = spawn(settings(), components::SceneDocument::default(), |_, _| {}).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let asked: Vec<_> = (0..2 * MAILBOX)
                .map(|_| {
                    let handle = handle.clone();
                    tokio::spawn(async move { handle.check(Vec::new()).await })
                })
                .collect();
            for answer in asked {
                answer.await.unwrap().unwrap();
            }
            handle.shutdown();
            // Who still waits learns that there will be no answer.
            while handle.check(Vec::new()).await.is_ok() {}
            assert_eq!(handle.check(Vec::new()).await, Err(EditRejected::Closed.into()));
        });
        engine.join();
    }
}
