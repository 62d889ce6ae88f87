use components::document::RESERVED_LAYERS;
use serde_json::json;

use super::*;

const LAYERS: &str = "/api/stream/layers";

fn color(id: &str, color: &str) -> Value {
    json!({ "id": id, "content": { "type": "color", "color": color } })
}

#[test]
fn a_layer_is_created_shown_changed_and_deleted() {
    let service = Service::start();
    let created = service.json("POST", LAYERS, &color("lower-third", "#102030")).expect(201);
    assert_eq!(created.header("location"), "/api/stream/layers/lower-third");
    let answer = created.value();
    assert_eq!(answer["layer"]["content"]["color"], "#102030");
    assert_eq!(answer["tick"], created.tick());

    let shown = service.get(&format!("{LAYERS}/lower-third")).expect(200);
    assert_eq!(shown.value(), answer["layer"]);
    assert!(shown.tick() >= created.tick());

    let patch = json!({ "opacity": 0.25, "transform": { "rotation": 45 } });
    let path = "/stream/layers/lower-third";
    let headers = [("content-type", "application/merge-patch+json")];
    let patched = service.send("PATCH", path, &headers, Some(patch.to_string().as_bytes())).expect(200).value();
    assert_eq!(patched["layer"]["opacity"], 0.25);
    assert_eq!(patched["layer"]["transform"]["rotation"], 45.0);
    assert_eq!(patched["layer"]["transform"]["scale"], answer["layer"]["transform"]["scale"], "the rest stays");
    assert_eq!(patched["layer"]["content"]["color"], "#102030");
    let reset = service.json("PATCH", path, &json!({ "opacity": null })).expect(200).value();
    assert_eq!(reset["layer"]["opacity"], 1.0, "null takes a member away, which leaves its default");

    let hidden = service.json("POST", &format!("{path}/visibility"), &json!({ "visible": false })).expect(200);
    assert_eq!(hidden.value()["layer"]["visible"], false);

    let deleted = service.send("DELETE", path, &[], None).expect(200);
    assert_eq!(deleted.value()["tick"], deleted.tick());
    service.get(path).problem(404);
    service.send("DELETE", path, &[], None).problem(404);
}

