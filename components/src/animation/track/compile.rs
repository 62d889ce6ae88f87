//! Animations made ready to be sampled.

use std::{borrow::Cow, sync::Arc};

use smallvec::{SmallVec, smallvec};

use super::{Course, Track, shortest};
use crate::{
    animation::{
        Animation, ColorSpace, Keyframe, Orient, Subject, Turn,
        motion::{Motion, Pace},
        passage::Manner,
        property::{Resolved, Target, UnknownProperty},
        queue::{Mixing, Queue},
        route::Route,
        stepping::Steps,
        timing::{Nanos, Timing, nanos},
        value::{Domain, Kind, Sample, Value},
    },
    layer::Opacity,
    transform::Transform,
};

impl Animation {
    /// Whether it says where it goes, but not where it begins: it goes on from what is there.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.from.is_none() && self.keyframes.is_empty() && self.path.is_none()
    }

    /// One time from its first to its last value, at speed 1; `None` if the animation is not valid.
    pub(in crate::animation) fn cycle(&self) -> Option<Nanos> {
        if let Some(last) = self.keyframes.last() {
            return Some(nanos(self.duration.unwrap_or_default()).max(nanos(last.at)));
        }
        let seconds = self.spring.map_or(self.duration, |spring| Some(spring.duration()))?;
        Some(nanos(seconds).max(1))
    }

    /// Time from its start to its end, `delay` included; `None` if it never ends.
    pub(in crate::animation) fn span(&self) -> Option<Nanos> {
        Timing::new(self, self.cycle().unwrap_or_default()).span()
    }

    /// Makes the animation ready to be sampled on a layer of such parts, transform and opacity, or on what is heard, which
    /// has neither of these two.
    ///
    /// `None` if [`check`](crate::animation::check) finds a fault.
    #[must_use]
    pub fn compile<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        transform: &Transform,
        opacity: &Opacity,
    ) -> Option<Track> {
        self.compile_among(false, subject.into(), transform, opacity)
    }

    /// The property, as the values written ask for it.
    pub(in crate::animation) fn resolved(&self, subject: Subject<'_>) -> Result<Resolved, UnknownProperty> {
        let resolved = self.property.resolve(subject)?;
        Ok(if self.has_gradients() { resolved.painted() } else { resolved })
    }

    /// Whether a value of it is a gradient.
    pub(in crate::animation) fn has_gradients(&self) -> bool {
        let ends = [&self.from, &self.to].into_iter().flatten();
        ends.chain(self.keyframes.iter().map(|frame| &frame.value)).any(|value| matches!(value, Value::Gradient(_)))
    }

    /// The same; where others of the property have gradients, among which colours are paints too.
    pub(in crate::animation) fn compile_among(
        &self,
        among_gradients: bool,
        subject: Subject<'_>,
        transform: &Transform,
        opacity: &Opacity,
    ) -> Option<Track> {
        if let Cow::Owned(plain) = self.plain() {
            return plain.compile_among(among_gradients, subject, transform, opacity);
        }
        if !crate::animation::check(self, subject).is_empty() {
            return None;
        }
        let resolved = self.resolved(subject).ok()?;
        let resolved = if among_gradients && self.queue.takes_its_place() { resolved.painted() } else { resolved };
        if let Some(authored) = resolved.stepped() {
            return self.stepping(&resolved, authored);
        }
        let Resolved { target, domain, .. } = resolved;
        let authored = resolved.authored(transform, opacity);
        let mixing = Mixing::of(self, domain, authored);
        let domain = self.queue.values(domain)?;
        let written = self.values.within(domain)?;
        let value = |domain: Domain, value: &Value| Some(self.values.value(authored, domain.sample(value).ok()?));
        let route = self.path.as_deref().and_then(Route::new).map(Arc::new);
        let mut values: SmallVec<[Sample; 2]> = match self.to.as_ref().or(self.by.as_ref()) {
            _ if !self.keyframes.is_empty() => {
                self.keyframes.iter().map(|keyframe| value(written, &keyframe.value)).collect::<Option<_>>()?
            }
            None => smallvec![Sample::number(0.0), Sample::number(route.as_ref()?.length())],
            Some(to) => {
                let from = match &self.from {
                    Some(from) => value(written, from)?,
                    None => mixing.as_ref().map_or(authored, Mixing::neutral),
                };
                let to = match &self.by {
                    Some(by) => from.plus(domain.relative()?.sample(by).ok()?),
                    None => value(written, to)?,
                };
                smallvec![from, to]
            }
        };
        let is_shortest = self.rotate == Turn::Shortest;
        let is_oklab = domain.kind == Kind::Color && self.color_space == ColorSpace::Oklab;
        for index in 1..values.len() {
            if is_shortest {
                values[index] = shortest(values[index - 1], values[index]);
            }
        }
        if is_oklab {
            values.iter_mut().for_each(|value| *value = domain.evenly(*value));
        }
        Some(Track {
            target,
            domain,
            motion: self.motion()?,
            is_relative: self.by.is_some(),
            is_shortest,
            is_oklab,
            course: route.map(|route| Box::new(Course { route, turned: None })),
            mixing: mixing.map(Box::new),
            values,
            steps: None,
        })
    }

    /// The same for a property whose values are no numbers.
    fn stepping(&self, resolved: &Resolved, authored: &Value) -> Option<Track> {
        let hold = !self.keyframes.is_empty();
        let values: Vec<Value> = if hold {
            self.keyframes.iter().map(|keyframe| keyframe.value.clone()).collect()
        } else {
            vec![self.from.clone().unwrap_or_else(|| authored.clone()), self.to.clone()?]
        };
        Some(Track {
            target: resolved.target,
            domain: resolved.domain,
            motion: self.motion()?,
            is_relative: false,
            is_shortest: false,
            is_oklab: false,
            course: None,
            mixing: None,
            values: (0_u32..).map(|place| Sample::number(f64::from(place))).take(values.len()).collect(),
            steps: Some(Box::new(Steps::new(values, hold, resolved.between(), Manner::of(self)))),
        })
    }

    /// When and how it goes from each of its values to the next.
    fn motion(&self) -> Option<Arc<Motion>> {
        let cycle = self.cycle()?;
        let (times, paces) = if let [frames @ .., _] = &*self.keyframes {
            let pace = |frame: &Keyframe| Pace::eased(frame.easing.as_ref().unwrap_or(&self.easing));
            let paces = frames.iter().map(pace).collect();
            (self.keyframes.iter().map(|keyframe| nanos(keyframe.at)).collect(), paces)
        } else {
            let pace = match &self.spring {
                Some(spring) => Pace::Spring(spring.oscillator()),
                None => Pace::eased(&self.easing),
            };
            (smallvec![0, cycle], smallvec![pace])
        };
        Motion::new(Timing::new(self, cycle), times, paces).map(Arc::new)
    }

    /// What turns the layer along the path on which `track`, made of this animation, moves it.
    pub(in crate::animation) fn heading(&self, track: &Track, transform: &Transform) -> Option<Track> {
        let course = track.course.as_ref().filter(|_| self.orient == Orient::Auto)?;
        let domain = Target::Rotation.domain()?;
        let course = Course { route: Arc::clone(&course.route), turned: Some(transform.rotation) };
        // It turns the layer by as much as it moves it. What is added to a position is added to no rotation.
        let is_blended = self.queue == Queue::Blend;
        let mixing = is_blended.then(|| Mixing::of(self, domain, Sample::number(transform.rotation))).flatten();
        let (course, mixing) = (Some(Box::new(course)), mixing.map(Box::new));
        Some(Track { target: Target::Rotation, domain, course, mixing, ..track.clone() })
    }
}
