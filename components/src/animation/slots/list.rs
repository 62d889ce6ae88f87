use std::fmt::Write as _;

use super::{Segment, Slot, Visitor};
use crate::animation::{
    parts::{Part, Subject},
    stepping::Between,
    value::{Domain, Sample, Value},
};

/// A value of a layer's part, or where one could be.
pub(in crate::animation) struct Listed {
    /// From the name of the part on: `content.fill`.
    pub(in crate::animation) path: String,
    pub(in crate::animation) part: Part,
    pub(in crate::animation) index: u32,
    /// What the value can be and what it is, or what is missing.
    pub(in crate::animation) state: Result<(Domain, Sample), &'static str>,
    /// What the value is if it is no number.
    pub(in crate::animation) stepped: Option<Value>,
    /// What there is between two such values.
    pub(in crate::animation) between: Between,
}

/// All values of a subject that can be animated wherever they stand.
pub(in crate::animation) fn list<'a>(subject: impl Into<Subject<'a>>) -> Vec<Listed> {
    struct List {
        listed: Vec<Listed>,
        part: Part,
        count: u32,
        prefix: String,
        lengths: Vec<usize>,
    }
    impl Visitor for List {
        fn slot(&mut self, name: Segment, slot: Slot<'_>) {
            let (path, index) = (format!("{}{name}", self.prefix), self.count);
            let (state, stepped) = (Ok((slot.domain(), slot.value())), slot.stepped());
            let between = slot.between();
            self.listed.push(Listed { path, part: self.part, index, state, stepped, between });
            self.count += 1;
        }

        fn absent(&mut self, name: &'static str, missing: &'static str) {
            let path = format!("{}{name}", self.prefix);
            let (index, state) = (u32::MAX, Err(missing));
            let between = Between::Nothing;
            self.listed.push(Listed { path, part: self.part, index, state, stepped: None, between });
        }

        fn pass(&mut self, places: u32) {
            self.count += places;
        }

        fn enter(&mut self, name: Segment) {
            self.lengths.push(self.prefix.len());
            // Writing to a string cannot fail.
            let _ = write!(self.prefix, "{name}.");
        }

        fn leave(&mut self) {
            self.prefix.truncate(self.lengths.pop().unwrap_or_default());
        }
    }
    let mut all = Vec::new();
    subject.into().each(&mut |part, name, slots| {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
        let mut list = List { listed: Vec::new(), part, count: 0, prefix, lengths: Vec::new() };
        slots.visit(&mut list);
        all.append(&mut list.listed);
    });
    all
}
