//! The sound of the program, in step with its frames.
//!
//! ```text
//!  tone   -> delay -> volume, fade -> ducking -> meter -\
//!  files  -> delay -> volume, fade -> ducking -> meter --> audiomixer -> volume -> limiter -> meter -> encoder
//!  silence ---------------------------------------------/
//! ```
//!
//! How much is mixed follows from the number of the frame alone. Tracks come, go and change between two mixes; nothing
//! here ever waits for a file while the stream is live. Each frame brings how it is mixed when it has been shown, sampled
//! from the scene's animations; volumes are ramped from one frame to the next.

mod clock;
mod decoder;
mod delay;
mod duck;
mod limiter;
mod listener;
mod meter;
mod meters;
mod mixer;
mod playlist;
mod ramp;
mod tone;
mod voice;

use std::{path::Path, sync::Arc, time::Duration};

use components::audio::{LevelReading, Mix};
use gstreamer as gst;

pub use self::listener::{ListenError, Listener};
pub(super) use self::{
    clock::{CHANNELS, RATE},
    mixer::{MixError, caps},
};
use self::{
    clock::{SampleClock, time_of},
    limiter::Limiter,
    meters::Meters,
    mixer::{Mixer, bytes},
    ramp::Ramp,
    voice::{Playing, Voice},
};
use crate::engine::Soundtrack;

/// Volumes follow a change within so many seconds, however seldom there is a frame.
const SLOWEST: f64 = 0.1;

/// Tracks that may fade out for good at a time: each has a decoder with threads of its own. Full: those that left first are cut,
/// without a click.
const MOST_LEAVING: usize = 16;

/// Is told, in words for people, what cannot be played.
pub(super) type Report = Arc<dyn Fn(&str) + Send + Sync>;

/// Whether a file that is not decoded in time is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// No: silence instead.
    Live,
    /// Yes: every rendering is the same.
    Offline,
}

/// Looks whether a sound file can be played.
///
/// # Errors
/// Why not, in words for people, and what to do about it.
pub(crate) fn check_sound(path: &Path) -> Result<(), String> {
    gst::init().map_err(|error| format!("it cannot be looked at: {error}"))?;
    let mut decoder = decoder::Decoder::open(path)?;
    loop {
        match decoder.next()? {
            decoder::Decoded::Samples(samples) if !samples.is_empty() => return Ok(()),
            decoder::Decoded::Samples(_) | decoder::Decoded::Nothing => {}
            decoder::Decoded::End => return Err("it is empty; replace it".to_owned()),
        }
    }
}

/// The sound from a start of the stream to its stop.
pub(super) struct Sound {
    clock: SampleClock,
    mixer: Mixer,
    /// The sample at which the first of the mixer's is heard.
    origin: u64,
    /// Samples that the mixer has given out.
    mixed: u64,
    /// In the order of the document.
    voices: Vec<Voice>,
    /// Those that are fading out for good.
    leaving: Vec<Voice>,
    soundtrack: Arc<Soundtrack>,
    /// Seconds in which volumes go from how they are mixed with one frame to how they are with the next.
    pace: f64,
    volume: Ramp,
    /// 0 while scene time stands still.
    running: Ramp,
    limiter: Limiter,
    meters: Meters,
    haste: Haste,
    report: Report,
}

impl Sound {
    /// Silence that begins with the frame that is `start` ticks after the beginning of the session.
    pub(super) fn start(fps: u32, start: u64, haste: Haste, report: Report) -> Result<Self, MixError> {
        let clock = SampleClock::new(fps, start);
        Ok(Self {
            origin: clock.position(),
            clock,
            mixer: Mixer::new()?,
            mixed: 0,
            voices: Vec::new(),
            leaving: Vec::new(),
            soundtrack: Arc::default(),
            pace: (1.0 / f64::from(fps)).min(SLOWEST),
            volume: Ramp::at(1.0),
            running: Ramp::at(1.0),
            limiter: Limiter::new(),
            meters: Meters::new(),
            haste,
            report,
        })
    }

    /// Plays this from now on, mixed so. Tracks whose source is the same as before play on.
    pub(super) fn follow(&mut self, soundtrack: &Arc<Soundtrack>, mix: &Mix) -> Result<(), MixError> {
        if self.clock.position() == self.origin && self.voices.is_empty() {
            self.volume = Ramp::at(mix.master.volume);
        }
        if !Arc::ptr_eq(soundtrack, &self.soundtrack) {
            self.cast(soundtrack, mix)?;
        }
        self.volume.go(mix.master.volume, self.pace);
        for (voice, mix) in self.voices.iter_mut().zip(&mix.tracks) {
            voice.mix(*mix, self.pace);
        }
        Ok(())
    }

