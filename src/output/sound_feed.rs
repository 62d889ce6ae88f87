//! The sound of one stream, mixed and encoded in step with its frames. It goes on whatever becomes of the pictures'
//! encoder, so that what is heard has neither a gap nor too much in it.
//!
//! Nothing is missing when its own encoder fails and the next one works. Where that fails too, silence is given out instead: no
//! muxer lets a frame go before the sound to it has come, and pictures must not stand still for want of sound. It is given out at
//! once where not even the first works: nobody hears anything that would be cut off.
//!
//! The same holds where an encoder works, but is given too little of the machine for all of it: what it has not made in time is
//! passed by, with silence in its place. It is not replaced for that, since another one would be no faster.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use components::audio::LevelReading;
use gstreamer as gst;

use super::{
    audio::{Haste, MixError, Report, Sound},
    encoder::{EncoderError, OnPacket},
    fault::EncoderFault,
    leaving::Leaving,
    restarts::Restarts,
    settings::AudioSettings,
    silence::Silence,
    sound_encoder::SoundEncoder,
    sound_line::SoundLine,
    unheard::{Progress, Unheard},
};
use crate::engine::{EncoderState, ProgramFrame, StreamFormat};

/// How long its encoder may give nothing although there is something: one takes less than a thousandth of that.
const PATIENCE: Duration = Duration::from_millis(800);
/// The longest: after one that was waited for in vain the next is for twice as long, since it may be the machine that is slow. There
/// is silence meanwhile.
const MOST_PATIENCE: Duration = Duration::from_millis(3200);
/// How far it may be behind for long, beyond what encoders keep, though it has taken all it was given. One that swallowed some
/// without a word counts on from there: what it gives is heard too soon by as much.
const BEHIND: Duration = Duration::from_millis(100);
/// How long it may be.
const LONG: Duration = Duration::from_secs(3);
/// After so long without any sound from encoders silence is given out, and in place of sound that is so late: longer than
/// [`PATIENCE`], and what the next one takes for what the one before did not do.
const LATE: Duration = Duration::from_millis(1200);
/// For how long it counts as too slow after that.
const RECENT: Duration = Duration::from_secs(5);
/// How far silence stays behind the frames, so that what the next encoder makes comes in time: what one keeps, twice.
const LAG: gst::ClockTime = gst::ClockTime::from_mseconds(200);

/// The sound cannot go on as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SoundError {
    #[error("{0}; its tracks begin anew")]
    Mix(#[from] MixError),
    #[error("sound: {0}; it is started again")]
    Encode(#[from] EncoderError),
    #[error("sound comes out of its encoder {:.1} s late; silence is sent in place of some of it", .0.as_secs_f64())]
    Late(Duration),
}

impl SoundError {
    /// Whether it tells people the same: each encoder may be waited for a little longer than the one before.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let has_stalled = |error: &Self| matches!(error, Self::Encode(EncoderError::Stalled(_)));
        let is_late = |error: &Self| matches!(error, Self::Late(_));
        self == other || (has_stalled(self) && has_stalled(other)) || (is_late(self) && is_late(other))
    }
}

/// See the module's documentation.
pub(super) struct SoundFeed {
    format: StreamFormat,
    settings: AudioSettings,
    report: Report,
    line: Arc<SoundLine>,
    /// `None` before the first frame, or when the mixer failed and is made anew with the next frame.
    sound: Option<Sound>,
    /// `None` while nobody sends it, or when it failed and is started again.
    encoder: Option<SoundEncoder>,
    /// How far the last encoder has come, and what it still owes.
    progress: Option<Arc<Progress>>,
    unheard: Unheard,
    /// Up to where the present encoder had come when it was looked at last.
    made: gst::ClockTime,
    /// When the present encoder was seen to come on last, heard or not, or was started.
    moved: Instant,
    /// When any encoder was seen to come on last; `None` while nobody sends it.
    spoke: Option<Instant>,
    /// Whether any encoder has given anything since it is sent.
    has_spoken: bool,
    /// Whether there is silence for want of an encoder that works.
    is_silent: bool,
    /// When silence was given out last in place of what an encoder that works did not make in time, if that was of late.
    passed_by: Option<Instant>,
    /// Since when the present encoder has been behind.
    behind: Option<Instant>,
    restarts: Restarts,
    /// How long the present encoder may give nothing.
    patience: Duration,
    /// The encoders that were left.
    leaving: Arc<Leaving>,
    /// What is to happen to the next encoder.
    fault: Option<EncoderFault>,
    /// Whether the frame before was one of a stream that stands still.
    was_paused: bool,
}

