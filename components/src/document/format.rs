//! What `format` in a schema asks of a text.

use std::{borrow::Cow, str::FromStr};

use kurbo::BezPath;

use crate::{
    animation::{
        easing::{Easing, ParseEasingError},
        schedule::{Cron, ParseCronError, ZoneName},
    },
    color::Color,
    document::Fingerprint,
    edit::At,
    geometry::Length,
    id::check_id,
};

/// A format: its name in schemas, what it asks for in words, and its check.
pub(super) struct Format {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    pub(super) check: fn(&str) -> Result<(), Misfit>,
}

/// What can be said of a text that does not have a format, beyond that.
#[derive(Default)]
pub(super) struct Misfit {
    /// What was found, where the check knows it better than by the text itself.
    pub(super) found: Option<String>,
    /// What is asked for, where the check knows it better than [`Format::expected`].
    pub(super) expected: Option<Cow<'static, str>>,
    pub(super) nearest: Option<String>,
}

/// Segments that a path may have: what takes seconds to fill is no graphic.
const MAX_PATH_SEGMENTS: usize = 10_000;
const SHORTER_PATH: &str = "SVG path data of at most 10000 segments: simplify it, or make it an asset of the type `svg`, which is not limited so";
/// What path data is, in words.
const PATH: &str = "SVG path data such as `\"M 0 0 L 100 0 L 50 80 Z\"`";

/// Every format that a schema of ours may name. `pattern` stands in schemas for the sake of editors alone, and says no
/// more than the format beside it.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "color",
        expected: "a colour such as `\"#1e90ff\"` or, with alpha, `\"#1e90ff80\"`",
        check: parses::<Color>,
    },
    Format { name: "percentage", expected: "a percentage such as `\"50%\"`", check: parses::<Length> },
    Format {
        name: "id",
        expected: "an id of 1 to 64 letters, digits, `_`, `-` or `.`, beginning with a letter or a digit",
        check: |text| check_id(text).map_err(|_| Misfit::default()),
    },
    Format { name: "fingerprint", expected: "the 32 hexadecimal digits of an ETag", check: parses::<Fingerprint> },
    Format {
        name: "path",
        expected: PATH,
        check: |text| {
            let path = BezPath::from_svg(text).map_err(|_| Misfit::default())?;
            let count = path.segments().count();
            if count <= MAX_PATH_SEGMENTS {
                return Ok(());
            }
            let found = Some(format!("path data of {count} segments"));
            Err(Misfit { found, expected: Some(SHORTER_PATH.into()), nearest: None })
        },
    },
    Format {
        // What layers follow; how long it may be is checked with the animation.
        name: "motionPath",
        expected: PATH,
        check: |text| BezPath::from_svg(text).map(drop).map_err(|_| Misfit::default()),
    },
    Format {
        name: "time",
        expected: "a time such as `\"90s\"`, `\"1500ms\"`, `\"2m\"` or `\"1h\"`",
        check: |text| match text.parse() {
            Ok(At::Time(_)) => Ok(()),
            _ => Err(Misfit::default()),
        },
    },
    Format {
        name: "cron",
        expected: "a cron expression such as `\"0 20 * * FRI\"`",
        check: |text| {
            let misfit = |error: ParseCronError| {
                let told = error.to_string();
                let expected = told.strip_prefix("expected ").unwrap_or(&told).to_owned();
                Misfit { expected: Some(expected.into()), ..Misfit::default() }
            };
            text.parse::<Cron>().map(drop).map_err(misfit)
        },
    },
    Format {
        name: "timeZone",
        expected: "the name of a time zone such as `\"Europe/Berlin\"` or `\"UTC\"`",
        check: parses::<ZoneName>,
    },
    Format {
        name: "easing",
        expected: "an easing such as `\"easeInOut\"` or `\"cubic-bezier(0.2, 0, 0, 1)\"`",
        check: |text| {
            let misfit = |error: ParseEasingError| {
                let ParseEasingError { expected, nearest, .. } = error;
                Misfit { found: None, expected: Some(expected.into()), nearest }
            };
            text.parse::<Easing>().map(drop).map_err(misfit)
        },
    },
];

fn parses<T: FromStr>(text: &str) -> Result<(), Misfit> {
    text.parse::<T>().map(drop).map_err(|_| Misfit::default())
}
