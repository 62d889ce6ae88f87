//! Files that are written anew while the service runs: scenes become what they say without a break, settings change, and
//! what is broken is told and changes nothing.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;
#[path = "support/service.rs"]
mod service;

use client::Client;
use process::wait_for;
use serde_json::{Value, json};
use service::{PATIENCE, Service};

/// A white bar, 4 pixels wide, that moves to the right by 2 pixels a frame for ten minutes, and a box of some colour.
fn scene(color: &str, more: &str) -> String {
    format!(
        r##"{{
    "canvas": {{ "width": 320, "height": 180, "background": "#000000" }},
    "layers": [
        {{
            "id": "bar",
            "content": {{ "type": "color", "color": "#ffffff", "size": {{ "width": 4, "height": 100 }} }},
            "animations": [{{
                "property": "transform.position.x", "from": 0, "to": 304, "duration": 5.066666666666666,
                "repeat": "forever",
            }}],
        }},
        {{
            "id": "box",
            "transform": {{ "position": {{ "x": 0, "y": 120 }} }},
            "content": {{ "type": "color", "color": "{color}", "size": {{ "width": 40, "height": 40 }} }},
        }},
        {more}
    ],
}}"##
    )
}

fn start(files: &[(&str, &str)]) -> Service {
    Service::start(&[("SCENE", "scene.jsonc"), ("STREAM_RESOLUTION", "320x180")], files)
}

fn bar(picture: &image::RgbImage) -> i64 {
    (0..320).find(|x| picture.get_pixel(*x, 50).0[0] > 127).expect("the bar is in the picture").into()
}

/// Replaces the file as an editor does.
fn save(service: &Service, name: &str, text: &str) {
    let folder = service.folder.path();
    std::fs::write(folder.join("new~"), text).unwrap();
    std::fs::rename(folder.join("new~"), folder.join(name)).unwrap();
}

