//! The meters of the mix and its tracks, read block by block.
//!
//! Blocks are counted from the beginning of the mix, whatever frames are made of it: what is measured does not depend on
//! the frame rate.

use std::{collections::VecDeque, sync::Arc};

use components::{
    AudioDocument, TrackId,
    audio::{LevelReading, MAX_TRACKS},
};

use super::{
    clock::{CHANNELS, RATE},
    meter::Meter,
    mixer::BLOCK,
    voice::Voice,
};

/// Readings that are kept of what was mixed at once: those of 2.56 s. The oldest go first.
const KEPT: usize = 256;

/// See the module's documentation.
pub(super) struct Meters {
    master: Meter,
    /// The tracks that are mixed.
    ids: Arc<[TrackId]>,
    /// Samples that were heard of each.
    heard: u64,
    /// How loud it was at the end of each block, with the seconds of the mix up to there.
    readings: VecDeque<LevelReading>,
}

impl Meters {
    pub(super) fn new() -> Self {
        let readings = VecDeque::with_capacity(KEPT);
        Self { master: Meter::new(), ids: Arc::default(), heard: 0, readings }
    }

    /// These are the tracks from now on.
    pub(super) fn follow(&mut self, audio: &AudioDocument) {
        self.ids = audio.tracks.iter().take(MAX_TRACKS).map(|track| track.id.clone()).collect();
    }

    /// Lets go of the readings so far.
    pub(super) fn forget(&mut self) {
        self.readings.clear();
    }

    /// Measures the next `count` samples of all tracks, and the blocks of the `mix` that are complete with these.
    pub(super) fn measure(&mut self, voices: &mut [Voice], mix: &[f32], count: usize) {
        let channels = CHANNELS as usize;
        let mut blocks = mix.chunks_exact(BLOCK as usize * channels);
        let mut from = 0;
        while from < count {
            let left = (BLOCK - self.heard % BLOCK) as usize;
            let to = count.min(from + left);
            for voice in voices.iter_mut() {
                voice.meter.add(&voice.samples[from * channels..to * channels]);
            }
            self.heard += (to - from) as u64;
            from = to;
            if self.heard.is_multiple_of(BLOCK) {
                self.master.add(blocks.next().unwrap_or_default());
                self.end_block(voices);
            }
        }
    }

    fn end_block(&mut self, voices: &mut [Voice]) {
        let mut reading = LevelReading::silent(seconds(self.heard), Arc::clone(&self.ids));
        reading.master = self.master.end_block();
        for (level, voice) in reading.tracks.iter_mut().zip(voices) {
            *level = voice.meter.end_block();
        }
        if self.readings.len() == KEPT {
            self.readings.pop_front();
        }
        self.readings.push_back(reading);
    }

    /// The readings, in scene seconds, of a mix that ends at `end`.
    pub(super) fn up_to(&self, end: f64) -> impl Iterator<Item = LevelReading> {
        let shift = end - seconds(self.heard);
        self.readings.iter().map(move |reading| LevelReading { seconds: reading.seconds + shift, ..reading.clone() })
    }
}

/// How long so many samples last.
fn seconds(samples: u64) -> f64 {
    samples as f64 / RATE as f64
}
