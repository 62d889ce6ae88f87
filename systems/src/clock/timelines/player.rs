//! One timeline, and where it stands.

use std::sync::Arc;

use components::animation::{
    timeline::{CueList, LabelName, PlayState, Playhead, TimelineControl},
    trigger::Cause,
};

use super::{cues::Moved, seconds};

/// A timeline that can be played.
#[derive(Clone, Debug)]
pub(in super::super) struct Player {
    pub(in super::super) list: Arc<CueList>,
    /// Where it stands; `None` if it has no effect.
    pub(in super::super) playhead: Option<Playhead>,
    /// The rate at which it plays, whichever way.
    pub(super) rate: f64,
    /// Whether it follows what it is to follow.
    pub(super) follows: bool,
    /// Number of the time that it was played last: the one played last goes over the others.
    pub(super) rank: u64,
    /// What it moves.
    pub(in super::super) moved: Arc<[Moved]>,
    /// What triggers wait for.
    pub(in super::super) waits: Vec<Wait>,
    /// Up to where labels and ends that it came to have been dealt with.
    pub(in super::super) seen: Seen,
}

/// Something that a timeline comes to, and that a trigger waits for.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Wait {
    /// A label, at a time of each round in nanoseconds.
    Label(LabelName, u64),
    /// The end, or backwards the beginning.
    End,
}

/// A time of a timeline, up to which everything has happened that should.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Seen {
    /// Nanoseconds.
    pub(in super::super) at: u64,
    /// Whether what is at that very time is still to happen.
    pub(in super::super) inclusive: bool,
}

impl Wait {
    /// What a cause means for a timeline, if it is something that this comes to.
    pub(super) fn new(list: &CueList, cause: &Cause) -> Option<Self> {
        match cause {
            Cause::Label { label, .. } => {
                let (name, at) = list.labels().iter().find(|(name, _)| name == label)?;
                Some(Self::Label(name.clone(), *at))
            }
            Cause::TimelineEnd { .. } => Some(Self::End),
            Cause::Start {} | Cause::TimelineStart { .. } => None,
            Cause::Schedule { .. } | Cause::Event { .. } | Cause::AudioLevel { .. } => None,
        }
    }
}

/// Where a timeline stands from scene time `now` on that has ended at `before` up to then, and ends at `end` now: where it
/// stood, or at the new end. One that had finished does not play on by itself. What one that is edited does from now on
/// begins now.
fn moved(playhead: Playhead, now: f64, before: Option<u64>, end: Option<u64>, is_edited: bool) -> Playhead {
    let stood = playhead.at(now, before);
    let stands = end.map_or(stood, |end| stood.min(end));
    let has_finished = playhead.rate > 0.0 && playhead.state(now, before) == PlayState::Finished;
    let running = playhead.running && !(has_finished && end != Some(stands));
    if !is_edited && running == playhead.running && playhead.at(now, None) == stands {
        return playhead;
    }
    Playhead { since: now, position: seconds(stands), running, ..playhead }
}