impl SoundFeed {
    pub(super) fn new(
        format: StreamFormat,
        settings: AudioSettings,
        report: Report,
        leaving: Arc<Leaving>,
        on_packet: OnPacket,
    ) -> Self {
        Self {
            format,
            line: Arc::new(SoundLine::new(Silence::of(settings.codec), on_packet)),
            settings,
            report,
            sound: None,
            encoder: None,
            progress: None,
            unheard: Unheard::default(),
            made: gst::ClockTime::ZERO,
            moved: Instant::now(),
            spoke: None,
            has_spoken: false,
            is_silent: false,
            passed_by: None,
            behind: None,
            restarts: Restarts::new(Instant::now()),
            patience: PATIENCE,
            leaving,
            fault: None,
            was_paused: false,
        }
    }

    /// Mixes the sound that goes with a frame, `tick` ticks after the beginning of the stream, and gives it out if it is sent. For
    /// as long as ticks were left out before it the last picture was seen, and what went with that is heard.
    pub(super) fn follow(&mut self, tick: u64, frame: &ProgramFrame, is_sent: bool) -> Result<(), SoundError> {
        let mixed = self.mix(tick, frame);
        if !is_sent {
            self.rest();
            return mixed.map(drop).map_err(SoundError::from);
        }
        let now = Instant::now();
        self.unheard.give(mixed.as_deref().unwrap_or_default(), now);
        let late = self.bridge(tick, now);
        self.encode(mixed?, now)?;
        late.map_or(Ok(()), |late| Err(SoundError::Late(late)))
    }

    fn mix(&mut self, tick: u64, frame: &ProgramFrame) -> Result<Vec<gst::Buffer>, MixError> {
        let mut sound = match self.sound.take() {
            Some(sound) => sound,
            None => Sound::start(self.format.fps, tick, Haste::Live, Arc::clone(&self.report))?,
        };
        let mut buffers = match tick.checked_sub(1) {
            Some(before) => sound.up_to(before, self.was_paused)?,
            None => Vec::new(),
        };
        sound.follow(&frame.sound, &frame.mix)?;
        buffers.extend(sound.on_to(tick, frame.is_paused)?);
        self.was_paused = frame.is_paused;
        self.sound = Some(sound);
        Ok(buffers)
    }

