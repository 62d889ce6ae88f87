//! Timelines that have hold of a property, and what the layer's transitions do meanwhile.

use super::{
    handover::{playing, step, timeline},
    *,
};
use crate::animation::timeline::Playhead;

fn turned(id: &str, to: f64) -> Value {
    let mut timeline = timeline(json!([step(to, json!({ "duration": 1 }))]));
    timeline["id"] = json!(id);
    timeline
}

fn paused(since: f64, position: f64) -> Option<Playhead> {
    Some(Playhead { since, position, rate: 1.0, running: false })
}

fn is_continuous(layer: &Layer, at: f64) -> bool {
    (layer.rotation(at - 1e-6) - layer.rotation(at + 1e-6)).abs() < 1e-3
}

#[test]
fn one_that_only_waits_leaves_changes_to_the_transition() {
    let wait = json!({ "type": "wait", "seconds": 10 });
    let show = json!([timeline(json!([wait, step(0.0, json!({ "duration": 1 }))]))]);
    let mut layer = eased("linear");
    layer.stand(0.0, &show, &[playing(0.0, 0.0, 1.0)]);
    layer.turn(1.0, 80.0);
    assert!((layer.rotation(2.0) - 40.0).abs() < 1e-6, "{}", layer.rotation(2.0));
    assert!((layer.rotation(3.0) - 80.0).abs() < 1e-6);
    // What is still moving when the timeline comes to it is taken over.
    layer.turn(9.0, 0.0);
    assert!((layer.rotation(10.0) - 40.0).abs() < 1e-3, "{}", layer.rotation(10.0));
    assert!(is_continuous(&layer, 10.0), "{} then {}", layer.rotation(10.0 - 1e-6), layer.rotation(10.0 + 1e-6));
    assert!((layer.speed(10.0 + 1e-6, 1.0) - -40.0).abs() < 0.5, "{}", layer.speed(10.0 + 1e-6, 1.0));
    assert!(layer.rotation(11.0).abs() < 1e-6);
}

#[test]
fn one_that_stands_at_its_beginning_leaves_changes_to_the_transition() {
    let show = json!([turned("show", 200.0)]);
    let mut layer = eased("linear");
    layer.stand(0.0, &show, &[paused(0.0, 0.0)]);
    layer.turn(1.0, 80.0);
    assert!((layer.rotation(2.0) - 40.0).abs() < 1e-6, "{}", layer.rotation(2.0));
    // It goes on from there when it is played.
    layer.stand(2.0, &show, &[playing(2.0, 0.0, 1.0)]);
    assert!((layer.rotation(2.0) - 40.0).abs() < 1e-6, "{}", layer.rotation(2.0));
    assert!((layer.rotation(3.0) - 200.0).abs() < 1e-6);
    // While it has hold of the property it alone decides, and when it lets go that is smoothed.
    layer.turn(4.0, 0.0);
    assert!((layer.rotation(5.0) - 200.0).abs() < 1e-6);
    layer.stand(6.0, &show, &[None]);
    assert!((layer.rotation(7.0) - 100.0).abs() < 1e-6);
    assert!(layer.rotation(8.0).abs() < 1e-6);
}

