use components::animation::Spring;
use serde_json::json;

use super::*;
use crate::engine::StreamEvent;

fn fade() -> Value {
    json!({
        "id": "fade", "autoplay": false, "repeat": 2, "pingPong": true, "speed": 1.0,
        "steps": [
            { "type": "animate", "layer": "box", "animation": {
                "property": "opacity", "from": 0.0, "to": 1.0, "duration": 100.0, "delay": 0.0, "easing": "linear",
                "repeat": 1, "pingPong": false, "speed": 1.0,
            } },
            { "type": "label", "name": "middle" },
            { "type": "wait", "seconds": 100.0 },
        ],
    })
}

#[test]
fn a_timeline_is_put_steered_and_removed() {
    let service = Service::start();
    let path = |rest: &str| format!("/api/stream/timelines/fade{rest}");
    let put = service.json("PUT", &path(""), &fade()).expect(201);
    assert_eq!(put.value()["timeline"]["state"], "idle");
    assert_eq!(service.get(&path("")).expect(200).value(), fade());

    let playing = service.post(&path("/play")).expect(200);
    assert_eq!(
        (&playing.value()["timeline"]["state"], &playing.value()["tick"]),
        (&json!("playing"), &json!(playing.tick()))
    );
    let position = || service.get("/stream/timelines").expect(200).value()["timelines"][0]["position"].as_f64();
    wait_for("the timeline to move", || position() > Some(0.0));
    let paused = service.post(&path("/pause")).expect(200).value();
    assert_eq!(paused["timeline"]["state"], "paused");
    let sought = service.json("POST", &path("/seek"), &json!({ "to": 12.5 })).expect(200).value();
    assert_eq!(sought["timeline"]["position"], 12.5);
    let sought = service.json("POST", &path("/seek"), &json!({ "to": "middle" })).expect(200).value();
    assert_eq!(sought["timeline"]["position"], 100.0);
    let rated = service.json("POST", &path("/rate"), &json!({ "rate": 0.5 })).expect(200).value();
    assert_eq!(rated["timeline"]["rate"], 0.5);
    let reversed = service.post(&path("/reverse")).expect(200).value();
    assert_eq!((&reversed["timeline"]["state"], &reversed["timeline"]["rate"]), (&json!("playing"), &json!(-0.5)));
    assert_eq!(
        service.post(&path("/cancel")).expect(200).value()["timeline"],
        json!({ "id": "fade", "state": "idle", "position": 0.0, "length": 400.0, "rate": 0.5,
            "labels": [{ "name": "middle", "at": 100.0 }] })
    );
    service.send("DELETE", &path(""), &[], None).expect(200);
    service.get(&path("")).problem(404);
}

#[test]
fn what_does_not_fit_a_timeline_is_refused_with_reasons() {
    let service = Service::start();
    service.json("PUT", "/api/stream/timelines/fade", &fade()).expect(201);
    let detail = |problem: Value| problem["detail"].as_str().unwrap().to_owned();
    assert!(detail(service.post("/api/stream/timelines/fad/play").problem(404)).contains("did you mean `fade`?"));
    assert!(detail(service.post("/api/stream/timelines/fade/paus").problem(404)).contains("did you mean `pause`?"));
    assert_eq!(service.get("/api/stream/timelines/fade/play").expect(405).header("allow"), "POST");
    let problem = service.json("POST", "/api/stream/timelines/fade/seek", &json!({ "to": "midle" })).problem(422);
    assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["nearest"]), (&json!("/to"), &json!("middle")));
    let problem = service.json("POST", "/api/stream/timelines/fade/rate", &json!({ "rate": -1 })).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/rate");
    let mut unknown = fade();
    unknown["steps"][0]["layer"] = json!("bocks");
    let problem = service.json("PUT", "/api/stream/timelines/fade", &unknown).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/steps/0/layer");
    // An id that can be none is a mistake where it would be made.
    for path in ["timelines/no%20name", "scenes/%C3%BC", "audio/tracks/no%20name"] {
        let problem = service.json("PUT", &format!("/api/stream/{path}"), &fade()).problem(400);
        assert!(detail(problem).starts_with("found the "), "{path}");
    }
    service.post("/api/stream/timelines/no%20name/play").problem(404);
    // The layer cannot go while a timeline moves it.
    let problem = service.send("DELETE", "/api/stream/layers/box", &[], None).problem(409);
    assert_eq!(problem["errors"][0]["pointer"], "/timelines/0/steps/0/layer");
}