impl Player {
    pub(super) fn new(list: CueList) -> Self {
        Self {
            moved: Moved::by(&list),
            rate: list.speed,
            list: Arc::new(list),
            playhead: None,
            follows: false,
            rank: 0,
            waits: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// The same after an edit at scene time `now`: it stays where it stands. Whether it is now to follow what it did not, or
    /// no longer what it did, while it was active.
    pub(super) fn edited(self, list: CueList, now: f64) -> (Self, bool) {
        let is_active = self.follows || self.playhead.is_some_and(|playhead| playhead.running);
        let begins_anew = is_active && self.list.follows.is_some() != list.follows.is_some();
        let (before, is_edited) = (self.list.end(), *self.list != list);
        let playhead = self.playhead.map(|playhead| moved(playhead, now, before, list.end(), is_edited));
        // What it has passed already does not happen again where it stands now.
        let seen = playhead.map_or(self.seen, |p| Seen { at: p.at(now, list.end()), inclusive: false });
        let follows = self.follows && !begins_anew;
        let player = Self { playhead, follows, seen, ..self };
        if !is_edited {
            return (player, begins_anew);
        }
        (Self { moved: Moved::by(&list), list: Arc::new(list), ..player }, begins_anew)
    }

    /// The time that it plays to, in nanoseconds; `None` if there is none.
    pub(in super::super) fn last_time(&self, forwards: bool) -> Option<u64> {
        if forwards { self.list.end() } else { Some(0) }
    }

    /// The time that it plays from, in nanoseconds; `None` if there is none.
    fn first_time(&self, forwards: bool) -> Option<u64> {
        self.last_time(!forwards)
    }

    /// Steers it at scene time `now`; `is_last` tells whether it is the one that was played last. Returns whether it began
    /// to play from its beginning or, backwards, from its end.
    pub(super) fn control(&mut self, control: &TimelineControl, now: f64, is_last: bool) -> bool {
        let end = self.list.end();
        let here = self.playhead.map(|playhead| playhead.at(now, end));
        // Where it runs from, if it does.
        let was = self.playhead.filter(|playhead| playhead.running).map(|playhead| playhead.rate > 0.0).zip(here);
        match control {
            // The next level that is heard tells it where to stand.
            TimelineControl::Play | TimelineControl::Reverse if self.list.follows.is_some() => {
                self.follows = true;
                self.stand(seconds(here.unwrap_or(0)), now);
                return here.is_none();
            }
            TimelineControl::Play => {
                let from = here.filter(|here| Some(*here) != end).unwrap_or(0);
                return self.go(from, true, now, (was, is_last));
            }
            TimelineControl::Reverse => {
                let from = here.filter(|here| *here > 0).or(end).unwrap_or_else(|| self.list.round());
                return self.go(from, false, now, (was, is_last));
            }
            TimelineControl::Pause => {
                self.follows = false;
                if let (Some(playhead), Some(here)) = (&mut self.playhead, here) {
                    *playhead = Playhead { since: now, position: seconds(here), running: false, ..*playhead };
                }
            }
            TimelineControl::Seek { to } => {
                let Some(time) = self.list.time_of(to) else { return false };
                let (rate, running) = self.playhead.map_or((self.rate, false), |p| (p.rate, p.running));
                self.playhead = Some(Playhead { since: now, position: seconds(time), rate, running });
                self.seen = Seen { at: time, inclusive: true };
                return running && self.begins_at(time, rate > 0.0, was);
            }
            TimelineControl::Rate { rate } => {
                self.rate = *rate;
                if let (Some(playhead), Some(here)) = (&mut self.playhead, here) {
                    let rate = rate.copysign(playhead.rate);
                    *playhead = Playhead { since: now, position: seconds(here), rate, ..*playhead };
                }
            }
            TimelineControl::Cancel => (self.playhead, self.follows) = (None, false),
        }
        false
    }

    /// Stands still at `position`.
    pub(super) fn stand(&mut self, position: f64, now: f64) {
        self.playhead = Some(Playhead { since: now, position, rate: self.rate, running: false });
    }

    /// Whether it begins to play where it stands, at the end from which it plays; it `was` running that way from that time
    /// already.
    fn begins_at(&self, time: u64, forwards: bool, was: Option<(bool, u64)>) -> bool {
        self.first_time(forwards) == Some(time) && was != Some((forwards, time))
    }

    /// Plays on from `position`, from where it `was` running if it did. Unless it was the last that was played it takes over,
    /// though it may have been running. Returns whether it began to play from one of its ends.
    fn go(&mut self, position: u64, forwards: bool, now: f64, (was, is_last): (Option<(bool, u64)>, bool)) -> bool {
        let started = self.begins_at(position, forwards, was);
        let rate = if forwards { self.rate } else { -self.rate };
        let same = |playhead: &Playhead| playhead.running && playhead.rate == rate && was == Some((forwards, position));
        if !started && is_last && self.playhead.as_ref().is_some_and(same) {
            return false;
        }
        let turned = self.playhead.is_some_and(|playhead| playhead.rate * rate < 0.0);
        if started {
            self.seen = Seen { at: position, inclusive: true };
        } else if turned {
            self.seen = Seen { at: position, inclusive: false };
        }
        self.playhead = Some(Playhead { since: now, position: seconds(position), rate, running: true });
        started
    }
}
