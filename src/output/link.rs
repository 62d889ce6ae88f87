//! One output as the encoder and people see it: packets and orders go in.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    adapt::{Follower, Load},
    backoff::ReconnectPolicy,
    destination::Destination,
    gate::Gate,
    links::{Output, RenditionName},
    packet::Packet,
    strain::Strain,
    supervisor::{Order, Supervisor, Surroundings},
};

/// What may wait in the system for a moment whatever the queue: a key frame is many times as large as others.
const BURST: Duration = Duration::from_secs(1);

/// How long an output that is lost has a say in the bitrate: as a rule it is there again by then.
const LOST_LATELY: Duration = Duration::from_secs(5);

/// The encoder's side of an output.
pub(super) struct Link {
    id: String,
    gate: Arc<Mutex<Gate>>,
    orders: Sender<Order>,
    policy: Arc<Mutex<ReconnectPolicy>>,
    /// Whether it is opened when the stream goes on air.
    pub(super) is_enabled: bool,
    has_left: Arc<AtomicBool>,
    /// Down to which bitrate the encode follows its link.
    pub(super) min_bitrate: Option<u32>,
    /// What it sends.
    pub(super) rendition: RenditionName,
    is_recording: bool,
    supervisor: JoinHandle<()>,
}

impl Link {
    /// Starts the supervisor of an output. It does nothing yet.
    pub(super) fn start(id: &str, output: Output, surroundings: Surroundings) -> std::io::Result<Self> {
        let Output { destination, policy, is_enabled, min_bitrate, rendition } = output;
        let is_recording = destination.is_file();
        let gate = Arc::new(Mutex::new(Gate::default()));
        let policy = Arc::new(Mutex::new(policy));
        let (orders, inbox) = channel();
        let mut supervisor = Supervisor::new(
            id,
            destination,
            rendition.clone(),
            Arc::clone(&gate),
            Arc::clone(&policy),
            inbox,
            surroundings.clone(),
        );
        supervisor.introduce();
        let has_left = Arc::new(AtomicBool::new(false));
        let left = Arc::clone(&has_left);
        let supervise = move || {
            if supervisor.run() {
                left.store(true, Ordering::Relaxed);
                supervisor.wait_until_down();
            }
        };
        let started = std::thread::Builder::new().name(format!("output-{id}")).spawn(supervise);
        let supervisor = started.inspect_err(|_| (surroundings.forget)(id))?;
        let id = id.to_owned();
        Ok(Self { id, gate, orders, policy, is_enabled, has_left, min_bitrate, rendition, is_recording, supervisor })
    }

    /// Its name.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it has finished what it had, having been removed: its name is free.
    pub(super) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    /// Whether it is to send this rendition while the stream is on air.
    pub(super) fn sends(&self, rendition: &RenditionName) -> bool {
        self.is_enabled && self.rendition == *rendition
    }

    /// What it says of the bitrate when a frame lasts this long and so many kbit/s are meant to be sent; `None` if the bitrate
    /// does not follow it. Nothing is known of a link that is not connected or takes nothing at all.
    pub(super) fn follower(&self, frame: Duration, kbps: u32) -> Option<Follower> {
        let waiting = u32::try_from(lock(&self.policy).queue_frames).unwrap_or(u32::MAX);
        let mut gate = lock(&self.gate);
        gate.kbps = kbps;
        gate.most_waiting = frame.saturating_mul(waiting).max(BURST);
        let is_known = gate.is_on_air && !gate.is_stalled;
        let Strain { takes, measured_since, .. } = gate.strain;
        let load =
            is_known.then(|| Load { behind: gate.behind(frame), takes, measured_since, leaves_out: gate.is_waiting() });
        if is_known {
            gate.known_at = Some(Instant::now());
        }
        let is_there = gate.known_at.is_some_and(|at| at.elapsed() < LOST_LATELY);
        Some(Follower { id: self.id.clone(), load, is_there, floor: self.min_bitrate? })
    }

    /// Whether nothing is left of it: its supervisor is done, and its last pipeline is down.
    pub(super) fn has_ended(&self) -> bool {
        self.supervisor.is_finished()
    }

    /// Has it send elsewhere, and this rendition, when it is opened next. It must be finished.
    pub(super) fn aim(&mut self, destination: Destination, rendition: RenditionName) {
        self.is_recording = destination.is_file();
        let _ = self.orders.send(Order::Aim(destination, rendition.clone()));
        self.rendition = rendition;
    }

    /// Has its supervisor end when it is finished.
    pub(super) fn leave(&self) {
        let _ = self.orders.send(Order::Leave);
    }

    /// Changes what is done from the next loss of the peer on.
    pub(super) fn set_policy(&self, policy: ReconnectPolicy) {
        *lock(&self.policy) = policy;
    }

    /// Has it open. One that waits to try again tries at once.
    pub(super) fn open(&self) {
        // A supervisor that is gone has nothing to open.
        let _ = self.orders.send(Order::Open);
    }

    /// Has it open as the stream goes on air, of which a recording has every frame.
    pub(super) fn open_from_the_first(&self) {
        if self.is_recording {
            lock(&self.gate).await_outlet();
        }
        self.open();
    }

    /// Lets it finish what it has. Packets offered from now on are not for it.
    pub(super) fn finish(&self) {
        let _ = self.orders.send(Order::Finish);
        lock(&self.gate).finish();
    }

    /// Offers a packet. Never waits for the output.
    pub(super) fn offer(&self, packet: &Packet) {
        lock(&self.gate).offer(packet);
    }
}

/// Locks what nobody holds for long.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
