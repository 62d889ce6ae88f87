//! Times by the clock on the wall, at which triggers act.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A cron expression: minute, hour, day of the month, month and day of the week, seconds before these if there are six.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron(String);

/// The name of a time zone in the IANA database: `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(String);

/// The text is no cron expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a cron expression such as `0 20 * * FRI`")]
pub struct ParseCronError;

/// The text is no time zone that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a time zone such as `Europe/Berlin` or `UTC`")]
pub struct ParseZoneError;

/// Cron expressions are short: reading long ones takes time.
const LONGEST: usize = 100;

impl FromStr for Cron {
    type Err = ParseCronError;

    fn from_str(text: &str) -> Result<Self, ParseCronError> {
        let is_short = text.len() <= LONGEST;
        let pattern = is_short.then(|| croner::Cron::from_str(text).ok()).flatten();
        pattern.map(|_| Self(text.to_owned())).ok_or(ParseCronError)
    }
}

impl FromStr for ZoneName {
    type Err = ParseZoneError;

    fn from_str(text: &str) -> Result<Self, ParseZoneError> {
        TimeZone::get(text).map(|_| Self(text.to_owned())).map_err(|_| ParseZoneError)
    }
}

impl Default for ZoneName {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl ZoneName {
    pub(super) fn is_utc(&self) -> bool {
        self.0 == "UTC"
    }
}

/// A cron expression in a time zone, made ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pattern: croner::Cron,
    zone: TimeZone,
}

impl Schedule {
    /// The times of `cron` by the clocks of `zone`.
    #[must_use]
    pub fn new(cron: &Cron, zone: &ZoneName) -> Option<Self> {
        Some(Self { pattern: cron.0.parse().ok()?, zone: TimeZone::get(&zone.0).ok()? })
    }

    /// The next time after `after`, both in milliseconds since 1970 began in UTC; `None` if none comes.
    #[must_use]
    pub fn next(&self, after: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(after).ok()?.to_zoned(self.zone.clone());
        Some(self.pattern.find_next_occurrence(&after, false).ok()?.timestamp().as_millisecond())
    }
}

macro_rules! text {
    ($type:ident, $error:ident, $format:literal, $about:literal, $example:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.0
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "description": $about, "examples": [$example] })
            }
        }
    };
}

text!(
    Cron,
    ParseCronError,
    "cron",
    "a cron expression: minute, hour, day of the month, month and day of the week, seconds before these if there are six",
    "0 20 * * FRI"
);
text!(ZoneName, ParseZoneError, "timeZone", "the name of a time zone in the IANA database", "Europe/Berlin");

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> Option<String> {
        let schedule = Schedule::new(&cron.parse().expect("a cron expression"), &zone.parse().expect("a time zone"));
        let after: Timestamp = after.parse().expect("a time");
        let next = schedule.expect("both were read").next(after.as_millisecond())?;
        Some(Timestamp::from_millisecond(next).expect("a time").to_string())
    }

    #[test]
    fn the_next_time_is_by_the_clocks_of_the_zone() {
        let cases = [
            ("0 20 * * FRI", "Europe/Berlin", "2026-11-21T12:00:00Z", "2026-11-27T19:00:00Z"),
            ("0 20 * * FRI", "Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-03T18:00:00Z"),
            ("0 20 * * FRI", "UTC", "2026-11-27T20:00:00Z", "2026-12-04T20:00:00Z"),
            ("*/10 * * * * *", "UTC", "2026-11-27T20:00:00.001Z", "2026-11-27T20:00:10Z"),
        ];
        for (cron, zone, after, expected) in cases {
            let found = next(cron, zone, after);
            assert_eq!(found.as_deref(), Some(expected), "{cron} in {zone} after {after}");
        }
    }

    #[test]
    fn a_night_in_which_clocks_are_changed_is_not_left_out() {
        // From two to three there is no time in the one, and twice as much in the other.
        for (night, day) in [("2026-03-28T12:00:00Z", "2026-03-29"), ("2026-10-24T12:00:00Z", "2026-10-25")] {
            let found = next("30 2 * * *", "Europe/Berlin", night).expect("a time");
            assert!(found.starts_with(day), "{found}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "every day", "61 * * * *", "* * *", &"*/5,".repeat(40)] {
            assert_eq!(text.parse::<Cron>(), Err(ParseCronError), "{text}");
        }
        for text in ["", "Berlin", "Europe/Berlim"] {
            assert_eq!(text.parse::<ZoneName>(), Err(ParseZoneError), "{text}");
        }
    }
}
