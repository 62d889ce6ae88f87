//! Telling whether a document is still the one that was read.

use std::{
    borrow::Cow,
    fmt,
    hash::{DefaultHasher, Hasher as _},
    io,
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number that stands for all that a document says: documents that say the same have the same, and two that differ
/// have the same only by a chance of one in 2^128. Fingerprints are for comparing, not for proving: whoever wants to can
/// make documents that share one. They are not comparable across versions of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// That of a document as it is written.
    #[must_use]
    pub fn of(document: &impl Serialize) -> Self {
        let mut written = Written([DefaultHasher::new(), DefaultHasher::new()]);
        written.0[1].write_u8(1);
        // Documents are trees of strings and finite numbers: they can always be written, and hashing cannot fail.
        let _ = serde_json::to_writer(&mut written, document);
        let [high, low] = written.0.map(|hasher| u128::from(hasher.finish()));
        Self(high << 64 | low)
    }
}

struct Written([DefaultHasher; 2]);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for hasher in &mut self.0 {
            hasher.write(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a fingerprint of 32 hexadecimal digits, as an ETag has it")]
pub struct ParseFingerprintError;

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or(ParseFingerprintError)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Fingerprint {
    fn schema_name() -> Cow<'static, str> {
        "Fingerprint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "fingerprint", "pattern": "^[0-9a-f]{32}$",
            "description": "What stands for all that a document says: its ETag without the quotes" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fingerprint_stands_for_what_a_document_says() {
        let of = |color: &str| Fingerprint::of(&json!({ "color": color }));
        assert_eq!(of("#000"), of("#000"));
        assert_ne!(of("#000"), of("#001"));
        let text = of("#000").to_string();
        assert_eq!(text.parse(), Ok(of("#000")));
        assert_eq!((text.len(), text[..16] == text[16..]), (32, false), "both halves say something");
        for wrong in ["", "+0000000000000000000000000000000", &text[1..], &text.to_uppercase().replace(['0', '1'], "A")]
        {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(ParseFingerprintError), "{wrong}");
        }
    }
}
