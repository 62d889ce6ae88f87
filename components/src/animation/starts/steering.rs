//! Where an animation stands that somebody has steered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        timeline::{PlayState, Playhead, rounded},
        timing::{nanos, seconds},
    },
    NEVER,
};

/// When an animation started, or where it stands since somebody steered it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Start {
    /// It started at these scene seconds, and has been left alone since.
    At(f64),
    /// Somebody has steered it.
    Steered(Steered),
}

/// Where an animation stands that somebody has steered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Steered {
    /// Scene seconds at which it was started last. It stays the same while it is steered.
    pub(crate) began: f64,
    /// Whether it has been played before, and begins where it is written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) again: bool,
    /// Whether it was steered while it waited for another to end, and begins when that has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) waits: bool,
    /// Where it stands: seconds since its start, `delay` included, at its own speed; `None` if it has no effect.
    pub(crate) playhead: Option<Playhead>,
    /// The rate at which it plays, whichever way.
    pub(crate) rate: f64,
}

/// What can be asked of a single animation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum AnimationControl {
    /// Plays forwards: from the beginning if it was cancelled or is at its end, else from where it stands.
    Play,
    /// Stands still.
    Pause,
    /// Plays backwards: from the end if it was cancelled or is at its beginning, else from where it stands. One without an
    /// end goes back from where it stands.
    Reverse,
    /// Plays forwards from the beginning.
    Restart,
    /// Goes to another time; if it plays, or has played to its end, it plays on from there.
    Seek {
        /// Seconds since its start, `delay` included, over all repeats. What is beyond its end means the end.
        #[schemars(range(min = 0.0, max = 1e9))]
        to: f64,
    },
    /// Changes how fast it plays, on top of its `speed`, now and whenever it is played: neither its end nor `cancel` changes
    /// that back. The direction stays.
    Rate {
        /// 1 for the times as they are written.
        #[schemars(range(min = 0.001, max = 1000.0))]
        rate: f64,
    },
    /// Takes all of its effect back, as if it were not there, until it is played again; the rate stays.
    Cancel,
}

/// Where one stands that waits for another and is paused: just before its start.
const BEFORE: f64 = -1e-9;

impl Start {
    /// Scene seconds at which it was started last: by this it is told from others.
    pub(crate) fn began(&self) -> f64 {
        match self {
            Self::At(start) => *start,
            Self::Steered(steered) => steered.began,
        }
    }

    /// Where it stands; `None` if it has no effect. Running at rate 1 unless somebody has steered it.
    fn playhead(&self) -> Option<Playhead> {
        match self {
            Self::At(start) => Some(Playhead { since: *start, position: 0.0, rate: 1.0, running: true }),
            Self::Steered(steered) => steered.playhead,
        }
    }

    /// Whether it has begun to count down to what it does at scene time `now`, or somebody has steered it.
    pub(super) fn is_settled(&self, now: f64) -> bool {
        match self {
            Self::At(start) => *start <= now,
            Self::Steered(Steered { waits: true, playhead: Some(playhead), .. }) => {
                playhead.running && playhead.since <= now
            }
            Self::Steered(_) => true,
        }
    }

    /// The same where what it waits for ends at scene time `until`, at the rate that was asked for; one that is paused still
    /// is.
    pub(super) fn waiting_until(self, until: f64) -> Self {
        match self {
            Self::At(_) => Self::At(until),
            Self::Steered(Steered { playhead: Some(playhead), rate, again, .. }) if playhead.running => {
                let playhead = Some(Playhead { since: until, ..playhead });
                Self::Steered(Steered { began: until, again, waits: true, playhead, rate })
            }
            Self::Steered(_) => self,
        }
    }

    /// One that waits for another, after somebody has steered it at scene time `now`; `None` if it does not wait for that
    /// any more.
    fn steered_waiting(&self, control: AnimationControl, now: f64) -> Option<Self> {
        let before = self.playhead().filter(|_| !self.is_settled(now))?;
        let (rate, running) = match control {
            AnimationControl::Play if before.running => return Some(*self),
            AnimationControl::Play => (before.rate, true),
            AnimationControl::Pause => (before.rate, false),
            AnimationControl::Rate { rate } => (rate, before.running),
            _ => return None,
        };
        let (since, position) = if running { (NEVER, 0.0) } else { (now, BEFORE) };
        let playhead = Some(Playhead { since, position, rate, running });
        Some(Self::Steered(Steered { began: self.began(), again: false, waits: true, playhead, rate }))
    }

    /// Scene seconds at which it comes to a time of its own, unless somebody steers it; `None` if it never does.
    pub(super) fn when(&self, time: f64) -> Option<f64> {
        match self {
            Self::At(start) => Some(start + time),
            Self::Steered(steered) => {
                let playhead = steered.playhead.filter(|playhead| playhead.running && playhead.rate > 0.0)?;
                Some(playhead.since + (time - playhead.position) / playhead.rate)
            }
        }
    }

