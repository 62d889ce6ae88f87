use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// When edits are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum At {
    /// On the tick of that number.
    Tick(u64),
    /// On the first tick that is not before this time. Tick 0 is at 0 seconds, and the others follow by the frame rate.
    Time(Duration),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Tick(u64),
    Text(String),
}

/// What was written is neither a tick nor a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the number of a tick, or a time such as `90s`, `1500ms`, `2m` or `1h`")]
pub struct ParseAtError;

impl At {
    /// What it can be, in words.
    pub const EXPECTED: &'static str = "the number of a tick, or a time such as `90s`, `1500ms`, `2m` or `1h`";

    /// The tick, at so many ticks a second.
    #[must_use]
    pub fn tick(self, fps: u32) -> u64 {
        /// A millionth of a second: a third of one, written with so many digits, is not after the tick that it means.
        const NEAR: u128 = 1000;
        const SECOND: u128 = 1_000_000_000;
        match self {
            Self::Tick(tick) => tick,
            Self::Time(time) => {
                let ticks = (time.as_nanos().saturating_sub(NEAR) * u128::from(fps)).div_ceil(SECOND);
                u64::try_from(ticks).unwrap_or(u64::MAX)
            }
        }
    }
}

impl FromStr for At {
    type Err = ParseAtError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(tick) = text.parse() {
            return Ok(Self::Tick(tick));
        }
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match &text[number.len()..] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(ParseAtError),
        };
        let seconds = number.parse::<f64>().map_err(|_| ParseAtError)? * factor;
        Duration::try_from_secs_f64(seconds).map(Self::Time).map_err(|_| ParseAtError)
    }
}

impl TryFrom<Written> for At {
    type Error = ParseAtError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Tick(tick) => Ok(Self::Tick(tick)),
            // A text is a time: the numbers of ticks are written as numbers.
            Written::Text(text) => text.parse().ok().filter(|at| matches!(at, Self::Time(_))).ok_or(ParseAtError),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick(tick) => write!(f, "{tick}"),
            Self::Time(time) => {
                let digits = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
                write!(f, "{}s", digits.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tick(tick) => serializer.serialize_u64(*tick),
            Self::Time(_) => serializer.collect_str(self),
        }
    }
}

impl JsonSchema for At {
    fn schema_name() -> Cow<'static, str> {
        "At".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "the number of a tick, or a time on the clock of the ticks, whose tick 0 is at 0 seconds: 90s, 1500ms, 2m, 1h",
            "anyOf": [
                { "type": "integer", "format": "uint64", "minimum": 0 },
                { "type": "string", "format": "time", "pattern": "^[0-9.]+(ms|s|m|h)$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_means_the_first_tick_that_is_not_before_it() {
        let tick = |text: &str, fps| text.parse::<At>().map(|at| at.tick(fps));
        assert_eq!(tick("90", 30), Ok(90));
        assert_eq!(tick("3s", 30), Ok(90));
        assert_eq!(tick("0.1s", 60), Ok(6));
        assert_eq!(tick("101ms", 60), Ok(7));
        assert_eq!(tick("2m", 25), Ok(3000));
        assert_eq!(tick("0.5h", 1), Ok(1800));
        assert_eq!(tick("0.333333334s", 30), Ok(10), "a third of a second");
        for wrong in ["", "s", "-1s", "1 day", "1d", "nans", "infs", "1e300h", "1,5s"] {
            assert_eq!(wrong.parse::<At>(), Err(ParseAtError), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (written, shown) in [("12", "12"), ("\"1500ms\"", "\"1.5s\""), ("\"2m\"", "\"120s\"")] {
            let at: At = serde_json::from_str(written).expect("a time or a tick");
            assert_eq!(serde_json::to_string(&at).expect("json"), shown);
            assert_eq!(serde_json::from_str::<At>(shown).ok(), Some(at));
        }
        assert!(serde_json::from_str::<At>("\"12\"").is_err() && serde_json::from_str::<At>("1.5").is_err());
    }
}
