//! Properties of layers, their motion, and layers added.

use fantoccini::key::Key;
use serde_json::json;

use crate::*;

#[test]
fn properties_are_edited_and_layers_added() {
    let service = start(&[]);
    let page = open(&service);
    page.click(&row("blue"));
    page.wait("document.getElementById('field-opacity')");
    // Opacity: to the left end, as a finger or a key does.
    page.run("document.getElementById('field-opacity').focus();");
    page.keys(&char::from(Key::Home).to_string());
    told(&service, "blue", "/opacity", &json!(0.0));
    seen(&service, ON_BLUE, BLACK);
    page.keys(&char::from(Key::End).to_string());
    seen(&service, ON_BLUE, BLUE);
    // Numbers; what is wrong is told at the field and changes nothing.
    page.write("#field-x", "50%");
    told(&service, "blue", "/transform/position/x", &json!("50%"));
    seen(&service, (400, 260), BLUE);
    page.write("#field-y", "nowhere");
    page.wait("document.getElementById('field-y-error').textContent.includes('Expected')");
    page.write("#field-y", "9000000");
    page.wait("document.getElementById('field-y-error').textContent.includes('1000000')");
    told(&service, "blue", "/transform/position/y", &json!(120.0));
    // Text.
    page.click(&row("words"));
    page.wait("document.querySelector('#property-list textarea')");
    page.write("#property-list textarea", "Good evening");
    told(&service, "words", "/content/text", &json!("Good evening"));
    page.write("#field-name", "Greeting");
    page.wait("document.querySelector('.row[data-key=\"words\"] .row-name').textContent === 'Greeting'");
    // Several at once.
    page.click(&row("red"));
    page.click_with(Key::Control, &row("green"));
    page.wait("document.querySelector('.subject').textContent === '2 layers'");
    page.run("document.getElementById('field-opacity').focus();");
    page.keys(&char::from(Key::Home).to_string());
    told(&service, "red", "/opacity", &json!(0.0));
    told(&service, "green", "/opacity", &json!(0.0));
    seen(&service, ON_GREEN, BLACK);
    // Every kind of content that needs no file is added, and shown.
    let count = |service: &Service| service.status()["layerCount"].as_u64().unwrap();
    for (kind, id) in
        [("text", "title"), ("shape", "form"), ("color", "plate"), ("gradient", "sky"), ("group", "folder")]
    {
        let before = count(&service);
        page.click("#add-layer");
        page.wait("document.querySelector('dialog[open]')");
        page.run(&format!("document.querySelector('input[name=kind][value={kind}]').click();"));
        page.write("#new-id", id);
        page.click("dialog .primary");
        page.wait("!document.querySelector('dialog[open]')");
        wait_for("one more layer", PATIENCE, || (count(&service) == before + 1).then_some(()));
        assert_eq!(service.json(&format!("/api/stream/layers/{id}"))["content"]["type"], kind);
    }
    // An id that is taken is refused with the reason.
    page.click("#add-layer");
    page.write("#new-id", "red");
    page.click("dialog .primary");
    page.wait("document.querySelector('dialog .field-error').textContent.includes('red')");
    page.chord(&[Key::Escape.into()]);
    page.wait("!document.querySelector('dialog[open]')");
    // The document itself.
    page.click(&row("red"));
    page.click("#property-list [aria-label='Edit as JSON']");
    page.wait("document.getElementById('source')");
    page.run(
        "const source = document.getElementById('source');\
         source.value = source.value.replace('#ff0000', '#ffffff').replace('\"opacity\": 0', '\"opacity\": 1');",
    );
    page.click("dialog .primary");
    seen(&service, ON_RED, WHITE);
    page.wait("!document.querySelector('dialog[open]')");
    // What somebody else changes while it is open is not lost.
    page.click("#property-list [aria-label='Edit as JSON']");
    page.wait("document.getElementById('source')");
    service.send("PATCH", "/api/stream/layers/red", &json!({ "name": "by another" })).expect(200);
    page.run(
        "const source = document.getElementById('source'); source.value = source.value.replace('#ffffff', '#000000');",
    );
    page.click("dialog .primary");
    page.wait("document.getElementById('source-error').textContent.includes('somebody else')");
    told(&service, "red", "/name", &json!("by another"));
    told(&service, "red", "/content/color", &json!("#ffffff"));
}

#[test]
fn effects_and_animations_are_added_played_and_removed() {
    let service = start(&[]);
    let page = open(&service);
    page.click(&row("green"));
    page.click("details:has(#add-effect) > summary");
    page.choose("#add-effect", "grayscale");
    told(&service, "green", "/effects/0/type", &json!("grayscale"));
    seen(&service, ON_GREEN, [182, 182, 182]);
    page.click("[aria-label='Remove grayscale']");
    seen(&service, ON_GREEN, GREEN);
    // An animation plays when it is added, and holds its end until it is removed.
    page.click("details:has(#add-animation) > summary");
    page.choose("#add-animation", "fadeOut");
    seen(&service, ON_GREEN, BLACK);
    page.click("#animations [title=Remove]");
    seen(&service, ON_GREEN, GREEN);
    page.wait("!document.querySelector('#animations li')");
    // One that is over is played again.
    let keyframes = json!([{ "at": 0, "value": 1 }, { "at": 2, "value": 1 }, { "at": 2.1, "value": 0 }]);
    let animations = json!([{ "property": "opacity", "keyframes": keyframes }]);
    service.send("PATCH", "/api/stream/layers/green", &json!({ "animations": animations })).expect(200);
    seen(&service, ON_GREEN, BLACK);
    page.click("#animations [title='Play again']");
    seen(&service, ON_GREEN, GREEN);
    seen(&service, ON_GREEN, BLACK);
    // One that plays is paused, and goes on.
    let slow = json!([{ "property": "opacity", "from": 1, "to": 0, "duration": 1000 }]);
    service.send("PATCH", "/api/stream/layers/green", &json!({ "animations": slow })).expect(200);
    let state = |state: &str| {
        wait_for(&format!("it to be {state}"), PATIENCE, || {
            let animations = service.json("/api/stream/layers/green/animations");
            (animations["animations"][0]["state"] == state).then_some(())
        });
    };
    page.click("#animations [title=Pause]");
    state("paused");
    page.click("#animations [title=Play]");
    state("playing");
    assert_eq!(page.faults(), "");
}

#[test]
fn files_of_this_machine_become_layers() {
    let service = start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my picture.png");
    image::RgbImage::from_pixel(64, 64, image::Rgb(WHITE)).save(&file).unwrap();
    let page = open(&service);
    page.click("#add-layer");
    page.run("document.querySelector('input[name=kind][value=image]').click();");
    page.attach("#new-file", &file);
    page.wait("document.getElementById('new-asset').value === 'my-picture'");
    page.click("dialog .primary");
    page.wait("!document.querySelector('dialog[open]')");
    // In the middle of the canvas, above all else.
    seen(&service, (320, 180), WHITE);
    assert_eq!(service.json("/api/stream/assets")["assets"][0]["id"], "my-picture");
    // What is no picture is refused, and the dialog says so.
    std::fs::write(&file, "no picture").unwrap();
    page.click("#add-layer");
    page.run("document.querySelector('input[name=kind][value=image]').click();");
    page.attach("#new-file", &file);
    page.wait("document.querySelector('dialog [role=status]').textContent.includes('not taken')");
}
