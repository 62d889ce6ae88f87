//! Animations of one half of a pair.

use std::borrow::Cow;

use super::{Animation, Animations, Property, Value, value::Half};

impl Animation {
    /// What it comes to: where all values of it tell the same half of a pair and no more, it is one of that half, and the
    /// other stays what else makes of it.
    pub(super) fn plain(&self) -> Cow<'_, Self> {
        let Some(half) = self.half() else { return Cow::Borrowed(self) };
        let mut plain = self.clone();
        plain.property = Property::new(format!("{}.{half}", self.property.as_str()));
        let ends = [&mut plain.from, &mut plain.to, &mut plain.by].into_iter().flatten();
        for value in ends.chain(plain.keyframes.iter_mut().map(|frame| &mut frame.value)) {
            if let Value::Half(half) = value
                && let Some((_, length)) = half.told()
            {
                *value = Value::Length(length);
            }
        }
        Cow::Owned(plain)
    }

    /// The half that all of its values tell.
    fn half(&self) -> Option<&'static str> {
        let half = |value: &Value| if let Value::Half(half) = value { Half::told(*half) } else { None };
        let ends = [&self.from, &self.to, &self.by].into_iter().flatten();
        let mut halves = ends.chain(self.keyframes.iter().map(|frame| &frame.value)).map(half);
        let (first, _) = halves.next()??;
        halves.all(|half| half.is_some_and(|(name, _)| name == first)).then_some(first)
    }
}

impl Animations {
    /// The same of all in a list.
    pub(super) fn plain(&self) -> Cow<'_, Self> {
        if self.0.iter().all(|animation| animation.half().is_none()) {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self(self.0.iter().map(|animation| animation.plain().into_owned()).collect()))
    }
}
