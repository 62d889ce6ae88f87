use serde::{Deserialize, Serialize};

mod way;

pub(super) use self::way::FLIGHT;
use self::way::Manner;
pub(crate) use self::way::Way;
use super::Transition;
use crate::animation::{
    Animation, Easing, Property, Spring,
    drifting::Shown,
    timeline::TimelineId,
    timing::{nanos, seconds},
    value::Sample,
};
use crate::paint::Paint;

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
/// A paint has no velocity: of it just the share of the way is told that is left, and from what it goes.
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
    /// Where it comes from, if that is a colour or a gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paint: Option<Paint>,
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
    /// None, for it does not move: this timeline, which came to the property at these scene seconds, begins with that value in
    /// each of its rounds, since another one had hold of the property.
    TimelineStart(TimelineId),
    /// The same of the animation of the layer itself that started at these scene seconds, by its time from there.
    AnimationStart(f64),
    /// None: this timeline, which came to the property at these scene seconds, has had hold of it from then on, and begins with
    /// what is authored, since nothing else had.
    TimelineHold(TimelineId),
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
            Self::Timeline(timeline)
            | Self::Over(timeline)
            | Self::TimelineStart(timeline)
            | Self::TimelineHold(timeline) => Some(timeline),
            Self::Scene | Self::Animation(_) | Self::AnimationStart(_) => None,
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
            paint: None,
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
            None => (seconds(animation.cycle()?) * pace).min(times.longest),
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
            paint: None,
            lasts: seconds(nanos(lasts).max(1)),
            easing: spring.is_none().then(|| animation.easing.clone()),
            spring,
        })
    }

    /// No motion, but what a timeline or an animation begins with in each of its rounds, from `since` on by its clock.
    pub(super) fn of_start(property: Property, carrier: Carrier, since: f64, value: Sample) -> Self {
        Self {
            property,
            carrier,
            over: None,
            since,
            waits: 0.0,
            distance: value,
            velocity: Sample::default(),
            travel: Sample::default(),
            paint: None,
            lasts: 0.0,
            easing: None,
            spring: None,
        }
    }

    /// No motion, but that a timeline has hold of a property from `since` on.
    pub(super) fn of_hold(property: Property, timeline: TimelineId, since: f64) -> Self {
        Self::of_start(property, Carrier::TimelineHold(timeline), since, Sample::default())
    }

    /// Whether it is no motion, but how something begins.
    pub(super) fn is_start(&self) -> bool {
        matches!(self.carrier, Carrier::TimelineStart(_) | Carrier::AnimationStart(_) | Carrier::TimelineHold(_))
    }

    /// The value, in the numbers in which it moves evenly, or the paint that something begins with; `None` if that is what is
    /// authored.
    pub(crate) fn beginning(&self) -> Option<(Sample, Option<&Paint>)> {
        (!matches!(self.carrier, Carrier::TimelineHold(_))).then_some((self.distance, self.paint.as_ref()))
    }

    /// The same where what it goes on top of begins with so much `more`: together they go on as they did.
    pub(super) fn rebased(self, more: Sample) -> Self {
        Self { distance: self.distance.minus(more), travel: self.travel.minus(more), ..self }
    }

    /// All of the way that there is from a paint to another.
    pub(super) const WHOLE: Shown = Shown { value: Sample::number(1.0), velocity: Sample::number(0.0) };

    /// The same from a paint.
    pub(super) fn starting_with(self, paint: Paint) -> Self {
        Self { paint: Some(paint), ..self }
    }

    /// Whether it is one from a paint.
    pub(super) fn is_of_paint(&self) -> bool {
        self.paint.is_some()
    }

    /// The same on top of what a timeline makes of the property.
    pub(super) fn on_top_of(self, timeline: Option<&TimelineId>) -> Self {
        Self { over: timeline.cloned(), ..self }
    }

    /// The timeline that it goes on top of, instead of what the layer has by itself.
    pub(crate) fn over(&self) -> Option<&TimelineId> {
        self.over.as_ref()
    }

    /// The same of a pair but for some of its halves, told by their places; `None` if nothing is left of it.
    pub(super) fn without_halves(self, is_left_out: impl Fn(usize) -> bool) -> Option<Self> {
        let [distance, velocity, travel] = [self.distance, self.velocity, self.travel].map(|sample| {
            let gone = (0..2).filter(|place| is_left_out(*place));
            gone.fold(sample, |sample, place| sample.with_half(place, Sample::default()))
        });
        let is_left = distance != Sample::default() || velocity != Sample::default();
        is_left.then_some(Self { distance, velocity, travel, ..self })
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

    /// The timeline that took over, if one did.
    pub(crate) fn timeline(&self) -> Option<&TimelineId> {
        self.carrier.timeline()
    }

    /// Whether its time is that of the scene.
    pub(super) fn is_by_scene(&self) -> bool {
        self.carrier.is_by_scene()
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
        Way { is_by_scene, since, waits, lasts, distance, velocity, travel, paint: self.paint.clone(), manner }
    }
}