#[test]
fn one_that_is_cancelled_over_another_leaves_it_the_property_without_a_jump() {
    let shows = json!([turned("below", 40.0), turned("above", 100.0)]);
    let mut layer = eased("linear");
    layer.stand(0.0, &shows, &[playing(0.0, 0.0, 1.0), None]);
    layer.stand(2.0, &shows, &[playing(0.0, 0.0, 1.0), playing(2.0, 0.0, 1.0)]);
    assert!((layer.rotation(4.0) - 100.0).abs() < 1e-6);
    layer.stand(4.0, &shows, &[playing(0.0, 0.0, 1.0), None]);
    assert!((layer.rotation(4.0) - 100.0).abs() < 1e-6, "{}", layer.rotation(4.0));
    assert!((layer.rotation(5.0) - 70.0).abs() < 1e-6, "{}", layer.rotation(5.0));
    // So does the last one, while it is still moving; and what is kept goes on.
    let kept = serde_json::to_string(&layer.drifts.left(5.0).collect::<Vec<_>>()).expect("json");
    let mut resumed = layer.clone();
    resumed.playing = Playing::default();
    resumed.drifts = Drifts::resumed(serde_json::from_str(&kept).expect("what was written"));
    resumed.edit(5.0, |_| {});
    for layer in [&mut layer, &mut resumed] {
        assert!((layer.rotation(5.5) - 55.0).abs() < 1e-6, "{}", layer.rotation(5.5));
        layer.stand(5.5, &shows, &[None, None]);
        assert!((layer.rotation(5.5) - 55.0).abs() < 1e-6, "{}", layer.rotation(5.5));
        assert!((layer.speed(5.5, 1.0) - -30.0).abs() < 1.0, "{}", layer.speed(5.5, 1.0));
        assert!(layer.rotation(8.0).abs() < 1e-6);
    }
}

/// A timeline that is turned back to its beginning hides what the layer does by itself, so an edit of that is not seen,
/// and what is seen when it is cancelled is smoothed.
#[test]
fn one_that_is_turned_back_over_an_animation_decides_what_is_smoothed() {
    use super::interruptions::{is_continuous_over, smooth, turned};
    let own = json!({ "property": "transform.rotation", "to": 300, "duration": 4 });
    let next = json!({ "property": "transform.rotation", "to": -80, "duration": 1 });
    let show = json!([turned("show", 90.0, smooth())]);
    // What is authored, another animation, none, and no timeline any more.
    let edits: [&dyn Fn(&mut Layer); 4] = [
        &|layer| layer.turn(1.6, 45.0),
        &|layer| layer.animate(1.6, json!([own, next])),
        &|layer| layer.animate(1.6, json!([])),
        &|layer| layer.stand(1.6, &show, &[None]),
    ];
    for transition in [eased("easeInOutSine"), sprung()] {
        for edit in edits {
            let mut layer = transition.clone();
            layer.animate(0.0, json!([own]));
            layer.stand(0.3, &show, &[playing(0.3, 0.0, 1.0)]);
            layer.stand(0.7, &show, &[playing(0.7, 0.4, -1.0)]);
            is_continuous_over(&mut layer, 1.6, edit);
            // So is what comes next.
            is_continuous_over(&mut layer, 1.9, |layer| layer.stand(1.9, &show, &[None]));
            is_continuous_over(&mut layer, 2.1, |layer| layer.turn(2.1, 10.0));
        }
    }
}

proptest! {
    /// So it is whatever the edits are, and however far the timeline had come.
    #[test]
    fn no_edit_beneath_one_that_is_turned_back_makes_a_jump(
        mut layer in any_layer(),
        edits in any_edits(),
        far in 0.05..0.9,
    ) {
        let show = json!([turned("show", 90.0)]);
        let own = json!({ "property": "transform.rotation", "to": 300, "duration": 2, "repeat": "forever", "pingPong": true });
        layer.animate(0.0, json!([own]));
        layer.stand(0.3, &show, &[playing(0.3, 0.0, 1.0)]);
        layer.stand(0.3 + far, &show, &[playing(0.3 + far, far, -1.0)]);
        let mut now = 0.4 + 2.0 * far;
        for (pause, edit) in edits {
            now += pause;
            let value = layer.rotation(now);
            match edit {
                Ok(rotation) => layer.turn(now, rotation),
                Err(animations) => layer.animate(now, animations),
            }
            prop_assert!((layer.rotation(now) - value).abs() < 1e-6, "{} after {} at {}", layer.rotation(now), value, now);
        }
        let value = layer.rotation(now + 0.1);
        layer.stand(now + 0.1, &show, &[None]);
        prop_assert!((layer.rotation(now + 0.1) - value).abs() < 1e-6, "{} after {}", layer.rotation(now + 0.1), value);
    }
}
