//! The admin page: everything on it is used as a person would use it, and is seen in the program's picture.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/page.rs"]
mod page;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use fantoccini::key::Key;
use page::Page;
use process::{free_port, wait_for};
use serde_json::{Value, json};
use service::{PATIENCE, Service, project_file};

/// Two boxes, the blue one over a corner of the red one; text; a group; a timeline, a trigger and a tone.
const STAGE: &str = r##"{
    "name": "Stage",
    "canvas": { "width": 640, "height": 360, "background": "#000000" },
    "audio": { "tracks": [{ "id": "tone", "source": { "type": "tone", "frequency": 440 } }] },
    "layers": [
        {
            "id": "red", "transform": { "position": { "x": 40, "y": 40 } },
            "content": { "type": "color", "color": "#ff0000", "size": { "width": 160, "height": 160 } }
        },
        {
            "id": "blue", "transform": { "position": { "x": 120, "y": 120 } },
            "content": { "type": "color", "color": "#0000ff", "size": { "width": 160, "height": 160 } }
        },
        {
            "id": "words", "name": "Words", "transform": { "position": { "x": 360, "y": 40 } },
            "content": { "type": "text", "text": "Hello", "font": { "size": 40 }, "fill": "#ffffff" }
        },
        {
            "id": "box", "name": "Box", "content": { "type": "group" },
            "children": [{
                "id": "green", "transform": { "position": { "x": 440, "y": 200 } },
                "content": { "type": "color", "color": "#00ff00", "size": { "width": 80, "height": 80 } }
            }]
        }
    ],
    "timelines": [{
        "id": "sweep", "autoplay": false,
        "steps": [{ "type": "animate", "layer": "green",
            "animation": { "property": "transform.position.x", "from": 440, "to": 540, "duration": 30 } }]
    }],
    "triggers": [{
        "on": { "type": "event", "name": "whiten" },
        "do": [{ "type": "set", "layer": "green", "patch": { "content": { "color": "#ffffff" } } }]
    }]
}"##;

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const BLACK: [u8; 3] = [0, 0, 0];
const WHITE: [u8; 3] = [255, 255, 255];

/// Where only red is, where red and blue overlap, where only blue is, where green is.
const ON_RED: (u32, u32) = (60, 60);
const ON_BOTH: (u32, u32) = (160, 160);
const ON_BLUE: (u32, u32) = (260, 260);
const ON_GREEN: (u32, u32) = (480, 240);

fn start(variables: &[(&str, &str)]) -> Service {
    let all = [&[("SCENE", "stage.jsonc"), ("STREAM_RESOLUTION", "640x360"), ("TARGET_FPS", "15")], variables].concat();
    Service::start(&all, &[("stage.jsonc", STAGE)])
}

fn open(service: &Service) -> Page {
    let page = Page::open(&service.url("/"));
    page.wait("document.body.dataset.connection === 'open'");
    page
}

/// Waits until the program's picture has this colour at a place.
#[track_caller]
fn seen(service: &Service, (x, y): (u32, u32), color: [u8; 3]) {
    wait_for(&format!("{color:?} at {x}, {y}"), PATIENCE, || {
        let (_, picture) = service.picture();
        let found = picture.get_pixel(x, y).0;
        (0..3).all(|channel| found[channel].abs_diff(color[channel]) < 12).then_some(())
    });
}

/// Waits until what the API tells of a layer has this value.
#[track_caller]
fn told(service: &Service, layer: &str, pointer: &str, value: &Value) {
    wait_for(&format!("{layer}{pointer} to be {value}"), PATIENCE, || {
        let layer = service.get(&format!("/api/stream/layers/{layer}"));
        (layer.status == 200 && layer.json().pointer(pointer) == Some(value)).then_some(())
    });
}

/// The ids of the layers in document order.
fn order(service: &Service) -> Vec<String> {
    let layers = service.json("/api/stream/layers");
    let ids = layers["layers"].as_array().unwrap().iter().map(|layer| layer["id"].as_str().unwrap().to_owned());
    ids.collect()
}

fn row(id: &str) -> String {
    format!(".row[data-key=\"{id}\"]")
}

/// The pixel of the preview at a place of the canvas.
fn previewed(page: &Page, (x, y): (u32, u32)) -> Value {
    page.run(&format!(
        "const preview = document.getElementById('preview'); const scale = preview.width / 640;\
         return [...preview.getContext('2d').getImageData({x} * scale, {y} * scale, 1, 1).data].slice(0, 3);"
    ))
}

#[track_caller]
fn shown(page: &Page, place: (u32, u32), color: [u8; 3]) {
    wait_for(&format!("{color:?} at {place:?} in the preview"), PATIENCE, || {
        let found = previewed(page, place);
        (0..3).all(|channel| (found[channel].as_i64().unwrap() - i64::from(color[channel])).abs() < 24).then_some(())
    });
}