    fn encode(&mut self, mut buffers: Vec<gst::Buffer>, now: Instant) -> Result<(), EncoderError> {
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None if !self.restarts.may_start(now) || self.leaving.is_full() => return Ok(()),
            None => {
                buffers = self.unheard.take_over(self.progress.take().as_deref());
                self.start(now)?
            }
        };
        let outcome = self.judge(encoder.is_behind(), now).and_then(|()| encoder.push(buffers));
        match &outcome {
            Ok(()) => self.encoder = Some(encoder),
            Err(error) => {
                self.fail(error, now);
                self.leave(encoder);
            }
        }
        outcome
    }

    /// The next encoder.
    fn start(&mut self, now: Instant) -> Result<SoundEncoder, EncoderError> {
        self.restarts.start(now);
        (self.behind, self.made, self.moved) = (None, gst::ClockTime::ZERO, now);
        let progress = Arc::new(Progress::default());
        let line = Arc::clone(&self.line);
        let on_packet: OnPacket = Arc::new(move |packet| line.give(packet));
        let started = SoundEncoder::start(&self.settings, &progress.noting(&on_packet));
        self.progress = Some(progress);
        let started = started.inspect_err(|error| self.fail(error, now))?;
        let line = Arc::clone(&self.line);
        started.pass_by(move || line.silent_until());
        if let Some(fault) = self.fault.take() {
            started.break_down(fault);
        }
        Ok(started)
    }

    fn fail(&mut self, error: &EncoderError, now: Instant) {
        if self.restarts.fail(now) {
            self.patience = PATIENCE;
        }
        if matches!(error, EncoderError::Stalled(_)) {
            self.patience = (self.patience * 2).min(MOST_PATIENCE);
        }
        self.is_silent |= !self.has_spoken;
    }

    /// Whether the encoder does what it should. One that comes on and has too much to do does.
    fn judge(&mut self, is_busy: bool, now: Instant) -> Result<(), EncoderError> {
        let owed = match self.spoke {
            // What it owes is made up for with silence.
            Some(spoke) if self.is_silent => now.saturating_duration_since(spoke),
            _ => self.unheard.look(self.line.until(), now),
        };
        // Another one may have been given that before.
        let owed = owed.min(self.restarts.lasted(now));
        self.behind = self.behind.or(Some(now)).filter(|_| owed > BEHIND && !is_busy);
        let rests = owed.min(now.saturating_duration_since(self.moved));
        if rests > self.patience {
            return Err(EncoderError::Stalled(rests));
        }
        if self.behind.is_some_and(|since| now.saturating_duration_since(since) > LONG) {
            return Err(EncoderError::Failed("its sound comes late all the time".to_owned()));
        }
        Ok(())
    }

    /// Gives out silence for as long as no encoder gives anything in time, up to the end of the frame of this tick. Returns how
    /// late the sound is, if it is passed by for that.
    fn bridge(&mut self, tick: u64, now: Instant) -> Option<Duration> {
        let time = |tick| gst::ClockTime::try_from(self.format.presentation_time(tick)).unwrap_or(gst::ClockTime::ZERO);
        let made = self.progress.as_ref().map_or(gst::ClockTime::ZERO, |progress| progress.until());
        if made > self.made {
            self.moved = now;
        }
        let spoke = match self.spoke {
            // What comes where silence was given out is heard by nobody.
            Some(spoke) if made <= self.made || made <= self.line.silent_until() => spoke,
            before => {
                match before {
                    Some(_) => self.has_spoken = true,
                    None => self.line.begin(time(tick)),
                }
                self.is_silent = false;
                now
            }
        };
        (self.made, self.spoke) = (made, Some(spoke));
        let late = self.unheard.look(self.line.until(), now);
        let quiet = now.saturating_duration_since(spoke);
        // One that was given nothing, as while the whole service stood still, owes nothing. Without a mixer none is given anything.
        self.is_silent |= if self.sound.is_some() { quiet.min(late) } else { quiet } > LATE;
        let is_late = late > LATE && !self.is_silent;
        if self.is_silent || is_late {
            self.line.fill(time(tick + 1).saturating_sub(LAG));
            self.unheard.forget(self.line.until());
        }
        let recent = |last: &Instant| now.saturating_duration_since(*last) < RECENT;
        self.passed_by = if is_late { Some(now) } else { self.passed_by.filter(recent) };
        is_late.then_some(late)
    }

    /// What its encoder is doing.
    pub(super) fn state(&self) -> EncoderState {
        match (&self.encoder, self.spoke) {
            (_, None) => EncoderState::Idle,
            (Some(_), _) if !self.is_silent => EncoderState::Running,
            _ => EncoderState::Restarting,
        }
    }

    /// Whether there is silence since no encoder works, or has been of late since the one that does is too slow.
    pub(super) fn is_silent(&self) -> bool {
        self.is_silent || self.passed_by.is_some()
    }

    /// Nobody sends it.
    fn rest(&mut self) {
        self.unheard.clear();
        (self.spoke, self.has_spoken, self.is_silent, self.passed_by) = (None, false, false, None);
        if let Some(encoder) = self.encoder.take() {
            self.leave(encoder);
        }
        self.progress = None;
    }

    fn leave(&self, encoder: SoundEncoder) {
        if let Some(progress) = &self.progress {
            progress.give_up();
        }
        self.leaving.leave(encoder);
    }

    /// Breaks the encoder, or the next if there is none, to test what comes of that.
    pub(super) fn break_down(&mut self, fault: EncoderFault) {
        match &self.encoder {
            Some(encoder) => encoder.break_down(fault),
            None => self.fault = Some(fault),
        }
    }

    /// How loud what was given out last is; see [`Sound::levels`].
    pub(super) fn levels(&self, end: f64) -> impl Iterator<Item = LevelReading> {
        self.sound.iter().flat_map(move |sound| sound.levels(end))
    }

    /// Gives out what is left. No more comes after this, also from an encoder that takes too long.
    pub(super) fn finish(self, patience: Duration) -> Result<(), EncoderError> {
        let Some(encoder) = self.encoder else { return Ok(()) };
        let last = self.sound.and_then(|sound| sound.finish().ok()).unwrap_or_default();
        let outcome = encoder.push_last(last, patience, &self.leaving);
        if let Some(progress) = &self.progress {
            progress.give_up();
        }
        outcome
    }
}

#[cfg(test)]
mod tests;
