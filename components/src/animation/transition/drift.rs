use serde::{Deserialize, Serialize};

use super::Transition;
use crate::animation::{
    Easing, Property, Spring,
    drifting::Shown,
    spring::Oscillator,
    timing::{nanos, seconds},
    value::Sample,
};

/// How far a property still is from where it is to be: begun when somebody changed it, and gone after a while.
///
/// It is added to what the property would be without it, so that animations go on meanwhile. With the distance `x` and
/// the velocity `v` relative to that at the beginning, after `t` seconds it is
///
/// - by a spring: `x a(t) + v b(t)`, the spring's own motion in closed form;
/// - by an easing `e` in `d` seconds, from rest: `x (1 - e(t/d))`;
/// - by an easing, in flight: `(1 - m) (x + v t) + m x (1 - e(t/d))` with `m = u² (3 - 2u)`, `u = min(1, 3t/d)`: the
///   straight line on which it flew turns into the easing within the first third. Since `m` and its slope begin at 0,
///   neither value nor velocity jumps, whatever the easing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// What moves.
    pub property: Property,
    /// Scene seconds at which it began.
    since: f64,
    distance: Sample,
    velocity: Sample,
    /// Seconds that it takes.
    lasts: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    easing: Option<Easing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spring: Option<Spring>,
}

/// The share of the time in which a flight turns into the easing.
const TURN: f64 = 1.0 / 3.0;

impl Drift {
    /// A drift that begins at scene time `now`; `None` if there is nothing to be seen of it.
    pub(super) fn new(transition: &Transition, now: f64, left: Shown) -> Option<Self> {
        let Shown { value: distance, velocity } = left;
        if distance == Sample::default() && velocity == Sample::default() {
            return None;
        }
        let lasts = match &transition.spring {
            Some(spring) => {
                let oscillator = spring.oscillator();
                let lanes = distance.lanes().into_iter().zip(velocity.lanes());
                lanes.map(|(distance, velocity)| oscillator.settles(distance, velocity)).fold(0.0, f64::max)
            }
            None => transition.duration?,
        };
        Some(Self {
            property: transition.property.clone(),
            since: now,
            distance,
            velocity,
            lasts: seconds(nanos(lasts).max(1)),
            easing: transition.spring.is_none().then(|| transition.easing.clone()),
            spring: transition.spring,
        })
    }

    /// Scene seconds at which it begins and ends.
    #[must_use]
    pub fn span(&self) -> (f64, f64) {
        (self.since, self.since + self.lasts)
    }

    /// Whether it has not ended at scene time `now`.
    #[must_use]
    pub fn is_left(&self, now: f64) -> bool {
        now < self.since + self.lasts
    }

    /// The same, made ready to be sampled.
    pub(crate) fn compile(&self) -> Way {
        let manner = match &self.spring {
            Some(spring) => Manner::Spring(spring.oscillator()),
            None => Manner::Easing {
                easing: self.easing.clone().unwrap_or_default(),
                is_flying: self.velocity != Sample::default(),
            },
        };
        Way { since: self.since, lasts: self.lasts, distance: self.distance, velocity: self.velocity, manner }
    }
}

/// A [`Drift`] without its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    since: f64,
    lasts: f64,
    distance: Sample,
    velocity: Sample,
    manner: Manner,
}

#[derive(Clone, Debug, PartialEq)]
enum Manner {
    Spring(Oscillator),
    Easing { easing: Easing, is_flying: bool },
}

/// How much of the distance and of the velocity at the beginning is left, and how fast that changes.
struct Share {
    distance: f64,
    velocity: f64,
    distance_slope: f64,
    velocity_slope: f64,
}

impl Way {
    /// How far it is from where it is to be at scene time `now`, and how fast that changes.
    pub(crate) fn at(&self, now: f64) -> Shown {
        let t = (now - self.since).max(0.0);
        if t >= self.lasts {
            return Shown::default();
        }
        let share = self.share(t);
        let sum = |of_distance: f64, of_velocity: f64| {
            let (distance, velocity) = (self.distance.lanes(), self.velocity.lanes());
            Sample::of_lanes(std::array::from_fn(|lane| distance[lane] * of_distance + velocity[lane] * of_velocity))
        };
        Shown { value: sum(share.distance, share.velocity), velocity: sum(share.distance_slope, share.velocity_slope) }
    }

    /// Whether it moves at scene time `now`.
    pub(crate) fn is_moving(&self, now: f64) -> bool {
        (self.since..self.since + self.lasts).contains(&now)
    }

    fn share(&self, t: f64) -> Share {
        match &self.manner {
            Manner::Spring(oscillator) => {
                let left = oscillator.left(t);
                Share {
                    distance: left.of_distance,
                    velocity: left.of_velocity,
                    distance_slope: left.distance_slope,
                    velocity_slope: left.velocity_slope,
                }
            }
            Manner::Easing { easing, is_flying } => {
                let progress = t / self.lasts;
                let (eased, eased_slope) = (1.0 - easing.ease(progress), -easing.slope(progress) / self.lasts);
                if !is_flying {
                    return Share { distance: eased, velocity: 0.0, distance_slope: eased_slope, velocity_slope: 0.0 };
                }
                let turn = (progress / TURN).min(1.0);
                let mixed = turn * turn * (3.0 - 2.0 * turn);
                let mixed_slope = 6.0 * turn * (1.0 - turn) / (TURN * self.lasts);
                // Where nothing of it counts yet the easing may be infinitely steep.
                let eased_slope = if mixed == 0.0 { 0.0 } else { mixed * eased_slope };
                Share {
                    distance: (1.0 - mixed) + mixed * eased,
                    velocity: (1.0 - mixed) * t,
                    distance_slope: mixed_slope * (eased - 1.0) + eased_slope,
                    velocity_slope: (1.0 - mixed) - mixed_slope * t,
                }
            }
        }
    }
}