/// The same in every answer that speaks of what was written.
#[test]
fn the_author_is_told_of_steps_that_have_nothing_in_between() {
    let service = Service::start();
    let steps = json!({ "property": "blend", "to": "screen", "duration": 1 });
    let mut timeline = fade();
    timeline["steps"][0]["animation"] = steps.clone();
    let scene = json!({ "layers": [{ "id": "box", "content": { "type": "color", "color": "#fff" } }],
        "timelines": [timeline] });
    let pointers = |answer: Value| -> Vec<String> {
        let warnings = answer["warnings"].as_array().cloned().unwrap_or_default();
        assert!(warnings.iter().all(|told| told["message"].as_str().unwrap().contains("steps half-way")), "{answer}");
        warnings.iter().map(|told| told["pointer"].as_str().unwrap().to_owned()).collect()
    };
    let put = |path: &str, body: &Value| pointers(service.json("PUT", path, body).value());
    assert_eq!(put("/api/stream/timelines/fade", &fade()), Vec::<String>::new());
    assert_eq!(put("/api/stream/timelines/fade", &timeline), ["/steps/0/animation/property"]);
    for id in ["held", "held", "main"] {
        let path = format!("/api/stream/scenes/{id}");
        assert_eq!(put(&path, &scene), ["/timelines/0/steps/0/animation/property"], "{id}");
    }
    let batch = |edits: Value| {
        pointers(service.json("POST", "/api/stream/layers/batch", &json!({ "edits": edits })).expect(200).value())
    };
    let layer = json!({ "id": "new", "content": { "type": "color", "color": "#fff" }, "animations": [steps] });
    let told = batch(json!([
        { "op": "patchLayer", "id": "box", "patch": { "opacity": 0.5, "animations": [steps] } },
        { "op": "addAnimation", "id": "box", "animation": steps },
        { "op": "createLayer", "layer": layer },
        { "op": "putTimeline", "timeline": timeline },
        { "op": "patchLayer", "id": "new", "patch": { "opacity": 0.5 } },
    ]));
    assert_eq!(
        told,
        [
            "/edits/0/patch/animations/0/property",
            "/edits/1/animation/property",
            "/edits/2/layer/animations/0/property",
            "/edits/3/timeline/steps/0/animation/property",
        ]
    );
    let told = batch(json!([{ "op": "loadScene", "scene": scene }]));
    assert_eq!(told, ["/edits/0/scene/timelines/0/steps/0/animation/property"]);
}

#[test]
fn an_event_is_fired_and_told_and_triggers_act_on_it() {
    let service = Service::start();
    let mut events = service.engine.events();
    let fired = service.post("/api/stream/events/flash").expect(200);
    assert_eq!(fired.value()["tick"], fired.tick());
    assert_eq!(service.get("/api/stream/layers/box").value()["opacity"], 0.75);
    let event = service.runtime.block_on(events.recv()).unwrap();
    assert!(matches!(&event, StreamEvent::Fired { name } if name.as_str() == "flash"), "{event:?}");
    assert_eq!(serde_json::to_value(&event).unwrap(), json!({ "event": "fired", "name": "flash" }));
    // One that nobody waits for is told all the same.
    service.post("/api/stream/events/thunder").expect(200);
    service.post("/api/stream/events/no%20name").problem(400);
}

