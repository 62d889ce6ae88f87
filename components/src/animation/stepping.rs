//! What animates values that are no numbers: most step from one to the next; path data moves point by point, and gradients
//! stop by stop, where they can.

use super::{
    outline::Outline,
    passage::{self, Manner, Passage},
    slots::{self, Slots},
    value::{Sample, Value},
};
use crate::paint::Paint;

/// What there is between two values that are no numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// Nothing.
    Nothing,
    /// Path data: other outlines, if the two have the same commands.
    Outlines,
    /// Colours and gradients: others, if the two are of one type.
    Paints,
}

/// What the values read as, if there can be something between them.
#[derive(Clone, Debug, PartialEq)]
enum Known {
    Nothing,
    Outlines(Vec<Option<Outline>>),
    /// The paints, and the ways from each to the next.
    Paints(Vec<Option<Paint>>, Vec<Option<Passage>>, Manner),
}

/// The values of a track that are no numbers. Its samples are places in their list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    values: Vec<Value>,
    /// Whether each holds until the next begins: those of keyframes do. Of two ends the one turns into the other half-way,
    /// as CSS has it for discrete values.
    hold: bool,
    known: Known,
}

/// What a sample means.
#[derive(Debug)]
enum Shape<'a> {
    /// One of the values.
    Written(&'a Value),
    /// So far from one outline to another.
    Outline(&'a Outline, &'a Outline, f64),
    /// So far from one paint to another.
    Paint(&'a Passage, f64),
}

impl Steps {
    pub(super) fn new(values: Vec<Value>, hold: bool, between: Between, manner: Manner) -> Self {
        let known = match between {
            Between::Nothing => Known::Nothing,
            Between::Outlines => Known::Outlines(values.iter().map(outline).collect()),
            Between::Paints => {
                let paints: Vec<Option<Paint>> = values.iter().map(Value::paint).collect();
                let passages = paints.windows(2).map(|pair| passage(pair, manner)).collect();
                Known::Paints(paints, passages, manner)
            }
        };
        Self { values, hold, known }
    }

    /// What is between the keys whose values are at the places `a` and `b`, at progress `t` of the time and `progress` of
    /// the value.
    pub(super) fn sample(&self, (a, b): (Sample, Sample), t: f64, progress: f64) -> Sample {
        let is_between = match &self.known {
            Known::Nothing => false,
            Known::Outlines(outlines) => pair(outlines, a).is_some(),
            Known::Paints(_, passages, _) => passages.get(index(a)).is_some_and(Option::is_some),
        };
        if is_between {
            return Sample::of_lanes([a.x(), progress, 0.0, 0.0]);
        }
        let is_next = if self.hold { t >= 1.0 } else { progress >= 0.5 };
        if is_next { b } else { a }
    }

    /// The value that a sample means, if that is one of those written.
    pub(super) fn written(&self, sample: Sample) -> Option<&Value> {
        match self.shape(sample)? {
            Shape::Written(value) => Some(value),
            Shape::Outline(..) | Shape::Paint(..) => None,
        }
    }

    /// Writes what a sample means into a slot; whether it was another before.
    pub(super) fn write(&self, slots: &mut dyn Slots, slot: u32, sample: Sample) -> bool {
        // Into the memory that is there, which the next tick writes to again.
        match (self.shape(sample), &self.known) {
            (Some(Shape::Written(Value::Text(path))), Known::Outlines(_)) => {
                slots::rewrite(slots, slot, &|text| text.write_str(path))
            }
            (Some(Shape::Written(_)), Known::Paints(paints, ..)) => {
                let paint = paints.get(place(sample)).and_then(Option::as_ref);
                paint.is_some_and(|paint| slots::repaint(slots, slot, &|slot| passage::copy(paint, slot)))
            }
            // It was checked that it can be that.
            (Some(Shape::Written(value)), _) => slots::step(slots, slot, value).unwrap_or(false),
            (Some(Shape::Outline(a, b, t)), _) => slots::rewrite(slots, slot, &|text| a.write_between(b, t, text)),
            (Some(Shape::Paint(passage, t)), _) => slots::repaint(slots, slot, &|slot| passage.write(t, slot)),
            (None, _) => false,
        }
    }

    /// Whether they are colours and gradients.
    pub(super) fn have_paints(&self) -> bool {
        matches!(self.known, Known::Paints(..))
    }

    /// The colour or gradient that a sample means.
    pub(super) fn paint(&self, sample: Sample) -> Option<Paint> {
        match self.shape(sample)? {
            Shape::Written(value) => value.paint(),
            Shape::Outline(..) => None,
            Shape::Paint(passage, t) => {
                let mut paint = Paint::default();
                passage.write(t, &mut paint);
                Some(paint)
            }
        }
    }

    /// Has them begin with what a sample of `before` means.
    pub(super) fn begin_with(&mut self, before: &Self, sample: Sample) {
        let Some(first) = self.values.first_mut() else { return };
        match before.shape(sample) {
            Some(Shape::Written(value)) => first.clone_from(value),
            Some(Shape::Outline(a, b, t)) => {
                let mut text = String::new();
                // A string takes all that is written to it.
                let _ = a.write_between(b, t, &mut text);
                *first = Value::Text(text);
            }
            Some(Shape::Paint(passage, t)) => {
                let mut paint = Paint::default();
                passage.write(t, &mut paint);
                *first = Value::from(&paint);
            }
            None => {}
        }
        self.read_first();
    }

    /// Has them begin with a paint.
    pub(super) fn begin_with_paint(&mut self, paint: &Paint) {
        let Some(first) = self.values.first_mut() else { return };
        *first = Value::from(paint);
        self.read_first();
    }

    /// Reads the first value anew, which is another.
    fn read_first(&mut self) {
        let Some(first) = self.values.first() else { return };
        match &mut self.known {
            Known::Nothing => {}
            Known::Outlines(outlines) => {
                if let Some(known) = outlines.first_mut() {
                    *known = outline(first);
                }
            }
            Known::Paints(paints, passages, manner) => {
                if let (Some(known), Some(way)) = (paints.first_mut(), passages.first_mut()) {
                    *known = first.paint();
                    *way = passage(&paints[..2], *manner);
                }
            }
        }
    }

    fn shape(&self, sample: Sample) -> Option<Shape<'_>> {
        let progress = sample.lanes()[1];
        if is_end(progress) {
            return self.values.get(place(sample)).map(Shape::Written);
        }
        match &self.known {
            Known::Nothing => None,
            Known::Outlines(outlines) => pair(outlines, sample).map(|(a, b)| Shape::Outline(a, b, progress)),
            Known::Paints(_, passages, _) => Some(Shape::Paint(passages.get(index(sample))?.as_ref()?, progress)),
        }
    }
}

