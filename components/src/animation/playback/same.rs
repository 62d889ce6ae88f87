//! What is the same before and after an edit.

use super::{Clock, MARGIN, Playback};

impl Playback {
    /// Whether it is the same one of a timeline as before an edit, wherever that stands.
    pub(in super::super) fn is_still(&self, before: &Self) -> bool {
        self.track == before.track && self.is_laid_out_like(before)
    }

    /// Whether it has the same place in the same timeline.
    pub(in super::super) fn is_laid_out_like(&self, other: &Self) -> bool {
        match (&self.clock, &other.clock) {
            (Clock::Timeline(clock), Clock::Timeline(other)) => clock.is_laid_out_like(other),
            _ => false,
        }
    }

    /// Whether its timeline stands where it stood before an edit at scene time `now`.
    pub(in super::super) fn stands_like(&self, before: &Self, now: f64) -> bool {
        match (&self.clock, &before.clock) {
            (Clock::Timeline(clock), Clock::Timeline(before)) => {
                (clock.position(now) - before.position(now)).abs() <= MARGIN
            }
            _ => false,
        }
    }

    /// Whether it is the same animation of the layer itself as before an edit, wherever that stands.
    pub(in super::super) fn is_same_own(&self, before: &Self) -> bool {
        let times = |p: &Self| (p.target(), p.track.begin(), p.track.end());
        let (began, other) = (self.clock.began(), before.clock.began());
        began.is_some() && began == other && times(self) == times(before)
    }
}
