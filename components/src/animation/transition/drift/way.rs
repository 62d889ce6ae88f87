use crate::{
    animation::{Easing, drifting::Shown, passage, spring::Oscillator, value::Sample},
    paint::Paint,
};

/// The share of the time in which a flight turns into the easing.
const TURN: f64 = 1.0 / 3.0;

/// The longest time in seconds in which it does.
pub(in super::super) const FLIGHT: f64 = 0.5;

/// The longest time in seconds in which what waits comes to rest.
const BRAKE: f64 = 0.25;

/// A [`Drift`](super::Drift) without its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    /// Whether its time is that of the scene, whatever carries it.
    pub(super) is_by_scene: bool,
    pub(super) since: f64,
    pub(super) waits: f64,
    pub(super) lasts: f64,
    pub(super) distance: Sample,
    pub(super) velocity: Sample,
    pub(super) travel: Sample,
    pub(super) paint: Option<Paint>,
    pub(super) manner: Manner,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Manner {
    Spring(Oscillator),
    Easing { easing: Easing, is_flying: bool },
}

impl Manner {
    /// The same from rest.
    fn at_rest(&self) -> Self {
        match self {
            Self::Spring(oscillator) => Self::Spring(*oscillator),
            Self::Easing { easing, .. } => Self::Easing { easing: easing.clone(), is_flying: false },
        }
    }
}

/// How much of the distance, of the velocity at the beginning and of what is taken back is left, and how fast that changes.
#[derive(Default)]
struct Share {
    distance: f64,
    velocity: f64,
    travel: f64,
    distance_slope: f64,
    velocity_slope: f64,
    travel_slope: f64,
}

impl Way {
    /// How far it is from where it is to be at scene time `now`, and how fast that changes.
    pub(crate) fn at(&self, now: f64) -> Shown {
        let t = (now - self.since).max(0.0);
        if t >= self.waits + self.lasts {
            return Shown::default();
        }
        let share = if self.waits > 0.0 { self.share_after_waiting(t) } else { self.share(t) };
        let (distance, velocity, travel) = (self.distance.lanes(), self.velocity.lanes(), self.travel.lanes());
        let sum = |of_distance: f64, of_velocity: f64, of_travel: f64| {
            let lane =
                |lane: usize| distance[lane] * of_distance + velocity[lane] * of_velocity + travel[lane] * of_travel;
            Sample::of_lanes(std::array::from_fn(lane))
        };
        Shown {
            value: sum(share.distance, share.velocity, share.travel),
            velocity: sum(share.distance_slope, share.velocity_slope, share.travel_slope),
        }
    }

    /// Whether it is one from a paint.
    pub(crate) fn is_of_paint(&self) -> bool {
        self.paint.is_some()
    }

    /// Makes `paint` what is shown at `time`, if it is one from a paint; whether it was another.
    pub(crate) fn mix(&self, paint: &mut Paint, time: f64) -> bool {
        let Some(from) = &self.paint else { return false };
        let left = self.at(time).value.x();
        left != 0.0 && passage::mix(from, paint, 1.0 - left)
    }

    /// Whether its time is that of the scene, whatever carries it.
    pub(crate) fn is_by_scene(&self) -> bool {
        self.is_by_scene
    }

    /// Whether it moves at scene time `now`.
    pub(crate) fn is_moving(&self, now: f64) -> bool {
        let (begin, end) = self.span();
        (begin..end).contains(&now)
    }

    /// Seconds at which it begins and ends.
    pub(crate) fn span(&self) -> (f64, f64) {
        (self.since, self.since + self.waits + self.lasts)
    }

    fn share_after_waiting(&self, t: f64) -> Share {
        let brake = self.waits.min(BRAKE);
        let u = (t / brake).min(1.0);
        let still = Share {
            distance: 1.0,
            velocity: brake * u * (1.0 - u + u * u / 3.0),
            velocity_slope: (1.0 - u) * (1.0 - u),
            ..Share::default()
        };
        if t < self.waits {
            return still;
        }
        // From where it rests, as from any other place.
        let rested = Self { velocity: Sample::default(), manner: self.manner.at_rest(), waits: 0.0, ..self.clone() };
        let Share { distance, distance_slope, .. } = rested.share(t - self.waits);
        Share {
            distance,
            velocity: still.velocity * distance,
            distance_slope,
            velocity_slope: still.velocity * distance_slope,
            ..Share::default()
        }
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
                    ..Share::default()
                }
            }
            Manner::Easing { easing, is_flying } => {
                let progress = t / self.lasts;
                let (eased, slope) = (easing.ease(progress), easing.slope(progress) / self.lasts);
                if !is_flying {
                    return Share { distance: 1.0 - eased, distance_slope: -slope, ..Share::default() };
                }
                let within = (TURN * self.lasts).min(FLIGHT);
                let turn = (t / within).min(1.0);
                let mixed = turn * turn * (3.0 - 2.0 * turn);
                let mixed_slope = 6.0 * turn * (1.0 - turn) / within;
                Share {
                    distance: 1.0 - mixed * eased,
                    velocity: (1.0 - mixed) * t,
                    travel: -(1.0 - mixed) * eased,
                    distance_slope: -mixed_slope * eased - mixed * slope,
                    velocity_slope: (1.0 - mixed) - mixed_slope * t,
                    travel_slope: mixed_slope * eased - (1.0 - mixed) * slope,
                }
            }
        }
    }
}
