//! The ordinary animations that each preset stands for.

use super::{Pace, Preset, Way, room};
use crate::{
    animation::{
        Animation, Easing, Keyframe, Property, Queue, Repeat, Value, Values,
        easing::{Shape, Side},
    },
    geometry::Length,
    transition::Direction,
};

/// How high the leaps of a bounce are, each as a share of the first, and what share of the time they take: what falls
/// takes time by the square root of its height.
const LEAPS: [(f64, f64); 3] = [(1.0, 0.5), (0.36, 0.3), (0.16, 0.2)];

impl Preset {
    /// The animations that it stands for.
    #[must_use]
    pub fn expand(&self) -> Vec<Animation> {
        match self {
            Self::Fade { way, pace } => {
                let fade = pace.animation("opacity", 0.5, Easing::EaseInOut);
                vec![between(Values::Factor, fade, *way, 0.0, 1.0)]
            }
            Self::Slide { way, direction, distance, pace } => {
                let (property, sign) = axis(*direction);
                let far = scaled(distance.unwrap_or(Length::Percent(100.0)), sign);
                let slide = pace.animation(property, 0.7, pace_of(*way, Shape::Cubic));
                // What comes moves in the direction too: it begins on the other side.
                let far = if way.is_in() { scaled(far, -1.0) } else { far };
                vec![between(Values::Offset, slide, *way, far, 0.0)]
            }
            Self::Scale { way, factor, pace } => {
                let scale = pace.animation("transform.scale", 0.6, pace_of(*way, Shape::Back));
                vec![between(Values::Factor, scale, *way, *factor, 1.0)]
            }
            Self::Rotate { way, angle, pace } => {
                let turn = pace.animation("transform.rotation", 1.0, pace_of(*way, Shape::Cubic));
                let far = if way.is_in() { -angle } else { *angle };
                vec![between(Values::Offset, turn, *way, far, 0.0)]
            }
            Self::Bounce { direction, distance, pace } => vec![bounce(*direction, *distance, pace)],
            Self::Shake { direction, distance, count, pace } => vec![shake(*direction, *distance, *count, pace)],
            Self::Pulse { intensity, pace } => {
                let swell = pace.animation("transform.scale", 0.8, Easing::Penner(Side::InOut, Shape::Sine));
                let half = swell.duration.unwrap_or_default() / 2.0;
                let keys = [(0.0, 1.0), (half, 1.0 + intensity), (2.0 * half, 1.0)];
                vec![on_top(Queue::Multiply, swell, keys.map(|(at, factor)| key(at, factor)).into())]
            }
            Self::Typewriter { way, pace } => {
                vec![between(Values::Factor, pace.animation("content.reveal", 2.0, Easing::Linear), *way, 0.0, 1.0)]
            }
            Self::Ticker { direction, distance, pace } => {
                let (property, sign) = axis(*direction);
                let scroll = endless(pace, property, Easing::Linear, false);
                vec![Animation {
                    from: Some(Value::Length(0.0.into())),
                    to: Some(Value::Length(scaled(*distance, sign))),
                    queue: Queue::Add,
                    ..scroll
                }]
            }
            Self::KenBurns { way, zoom, direction, distance, pace } => {
                let slow = |property, far: f64, near: f64, queue| {
                    let (from, to) = if way.is_in() { (far, near) } else { (near, far) };
                    let animation = endless(pace, property, Easing::Penner(Side::InOut, Shape::Sine), true);
                    Animation { from: Some(number(from)), to: Some(number(to)), queue, ..animation }
                };
                let mut animations = vec![slow("transform.scale", 1.0, *zoom, Queue::Multiply)];
                // It drifts since another point of it is laid onto its position. Its anchor a, a share of the width w, is taken
                // to a (1 - k p) where it is z = 1 + (zoom - 1) p times as large: the edge behind stands a w z (1 - k p)
                // before the position, where it was a w before it. That is never less for p from 0 to 1, whatever a and w,
                // if it is not at 1: if k is at most (zoom - 1) / zoom. The other edge only goes farther away. The other
                // way round, 1 - a is taken to (1 - a) (1 - k p).
                let k = room(*distance).unwrap_or_default() * (zoom - 1.0) / zoom;
                if k > 0.0 {
                    let (anchor, is_forwards) = match direction {
                        Direction::Left => ("transform.anchor.x", false),
                        Direction::Right => ("transform.anchor.x", true),
                        Direction::Up => ("transform.anchor.y", false),
                        Direction::Down => ("transform.anchor.y", true),
                    };
                    animations.push(slow(anchor, 1.0, 1.0 - k, Queue::Multiply));
                    if !is_forwards {
                        animations.push(slow(anchor, 0.0, k, Queue::Add));
                    }
                }
                animations
            }
        }
    }
}

