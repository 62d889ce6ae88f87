//! The sound of the stream, which all renditions share: mixed and encoded once, from a start of the stream to its stop, whatever
//! is sent meanwhile. The rendition that is ahead of the others moves it on, so that none that hangs holds it up.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    audio::Report,
    encoder::OnPacket,
    fan_out::Program,
    fault::EncoderFault,
    leaving::Leaving,
    link::lock,
    links::Links,
    settings::AudioSettings,
    sound_feed::{SoundError, SoundFeed},
};
use crate::engine::{EncoderState, Mixed, ProgramFrame, SoundEncoderStatus, StreamEvent, StreamFormat};

/// How long the last of it may take. Outputs wait for that before they end, and have to end before the service does.
const FINISH: Duration = Duration::from_secs(2);

/// See the module's documentation.
pub(super) struct ProgramSound {
    format: StreamFormat,
    /// `None` if the stream has no sound.
    settings: Option<AudioSettings>,
    /// The encoders that were left, whichever stream they were for.
    leaving: Arc<Leaving>,
    links: Arc<Links>,
    announce: Arc<dyn Fn(StreamEvent) + Send + Sync>,
    publish_levels: Arc<dyn Fn(Option<Mixed<'_>>) + Send + Sync>,
    faults: Option<Arc<dyn Fn(u64) -> Option<EncoderFault> + Send + Sync>>,
    state: Mutex<State>,
    /// Held while the last sound of a stream is given out: whoever ends that stream as well waits until it has been.
    ending: Mutex<()>,
    /// Held for a moment only, unlike the state.
    told: Mutex<Told>,
}

#[derive(Default)]
struct State {
    /// The stream that is on air.
    stream: Option<Stream>,
    /// The number of the last start whose stream is over; see [`ProgramFrame::start`].
    over: Option<u64>,
}

struct Stream {
    start: u64,
    /// The tick whose frame is shown at time zero.
    origin: u64,
    /// The tick up to whose end sound was given out.
    tick: Option<u64>,
    /// `None` if the stream has no sound.
    feed: Option<SoundFeed>,
}

/// What people are told of the encoders of the sound.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// How many have failed.
    pub(super) failures: u64,
    /// `None` if the stream has no sound.
    pub(super) status: Option<SoundEncoderStatus>,
    /// What went wrong last.
    last: Option<SoundError>,
}

impl ProgramSound {
    pub(super) fn new(program: &Program, settings: Option<AudioSettings>, links: Arc<Links>) -> Self {
        let status = settings.as_ref().map(|_| SoundEncoderStatus::default());
        Self {
            format: program.format,
            settings,
            leaving: Arc::default(),
            links,
            announce: Arc::clone(&program.announce),
            publish_levels: Arc::clone(&program.publish_levels),
            faults: program.sound_faults.clone(),
            state: Mutex::default(),
            ending: Mutex::default(),
            told: Mutex::new(Told { status, ..Told::default() }),
        }
    }

    /// Whether the stream of this start is over.
    pub(super) fn is_over(&self, start: u64) -> bool {
        lock(&self.state).over.is_some_and(|over| start <= over)
    }

    /// The tick at which the stream begins that this frame is of: times of all that is encoded count from there.
    pub(super) fn origin(&self, frame: &ProgramFrame) -> u64 {
        self.end_before(frame);
        let mut state = lock(&self.state);
        self.stream_of(&mut state, frame).map_or(frame.tick, |stream| stream.origin)
    }

