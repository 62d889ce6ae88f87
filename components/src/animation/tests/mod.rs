//! What animations make of a layer.

mod faults;
mod gradients;
mod laws;
mod parts;
mod schema;
mod several;
mod sound;
mod steps;
mod times;
mod values;

use serde_json::json;

use super::*;
use crate::{computed::Pose, content::Content, layer::Opacity, transform::Transform};

fn content(value: serde_json::Value) -> Content {
    serde_json::from_value(value).expect("a content")
}

fn group() -> Content {
    content(json!({ "type": "group" }))
}

fn animation(value: serde_json::Value) -> Animation {
    serde_json::from_value(value).expect("an animation")
}

fn track_on(content: &Content, value: serde_json::Value) -> Track {
    let animation = animation(value);
    assert_eq!(check(&animation, content), []);
    animation.compile(content, &Transform::default(), &Opacity::default()).expect("it was checked")
}

fn track(value: serde_json::Value) -> Track {
    track_on(&group(), value)
}

fn number(track: &Track, elapsed: f64) -> f64 {
    track.sample(elapsed).x()
}

fn playing(animations: serde_json::Value) -> Playing {
    let animations: Animations = serde_json::from_value(animations).expect("animations");
    let mut starts = AnimationStarts::default();
    starts.update(&animations, 0.0);
    Playing::new(&starts, &Cues::default(), &group(), &Transform::default(), &Opacity::default())
}

fn pose(playing: &Playing, now: f64) -> Pose {
    Pose::new(&Transform::default(), &Opacity::default(), playing, now)
}
