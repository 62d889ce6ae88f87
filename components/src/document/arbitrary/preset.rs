//! Presets of every kind.

use proptest::{option, prelude::*, sample::select};

use super::{motion::easing, values::length};
use crate::{
    animation::{Easing, Pace, Preset, Repeat, Way},
    geometry::Length,
    transition::Direction,
};

/// Presets that any layer can have, and that end.
pub(super) fn preset() -> BoxedStrategy<Preset> {
    let way = || select(vec![Way::In, Way::Out]);
    let direction = || select(vec![Direction::Left, Direction::Right, Direction::Up, Direction::Down]);
    let distance = || length(0.0..300.0);
    prop_oneof![
        (way(), pace()).prop_map(|(way, pace)| Preset::Fade { way, pace }),
        (way(), direction(), option::of(distance()), pace())
            .prop_map(|(way, direction, distance, pace)| Preset::Slide { way, direction, distance, pace }),
        (way(), 0.0..3.0, pace()).prop_map(|(way, factor, pace)| Preset::Scale { way, factor, pace }),
        (way(), -720.0..720.0, pace()).prop_map(|(way, angle, pace)| Preset::Rotate { way, angle, pace }),
        (direction(), distance(), pace()).prop_map(|(direction, distance, pace)| Preset::Bounce {
            direction,
            distance,
            pace
        }),
        (direction(), distance(), 1..6_u32, pace()).prop_map(|(direction, distance, count, pace)| Preset::Shake {
            direction,
            distance,
            count,
            pace
        }),
        (-1.0..2.0, pace()).prop_map(|(intensity, pace)| Preset::Pulse { intensity, pace }),
        (direction(), distance(), ending()).prop_map(|(direction, distance, pace)| Preset::Ticker {
            direction,
            distance,
            pace
        }),
        (way(), 1.0..3.0, direction(), 0.0..=100.0, calm()).prop_map(|(way, zoom, direction, percent, pace)| {
            Preset::KenBurns { way, zoom, direction, distance: Length::Percent(percent), pace }
        }),
    ]
    .boxed()
}

fn pace() -> impl Strategy<Value = Pace> {
    (option::of(0.1..3.0), prop_oneof![Just(0.0), 0.0..2.0], option::of(easing()), option::of(1..4_u32)).prop_map(
        |(duration, delay, easing, repeat)| Pace { duration, delay, easing, repeat: repeat.map(Repeat::Times) },
    )
}

/// The same with no easing that goes beyond its ends.
fn calm() -> impl Strategy<Value = Pace> {
    let easing = option::of(select(vec![Easing::Linear, Easing::EaseInOut, Easing::StepEnd]));
    (ending(), easing).prop_map(|(pace, easing)| Pace { easing, ..pace })
}

/// For presets that go on without end unless told otherwise.
fn ending() -> impl Strategy<Value = Pace> {
    pace().prop_map(|pace| Pace { repeat: pace.repeat.or(Some(Repeat::Times(2))), ..pace })
}