#[test]
fn it_shows_the_stream_and_comes_back_when_the_connection_was_lost() {
    let port = free_port().to_string();
    let service = start(&[("PORT", &port)]);
    let page = open(&service);
    page.wait("document.title.startsWith('Stage')");
    page.wait("document.getElementById('on-air').dataset.state === 'live'");
    assert_eq!(
        page.run("return [...document.querySelectorAll('.row')].map((row) => row.dataset.key);"),
        json!(["box", "green", "words", "blue", "red"]),
        "the nearest to the viewer first"
    );
    shown(&page, ON_RED, RED);
    shown(&page, ON_BOTH, BLUE);
    page.wait("parseFloat(document.querySelector('#figure-fps .number').textContent) > 5");
    page.wait("document.querySelector('#figure-layer-count .number').textContent === '5'");
    page.wait("document.querySelector('#figure-fps polyline').getAttribute('points')");

    // What others change is seen here, in the tree and in the picture.
    service.send("PATCH", "/api/stream/layers/red", &json!({ "name": "<b>Bricks</b>", "visible": false })).expect(200);
    page.wait("document.querySelector('.row[data-key=\"red\"] .row-name').textContent === '<b>Bricks</b>'");
    page.wait("document.querySelector('.row[data-key=\"red\"]').hasAttribute('data-hidden')");
    shown(&page, ON_RED, BLACK);
    page.choose("#preview-width", "320");
    page.wait("document.getElementById('preview').width === 320");
    assert_eq!(page.faults(), "", "neither a script nor the policy complains");

    drop(service);
    page.wait("document.body.dataset.connection === 'lost'");
    page.wait("document.querySelector('.veil').checkVisibility()");
    let service = start(&[("PORT", &port)]);
    page.wait("document.body.dataset.connection === 'open'");
    service.send("PATCH", "/api/stream/layers/red", &json!({ "name": "Again" })).expect(200);
    page.wait("document.querySelector('.row[data-key=\"red\"] .row-name').textContent === 'Again'");
    shown(&page, ON_RED, RED);
}

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
    let position = service.json("/api/stream/layers/red")["transform"]["position"].clone();
    assert!((position["x"].as_f64().unwrap() - 120.0).abs() < 2.5, "{position}");
    assert!((position["y"].as_f64().unwrap() - 80.0).abs() < 2.5, "{position}");
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
    page.run(
        "const source = document.getElementById('source');\
         source.value = source.value.replace('#ff0000', '#ffffff').replace('\"opacity\": 0', '\"opacity\": 1');",
    );
    page.click("dialog .primary");
    seen(&service, ON_RED, WHITE);
}

#[test]
fn the_show_and_the_service_are_steered() {
    let service = start(&[]);
    let page = open(&service);
    let transport = |state: &str| {
        wait_for(&format!("the stream to be {state}"), PATIENCE, || (service.status()["state"] == state).then_some(()));
        page.wait(&format!("document.getElementById('on-air').dataset.state === '{state}'"));
    };
    service.send("POST", "/api/stream/timelines/sweep/play", &Value::Null).expect(200);
    page.click("#hold");
    transport("paused");
    // One frame on, and no more.
    let position = || service.json("/api/stream/timelines")["timelines"][0]["position"].as_f64().unwrap();
    service.wait_for_frames(3);
    let before = position();
    page.click("#step");
    wait_for("a step", PATIENCE, || (position() > before).then_some(()));
    service.wait_for_frames(3);
    assert!((position() - before - 1.0 / 15.0).abs() < 1e-6, "from {before} to {}", position());
    page.keys("k");
    transport("live");
    service.send("POST", "/api/stream/timelines/sweep/cancel", &Value::Null).expect(200);
    page.click("#air");
    page.click("#air");
    transport("stopped");
    page.click("#air");
    transport("live");
    // Motion: a timeline, and an event that a trigger waits for.
    page.click("#tab-timelines");
    page.click("#timeline-sweep [data-verb=play]");
    page.wait("document.querySelector('#timeline-sweep .pill').textContent === 'Playing'");
    page.click("#timeline-sweep [data-verb=pause]");
    wait_for("it to stand still", PATIENCE, || {
        (service.json("/api/stream/timelines")["timelines"][0]["state"] == "paused").then_some(())
    });
    page.click("#timeline-sweep [data-verb=cancel]");
    page.wait("document.querySelector('#timeline-sweep .pill').textContent === 'Idle'");
    page.click("#panel-timelines .chip");
    seen(&service, ON_GREEN, WHITE);
    // Sound.
    page.click("#tab-sound");
    page.click("#track-tone [role=switch]");
    wait_for("silence", PATIENCE, || (service.json("/api/stream/audio/tracks/tone")["muted"] == true).then_some(()));
    // Outputs.
    page.click("#tab-outputs");
    page.wait("document.querySelector('#output-live .pill')?.dataset.state === 'started'");
    // Settings: one that can be changed, one that cannot, and a value that is refused.
    page.click("#tab-settings");
    page.write("[id='setting-max_layers']", "77");
    wait_for("the setting", PATIENCE, || (service.json("/api/config")["values"]["max_layers"] == 77).then_some(()));
    page.write("[id='setting-max_layers']", "many");
    page.wait("document.getElementById('setting-max_layers-error').textContent.includes('1000')");
    page.wait("document.getElementById('setting-port').tagName === 'OUTPUT'");
    // The log has it all.
    page.click("#tab-log");
    for words in ["Paused", "Off air", "Event fired: whiten", "Settings changed", "Mute tone"] {
        page.wait(&format!("document.querySelector('.log').textContent.includes({words:?})"));
    }
}

