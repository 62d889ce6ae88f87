//! What `format` in a schema asks of a text.

use kurbo::BezPath;

use crate::{color::Color, geometry::Length, layer::check_id};

/// A format: its name in schemas, what it asks for in words, and its check.
pub(super) struct Format {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    pub(super) suits: fn(&str) -> bool,
}

/// Every format that a schema of ours may name. `pattern` stands in schemas for the sake of editors alone, and says no
/// more than the format beside it.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "color",
        expected: "a colour such as `\"#1e90ff\"` or, with alpha, `\"#1e90ff80\"`",
        suits: |text| text.parse::<Color>().is_ok(),
    },
    Format {
        name: "percentage",
        expected: "a percentage such as `\"50%\"`",
        suits: |text| text.parse::<Length>().is_ok(),
    },
    Format {
        name: "id",
        expected: "an id of 1 to 64 letters, digits, `_`, `-` or `.`, beginning with a letter or a digit",
        suits: |text| check_id(text).is_ok(),
    },
    Format {
        name: "path",
        expected: "SVG path data such as `\"M 0 0 L 100 0 L 50 80 Z\"`",
        suits: |text| BezPath::from_svg(text).is_ok(),
    },
];
