use serde::{Deserialize, Serialize};

use super::Transition;
use crate::animation::{
    Animation, Easing, Property, Spring,
    drifting::Shown,
    spring::Oscillator,
    timeline::TimelineId,
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
/// - by an easing, in flight: `(1 - m) (x + v t) + m x (1 - e(t/d))` with `m = u² (3 - 2u)`, `u = min(1, t/w)`, where `w` is a
///   third of `d`, but at most half a second: the straight line on which it flew turns into the easing within `w`, and goes
///   no further than `0.26 v w` however long `d` is. Since `m` and its slope begin at 0, neither value nor velocity jumps,
///   whatever the easing.
///
/// An animation that takes over moves by itself too: by `l e(t/d)`, as suddenly as its easing starts, which for `easeOutCirc`
/// is upright. While it flies, `(1 - m) l e(t/d)` is taken back for that, `v` is the whole velocity that there was, and
/// both together go on with just that velocity, whatever the easing.
///
/// If it first has to wait, it comes to rest meanwhile: within `w` seconds it goes on by `v (t - t²/w + t³/(3w²))`, whose
/// velocity falls from `v` to 0, and after that it is a drift from rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// What moves.
    pub property: Property,
    /// What tells it its time.
    #[serde(default, skip_serializing_if = "Carrier::is_scene")]
    pub(crate) carrier: Carrier,
    /// The timeline that it goes on top of, which another one has left the property to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<TimelineId>,
    /// Seconds at which it began.
    since: f64,
    /// Seconds that pass before it goes where it is to be.
    #[serde(default, skip_serializing_if = "is_zero")]
    waits: f64,
    distance: Sample,
    velocity: Sample,
    /// How far what takes over goes by itself: `l`.
    #[serde(default, skip_serializing_if = "is_none")]
    travel: Sample,
    /// Seconds that it takes.
    lasts: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    easing: Option<Easing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spring: Option<Spring>,
}

/// What tells a [`Drift`] its time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Carrier {
    /// Scene time.
    #[default]
    Scene,
    /// The animation of the layer itself that started at these scene seconds and took over: its time from there.
    Animation(f64),
    /// The timeline that took over: its time from its beginning, over all repeats.
    Timeline(TimelineId),
    /// Scene time: this timeline took over elsewhere than where it comes to the property, and may be about to end, or goes
    /// backwards.
    Over(TimelineId),
}

impl Carrier {
    fn is_scene(&self) -> bool {
        *self == Self::Scene
    }

    /// Whether its time is that of the scene.
    fn is_by_scene(&self) -> bool {
        matches!(self, Self::Scene | Self::Over(_))
    }

    fn timeline(&self) -> Option<&TimelineId> {
        match self {
            Self::Timeline(timeline) | Self::Over(timeline) => Some(timeline),
            Self::Scene | Self::Animation(_) => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

fn is_none(travel: &Sample) -> bool {
    *travel == Sample::default()
}

/// The share of the time in which a flight turns into the easing.
const TURN: f64 = 1.0 / 3.0;

/// The longest time in seconds in which it does.
pub(super) const FLIGHT: f64 = 0.5;

/// The longest time in seconds in which what waits comes to rest.
const BRAKE: f64 = 0.25;

/// When a [`Drift`] goes, by the clock of its carrier.
pub(super) struct Times {
    /// Seconds at which it begins.
    pub(super) since: f64,
    /// Seconds that pass before it goes where it is to be.
    pub(super) waits: f64,
    /// Seconds of the clock that one of the animation itself takes.
    pub(super) pace: f64,
    /// The longest time in seconds that an easing may take.
    pub(super) longest: f64,
}

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
            carrier: Carrier::Scene,
            over: None,
            since: now,
            waits: 0.0,
            distance,
            velocity,
            travel: Sample::default(),
            lasts: seconds(nanos(lasts).max(1)),
            easing: transition.spring.is_none().then(|| transition.easing.clone()),
            spring: transition.spring,
        })
    }

    /// What `animation`, which takes over, carries on of what was under way: it goes as the animation does in its first
    /// round, so that together they go from there to where the animation goes. By itself the animation goes `travel`. `None`
    /// if there is nothing to be seen of it.
    pub(super) fn of_animation(
        animation: &Animation,
        carrier: Carrier,
        times: &Times,
        (left, travel): (Shown, Sample),
    ) -> Option<Self> {
        let Shown { value: distance, velocity } = left;
        if distance == Sample::default() && velocity == Sample::default() {
            return None;
        }
        let pace = times.pace / animation.speed;
        let spring = animation.spring.map(|spring| spring.slowed(pace));
        let lasts = match &spring {
            Some(spring) => {
                let oscillator = spring.oscillator();
                let lanes = distance.lanes().into_iter().zip(velocity.lanes());
                lanes.map(|(distance, velocity)| oscillator.settles(distance, velocity)).fold(0.0, f64::max)
            }
            None => (animation.duration? * pace).min(times.longest),
        };
        Some(Self {
            property: animation.property.clone(),
            carrier,
            over: None,
            since: times.since,
            waits: times.waits,
            distance,
            velocity,
            travel,
            lasts: seconds(nanos(lasts).max(1)),
            easing: spring.is_none().then(|| animation.easing.clone()),
            spring,
        })
    }

    /// The same on top of what a timeline makes of the property.
    pub(super) fn on_top_of(self, timeline: Option<&TimelineId>) -> Self {
        Self { over: timeline.cloned(), ..self }
    }

    /// The timeline that it goes on top of, instead of what the layer has by itself.
    pub(crate) fn over(&self) -> Option<&TimelineId> {
        self.over.as_ref()
    }

    /// Whether another is carried on by the same.
    pub(super) fn is_of_carrier_of(&self, other: &Self) -> bool {
        let timeline = self.carrier.timeline();
        if timeline.is_some() {
            return timeline == other.carrier.timeline();
        }
        self.carrier == other.carrier
            && (!matches!(self.carrier, Carrier::Animation(_)) || self.goes_from() == other.goes_from())
    }

    /// Whether it first comes to rest.
    pub(super) fn waits(&self) -> bool {
        self.waits > 0.0
    }

    /// Seconds from which on it goes where it is to be.
    pub(crate) fn goes_from(&self) -> f64 {
        self.since + self.waits
    }

    /// Seconds at which it begins and ends.
    #[must_use]
    pub fn span(&self) -> (f64, f64) {
        (self.since, self.since + self.waits + self.lasts)
    }

    /// Whether it has not ended at scene time `now`. What has another clock than that of the scene may go backwards.
    #[must_use]
    pub fn is_left(&self, now: f64) -> bool {
        !self.carrier.is_by_scene() || now < self.span().1
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
        let Self { since, waits, lasts, distance, velocity, travel, .. } = *self;
        let is_by_scene = self.carrier.is_by_scene();
        Way { is_by_scene, since, waits, lasts, distance, velocity, travel, manner }
    }
}

/// A [`Drift`] without its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    /// Whether its time is that of the scene, whatever carries it.
    is_by_scene: bool,
    since: f64,
    waits: f64,
    lasts: f64,
    distance: Sample,
    velocity: Sample,
    travel: Sample,
    manner: Manner,
}

#[derive(Clone, Debug, PartialEq)]
enum Manner {
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
