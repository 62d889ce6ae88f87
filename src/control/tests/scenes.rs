use serde_json::json;

use super::{websocket::Client, *};

/// A picture of one white pixel.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(1, 1, image::Rgba([255; 4])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The present picture and its tick.
fn frame(service: &Service) -> (u64, image::RgbImage) {
    let answer = service.get("/stream/frame").expect(200);
    (answer.tick(), image::load_from_memory(&answer.body).unwrap().to_rgb8())
}

fn green() -> Value {
    let size = json!({ "width": WIDTH, "height": HEIGHT });
    json!({
        "name": "All green",
        "canvas": { "width": WIDTH, "height": HEIGHT },
        "layers": [{ "id": "all", "content": { "type": "color", "color": "#00ff00", "size": size } }],
    })
}

#[test]
fn scenes_are_put_listed_activated_and_removed() {
    let service = Service::start();
    let list = service.get("/api/stream/scenes").expect(200).value();
    assert_eq!(list["active"], "main");
    let first = service.get("/stream/scenes/main").expect(200).value();
    assert_eq!(first["layers"], service.get("/stream/layers").value()["layers"]);

    service.json("PUT", "/stream/scenes/green", &green()).expect(201);
    let shown = service.get("/stream/scenes/green").expect(200);
    let held = shown.value();
    let put = service.json("PUT", "/stream/scenes/green", &held).expect(200);
    assert_eq!(put.header("etag"), shown.header("etag"), "what was put is the version that there is");
    let on_air = service.json("PUT", "/stream/scenes/main", &first).expect(200);
    assert_eq!(on_air.header("etag"), service.get("/stream/scenes/main").header("etag"));
    assert_eq!(service.get("/stream/scenes/green").value(), held, "what GET answers, PUT takes back");
    assert_eq!(service.get("/stream/layers").value()["layers"], first["layers"], "a scene that waits is not on air");

    let answer = service.post("/stream/scenes/green/activate").expect(200);
    let (tick, listed) = (answer.tick(), answer.value());
    assert_eq!((&listed["active"], &listed["activated"]), (&json!("green"), &json!(true)));
    let names: Vec<_> = listed["scenes"].as_array().unwrap().iter().map(|scene| &scene["id"]).collect();
    assert_eq!(names, ["green", "main"]);
    let (shown, picture) = frame(&service);
    assert!(shown >= tick);
    assert_eq!(picture.get_pixel(3, 3).0, [0, 255, 0]);
    assert_eq!(service.get("/stream/scenes/main").expect(200).value(), first);

    // The scene on air becomes what is put; others are told apart by their names.
    let mut blue = green();
    blue["layers"][0]["content"]["color"] = json!("#0000ff");
    service.json("PUT", "/stream/scenes/green", &blue).expect(200);
    assert_eq!(frame(&service).1.get_pixel(3, 3).0, [0, 0, 255]);

    // Only who knows the present document may change it, if they say so.
    let tag = service.get("/stream/scenes/green").expect(200).header("etag").to_owned();
    let if_match = |tag: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        service.send("PUT", "/stream/scenes/green", &headers, Some(body.to_string().as_bytes()))
    };
    if_match(&tag, &green()).expect(200);
    if_match(&tag, &blue).problem(412);
    service.send("GET", "/stream/scenes/green", &[("if-none-match", &tag)], None).expect(200);

    service.send("DELETE", "/stream/scenes/green", &[], None).problem(409);
    service.post("/stream/scenes/mian/activate").problem(404);
    service.send("DELETE", "/stream/scenes/main", &[], None).expect(200);
    service.get("/stream/scenes/main").problem(404);
    let at = service.engine.stats().tick + 20;
    service.json("PUT", "/stream/scenes/later", &green()).expect(201);
    assert_eq!(service.post(&format!("/stream/scenes/later/activate?at={at}")).expect(200).tick(), at);
    for (transition, status) in [(json!({ "type": "cut" }), 200), (json!({ "type": "melt" }), 422)] {
        let body = json!({ "transition": transition });
        service.json("POST", "/stream/scenes/green/activate", &body).expect(status);
    }
}