    /// Gives each track its voice.
    fn cast(&mut self, soundtrack: &Arc<Soundtrack>, mix: &Mix) -> Result<(), MixError> {
        let mut before = std::mem::take(&mut self.voices);
        for (index, track) in soundtrack.audio.tracks.iter().enumerate() {
            let playing = Playing::of(track, soundtrack);
            let known = before.iter().position(|voice| voice.track.id == track.id && voice.playing == playing);
            let voice = match known {
                Some(at) => {
                    let mut voice = before.swap_remove(at);
                    voice.follow(track);
                    voice
                }
                None => {
                    let mix = mix.tracks.get(index).copied().unwrap_or_else(|| track.into());
                    let input = self.mixer.add()?;
                    let mut voice = Voice::start((track.clone(), mix), playing, input, self.haste, &self.report);
                    // Where it plays something else it makes way for others as it did before.
                    let same = before.iter().find(|voice| voice.track.id == track.id);
                    voice.ducker = same.map(|same| same.ducker.clone()).unwrap_or_default();
                    voice
                }
            };
            self.voices.push(voice);
        }
        for mut voice in before {
            voice.leave();
            self.leaving.push(voice);
        }
        let too_many = self.leaving.len().saturating_sub(MOST_LEAVING);
        self.leaving.iter_mut().take(too_many).for_each(Voice::cut);
        self.meters.follow(&soundtrack.audio);
        self.soundtrack = Arc::clone(soundtrack);
        Ok(())
    }

    /// Lets this much of all tracks go by unheard.
    pub(super) fn skip(&mut self, time: Duration) {
        let mut left = (time.as_secs_f64() * RATE as f64).round() as usize;
        while left > 0 {
            let count = left.min(RATE as usize);
            for voice in &mut self.voices {
                voice.play(count);
            }
            left -= count;
        }
    }

    /// The sound up to the end of the frame that is `tick` ticks after the beginning of the session. A part of a block
    /// is kept back for the next time. [`levels`](Self::levels) tells how loud it is.
    pub(super) fn up_to(&mut self, tick: u64, is_paused: bool) -> Result<Vec<gst::Buffer>, MixError> {
        self.meters.forget();
        self.on_to(tick, is_paused)
    }

    /// The same for what goes with the sound that was given out just before: [`levels`](Self::levels) tells of both.
    pub(super) fn on_to(&mut self, tick: u64, is_paused: bool) -> Result<Vec<gst::Buffer>, MixError> {
        self.running.go(if is_paused { 0.0 } else { 1.0 }, 0.0);
        let mut buffers = Vec::new();
        while let Some(count) = self.clock.next_run(tick) {
            let is_held = self.running.is_silent();
            for voice in self.voices.iter_mut().chain(&mut self.leaving) {
                if is_held { voice.hold(count) } else { voice.play(count) }
            }
            self.duck();
            let running = &mut self.running;
            let factors: Vec<f32> = (0..count).map(|_| running.next()).collect();
            for voice in self.voices.iter_mut().chain(&mut self.leaving) {
                for (sample, factor) in voice.samples.chunks_exact_mut(2).zip(&factors) {
                    sample.iter_mut().for_each(|value| *value *= factor);
                }
            }
            let voices = self.voices.iter().chain(&self.leaving);
            let mut mix = self.mixer.mix(count, voices.map(|voice| (&voice.input, voice.samples.as_slice())))?;
            self.master(&mut mix);
            self.meters.measure(&mut self.voices, &mix, count);
            buffers.extend(self.buffer(&mix));
            // While everything stands still nothing would ever become of a fade, nor is any heard.
            for voice in self.leaving.extract_if(.., |voice| is_held || voice.is_gone()) {
                self.mixer.remove(voice.input);
            }
        }
        Ok(buffers)
    }

    /// What was kept back.
    pub(super) fn finish(mut self) -> Result<Vec<gst::Buffer>, MixError> {
        let voices = self.voices.iter().chain(&self.leaving);
        let mut mix = self.mixer.finish(voices.map(|voice| &voice.input))?;
        self.master(&mut mix);
        Ok(self.buffer(&mix).into_iter().collect())
    }

    /// How loud what [`up_to`](Self::up_to) gave last is, every 10 ms of it, the newest last; of more than 2.56 s, these
    /// last. `end` is the scene time at which it ends.
    pub(super) fn levels(&self, end: f64) -> impl Iterator<Item = LevelReading> {
        self.meters.up_to(end)
    }

    /// Lets tracks step back for those that they make way for, as these were before they stepped back themselves. Those that
    /// fade out for good do so as well, and are made way for.
    fn duck(&mut self) {
        let ducks = |voice: &Voice| voice.mix.duck.is_some() || !voice.ducker.is_up();
        let mut voices: Vec<_> = self.voices.iter_mut().chain(&mut self.leaving).collect();
        if !voices.iter().any(|voice| ducks(voice)) {
            return;
        }
        let heard: Vec<_> = voices.iter().map(|voice| (voice.track.id.clone(), voice.samples.clone())).collect();
        for voice in voices.iter_mut().filter(|voice| ducks(voice)) {
            let by = voice.track.duck.iter().flat_map(|duck| &duck.by);
            let others = by.flat_map(|by| heard.iter().filter(move |(id, _)| id == by));
            let others: Vec<&[f32]> = others.map(|(_, samples)| samples.as_slice()).collect();
            voice.ducker.process(voice.mix.duck.as_ref(), &mut voice.samples, &others);
        }
    }

