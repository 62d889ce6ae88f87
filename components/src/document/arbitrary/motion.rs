//! Animations, timelines and triggers.

use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
    strategy::Union,
};
use serde_json::json;

use super::{
    EASINGS,
    preset::preset,
    values::{length, length_point},
};
use crate::{
    animation::timeline::{
        LabelName, LevelScale, SeekTarget, StaggerAxis, StaggerFrom, StaggerGrid, Step, TimelineDocument, TimelineId,
    },
    animation::trigger::{Action, Cause, EventName, Passing, TriggerDocument},
    animation::{Animation, Easing, Keyframe, Property, Queue, Repeat, Spring, Transition, Turn, Value},
    audio::LevelMeasure,
    geometry::Length,
    layer::LayerId,
};

/// Timelines of these layers, and triggers that speak of both. There are none without layers.
pub fn motion(layers: Vec<LayerId>) -> BoxedStrategy<(Vec<TimelineDocument>, Vec<TriggerDocument>)> {
    if layers.is_empty() {
        return Just((Vec::new(), Vec::new())).boxed();
    }
    let shape = (any::<bool>(), 1..4_u32, any::<bool>(), 0.2..4.0, any::<bool>());
    let timelines = vec((shape, vec(step(layers.clone()), 1..4)), 0..3).prop_map(|timelines| {
        let count = timelines.len();
        let timelines = timelines.into_iter().enumerate().filter_map(|(number, (shape, mut steps))| {
            let (autoplay, times, ping_pong, speed, is_endless) = shape;
            // A timeline always takes time, and contains only earlier ones.
            steps.insert(0, Step::Wait { seconds: 0.25 });
            settle(&mut steps, number, &mut 0);
            let mut timeline = TimelineDocument {
                id: TimelineId::new(format!("timeline-{number}")).ok()?,
                autoplay,
                repeat: Repeat::Times(times),
                ping_pong,
                speed,
                follows: (number == 1).then(|| LevelScale {
                    track: None,
                    from: -20.0 * speed,
                    to: 0.0,
                    measure: LevelMeasure::Peak,
                }),
                steps,
            };
            // Only one that is in no other may be without end.
            if is_endless && number + 1 == count && timeline.follows.is_none() {
                (timeline.repeat, timeline.ping_pong) = (Repeat::Times(1), false);
                if let Some(Step::Animate { animation, .. } | Step::Stagger { animation, .. }) =
                    timeline.steps.last_mut()
                {
                    animation.repeat = Repeat::Forever;
                }
            }
            Some(timeline)
        });
        timelines.collect::<Vec<_>>()
    });
    timelines
        .prop_flat_map(move |timelines| {
            let triggers = vec(trigger(&timelines, layers.clone()), 0..4);
            (Just(timelines), triggers)
        })
        .boxed()
}

/// Makes steps fit into timeline number `timeline`.
pub(super) fn settle(steps: &mut [Step], timeline: usize, labels: &mut usize) {
    for step in steps {
        match step {
            Step::Sequence { steps } | Step::Parallel { steps } => settle(steps, timeline, labels),
            Step::Animate { animation, .. }
            | Step::Stagger { animation, .. }
            | Step::AnimateTrack { animation, .. } => {
                if animation.repeat == Repeat::Forever {
                    animation.repeat = Repeat::Times(2);
                }
            }
            Step::Label { name } => {
                if let Ok(numbered) = LabelName::new(format!("label-{labels}")) {
                    *name = numbered;
                    *labels += 1;
                }
            }
            Step::Timeline { id } if timeline == 0 || id.as_str() == "timeline-1" && timeline == 1 => {
                *step = Step::Wait { seconds: 0.5 };
            }
            Step::Wait { .. } | Step::Timeline { .. } | Step::Preset { .. } => {}
        }
    }
}

fn grid() -> impl Strategy<Value = StaggerGrid> {
    let axes = vec![StaggerAxis::Both, StaggerAxis::X, StaggerAxis::Y];
    (1_u32..4, select(axes)).prop_map(|(columns, axis)| StaggerGrid { columns, axis })
}