#[test]
fn a_saved_scene_is_shown_and_what_stayed_the_same_goes_on() {
    let service = start(&[("scene.jsonc", &scene("#ff0000", ""))]);
    let mut client = Client::connect(service.port);
    wait_for("the bar to be under way", PATIENCE, || (bar(&service.picture().1) > 40).then_some(()));

    save(&service, "scene.jsonc", &scene("#00ff00", r#"{ "id": "new", "content": { "type": "group" } },"#));
    let update = client.next_of("layerUpdate");
    let ids: Vec<&Value> = update["changes"].as_array().unwrap().iter().map(|change| &change["op"]).collect();
    assert_eq!(ids, ["placed", "changed"], "only what differs is told: {update}");
    let tick = update["tick"].as_u64().unwrap();
    let (shown, picture) = service.picture();
    assert!(shown >= tick);
    assert_eq!(picture.get_pixel(20, 140).0, [0, 255, 0]);
    // Begun anew, the bar would stand at the left.
    let age = i64::try_from(shown - tick).unwrap();
    assert!(bar(&picture) > 40 || age > 100, "the bar stands at {} {age} frames later", bar(&picture));

    // A broken file is told, with all that is wrong, and the scene goes on.
    save(&service, "scene.jsonc", &scene("#12345", r#"{ "id": "x", "contend": {} },"#));
    let told = client.next_of("error");
    for words in ["scene.jsonc", "/layers/1/content/color", "/layers/2/contend"] {
        assert!(told["detail"].as_str().unwrap().contains(words), "no `{words}` in {told}");
    }
    assert_eq!(service.picture().1.get_pixel(20, 140).0, [0, 255, 0]);
    std::fs::remove_file(service.folder.path().join("scene.jsonc")).unwrap();
    assert!(client.next_of("error")["detail"].as_str().unwrap().contains("there is no such file"));

    // It is told for as long as it is so: to those who come later, too.
    save(&service, "scene.jsonc", "{");
    wait_for("the fault", PATIENCE, || {
        let status = service.status();
        let fault = status["fileFaults"][0]["fault"].as_str();
        fault.is_some_and(|fault| !fault.contains("no such file")).then_some(())
    });
    let file = |client: &mut Client| loop {
        let event = client.next_of("streamEvent");
        if event["event"] == "file" {
            break event;
        }
    };
    let told = file(&mut Client::connect_with(service.port, ""));
    assert!(told["fault"].as_str().unwrap().contains("the scene `scene` stays as it is"), "{told}");
    assert!(service.get("/metrics").text().contains("\nfile_faults 1\n"));
    // The text that is in force already is as good as any.
    save(&service, "scene.jsonc", &scene("#00ff00", r#"{ "id": "new", "content": { "type": "group" } },"#));
    wait_for("no fault", PATIENCE, || service.status()["fileFaults"].as_array().unwrap().is_empty().then_some(()));
    while !file(&mut client)["fault"].is_null() {}

    // What was edited by hand gives way to what has changed in the file, and to nothing else.
    let patch = json!({ "content": { "color": "#0000ff" } });
    service.send("PATCH", "/api/stream/layers/box", &patch).expect(200);
    service.send("PATCH", "/api/stream/layers/bar", &json!({ "opacity": 0.75 })).expect(200);
    let added = json!({ "id": "added", "content": { "type": "group" } });
    service.send("POST", "/api/stream/layers", &added).expect(201);
    save(&service, "scene.jsonc", &scene("#ffff00", ""));
    wait_for("the mended scene", PATIENCE, || {
        (service.picture().1.get_pixel(20, 140).0 == [255, 255, 0]).then_some(())
    });
    assert_eq!(service.get("/api/stream/layers/new").status, 404);
    assert_eq!(service.json("/api/stream/layers/bar")["opacity"], 0.75);
    assert_eq!(service.get("/api/stream/layers/added").status, 200);
}

/// What was edited meanwhile gives way only where it does not go with the file, and where there would be too many layers
/// the file waits.
#[test]
fn a_saved_scene_takes_no_edits_away_that_go_with_it() {
    let group = r#"{ "id": "group", "content": { "type": "group" } },"#;
    let files = [("scene.jsonc", scene("#ff0000", group)), ("stream-manager.toml", "max_layers = 6\n".to_owned())];
    let service = start(&[(files[0].0, files[0].1.as_str()), (files[1].0, files[1].1.as_str())]);
    let mut client = Client::connect(service.port);
    let plain = |id: &str| json!({ "id": id, "visible": false, "content": { "type": "color", "color": "#00ffff" } });
    service.send("PATCH", "/api/stream/layers/bar", &json!({ "opacity": 0.75 })).expect(200);
    service.send("POST", "/api/stream/layers", &plain("kept")).expect(201);
    service.send("POST", "/api/stream/layers?parent=group", &plain("inside")).expect(201);

    // The group goes, and with it alone what was put into it.
    save(&service, "scene.jsonc", &scene("#00ff00", ""));
    let told = client.next_of("error");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("the layer `inside`") && !detail.contains("kept") && !detail.contains("`bar`"), "{told}");
    service.wait_for_log("the layer `inside`");
    assert_eq!(service.picture().1.get_pixel(20, 140).0, [0, 255, 0]);
    assert_eq!(service.json("/api/stream/layers/bar")["opacity"], 0.75);
    service.get("/api/stream/layers/kept").expect(200);
    for gone in ["group", "inside"] {
        service.get(&format!("/api/stream/layers/{gone}")).expect(404);
    }

    // Six layers may be: two of the file, one that was added, and four more in the file are one too many.
    let more: String =
        (0..4).map(|n| format!(r#"{{ "id": "more-{n}", "content": {{ "type": "group" }} }},"#)).collect();
    save(&service, "scene.jsonc", &scene("#0000ff", &more));
    let told = client.next_of("error");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("MAX_LAYERS allows 6") && detail.contains("have 7"), "{told}");
    assert_eq!(service.picture().1.get_pixel(20, 140).0, [0, 255, 0], "the scene stays as it is");
    service.get("/api/stream/layers/kept").expect(200);
    // With room for them the file is taken over as a whole when it is saved the next time, though it is the same.
    service.send("PATCH", "/api/config", &json!({ "max_layers": 7 })).expect(200);
    save(&service, "scene.jsonc", &scene("#0000ff", &more));
    wait_for("the scene of the file", PATIENCE, || {
        (service.picture().1.get_pixel(20, 140).0 == [0, 0, 255]).then_some(())
    });
    for there in ["kept", "more-0", "more-3"] {
        service.get(&format!("/api/stream/layers/{there}")).expect(200);
    }
    assert_eq!(service.json("/api/stream/layers/bar")["opacity"], 0.75);
}

/// Layers stay in the order that they were given over the API where the file gets more of them; where it gives them another
/// one, it has it, and that is told.
#[test]
fn a_saved_scene_leaves_layers_in_their_order_unless_it_gives_them_another() {
    let layer = |id: &str| json!({ "id": id, "content": { "type": "group" } });
    let scene = |ids: &[&str]| {
        json!({ "canvas": { "width": 320, "height": 180 }, "layers": ids.iter().map(|id| layer(id)).collect::<Vec<_>>() })
            .to_string()
    };
    let service = start(&[("scene.jsonc", &scene(&["a", "t"]))]);
    let ids = || -> Vec<String> {
        let layers = service.json("/api/stream/layers")["layers"].clone();
        layers.as_array().unwrap().iter().map(|layer| layer["id"].as_str().unwrap().to_owned()).collect()
    };
    service.send("POST", "/api/stream/layers/order", &json!({ "order": ["t", "a"] })).expect(200);
    service.send("POST", "/api/stream/layers", &layer("x")).expect(201);
    save(&service, "scene.jsonc", &scene(&["a", "t", "new"]));
    wait_for("the new layer", PATIENCE, || (ids().len() == 4).then_some(()));
    assert_eq!(ids(), ["t", "a", "x", "new"]);
    assert!(!service.log().contains("gives way"));

    service.send("POST", "/api/stream/layers/order", &json!({ "order": ["x", "new", "t", "a"] })).expect(200);
    save(&service, "scene.jsonc", &scene(&["new", "a", "t"]));
    service.wait_for_log("the order of the layers");
    assert_eq!(ids(), ["x", "new", "a", "t"]);
}

#[test]
fn saved_settings_take_effect_as_far_as_they_can() {
    let settings = "max_layers = 20\n[muxer]\nretry_delay = \"2s\"\n";
    let service = start(&[("scene.jsonc", &scene("#ff0000", "")), ("stream-manager.toml", settings)]);
    let mut client = Client::connect(service.port);
    let values = || service.json("/api/config")["values"].clone();
    assert_eq!(values()["max_layers"], 20);

    save(&service, "stream-manager.toml", &settings.replace("20", "30").replace("2s", "3s"));
    let told = loop {
        let event = client.next_of("streamEvent");
        if event["event"] == "configuration" {
            break event;
        }
    };
    assert_eq!(told["values"], json!({ "max_layers": 30 }));
    assert_eq!(values()["max_layers"], 30);
    assert_eq!(values()["muxer"]["retry_delay"], "2s", "what is read at start only is shown as it is in force");
    service.wait_for_log("`muxer.retry_delay` changed");
    let faults = || service.status()["fileFaults"].clone();
    let later = faults();
    assert_eq!(later[0]["file"], "stream-manager.toml");
    assert!(later[0]["fault"].as_str().unwrap().contains("start the service anew"), "{later}");

    // What was changed while running goes before the file.
    let answer = service.send("PATCH", "/api/config", &json!({ "max_layers": 25 })).expect(200);
    assert_eq!(answer.json()["changed"], json!({ "max_layers": 25 }));
    assert_eq!(values()["muxer"]["retry_delay"], "2s", "no other change takes it over");
    for (broken, words) in
        [("max_layers = many", "max_layers"), ("max_layers = 0", "1 to 1000"), ("max_layer = 3", "max_layers")]
    {
        save(&service, "stream-manager.toml", broken);
        let told = client.next_of("error");
        assert!(told["detail"].as_str().unwrap().contains(words), "no `{words}` in {told}");
    }
    // Fewer layers than there are.
    service.send("PATCH", "/api/config", &json!({ "max_layers": null })).expect(200);
    save(&service, "stream-manager.toml", "max_layers = 1\n");
    let told = client.next_of("error");
    assert!(told["detail"].as_str().unwrap().contains("at least `2`"), "{told}");
    assert_eq!(values()["max_layers"], 30);
}
