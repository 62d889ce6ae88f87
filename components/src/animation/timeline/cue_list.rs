//! A timeline laid out: which animation of what begins when.

use std::{collections::HashMap, sync::Arc};

use super::{
    LabelName, LevelScale, MAX_STEPS, MAX_TIMELINE_DEPTH, SeekTarget, StaggerFrom, StaggerGrid, Step, TimelineDocument,
    TimelineId,
};
use crate::{
    animation::{
        Animation,
        timing::{Nanos, Timing, nanos, seconds},
    },
    audio::TrackId,
    layer::LayerId,
};

/// A timeline, made ready to be played: no tree, no names to look up.
#[derive(Clone, Debug, PartialEq)]
pub struct CueList {
    /// The timeline's id.
    pub id: TimelineId,
    /// Whether it plays from the moment when it is loaded.
    pub autoplay: bool,
    /// The rate at which it plays unless told otherwise.
    pub speed: f64,
    /// What it follows instead of the time.
    pub follows: Option<LevelScale>,
    /// Its rounds at speed 1.
    pub(super) timing: Timing,
    /// One round; `None` if it never ends.
    cycle: Option<Nanos>,
    /// In the order of the document.
    labels: Vec<(LabelName, Nanos)>,
    cues: Vec<Arc<Cue>>,
}

/// What an animation in a timeline is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CueTarget {
    /// A layer.
    Layer(LayerId),
    /// A track of the sound.
    Track(TrackId),
    /// The whole mix.
    Mix,
}

/// An animation at its place in a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Cue {
    /// What is animated.
    pub target: CueTarget,
    /// What it does.
    pub animation: Animation,
    /// The timeline that is played.
    pub(crate) timeline: TimelineId,
    /// Ways into the timelines within it that the cue is part of, from the outermost on.
    pub(crate) links: Arc<[Link]>,
    /// Seconds from the beginning of the innermost one.
    pub(crate) start: f64,
    /// Seconds from the beginning of the outermost one until it begins for the first time.
    pub(crate) first: f64,
}

/// A timeline's place within another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Seconds from the beginning of the outer one.
    pub(crate) start: f64,
    pub(crate) timing: Timing,
}

/// How long something lasts; `None` for without end.
pub(super) type Span = Option<Nanos>;

pub(super) fn sum(a: Span, b: Span) -> Span {
    Some(a?.saturating_add(b?))
}

pub(super) fn longer(a: Span, b: Span) -> Span {
    Some(a?.max(b?))
}

/// When each of `count` layers of a stagger begins.
fn stagger(each: f64, from: StaggerFrom, grid: Option<StaggerGrid>, count: usize) -> impl Iterator<Item = Nanos> {
    (0..count).map(move |index| nanos(each * from.pauses(index, count, grid)))
}

/// When the last of `count` layers of a stagger begins.
fn last_of(each: f64, from: StaggerFrom, grid: Option<StaggerGrid>, count: usize) -> Nanos {
    stagger(each, from, grid, count).max().unwrap_or(0)
}

impl TimelineDocument {
    /// Its rounds, each lasting `cycle`, at `speed`.
    pub(super) fn timing(&self, cycle: Span, speed: f64) -> Timing {
        Timing::of_rounds(cycle, self.repeat, self.ping_pong, speed)
    }

    /// How long it lasts within another, if one round lasts `cycle`.
    pub(super) fn lasts(&self, cycle: Span) -> Span {
        self.timing(cycle, self.speed).span()
    }
}

