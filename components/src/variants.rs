//! Variants of the stream: the same scene with layers left out or added.

use bevy_ecs::component::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::id;

id! {
    /// The name by which layers and renditions speak of a variant of the stream.
    ///
    /// 1 to 64 characters: letters, digits, `_`, `-`, `.`, the first a letter or digit.
    VariantId, "1 to 64 letters, digits, _, - or ., beginning with a letter or a digit"
}

impl VariantId {
    /// The stream's own picture, which is a variant like all others: `main`.
    #[must_use]
    pub fn main() -> Self {
        Self(String::from("main"))
    }
}

/// In which variants of the stream a layer is seen; in all of them where nothing is said. A layer of a group is seen where
/// both are.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Variants {
    /// In these alone, if there are any; `main` is the stream's own picture.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub only: Vec<VariantId>,
    /// In none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub except: Vec<VariantId>,
}

impl Variants {
    /// Whether nothing is said: it is seen in all of them.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.except.is_empty()
    }

    /// Whether it is seen in this one.
    #[must_use]
    pub fn includes(&self, variant: &VariantId) -> bool {
        (self.only.is_empty() || self.only.contains(variant)) && !self.except.contains(variant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_seen_where_it_is_not_left_out() {
        let read = |text: &str| serde_json::from_str::<Variants>(text).unwrap();
        let [main, clean, tv] = [VariantId::main(), VariantId::new("clean").unwrap(), VariantId::new("tv").unwrap()];
        for (text, expected) in [
            ("{}", [true, true, true]),
            (r#"{ "only": ["tv"] }"#, [false, false, true]),
            (r#"{ "except": ["clean"] }"#, [true, false, true]),
            (r#"{ "only": ["main", "tv"], "except": ["tv"] }"#, [true, false, false]),
        ] {
            let variants = read(text);
            assert_eq!([&main, &clean, &tv].map(|variant| variants.includes(variant)), expected, "{text}");
            assert_eq!(variants.is_all(), expected == [true; 3]);
        }
    }
}