#[test]
fn a_single_animation_is_steered() {
    let service = Service::start();
    let layer = "/api/stream/layers/box";
    let fade = json!({ "property": "opacity", "from": 0.0, "to": 1.0, "duration": 100.0 });
    service.json("PATCH", layer, &json!({ "animations": [fade] })).expect(200);
    let path = |rest: &str| format!("{layer}/animations/0/{rest}");
    let position = || service.get(&format!("{layer}/animations")).expect(200).value()["animations"][0].clone();
    wait_for("the animation to move", || position()["position"].as_f64() > Some(0.0));
    let tag = service.get(layer).header("etag").to_owned();
    let paused = service.post(&path("pause")).expect(200);
    assert_eq!(paused.value()["tick"], json!(paused.tick()));
    assert_eq!(paused.value()["animation"], position());
    assert_eq!(position()["state"], "paused");
    let sought = service.json("POST", &path("seek"), &json!({ "to": 25 })).expect(200).value();
    assert_eq!(
        sought["animation"],
        json!({ "index": 0, "property": "opacity", "state": "paused", "position": 25.0, "length": 100.0, "rate": 1.0 })
    );
    let rated = service.json("POST", &path("rate"), &json!({ "rate": 0.5 })).expect(200).value();
    assert_eq!((&rated["animation"]["rate"], &rated["animation"]["position"]), (&json!(0.5), &json!(25.0)));
    let batch =
        json!({ "edits": [{ "op": "controlAnimation", "id": "box", "index": 0, "control": { "type": "play" } }] });
    service.json("POST", "/api/stream/layers/batch", &batch).expect(200);
    wait_for("it to play on", || position()["position"].as_f64() > Some(25.0));
    assert_eq!(service.post(&path("reverse")).expect(200).value()["animation"]["rate"], -0.5);
    let restarted = service.post(&path("restart")).expect(200).value();
    assert_eq!((&restarted["animation"]["state"], &restarted["animation"]["rate"]), (&json!("playing"), &json!(0.5)));
    assert!(restarted["animation"]["position"].as_f64() < Some(25.0));
    assert_eq!(service.post(&path("cancel")).expect(200).value()["animation"]["state"], "idle");
    assert_eq!(service.post(&path("play")).expect(200).value()["animation"]["state"], "playing");
    // The layer's document is what it was.
    service.send("POST", &path("pause"), &[("if-match", &tag)], None).expect(200);
    assert_eq!(service.get(layer).header("etag"), tag);
    service.send("POST", &path("pause"), &[("if-match", "\"0\"")], None).problem(412);

    service.post(&format!("{layer}/animations/1/play")).problem(404);
    service.post(&format!("{layer}/animations/first/play")).problem(404);
    service.post("/api/stream/layers/nobody/animations/0/play").problem(404);
    service.get("/api/stream/layers/nobody/animations").problem(404);
    let misspelt = service.post(&path("puase")).problem(404);
    assert!(misspelt["detail"].as_str().unwrap().contains("did you mean `pause`?"), "{misspelt}");
    assert_eq!(service.get(&path("play")).expect(405).header("allow"), "POST");
    service.json("POST", &path("rate"), &json!({ "rate": 0 })).problem(422);
    service.json("POST", &path("seek"), &json!({ "to": -1 })).problem(422);
    let batch =
        json!({ "edits": [{ "op": "controlAnimation", "id": "box", "index": 7, "control": { "type": "play" } }] });
    let problem = service.json("POST", "/api/stream/layers/batch", &batch).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/edits/0/index");
}

