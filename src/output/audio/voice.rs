//! One track: its source, delayed, at its volume.

use std::{path::PathBuf, sync::Arc};

use components::{
    AssetId, TrackDocument,
    audio::{AudioSource, Tone, TrackMix},
};

use super::{
    Haste, Report,
    clock::CHANNELS,
    delay::Delay,
    duck::Ducker,
    meter::Meter,
    mixer::Input,
    playlist::{List, Player},
    ramp::Ramp,
    tone::Generator,
};
use crate::engine::Soundtrack;

/// What a track plays, with all that it depends on: as long as this stays the same the track plays on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Playing {
    Tone(Tone),
    Files(List),
}

impl Playing {
    pub(super) fn of(track: &TrackDocument, soundtrack: &Soundtrack) -> Self {
        match &track.source {
            AudioSource::Tone(tone) => Self::Tone(*tone),
            AudioSource::Files(playlist) => {
                let file =
                    |id: &AssetId| soundtrack.files.get(id).cloned().unwrap_or_else(|| PathBuf::from(format!("{id}")));
                let files = playlist.assets.iter().map(file).collect();
                Self::Files(List { folder: soundtrack.folder.clone(), files, looped: playlist.looped })
            }
        }
    }
}

enum Source {
    Tone(Generator),
    Files(Player),
}

/// A track that plays.
pub(super) struct Voice {
    pub(super) track: TrackDocument,
    /// How it is mixed now.
    pub(super) mix: TrackMix,
    pub(super) playing: Playing,
    pub(super) ducker: Ducker,
    pub(super) input: Input,
    /// Hears what is mixed.
    pub(super) meter: Meter,
    /// What was rendered last, stereo.
    pub(super) samples: Vec<f32>,
    source: Source,
    delay: Delay,
    volume: Ramp,
    /// From 0, silent, to 1: how far it has been faded in.
    fade: Ramp,
}

impl Voice {
    pub(super) fn start(
        (track, mix): (TrackDocument, TrackMix),
        playing: Playing,
        input: Input,
        haste: Haste,
        report: &Report,
    ) -> Self {
        let source = match &playing {
            Playing::Tone(tone) => Source::Tone(Generator::new(*tone)),
            Playing::Files(list) => {
                let (report, id) = (Arc::clone(report), track.id.clone());
                let report: Report = Arc::new(move |message| report(&format!("track `{id}`: {message}")));
                Source::Files(Player::start(list.clone(), haste, report))
            }
        };
        let mut fade = Ramp::at(if mix.muted || track.fade_in > 0.0 { 0.0 } else { 1.0 });
        if !mix.muted {
            fade.go(1.0, track.fade_in);
        }
        Self {
            playing,
            ducker: Ducker::default(),
            input,
            meter: Meter::new(),
            samples: Vec::new(),
            source,
            delay: Delay::new(track.delay),
            volume: Ramp::at(mix.volume),
            fade,
            track,
            mix,
        }
    }

    /// Plays on as this document says from now on.
    pub(super) fn follow(&mut self, track: &TrackDocument) {
        self.delay.set(track.delay);
        self.track = track.clone();
    }

    /// Is mixed like this from now on, and comes there in so many seconds.
    pub(super) fn mix(&mut self, mix: TrackMix, seconds: f64) {
        self.volume.go(mix.volume, seconds);
        if mix.muted != self.mix.muted {
            let (level, seconds) = if mix.muted { (0.0, self.track.fade_out) } else { (1.0, self.track.fade_in) };
            self.fade.go(level, seconds);
        }
        self.mix = mix;
    }

    /// Fades it out for good.
    pub(super) fn leave(&mut self) {
        self.fade.go(0.0, self.track.fade_out);
    }

    /// Ends the fade of one that is leaving, without a click.
    pub(super) fn cut(&mut self) {
        self.fade.cut();
    }

    /// Whether nothing is heard of it, nor will be.
    pub(super) fn is_gone(&self) -> bool {
        self.fade.is_silent()
    }

    /// Plays the next `count` samples into `samples`.
    pub(super) fn play(&mut self, count: usize) {
        self.samples.resize(count * CHANNELS as usize, 0.0);
        match &mut self.source {
            Source::Tone(generator) => generator.read(&mut self.samples),
            Source::Files(player) => player.read(&mut self.samples),
        }
        self.delay.process(&mut self.samples);
        for sample in self.samples.chunks_exact_mut(2) {
            let factor = self.volume.next() * self.fade.next();
            sample.iter_mut().for_each(|value| *value *= factor);
        }
    }

    /// Is silent for the next `count` samples, and holds where it is.
    pub(super) fn hold(&mut self, count: usize) {
        self.samples.clear();
        self.samples.resize(count * CHANNELS as usize, 0.0);
    }
}
