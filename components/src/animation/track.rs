mod compile;

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    drifting::Shown,
    motion::{Motion, Stand},
    property::Target,
    queue::Mixing,
    route::{Route, degrees},
    slots::Slots,
    stepping::Steps,
    value::{Domain, Kind, Sample, Value},
};
use crate::paint::Paint;

/// An [`Animation`](super::Animation) made ready to be sampled: no names, no options, nothing to look up.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    target: Target,
    domain: Domain,
    /// When and how it goes from each of its values to the next. Others of the layer may share it.
    motion: Arc<Motion>,
    /// Whether the last value is so much more than the first, wherever that is.
    is_relative: bool,
    /// Whether angles turn the shorter way.
    is_shortest: bool,
    /// Whether the values are colours in OKLab.
    is_oklab: bool,
    /// Where it goes, if the values are pixels along a path.
    course: Option<Box<Course>>,
    /// How it goes on top of other animations, if it does not take their place.
    mixing: Option<Box<Mixing>>,
    /// At least two, in the order of time. Most have just these: they lie beside all else, where the next is read from.
    values: SmallVec<[Sample; 2]>,
    /// What the values mean if they are no numbers: they are places in this list then.
    steps: Option<Box<Steps>>,
}

/// A path that a layer follows.
#[derive(Clone, Debug, PartialEq)]
struct Course {
    route: Arc<Route>,
    /// The layer's own rotation in degrees, if the value is not its place but its rotation.
    turned: Option<f64>,
}

impl Course {
    /// The value after so many pixels, and how fast it changes for each. (How fast a path bends is not told.)
    fn at(&self, length: f64) -> (Sample, Sample) {
        let (point, direction) = self.route.at(length);
        match self.turned {
            Some(own) => (Sample::number(own + degrees(direction)), Sample::default()),
            None => (Sample::pair(point.x, point.y), Sample::pair(direction.x, direction.y)),
        }
    }
}

impl Track {
    /// What it animates.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// What values it has.
    pub(super) fn domain(&self) -> Domain {
        self.domain
    }

    /// Whether its values are angles that turn the shorter way.
    pub(super) fn is_shortest(&self) -> bool {
        self.is_shortest
    }

    /// How it goes on top of other animations; `None` if it takes their place.
    pub(crate) fn mixing(&self) -> Option<&Mixing> {
        self.mixing.as_deref()
    }

    /// How far it goes from its first value, as its easing says, in the numbers in which it moves evenly; `None` if it goes
    /// otherwise.
    pub(super) fn travel(&self) -> Option<Sample> {
        let is_even = self.is_oklab || self.domain.kind != Kind::Color;
        match &*self.values {
            [first, last] if is_even && self.course.is_none() && self.motion.is_eased() => Some(last.minus(*first)),
            _ => None,
        }
    }

    /// The value with which it begins.
    pub(super) fn first(&self) -> Sample {
        self.sample(f64::NEG_INFINITY)
    }

    /// The value with which it ends, or that of a round if it never ends.
    pub(super) fn last(&self) -> Sample {
        self.sample(f64::INFINITY)
    }

    /// Whether its values are no numbers.
    pub(super) fn steps(&self) -> bool {
        self.steps.is_some()
    }

    /// The value that a sample of it means, if it is no number and one of those written.
    pub(super) fn stepped(&self, sample: Sample) -> Option<&Value> {
        self.steps.as_ref()?.written(sample)
    }

    /// Whether its values are colours and gradients.
    pub(super) fn has_paints(&self) -> bool {
        self.steps.as_ref().is_some_and(|steps| steps.have_paints())
    }

    /// The colour or gradient that a sample of it means, if its values are such.
    pub(super) fn paint(&self, sample: Sample) -> Option<Paint> {
        self.steps.as_ref()?.paint(sample)
    }

    /// Writes what a sample of it means into a slot, if its values are no numbers; whether it was another before.
    pub(super) fn step(&self, slots: &mut dyn Slots, slot: u32, sample: Sample) -> bool {
        self.steps.as_ref().is_some_and(|steps| steps.write(slots, slot, sample))
    }

    /// The same from a value of `before` on.
    pub(super) fn starting_from(mut self, before: &Self, value: Sample) -> Self {
        if let Some(steps) = &mut self.steps {
            if let Some(before) = &before.steps {
                steps.begin_with(before, value);
            }
            return self;
        }
        let [first, .., last] = &mut *self.values else { return self };
        if self.course.is_some() {
            return self;
        }
        if self.is_relative {
            *last = value.plus(last.minus(*first));
        } else if self.is_shortest {
            *last = shortest(value, *last);
        }
        *first = if self.is_oklab { self.domain.evenly(value) } else { value };
        self
    }

    /// The same beginning with a value, in the numbers in which it moves evenly, or a paint. It goes where it went, be that
    /// told by how much. A colour is the same as a value and as a paint; a gradient is none to one whose values are colours.
    pub(super) fn beginning_with(mut self, value: Sample, paint: Option<&Paint>) -> Self {
        if let Some(steps) = &mut self.steps {
            let color = || Paint::Solid(Domain::COLOR.clamp(Domain::COLOR.as_written(value)).to_color());
            if steps.have_paints() {
                steps.begin_with_paint(&paint.cloned().unwrap_or_else(color));
            }
            return self;
        }
        let value = match paint {
            Some(Paint::Solid(color)) => Domain::COLOR.evenly(Sample::color(*color)),
            _ => value,
        };
        let value = if self.is_oklab { value } else { self.domain.as_written(value) };
        if let [first, .., last] = &mut *self.values {
            if self.is_shortest {
                *last = shortest(value, *last);
            }
            *first = value;
        }
        self
    }