    fn master(&mut self, mix: &mut [f32]) {
        for sample in mix.chunks_exact_mut(2) {
            let factor = self.volume.next();
            sample.iter_mut().for_each(|value| *value *= factor);
        }
        self.limiter.process(mix);
    }

    fn buffer(&mut self, mix: &[f32]) -> Option<gst::Buffer> {
        let count = mix.len() as u64 / CHANNELS;
        let (from, to) = (self.origin + self.mixed, self.origin + self.mixed + count);
        self.mixed += count;
        let mut buffer = gst::Buffer::from_slice(bytes(mix));
        let writable = buffer.make_mut();
        writable.set_pts(time_of(from));
        writable.set_duration(time_of(to) - time_of(from));
        (count > 0).then_some(buffer)
    }
}

#[cfg(test)]
mod tests {
    use components::audio::{AudioSource, Mix};
    use serde_json::json;

    use super::*;

    /// One that plays this tone, and fades out for ten minutes.
    fn tone(frequency: u32) -> Arc<Soundtrack> {
        let track = json!({ "id": "tone", "source": { "type": "tone", "frequency": frequency }, "fadeOut": 600 });
        let track: components::TrackDocument = serde_json::from_value(track).unwrap();
        assert!(matches!(track.source, AudioSource::Tone(_)));
        let mut soundtrack = Soundtrack::default();
        soundtrack.audio.tracks.push(track);
        Arc::new(soundtrack)
    }

    /// Whatever leaves costs threads and memory until it is gone.
    #[test]
    fn tracks_that_fade_out_are_few_however_often_they_change() {
        gst::init().unwrap();
        let mut sound = Sound::start(30, 0, Haste::Offline, Arc::new(|_| {})).unwrap();
        let mix = Mix::default();
        let mut tick = 0;
        let mut change = |sound: &mut Sound, is_paused: bool| {
            sound.follow(&tone(100 + tick), &mix).unwrap();
            drop(sound.up_to(u64::from(tick), is_paused).unwrap());
            tick += 1;
            sound.leaving.len()
        };
        // One that is cut is gone with the next.
        let most = (0..200).map(|_| change(&mut sound, false)).max();
        assert_eq!(most, Some(MOST_LEAVING));
        change(&mut sound, true);
        assert_eq!(
            (0..50).map(|_| change(&mut sound, true)).max(),
            Some(0),
            "nothing is heard of a fade while all stands still"
        );
    }

    fn soundtrack(tracks: &serde_json::Value) -> Arc<Soundtrack> {
        let mut soundtrack = Soundtrack::default();
        soundtrack.audio.tracks = serde_json::from_value(tracks.clone()).unwrap();
        Arc::new(soundtrack)
    }

    #[test]
    fn a_track_that_is_ducked_no_more_does_not_leap() {
        gst::init().unwrap();
        let duck = json!({ "by": ["speech"], "amount": 30, "attack": 0.05, "release": 1 });
        let music = |frequency: u32, duck: &serde_json::Value| {
            let source = json!({ "type": "tone", "frequency": frequency });
            json!({ "id": "music", "source": source, "volume": 0.5, "fadeOut": 3, "duck": duck })
        };
        // Loud enough to be made way for, and hardly heard.
        let speech = json!({ "id": "speech", "source": { "type": "tone", "frequency": 3000 }, "volume": 0.02 });
        let none = serde_json::Value::Null;
        for (what, then) in [
            ("it leaves", json!([speech])),
            ("all leave", json!([])),
            ("it makes way for nobody any more", json!([music(1000, &none), speech])),
            ("it plays something else", json!([music(700, &duck), speech])),
        ] {
            let mut sound = Sound::start(100, 0, Haste::Offline, Arc::new(|_| {})).unwrap();
            let before = soundtrack(&json!([music(1000, &duck), speech]));
            sound.follow(&before, &Mix::from(&before.audio)).unwrap();
            drop(sound.up_to(99, false).unwrap());
            let then = soundtrack(&then);
            sound.follow(&then, &Mix::from(&then.audio)).unwrap();
            let loudest = |buffers: Vec<gst::Buffer>| {
                let samples = buffers.iter().flat_map(|buffer| decoder::samples(&buffer.map_readable().unwrap()));
                samples.fold(0.0_f32, |most, sample| most.max(sample.abs()))
            };
            // Down to 0.016, and by 3 dB up in a tenth of a second.
            let loudest = loudest(sound.up_to(109, false).unwrap());
            assert!((0.01..0.07).contains(&loudest), "{what}: {loudest}");
        }
    }
}
