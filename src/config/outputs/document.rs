//! An output as people write it, and as they are shown it.

use std::{borrow::Cow, fmt};

use components::{
    document::Fault,
    id::{ID_PATTERN, ParseIdError, check_id},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use super::options::{AdaptiveDocument, OutputOptions, SplitDocument, ThumbnailsDocument};
use crate::{
    config::destination::Destination,
    redact::{HIDDEN, known_scheme},
};

/// The name of an output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutputId(String);

impl OutputId {
    /// # Errors
    /// The text breaks the rule for ids: 1 to 64 letters, digits, `_`, `-` or `.`, the first a letter or digit.
    pub fn new(text: impl Into<String>) -> Result<Self, ParseIdError> {
        let text = text.into();
        check_id(&text)?;
        Ok(Self(text))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OutputId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<OutputId> for String {
    fn from(id: OutputId) -> Self {
        id.0
    }
}

impl fmt::Display for OutputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for OutputId {
    fn schema_name() -> Cow<'static, str> {
        "OutputId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "id", "pattern": ID_PATTERN, "description": "The name of an output" })
    }
}

/// Where an output sends to, as it was sent here. However it is printed or serialised, its secrets are `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct OutputUrl(String);

impl OutputUrl {
    /// Takes what was written.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The destination that it names. Written with `***`, as it is shown, it is the `present` one.
    pub(super) fn destination(&self, present: Option<&Destination>) -> Result<Destination, Fault> {
        if let Some(present) = present.filter(|present| present.to_string() == self.0) {
            return Ok(present.clone());
        }
        let read = if self.0.contains(HIDDEN) { None } else { Destination::parse(self.0.trim()) };
        read.ok_or_else(|| Fault {
            place: None,
            pointer: "/url".to_owned(),
            found: self.told(),
            expected: match present {
                Some(present) if self.0.contains(HIDDEN) => {
                    format!(
                        "the address with its stream key; with `{HIDDEN}` it can only be the present one, `{present}`"
                    )
                }
                None if self.0.contains(HIDDEN) => format!("the address with its stream key instead of `{HIDDEN}`"),
                _ => Destination::EXPECTED.to_owned(),
            },
            nearest: None,
        })
    }

    /// What can be told of it: whoever confuses fields may have written a key into this one, or a part of it.
    fn told(&self) -> String {
        match self.0.rsplit_once('.') {
            _ if self.0.trim().is_empty() => "nothing".to_owned(),
            _ if self.0.contains(char::is_control) => "text with control characters".to_owned(),
            _ if self.0.contains(HIDDEN) => format!("an address with `{HIDDEN}`"),
            _ if self.0.contains("://") => match known_scheme(self.0.trim()) {
                Some(scheme) => format!("an `{scheme}` address of {} characters", self.0.trim().chars().count()),
                None => "an address of a kind that is not known".to_owned(),
            },
            Some((_, ending)) if ending.len() <= 5 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                format!("the name of a file that ends in `.{ending}`")
            }
            _ => "what is neither an address nor the name of a file".to_owned(),
        }
    }
}

impl fmt::Display for OutputUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Destination::shown(self.0.trim()))
    }
}

impl fmt::Debug for OutputUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for OutputUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for OutputUrl {
    fn schema_name() -> Cow<'static, str> {
        "OutputUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 4096,
            "description": format!("Where an output sends to: {}. Stream keys and passwords are shown as `{HIDDEN}`; sent \
                                    back like that they stay what they are", Destination::EXPECTED) })
    }
}

/// New tries that can be asked for.
const MOST_ATTEMPTS: u32 = 100_000;
/// Seconds before the first of them, at least …
const SHORTEST: f64 = 0.05;
/// … and at most.
const LONGEST: f64 = 60.0;

/// What is done when the peer of an output is lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "Retry")]
pub struct RetryDocument {
    /// New tries in a row before the output gives up; `null` for any number.
    #[schemars(range(min = 0, max = MOST_ATTEMPTS))]
    pub attempts: Option<u32>,
    /// Seconds before the first new try. They double from try to try, up to half a minute.
    #[schemars(range(min = SHORTEST, max = LONGEST))]
    pub delay: f64,
}

impl RetryDocument {
    /// Whether it is in the ranges that people may choose from: what comes from a store has been looked at by nobody.
    pub(super) fn is_possible(&self) -> bool {
        self.attempts.is_none_or(|attempts| attempts <= MOST_ATTEMPTS) && (SHORTEST..=LONGEST).contains(&self.delay)
    }
}

impl Default for RetryDocument {
    /// For ever, after a second at first.
    fn default() -> Self {
        Self { attempts: None, delay: 1.0 }
    }
}

/// An output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Output")]
pub struct OutputDocument {
    /// Its name.
    pub id: OutputId,
    /// Where it sends to.
    pub url: OutputUrl,
    /// Whether it sends while the stream is on air.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What is done when its peer is lost; as the settings have it, if absent.
    #[serde(default)]
    pub retry: Option<RetryDocument>,
    /// For a recording: when the next file is begun; never, if absent. They are numbered: `show.mkv`, `show-2.mkv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitDocument>,
    /// For pictures (`.jpg`): how often one is written, and how large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnails: Option<ThumbnailsDocument>,
    /// For a server: has the bitrate of the stream lowered, step by step, while the link to it is too slow, and raised again
    /// when it is not. All outputs get what is encoded then. Absent, frames are left out instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptiveDocument>,
    /// In which of the sizes that the settings name it sends the stream, such as `720p`; in the stream's own, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub rendition: Option<String>,
}

impl OutputDocument {
    /// What it says besides where it sends to and when. A split after nothing is none.
    pub(super) fn options(&self) -> OutputOptions {
        let split = self.split.filter(|split| *split != SplitDocument::default());
        OutputOptions { split, thumbnails: self.thumbnails, adaptive: self.adaptive, rendition: self.rendition.clone() }
    }
}

fn yes() -> bool {
    true
}
