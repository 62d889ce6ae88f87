use super::{
    Animation, ColorSpace, Easing, Orient, Queue, Repeat, Subject, Turn, Value, Values,
    property::Resolved,
    route::{Route, excess},
    stepping::{Between, gap},
    value::{Domain, Kind, Sample},
};
use crate::document::{Fault, shown_length, shown_number};

/// What is wrong with an animation of a layer of such parts, of a track or of the whole mix, with pointers from the
/// animation on.
///
/// Numbers out of the ranges that the schema states are not told again, but for values, whose range depends on the
/// property.
#[must_use]
pub fn check<'a>(animation: &Animation, subject: impl Into<Subject<'a>>) -> Vec<Fault> {
    let subject = subject.into();
    // What is no pair has no halves: it is told by its own name then.
    let plain = animation.plain();
    let animation = if plain.resolved(subject).is_ok() { &*plain } else { animation };
    let mut faults: Vec<Fault> = animation.spring.iter().flat_map(|spring| spring.check("/spring")).collect();
    let mut fault = |pointer: String, found: String, expected: String| {
        faults.push(Fault { place: None, pointer, found, expected, nearest: None });
    };
    shape(animation, &mut fault);
    path(animation, &mut fault);
    times(animation, &mut fault);
    weight(animation, &mut fault);
    meaning(animation, &mut fault);
    match animation.resolved(subject) {
        Ok(resolved) => {
            let domain = resolved.domain;
            match (animation.queue.values(domain), animation.values.within(domain)) {
                (None, _) => on_top("queue", animation.queue.name(), animation, &resolved, &mut fault),
                (_, None) => on_top("values", animation.values.name(), animation, &resolved, &mut fault),
                (Some(_), Some(_)) if domain.kind == Kind::Step => stepped(animation, &resolved, subject, &mut fault),
                (Some(mixed), Some(written)) => {
                    let domain = if animation.values.are_absolute() { mixed } else { written };
                    values(animation, &domain, resolved.authored_in_part(), &mut fault);
                }
            }
            manner(animation, &resolved, &mut fault);
        }
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

/// What is wrong with how the animations of a layer follow one another, with pointers from their list on. Each comes with
/// its place in that.
#[must_use]
pub fn check_queues<'a>(animations: impl Iterator<Item = (usize, &'a Animation)>) -> Vec<Fault> {
    let animations: Vec<(usize, &Animation)> = animations.collect();
    let mut faults = Vec::new();
    for (at, (index, animation)) in animations.iter().enumerate().filter(|(_, (_, a))| a.queue == Queue::Append) {
        let animation = animation.plain();
        let is_endless = |(_, other): &&(usize, &Animation)| {
            other.repeat == Repeat::Forever && other.plain().property == animation.property
        };
        if let Some((endless, _)) = animations[..at].iter().find(is_endless) {
            let name = &animation.property;
            faults.push(Fault {
                place: None,
                pointer: format!("/{index}/queue"),
                found: format!("`append` to number {endless}, which animates `{name}` without end"),
                expected: "only such before it as end, or `replace`".to_owned(),
                nearest: None,
            });
        }
    }
    faults
}

/// Takes pointer, found and expected.
type Report<'a> = &'a mut dyn FnMut(String, String, String);

/// Whether it is written in one of the two ways.
fn shape(animation: &Animation, fault: Report<'_>) {
    let frames = animation.keyframes.len();
    let target = match (&animation.to, &animation.by) {
        (Some(_), Some(_)) => {
            fault("/by".to_owned(), "`by` beside `to`".to_owned(), "only one of them".to_owned());
            Some("to")
        }
        (Some(_), None) => Some("to"),
        (None, Some(_)) => Some("by"),
        (None, None) => animation.path.as_ref().map(|_| "path"),
    };
    match (target, frames) {
        (None, 0) => {
            let expected = "one of them".to_owned();
            fault(String::new(), "none of `to`, `by`, `path` and `keyframes`".to_owned(), expected);
        }
        (Some(name), 1..) => {
            fault("/keyframes".to_owned(), format!("`keyframes` beside `{name}`"), "only one of them".to_owned());
        }
        (None, 1) => fault("/keyframes".to_owned(), "one keyframe".to_owned(), "at least two".to_owned()),
        _ => {}
    }
    if frames > 0 && animation.from.is_some() {
        let expected = "the value in the first keyframe, since `from` goes with `to` and `by`".to_owned();
        fault("/from".to_owned(), "`from` beside `keyframes`".to_owned(), expected);
    }
    if let Some(name) = target.filter(|_| frames == 0)
        && animation.duration.is_none()
        && animation.spring.is_none()
    {
        let expected = "seconds in `duration`, or a `spring`".to_owned();
        fault(String::new(), format!("`{name}` without `duration`"), expected);
    }
    if animation.spring.is_some() {
        if frames > 0 {
            let expected = "an `easing`, since a spring goes with `to`, `by` and `path`".to_owned();
            fault("/spring".to_owned(), "`spring` beside `keyframes`".to_owned(), expected);
        }
        if animation.duration.is_some() {
            let expected = "no `duration`: how long a spring takes follows from it (it can have one within)".to_owned();
            fault("/duration".to_owned(), "`duration` beside `spring`".to_owned(), expected);
        }
        if animation.easing != Easing::Linear {
            let expected = "only one of them".to_owned();
            fault("/easing".to_owned(), "`easing` beside `spring`".to_owned(), expected);
        }
    }
}

