//! How values and names are spoken of in faults.

use std::borrow::Cow;

use serde_json::Value;

use crate::geometry::Length;

/// Characters of a found text that are shown.
const SHOWN: usize = 40;
/// Bytes of a pointer that are shown: the longest to anything that is known, within as many groups as may be, has 270.
const POINTER: usize = 300;
/// Characters of a name in it that are shown. Those that are known have fewer.
const NAME: usize = 64;

/// Whether faults of a document repeat what was found in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// They do.
    #[default]
    Open,
    /// Texts and unknown names stay untold: whoever confuses fields may have written a secret into any of them.
    Discreet,
}

impl Telling {
    /// A text that was found.
    pub(super) fn text(self, text: &str) -> String {
        match self {
            Self::Open => shown_text(text),
            Self::Discreet => format!("text of {}", counted(text.chars().count(), "character", "characters")),
        }
    }

    /// A value that was found.
    pub(super) fn value(self, value: &Value) -> String {
        match (self, value) {
            (_, Value::String(text)) => self.text(text),
            (Self::Discreet, Value::Number(_)) => "a number".to_owned(),
            (_, value) => shown(value),
        }
    }

    /// A key that is not known.
    pub(super) fn unknown_key(self, key: &str) -> String {
        match self {
            Self::Open => format!("the unknown key {}", shown_key(key)),
            Self::Discreet => {
                format!("an unknown key of {}", counted(key.chars().count(), "character", "characters"))
            }
        }
    }
}

/// The candidate that `found` most likely was meant to be, if any is near enough.
///
/// Case, `_` and `-` do not count; a word cut short counts as near to the whole word.
#[must_use]
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |name: &str| -> String {
        name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
    };
    // Whoever writes a name of hundreds of letters means none of ours; and the distance costs the product of lengths.
    if found.len() > 100 {
        return None;
    }
    let wanted = fold(found);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known = fold(candidate);
            let distance = strsim::osa_distance(&wanted, &known);
            let longer = wanted.chars().count().max(known.chars().count());
            let cut_short = wanted.len() >= 3 && (known.starts_with(&wanted) || wanted.starts_with(&known));
            (5 * distance <= 2 * longer || cut_short).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A value as faults show it: short, and on one line.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "`null`".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("`{number}`"),
        Value::String(text) => shown_text(text),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A key, or a name, as faults show it: as a text, but without quotes.
pub(super) fn shown_key(key: &str) -> String {
    let quoted = shown_text(key);
    format!("`{}`", quoted.trim_start_matches("`\"").trim_end_matches("\"`"))
}

/// A text as faults show it: in quotes, cut off where it is long.
pub(crate) fn shown_text(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        start.push('…');
    }
    format!("`{}`", Value::String(start))
}

/// A JSON pointer as faults show it: cut off where it, or a name in it, is longer than any to something that is known.
pub(super) fn shown_pointer(pointer: &str) -> String {
    let cut = |text: &str, end: usize| format!("{}…", &text[..text.floor_char_boundary(end)]);
    let names = pointer.split('/').map(|name| match name.char_indices().nth(NAME) {
        Some((end, _)) => Cow::Owned(cut(name, end)),
        None => Cow::Borrowed(name),
    });
    let shown = names.collect::<Vec<_>>().join("/");
    if shown.len() <= POINTER { shown } else { cut(&shown, POINTER) }
}

/// `` `a`, `b` or `c` ``.
pub fn alternatives<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    joined(&quoted, ", ", " or ")
}

/// The items with `between` between them, and `last` before the last.
pub(super) fn joined(items: &[String], between: &str, last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{}{last}{end}", first.join(between)),
    }
}

/// A number without an exponent where it is of a size that people write out.
pub(crate) fn shown_number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e12).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

/// A length in the same way.
pub(crate) fn shown_length(length: Length) -> String {
    match length {
        Length::Px(pixels) => shown_number(pixels),
        Length::Percent(percent) => format!("{}%", shown_number(percent)),
    }
}

/// `1 layer`, `2 layers`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_names_are_recognised_and_others_are_not() {
        let keys = ["zIndex", "opacity", "transform", "color", "x", "id"];
        assert_eq!(nearest("z_index", keys), Some("zIndex"));
        assert_eq!(nearest("opactiy", keys), Some("opacity"));
        assert_eq!(nearest("colour", keys), Some("color"));
        assert_eq!(nearest("trans", keys), Some("transform"));
        assert_eq!(nearest("y", keys), None);
        assert_eq!(nearest("visible", keys), None);
        assert_eq!(nearest(&"color".repeat(1000), keys), None);
    }
}
