//! Times by the clock on the wall, at which triggers act.

mod times;

use std::{fmt, str::FromStr};

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use self::times::Schedule;

/// A cron expression: minute, hour, day of the month, month and day of the week, seconds before these if there are six.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron(String);

/// The name of a time zone in the IANA database: `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(String);

/// The text is no cron expression that could be waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseCronError {
    /// It cannot be read.
    #[error("expected a cron expression such as `0 20 * * FRI`, of at most {LONGEST} characters")]
    Malformed,
    /// It has too few fields, or too many.
    #[error(
        "expected a cron expression of five fields, minute, hour, day of the month, month and day of the week, or of six \
         with the second before these, or of seven with the year behind them; this has {0}"
    )]
    Count(usize),
    /// A field cannot be read.
    #[error("expected a cron expression with {expected} for the {field}, where this has `{found}`")]
    Field {
        /// Which one it is.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What could.
        expected: &'static str,
    },
    /// It asks for a day that no calendar has, or only for years that are over.
    #[error(
        "expected a cron expression with a day that comes: no year from 2026 to 2200 has one such as this asks for"
    )]
    Never,
}

/// The text is no time zone that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a time zone such as `Europe/Berlin` or `UTC`")]
pub struct ParseZoneError;

/// A time by the clock on the wall, in milliseconds since 1970 began in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(pub i64);

/// The text is no time by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time with its offset from UTC, such as `2026-11-27T19:59:50+01:00` or `2026-11-27T18:59:50Z`")]
pub struct ParseWallTimeError;

impl FromStr for WallTime {
    type Err = ParseWallTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|time: Timestamp| Self(time.as_millisecond())).map_err(|_| ParseWallTimeError)
    }
}

/// Cron expressions are short: reading long ones takes time.
const LONGEST: usize = 100;

impl FromStr for Cron {
    type Err = ParseCronError;

    fn from_str(text: &str) -> Result<Self, ParseCronError> {
        if text.len() > LONGEST {
            return Err(ParseCronError::Malformed);
        }
        let pattern = croner::Cron::from_str(text).map_err(|_| fault(text))?;
        if comes(&pattern) { Ok(Self(text.to_owned())) } else { Err(ParseCronError::Never) }
    }
}

/// The fields of a cron expression of seven, and what may stand in each.
const FIELDS: [(&str, &str); 7] = [
    ("second", "0 to 59 or `*`"),
    ("minute", "0 to 59 or `*`"),
    ("hour", "0 to 23 or `*`"),
    ("day of the month", "1 to 31, `L` or `*`"),
    ("month", "1 to 12, `JAN` to `DEC` or `*`"),
    ("day of the week", "0 to 7, `SUN` to `SAT` or `*`"),
    ("year", "a year such as 2030 or `*`"),
];

/// What is wrong with a text that cannot be read: the first field that cannot be even where all others may be anything.
fn fault(text: &str) -> ParseCronError {
    let written: Vec<&str> = text.split_whitespace().collect();
    let fields = match written.len() {
        5 => &FIELDS[1..6],
        6 => &FIELDS[..6],
        7 => &FIELDS[..],
        _ if text.starts_with('@') => return ParseCronError::Malformed,
        count => return ParseCronError::Count(count),
    };
    let is_wrong = |place: usize| {
        let alone: Vec<&str> = (0..written.len()).map(|at| if at == place { written[at] } else { "*" }).collect();
        croner::Cron::from_str(&alone.join(" ")).is_err()
    };
    let wrong = fields.iter().enumerate().find(|(place, _)| is_wrong(*place));
    wrong.map_or(ParseCronError::Malformed, |(place, (field, expected))| ParseCronError::Field {
        field,
        found: written[place].to_owned(),
        expected,
    })
}

/// The years in which a day of a cron expression has to come, unless it allows any. Those before had passed when this was
/// written; what is over by the clock of the machine is taken all the same, so that a scene that could be loaded once can
/// always be.
const YEARS: std::ops::Range<i16> = 2026..2201;

