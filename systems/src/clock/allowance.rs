//! How much triggers may do.
//!
//! Triggers that set one another off without end must not hold up the tick, and what is no loop must be done, however
//! many triggers act at once. So it is counted how often the *same* trigger acts by what it did itself, and how often it
//! acts within a tenth of a second; only far above that all of them together. Scene time alone decides what is counted
//! together: at any frame rate, and however late a tick is, the same trigger is stopped at the same time.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
};

use components::animation::{timeline::TimelineId, trigger::Action};

use super::happenings::Happening;

/// What a trigger may cost in a tenth of a second, or in one chain of things that happen at once.
const OFTEN: usize = 1024;
/// Times that it may act in these whatever it costs.
const ALWAYS: usize = 4;
/// What all triggers may cost in a second, or at once by what somebody does. (Where a `set` takes 0.125 ms, as in a
/// scene of 50 rectangles, 0.26 s.)
pub(super) const TOGETHER: usize = 16_384;
/// Times that triggers may bring a scene on air within a tenth of a second.
const SCENES: usize = 8;

/// Layers and tracks that a timeline moves which cost as much as to steer it.
const REACH: usize = 4;

/// What actions cost: steering a timeline 1, and as much again for each four layers and tracks that it moves. `reach` tells
/// how many these are.
pub(super) fn cost(actions: &[Action], reach: impl Fn(&TimelineId) -> usize) -> usize {
    let costs = actions.iter().map(|action| match action {
        Action::Activate { .. } => OFTEN / SCENES,
        Action::Set { .. } => 8,
        Action::Emit { .. } => 4,
        Action::Play { timeline }
        | Action::Pause { timeline }
        | Action::Reverse { timeline }
        | Action::Seek { timeline, .. }
        | Action::Rate { timeline, .. }
        | Action::Cancel { timeline } => 1 + reach(timeline) / REACH,
    });
    costs.sum::<usize>().max(1)
}

/// What has been done of what triggers may do.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowance {
    /// Which tenth of a second of scene time it is …
    tenth: Option<u64>,
    /// … at how many moments of it each trigger has acted …
    often: HashMap<usize, usize>,
    /// … and how often a scene was brought on air.
    scenes: usize,
    /// What each trigger has done in this second.
    spent: HashMap<usize, Spent>,
    /// What they have done together in this second.
    together: usize,
    /// Whether that was too much: they rest until the second is over.
    pub(super) is_used_up: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    times: usize,
    cost: usize,
}

/// Why a trigger may not act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It acts by what it did itself, so many times.
    Loop(usize),
    /// It acts at so many moments of a tenth of a second.
    TooOften(usize),
    /// Scenes bring one another on air.
    Scenes,
    /// All together do too much. The trigger that did the most of it, if it did not act only once.
    TooMuch(Option<usize>),
    /// They rest since that.
    Rest,
}

/// Which tenth of a second a scene time is in. Times differ by rounding errors, which are far below a nanosecond.
fn tenth(when: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
    let nanos = (when * 1e9).round() as u64;
    nanos / 100_000_000
}

/// When the second is over that a scene time is in.
pub(super) fn end_of_second(when: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "scenes do not play for millions of years")]
    let second = (tenth(when) / 10) as f64;
    second + 1.0
}

impl Allowance {
    /// What all triggers have cost.
    pub(super) fn together(&self) -> usize {
        self.together
    }

    /// Comes to a scene time.
    pub(super) fn come_to(&mut self, when: f64) {
        let tenth = tenth(when);
        if self.tenth == Some(tenth) {
            return;
        }
        if self.tenth.is_none_or(|before| before / 10 != tenth / 10) {
            self.spent.clear();
            (self.together, self.is_used_up) = (0, false);
        }
        self.often.clear();
        self.scenes = 0;
        self.tenth = Some(tenth);
    }

    /// Forgets which triggers did what: there are others.
    pub(super) fn forget_triggers(&mut self) {
        self.often.clear();
        self.spent.clear();
    }

    /// Takes what a trigger does once, which costs so much, or tells why it may not.
    pub(super) fn take(&mut self, trigger: usize, actions: &[Action], cost: usize, place: Place) -> Result<(), Excess> {
        if self.is_used_up {
            return Err(Excess::Rest);
        }
        let is_too_much = |times: usize| times > ALWAYS && times * cost > OFTEN;
        if is_too_much(place.laps) {
            return Err(Excess::Loop(place.laps));
        }
        if actions.iter().any(|action| matches!(action, Action::Activate { .. })) {
            self.scenes += 1;
            if self.scenes > SCENES {
                return Err(Excess::Scenes);
            }
        }
        if place.is_first {
            let times = self.often.entry(trigger).or_default();
            *times += 1;
            if is_too_much(*times) {
                return Err(Excess::TooOften(*times));
            }
        }
        let spent = self.spent.entry(trigger).or_default();
        *spent = Spent { times: spent.times + 1, cost: spent.cost + cost };
        self.together += cost;
        if self.together > TOGETHER {
            self.is_used_up = true;
            let again = self.spent.iter().filter(|(_, spent)| spent.times > 1);
            let most = again.max_by_key(|(trigger, spent)| (spent.cost, Reverse(**trigger)));
            return Err(Excess::TooMuch(most.map(|(trigger, _)| *trigger)));
        }
        Ok(())
    }
}

/// Things that happen at one time, each with what it comes of.
#[derive(Debug, Default)]
pub(super) struct Chain {
    waiting: VecDeque<(Happening, Option<usize>)>,
    /// Every time that a trigger acted.
    links: Vec<Link>,
    acted: HashSet<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    trigger: usize,
    /// The link that what it acted on comes of.
    cause: Option<usize>,
    laps: usize,
}

/// Where in a chain a trigger acts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    link: usize,
    /// How often it has acted on the way there, this time included.
    laps: usize,
    /// Whether it has not acted before in all of the chain.
    is_first: bool,
}

impl Chain {
    /// One that begins with these.
    pub(super) fn new(happened: VecDeque<Happening>) -> Self {
        let waiting = happened.into_iter().map(|happening| (happening, None)).collect();
        Self { waiting, ..Self::default() }
    }

    /// What is next, and what it comes of.
    pub(super) fn next(&mut self) -> Option<(Happening, Option<usize>)> {
        self.waiting.pop_front()
    }

    /// A trigger is about to act on what comes of `cause`.
    pub(super) fn join(&mut self, trigger: usize, cause: Option<usize>) -> Place {
        let before = std::iter::successors(cause, |link| self.links[*link].cause);
        let same = before.map(|link| self.links[link]).find(|link| link.trigger == trigger);
        let laps = same.map_or(0, |link| link.laps) + 1;
        self.links.push(Link { trigger, cause, laps });
        Place { link: self.links.len() - 1, laps, is_first: self.acted.insert(trigger) }
    }

    /// Adds what came of that.
    pub(super) fn add(&mut self, place: Place, happened: VecDeque<Happening>) {
        self.waiting.extend(happened.into_iter().map(|happening| (happening, Some(place.link))));
    }
}