    /// Whether it has no effect.
    pub(super) fn is_idle(&self) -> bool {
        self.playhead().is_none()
    }

    /// The same after somebody has steered it at scene time `now`; it lasts `span` nanoseconds, `None` for without end.
    pub(super) fn steered(&self, control: AnimationControl, span: Option<u64>, now: f64) -> Self {
        if let Some(waiting) = self.steered_waiting(control, now) {
            return waiting;
        }
        let end = span.map(seconds);
        let rate = match self {
            Self::At(_) => 1.0,
            Self::Steered(steered) => steered.rate,
        };
        let (began, again) = match self {
            Self::At(_) => (self.began(), false),
            Self::Steered(steered) => (steered.began, steered.again),
        };
        let before = self.playhead();
        let here = before.map(|playhead| {
            let elapsed = elapsed(&playhead, now);
            end.map_or(elapsed, |end| elapsed.min(end))
        });
        let stand = |playhead: Option<Playhead>| Self::Steered(Steered { began, again, waits: false, playhead, rate });
        // It begins anew, and what it did before does not matter to it.
        let anew = |position: f64, rate: f64| {
            let playhead = Playhead { since: now, position, rate, running: true };
            Self::Steered(Steered { began: now, again: true, waits: false, playhead: Some(playhead), rate: rate.abs() })
        };
        let go = |position: f64, rate: f64| stand(Some(Playhead { since: now, position, rate, running: true }));
        match (control, before, here) {
            (AnimationControl::Play, Some(before), _) if before.running && before.rate == rate && here != end => *self,
            (AnimationControl::Play, _, Some(here)) if Some(here) != end => go(here, rate),
            (AnimationControl::Play | AnimationControl::Restart, ..) => anew(0.0, rate),
            (AnimationControl::Reverse, _, Some(here)) if here > 0.0 => go(here, -rate),
            (AnimationControl::Reverse, ..) => anew(end.unwrap_or(0.0), -rate),
            (AnimationControl::Pause, Some(before), Some(here)) => {
                stand(Some(Playhead { since: now, position: here, running: false, ..before }))
            }
            (AnimationControl::Seek { to }, ..) => {
                let to = seconds(nanos(end.map_or(to, |end| to.min(end))));
                let (rate, running) = before.map_or((rate, false), |before| (before.rate, before.running));
                let playhead = Some(Playhead { since: now, position: to, rate, running });
                // One that had no effect has some from now on.
                let (began, again) = if before.is_none() { (now, true) } else { (began, again) };
                Self::Steered(Steered { began, again, waits: false, playhead, rate: rate.abs() })
            }
            (AnimationControl::Rate { rate }, ..) => {
                let turned = before.zip(here).map(|(before, here)| Playhead {
                    since: now,
                    position: here,
                    rate: rate.copysign(before.rate),
                    ..before
                });
                Self::Steered(Steered { began, again, waits: false, playhead: turned, rate })
            }
            (AnimationControl::Pause | AnimationControl::Cancel, ..) => stand(None),
        }
    }

    /// What it is doing at scene time `now`, its seconds since its start and the rate at which it plays; it lasts `span`
    /// nanoseconds.
    pub(super) fn status(&self, span: Option<u64>, now: f64) -> (PlayState, Option<f64>, f64) {
        let end = span.map(seconds);
        let Some(playhead) = self.playhead() else {
            let rate = if let Self::Steered(steered) = self { steered.rate } else { 1.0 };
            return (PlayState::Idle, Some(0.0), rate);
        };
        let here = elapsed(&playhead, now);
        let position = end.map_or(here, |end| here.min(end));
        let is_over = if playhead.rate > 0.0 { Some(position) == end } else { position <= 0.0 };
        let state = match (playhead.running, is_over) {
            (false, _) => PlayState::Paused,
            (true, true) => PlayState::Finished,
            (true, false) => PlayState::Playing,
        };
        let is_known = self.is_settled(now) || playhead.running && playhead.since < NEVER;
        (state, is_known.then_some(position), playhead.rate)
    }
}

/// Seconds since its start at which an animation stands at scene time `now`; negative while it waits for another.
pub(crate) fn elapsed(playhead: &Playhead, now: f64) -> f64 {
    let moved = if playhead.running { (now - playhead.since) * playhead.rate } else { 0.0 };
    let elapsed = rounded(playhead.position + moved);
    // Backwards it goes no further than to its start.
    if moved < 0.0 && playhead.rate < 0.0 { elapsed.max(playhead.position.min(0.0)) } else { elapsed }
}