#[test]
fn a_single_animation_of_the_sound_is_steered() {
    let service = Service::start();
    let fade = json!({ "property": "volume", "from": 0.0, "to": 1.0, "duration": 100.0 });
    let track = json!({ "id": "hum", "source": { "type": "tone" } });
    service.json("PUT", "/api/stream/audio/tracks/hum", &track).expect(201);
    for (base, document) in [
        ("/api/stream/audio/tracks/hum/animations", "/api/stream/audio/tracks/hum"),
        ("/api/stream/audio/animations", "/api/stream/audio"),
    ] {
        let added = service.json("POST", base, &fade).expect(201);
        assert_eq!(added.value()["tick"], json!(added.tick()));
        let path = |rest: &str| format!("{base}/0/{rest}");
        let position = || service.get(base).expect(200).value()["animations"][0].clone();
        wait_for("the animation to move", || position()["position"].as_f64() > Some(0.0));
        let tag = service.get(document).header("etag").to_owned();
        let paused = service.post(&path("pause")).expect(200);
        assert_eq!((&paused.value()["animation"], &paused.value()["tick"]), (&position(), &json!(paused.tick())));
        assert_eq!(position()["state"], "paused");
        let sought = service.json("POST", &path("seek"), &json!({ "to": 25 })).expect(200).value();
        let expected = json!({ "index": 0, "property": "volume", "state": "paused", "position": 25.0, "length": 100.0,
            "rate": 1.0 });
        assert_eq!(sought["animation"], expected);
        let rated = service.json("POST", &path("rate"), &json!({ "rate": 0.5 })).expect(200).value();
        assert_eq!((&rated["animation"]["rate"], &rated["animation"]["position"]), (&json!(0.5), &json!(25.0)));
        assert_eq!(service.post(&path("reverse")).expect(200).value()["animation"]["rate"], -0.5);
        assert_eq!(service.post(&path("restart")).expect(200).value()["animation"]["state"], "playing");
        assert_eq!(service.post(&path("cancel")).expect(200).value()["animation"]["state"], "idle");
        assert_eq!(service.post(&path("play")).expect(200).value()["animation"]["state"], "playing");
        // The document is what it was.
        service.send("POST", &path("pause"), &[("if-match", &tag)], None).expect(200);
        assert_eq!(service.get(document).header("etag"), tag);
        service.send("POST", &path("pause"), &[("if-match", "\"0\"")], None).problem(412);

        service.post(&format!("{base}/1/play")).problem(404);
        service.post(&format!("{base}/first/play")).problem(404);
        let misspelt = service.post(&path("puase")).problem(404);
        assert!(misspelt["detail"].as_str().unwrap().contains("did you mean `pause`?"), "{misspelt}");
        assert_eq!(service.get(&path("play")).expect(405).header("allow"), "POST");
        service.json("POST", &path("rate"), &json!({ "rate": 0 })).problem(422);
        service.json("POST", base, &json!({ "property": "opacity", "to": 0, "duration": 1 })).problem(422);
        let removed = service.send("DELETE", &format!("{base}/0"), &[], None).expect(200);
        assert_eq!(removed.value()["tick"], json!(removed.tick()));
        assert_eq!(service.get(base).expect(200).value()["animations"], json!([]));
    }
    service.get("/api/stream/audio/tracks/hmu/animations").problem(404);
    let batch = |track: &str| {
        let control = json!({ "type": "play" });
        json!({ "edits": [{ "op": "controlSoundAnimation", "track": track, "index": 3, "control": control }] })
    };
    let problem = service.json("POST", "/api/stream/layers/batch", &batch("hum")).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/edits/0/index");
    service.json("POST", "/api/stream/layers/batch", &batch("hmu")).problem(404);
}

#[test]
fn a_spring_says_how_long_it_takes() {
    let service = Service::start();
    let asked = service.get("/api/stream/spring?stiffness=200&damping=12").expect(200).value();
    let spring = Spring { stiffness: Some(200.0), damping: Some(12.0), ..Spring::default() };
    assert_eq!(asked, json!({ "spring": { "stiffness": 200.0, "damping": 12.0 }, "duration": spring.duration() }));
    let felt = service.get("/stream/spring?duration=0.4&bounce=0.3").expect(200).value();
    let spring = Spring { duration: Some(0.4), bounce: Some(0.3), ..Spring::default() };
    assert_eq!(felt["duration"], spring.duration());
    assert_eq!(service.get("/api/stream/spring").expect(200).value()["duration"], Spring::default().duration());
    let problem = service.get("/api/stream/spring?stiffness=-1&mass=NaN").problem(422);
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][1]["pointer"]),
        (&json!("/stiffness"), &json!("/mass"))
    );
    let problem = service.get("/api/stream/spring?stiffness=1&bounce=0.1").problem(422);
    assert!(problem["errors"][0]["expected"].as_str().unwrap().contains("either `stiffness`"), "{problem}");
    assert!(service.get("/api/stream/spring?mass=heavy").problem(400)["detail"].as_str().unwrap().contains("`mass`"));
    service.get("/api/stream/spring?stifness=1").problem(400);
    service.post("/api/stream/spring").expect(405);
}

#[test]
fn presets_are_answered_as_they_were_sent_and_taken_back() {
    let service = Service::start();
    let presets = json!([{ "type": "slide", "way": "out", "direction": "up", "distance": "30%", "delay": 1.0 },
        { "type": "pulse", "intensity": 0.2, "repeat": "forever" }]);
    service.json("PATCH", "/api/stream/layers/box", &json!({ "presets": presets })).expect(200);
    let layer = service.get("/api/stream/layers/box").expect(200).value();
    assert_eq!(layer["presets"], presets);
    service.json("PUT", "/api/stream/layers/box", &layer).expect(200);
    assert_eq!(service.get("/api/stream/layers/box").expect(200).value(), layer);
    let typed = json!({ "presets": [{ "type": "typewriter" }] });
    let problem = service.json("PATCH", "/api/stream/layers/box", &typed).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/presets/0/type");
}