/// One animation comes and goes by itself: the list need not be sent, and the others go on.
#[test]
fn an_animation_is_added_and_removed_by_itself() {
    let service = Service::start();
    let path = format!("{LAYERS}/box/animations");
    let fade = json!({ "property": "opacity", "to": 0.25, "duration": 1.5 });
    let turn = json!({ "property": "transform.rotation", "by": 90, "duration": 2, "queue": "append" });
    let before = service.get(&format!("{LAYERS}/box")).expect(200);
    let had = before.value()["animations"].as_array().map_or(0, Vec::len);
    let added = service.json("POST", &path, &fade).expect(201);
    assert_eq!(added.value()["layer"]["animations"][had]["property"], "opacity");
    assert_eq!(added.value().get("warnings"), None);
    // The layer was another one then.
    let old = [("if-match", before.header("etag")), ("content-type", "application/json")];
    service.send("POST", &path, &old, Some(turn.to_string().as_bytes())).problem(412);
    let new = [("if-match", added.header("etag")), ("content-type", "application/json")];
    let both = service.send("POST", &path, &new, Some(turn.to_string().as_bytes())).expect(201).value();
    assert_eq!(both["layer"]["animations"].as_array().unwrap().len(), had + 2);
    let steps = json!({ "property": "blend", "to": "screen", "duration": 1 });
    let warned = service.json("POST", &path, &steps).expect(201).value();
    assert_eq!(warned["warnings"][0]["pointer"], format!("/animations/{}/property", had + 2));
    assert!(warned["warnings"][0]["message"].as_str().unwrap().contains("steps half-way"), "{warned}");

    let wrong = service.json("POST", &path, &json!({ "property": "opacity", "to": 7, "duration": 1 })).problem(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/to");
    service.json("POST", &path, &json!({ "property": "opacity" })).problem(422);
    service.json("POST", &format!("{LAYERS}/nobody/animations"), &fade).problem(404);
    service.get(&path).expect(200);

    let gone = service.send("DELETE", &format!("{path}/{had}"), &[], None).expect(200).value();
    assert_eq!(gone["layer"]["animations"][had]["property"], "transform.rotation");
    assert_eq!(gone["layer"]["animations"].as_array().unwrap().len(), had + 2);
    service.send("DELETE", &format!("{path}/9"), &[], None).problem(404);
    service.send("DELETE", &format!("{path}/first"), &[], None).problem(404);
}

#[test]
fn what_get_answers_put_takes_back_unchanged() {
    let service = Service::start();
    let list = service.get(LAYERS).expect(200).value();
    for id in ["background", "box", "group", "child"] {
        let path = format!("{LAYERS}/{id}");
        let shown = service.get(&path).expect(200).value();
        let put = service.json("PUT", &path, &shown).expect(200).value();
        assert_eq!(put["layer"], shown);
    }
    assert_eq!(service.get(LAYERS).value()["layers"], list["layers"]);
    assert_eq!(service.get(LAYERS).value()["seq"], list["seq"], "what changes nothing is no change");

    let other = service.json("PUT", &format!("{LAYERS}/box"), &color("other", "#000000")).problem(422);
    assert_eq!(other["errors"][0]["pointer"], "/id");
}

#[test]
fn a_layer_goes_to_the_place_that_is_asked_for() {
    let service = Service::start();
    service.json("POST", &format!("{LAYERS}?index=0"), &color("behind", "#000000")).expect(201);
    service.json("POST", &format!("{LAYERS}?parent=group&index=0"), &color("inner", "#000000")).expect(201);
    let list = service.get("/stream/layers").expect(200).value();
    let ids = |layers: &Value| -> Vec<String> {
        layers.as_array().unwrap().iter().map(|layer| layer["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&list["layers"]), ["behind", "background", "box", "group"]);
    assert_eq!(ids(&list["layers"][3]["children"]), ["inner", "child"]);

    service.json("POST", &format!("{LAYERS}?parent=box"), &color("lost", "#000000")).problem(409);
    service.json("POST", &format!("{LAYERS}?parent=nowhere"), &color("lost", "#000000")).problem(404);
    service.json("POST", &format!("{LAYERS}?index=-1"), &color("lost", "#000000")).problem(400);
    service.json("POST", &format!("{LAYERS}?parnet=box"), &color("lost", "#000000")).problem(400);
}

#[test]
fn an_edit_can_wait_for_its_tick() {
    let service = Service::start();
    let at = service.engine.stats().tick + 30;
    let edited = service.json("PATCH", &format!("{LAYERS}/box?at={at}"), &json!({ "opacity": 0.75 })).expect(200);
    assert_eq!(edited.tick(), at);
    assert_eq!(edited.value()["layer"]["opacity"], 0.75);
    let far = service.json("PATCH", &format!("{LAYERS}/box?at={}", u64::MAX), &json!({})).problem(400);
    assert!(far["detail"].as_str().unwrap().contains("within the next hour"), "{far}");
}

#[test]
fn every_fault_of_a_layer_is_told_with_its_place() {
    let service = Service::start();
    let before = service.get(LAYERS).value()["seq"].clone();
    let body = "{\n  \"id\": \"new\",\n  \"opacty\": 1,\n  \"content\": { \"type\": \"color\", \"color\": \"red\" }\n}";
    let problem = service.send("POST", LAYERS, &[], Some(body.as_bytes())).problem(422);
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{problem}");
    assert_eq!((&errors[0]["pointer"], &errors[0]["line"]), (&json!("/opacty"), &json!(3)));
    assert_eq!(errors[0]["nearest"], "opacity");
    assert_eq!(errors[1]["pointer"], "/content/color");

    let patched = service.json("PATCH", &format!("{LAYERS}/box"), &json!({ "opacity": 7 })).problem(422);
    assert_eq!(patched["errors"][0]["pointer"], "/opacity");
    // The right key is there already.
    let batch = json!({ "edits": [{ "op": "patchLayer", "id": "box", "patch": { "transform": { "rotaton": 1 } } }] });
    for (method, path, patch, pointer, nearest) in [
        ("PATCH", format!("{LAYERS}/box"), json!({ "opactiy": 1 }), "/opactiy", "opacity"),
        ("PATCH", "/api/stream/canvas".to_owned(), json!({ "backgroud": "#000000" }), "/backgroud", "background"),
        ("POST", format!("{LAYERS}/batch"), batch, "/edits/0/patch/transform/rotaton", "rotation"),
    ] {
        let problem = service.json(method, &path, &patch).problem(422);
        let fault = &problem["errors"][0];
        assert_eq!((&fault["pointer"], &fault["nearest"]), (&json!(pointer), &json!(nearest)), "{problem}");
    }
    let hidden = service.json("POST", &format!("{LAYERS}/box/visibility"), &json!({ "visible": 1 })).problem(422);
    assert_eq!(hidden["errors"][0]["pointer"], "/visible");
    assert_eq!(service.get(LAYERS).value()["seq"], before, "nothing of what was refused has happened");
    let unknown = service.get(&format!("{LAYERS}/backgroud")).problem(404);
    assert!(unknown["detail"].as_str().unwrap().contains("did you mean `background`?"), "{unknown}");
}

#[test]
fn bodies_that_cannot_be_taken_are_refused_by_their_kind() {
    let service = Service::start();
    let send = |kind: &str, body: &[u8]| service.send("POST", LAYERS, &[("content-type", kind)], Some(body));
    send("application/json", b"{ \"id\": ").problem(400);
    send("application/json", b"\xff\xfe").problem(400);
    send("application/json", b"").problem(400);
    let wrong = send("application/x-www-form-urlencoded", b"id=new");
    assert_eq!(wrong.header("accept"), "application/json");
    wrong.problem(415);
    send("application/merge-patch+json", b"{}").problem(415);
    send("application/json; charset=utf-8", color("ok", "#000000").to_string().as_bytes()).expect(201);
    send("application/json", &vec![b' '; (2 << 20) + 1]).problem(413);
}

#[test]
fn taken_ids_and_too_many_layers_are_refused() {
    let service = Service::start();
    service.json("POST", LAYERS, &color("box", "#000000")).problem(409);
    for index in service.get("/stream/status").value()["layerCount"].as_u64().unwrap()..MAX_LAYERS as u64 {
        service.json("POST", LAYERS, &color(&format!("layer-{index}"), "#000000")).expect(201);
    }
    let full = service.json("POST", LAYERS, &color("one-more", "#000000")).problem(422);
    assert!(full["detail"].as_str().unwrap().contains("MAX_LAYERS"), "{full}");
}

#[test]
fn the_canvas_changes_while_the_stream_runs() {
    const CANVAS: &str = "/api/stream/canvas";
    let service = Service::start();
    let before = service.get(CANVAS).expect(200).value();
    let put = service.json("PUT", CANVAS, &before).expect(200).value();
    assert_eq!(put["canvas"], before, "what GET answers, PUT takes back unchanged");

    let patch = json!({ "width": 640, "height": 360, "background": "#ff0000", "fit": "fill" });
    let patched = service.json("PATCH", CANVAS, &patch).expect(200);
    assert_eq!(patched.value()["tick"], patched.tick());
    let shown = service.get("/stream/canvas").expect(200).value();
    assert_eq!((&shown["width"], &shown["background"]), (&json!(640), &json!("#ff0000")));
    assert_eq!(shown["safeAreas"], before["safeAreas"], "the rest stays");

    let refused = service.json("PATCH", CANVAS, &json!({ "width": 9, "heigth": 3 })).problem(422);
    let pointers: Vec<&Value> = refused["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    assert!(pointers.contains(&&json!("/width")) && pointers.contains(&&json!("/heigth")), "{refused:#}");
    service.send("DELETE", CANVAS, &[], None).problem(405);
}

#[test]
fn a_batch_is_carried_out_within_one_frame_or_not_at_all() {
    let service = Service::start();
    let mut diffs = service.engine.diffs();
    let batch = format!("{LAYERS}/batch");
    let edits = json!([
        { "op": "patchLayer", "id": "box", "patch": { "opacity": 0.25 } },
        { "op": "createLayer", "layer": color("new", "#000000"), "parent": "group" },
        { "op": "moveLayer", "id": "new", "parent": null, "index": 0 },
        { "op": "deleteLayer", "id": "child" },
    ]);
    let checked = service.json("POST", &batch, &json!({ "edits": edits, "dryRun": true })).expect(200);
    assert_eq!(checked.value()["dryRun"], true);
    assert_eq!(service.get(&format!("{LAYERS}/box")).value()["opacity"], 0.5, "a dry run changes nothing");

    let at = service.engine.stats().tick + 10;
    let answer = service.json("POST", &batch, &json!({ "edits": edits, "at": at })).expect(200);
    assert_eq!((answer.tick(), &answer.value()["tick"]), (at, &json!(at)));
    let diff = service.runtime.block_on(diffs.recv()).unwrap();
    assert_eq!((diff.tick, diffs.len()), (at, 0), "all of it is in one diff");
    let list = service.get(LAYERS).value();
    assert_eq!(list["layers"][0]["id"], "new");
    assert_eq!(list["layers"][2]["opacity"], 0.25);
    assert_eq!(list["layers"][3].get("children"), None);

    let before = list["seq"].clone();
    let refused = |edits: Value| service.json("POST", &batch, &json!({ "edits": edits }));
    let good = json!({ "op": "deleteLayer", "id": "new" });
    let unknown = refused(json!([good, { "op": "patchLayer", "id": "bx", "patch": {} }])).problem(404);
    assert_eq!(unknown["errors"][0]["pointer"], "/edits/1/id");
    let invalid = refused(json!([good, { "op": "patchLayer", "id": "box", "patch": { "opacity": 7 } }])).problem(422);
    assert_eq!(invalid["errors"][0]["pointer"], "/edits/1/patch/opacity");
    assert!(invalid["detail"].as_str().unwrap().contains("/edits/1/patch/opacity"), "{invalid}");
    let structure =
        refused(json!([{ "op": "delete", "id": "box" }, { "op": "patchLayer", "id": "box", "patch": 3 }])).problem(422);
    assert_eq!(structure["errors"].as_array().unwrap().len(), 2, "{structure}");
    let taken = refused(json!([{ "op": "createLayer", "layer": color("box", "#000000") }])).problem(409);
    assert_eq!(taken["errors"][0]["pointer"], "/edits/0/layer/id");
    for (at, expected) in
        [(json!(u64::MAX), "a tick within"), (json!("9000h"), "a time within"), (json!("soon"), "a time")]
    {
        let far = service.json("POST", &batch, &json!({ "edits": [good], "at": at })).problem(422);
        let fault = &far["errors"][0];
        assert_eq!(fault["pointer"], "/at");
        assert!(fault["expected"].as_str().unwrap().contains(expected), "{fault}");
    }
    assert_eq!(service.get(LAYERS).value()["seq"], before, "nothing of what was refused has happened");
}

#[test]
fn an_edit_can_be_set_for_a_time_as_for_a_tick() {
    let service = Service::start();
    let fps = u64::from(service.engine.format().fps);
    let soon = || service.engine.stats().tick / fps + 2;
    let fade = json!({ "op": "patchLayer", "id": "box", "patch": { "opacity": 0.25 } });
    let second = soon();
    let batch = json!({ "edits": [fade], "at": format!("{second}s") });
    let answer = service.json("POST", &format!("{LAYERS}/batch"), &batch).expect(200);
    assert_eq!(answer.tick(), second * fps);
    let second = soon();
    let path = format!("{LAYERS}/box?at={}ms", second * 1000);
    let answer = service.json("PATCH", &path, &json!({ "opacity": 0.5 })).expect(200);
    assert_eq!(answer.tick(), second * fps);
    let wrong = service.json("PATCH", &format!("{LAYERS}/box?at=soon"), &json!({ "opacity": 1 })).problem(400);
    let told = wrong["detail"].as_str().unwrap();
    assert!(told.contains("found `soon`, expected the number of a tick, or a time such as `90s`"), "{told}");
}

#[test]
fn an_asset_is_refused_for_what_is_wrong_with_it_and_not_for_what_uses_it() {
    let service = Service::start();
    let put = |path: &str| {
        let asset = json!({ "id": "p", "type": "image", "path": path });
        service.json("POST", &format!("{LAYERS}/batch"), &json!({ "edits": [{ "op": "putAsset", "asset": asset }] }))
    };
    let refused = || {
        let problem = put("../x.png").problem(422);
        let fault = problem["errors"][0].clone();
        assert_eq!(fault["pointer"], "/edits/0/asset/path", "{problem:#}");
        assert!(fault["column"].as_u64().unwrap() > 1, "where it is written: {fault}");
    };
    refused();
    put("x.png").expect(200);
    // The same of one that is there already.
    refused();
    assert_eq!(service.get("/api/stream/assets").value()["assets"][0]["path"], "x.png");
}

#[test]
fn a_patch_is_told_which_keys_it_has_left_as_they_were() {
    let service = Service::start();
    let path = format!("{LAYERS}/box");
    let mask = json!({ "shape": { "type": "rect", "x": 1, "y": 1, "width": 5, "height": 5 } });
    service.json("PATCH", &path, &json!({ "mask": mask })).expect(200);
    let other = json!({ "mask": { "shape": { "type": "path", "d": "M 0 0 L 9 0 L 9 9 Z" } } });
    let refused = service.json("PATCH", &path, &other).problem(422);
    let faults = refused["errors"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["pointer"] == "/mask/shape/x"), "{refused:#}");
    for fault in faults {
        assert!(fault["expected"].as_str().unwrap().contains("set it to `null`"), "{fault}");
    }
    let whole = json!({ "mask": { "shape": { "type": "path", "d": "M 0 0 L 9 0 L 9 9 Z", "x": null, "y": null,
        "width": null, "height": null, "radius": null } } });
    service.json("PATCH", &path, &whole).expect(200);
    // A key of the patch itself is told as any other.
    let refused = service.json("PATCH", &path, &json!({ "opacty": 1 })).problem(422);
    let fault = &refused["errors"][0];
    assert_eq!(fault["pointer"], "/opacty");
    assert!(!fault["expected"].as_str().unwrap().contains("null"), "{fault}");
}

/// Ids that stand for something else in paths cannot be given; scenes that have them are played, and told of it.
#[test]
fn a_layer_that_no_path_would_lead_to_is_refused() {
    let service = Service::start();
    let layer = |id: &str| json!({ "id": id, "content": { "type": "group" } });
    let openapi = service.get("/api/openapi.json").value();
    let paths = openapi["paths"].as_object().unwrap().keys();
    let mut taken: Vec<&str> = paths.filter_map(|path| path.strip_prefix("/api/stream/layers/")).collect();
    taken.retain(|rest| !rest.starts_with('{'));
    taken.sort_unstable();
    assert_eq!(taken, RESERVED_LAYERS);
    for id in RESERVED_LAYERS {
        let problem = service.json("POST", "/api/stream/layers", &layer(id)).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/id", "{problem}");
        let mut group = layer("holder");
        group["children"] = json!([layer(id)]);
        let batch = json!({ "edits": [{ "op": "createLayer", "layer": group }] });
        let problem = service.json("POST", "/api/stream/layers/batch", &batch).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/edits/0/layer/children/0/id", "{problem}");
        // Nor by any other way.
        let in_group = json!({ "children": [layer("inside"), { "id": "deep", "content": { "type": "group" },
            "children": [layer(id)] }] });
        let mut replaced = in_group.clone();
        (replaced["id"], replaced["content"]) = (json!("group"), json!({ "type": "group" }));
        let mut scene = serde_json::to_value(scene()).unwrap();
        (scene["layers"], scene["triggers"]) = (json!([layer(id)]), json!([]));
        let group = "/api/stream/layers/group";
        for (method, path, body, inside, edit) in [
            ("PATCH", group, &in_group, "/children/1/children/0/id", json!({ "op": "patchLayer", "id": "group" })),
            ("PUT", group, &replaced, "/children/1/children/0/id", json!({ "op": "replaceLayer", "id": "group" })),
            ("PUT", "/api/stream/scenes/zz", &scene, "/layers/0/id", json!({ "op": "putScene", "id": "zz" })),
            ("PUT", "/api/stream/scenes/main", &scene, "/layers/0/id", json!({ "op": "loadScene" })),
        ] {
            let problem = service.json(method, path, body).problem(422);
            assert_eq!(problem["errors"][0]["pointer"], inside, "{problem}");
            let part = match edit["op"].as_str().unwrap() {
                "patchLayer" => "patch",
                "replaceLayer" => "layer",
                _ => "scene",
            };
            let mut edit = edit;
            edit[part] = body.clone();
            let problem = service.json("POST", "/api/stream/layers/batch", &json!({ "edits": [edit] })).problem(422);
            assert_eq!(problem["errors"][0]["pointer"], format!("/edits/0/{part}{inside}"), "{problem}");
        }
        // A trigger that would set it.
        let actions = json!([{ "type": "set", "layer": "group", "patch": in_group }]);
        let trigger = json!({ "on": { "type": "event", "name": "go" }, "do": actions });
        let problem = service.json("POST", "/api/stream/triggers", &trigger).problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/do/0/patch/children/1/children/0/id", "{problem}");
        let batch = json!({ "edits": [{ "op": "addTrigger", "trigger": trigger }] });
        let problem = service.json("POST", "/api/stream/layers/batch", &batch).problem(422);
        let pointer = "/edits/0/trigger/do/0/patch/children/1/children/0/id";
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        let notices = SceneDocument::from_value(scene, &Limits::default()).unwrap().notices();
        assert_eq!(notices[0].pointer, "/layers/0/id");
    }
    service.get("/api/stream/layers/holder").problem(404);
}

/// What a scene file has can be read, and written as it was read.
#[test]
fn a_layer_of_a_file_that_no_path_leads_to_stays_where_it_is() {
    let service = Service::start();
    let inside = json!({ "id": "batch", "content": { "type": "group" } });
    let mut of_file = serde_json::to_value(scene()).unwrap();
    of_file["layers"][2]["children"] = json!([inside]);
    let scene = SceneDocument::from_value(of_file, &Limits::default()).unwrap();
    let load = components::Edit::LoadScene { scene: Box::new(scene) };
    service.runtime.block_on(service.engine.edit(vec![load], None)).unwrap();
    for path in ["/api/stream/layers/group", "/api/stream/scenes/main"] {
        let read = service.get(path).expect(200).value();
        service.json("PUT", path, &read).expect(200);
        assert_eq!(service.get(path).value(), read);
    }
    let children = json!({ "children": [inside, { "id": "order", "content": { "type": "group" } }] });
    let problem = service.json("PATCH", "/api/stream/layers/group", &children).problem(422);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], "/children/1/id");
    // Elsewhere it would be new.
    let main = service.get("/api/stream/scenes/main").value();
    service.json("PUT", "/api/stream/scenes/zz", &main).problem(422);
}