#[test]
fn a_token_is_asked_for_and_kept_for_the_tab() {
    let token = "a-token-of-many-characters";
    let service = Service::launch(
        &[("SCENE", "stage.jsonc"), ("STREAM_RESOLUTION", "640x360"), ("API_TOKEN", token)],
        &[("stage.jsonc", STAGE)],
    );
    let port: u16 = wait_for("the service to say where it listens", PATIENCE, || {
        let log = service.log();
        let (_, rest) = log.split_once("listens on http://127.0.0.1:")?;
        rest.split('/').next()?.parse().ok()
    });
    let page = Page::open(&format!("http://127.0.0.1:{port}/"));
    page.wait("document.getElementById('token')");
    assert_eq!(page.run("return document.querySelectorAll('.row').length;"), 0, "nothing is shown without a token");
    page.write("#token", "a-token-that-is-another");
    page.click("dialog .primary");
    page.wait("document.getElementById('token-error').textContent !== ''");
    page.write("#token", token);
    page.click("dialog .primary");
    page.wait("document.body.dataset.connection === 'open'");
    shown(&page, ON_RED, RED);
    page.go(&format!("http://127.0.0.1:{port}/"));
    page.wait("document.body.dataset.connection === 'open'");
    assert_eq!(page.run("return localStorage.length + document.cookie.length;"), 0);
}

/// Pictures of the page for people to look at; and what can be measured of its looks.
#[test]
fn it_fits_large_and_small_screens_in_both_themes() {
    let scene = project_file("scenes/demo/scene.jsonc");
    let variables = [("SCENE", scene.to_str().unwrap()), ("STREAM_RESOLUTION", "1280x720"), ("TARGET_FPS", "10")];
    let service = Service::start(&variables, &[]);
    let page = open(&service);
    page.click(&row("title"));
    page.click("#tab-outputs");
    page.choose("#preview-width", "960");
    page.wait("document.getElementById('preview').width === 960");
    for theme in ["dark", "light"] {
        page.theme(theme);
        page.size(1440, 900);
        page.screenshot(&format!("desktop-{theme}.png"));
        page.size(820, 1180);
        page.screenshot(&format!("tablet-{theme}.png"));
    }
    page.size(360, 740);
    for theme in ["light", "dark"] {
        page.theme(theme);
        for place in ["layers", "properties", "scenes", "timelines", "sound", "outputs", "log", "settings"] {
            page.run(&format!("document.getElementById('tab-{place}').click();"));
            page.screenshot(&format!("phone-{theme}-{place}.png"));
            let wider = page.run("return document.documentElement.scrollWidth - innerWidth;");
            assert_eq!(wider, 0, "{place} is wider than a phone");
            let cut = page.run(
                "return [...document.querySelectorAll('main button, main select, header button')]\
                 .filter((control) => control.checkVisibility() && !control.closest('.tabs'))\
                 .filter((control) => control.getBoundingClientRect().right > innerWidth + 0.5)\
                 .map((control) => control.outerHTML);",
            );
            assert_eq!(cut, json!([]), "{place} has controls beyond the edge");
        }
    }
    // Everything that can be used has a name.
    let nameless = page.run(
        "return [...document.querySelectorAll('button, a, input, select, textarea, [role=treeitem]')]\
         .filter((control) => control.checkVisibility() && !control.textContent.trim() && !control.ariaLabel\
           && !control.title && !control.labels?.length)\
         .map((control) => control.outerHTML);",
    );
    assert_eq!(nameless, json!([]));
    page.wait("document.querySelectorAll('.row').length === 48");
    assert_eq!(page.faults(), "");
    let (_, picture) = service.picture();
    assert_ne!(picture.get_pixel(640, 360).0, BLACK);
}
