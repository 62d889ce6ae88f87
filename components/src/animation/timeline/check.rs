//! Whether timelines fit together and come to an end.

use std::collections::HashMap;

use super::{
    LabelName, MAX_SCENE_STEPS, MAX_STEP_DEPTH, MAX_STEPS, MAX_TIMELINE_DEPTH, Step, TimelineDocument, TimelineId,
    cue_list::{Span, longer, sum},
};
use crate::{
    animation::Repeat,
    document::{Fault, nearest},
};

/// What is wrong with timelines that may contain one another: names that there are not, cycles, steps that are never
/// reached, no length, too many steps. `all` holds every timeline that there is with the pointer to it; `is_complete`
/// tells whether there may be others that could not be read.
pub(crate) fn check(all: &[(&str, &TimelineDocument)], is_complete: bool) -> Vec<Fault> {
    let mut walk = Walk::new(all, is_complete);
    let (mut together, mut is_told) = (0_usize, false);
    for (index, (pointer, _)) in all.iter().enumerate() {
        let Some(Measure { steps, .. }) = walk.measure(index) else { continue };
        // One that has too many by itself is told so.
        together = together.saturating_add(if steps > MAX_STEPS { 0 } else { steps });
        if together > MAX_SCENE_STEPS && !is_told {
            let found =
                format!("{together} steps in all timelines up to this one, those of timelines within them included");
            let expected = format!(
                "at most {MAX_SCENE_STEPS} in a scene: remove some, or hold what is not played together in several scenes"
            );
            walk.fault(*pointer, found, expected);
            is_told = true;
        }
    }
    walk.faults
}

/// How long one round of each timeline lasts.
pub(super) fn cycles(timelines: &[TimelineDocument]) -> HashMap<&str, Span> {
    let all: Vec<(&str, &TimelineDocument)> = timelines.iter().map(|timeline| ("", timeline)).collect();
    let mut walk = Walk::new(&all, true);
    (0..all.len()).filter_map(|index| Some((timelines[index].id.as_str(), walk.measure(index)?.cycle))).collect()
}

/// What is known of a timeline once it has been walked through.
#[derive(Clone, Copy)]
struct Measure {
    cycle: Span,
    /// With those of timelines within it.
    steps: usize,
    /// Timelines within each other, itself included.
    depth: usize,
}

#[derive(Clone, Copy)]
enum Progress {
    Unknown,
    /// It is being measured: whoever meets it again has gone round a cycle.
    Begun,
    Done(Measure),
}

struct Walk<'a> {
    all: &'a [(&'a str, &'a TimelineDocument)],
    is_complete: bool,
    index: HashMap<&'a str, usize>,
    progress: Vec<Progress>,
    faults: Vec<Fault>,
}