impl Step {
    /// How long it lasts, if other timelines last as `timeline` says.
    pub(super) fn span(&self, timeline: &mut dyn FnMut(&TimelineId) -> Span) -> Span {
        match self {
            Self::Sequence { steps } => steps.iter().try_fold(0, |all, step| sum(Some(all), step.span(timeline))),
            Self::Parallel { steps } => steps.iter().try_fold(0, |all, step| longer(Some(all), step.span(timeline))),
            Self::Stagger { layers, each, from, grid, animation } => {
                sum(animation.span(), Some(last_of(*each, *from, *grid, layers.len())))
            }
            Self::Preset { layers, each, from, grid, preset } => {
                let spans = preset.expand().into_iter().map(|animation| animation.span());
                sum(spans.fold(Some(0), longer), Some(last_of(*each, *from, *grid, layers.len())))
            }
            Self::Animate { animation, .. } | Self::AnimateTrack { animation, .. } => animation.span(),
            Self::Wait { seconds } => Some(nanos(*seconds)),
            Self::Label { .. } => Some(0),
            Self::Timeline { id } => timeline(id),
        }
    }
}

/// Lays out one timeline.
struct Layout<'a> {
    documents: &'a HashMap<&'a str, &'a TimelineDocument>,
    /// How long one round of each lasts.
    cycles: &'a HashMap<&'a str, Span>,
    timeline: &'a TimelineId,
    labels: Vec<(LabelName, Nanos)>,
    cues: Vec<Cue>,
    /// Steps that may still be laid out.
    left: usize,
}

/// A timeline while it is laid out.
struct Inside {
    links: Arc<[Link]>,
    /// Seconds of the outermost timeline at which this one begins first, and how many of them one of its own takes.
    first: f64,
    pace: f64,
}

impl Layout<'_> {
    /// Lays out a step that begins at `start`, and tells how long it lasts.
    fn step(&mut self, step: &Step, start: Nanos, inside: &Inside) -> Span {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Some(0);
        }
        match step {
            Step::Sequence { steps } => self.sequence(steps, start, inside),
            Step::Parallel { steps } => {
                let mut length = Some(0);
                for step in steps {
                    length = longer(length, self.step(step, start, inside));
                }
                length
            }
            Step::Stagger { layers, each, from, grid, animation } => {
                for (layer, later) in layers.iter().zip(stagger(*each, *from, *grid, layers.len())) {
                    self.cue(CueTarget::Layer(layer.clone()), animation, start.saturating_add(later), inside);
                }
                step.span(&mut |_| Some(0))
            }
            Step::Preset { layers, each, from, grid, preset } => {
                let animations = preset.expand();
                for (layer, later) in layers.iter().zip(stagger(*each, *from, *grid, layers.len())) {
                    for animation in &animations {
                        self.cue(CueTarget::Layer(layer.clone()), animation, start.saturating_add(later), inside);
                    }
                }
                step.span(&mut |_| Some(0))
            }
            Step::Animate { layer, animation } => {
                self.cue(CueTarget::Layer(layer.clone()), animation, start, inside);
                animation.span()
            }
            Step::AnimateTrack { track, animation } => {
                let target = track.clone().map_or(CueTarget::Mix, CueTarget::Track);
                self.cue(target, animation, start, inside);
                animation.span()
            }
            Step::Wait { seconds } => Some(nanos(*seconds)),
            Step::Label { name } => {
                if inside.links.is_empty() {
                    self.labels.push((name.clone(), start));
                }
                Some(0)
            }
            Step::Timeline { id } => {
                let (Some(document), Some(cycle)) =
                    (self.documents.get(id.as_str()), self.cycles.get(id.as_str()).copied())
                else {
                    return Some(0);
                };
                if inside.links.len() >= MAX_TIMELINE_DEPTH {
                    return Some(0);
                }
                let link = Link { start: seconds(start), timing: document.timing(cycle, document.speed) };
                let within = Inside {
                    links: inside.links.iter().copied().chain([link]).collect(),
                    first: inside.first + seconds(start) * inside.pace,
                    pace: inside.pace / document.speed,
                };
                self.sequence(&document.steps, 0, &within);
                document.lasts(cycle)
            }
        }
    }

    fn sequence(&mut self, steps: &[Step], start: Nanos, inside: &Inside) -> Span {
        let mut length = Some(0);
        for step in steps {
            // What comes after something without end is never reached.
            let Some(before) = length else { break };
            length = sum(length, self.step(step, start.saturating_add(before), inside));
        }
        length
    }

    fn cue(&mut self, target: CueTarget, animation: &Animation, start: Nanos, inside: &Inside) {
        let start = seconds(start);
        self.cues.push(Cue {
            target,
            animation: animation.plain().into_owned(),
            timeline: self.timeline.clone(),
            links: Arc::clone(&inside.links),
            start,
            first: inside.first + (start + animation.delay) * inside.pace,
        });
    }
}

