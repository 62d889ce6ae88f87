//! Tones for tests and line-ups.

use components::audio::{Tone, Waveform};

use super::clock::RATE;

/// A tone that goes on for ever.
#[derive(Debug)]
pub(super) struct Generator {
    tone: Tone,
    /// How far the present wave has come, 0..1.
    phase: f64,
}

impl Generator {
    pub(super) fn new(tone: Tone) -> Self {
        Self { tone, phase: 0.0 }
    }

    /// Fills stereo samples.
    pub(super) fn read(&mut self, out: &mut [f32]) {
        let step = self.tone.frequency / RATE as f64;
        for sample in out.chunks_exact_mut(2) {
            let phase = self.phase;
            let value = match self.tone.waveform {
                Waveform::Sine => (phase * std::f64::consts::TAU).sin(),
                Waveform::Square => (0.5 - phase).signum(),
                // Both begin at 0 and rise, as the sine does.
                Waveform::Triangle => 1.0 - 4.0 * ((phase + 0.25).fract() - 0.5).abs(),
                Waveform::Sawtooth => 2.0 * (phase + 0.5).fract() - 1.0,
            };
            sample.fill(value as f32);
            self.phase = (phase + step).fract();
        }
    }
}
