//! A track that steps back while others are heard.

use components::audio::DuckMix;

use super::clock::RATE;

/// Samples for which a track still counts as heard after it was: waves pass through zero, and speakers breathe.
const HOLD: u64 = RATE / 10;

/// How far a track has stepped back.
#[derive(Clone, Debug, Default)]
pub(super) struct Ducker {
    /// How it does, or did as long as it did: one that steps back no more comes up as it would have.
    ducking: Option<DuckMix>,
    /// Decibels below its own volume; 0 or more.
    depth: f64,
    /// Samples for which the others count as heard.
    held: u64,
}

impl Ducker {
    /// Whether there is nothing to do for a track that does not step back.
    pub(super) fn is_up(&self) -> bool {
        self.depth <= 0.0
    }

    /// Turns `own` down while one of `others` is heard, and up again while none is or when it steps back no more. All are
    /// stereo samples of the same time.
    pub(super) fn process(&mut self, ducking: Option<&DuckMix>, own: &mut [f32], others: &[&[f32]]) {
        if ducking.is_some() {
            self.ducking = ducking.copied();
        } else {
            self.held = 0;
        }
        let others = if ducking.is_some() { others } else { &[] };
        let Some(ducking) = self.ducking else { return };
        let threshold = decibels(ducking.threshold);
        let down = ducking.amount / (ducking.attack * RATE as f64);
        let up = ducking.amount / (ducking.release * RATE as f64);
        for (at, sample) in own.chunks_exact_mut(2).enumerate() {
            let is_heard = others.iter().any(|other| other[at * 2..at * 2 + 2].iter().any(|v| v.abs() > threshold));
            self.held = if is_heard { HOLD } else { self.held.saturating_sub(1) };
            self.depth = if self.held > 0 {
                // Where it was deeper, since the amount has changed, it comes up.
                if self.depth > ducking.amount {
                    (self.depth - up).max(ducking.amount)
                } else {
                    (self.depth + down).min(ducking.amount)
                }
            } else {
                (self.depth - up).max(0.0)
            };
            if self.depth > 0.0 {
                let factor = decibels(-self.depth);
                sample.iter_mut().for_each(|value| *value *= factor);
            }
        }
    }
}

fn decibels(level: f64) -> f32 {
    10.0_f64.powf(level / 20.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_steps_back_while_another_is_heard_and_comes_up_again() {
        let ducking = DuckMix { amount: 20.0, threshold: -40.0, attack: 0.05, release: 0.5 };
        let second = |voice: f32, ducker: &mut Ducker| {
            let mut music = vec![1.0_f32; 2 * RATE as usize];
            ducker.process(Some(&ducking), &mut music, &[&vec![voice; 2 * RATE as usize]]);
            music
        };
        let mut ducker = Ducker::default();
        assert!(second(0.005, &mut ducker).iter().all(|value| *value == 1.0), "a whisper is not heard");
        let during = second(0.5, &mut ducker);
        assert!((during[2 * 2400] - 0.1).abs() < 0.01, "after the attack: {}", during[4800]);
        assert!((during.last().unwrap() - 0.1).abs() < 1e-4);
        let after = second(0.0, &mut ducker);
        assert!((after[2 * 4000] - 0.1).abs() < 1e-3, "held for a breath");
        assert_eq!(after.last(), Some(&1.0));
        assert!(ducker.is_up());
        assert!(during.windows(4).chain(after.windows(4)).all(|w| (w[2] - w[0]).abs() < 0.002), "nothing jumps");
    }

    #[test]
    fn a_track_that_steps_back_no_more_comes_up_as_it_would_have() {
        let ducking = DuckMix { amount: 20.0, threshold: -40.0, attack: 0.05, release: 0.5 };
        let voice = vec![0.5; RATE as usize];
        let mut ducker = Ducker::default();
        ducker.process(Some(&ducking), &mut vec![1.0; RATE as usize], &[&voice]);
        let mut music = vec![1.0_f32; RATE as usize + 200];
        ducker.process(None, &mut music, &[&voice]);
        // Ten decibels in the half of the time.
        assert!((music[0] - 0.1).abs() < 1e-3 && (music[RATE as usize / 2] - 0.316).abs() < 1e-3, "{}", music[0]);
        assert!(music.windows(4).all(|w| (w[2] - w[0]).abs() < 0.002), "nothing jumps");
        assert!(ducker.is_up());
    }
}
