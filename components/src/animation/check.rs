use super::{
    Animation, Value,
    value::{Domain, Kind, Sample},
};
use crate::{content::Content, document::Fault};

/// What is wrong with an animation of a layer with that content, with pointers from the animation on.
///
/// Numbers out of the ranges that the schema states are not told again, but for values, whose range depends on the
/// property.
#[must_use]
pub fn check(animation: &Animation, content: &Content) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |pointer: String, found: String, expected: String| {
        faults.push(Fault { place: None, pointer, found, expected, nearest: None });
    };
    shape(animation, &mut fault);
    times(animation, &mut fault);
    match animation.property.resolve(content) {
        Ok(resolved) => values(animation, &resolved.domain, resolved.authored_content(), &mut fault),
        Err(unknown) => faults.push(Fault {
            place: None,
            pointer: "/property".to_owned(),
            found: unknown.found,
            expected: unknown.expected,
            nearest: unknown.nearest,
        }),
    }
    faults
}

/// Takes pointer, found and expected.
type Report<'a> = &'a mut dyn FnMut(String, String, String);

/// Whether it is written in one of the two ways.
fn shape(animation: &Animation, fault: Report<'_>) {
    let frames = animation.keyframes.len();
    match (&animation.to, frames) {
        (None, 0) => fault(String::new(), "neither `to` nor `keyframes`".to_owned(), "one of them".to_owned()),
        (Some(_), 1..) => {
            fault("/keyframes".to_owned(), "`keyframes` beside `to`".to_owned(), "only one of them".to_owned());
        }
        (None, 1) => fault("/keyframes".to_owned(), "one keyframe".to_owned(), "at least two".to_owned()),
        _ => {}
    }
    if frames > 0 && animation.from.is_some() {
        let expected = "the value in the first keyframe, since `from` goes with `to`".to_owned();
        fault("/from".to_owned(), "`from` beside `keyframes`".to_owned(), expected);
    }
    if animation.to.is_some() && frames == 0 && animation.duration.is_none() {
        fault(String::new(), "`to` without `duration`".to_owned(), "seconds in `duration`".to_owned());
    }
}

/// Whether all times are such that it can be played.
fn times(animation: &Animation, fault: Report<'_>) {
    let mut within = |pointer: &str, number: f64, min: f64, max: f64, what: &str| {
        if !(min..=max).contains(&number) {
            fault(pointer.to_owned(), number.to_string(), format!("{what} from {min} to {max}"));
        }
    };
    if let Some(duration) = animation.duration {
        within("/duration", duration, 0.001, 1e6, "seconds");
    }
    within("/delay", animation.delay, 0.0, 1e6, "seconds");
    within("/speed", animation.speed, 0.001, 1000.0, "a rate");
    for (index, frame) in animation.keyframes.iter().enumerate() {
        within(&format!("/keyframes/{index}/at"), frame.at, 0.0, 1e6, "seconds");
    }
    for (index, pair) in animation.keyframes.windows(2).enumerate() {
        if pair[1].at <= pair[0].at {
            let pointer = format!("/keyframes/{}/at", index + 1);
            fault(pointer, pair[1].at.to_string(), format!("a time after the keyframe before it, at {}", pair[0].at));
        }
    }
    if let (Some(duration), Some(last)) = (animation.duration, animation.keyframes.last())
        && duration < last.at
    {
        let expected = format!("at least {}, the time of the last keyframe", last.at);
        fault("/duration".to_owned(), duration.to_string(), expected);
    }
}

/// Whether all values suit the property.
fn values(animation: &Animation, domain: &Domain, authored: Option<Sample>, fault: Report<'_>) {
    let frames = animation.keyframes.iter().enumerate();
    let written = [("/from", &animation.from), ("/to", &animation.to)]
        .into_iter()
        .filter_map(|(pointer, value)| Some((pointer.to_owned(), value.as_ref()?)))
        .chain(frames.map(|(index, frame)| (format!("/keyframes/{index}/value"), &frame.value)));
    // A content's length is either in pixels or in percent: all must be what the first one is. Zero is both.
    let unit_of = |sample: Sample| match (sample.x() == 0.0, sample.x_percent() == 0.0) {
        (true, true) => None,
        (_, in_pixels) => Some(in_pixels),
    };
    let starts_authored = animation.from.is_none() && animation.keyframes.is_empty();
    let mut unit = authored.filter(|_| starts_authored).and_then(unit_of);
    for (pointer, value) in written {
        match domain.sample(value) {
            Err(error) => fault(pointer, error.found, error.expected),
            Ok(sample) if domain.kind == Kind::Length => match (unit, unit_of(sample)) {
                (Some(first), Some(this)) if first != this => {
                    let words = |in_pixels| if in_pixels { "pixels" } else { "a percentage" };
                    let expected = format!("{}, as where it comes from", words(first));
                    fault(pointer, found_length(value, words(this)), expected);
                }
                (None, this) => unit = this,
                _ => {}
            },
            Ok(_) => {}
        }
    }
}

fn found_length(value: &Value, unit: &str) -> String {
    match value {
        Value::Length(length) => format!("`{length}`, {unit}"),
        _ => unit.to_owned(),
    }
}