impl CueList {
    /// Lays out timelines that may contain one another, each in its place. They must be
    /// [valid](crate::document::check_scene); what is not is left out.
    #[must_use]
    pub fn lay_out(timelines: &[TimelineDocument]) -> Vec<Self> {
        let documents: HashMap<&str, &TimelineDocument> =
            timelines.iter().map(|timeline| (timeline.id.as_str(), timeline)).collect();
        let cycles = super::check::cycles(timelines);
        timelines
            .iter()
            .map(|timeline| {
                let mut layout = Layout {
                    documents: &documents,
                    cycles: &cycles,
                    timeline: &timeline.id,
                    labels: Vec::new(),
                    cues: Vec::new(),
                    left: MAX_STEPS + 1,
                };
                let cycle = layout.sequence(&timeline.steps, 0, &Inside { links: Arc::new([]), first: 0.0, pace: 1.0 });
                let Layout { labels, mut cues, .. } = layout;
                // Among several of one property the one that began last decides.
                cues.sort_by(|a, b| a.first.total_cmp(&b.first));
                Self {
                    id: timeline.id.clone(),
                    autoplay: timeline.autoplay,
                    speed: timeline.speed,
                    follows: timeline.follows.clone(),
                    timing: timeline.timing(cycle, 1.0),
                    cycle,
                    labels,
                    cues: cues.into_iter().map(Arc::new).collect(),
                }
            })
            .collect()
    }

    /// What it does, in the order in which it begins.
    #[must_use]
    pub fn cues(&self) -> &[Arc<Cue>] {
        &self.cues
    }

    /// Nanoseconds from its beginning to its end at speed 1, over all repeats; `None` if it never ends.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        self.timing.span()
    }

    /// Nanoseconds of one round, or of all that is known if that never ends.
    #[must_use]
    pub fn round(&self) -> u64 {
        self.cycle.unwrap_or_default()
    }

    /// All labels with their times in the first round, in nanoseconds.
    #[must_use]
    pub fn labels(&self) -> &[(LabelName, u64)] {
        &self.labels
    }

    /// The time that a target means, in nanoseconds; `None` if there is no such label.
    #[must_use]
    pub fn time_of(&self, target: &SeekTarget) -> Option<u64> {
        let time = match target {
            SeekTarget::Seconds(seconds) => nanos(*seconds),
            SeekTarget::Label(label) => self.labels.iter().find(|(name, _)| name == label)?.1,
        };
        Some(self.end().map_or(time, |end| time.min(end)))
    }

    /// The next time after `from` at which the timeline, playing forwards or backwards, comes to the label at `label`
    /// of a round, in nanoseconds; `from` itself too if `inclusive`.
    #[must_use]
    pub fn next_at(&self, label: u64, from: u64, forwards: bool, inclusive: bool) -> Option<u64> {
        let is_ahead = |time: &u64| match (*time).cmp(&from) {
            std::cmp::Ordering::Equal => inclusive,
            order => (order == std::cmp::Ordering::Greater) == forwards,
        };
        let Some(cycle) = self.cycle.filter(|cycle| *cycle > 0) else { return Some(label).filter(is_ahead) };
        let round = from / cycle;
        let rounds = (round.saturating_sub(1)..=round.saturating_add(1))
            .filter(|round| self.timing.rounds().is_none_or(|rounds| *round < u64::from(rounds)));
        let times = rounds.map(|round| {
            let within = if self.timing.is_backwards(round) { cycle - label } else { label };
            round.saturating_mul(cycle).saturating_add(within)
        });
        if forwards { times.filter(is_ahead).min() } else { times.filter(is_ahead).max() }
    }
}