/// Why it cannot do to such a property what it says at `key`.
fn on_top(key: &str, word: &str, animation: &Animation, resolved: &Resolved, fault: Report<'_>) {
    let why = match resolved.domain.kind {
        Kind::Step if resolved.between() == Between::Paints => "a gradient only ever takes the place of another",
        Kind::Step => "it has nothing in between, and steps from one value to the next",
        Kind::Color if word == Queue::Add.name() || word == Values::Offset.name() => "nothing can be added to a colour",
        _ => "a colour has no factor",
    };
    fault(format!("/{key}"), format!("`{word}` for `{}`", animation.property), format!("another: {why}"));
}

/// Whether it says once only what its values are.
fn meaning(animation: &Animation, fault: Report<'_>) {
    if animation.values.are_absolute() {
        return;
    }
    let name = animation.values.name();
    if matches!(animation.queue, Queue::Add | Queue::Multiply) {
        let found = format!("`{name}` for what does `{}`", animation.queue.name());
        fault("/values".to_owned(), found, "only one of them".to_owned());
    } else if animation.path.is_some() {
        let expected = "no `values`, or `\"queue\": \"add\"` for a path that begins where the layer is".to_owned();
        fault("/values".to_owned(), format!("`{name}` beside `path`"), expected);
    }
}

/// Whether a weight is told where it means something.
fn weight(animation: &Animation, fault: Report<'_>) {
    let Some(weight) = animation.weight else { return };
    if animation.queue != Queue::Blend {
        let expected = "no `weight`, or `\"queue\": \"blend\"` beside it".to_owned();
        fault("/weight".to_owned(), format!("`weight` for what does `{}`", animation.queue.name()), expected);
    } else if !(0.0..=1.0).contains(&weight) {
        fault("/weight".to_owned(), shown_number(weight), "a share from 0 to 1".to_owned());
    }
}

/// Whether it follows a path that it can follow.
fn path(animation: &Animation, fault: Report<'_>) {
    let Some(path) = &animation.path else {
        if animation.orient != Orient::None {
            let expected = "no `orient`, or a `path` beside it".to_owned();
            fault("/orient".to_owned(), "`orient` without `path`".to_owned(), expected);
        }
        return;
    };
    let name = &animation.property;
    if name.as_str() != "transform.position" {
        let expected = "`\"property\": \"transform.position\"`, which alone can follow one".to_owned();
        fault("/path".to_owned(), format!("`path` for `{name}`"), expected);
    }
    if animation.queue == Queue::Multiply {
        let expected = "another: a path leads to places, which are no factors".to_owned();
        fault("/queue".to_owned(), "`multiply` beside `path`".to_owned(), expected);
    }
    let beside = [("from", &animation.from), ("to", &animation.to), ("by", &animation.by)];
    for (name, _) in beside.into_iter().filter(|(_, value)| value.is_some()) {
        let expected = "only one of them: a path begins and ends where it says".to_owned();
        fault(format!("/{name}"), format!("`{name}` beside `path`"), expected);
    }
    if let Some(found) = excess(path) {
        let expected = "a path of at most 200 segments, no point more than 100000 pixels from the origin".to_owned();
        fault("/path".to_owned(), found, expected);
        return;
    }
    if Route::new(path).is_none() {
        let expected = "one with a length, such as `M 0 0 C 100 0 100 200 300 200`".to_owned();
        fault("/path".to_owned(), "a path that leads nowhere".to_owned(), expected);
    }
}

