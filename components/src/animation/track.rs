use smallvec::SmallVec;

use super::{
    Animation, Easing,
    property::{Resolved, Target},
    timing::{Nanos, Timing, nanos},
    value::{Domain, Sample},
};
use crate::{content::Content, layer::Opacity, transform::Transform};

/// An [`Animation`] made ready to be sampled: no names, no options, nothing to look up.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    target: Target,
    domain: Domain,
    timing: Timing,
    /// At least two, in the order of time. Most have just these: they lie beside all else, where the next is read from.
    keys: SmallVec<[Key; 2]>,
}

/// A keyframe of a [`Track`].
#[derive(Clone, Debug, PartialEq)]
struct Key {
    at: Nanos,
    value: Sample,
    /// From here to the next.
    easing: Easing,
}

impl Animation {
    /// One time from its first to its last value, at speed 1; `None` if the animation is not valid.
    fn cycle(&self) -> Option<Nanos> {
        match &self.to {
            Some(_) => Some(nanos(self.duration?).max(1)),
            None => Some(nanos(self.duration.unwrap_or_default()).max(nanos(self.keyframes.last()?.at))),
        }
    }

    /// Time from its start to its end, `delay` included; `None` if it never ends.
    pub(super) fn span(&self) -> Option<Nanos> {
        Timing::new(self, self.cycle().unwrap_or_default()).span()
    }

    /// Makes the animation ready to be sampled on a layer with that content, transform and opacity.
    ///
    /// `None` if [`check`](super::check) finds a fault.
    #[must_use]
    pub fn compile(&self, content: &Content, transform: &Transform, opacity: &Opacity) -> Option<Track> {
        if !super::check(self, content).is_empty() {
            return None;
        }
        let resolved = self.property.resolve(content).ok()?;
        let Resolved { target, domain, .. } = resolved;
        let cycle = self.cycle()?;
        let keys: SmallVec<[Key; 2]> = match &self.to {
            Some(to) => {
                let from = match &self.from {
                    Some(from) => domain.sample(from).ok()?,
                    None => resolved.authored(transform, opacity),
                };
                let first = Key { at: 0, value: from, easing: self.easing.clone() };
                let last = Key { at: cycle, value: domain.sample(to).ok()?, easing: Easing::Linear };
                SmallVec::from_buf([first, last])
            }
            None => {
                let key = |keyframe: &super::Keyframe| {
                    let easing = keyframe.easing.as_ref().unwrap_or(&self.easing).clone();
                    Some(Key { at: nanos(keyframe.at), value: domain.sample(&keyframe.value).ok()?, easing })
                };
                self.keyframes.iter().map(key).collect::<Option<_>>()?
            }
        };
        (keys.len() >= 2).then(|| Track { target, domain, timing: Timing::new(self, cycle), keys })
    }
}

impl Track {
    /// What it animates.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// The same from another value on.
    pub(super) fn starting_from(mut self, value: Sample) -> Self {
        if let Some(first) = self.keys.first_mut() {
            first.value = value;
        }
        self
    }

    /// The value `elapsed` seconds after the animation's start. A function of nothing else.
    ///
    /// Easings that overshoot go beyond the values written, but not beyond what the property allows.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans of more than 100 days lose nanoseconds")]
    pub fn sample(&self, elapsed: f64) -> Sample {
        let position = self.timing.at(elapsed);
        let next = self.keys.partition_point(|key| key.at <= position.time).clamp(1, self.keys.len() - 1);
        let (a, b) = (&self.keys[next - 1], &self.keys[next]);
        let span = b.at.saturating_sub(a.at).max(1);
        let t = (position.time.saturating_sub(a.at) as f64 / span as f64).min(1.0);
        // Until the first keyframe its value holds.
        let before = position.before || position.time < a.at;
        self.domain.clamp(Sample::between(a.value, b.value, a.easing.ease_flagged(t, before)))
    }

    /// Whether it has begun `elapsed` seconds after its start.
    #[must_use]
    pub fn has_begun(&self, elapsed: f64) -> bool {
        self.timing.has_begun(elapsed)
    }

    /// Whether it has begun and not ended `elapsed` seconds after its start.
    #[must_use]
    pub fn is_playing(&self, elapsed: f64) -> bool {
        self.timing.is_playing(elapsed)
    }

    /// Seconds after its start until its value first changes.
    #[must_use]
    pub fn begin(&self) -> f64 {
        self.timing.begin()
    }

    /// Seconds after its start from when on its value stays; infinite if it never ends.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.timing.end()
    }
}
