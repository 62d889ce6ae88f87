//! Sound that is heard later than it is played.
//!
//! A delay that changes leaves some sound out, or has to wait for more: either would click. So the sound fades out before that,
//! and in again after it.

use std::collections::VecDeque;

use super::{
    clock::{CHANNELS, RATE},
    ramp::{Ramp, SOFT},
};

/// Numbers of one moment.
const FRAME: usize = CHANNELS as usize;

/// A line of samples that were played and are still to be heard.
#[derive(Debug)]
pub(super) struct Delay {
    line: VecDeque<f32>,
    /// How many numbers that is to be.
    wanted: usize,
    /// How loud what is heard is, of which it is 0 when the line changes.
    dip: Ramp,
    /// Moments of silence at the front of the line, put there when it became longer.
    empty: usize,
}

impl Delay {
    /// Silent for so many seconds.
    pub(super) fn new(seconds: f64) -> Self {
        let wanted = numbers(seconds);
        Self { line: VecDeque::from(vec![0.0; wanted]), wanted, dip: Ramp::at(1.0), empty: 0 }
    }

    /// Delays by so many seconds from now on.
    pub(super) fn set(&mut self, seconds: f64) {
        let wanted = numbers(seconds);
        if wanted != self.wanted {
            self.wanted = wanted;
            self.dip.go(0.0, SOFT);
        }
    }

    /// Takes the next samples, and gives those that are heard meanwhile.
    pub(super) fn process(&mut self, samples: &mut Vec<f32>) {
        if self.line.len() == self.wanted && self.dip.is_at(1.0) {
            if !self.line.is_empty() {
                self.line.extend(samples.iter());
                let count = samples.len();
                samples.clear();
                samples.extend(self.line.drain(..count));
            }
            return;
        }
        for frame in samples.chunks_exact_mut(FRAME) {
            if self.dip.is_silent() {
                self.change();
            }
            self.line.extend(frame.iter());
            let factor = if self.empty > 0 { 0.0 } else { self.dip.next() };
            self.empty = self.empty.saturating_sub(1);
            for (sample, heard) in frame.iter_mut().zip(self.line.drain(..FRAME)) {
                *sample = heard * factor;
            }
        }
    }

    /// Makes the line as long as it is to be, and lets what is heard come up again.
    fn change(&mut self) {
        let (before, now) = (self.line.len(), self.wanted);
        let more = now.saturating_sub(before);
        self.line.drain(..before.saturating_sub(now));
        (0..more).for_each(|_| self.line.push_front(0.0));
        self.empty = (self.empty + more / FRAME).saturating_sub(before.saturating_sub(now) / FRAME);
        self.dip.go(1.0, SOFT);
    }
}

fn numbers(seconds: f64) -> usize {
    (seconds * RATE as f64).round() as usize * FRAME
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The next so many moments of a sine of 500 Hz, the same on both sides.
    fn sine(at: &mut u64, moments: usize) -> Vec<f32> {
        let wave = |at: u64| (at as f64 * std::f64::consts::TAU * 500.0 / RATE as f64).sin() as f32;
        let samples = (*at..*at + moments as u64).flat_map(|at| [wave(at); FRAME]).collect();
        *at += moments as u64;
        samples
    }

    proptest! {
        /// However often it changes, and also while it does.
        #[test]
        fn a_delay_that_changes_does_not_click_and_is_as_long_as_it_should_be(
            changes in prop::collection::vec((0_u32..30_000, 1_usize..6000), 1..12),
        ) {
            let (mut delay, mut at) = (Delay::new(0.1), 0);
            let mut heard = sine(&mut at, 9600);
            delay.process(&mut heard);
            // Beyond its beginning, which is the track's own.
            heard.drain(..4801 * FRAME);
            for (samples, moments) in &changes {
                delay.set(f64::from(*samples) / RATE as f64);
                let mut run = sine(&mut at, *moments);
                delay.process(&mut run);
                heard.extend(run);
            }
            let last = changes.last().map_or(0, |(samples, _)| u64::from(*samples));
            let mut run = sine(&mut at, 60_000);
            delay.process(&mut run);
            heard.extend(run);
            // A wave of 500 Hz moves on by no more than 0.066 from sample to sample, and is turned down by a thousandth.
            let left: Vec<f32> = heard.chunks_exact(FRAME).map(|both| both[0]).collect();
            prop_assert!(left.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.07));
            let mut from = at - last - 1000;
            let expected = sine(&mut from, 1000);
            prop_assert_eq!(&heard[heard.len() - 2000..], expected.as_slice());
        }
    }
}
