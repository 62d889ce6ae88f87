//! When a timeline comes to one of its animations.

use super::{cue_list::Link, playhead::CueClock};
use crate::animation::timing::{Nanos, Timing, nanos};

impl CueClock {
    /// Scene seconds, not before `now`, from when on the animation, which begins `begin` seconds after its start, has begun;
    /// `None` if the timeline does not move, or moves away from it.
    pub(crate) fn comes_to(&self, begin: f64, now: f64) -> Option<f64> {
        let playhead = self.playhead;
        if !playhead.running {
            return None;
        }
        let position = playhead.at(now, self.timing().span());
        let comes = comes(self.timing(), &self.cue().links, nanos(self.start + begin), position, playhead.rate > 0.0)?;
        Some(playhead.when(comes).max(now))
    }

    /// Whether its animation has hold of the property though the timeline, which has come to it before, waits for it.
    pub(crate) fn keeps_hold(&self, now: f64) -> bool {
        now >= self.holds_from - 0.5e-9
    }

    /// Whether the timeline can come to wait for the animation after it has come to it: in a later round, or backwards.
    pub(crate) fn can_wait_again(&self) -> bool {
        let rounds = !self.timing().is_one_round_forwards()
            || self.cue().links.iter().any(|link| !link.timing.is_one_round_forwards());
        self.cue().first > 0.5e-9 && (rounds || self.playhead.rate < 0.0)
    }
}

/// The first time of something from `time` on, be it backwards, at which what stands in these timelines within it has begun;
/// it begins at `begin` of the innermost.
fn comes(timing: &Timing, links: &[Link], begin: Nanos, time: Nanos, forwards: bool) -> Option<Nanos> {
    timing.comes(time, forwards, &mut |time, forwards| {
        let Some((link, inner)) = links.split_first() else {
            return if forwards { Some(time.max(begin)) } else { Some(time).filter(|time| *time >= begin) };
        };
        let start = nanos(link.start);
        let inside = match time.checked_sub(start) {
            None if !forwards => return None,
            inside => inside.unwrap_or(0),
        };
        Some(comes(&link.timing, inner, begin, inside, forwards)?.saturating_add(start))
    })
}
