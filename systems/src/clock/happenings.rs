//! What happens in a scene that triggers wait for, and what of it timelines come to next.

use std::collections::VecDeque;

use components::animation::{
    timeline::{LabelName, TimelineId},
    trigger::{Cause, EventName},
};

use super::timelines::{Player, Timelines, Wait};

/// Something that a trigger may wait for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happening {
    Start,
    TimelineStart(TimelineId),
    TimelineEnd(TimelineId),
    Label(TimelineId, LabelName),
    Event(EventName),
    /// It is the time of this schedule, or the sound is as loud or quiet as this waits for.
    Due(Cause),
    /// The trigger at this place is fired by somebody, whatever it waits for.
    Fired(usize),
}

impl Happening {
    /// Whether it is what the trigger at this place waits for.
    pub(super) fn is(&self, place: usize, cause: &Cause) -> bool {
        match (self, cause) {
            (Self::Fired(fired), _) => *fired == place,
            (Self::Start, Cause::Start {}) => true,
            (Self::TimelineStart(id), Cause::TimelineStart { timeline })
            | (Self::TimelineEnd(id), Cause::TimelineEnd { timeline }) => id == timeline,
            (Self::Label(id, name), Cause::Label { timeline, label }) => id == timeline && name == label,
            (Self::Event(name), Cause::Event { name: waited }) => name == waited,
            (Self::Due(due), cause) => due == cause,
            _ => false,
        }
    }
}

/// Something that a timeline comes to.
pub(super) struct Moment {
    /// The timeline's place among the players.
    pub(super) index: usize,
    /// Nanoseconds of the timeline.
    pub(super) time: u64,
    /// Scene seconds.
    pub(super) when: f64,
}

/// The next moment of any timeline up to scene time `until` that a trigger waits for.
pub(super) fn next_of_all(timelines: &Timelines, until: f64) -> Option<Moment> {
    let mut next: Option<Moment> = None;
    for (index, player) in timelines.players.iter().enumerate() {
        let Some(moment) = next_of(index, player, until) else {
            continue;
        };
        if next.as_ref().is_none_or(|next| moment.when < next.when) {
            next = Some(moment);
        }
    }
    next
}

/// The next moment of a timeline up to scene time `until` that a trigger waits for.
fn next_of(index: usize, player: &Player, until: f64) -> Option<Moment> {
    let playhead = player.playhead.filter(|playhead| playhead.running)?;
    let (forwards, seen) = (playhead.rate > 0.0, player.seen);
    let times = player.waits.iter().filter_map(|wait| match wait {
        Wait::Label(_, at) => player.list.next_at(*at, seen.at, forwards, seen.inclusive),
        // What is sought to the end that it plays to has come there.
        Wait::End => player.last_time(forwards).filter(|end| *end != seen.at || seen.inclusive),
    });
    let time = if forwards { times.min() } else { times.max() }?;
    let here = playhead.at(until, player.list.end());
    let is_reached = if forwards { time <= here } else { time >= here };
    // What was seen up to `until` before may have been rounded there, which is no reason to tell another time of it.
    is_reached.then(|| Moment { index, time, when: playhead.when(time).max(playhead.since) })
}

/// What happens when a timeline comes to a time of its own.
pub(super) fn happenings(player: &Player, time: u64) -> VecDeque<Happening> {
    let list = &player.list;
    let forwards = player.playhead.is_none_or(|playhead| playhead.rate > 0.0);
    let mut happened = VecDeque::new();
    for wait in &player.waits {
        let happening = match wait {
            Wait::Label(name, at) if list.next_at(*at, time, forwards, true) == Some(time) => {
                Happening::Label(list.id.clone(), name.clone())
            }
            Wait::End if player.last_time(forwards) == Some(time) => Happening::TimelineEnd(list.id.clone()),
            _ => continue,
        };
        // Several triggers may wait for the same.
        if !happened.contains(&happening) {
            happened.push_back(happening);
        }
    }
    happened
}
