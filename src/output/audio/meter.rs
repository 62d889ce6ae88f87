//! What a level meter shows of a sound.
//!
//! Peaks are those of a digital peak level meter by IEC 60268-18: the highest sample is shown at once, and falls again
//! at an even rate, 20 dB in 1.7 s. The root mean square is that of the last 300 ms, the integration time of a VU meter
//! (IEC 60268-17), in a window with straight edges. Both are taken block by block: within one there is nothing but a sum
//! and a maximum, and nothing is allocated ever.

use components::audio::{FLOOR, Level};

use super::mixer::BLOCK;

/// Blocks of the window that the root mean square is of: 300 ms.
const WINDOW: usize = 30;
/// Decibels by which a peak falls from block to block.
const FALL: f64 = 20.0 / 1.7 / 100.0;

/// A meter of a stereo sound.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    channels: [Channel; 2],
    /// The place in each channel's window of the block that is being added up.
    at: usize,
    /// The factor by which a peak falls from block to block.
    fall: f32,
    /// What is below this is silence.
    floor: f32,
}

#[derive(Clone, Debug)]
struct Channel {
    /// The highest sample of the block that is being added up.
    highest: f32,
    /// What is shown.
    peak: f32,
    /// Sums of squares of the last blocks, that which is being added up among them.
    squares: [f32; WINDOW],
}

impl Meter {
    /// One that has heard nothing.
    pub(super) fn new() -> Self {
        let channel = || Channel { highest: 0.0, peak: 0.0, squares: [0.0; WINDOW] };
        let amplitude = |decibels: f64| 10.0_f64.powf(decibels / 20.0) as f32;
        Self { channels: [channel(), channel()], at: 0, fall: amplitude(-FALL), floor: amplitude(FLOOR) }
    }

    /// Takes in stereo samples of one block, or a part of them.
    pub(super) fn add(&mut self, samples: &[f32]) {
        let (mut highest, mut squares) = ([0.0_f32; 2], [0.0_f32; 2]);
        for sample in samples.chunks_exact(2) {
            for channel in 0..2 {
                highest[channel] = highest[channel].max(sample[channel].abs());
                squares[channel] += sample[channel] * sample[channel];
            }
        }
        for (channel, (highest, squares)) in self.channels.iter_mut().zip(highest.into_iter().zip(squares)) {
            channel.highest = channel.highest.max(highest);
            channel.squares[self.at] += squares;
        }
    }

    /// Ends a block. Returns what is shown at its end.
    pub(super) fn end_block(&mut self) -> Level {
        let mut level = Level::SILENCE;
        self.at = (self.at + 1) % WINDOW;
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let fallen = channel.peak * self.fall;
            channel.peak = channel.highest.max(if fallen < self.floor { 0.0 } else { fallen });
            channel.highest = 0.0;
            level.peak[index] = channel.peak;
            let sum: f32 = channel.squares.iter().sum();
            level.rms[index] = (sum / (WINDOW as u64 * BLOCK) as f32).sqrt();
            channel.squares[self.at] = 0.0;
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use components::audio::{LevelMeasure, Tone, Waveform, decibels};

    use super::{super::tone::Generator, *};

    /// Blocks of a tone on the left at this amplitude, and on the right at half of it.
    fn tone(waveform: Waveform, frequency: f64, amplitude: f32, blocks: u64) -> Vec<f32> {
        let mut generator = Generator::new(Tone { frequency, waveform });
        let mut samples = vec![0.0; (blocks * BLOCK * 2) as usize];
        generator.read(&mut samples);
        for sample in samples.chunks_exact_mut(2) {
            sample[0] *= amplitude;
            sample[1] *= amplitude / 2.0;
        }
        samples
    }

    fn hear(meter: &mut Meter, samples: &[f32]) -> Vec<Level> {
        let blocks = samples.chunks((BLOCK * 2) as usize);
        blocks
            .map(|block| {
                // In two parts, as where a frame ends within a block.
                let (first, second) = block.split_at(200);
                meter.add(first);
                meter.add(second);
                meter.end_block()
            })
            .collect()
    }

    #[test]
    fn a_tone_has_the_peak_and_root_mean_square_of_its_shape() {
        for (waveform, below) in [
            (Waveform::Sine, 3.0103),
            (Waveform::Square, 0.0),
            (Waveform::Triangle, 4.7712),
            (Waveform::Sawtooth, 4.7712),
        ] {
            for (frequency, amplitude) in [(1000.0, 1.0), (440.0, 0.1), (97.0, 0.5)] {
                let heard = hear(&mut Meter::new(), &tone(waveform, frequency, amplitude, 100));
                let level = heard.last().unwrap();
                for (channel, amplitude) in [(0, amplitude), (1, amplitude / 2.0)] {
                    let (peak, rms) = (decibels(level.peak[channel]), decibels(level.rms[channel]));
                    let full = decibels(amplitude);
                    assert!((peak - full).abs() < 0.1, "{waveform:?} of {frequency} Hz: {peak}, not {full}");
                    assert!(
                        (rms - full + below).abs() < 0.1,
                        "{waveform:?} of {frequency} Hz: {rms}, not {full} - {below}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_peak_is_shown_at_once_and_falls_by_20_decibels_in_1_7_seconds() {
        let mut meter = Meter::new();
        let mut click = vec![0.0; (BLOCK * 2) as usize];
        click[100] = -0.5;
        assert_eq!(hear(&mut meter, &click)[0].peak, [0.5, 0.0]);
        let silence = vec![0.0; 170 * (BLOCK * 2) as usize];
        let after = hear(&mut meter, &silence)[169];
        assert!((decibels(after.peak[0]) - (decibels(0.5) - 20.0)).abs() < 0.01, "{after:?}");
        assert_eq!(after.rms, [0.0; 2]);
    }

    #[test]
    fn the_root_mean_square_is_of_the_last_300_ms_and_silence_is_the_floor() {
        let mut meter = Meter::new();
        let rising = hear(&mut meter, &tone(Waveform::Square, 1000.0, 1.0, 30));
        let half = rising[14].decibels(LevelMeasure::Rms);
        assert!((half - decibels(0.5_f32.sqrt())).abs() < 0.01, "half of the window: {half}");
        assert!(rising[29].decibels(LevelMeasure::Rms).abs() < 0.01);
        let falling = hear(&mut meter, &vec![0.0; 1000 * (BLOCK * 2) as usize]);
        assert!(falling[28].decibels(LevelMeasure::Rms) > -20.0);
        assert_eq!(falling[29].decibels(LevelMeasure::Rms), FLOOR);
        let last = falling.last().unwrap();
        assert_eq!((*last, last.decibels(LevelMeasure::Peak)), (Level::SILENCE, FLOOR));
    }
}