    /// Gives out the sound that goes with a frame, and what comes before it, unless that was given out already. Nothing is
    /// encoded while nobody sends it, but all plays on.
    pub(super) fn follow(&self, frame: &ProgramFrame) {
        self.end_before(frame);
        let mut state = lock(&self.state);
        let Some(stream) = self.stream_of(&mut state, frame) else { return };
        if frame.tick < stream.origin || stream.tick.is_some_and(|last| frame.tick <= last) {
            return;
        }
        stream.tick = Some(frame.tick);
        let Some(feed) = &mut stream.feed else { return };
        if let Some(fault) = self.faults.as_ref().and_then(|faults| faults(frame.tick)) {
            feed.break_down(fault);
        }
        let is_sent = self.links.any_on_air();
        let followed = feed.follow(frame.tick - stream.origin, frame, is_sent);
        self.tell(feed.state(), feed.is_silent(), followed.err());
        let end = frame.seconds + self.format.presentation_time(1).as_secs_f64();
        let ProgramFrame { tick, is_paused, .. } = *frame;
        (self.publish_levels)(Some(Mixed { tick, is_paused, readings: &mut feed.levels(end) }));
    }

    /// Ends the stream of this start, if it is the one on air. All its sound has been given out when this returns, but for what
    /// its encoder does not make in time.
    pub(super) fn end(&self, start: u64) {
        let _one = lock(&self.ending);
        let stream = {
            let mut state = lock(&self.state);
            let stream = state.stream.take_if(|stream| stream.start == start);
            if stream.is_some() {
                state.over = Some(start);
            }
            stream
        };
        // Frames of another stream do not wait for this one.
        let Some(feed) = stream.and_then(|stream| stream.feed) else { return };
        if let Err(error) = feed.finish(FINISH) {
            self.complain(format!("sound: {error}; the last of it is lost"));
        }
        self.tell(EncoderState::Idle, false, None);
        (self.publish_levels)(None);
    }

    /// Ends the stream before the one that a frame is of.
    fn end_before(&self, frame: &ProgramFrame) {
        let before = lock(&self.state).stream.as_ref().map(|stream| stream.start);
        if let Some(before) = before.filter(|before| frame.start.is_some_and(|start| *before < start)) {
            self.end(before);
        }
    }

    /// How the encoder is doing, and what has gone wrong with it so far.
    pub(super) fn told(&self) -> Told {
        lock(&self.told).clone()
    }

    /// Tells how the encoder is doing. What goes wrong with it again and again while there is silence is told once.
    fn tell(&self, state: EncoderState, is_silent: bool, error: Option<SoundError>) {
        let mut told = lock(&self.told);
        let Told { failures, status: Some(status), last } = &mut *told else { return };
        let was_silent = std::mem::replace(&mut status.is_silent, is_silent);
        status.state = state;
        let Some(error) = error else { return };
        *failures += u64::from(matches!(error, SoundError::Encode(_)));
        let why = match &error {
            SoundError::Encode(error) => error.to_string(),
            SoundError::Mix(error) => error.to_string(),
            SoundError::Late(_) => error.to_string(),
        };
        status.last_error = Some(why);
        let is_new = !last.as_ref().is_some_and(|last| last.is_like(&error));
        let message = error.to_string();
        *last = Some(error);
        drop(told);
        if is_new || !was_silent {
            self.complain(message);
        }
    }

    /// The stream that a frame is of, which begins with it if there is none yet. `None` if it is over.
    fn stream_of<'state>(&self, state: &'state mut State, frame: &ProgramFrame) -> Option<&'state mut Stream> {
        let start = frame.start?;
        if state.over.is_some_and(|over| start <= over) {
            return None;
        }
        let stream = state.stream.get_or_insert_with(|| {
            let feed = self.settings.clone().map(|settings| self.feed(settings, start));
            Stream { start, origin: frame.tick, tick: None, feed }
        });
        (stream.start == start).then_some(stream)
    }

    fn feed(&self, settings: AudioSettings, start: u64) -> SoundFeed {
        let announce = Arc::clone(&self.announce);
        let report: Report = Arc::new(move |message| {
            tracing::warn!("{message}");
            announce(StreamEvent::Error { message: message.to_owned() });
        });
        let links = Arc::clone(&self.links);
        let on_packet: OnPacket = Arc::new(move |packet| links.offer_sound(start, &packet));
        SoundFeed::new(self.format, settings, report, Arc::clone(&self.leaving), on_packet)
    }

    fn complain(&self, message: String) {
        tracing::warn!("{message}");
        (self.announce)(StreamEvent::Error { message });
    }
}
