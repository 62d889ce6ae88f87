//! Names by which files, programs and URLs speak of the parts of a scene.

/// The text cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of 1 to 64 letters, digits, `_`, `-` or `.`, beginning with a letter or a digit")]
pub struct ParseIdError;

/// Characters of the longest id.
pub(crate) const LONGEST_ID: usize = 64;

/// The rule for ids as a regular expression.
pub const ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";

/// Whether a text can be an id.
///
/// # Errors
/// It breaks the rule: 1 to 64 letters, digits, `_`, `-` or `.`, the first a letter or digit.
pub fn check_id(text: &str) -> Result<(), ParseIdError> {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if first && rest && text.len() <= LONGEST_ID { Ok(()) } else { Err(ParseIdError) }
}

/// A type of its own for the ids of one kind of part, all of the same rule.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $description:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// # Errors
            /// The text breaks the rule for ids: 1 to 64 letters, digits, `_`, `-` or `.`, the first a letter or digit.
            pub fn new(text: impl Into<String>) -> Result<Self, $crate::id::ParseIdError> {
                let text = text.into();
                $crate::id::check_id(&text)?;
                Ok(Self(text))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(<String as serde::Deserialize>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "id", "pattern": $crate::id::ID_PATTERN,
                    "description": $description })
            }
        }
    };
}

pub(crate) use id;
