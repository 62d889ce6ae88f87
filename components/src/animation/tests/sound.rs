//! What animations make of the sound.

use super::*;
use crate::{
    SceneDocument,
    audio::{AudioDocument, DuckMix, MasterMix, Mix, TrackDocument, TrackMix},
    document::Limits,
};

/// A track with all that a track can have.
fn document() -> serde_json::Value {
    json!({ "id": "music", "volume": 0.5, "muted": false, "fadeIn": 1.5, "fadeOut": 2.5, "delay": 0.25,
        "source": { "type": "tone", "frequency": 440, "waveform": "sine" },
        "duck": { "by": ["voice"], "amount": 12, "threshold": -40, "attack": 0.05, "release": 0.5 } })
}

fn read(value: &serde_json::Value) -> TrackDocument {
    serde_json::from_value(value.clone()).expect("a track")
}

/// Whether a scene with this track is valid.
fn is_valid(track: &serde_json::Value) -> bool {
    let voice = json!({ "id": "voice", "source": { "type": "tone" } });
    let scene = json!({ "audio": { "tracks": [track, voice] } });
    SceneDocument::from_value(scene, &Limits::default()).is_ok()
}

/// What is listed by hand is all that the schema has, but for what is said never to be animated.
#[test]
fn every_number_and_switch_of_a_track_can_be_animated_within_the_bounds_of_the_schema_or_it_is_said_why_not() {
    let written = document();
    assert!(is_valid(&written));
    let never = ["source", "fadeIn", "fadeOut", "delay"];
    let mut pointers: Vec<String> = Vec::new();
    for (key, value) in written.as_object().expect("an object") {
        match value {
            serde_json::Value::Object(within) => pointers.extend(within.keys().map(|inner| format!("/{key}/{inner}"))),
            _ => pointers.push(format!("/{key}")),
        }
    }
    let mut seen = 0;
    for pointer in pointers {
        let value = written.pointer(&pointer).expect("it was listed");
        if !value.is_number() && !value.is_boolean() {
            continue;
        }
        let name = pointer[1..].replace('/', ".");
        let found = Property::new(&name).resolve(&read(&written));
        if never.contains(&name.split('.').next().unwrap_or_default()) {
            let found = found.expect_err("what is never animated").found;
            assert!(found.contains("cannot be animated: "), "{found}");
            continue;
        }
        let resolved = found.unwrap_or_else(|unknown| panic!("{name}: {unknown}"));
        let Some((Part::Sound, slot)) = resolved.target.slot() else { panic!("{name} is {:?}", resolved.target) };
        let with = |value: serde_json::Value| {
            let mut other = written.clone();
            *other.pointer_mut(&pointer).expect("it was listed") = value;
            other
        };
        let mut mix = TrackMix::from(&read(&written));
        seen += 1;
        if value.is_boolean() {
            assert_eq!(slots::step(&mut mix, slot, &Value::Switch(true)), Ok(true));
            assert_eq!(mix, TrackMix::from(&read(&with(json!(true)))), "{name}");
            continue;
        }
        let (least, most) = (resolved.domain.min, resolved.domain.max);
        slots::write(&mut mix, slot, Sample::number(most));
        assert_eq!(mix, TrackMix::from(&read(&with(json!(most)))), "{name}");
        assert!(is_valid(&with(json!(least))) && is_valid(&with(json!(most))), "{name}");
        assert!(!is_valid(&with(json!(least - 1.0))) && !is_valid(&with(json!(most + 1.0))), "{name}");
    }
    assert_eq!(seen, 6);
}

#[test]
fn the_whole_mix_has_a_volume_and_nothing_else_to_animate() {
    let audio = AudioDocument { volume: 0.5, ..AudioDocument::default() };
    let faults = |property: &str| {
        let animation = animation(json!({ "property": property, "to": 1, "duration": 1 }));
        check(&animation, &audio).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(faults("volume"), "");
    assert_eq!(faults("volum"), "/property: found `volum`, expected one of `volume`; did you mean `volume`?");
    assert!(faults("tracks.0.volume").contains("each has animations of its own"), "{}", faults("tracks.0.volume"));
    assert_eq!(faults("opacity"), "/property: found `opacity`, expected one of `volume`");
}

fn heard(animations: serde_json::Value, now: f64) -> TrackMix {
    let track = read(&document());
    let animations: Animations = serde_json::from_value(animations).expect("animations");
    for animation in &animations.0 {
        assert_eq!(check(animation, &track), []);
    }
    let mut starts = AnimationStarts::default();
    starts.update(&animations, 1.0);
    let playing = Playing::new(&starts, &Cues::default(), &track, &Transform::default(), &Opacity::default());
    let mut mix = TrackMix::from(&track);
    playing.apply_to(Part::Sound, &mut mix, now);
    mix
}

#[test]
fn a_track_is_animated_as_a_layer_is() {
    // From the authored volume, after a delay, and then appended; added on top of that, and halved.
    let moves = json!([
        { "property": "volume", "to": 1, "duration": 2, "delay": 1 },
        { "property": "volume", "to": 0, "duration": 1, "queue": "append" },
        { "property": "duck.amount", "by": 6, "duration": 2, "speed": 2 },
        { "property": "muted", "from": false, "to": true, "duration": 2 },
    ]);
    let at = |now: f64| heard(moves.clone(), now);
    assert_eq!([1.0, 2.0, 3.0, 4.0, 4.5, 9.0].map(|now| at(now).volume), [0.5, 0.5, 0.75, 1.0, 0.5, 0.0]);
    assert_eq!(
        [1.0, 1.5, 2.0].map(|now| at(now).duck.map(|duck: DuckMix| duck.amount)),
        [Some(12.0), Some(15.0), Some(18.0)]
    );
    assert_eq!([1.0, 1.9, 2.0, 9.0].map(|now| at(now).muted), [false, false, true, true]);
    let mixed = json!([
        { "property": "volume", "to": 2, "duration": 1, "queue": "multiply" },
        { "property": "volume", "keyframes": [{ "at": 0, "value": 1 }, { "at": 1, "value": 3 }] },
        { "property": "volume", "from": 0, "to": 1, "duration": 1, "queue": "add" },
    ]);
    assert_eq!([1.0, 1.5, 2.0].map(|now| heard(mixed.clone(), now).volume), [1.0, 3.5, 4.0], "no louder than 4");
}

#[test]
fn without_animations_it_is_mixed_as_it_is_written() {
    let mut silent = document();
    silent.as_object_mut().expect("an object").remove("duck");
    let audio = AudioDocument { volume: 0.25, tracks: vec![read(&silent)], ..AudioDocument::default() };
    let track = TrackMix { volume: 0.5, muted: false, duck: None };
    assert_eq!(Mix::from(&audio), Mix { master: MasterMix { volume: 0.25 }, tracks: vec![track] });
    assert!(Property::new("duck.amount").resolve(&read(&silent)).is_err(), "it makes way for nobody");
}