pub(super) fn step(layers: Vec<LayerId>) -> BoxedStrategy<Step> {
    let froms = vec![StaggerFrom::Start, StaggerFrom::Center, StaggerFrom::Edges, StaggerFrom::End];
    let (of_preset, preset_froms) = (layers.clone(), froms.clone());
    let leaf = prop_oneof![
        4 => (select(layers.clone()), animation())
            .prop_map(|(layer, animation)| Step::Animate { layer, animation: Box::new(animation) }),
        2 => (vec(select(layers), 1..4), 0.0..1.0, select(froms), option::of(grid()), animation()).prop_map(
            |(layers, each, from, grid, animation)| {
                Step::Stagger { layers, each, from, grid, animation: Box::new(animation) }
            }
        ),
        1 => (vec(select(of_preset), 1..4), 0.0..1.0, select(preset_froms), option::of(grid()), preset()).prop_map(
            |(layers, each, from, grid, preset)| Step::Preset { layers, each, from, grid, preset: Box::new(preset) }
        ),
        1 => sound_animation()
            .prop_map(|animation| Step::AnimateTrack { track: None, animation: Box::new(animation) }),
        1 => (0.0..2.0).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just("label").prop_filter_map("a name", |name| Some(Step::Label { name: LabelName::new(name).ok()? })),
        1 => (0..2).prop_filter_map("an id", |number| {
            Some(Step::Timeline { id: TimelineId::new(format!("timeline-{number}")).ok()? })
        }),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|steps| Step::Sequence { steps }),
            vec(inner, 1..4).prop_map(|steps| Step::Parallel { steps }),
        ]
    })
    .boxed()
}

pub(super) fn trigger(timelines: &[TimelineDocument], layers: Vec<LayerId>) -> BoxedStrategy<TriggerDocument> {
    let event = || select(vec!["goal", "break"]).prop_filter_map("a name", |name| EventName::new(name).ok());
    let level = (any::<bool>(), any::<bool>(), -60.0..-10.0, 0.0..10.0, 0.0..1.0);
    let level = level.prop_map(|(rises, is_peak, threshold, hysteresis, hold)| {
        let goes = if rises { Passing::Above } else { Passing::Below };
        let measure = if is_peak { LevelMeasure::Peak } else { LevelMeasure::Rms };
        Cause::AudioLevel { track: None, goes, threshold, measure, hysteresis, hold }
    });
    let event_fired = event().prop_map(|name| Cause::Event { name });
    let mut causes = vec![Just(Cause::Start {}).boxed(), event_fired.boxed(), level.boxed()];
    let mut actions = vec![
        (select(layers), 0.1..0.9)
            .prop_map(|(layer, opacity)| Action::Set { layer, patch: json!({ "opacity": opacity }) })
            .boxed(),
        event().prop_map(|event| Action::Emit { event }).boxed(),
    ];
    for timeline in timelines {
        let id = || timeline.id.clone();
        causes.push(Just(Cause::TimelineStart { timeline: id() }).boxed());
        causes.push(Just(Cause::TimelineEnd { timeline: id() }).boxed());
        let labels: Vec<LabelName> = timeline.labels().cloned().collect();
        for label in labels {
            causes.push(Just(Cause::Label { timeline: id(), label: label.clone() }).boxed());
            actions.push(Just(Action::Seek { timeline: id(), to: SeekTarget::Label(label) }).boxed());
        }
        actions.extend([
            Just(Action::Play { timeline: id() }).boxed(),
            Just(Action::Pause { timeline: id() }).boxed(),
            Just(Action::Reverse { timeline: id() }).boxed(),
            Just(Action::Cancel { timeline: id() }).boxed(),
        ]);
        let of_seek = timeline.id.clone();
        let seek =
            (0.0..5.0).prop_map(move |to| Action::Seek { timeline: of_seek.clone(), to: SeekTarget::Seconds(to) });
        let of_rate = timeline.id.clone();
        let rate = (0.1..5.0).prop_map(move |rate| Action::Rate { timeline: of_rate.clone(), rate });
        actions.extend([seek.boxed(), rate.boxed()]);
    }
    (Union::new(causes), vec(Union::new(actions), 1..3))
        .prop_map(|(on, actions)| TriggerDocument { id: None, on, actions })
        .boxed()
}

fn number(range: std::ops::Range<f64>) -> BoxedStrategy<Value> {
    range.prop_map(|number| Value::Length(Length::Px(number))).boxed()
}

/// Animations of how loud something is.
pub(super) fn sound_animation() -> BoxedStrategy<Animation> {
    animation_of(Just(("volume", number(0.0..2.0))).boxed())
}