    /// How much more its first value is than that of `other`, in the numbers in which it moves evenly; `None` unless the two
    /// are the same but for that, and all that the first value does fades as they go.
    pub(super) fn first_since(&self, other: &Self) -> Option<Sample> {
        let is_even = self.is_oklab || self.domain.kind != Kind::Color;
        let is_alike = self.target == other.target
            && self.domain == other.domain
            && self.motion == other.motion
            && (self.is_oklab, self.is_relative, self.is_shortest)
                == (other.is_oklab, other.is_relative, other.is_shortest);
        let is_plain = |track: &Self| track.course.is_none() && track.mixing.is_none() && track.steps.is_none();
        match (&*self.values, &*other.values) {
            ([first, last], [before, same])
                if is_even && is_alike && !self.is_relative && is_plain(self) && is_plain(other) && last == same =>
            {
                let is_of_unit = self.domain.kind != Kind::Length || first.is_of_unit_of(*before);
                is_of_unit.then(|| first.minus(*before))
            }
            _ => None,
        }
    }

    /// When and how it goes from each of its values to the next.
    pub(super) fn motion(&self) -> &Arc<Motion> {
        &self.motion
    }

    /// Has it share a motion, which is the same as its own.
    pub(super) fn share(&mut self, motion: &Arc<Motion>) {
        self.motion = Arc::clone(motion);
    }

    /// The value `elapsed` seconds after the animation's start. A function of nothing else.
    ///
    /// Easings that overshoot go beyond the values written, but not beyond what the property allows.
    #[must_use]
    pub fn sample(&self, elapsed: f64) -> Sample {
        self.value(self.motion.at(elapsed))
    }

    /// The value where its motion stands there.
    pub(super) fn value(&self, Stand { from, t, progress }: Stand) -> Sample {
        let (a, b) = (self.values[from], self.values[from + 1]);
        if let Some(steps) = &self.steps {
            return steps.sample((a, b), t, progress);
        }
        let value = Sample::between(a, b, progress);
        self.domain.clamp(match &self.course {
            _ if self.is_oklab => self.domain.as_written(value),
            Some(course) => course.at(value.x()).0,
            None => value,
        })
    }

    /// The value `elapsed` seconds after the animation's start, and how fast it changes for a second, in the numbers in
    /// which it moves evenly.
    pub(super) fn shown(&self, elapsed: f64) -> Shown {
        /// So many seconds are little to any eye, and much to floating point.
        const NEAR: f64 = 1e-5;
        let (sample, velocity) = (self.sample(elapsed), self.velocity(elapsed));
        let value = self.domain.evenly(sample);
        if self.is_oklab || self.domain.kind != Kind::Color {
            return Shown { value, velocity };
        }
        let [r, g, b, a] = velocity.lanes().map(|speed| speed * NEAR);
        let next = self.domain.evenly(sample.plus(Sample::of_lanes([r, g, b, a]))).minus(value);
        Shown { value, velocity: Sample::of_lanes(next.lanes().map(|way| way / NEAR)) }
    }

    /// How fast the value changes `elapsed` seconds after the animation's start, for a second; 0 where it cannot go on
    /// because the property ends there. Of colours in the space in which they are mixed.
    fn velocity(&self, elapsed: f64) -> Sample {
        let Some((Stand { from, progress, .. }, slope)) = self.motion.moving(elapsed) else {
            return Sample::default();
        };
        let (a, b) = (self.values[from], self.values[from + 1]);
        let free = Sample::between(a, b, progress).lanes();
        if let Some(course) = &self.course {
            let speed = (b.x() - a.x()) * slope;
            return Sample::of_lanes(course.at(free[0]).1.lanes().map(|direction| direction * speed));
        }
        let bound = if self.is_oklab { free } else { self.domain.clamp(Sample::of_lanes(free)).lanes() };
        let way = b.minus(a).lanes();
        let is_free = |lane: usize| (free[lane] - bound[lane]).abs() == 0.0;
        Sample::of_lanes(std::array::from_fn(|lane| if is_free(lane) { way[lane] * slope } else { 0.0 }))
    }

    /// Whether it has begun `elapsed` seconds after its start.
    #[must_use]
    pub fn has_begun(&self, elapsed: f64) -> bool {
        self.motion.timing().has_begun(elapsed)
    }

    /// Whether it has begun and not ended `elapsed` seconds after its start.
    #[must_use]
    pub fn is_playing(&self, elapsed: f64) -> bool {
        self.motion.timing().is_playing(elapsed)
    }

    /// Seconds after its start until its value first changes.
    #[must_use]
    pub fn begin(&self) -> f64 {
        self.motion.timing().begin()
    }

    /// Seconds after its start from when on its value stays; infinite if it never ends.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.motion.timing().end()
    }
}

/// The angle nearest to the one before that is the same as `next`; of two that are as near the one clockwise.
pub(super) fn shortest(before: Sample, next: Sample) -> Sample {
    let way = next.x() - before.x();
    Sample::number(before.x() + way - 360.0 * (way / 360.0 - 0.5).ceil())
}
