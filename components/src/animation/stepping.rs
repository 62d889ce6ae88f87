//! What animates values that are no numbers: most step from one to the next, and path data moves point by point where it
//! can.

use super::{
    outline::Outline,
    slots::{self, Slots},
    value::{Sample, Value},
};

/// The values of a track that are no numbers. Its samples are places in their list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    values: Vec<Value>,
    /// Whether each holds until the next begins: those of keyframes do. Of two ends the one turns into the other half-way,
    /// as CSS has it for discrete values.
    hold: bool,
    /// For path data what each value reads as; empty otherwise.
    outlines: Vec<Option<Outline>>,
}

/// What a sample means.
#[derive(Debug)]
enum Shape<'a> {
    /// One of the values.
    Written(&'a Value),
    /// So far from one outline to another.
    Between(&'a Outline, &'a Outline, f64),
}

impl Steps {
    /// `is_path` if the values are path data.
    pub(super) fn new(values: Vec<Value>, hold: bool, is_path: bool) -> Self {
        let outlines = if is_path { values.iter().map(outline).collect() } else { Vec::new() };
        Self { values, hold, outlines }
    }

    /// What is between the keys whose values are at the places `a` and `b`, at progress `t` of the time and `progress` of
    /// the value.
    pub(super) fn sample(&self, (a, b): (Sample, Sample), t: f64, progress: f64) -> Sample {
        if self.pair(a).is_some() {
            return Sample::of_lanes([a.x(), progress, 0.0, 0.0]);
        }
        let is_next = if self.hold { t >= 1.0 } else { progress >= 0.5 };
        if is_next { b } else { a }
    }

    /// The value that a sample means, if that is one of those written.
    pub(super) fn written(&self, sample: Sample) -> Option<&Value> {
        match self.shape(sample)? {
            Shape::Written(value) => Some(value),
            Shape::Between(..) => None,
        }
    }

    /// Writes what a sample means into a slot; whether it was another before.
    pub(super) fn write(&self, slots: &mut dyn Slots, slot: u32, sample: Sample) -> bool {
        match self.shape(sample) {
            // Into the memory that is there, which the next tick writes to again.
            Some(Shape::Written(Value::Text(path))) if !self.outlines.is_empty() => {
                slots::rewrite(slots, slot, &|text| text.write_str(path))
            }
            // It was checked that it can be that.
            Some(Shape::Written(value)) => slots::step(slots, slot, value).unwrap_or(false),
            Some(Shape::Between(a, b, t)) => slots::rewrite(slots, slot, &|text| a.write_between(b, t, text)),
            None => false,
        }
    }

    /// Has them begin with what a sample of `before` means.
    pub(super) fn begin_with(&mut self, before: &Self, sample: Sample) {
        let Some(first) = self.values.first_mut() else { return };
        match before.shape(sample) {
            Some(Shape::Written(value)) => first.clone_from(value),
            Some(Shape::Between(a, b, t)) => {
                let mut text = String::new();
                // A string takes all that is written to it.
                let _ = a.write_between(b, t, &mut text);
                *first = Value::Text(text);
            }
            None => {}
        }
        if let Some(known) = self.outlines.first_mut() {
            *known = outline(first);
        }
    }

    /// The outline at a place and the one behind it, if there is something between them.
    fn pair(&self, place: Sample) -> Option<(&Outline, &Outline)> {
        let place = index(place);
        let (a, b) = (self.outlines.get(place)?.as_ref()?, self.outlines.get(place + 1)?.as_ref()?);
        a.matches(b).then_some((a, b))
    }

    #[expect(clippy::float_cmp, reason = "at its ends it is just what is written")]
    fn shape(&self, sample: Sample) -> Option<Shape<'_>> {
        let progress = sample.lanes()[1];
        if progress == 0.0 || progress == 1.0 {
            return self.values.get(index(sample) + usize::from(progress == 1.0)).map(Shape::Written);
        }
        let (a, b) = self.pair(sample)?;
        Some(Shape::Between(a, b, progress))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a place in a list")]
fn index(sample: Sample) -> usize {
    sample.x() as usize
}

fn outline(value: &Value) -> Option<Outline> {
    Outline::read(&value.text()?)
}

/// Why there is nothing between two that follow one another in a list of path data; `None` if there is between all.
pub(super) fn gap<'a>(values: impl Iterator<Item = &'a Value>) -> Option<String> {
    let outlines: Vec<Option<Outline>> = values.map(outline).collect();
    outlines.windows(2).find_map(|pair| match pair {
        [Some(a), Some(b)] if a.matches(b) => None,
        [Some(a), Some(b)] => {
            Some(format!("the commands of its paths differ (`{}` and `{}`)", a.letters(), b.letters()))
        }
        _ => Some("its paths reach more than a million pixels far".to_owned()),
    })
}
