//! Layers steered in the tree and in the preview: by mouse, by keyboard, by finger.

use fantoccini::key::Key;
use serde_json::json;

use crate::*;

#[test]
fn layers_are_steered_by_mouse() {
    let service = start(&[]);
    let page = open(&service);
    // Visibility.
    page.click(&row("blue"));
    page.click(&format!("{} .eye", row("blue")));
    told(&service, "blue", "/visible", &json!(false));
    seen(&service, ON_BLUE, BLACK);
    page.click(&format!("{} .eye", row("blue")));
    seen(&service, ON_BLUE, BLUE);
    // Order: red is dropped above blue.
    page.drag(page.point(&row("red"), 0.4, 0.5), page.point(&row("blue"), 0.4, 0.1));
    seen(&service, ON_BOTH, RED);
    assert_eq!(order(&service), ["blue", "red", "words", "box"]);
    // Into the group.
    page.drag(page.point(&row("words"), 0.4, 0.5), page.point(&row("box"), 0.4, 0.5));
    wait_for("words in the box", PATIENCE, || (order(&service) == ["blue", "red", "box"]).then_some(()));
    page.wait("document.querySelector('.row[data-key=\"words\"]').ariaLevel === '2'");
    // Position: the red box is dragged in the preview by 80 and 40 pixels of the canvas.
    let (left, top) = page.point("#overlay", 60.0 / 640.0, 60.0 / 360.0);
    let (right, bottom) = page.point("#overlay", 140.0 / 640.0, 100.0 / 360.0);
    page.drag((left, top), (right, bottom));
    seen(&service, ON_RED, BLACK);
    wait_for("red to be where it was dropped", PATIENCE, || {
        let position = service.json("/api/stream/layers/red")["transform"]["position"].clone();
        let is_at = |axis: &str, place: f64| (position[axis].as_f64().unwrap() - place).abs() < 2.5;
        (is_at("x", 120.0) && is_at("y", 80.0)).then_some(())
    });
    page.wait("document.querySelector('.row[data-key=\"red\"]').ariaSelected === 'true'");
    // All of it is taken back, step by step.
    page.click("#tools button:nth-child(1)");
    told(&service, "red", "/transform/position", &json!({ "x": 40.0, "y": 40.0 }));
    page.click("#tools button:nth-child(1)");
    wait_for("words out of the box", PATIENCE, || (order(&service).len() == 4).then_some(()));
    page.click("#tools button:nth-child(1)");
    seen(&service, ON_BOTH, BLUE);
    assert_eq!(order(&service), ["red", "blue", "words", "box"]);
    page.click("#tools button:nth-child(2)");
    seen(&service, ON_BOTH, RED);
    assert_eq!(page.faults(), "");
}

#[test]
fn layers_are_steered_by_keyboard() {
    let service = start(&[]);
    let page = open(&service);
    page.wait("document.querySelectorAll('.row').length === 5");
    let [up, down, left, right] = [Key::Up, Key::Down, Key::Left, Key::Right].map(char::from);
    let (alt, shift, control) = (Key::Alt.into(), Key::Shift.into(), Key::Control.into());
    page.keys("l");
    page.wait("document.activeElement.dataset.key === 'box'");
    // Down past the folded group to blue; hide and show.
    page.keys(&left.to_string());
    page.wait("document.querySelectorAll('.row').length === 4");
    page.keys(&format!("{down}{down}"));
    page.wait("document.activeElement.dataset.key === 'blue'");
    page.keys("h");
    seen(&service, ON_BLUE, BLACK);
    page.keys("h");
    seen(&service, ON_BLUE, BLUE);
    // Farther away: below red.
    page.chord(&[alt, down]);
    seen(&service, ON_BOTH, RED);
    page.wait("document.activeElement.dataset.key === 'blue'");
    page.chord(&[alt, up]);
    seen(&service, ON_BOTH, BLUE);
    // Both at once: hidden in one frame, by one edit.
    page.chord(&[shift, down]);
    page.wait("document.querySelectorAll('.row[aria-selected=\"true\"]').length === 2");
    let seq = |service: &Service| service.json("/api/stream/layers")["seq"].as_u64().unwrap();
    let before = seq(&service);
    page.keys("h");
    seen(&service, ON_RED, BLACK);
    seen(&service, ON_BLUE, BLACK);
    assert_eq!(seq(&service), before + 1, "one diff hid both");
    page.chord(&[control, 'z']);
    seen(&service, ON_RED, RED);
    // Moved by pixels in the preview, both of them.
    page.run("document.getElementById('overlay').focus();");
    page.chord(&[shift, right]);
    told(&service, "red", "/transform/position/x", &json!(50.0));
    told(&service, "blue", "/transform/position/x", &json!(130.0));
    // Duplicated, deleted, brought back.
    page.keys("l");
    page.chord(&[control, 'd']);
    wait_for("copies", PATIENCE, || (order(&service).len() == 6).then_some(()));
    page.wait("document.querySelectorAll('.row[aria-selected=\"true\"]').length === 2");
    page.click(&row("red"));
    page.keys(&char::from(Key::Delete).to_string());
    wait_for("red to be gone", PATIENCE, || (!order(&service).contains(&"red".to_owned())).then_some(()));
    page.chord(&[control, 'z']);
    wait_for("red to be back", PATIENCE, || (order(&service).first().is_some_and(|id| id == "red")).then_some(()));
    // Into the group above and out of it again: the group is unfolded for that.
    page.click(&row("words"));
    page.chord(&[alt, right]);
    wait_for("words in the box", PATIENCE, || (!order(&service).contains(&"words".to_owned())).then_some(()));
    page.chord(&[alt, left]);
    wait_for("words out of the box", PATIENCE, || (order(&service).contains(&"words".to_owned())).then_some(()));
    assert_eq!(page.faults(), "");
}

#[test]
fn layers_are_steered_by_finger() {
    let service = start(&[]);
    let page = open(&service);
    page.size(360, 740);
    page.wait("document.querySelector('.grip').checkVisibility()");
    // A row is dragged by its grip; elsewhere a finger scrolls.
    page.swipe(page.point(&row("red"), 0.4, 0.5), page.point(&row("blue"), 0.4, 0.1));
    page.swipe(page.point(&format!("{} .grip", row("red")), 0.5, 0.5), page.point(&row("blue"), 0.5, 0.1));
    seen(&service, ON_BOTH, RED);
    assert_eq!(order(&service), ["blue", "red", "words", "box"]);
    // What is selected is moved in the preview.
    page.swipe(
        page.point("#overlay", 60.0 / 640.0, 60.0 / 360.0),
        page.point("#overlay", 140.0 / 640.0, 100.0 / 360.0),
    );
    seen(&service, ON_RED, BLACK);
    page.click(&format!("{} .eye", row("red")));
    seen(&service, ON_BOTH, BLUE);
    // The other places are one touch away.
    page.click("#tab-properties");
    page.wait("document.querySelector('.subject').checkVisibility()");
    page.write("#field-name", "Brick");
    told(&service, "red", "/name", &json!("Brick"));
    assert_eq!(page.faults(), "");
}
