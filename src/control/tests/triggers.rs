//! Triggers that are edited and fired.

use components::Edit;

use super::{websocket::Client, *};

const TRIGGERS: &str = "/api/stream/triggers";

fn at(name: &str) -> String {
    format!("{TRIGGERS}/{name}")
}

/// A trigger that sets the opacity of the box when an event is fired.
fn dim(id: Option<&str>, event: &str, opacity: f64) -> Value {
    let mut trigger = json!({ "on": { "type": "event", "name": event },
        "do": [{ "type": "set", "layer": "box", "patch": { "opacity": opacity } }] });
    if let Some(id) = id {
        trigger["id"] = json!(id);
    }
    trigger
}

#[test]
fn a_trigger_is_fired_by_its_name_or_its_place() {
    let service = Service::start();
    let set = |opacity: f64| json!([{ "type": "set", "layer": "box", "patch": { "opacity": opacity } }]);
    let of = |name: &str| json!({ "type": "event", "name": name });
    let mut scene = service.runtime.block_on(service.engine.snapshot()).unwrap().scene.clone();
    scene.triggers = serde_json::from_value(json!([
        { "id": "dim", "on": { "type": "schedule", "cron": "0 20 * * FRI" }, "do": set(0.25) },
        { "on": of("other"), "do": [{ "type": "emit", "event": "third" }] },
        { "id": "0", "on": of("third"), "do": set(0.5) },
    ]))
    .unwrap();
    let load = Edit::LoadScene { scene: Box::new(scene) };
    service.runtime.block_on(service.engine.edit(vec![load], None)).unwrap();
    let listed = service.get("/api/stream/triggers").expect(200).value();
    assert_eq!((&listed["triggers"][0]["id"], listed["triggers"].as_array().unwrap().len()), (&json!("dim"), 3));
    assert_eq!((listed["triggers"][1].get("id"), &listed["stopped"]), (None, &json!([])));

    let opacity = || service.get("/api/stream/layers/box").value()["opacity"].clone();
    let fired = service.post("/api/stream/triggers/dim/fire").expect(200);
    assert_eq!((fired.value()["tick"].clone(), opacity()), (json!(fired.tick()), json!(0.25)));
    // What follows from it follows.
    service.post("/stream/triggers/1/fire").expect(200);
    assert_eq!(opacity(), 0.5);
    service.post("/api/stream/triggers/dim/fire").expect(200);
    // An id goes before a place.
    service.post("/api/stream/triggers/0/fire").expect(200);
    assert_eq!(opacity(), 0.5);
    let batch = json!({ "edits": [{ "op": "fireTrigger", "trigger": "dim" }] });
    service.json("POST", "/api/stream/layers/batch", &batch).expect(200);
    assert_eq!(opacity(), 0.25);

    let unknown = service.post("/api/stream/triggers/dimm/fire").problem(404);
    assert!(unknown["detail"].as_str().unwrap().contains("did you mean `dim`?"), "{unknown}");
    // A place has one name.
    for other in ["3", "+1", "01", "-0", "1.0"] {
        service.post(&format!("/api/stream/triggers/{other}/fire")).problem(404);
        service.get(&format!("/api/stream/triggers/{other}")).problem(404);
    }
    assert_eq!(service.get("/api/stream/triggers/dim/fire").expect(405).header("allow"), "POST");
    let mut twice = service.get("/api/stream/scenes/main").expect(200).value();
    twice["triggers"][2]["id"] = json!("dim");
    let problem = service.json("PUT", "/api/stream/scenes/main", &twice).problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/triggers/2/id");
    let batch = json!({ "edits": [{ "op": "fireTrigger", "trigger": 3 }] });
    let problem = service.json("POST", "/api/stream/layers/batch", &batch).problem(404);
    assert!(problem["detail"].as_str().unwrap().contains("no trigger `3`"), "{problem}");
}

