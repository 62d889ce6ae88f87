//! Which triggers will act without end, told before it happens: what a scene does by its timelines and triggers alone is
//! played for a tenth of a second, by the rules by which the scene itself stops them.
//!
//! Whoever can fire one trigger, or play a timeline, can begin such a loop. So every trigger that steers a timeline is
//! fired once while all timelines are idle, and once while all of them play.

use std::{
    collections::{BTreeSet, VecDeque},
    ops::ControlFlow,
};

use components::{
    SceneDocument,
    animation::{
        timeline::TimelineControl,
        trigger::{Action, TriggerDocument},
    },
    document::Notice,
};

use super::{
    Timelines,
    allowance::{Allowance, Chain, Excess, cost},
    happenings::{Happening, happenings, next_of_all},
    timelines::Seen,
};

/// Seconds that are played: that long may a trigger act as often as it is counted.
const SPAN: f64 = 0.099_999_999;

/// Times that triggers act in all that is played of one scene: enough for hundreds of loops, and done in a tenth of a second.
const PATIENCE: usize = 100_000;

/// One for each trigger that will be stopped because timelines set it off without end, or far too often. What `told` is
/// about is not told again.
#[must_use]
pub fn rehearse(scene: &SceneDocument, told: &[Notice]) -> Vec<Notice> {
    let triggers = &*scene.triggers;
    let steers = |trigger: &TriggerDocument| trigger.actions.iter().any(|action| action.control().is_some());
    if !triggers.iter().any(|trigger| steers(trigger) || trigger.on.timeline().is_some()) {
        return Vec::new();
    }
    let place = |notice: &Notice| notice.pointer.strip_prefix("/triggers/")?.parse().ok();
    let mut stopped: BTreeSet<usize> = told.iter().filter_map(place).collect();
    let mut laid = Timelines::default();
    let begun = laid.update(&scene.timelines, triggers, 0.0);
    let of_all = |control: &TimelineControl| {
        let mut timelines = laid.clone();
        for index in 0..timelines.players.len() {
            timelines.control(index, control, 0.0);
        }
        timelines
    };
    let (idle, playing) = (of_all(&TimelineControl::Cancel), of_all(&TimelineControl::Play));
    let start = std::iter::once(Happening::Start).chain(begun.into_iter().map(Happening::TimelineStart)).collect();
    let fired = triggers.iter().enumerate().filter(|(_, trigger)| steers(trigger));
    let fired = fired.flat_map(|(index, _)| {
        [&idle, &playing].map(|timelines| (timelines.clone(), VecDeque::from([Happening::Fired(index)])))
    });
    let mut patience = PATIENCE;
    let mut notices = Vec::new();
    for (timelines, first) in [(laid.clone(), start), (playing.clone(), VecDeque::new())].into_iter().chain(fired) {
        let is_stopped =
            |happening: &Happening| matches!(happening, Happening::Fired(index) if stopped.contains(index));
        if patience == 0 || first.iter().any(is_stopped) {
            continue;
        }
        let allowance = Allowance::default();
        let mut rehearsal =
            Rehearsal { triggers, stopped: &stopped, timelines, allowance, acts: Vec::new(), patience: &mut patience };
        rehearsal.timelines.wait_for(triggers, &stopped);
        if let ControlFlow::Break(Some((trigger, excess))) = rehearsal.play(first) {
            notices.push(notice(trigger, excess, &rehearsal.acts));
            stopped.insert(trigger);
        }
    }
    notices
}

/// What comes of one thing.
struct Rehearsal<'a> {
    triggers: &'a [TriggerDocument],
    stopped: &'a BTreeSet<usize>,
    timelines: Timelines,
    allowance: Allowance,
    /// Every time that a trigger acted, and on what.
    acts: Vec<(usize, Happening)>,
    patience: &'a mut usize,
}

/// A trigger that does too much; none where it ends otherwise.
type End = Option<(usize, Excess)>;

impl Rehearsal<'_> {
    fn play(&mut self, first: VecDeque<Happening>) -> ControlFlow<End> {
        self.let_act(first, 0.0)?;
        while let Some(moment) = next_of_all(&self.timelines, SPAN) {
            let player = &mut self.timelines.players[moment.index];
            player.seen = Seen { at: moment.time, inclusive: false };
            let happened = happenings(player, moment.time);
            self.let_act(happened, moment.when)?;
        }
        ControlFlow::Continue(())
    }

    fn let_act(&mut self, happened: VecDeque<Happening>, when: f64) -> ControlFlow<End> {
        self.allowance.come_to(when);
        let mut chain = Chain::new(happened);
        while let Some((happening, cause)) = chain.next() {
            let triggers = self.triggers.iter().enumerate();
            for (index, trigger) in triggers.filter(|(index, trigger)| happening.is(*index, &trigger.on)) {
                if self.stopped.contains(&index) {
                    continue;
                }
                if *self.patience == 0 {
                    return ControlFlow::Break(None);
                }
                *self.patience -= 1;
                let place = chain.join(index, cause);
                let cost = cost(&trigger.actions, |timeline| self.timelines.reach(timeline));
                if let Err(excess) = self.allowance.take(index, &trigger.actions, cost, place) {
                    return ControlFlow::Break(Some((index, excess)));
                }
                self.acts.push((index, happening.clone()));
                let mut next = VecDeque::new();
                for action in &trigger.actions {
                    match action {
                        // Another scene is on air then.
                        Action::Activate { .. } => return ControlFlow::Break(None),
                        Action::Emit { event } => next.push_back(Happening::Event(event.clone())),
                        _ => next.extend(self.steer(action, when)),
                    }
                }
                chain.add(place, next);
            }
        }
        ControlFlow::Continue(())
    }

    /// Steers a timeline; what happens with that.
    fn steer(&mut self, action: &Action, when: f64) -> Option<Happening> {
        let (id, control) = action.control()?;
        let index = self.timelines.find(id)?;
        self.timelines.control(index, &control, when).then(|| Happening::TimelineStart(id.clone()))
    }
}

fn notice(trigger: usize, excess: Excess, acts: &[(usize, Happening)]) -> Notice {
    let round = acts.iter().rposition(|(before, _)| *before == trigger).map_or(acts, |last| {
        let before = acts[..last].iter().rposition(|(before, _)| *before == trigger);
        &acts[before.map_or(0, |before| before + 1)..=last]
    });
    const ENOUGH: usize = 8;
    let mut way: Vec<String> =
        round.iter().take(ENOUGH).map(|(trigger, on)| format!("/triggers/{trigger} acts on {}", words(on))).collect();
    if round.len() > ENOUGH {
        way.push("…".to_owned());
    }
    let what = match excess {
        Excess::Loop(_) => "sets itself off again without end",
        _ => "acts far too often",
    };
    let message = format!(
        "{what}: {}. As soon as that happens it is stopped until triggers or timelines are edited or the scene is loaded \
         anew. Let it wait for something else, or for something that comes later",
        way.join(", ")
    );
    Notice { pointer: format!("/triggers/{trigger}"), message }
}

fn words(happening: &Happening) -> String {
    match happening {
        Happening::Start => "the start of the scene".to_owned(),
        Happening::TimelineStart(id) => format!("the start of `{id}`"),
        Happening::TimelineEnd(id) => format!("the end of `{id}`"),
        Happening::Label(id, label) => format!("the label `{label}` of `{id}`"),
        Happening::Event(event) => format!("the event `{event}`"),
        Happening::Due(_) | Happening::Fired(_) => "being fired".to_owned(),
    }
}
