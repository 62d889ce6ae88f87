//! What of the quality makes a difference to a picture.

use components::Edit;
use serde_json::{Value, json};
use systems::{QualityStakes, RenderQuality};

use crate::stage::*;

fn stakes(stage: &Stage) -> (bool, bool) {
    let QualityStakes { effects, sampling } = stage.compositor.quality_stakes();
    (effects, sampling)
}

fn with(mut layer: Value, more: Value) -> Value {
    more.as_object().unwrap().iter().for_each(|(key, value)| layer[key] = value.clone());
    layer
}

/// Only what is seen counts, and of it only what is drawn another way at another quality.
#[test]
fn effects_and_sampling_are_at_stake_where_layers_have_them() {
    let plain = || block("plain", "#f00", (10, 10), (40, 30));
    let stage = |more: Value| Stage::with(json!([with(plain(), more)]));
    let blurred = json!([{ "type": "blur", "radius": 4 }]);
    assert_eq!(stakes(&stage(json!({}))), (false, false), "it stands pixel on pixel");
    assert_eq!(stakes(&stage(json!({ "effects": blurred }))), (true, false));
    assert_eq!(stakes(&stage(json!({ "effects": blurred, "visible": false }))), (false, false), "it is not seen");
    let group = json!([{ "id": "group", "content": { "type": "group" }, "effects": blurred, "children": [plain()] }]);
    assert_eq!(stakes(&Stage::with(group)), (true, false), "those of groups count too");
    let turned = json!({ "transform": { "position": { "x": 40, "y": 40 }, "rotation": 20 } });
    assert_eq!(stakes(&stage(turned)), (false, true));
    let moving = json!({ "animations": [{ "property": "transform.position", "from": { "x": 0, "y": 0 },
        "to": { "x": 50, "y": 0 }, "duration": 1 }] });
    let mut moving = stage(moving);
    moving.tick();
    assert_eq!(stakes(&moving), (false, true));
}

#[test]
fn everything_is_at_stake_during_a_transition() {
    let mut stage = Stage::with(json!([block("red", "#f00", (10, 10), (40, 30))]));
    let scene = Box::new(document(json!([block("green", "#0f0", (10, 10), (40, 30))])));
    let id = components::SceneId::new("green").unwrap();
    let transition = serde_json::from_value(json!({ "type": "fade", "duration": 1 })).unwrap();
    stage
        .edit(vec![Edit::PutScene { id: id.clone(), scene }, Edit::ActivateScene { id, transition: Some(transition) }]);
    stage.tick();
    assert_eq!(stakes(&stage), (true, true));
}

#[test]
fn what_is_not_at_stake_tells_no_qualities_apart() {
    let high = RenderQuality::default();
    for (effects, sampling) in [(false, false), (false, true), (true, false), (true, true)] {
        let stakes = QualityStakes { effects, sampling };
        let low = systems::Quality::Low;
        assert_eq!(stakes.tell_apart(high, RenderQuality { effects: low, ..high }), effects);
        assert_eq!(stakes.tell_apart(high, RenderQuality { sampling: low, ..high }), sampling);
        assert!(!stakes.tell_apart(high, high));
    }
}
