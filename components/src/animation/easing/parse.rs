//! Reads easings from text.

use std::str::FromStr;

use super::{CubicBezier, Easing, Jump, LinearStops, Shape, Side, Steps, WrittenStop};

macro_rules! names {
    ($($css:literal $easing:ident;)* $($shape:ident)*) => {
        /// Every easing without arguments, CSS's first.
        pub(super) const NAMES: &[(&str, Easing)] = &[
            $(($css, Easing::$easing),)*
            $(
                (concat!("easeIn", stringify!($shape)), Easing::Penner(Side::In, Shape::$shape)),
                (concat!("easeOut", stringify!($shape)), Easing::Penner(Side::Out, Shape::$shape)),
                (concat!("easeInOut", stringify!($shape)), Easing::Penner(Side::InOut, Shape::$shape)),
            )*
        ];
    };
}

names! {
    "linear" Linear;
    "ease" Ease;
    "easeIn" EaseIn;
    "easeOut" EaseOut;
    "easeInOut" EaseInOut;
    "stepStart" StepStart;
    "stepEnd" StepEnd;
    Sine Quad Cubic Quart Quint Expo Circ Back Elastic Bounce
}

/// Easings with arguments.
const FUNCTIONS: [&str; 3] = ["cubic-bezier", "steps", "linear"];

/// The text is not an easing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found {found}, expected {expected}{}",
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
)]
pub struct ParseEasingError {
    /// What was found.
    pub found: String,
    /// What could be there.
    pub expected: &'static str,
    /// The name nearest to the one found, if one is near.
    pub nearest: Option<String>,
}

const ANY: &str = "an easing such as `linear`, `ease`, `easeInOutCubic`, `cubic-bezier(0.2, 0, 0, 1)`, \
                   `steps(4, jump-end)` or `linear(0, 0.25 75%, 1)`";
const BEZIER: &str = "`cubic-bezier(x1, y1, x2, y2)` with x1 and x2 from 0 to 1, and y1 and y2 from -1000000 to \
                      1000000";
const STEPS: &str = "`steps(count)` or `steps(count, jump)` with a count from 1 (with jump-none 2) to 1000000, and for \
                     jump one of jump-start, jump-end, jump-none, jump-both, start, end";
const STOPS: &str = "`linear(…)` with at least two stops, each a number and up to two percentages, all from \
                     -1000000 to 1000000, such as `linear(0, 0.25 75%, 1)`";

impl FromStr for Easing {
    type Err = ParseEasingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = |expected| ParseEasingError { found: quoted(text), expected, nearest: None };
        let text = text.trim();
        let Some((name, rest)) = text.split_once('(') else { return named(text) };
        let Some(arguments) = rest.strip_suffix(')') else {
            return Err(fault("a closing bracket at its end"));
        };
        match name {
            "cubic-bezier" | "cubicBezier" => cubic_bezier(arguments).ok_or_else(|| fault(BEZIER)),
            "steps" => steps(arguments).ok_or_else(|| fault(STEPS)),
            "linear" => linear(arguments).ok_or_else(|| fault(STOPS)),
            _ => {
                let nearest = crate::document::nearest(name, FUNCTIONS).map(|name| format!("{name}(…)"));
                Err(ParseEasingError { found: quoted(text), expected: ANY, nearest })
            }
        }
    }
}

fn named(text: &str) -> Result<Easing, ParseEasingError> {
    if let Some((_, easing)) = NAMES.iter().find(|(name, _)| *name == text || kebab_case(name) == text) {
        return Ok(easing.clone());
    }
    let nearest = crate::document::nearest(text, NAMES.iter().map(|(name, _)| *name)).map(str::to_owned);
    Err(ParseEasingError { found: quoted(text), expected: ANY, nearest })
}

/// `easeInOut` as `ease-in-out`.
fn kebab_case(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 3);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

fn quoted(text: &str) -> String {
    const ENOUGH: usize = 60;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// A number as CSS writes it: Rust would also read words such as `inf`.
fn number(text: &str) -> Option<f64> {
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| numeric && number.is_finite())
}

fn cubic_bezier(arguments: &str) -> Option<Easing> {
    let mut numbers = [0.0; 4];
    let mut written = arguments.split(',');
    for slot in &mut numbers {
        *slot = number(written.next()?.trim())?;
    }
    let [x1, y1, x2, y2] = numbers;
    if written.next().is_some() { None } else { CubicBezier::new(x1, y1, x2, y2).map(Easing::CubicBezier) }
}

fn steps(arguments: &str) -> Option<Easing> {
    let (count, jump) = match arguments.split_once(',') {
        None => (arguments, Jump::default()),
        Some((count, jump)) => (
            count,
            match jump.trim() {
                "jump-start" | "start" => Jump::Start,
                "jump-end" | "end" => Jump::End,
                "jump-none" => Jump::None,
                "jump-both" => Jump::Both,
                _ => return None,
            },
        ),
    };
    Steps::new(count.trim().parse().ok()?, jump).map(Easing::Steps)
}

fn linear(arguments: &str) -> Option<Easing> {
    let mut stops = Vec::new();
    for argument in arguments.split(',') {
        let (mut output, mut inputs) = (None, Vec::new());
        let mut last_was_input = None;
        for word in argument.split_ascii_whitespace() {
            let input = word.strip_suffix('%');
            match input {
                // Both percentages stand on the same side of the number.
                Some(_) if last_was_input == Some(false) && !inputs.is_empty() => return None,
                Some(percent) => inputs.push(number(percent)?),
                None if output.is_none() => output = Some(number(word)?),
                None => return None,
            }
            last_was_input = Some(input.is_some());
        }
        let output = output?;
        match inputs[..] {
            [] => stops.push(WrittenStop { output, input: None }),
            [input] => stops.push(WrittenStop { output, input: Some(input) }),
            [first, second] => {
                stops.extend([first, second].map(|input| WrittenStop { output, input: Some(input) }));
            }
            _ => return None,
        }
        if stops.len() > LinearStops::MAX {
            return None;
        }
    }
    LinearStops::new(&stops).map(Easing::LinearStops)
}