/// Whether there is a day of the pattern in any calendar. One that never comes would be searched for up to the year 5000,
/// which takes seconds.
fn comes(pattern: &croner::Cron) -> bool {
    /// Years in which every day of the year, a leap day too, falls on every day of the week.
    const ALL_KINDS: std::ops::Range<i16> = 2000..2028;
    let pattern = &pattern.pattern;
    let has_year = |year: &i16| pattern.year_match(i32::from(*year)).unwrap_or(false);
    let matches = |date: civil::Date| {
        let (month, day) = (date.month().unsigned_abs().into(), date.day().unsigned_abs().into());
        let weekday = date.weekday().to_sunday_zero_offset().unsigned_abs().into();
        let weekday = croner::Weekday::from_days_from_sunday(weekday);
        pattern.day_match(date.year().into(), month, day, weekday).unwrap_or(false)
    };
    let has_day = |year: i16| {
        let months = (1..=12_i8).filter(|month| pattern.month_match(month.unsigned_abs().into()).unwrap_or(false));
        let mut firsts = months.filter_map(|month| civil::Date::new(year, month, 1).ok());
        firsts.any(|first| first.series(1.day()).take(first.days_in_month().unsigned_abs().into()).any(matches))
    };
    // Where these are all allowed, others look like one of them.
    let is_any = ALL_KINDS.clone().all(|year| has_year(&year));
    let years = if is_any { ALL_KINDS } else { YEARS };
    years.filter(has_year).any(has_day)
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

    #[test]
    fn a_time_on_the_wall_says_where_it_is_that_time() {
        assert_eq!("1970-01-01T01:00:01.5+01:00".parse(), Ok(WallTime(1500)));
        assert_eq!("1970-01-01T00:00:01.5Z".parse(), Ok(WallTime(1500)));
        for wrong in ["2026-11-27T18:59:50", "18:59:50", "Friday", ""] {
            assert_eq!(wrong.parse::<WallTime>(), Err(ParseWallTimeError), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["@everyday", &"*/5,".repeat(40)] {
            assert_eq!(text.parse::<Cron>(), Err(ParseCronError::Malformed), "{text}");
        }
        for (text, count) in [("", 0), ("every day", 2), ("* * *", 3), ("* * * * * * * *", 8)] {
            assert_eq!(text.parse::<Cron>(), Err(ParseCronError::Count(count)), "{text}");
        }
        for text in [
            "0 0 30 2 *",
            "0 0 31 2,4,6,9,11 *",
            "0 0 0 29 2 * 2027",
            "0 0 29 2 MON#1 +",
            "0 0 0 29 2 * 2201-2300",
            "0 0 0 1 1 * 2020",
            "* * * * * * 1970-2025",
        ] {
            let found = text.parse::<Cron>();
            assert!(found.is_err(), "{text}: {found:?}");
        }
        for text in ["", "Berlin", "Europe/Berlim"] {
            assert_eq!(text.parse::<ZoneName>(), Err(ParseZoneError), "{text}");
        }
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let cases = [
            ("61 * * * *", "0 to 59 or `*` for the minute, where this has `61`"),
            ("0 24 * * *", "0 to 23 or `*` for the hour, where this has `24`"),
            ("0 0 32 * *", "1 to 31, `L` or `*` for the day of the month, where this has `32`"),
            ("0 0 1 13 *", "1 to 12, `JAN` to `DEC` or `*` for the month, where this has `13`"),
            ("0 20 * * FRY", "0 to 7, `SUN` to `SAT` or `*` for the day of the week, where this has `FRY`"),
            ("60 0 0 * * *", "0 to 59 or `*` for the second, where this has `60`"),
            ("0 0 0 1 1 * soon", "a year such as 2030 or `*` for the year, where this has `soon`"),
        ];
        for (text, told) in cases {
            let error = text.parse::<Cron>().expect_err(text).to_string();
            assert_eq!(error, format!("expected a cron expression with {told}"));
        }
    }
}