/// The timeline that is being walked through.
struct Current<'a> {
    labels: HashMap<&'a LabelName, String>,
    steps: usize,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn new(all: &'a [(&'a str, &'a TimelineDocument)], is_complete: bool) -> Self {
        // The first of an id is meant; that there are two is told elsewhere.
        let index = all.iter().enumerate().rev().map(|(index, (_, timeline))| (timeline.id.as_str(), index)).collect();
        Self { all, is_complete, index, progress: vec![Progress::Unknown; all.len()], faults: Vec::new() }
    }

    fn fault(&mut self, pointer: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) {
        let (pointer, found, expected) = (pointer.into(), found.into(), expected.into());
        self.faults.push(Fault { place: None, pointer, found, expected, nearest: None });
    }

    /// `None` where the timeline is just being measured.
    fn measure(&mut self, index: usize) -> Option<Measure> {
        match self.progress[index] {
            Progress::Done(measure) => return Some(measure),
            Progress::Begun => return None,
            Progress::Unknown => {}
        }
        self.progress[index] = Progress::Begun;
        let (pointer, timeline) = self.all[index];
        let mut current = Current { labels: HashMap::new(), steps: 0, depth: 1 };
        let steps = format!("{pointer}/steps");
        let cycle = self.sequence(&timeline.steps, &steps, 1, &mut current);
        let measure = Measure { cycle, steps: current.steps, depth: current.depth };
        if cycle == Some(0) {
            self.fault(steps, "steps that take no time", "at least one that does, such as an animation or a `wait`");
        }
        if cycle.is_none() && (timeline.repeat != Repeat::Times(1) || timeline.ping_pong) {
            let expected = "a timeline that comes to an end, or neither `repeat` nor `pingPong`";
            self.fault(pointer, "a repeat of steps that never end", expected);
        }
        if cycle.is_none() && timeline.follows.is_some() {
            let expected = "a timeline that comes to an end: what is loudest stands there";
            self.fault(format!("{pointer}/follows"), "a level that steps without end follow", expected);
        } else if timeline.follows.is_some() && timeline.repeat == Repeat::Forever {
            let expected = "a number of rounds: it follows a level, and what is loudest stands at the end of the last";
            self.fault(format!("{pointer}/repeat"), "`\"forever\"` beside `follows`", expected);
        }
        if measure.steps > MAX_STEPS {
            let steps =
                if measure.steps == usize::MAX { "endlessly many".to_owned() } else { measure.steps.to_string() };
            let found = format!("{steps} steps, those of timelines within it included");
            self.fault(pointer, found, format!("at most {MAX_STEPS}"));
        }
        if measure.depth == MAX_TIMELINE_DEPTH + 1 {
            let found = format!("a timeline with {MAX_TIMELINE_DEPTH} within each other in it");
            self.fault(pointer, found, format!("at most {MAX_TIMELINE_DEPTH} timelines within each other"));
        }
        self.progress[index] = Progress::Done(measure);
        Some(measure)
    }

    fn sequence(&mut self, steps: &'a [Step], pointer: &str, depth: usize, current: &mut Current<'a>) -> Span {
        let mut length = Some(0);
        for (index, step) in steps.iter().enumerate() {
            let span = self.step(step, &format!("{pointer}/{index}"), depth, current);
            length = sum(length, span);
            if span.is_none() && index + 1 < steps.len() {
                let expected = "one that ends: nothing after it would ever be reached, so it can only be the last";
                self.fault(format!("{pointer}/{index}"), "a step that never ends", expected);
            }
        }
        length
    }

    fn step(&mut self, step: &'a Step, pointer: &str, depth: usize, current: &mut Current<'a>) -> Span {
        current.steps = current.steps.saturating_add(match step {
            Step::Stagger { layers, .. } | Step::Preset { layers, .. } => layers.len(),
            _ => 1,
        });
        if depth == MAX_STEP_DEPTH + 1 {
            let found = format!("a step within {MAX_STEP_DEPTH} others");
            self.fault(pointer, found, format!("at most {MAX_STEP_DEPTH} steps within each other"));
        }
        match step {
            Step::Sequence { steps } => self.sequence(steps, &format!("{pointer}/steps"), depth + 1, current),
            Step::Parallel { steps } => {
                let mut length = Some(0);
                for (index, step) in steps.iter().enumerate() {
                    length = longer(length, self.step(step, &format!("{pointer}/steps/{index}"), depth + 1, current));
                }
                length
            }
            Step::Label { name } => {
                if let Some(first) = current.labels.get(name) {
                    let expected = format!("a name that no other label of the timeline has: `{first}` has this one");
                    self.fault(format!("{pointer}/name"), format!("the label `{name}` a second time"), expected);
                } else {
                    current.labels.insert(name, pointer.to_owned());
                }
                Some(0)
            }
            Step::Timeline { id } => self.nested(id, pointer, current),
            Step::Stagger { .. } | Step::Preset { .. } => step.span(&mut |_| Some(0)),
            Step::Animate { .. } | Step::AnimateTrack { .. } | Step::Wait { .. } => step.span(&mut |_| Some(0)),
        }
    }

    fn nested(&mut self, id: &TimelineId, pointer: &str, current: &mut Current<'a>) -> Span {
        let Some(index) = self.index.get(id.as_str()).copied() else {
            if self.is_complete {
                let nearest = nearest(id.as_str(), self.index.keys().copied()).map(str::to_owned);
                self.fault(format!("{pointer}/id"), format!("`\"{id}\"`"), "the id of a timeline of the scene");
                if let Some(fault) = self.faults.last_mut() {
                    fault.nearest = nearest.map(|name| format!("\"{name}\""));
                }
            }
            return Some(1);
        };
        let Some(measure) = self.measure(index) else {
            let expected = "a timeline that does not contain this one";
            self.fault(format!("{pointer}/id"), format!("the timeline `{id}`, which leads back to itself"), expected);
            return Some(1);
        };
        current.steps = current.steps.saturating_add(measure.steps);
        current.depth = current.depth.max(measure.depth.saturating_add(1));
        self.all[index].1.lasts(measure.cycle)
    }
}