#[test]
fn a_trigger_is_added_changed_and_removed() {
    let service = Service::start();
    let opacity = || service.get("/api/stream/layers/box").value()["opacity"].clone();
    let listed = || service.get(TRIGGERS).expect(200).value()["triggers"].clone();
    let fire = |event: &str| service.post(&format!("/api/stream/events/{event}")).expect(200);

    let added = service.json("POST", TRIGGERS, &dim(Some("dim"), "dusk", 0.25)).expect(201);
    assert_eq!(added.header("location"), at("dim"));
    assert_eq!(
        (&added.value()["trigger"], &added.value()["tick"]),
        (&dim(Some("dim"), "dusk", 0.25), &json!(added.tick()))
    );
    let shown = service.get(&at("dim")).expect(200);
    assert_eq!((shown.value(), shown.header("etag")), (dim(Some("dim"), "dusk", 0.25), added.header("etag")));
    fire("dusk");
    assert_eq!(opacity(), 0.25);
    // One without a name is named by its place.
    let second = service.json("POST", TRIGGERS, &dim(None, "dawn", 1.0)).expect(201);
    assert_eq!(second.header("location"), at("2"));
    fire("dawn");
    assert_eq!(opacity(), 1.0);

    let patch = json!({ "do": [{ "type": "set", "layer": "box", "patch": { "opacity": 0.125 } }] });
    let patched = service.json("PATCH", &at("dim"), &patch).expect(200);
    assert_eq!(patched.value()["trigger"], dim(Some("dim"), "dusk", 0.125));
    fire("dusk");
    assert_eq!(opacity(), 0.125);
    let old = added.header("etag");
    let refused = service.send("PATCH", &at("dim"), &[("if-match", old)], Some(patch.to_string().as_bytes()));
    assert_eq!(refused.header("etag"), patched.header("etag"));
    refused.problem(412);
    // By its place it can get a name, and with that another one put there.
    service.json("PUT", &at("2"), &dim(Some("rise"), "dawn", 0.75)).expect(200);
    service.json("PUT", &at("rise"), &dim(Some("rise"), "dawn", 0.875)).expect(200);
    service.json("PUT", &at("new"), &dim(Some("new"), "noon", 0.5)).expect(201);
    let new = dim(Some("new"), "noon", 0.5).to_string();
    let put_new = |name: &str| service.send("PUT", &at(name), &[("if-none-match", "*")], Some(new.as_bytes()));
    put_new("new").problem(412);
    assert_eq!(listed().as_array().unwrap().len(), 4);
    assert_eq!(listed()[2], dim(Some("rise"), "dawn", 0.875));

    service.send("DELETE", &at("dim"), &[("if-match", old)], None).problem(412);
    let deleted = service.send("DELETE", &at("dim"), &[], None).expect(200);
    assert_eq!(deleted.value()["tick"], deleted.tick());
    service.send("DELETE", &at("dim"), &[], None).problem(404);
    service.send("DELETE", &at("0"), &[], None).expect(200);
    assert_eq!(listed(), json!([dim(Some("rise"), "dawn", 0.875), dim(Some("new"), "noon", 0.5)]));
    fire("dusk");
    assert_eq!(opacity(), 0.125);
    assert_eq!(
        service.json("POST", &at("new"), &json!({})).expect(405).header("allow"),
        "GET, HEAD, PUT, PATCH, DELETE"
    );
}

#[test]
fn triggers_are_listed_in_parts() {
    let service = Service::start();
    for (id, event) in [(Some("dim"), "a"), (None, "b"), (Some("0"), "c"), (None, "d")] {
        service.json("POST", TRIGGERS, &dim(id, event, 0.25)).expect(201);
    }
    let all = service.get(TRIGGERS).expect(200).value();
    assert_eq!((&all["first"], all.get("next")), (&json!(0), None));
    let all = all["triggers"].as_array().unwrap().clone();
    assert_eq!(all.len(), 5);
    for limit in [1, 2, 5] {
        let (mut seen, mut query) = (Vec::new(), format!("limit={limit}"));
        loop {
            let part = service.get(&format!("{TRIGGERS}?{query}")).expect(200).value();
            assert_eq!(part["first"], seen.len());
            seen.extend(part["triggers"].as_array().unwrap().iter().cloned());
            let Some(next) = part.get("next") else { break };
            query = format!("limit={limit}&cursor={}", next.as_str().unwrap());
        }
        assert_eq!(seen, all, "in parts of {limit}");
    }
    let problem = service.get(&format!("{TRIGGERS}?limit=1&cursor=gone")).problem(400);
    assert!(problem["detail"].as_str().unwrap().contains("`cursor`"), "{problem}");
}