/// Animations of properties that every layer has.
pub(super) fn animation() -> BoxedStrategy<Animation> {
    let values = prop_oneof![
        Just(("opacity", number(0.0..1.0))),
        Just(("transform.position", length_point().prop_map(Value::Vector).boxed())),
        Just(("transform.position.x", length(-200.0..200.0).prop_map(Value::Length).boxed())),
        Just(("transform.anchor.y", number(0.0..1.0))),
        Just(("transform.scale", number(0.0..3.0))),
        Just(("transform.rotation", number(-720.0..720.0))),
        Just(("transform.skew.x", number(-45.0..45.0))),
        Just(("zIndex", number(-9.0..9.0))),
        Just(("visible", any::<bool>().prop_map(Value::Switch).boxed())),
        Just((
            "blend",
            select(vec!["normal", "multiply", "screen"]).prop_map(|name| Value::Text(name.to_owned())).boxed()
        )),
    ];
    animation_of(values.boxed())
}

/// Animations of these properties, with what values they take.
fn animation_of(values: BoxedStrategy<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Animation> {
    let times = (0.0..3.0, 0.1..4.0, any::<bool>());
    let repeat = prop_oneof![(1..5_u32).prop_map(Repeat::Times), Just(Repeat::Forever)];
    let queue = prop_oneof![
        6 => Just(Queue::Replace),
        1 => select(vec![Queue::Blend, Queue::Add]),
    ];
    (values, times, repeat, easing(), (queue, option::of(0.0..=1.0)))
        .prop_flat_map(|((property, value), (delay, speed, ping_pong), repeat, easing, (queue, weight))| {
            let steps = matches!(property, "visible" | "blend");
            let queue = if steps { Queue::Replace } else { queue };
            let weight = weight.filter(|_| queue == Queue::Blend);
            let base = Animation {
                delay,
                easing,
                repeat,
                ping_pong,
                speed,
                queue,
                weight,
                ..Animation::of(Property::new(property))
            };
            let tweened = (option::of(value.clone()), value.clone(), 0.1..5.0, Just(base.clone())).prop_map(
                |(from, to, duration, base)| Animation { from, to: Some(to), duration: Some(duration), ..base },
            );
            let relative = (option::of(value.clone()), value.clone(), 0.1..5.0, Just(base.clone())).prop_map(
                |(from, by, duration, base)| Animation { from, by: Some(by), duration: Some(duration), ..base },
            );
            let sprung = (option::of(value.clone()), value.clone(), spring(), Just(base.clone())).prop_map(
                |(from, to, spring, base)| {
                    let easing = Easing::default();
                    Animation { from, to: Some(to), spring: Some(spring), easing, ..base }
                },
            );
            let frame = (0.01..2.0, value, option::of(self::easing()));
            let keyed = (vec(frame, 2..5), Just(base)).prop_map(|(frames, base)| {
                let mut at = 0.0;
                let keyframes = frames.into_iter().map(|(pause, value, easing)| {
                    at += pause;
                    Keyframe { at, value, easing }
                });
                Animation { keyframes: keyframes.collect(), ..base }
            });
            if steps {
                prop_oneof![tweened, sprung, keyed].boxed()
            } else {
                prop_oneof![tweened, relative, sprung, keyed].boxed()
            }
        })
        .boxed()
}

/// Transitions of properties that every layer has, each once.
pub(super) fn transitions() -> BoxedStrategy<Vec<Transition>> {
    let properties = subsequence(
        vec!["opacity", "transform.position", "transform.scale", "transform.rotation", "transform.skew.x"],
        0..3,
    );
    let manners = vec(prop_oneof![(0.1..2.0, easing()).prop_map(Ok), spring().prop_map(Err)], 3);
    (properties, manners)
        .prop_map(|(properties, manners)| {
            let transition = |(property, manner)| {
                let (duration, easing, spring) = match manner {
                    Ok((duration, easing)) => (Some(duration), easing, None),
                    Err(spring) => (None, Easing::Ease, Some(spring)),
                };
                let turn =
                    if property == "transform.rotation" && spring.is_none() { Turn::Shortest } else { Turn::AsWritten };
                Transition { property: Property::new(property), duration, easing, spring, rotate: turn }
            };
            properties.into_iter().zip(manners).map(transition).collect()
        })
        .boxed()
}

pub(super) fn spring() -> BoxedStrategy<Spring> {
    let physical = (option::of(50.0..500.0), option::of(3.0..60.0), option::of(0.5..2.0))
        .prop_map(|(stiffness, damping, mass)| Spring { stiffness, damping, mass, ..Spring::default() });
    let felt = (option::of(0.1..2.0), option::of(-0.5..0.8)).prop_map(|(duration, bounce)| Spring {
        duration,
        bounce,
        ..Spring::default()
    });
    prop_oneof![physical, felt].boxed()
}

pub(super) fn easing() -> impl Strategy<Value = Easing> {
    select(EASINGS.to_vec()).prop_filter_map("an easing", |text| text.parse().ok())
}