impl Pace {
    /// An animation of `property` at this pace, if the preset takes `duration` and goes by `easing` otherwise.
    fn animation(&self, property: &str, duration: f64, easing: Easing) -> Animation {
        Animation {
            duration: Some(self.duration.unwrap_or(duration)),
            delay: self.delay,
            easing: self.easing.clone().unwrap_or(easing),
            repeat: self.repeat.unwrap_or_default(),
            ..Animation::of(Property::new(property))
        }
    }
}

/// The same for what goes on without end.
fn endless(pace: &Pace, property: &str, easing: Easing, ping_pong: bool) -> Animation {
    let repeat = pace.repeat.unwrap_or(Repeat::Forever);
    Animation { repeat, ping_pong, ..pace.animation(property, 20.0, easing) }
}

/// What comes slows down, what goes speeds up.
fn pace_of(way: Way, shape: Shape) -> Easing {
    Easing::Penner(if way.is_in() { Side::Out } else { Side::In }, shape)
}

/// From `away` to `there`, where nothing of it is left, or back. What goes does so from where it is.
fn between(values: Values, animation: Animation, way: Way, away: impl Into<Length>, there: f64) -> Animation {
    let (away, there) = (Value::Length(away.into()), number(there));
    match way {
        Way::In => Animation { values, from: Some(away), to: Some(there), ..animation },
        Way::Out => Animation { values, to: Some(away), ..animation },
    }
}

/// Keyframes on top of whatever else moves the layer.
fn on_top(queue: Queue, animation: Animation, keyframes: Vec<Keyframe>) -> Animation {
    Animation { queue, keyframes, duration: None, ..animation }
}

fn bounce(direction: Direction, distance: Length, pace: &Pace) -> Animation {
    let (property, sign) = axis(direction);
    let fall = Easing::Penner(Side::In, Shape::Quad);
    let bounce = pace.animation(property, 1.0, fall);
    let whole = bounce.duration.unwrap_or_default();
    let (mut keyframes, mut at) = (Vec::with_capacity(2 * LEAPS.len() + 1), 0.0);
    for (height, share) in LEAPS {
        let rise = Easing::Penner(Side::Out, Shape::Quad);
        keyframes.push(Keyframe { easing: Some(rise), ..key(at * whole, 0.0) });
        keyframes.push(key((at + share / 2.0) * whole, scaled(distance, sign * height)));
        at += share;
    }
    keyframes.push(key(whole, 0.0));
    on_top(Queue::Add, bounce, keyframes)
}

fn shake(direction: Direction, distance: Length, count: u32, pace: &Pace) -> Animation {
    let (property, sign) = axis(direction);
    let shake = pace.animation(property, 0.6, Easing::Penner(Side::InOut, Shape::Sine));
    let (whole, turns) = (shake.duration.unwrap_or_default(), f64::from(2 * count));
    let mut keyframes = vec![key(0.0, 0.0)];
    // There at every odd turn and as far on the other side at every even one, less each time.
    for turn in 1..2 * count {
        let side = if turn % 2 == 1 { sign } else { -sign };
        let share = 1.0 - f64::from(turn - 1) / turns;
        keyframes.push(key(whole * f64::from(turn) / turns, scaled(distance, side * share)));
    }
    keyframes.push(key(whole, 0.0));
    on_top(Queue::Add, shake, keyframes)
}

/// The coordinate that a direction is along, and its sign there.
fn axis(direction: Direction) -> (&'static str, f64) {
    match direction {
        Direction::Left => ("transform.position.x", -1.0),
        Direction::Right => ("transform.position.x", 1.0),
        Direction::Up => ("transform.position.y", -1.0),
        Direction::Down => ("transform.position.y", 1.0),
    }
}

fn scaled(length: Length, factor: f64) -> Length {
    match length {
        Length::Px(pixels) => Length::Px(pixels * factor),
        Length::Percent(percent) => Length::Percent(percent * factor),
    }
}

fn number(number: f64) -> Value {
    Value::Length(Length::Px(number))
}

fn key(at: f64, value: impl Into<Length>) -> Keyframe {
    Keyframe { at, value: Value::Length(value.into()), easing: None }
}
