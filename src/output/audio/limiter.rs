//! Keeps the mix below full scale: what is louder is turned down before it is there, and comes up again slowly.

use super::clock::RATE;

/// The highest peak that leaves: -1 dBFS, since decoders overshoot a little.
pub(super) const CEILING: f32 = 0.891;
/// The most that the factor falls from one sample to the next: from 1 to 0 in two milliseconds.
const ATTACK: f32 = 1.0 / (0.002 * RATE as f32);
/// The share of the way back to 1 that is taken with each sample: nine tenths within 230 ms.
const RELEASE: f32 = 1.0 / (0.1 * RATE as f32);

/// Looks ahead within each block that it is given, so that it adds no delay.
#[derive(Debug)]
pub(super) struct Limiter {
    factor: f32,
    /// The factor for each sample of the block.
    factors: Vec<f32>,
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self { factor: 1.0, factors: Vec::new() }
    }

    /// Limits a block of stereo samples.
    pub(super) fn process(&mut self, block: &mut [f32]) {
        self.factors.clear();
        self.factors.extend(block.chunks_exact(2).map(|sample| {
            let peak = sample.iter().fold(0.0_f32, |peak, value| peak.max(value.abs()));
            if peak > CEILING { CEILING / peak } else { 1.0 }
        }));
        let mut later = 1.0_f32;
        for factor in self.factors.iter_mut().rev() {
            *factor = factor.min(later + ATTACK);
            later = *factor;
        }
        for (sample, factor) in block.chunks_exact_mut(2).zip(&self.factors) {
            self.factor = factor.min(self.factor + (1.0 - self.factor) * RELEASE);
            for value in sample {
                *value *= self.factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_leaves_above_the_ceiling_and_what_is_quiet_is_untouched(
            blocks in prop::collection::vec(prop::collection::vec(-4.0_f32..4.0, 2..600), 1..6),
        ) {
            let mut limiter = Limiter::new();
            for mut block in blocks {
                block.truncate(block.len() / 2 * 2);
                limiter.process(&mut block);
                prop_assert!(block.iter().all(|value| value.abs() <= CEILING * 1.000_01));
            }
            let mut quiet = Limiter::new();
            let mut block: Vec<f32> = (0..960).map(|at| (at as f32 * 0.1).sin() * 0.8).collect();
            let before = block.clone();
            quiet.process(&mut block);
            prop_assert_eq!(block, before);
        }
    }

    /// What falls or rises at once is heard as a click.
    #[test]
    fn a_peak_is_turned_down_ahead_of_it_and_what_follows_comes_up_slowly() {
        let mut limiter = Limiter::new();
        let mut loudness = vec![0.5_f32; 2 * 9600];
        loudness[2 * 4800..2 * 4801].fill(2.0);
        let before = loudness.clone();
        limiter.process(&mut loudness);
        let factors: Vec<f32> =
            loudness.chunks(2).zip(before.chunks(2)).map(|(now, before)| now[0] / before[0]).collect();
        assert!((factors[4800] - CEILING / 2.0).abs() < 1e-4, "{}", factors[4800]);
        assert_eq!((factors[4700], factors[4800 - 96]), (1.0, 1.0), "two milliseconds are enough");
        let steps = factors.windows(2).map(|pair| pair[1] - pair[0]);
        let (fall, rise) = steps.fold((0.0_f32, 0.0_f32), |(fall, rise), step| (fall.max(-step), rise.max(step)));
        assert!(fall < ATTACK * 1.01 && rise < RELEASE, "{fall} down and {rise} up from sample to sample");
        assert!((0.79..0.8).contains(&factors[9599]), "{} after a tenth of a second", factors[9599]);
    }
}
