//! All outputs of a stream, which are added, changed and removed while it runs.
//!
//! The encoder's threads read the list for each packet and never wait for an output. Whoever changes it holds it for as
//! long as it takes to write an order into a channel, or to start a thread.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use super::{
    adapt::Pressure,
    backoff::ReconnectPolicy,
    destination::Destination,
    link::{Link, lock},
    packet::Packet,
    supervisor::Surroundings,
    threads::shortage,
};

/// Runs of sound that are kept for renditions that go on air later, whose first frame they may belong to: about a second. The
/// oldest go first.
const SOUND_KEPT: usize = 64;

/// What an output is to do.
#[derive(Clone, Debug)]
pub struct Output {
    /// Where it sends to.
    pub destination: Destination,
    /// What is done when its peer is slow or lost.
    pub policy: ReconnectPolicy,
    /// Whether it sends while the stream is on air.
    pub is_enabled: bool,
    /// The kilobits per second of video to which the encode is lowered at most while its link is too slow; never if `None`.
    pub min_bitrate: Option<u32>,
    /// Which rendition it sends, by its name; the stream in its own size if `None`.
    pub rendition: Option<String>,
}

/// The name of a rendition; `None` is the stream in its own size.
pub(super) type RenditionName = Option<String>;

/// Outputs cannot be changed like this.
#[derive(Debug, thiserror::Error)]
pub enum OutputsError {
    /// There is one of this name.
    #[error("two outputs are named `{0}`; give each a name of its own")]
    SameName(String),
    /// One of this name was removed, and has not finished yet.
    #[error("the output `{0}` that was removed is still finishing; try again in a moment")]
    StillFinishing(String),
    /// There is none of this name.
    #[error("there is no output `{0}`")]
    Unknown(String),
    /// The system gives no more threads.
    #[error("{}", shortage(.0))]
    Thread(#[from] std::io::Error),
    /// All outputs have ended.
    #[error("the service is ending")]
    Ended,
}

/// See the module's documentation.
pub(super) struct Links {
    state: RwLock<State>,
    /// The last runs of sound, and of which start of the stream they are.
    sound: Mutex<(u64, VecDeque<Packet>)>,
}

struct State {
    links: Vec<Link>,
    /// Removed, but not gone yet: their names are taken until they have left, their threads and connections longer.
    leaving: Vec<Link>,
    /// The renditions that are encoded at present, and of which start of the stream they are.
    on_air: BTreeMap<RenditionName, u64>,
    /// How many are encoded from time to time.
    encodes: usize,
    /// `None` once all have ended.
    surroundings: Option<Surroundings>,
}

impl State {
    fn find(&mut self, id: &str) -> Result<&mut Link, OutputsError> {
        self.links.iter_mut().find(|link| link.id() == id).ok_or_else(|| OutputsError::Unknown(id.to_owned()))
    }
}

impl Links {
    /// For so many renditions, the stream in its own size among them.
    pub(super) fn new(surroundings: Surroundings, encodes: usize) -> Self {
        let (links, leaving, on_air) = (Vec::new(), Vec::new(), BTreeMap::new());
        let state = State { links, leaving, on_air, encodes, surroundings: Some(surroundings) };
        Self { state: RwLock::new(state), sound: Mutex::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any output is to send this rendition while the stream is on air.
    pub(super) fn any_enabled(&self, rendition: &RenditionName) -> bool {
        self.read().links.iter().any(|link| link.sends(rendition))
    }

    /// Whether any output is to send anything while the stream is on air.
    pub(super) fn any_enabled_at_all(&self) -> bool {
        self.read().links.iter().any(|link| link.is_enabled)
    }

    /// What the links say that the bitrate of this rendition has to follow, whose frames last this long and which is meant to be
    /// of so many kbit/s; `None` if it need not follow any.
    pub(super) fn pressure(&self, rendition: &RenditionName, frame: Duration, kbps: u32) -> Option<Pressure> {
        let state = self.read();
        let links = state.links.iter().filter(|link| link.sends(rendition));
        Pressure::of(links.filter_map(|link| link.follower(frame, kbps)))
    }

    /// A rendition goes on air, after this start of the stream.
    pub(super) fn open(&self, rendition: &RenditionName, start: u64) {
        let mut state = self.write();
        state.on_air.insert(rendition.clone(), start);
        let sound = lock(&self.sound);
        let (of, heard) = &*sound;
        for link in state.links.iter().filter(|link| link.sends(rendition)) {
            link.open_from_the_first();
            // The sound may have begun a moment before.
            heard.iter().filter(|_| *of == start).for_each(|packet| link.offer(packet));
        }
    }

    /// Whether any rendition is encoded at present.
    pub(super) fn any_on_air(&self) -> bool {
        !self.read().on_air.is_empty()
    }

    /// A rendition goes off air.
    pub(super) fn finish(&self, rendition: &RenditionName) {
        let mut state = self.write();
        state.on_air.remove(rendition);
        for link in state.links.iter().filter(|link| link.sends(rendition)) {
            link.finish();
        }
    }

    /// A rendition is encoded no more. After the last one, lets go of all outputs, which end by themselves, and takes no
    /// more.
    pub(super) fn close(&self) {
        let mut state = self.write();
        state.encodes = state.encodes.saturating_sub(1);
        if state.encodes > 0 {
            return;
        }
        state.surroundings = None;
        state.links.clear();
        state.leaving.clear();
    }

    /// Offers a packet of a rendition to all outputs that send it.
    pub(super) fn offer(&self, rendition: &RenditionName, packet: &Packet) {
        for link in self.read().links.iter().filter(|link| link.sends(rendition)) {
            link.offer(packet);
        }
    }

    /// Offers a packet of the sound after this start of the stream to all outputs that send any rendition of that.
    pub(super) fn offer_sound(&self, start: u64, packet: &Packet) {
        // Nobody goes on air meanwhile: each output gets it once.
        let state = self.read();
        let mut sound = lock(&self.sound);
        if sound.0 > start {
            // The last of a stream that is over comes too late.
            return;
        }
        if sound.0 != start {
            *sound = (start, VecDeque::new());
        }
        if sound.1.len() == SOUND_KEPT {
            sound.1.pop_front();
        }
        sound.1.push_back(packet.clone());
        drop(sound);
        let is_on_air = |link: &&Link| link.is_enabled && state.on_air.get(&link.rendition) == Some(&start);
        for link in state.links.iter().filter(is_on_air) {
            link.offer(packet);
        }
    }

    fn add(&self, id: &str, output: Output) -> Result<(), OutputsError> {
        let mut state = self.write();
        let surroundings = state.surroundings.clone().ok_or(OutputsError::Ended)?;
        state.leaving.retain(|link| !link.has_ended());
        let is_named = |link: &Link| link.id() == id;
        if state.links.iter().any(is_named) {
            return Err(OutputsError::SameName(id.to_owned()));
        }
        if state.leaving.iter().any(|link| is_named(link) && !link.has_left()) {
            return Err(OutputsError::StillFinishing(id.to_owned()));
        }
        let link = Link::start(id, output, surroundings)?;
        if link.is_enabled && state.on_air.contains_key(&link.rendition) {
            link.open();
        }
        state.links.push(link);
        Ok(())
    }
}

/// The way to change the outputs of a running stream. Cheap to clone.
///
/// None of this waits for a peer: what becomes of an output is told by its status.
#[derive(Clone)]
pub struct OutputControl(pub(super) Arc<Links>);

impl OutputControl {
    /// Adds an output. It opens at once if the stream is on air and it is enabled; the others are not touched.
    ///
    /// # Errors
    /// Its name is taken, or the service ends.
    pub fn add(&self, id: &str, output: Output) -> Result<(), OutputsError> {
        self.0.add(id, output)
    }

    /// How many outputs have threads and connections: those that there are, and those that were removed and are not gone
    /// yet.
    #[must_use]
    pub fn running(&self) -> usize {
        let mut state = self.0.write();
        state.leaving.retain(|link| !link.has_ended());
        state.links.len() + state.leaving.len()
    }

    /// Has an output send elsewhere, or another rendition. It finishes first what it has.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn aim(&self, id: &str, destination: Destination, rendition: Option<String>) -> Result<(), OutputsError> {
        let mut state = self.0.write();
        let on_air = state.on_air.clone();
        let link = state.find(id)?;
        if link.is_enabled && on_air.contains_key(&link.rendition) {
            link.finish();
        }
        link.aim(destination, rendition);
        if link.is_enabled && on_air.contains_key(&link.rendition) {
            link.open();
        }
        Ok(())
    }

    /// Changes what an output does from the next loss of its peer on.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn set_policy(&self, id: &str, policy: ReconnectPolicy) -> Result<(), OutputsError> {
        self.0.write().find(id)?.set_policy(policy);
        Ok(())
    }