/// The outline at a place and the one behind it, if there is something between them.
fn pair(outlines: &[Option<Outline>], sample: Sample) -> Option<(&Outline, &Outline)> {
    let place = index(sample);
    let (a, b) = (outlines.get(place)?.as_ref()?, outlines.get(place + 1)?.as_ref()?);
    a.matches(b).then_some((a, b))
}

/// The way between two that follow one another, if there is one.
fn passage(pair: &[Option<Paint>], manner: Manner) -> Option<Passage> {
    let [Some(a), Some(b)] = pair else { return None };
    Passage::new(a, b, manner)
}

/// Whether it is just what is written.
#[expect(clippy::float_cmp, reason = "at its ends alone it is")]
fn is_end(progress: f64) -> bool {
    progress == 0.0 || progress == 1.0
}

/// Which of the values a sample means that stands at an end.
fn place(sample: Sample) -> usize {
    index(sample) + usize::from(sample.lanes()[1] > 0.5)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a place in a list")]
fn index(sample: Sample) -> usize {
    sample.x() as usize
}

fn outline(value: &Value) -> Option<Outline> {
    Outline::read(&value.text()?)
}

/// Why there is nothing between two that follow one another in a list of path data or paints; `None` if there is between
/// all.
pub(super) fn gap<'a>(between: Between, values: impl Iterator<Item = &'a Value>) -> Option<String> {
    if between == Between::Paints {
        return passage::gap(values.map(Value::paint));
    }
    let outlines: Vec<Option<Outline>> = values.map(outline).collect();
    outlines.windows(2).find_map(|pair| match pair {
        [Some(a), Some(b)] if a.matches(b) => None,
        [Some(a), Some(b)] => {
            Some(format!("the commands of its paths differ (`{}` and `{}`)", a.letters(), b.letters()))
        }
        _ => Some("its paths reach more than a million pixels far".to_owned()),
    })
}