/// Whether it goes in a way that suits the property.
fn manner(animation: &Animation, resolved: &Resolved, fault: Report<'_>) {
    let name = &animation.property;
    let is_gradient = resolved.domain.kind == Kind::Step && resolved.between() == Between::Paints;
    if animation.rotate != Turn::AsWritten && !animation.property.is_angle() && !is_gradient {
        let expected = "no `rotate`, which is for angles such as `transform.rotation`".to_owned();
        fault("/rotate".to_owned(), format!("`rotate` for `{name}`"), expected);
    }
    if animation.rotate != Turn::AsWritten && animation.by.is_some() {
        let expected = "only one of them: `by` says which way it turns".to_owned();
        fault("/rotate".to_owned(), "`rotate` beside `by`".to_owned(), expected);
    }
    if animation.color_space != ColorSpace::Oklab && resolved.domain.kind != Kind::Color && !is_gradient {
        let expected = "no `colorSpace`, which is for colours".to_owned();
        fault("/colorSpace".to_owned(), format!("`colorSpace` for `{name}`"), expected);
    }
}

/// Whether all times are such that it can be played.
fn times(animation: &Animation, fault: Report<'_>) {
    let mut within = |pointer: &str, number: f64, min: f64, max: f64, what: &str| {
        if !(min..=max).contains(&number) {
            fault(pointer.to_owned(), shown_number(number), format!("{what} from {min} to {max}"));
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
            let [before, at] = [pair[0].at, pair[1].at].map(shown_number);
            fault(pointer, at, format!("a time after the keyframe before it, at {before}"));
        }
    }
    if let (Some(duration), Some(last)) = (animation.duration, animation.keyframes.last())
        && duration < last.at
    {
        let expected = format!("at least {}, the time of the last keyframe", shown_number(last.at));
        fault("/duration".to_owned(), shown_number(duration), expected);
    }
}

/// Whether a property that has nothing in between can be all these values.
fn stepped(animation: &Animation, resolved: &Resolved, subject: Subject<'_>, fault: Report<'_>) {
    if animation.by.is_some() {
        fault("/by".to_owned(), "`by` for what steps".to_owned(), "`to`: nothing can be added to it".to_owned());
    }
    for (pointer, value) in written(animation) {
        if let Err(error) = resolved.can_be(subject, value) {
            fault(pointer, error.found, error.expected);
        }
    }
}

/// All values of the property itself, each with a pointer to it.
pub(crate) fn written(animation: &Animation) -> impl Iterator<Item = (String, &Value)> {
    let frames = animation.keyframes.iter().enumerate();
    [("/from", &animation.from), ("/to", &animation.to)]
        .into_iter()
        .filter_map(|(pointer, value)| Some((pointer.to_owned(), value.as_ref()?)))
        .chain(frames.map(|(index, frame)| (format!("/keyframes/{index}/value"), &frame.value)))
}

/// What an animation of a subject does otherwise than somebody may expect: a property that has nothing in
/// between steps.
#[must_use]
pub fn warn<'a>(animation: &Animation, subject: impl Into<Subject<'a>>) -> Option<String> {
    let animation = &*animation.plain();
    let resolved = animation.resolved(subject.into()).ok()?;
    let authored = resolved.stepped()?;
    let ends = animation.keyframes.is_empty();
    let (name, when) = (&animation.property, if ends { "half-way" } else { "at each keyframe" });
    if resolved.between() != Between::Nothing {
        let first = (ends && animation.from.is_none()).then_some(authored);
        let why = gap(resolved.between(), first.into_iter().chain(written(animation).map(|(_, value)| value)))?;
        return Some(format!("`{name}` has nothing in between its values, since {why}: it steps {when}"));
    }
    Some(format!("`{name}` has nothing in between its values: it steps {when}"))
}

/// Whether all values suit the property.
fn values(animation: &Animation, domain: &Domain, authored: Option<Sample>, fault: Report<'_>) {
    let written = written(animation)
        .map(|(pointer, value)| (pointer, value, *domain))
        .chain(animation.by.as_ref().and_then(|by| Some(("/by".to_owned(), by, domain.relative()?))));
    if let (Some(_), None) = (&animation.by, domain.relative()) {
        fault("/by".to_owned(), "`by` for a colour".to_owned(), "`to`: nothing can be added to a colour".to_owned());
    }
    // A content's length is either in pixels or in percent: all must be what the first one is. Zero is both.
    let unit_of = |sample: Sample| match (sample.x() == 0.0, sample.x_percent() == 0.0) {
        (true, true) => None,
        (_, in_pixels) => Some(in_pixels),
    };
    let is_on_top = matches!(animation.queue, Queue::Add | Queue::Blend) || animation.values == Values::Offset;
    let starts_authored = is_on_top || animation.from.is_none() && animation.keyframes.is_empty();
    let mut unit = authored.filter(|_| starts_authored).and_then(unit_of);
    for (pointer, value, domain) in written {
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
        Value::Length(length) => format!("`{}`, {unit}", shown_length(*length)),
        _ => unit.to_owned(),
    }
}