#[test]
fn a_scene_comes_on_air_by_a_transition() {
    let service = Service::start();
    let mut client = service.runtime.block_on(Client::connect(service.address));
    let mut told = || {
        service.runtime.block_on(async {
            loop {
                let event = client.next_of("streamEvent").await;
                if event["event"] == "scenes" {
                    break event;
                }
            }
        })
    };
    assert_eq!(told()["active"], "main", "who comes is told which is on air");
    let first = service.get("/stream/scenes/main").value();
    let before = frame(&service).1;
    service.json("PUT", "/stream/scenes/green", &green()).expect(201);
    assert_eq!(told().get("transition"), None);
    let bring = |id: &str, transition: &Value| {
        service.json("POST", &format!("/stream/scenes/{id}/activate"), &json!({ "transition": transition }))
    };

    // Documents change at once, the picture in a minute.
    let fade = json!({ "type": "fade", "duration": 60.0, "easing": "easeInExpo" });
    let tick = bring("green", &fade).expect(200).tick();
    assert_eq!(service.get("/stream/layers").value()["layers"][0]["id"], "all");
    let event = told();
    assert_eq!((&event["active"], &event["transition"]), (&json!("green"), &fade), "{event}");
    let (shown, picture) = frame(&service);
    assert!(shown >= tick && picture == before, "nothing is seen of it yet");
    // A cut ends it; back again by one that is soon over.
    bring("main", &json!({ "type": "cut" })).expect(200);
    assert_eq!((frame(&service).1, service.get("/stream/scenes/main").value()), (before, first));
    assert_eq!(told()["transition"], json!({ "type": "cut" }));
    bring("green", &json!({ "type": "wipe", "duration": 0.2 })).expect(200);
    let is_green = || frame(&service).1.pixels().all(|pixel| pixel.0 == [0, 255, 0]);
    wait_for("the scene by itself", is_green);
    assert_eq!(told()["transition"]["type"], "wipe");

    // The scene on air plays on, whatever the transition; nobody is told of a scene that came.
    let answer = bring("green", &json!({ "type": "fade", "duration": 9 })).expect(200).value();
    assert_eq!((&answer["active"], &answer["activated"]), (&json!("green"), &json!(false)), "{answer}");

    // What a scene says itself.
    let mut sliding = green();
    sliding["transition"] = json!({ "type": "slide", "duration": 0.1, "direction": "up" });
    service.json("PUT", "/stream/scenes/sliding", &sliding).expect(201);
    assert_eq!(told().get("transition"), None);
    service.post("/stream/scenes/sliding/activate").expect(200);
    assert_eq!(told()["transition"]["type"], "slide");

    // Faults, where they stand in what was sent.
    for (transition, pointer) in [
        (json!({ "type": "fade", "duration": 61 }), "/transition/duration"),
        (json!({ "type": "fade", "easing": "easeInn" }), "/transition/easing"),
        (json!({ "type": "stinger", "asset": "swoosh" }), "/transition/asset"),
    ] {
        let problem = bring("main", &transition).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let edit = json!({ "op": "activateScene", "id": "main", "transition": { "type": "stinger", "asset": "swoosh" } });
    let batch =
        |edit: &Value| service.json("POST", "/stream/layers/batch", &json!({ "edits": [edit], "dryRun": true }));
    let problem = batch(&edit).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/edits/0/transition/asset", "{problem}");
    batch(&json!({ "op": "activateScene", "id": "main", "transition": fade })).expect(200);
    assert_eq!(service.get("/stream/scenes").value()["active"], "sliding", "nothing was changed");
}

#[test]
fn a_scene_that_is_not_valid_is_refused_with_all_its_faults() {
    let service = Service::start();
    let before = service.get("/stream/layers").value();
    let mut broken = green();
    broken["layers"][0]["opacity"] = json!(7);
    broken["layer"] = json!([]);
    for id in ["main", "other"] {
        let problem = service.json("PUT", &format!("/stream/scenes/{id}"), &broken).problem(422);
        let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(pointers.len(), 2, "{problem}");
        assert!(pointers.contains(&&json!("/layers/0/opacity")), "{problem}");
    }
    service.send("PUT", "/stream/scenes/a%20b", &[], Some(b"{}")).problem(400);
    assert_eq!(service.get("/stream/layers").value()["layers"], before["layers"]);
}

#[test]
fn files_become_assets_and_go_when_nothing_uses_them() {
    let service = Service::start();
    let upload = |path: &str, media_type: &str, bytes: &[u8]| {
        service.send("PUT", path, &[("content-type", media_type)], Some(bytes))
    };
    let added = upload("/stream/assets/logo", "image/png", &png()).expect(201).value();
    assert_eq!((&added["asset"]["id"], &added["asset"]["type"]), (&json!("logo"), &json!("image")));
    let file = |value: &Value| service.folder.path().join(value["asset"]["path"].as_str().unwrap());
    let first = file(&added);
    assert_eq!(std::fs::read(&first).unwrap(), png());
    service.get("/stream/assets/logo").expect(200);
    let layer = json!({ "id": "picture", "content": { "type": "image", "asset": "logo" } });
    service.json("POST", "/stream/layers", &layer).expect(201);

    // Another file is another asset of that name, and the one before is not kept.
    let mut other = png();
    other.extend(b"more");
    let second = file(&upload("/stream/assets/logo", "image/png", &other).expect(200).value());
    assert!(second.exists() && !first.exists() && first != second);

    let in_use = service.send("DELETE", "/stream/assets/logo", &[], None).problem(409);
    assert!(in_use["errors"][0]["pointer"].as_str().unwrap().ends_with("/content/asset"), "{in_use}");
    let in_use = upload("/stream/assets/logo", "audio/wav", b"RIFF....WAVEfmt ").problem(409);
    assert!(in_use["detail"].as_str().unwrap().contains("uses the asset"), "{in_use}");
    service.send("DELETE", "/stream/layers/picture", &[], None).expect(200);
    service.send("DELETE", "/stream/assets/logo", &[], None).expect(200);
    assert!(!second.exists());
    service.send("DELETE", "/stream/assets/logo", &[], None).problem(404);

    upload("/stream/assets/x", "image/png", &png()[..40]).problem(422);
    upload("/stream/assets/x", "image/png", b"").problem(400);
    upload("/stream/assets/x", "text/html", &png()).problem(415);
    upload("/stream/assets/x?type=movie", "image/png", &png()).problem(400);
    upload("/stream/assets/..%2Fx", "image/png", &png()).problem(400);
    let left: Vec<_> = std::fs::read_dir(service.folder.path().join("uploads")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