#[test]
fn a_trigger_that_does_not_fit_is_refused_with_the_place_in_it() {
    let service = Service::start();
    service.json("POST", TRIGGERS, &dim(Some("dim"), "dusk", 0.25)).expect(201);
    let before = service.get(TRIGGERS).value()["triggers"].clone();
    let pointer = |answer: Answer, status: u16| answer.problem(status)["errors"][0]["pointer"].clone();
    assert_eq!(pointer(service.json("POST", TRIGGERS, &dim(Some("dim"), "dusk", 0.5)), 422), "/id");
    assert_eq!(pointer(service.json("PUT", &at("dim"), &dim(Some("other"), "dusk", 0.5)), 422), "/id");
    assert_eq!(pointer(service.json("PUT", &at("dimmer"), &dim(None, "dusk", 0.5)), 422), "/id");
    assert_eq!(pointer(service.json("PATCH", &at("dim"), &json!({ "id": "other" })), 422), "/id");
    let problem = service.json("PATCH", &at("dim"), &json!({ "onn": null })).problem(422);
    assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["nearest"]), (&json!("/onn"), &json!("on")));
    let elsewhere = json!({ "do": [{ "type": "play", "timeline": "none" }] });
    assert_eq!(pointer(service.json("PATCH", &at("dim"), &elsewhere), 422), "/do/0/timeline");
    let wrong = json!({ "do": [{ "type": "set", "layer": "box", "patch": { "opcity": 1 } }] });
    assert_eq!(pointer(service.json("PATCH", &at("dim"), &wrong), 422), "/do/0/patch/opcity");
    let mut nowhere = dim(Some("far"), "dusk", 0.5);
    nowhere["do"][0]["layer"] = json!("bocks");
    assert_eq!(pointer(service.json("PUT", &at("far"), &nowhere), 422), "/do/0/layer");
    service.json("PUT", &at("9"), &dim(None, "dusk", 0.5)).problem(404);
    service.json("PATCH", &at("dimm"), &json!({})).problem(404);
    service
        .send("PUT", &at("far"), &[("if-match", "*")], Some(dim(Some("far"), "x", 0.5).to_string().as_bytes()))
        .problem(404);
    assert_eq!(service.get(TRIGGERS).value()["triggers"], before);
}

/// Over the WebSocket, by edits and by requests, and told to all as a change of the scene.
#[test]
fn triggers_are_edited_over_the_websocket_and_told_to_others() {
    let service = Service::start();
    service.runtime.block_on(async {
        let (mut client, mut other) = (Client::connect(service.address).await, Client::connect(service.address).await);
        other.next_of("snapshot").await;
        let edits = json!([
            { "op": "addTrigger", "trigger": dim(Some("dim"), "dusk", 0.25) },
            { "op": "putTrigger", "id": 0, "trigger": dim(None, "flash", 0.5) },
        ]);
        let edited = client.ask(json!({ "type": "edit", "edits": edits })).await;
        assert_eq!(edited["type"], "edited", "{edited}");
        let update = other.next_of("layerUpdate").await;
        assert_eq!(update["scene"]["triggers"], json!([dim(None, "flash", 0.5), dim(Some("dim"), "dusk", 0.25)]));
        let request = json!({ "type": "request", "method": "DELETE", "path": "/api/stream/triggers/dim" });
        assert_eq!(client.ask(request).await["status"], 200);
        let update = other.next_of("layerUpdate").await;
        assert_eq!(update["scene"]["triggers"], json!([dim(None, "flash", 0.5)]));
        // All or nothing, with the place of what is wrong.
        let edits = json!([
            { "op": "deleteTrigger", "id": 0 },
            { "op": "addTrigger", "trigger": { "on": { "type": "timelineEnd", "timeline": "none" }, "do": [
                { "type": "emit", "event": "e" }] } },
            { "op": "expectAbsent", "document": { "type": "trigger", "id": "dim" } },
        ]);
        let refused = client.ask(json!({ "type": "edit", "edits": edits })).await;
        assert_eq!(refused["errors"][0]["pointer"], "/edits/1/trigger/on/timeline", "{refused}");
        assert_eq!(other.ask(json!({ "type": "ping" })).await["type"], "pong");
        assert_eq!(service.engine.snapshot().await.unwrap().scene.triggers.len(), 1);
    });
}

#[test]
fn a_trigger_that_acts_without_end_is_listed_as_stopped() {
    let service = Service::start();
    let mut scene = service.runtime.block_on(service.engine.snapshot()).unwrap().scene.clone();
    scene.triggers = serde_json::from_value(json!([
        { "on": { "type": "event", "name": "calm" }, "do": [{ "type": "emit", "event": "calmed" }] },
        { "id": "echo", "on": { "type": "event", "name": "ping" }, "do": [{ "type": "emit", "event": "ping" }] },
    ]))
    .unwrap();
    let load = Edit::LoadScene { scene: Box::new(scene) };
    service.runtime.block_on(service.engine.edit(vec![load], None)).unwrap();
    service.post("/api/stream/events/ping").expect(200);
    assert_eq!(service.get("/api/stream/triggers").expect(200).value()["stopped"], json!([1]));
    service.json("PATCH", "/api/stream/triggers/echo", &json!({ "on": { "name": "pong" } })).expect(200);
    assert_eq!(service.get("/api/stream/triggers").expect(200).value()["stopped"], json!([]));
}