    /// Changes down to which bitrate the encode follows an output's link.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn set_min_bitrate(&self, id: &str, kbps: Option<u32>) -> Result<(), OutputsError> {
        self.0.write().find(id)?.min_bitrate = kbps;
        Ok(())
    }

    /// Lets an output send whenever the stream is on air. One that has given up, or waits to try again, tries at once;
    /// one that sends goes on.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn start(&self, id: &str) -> Result<(), OutputsError> {
        let mut state = self.0.write();
        let on_air = state.on_air.clone();
        let link = state.find(id)?;
        link.is_enabled = true;
        if on_air.contains_key(&link.rendition) {
            link.open();
        }
        Ok(())
    }

    /// Has an output finish what it has, and send nothing more until it is started.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn stop(&self, id: &str) -> Result<(), OutputsError> {
        let mut state = self.0.write();
        let link = state.find(id)?;
        link.finish();
        link.is_enabled = false;
        Ok(())
    }

    /// Removes an output. It finishes what it has; its status is there until that is done.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn remove(&self, id: &str) -> Result<(), OutputsError> {
        let mut state = self.0.write();
        let index = state.links.iter().position(|link| link.id() == id);
        let link = state.links.remove(index.ok_or_else(|| OutputsError::Unknown(id.to_owned()))?);
        link.finish();
        link.leave();
        state.leaving.push(link);
        Ok(())
    }
}
