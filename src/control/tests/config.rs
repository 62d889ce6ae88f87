//! The settings over the API.

use serde_json::json;

use super::{Service, TOKEN, WIDTH};

const PATH: &str = "/api/config";

#[test]
fn every_setting_is_shown_with_its_origin_and_no_secret() {
    let service = Service::start();
    let answer = service.get(PATH).expect(200);
    assert!(!answer.text().contains(TOKEN));
    let document = answer.value();
    let settings = document["settings"].as_array().unwrap();
    assert_eq!(settings.len(), crate::config::SETTINGS.len());
    let of = |key: &str| settings.iter().find(|setting| setting["key"] == key).unwrap();
    assert_eq!(of("stream_resolution")["origin"], json!({ "from": "environment" }));
    assert_eq!((&of("stream_resolution")["live"], &of("port")["live"]), (&json!(true), &json!(false)));
    assert_eq!(of("target_fps")["origin"], json!({ "from": "default" }));
    assert_eq!(document["values"]["api_token"], "***");
    assert_eq!(document["values"]["stream_resolution"], "64x36");
    assert_eq!(
        document["values"]["muxer"],
        json!({
            "outputs": [], "max_queue_size": 90, "retry_attempts": "unlimited", "retry_delay": "1s",
        })
    );
    assert_eq!(document["values"]["workers"]["render"], "auto");
    assert_eq!(document["values"]["redis_url"], json!(null));
    for setting in settings {
        let pointer = format!("/values/{}", setting["key"].as_str().unwrap().replace('.', "/"));
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
    service.send("DELETE", PATH, &[], None).problem(405);
}

#[test]
fn what_get_answers_can_be_sent_back_and_changes_nothing() {
    let service = Service::start();
    let before = service.get(PATH).value();
    let answer = service.json("PATCH", PATH, &before["values"]).expect(200).value();
    assert_eq!((&answer["changed"], &answer["values"]), (&json!({}), &before["values"]));
}

#[test]
fn a_change_is_on_the_frame_that_its_answer_names_and_null_takes_it_back() {
    let service = Service::start();
    let width_of = |expected: usize| {
        let answer = service.get("/api/stream/frame").expect(200);
        let picture = image::load_from_memory(&answer.body).unwrap();
        assert_eq!((picture.width() as usize, answer.tick() > 0), (expected, true));
        answer.tick()
    };
    width_of(WIDTH);
    let answer = service.json("PATCH", PATH, &json!({ "stream_resolution": "360p" })).expect(200);
    let changed = answer.value();
    assert_eq!(
        (&changed["tick"], &changed["changed"]),
        (&json!(answer.tick()), &json!({ "stream_resolution": "640x360" }))
    );
    assert!(width_of(640) >= answer.tick());
    assert_eq!(service.engine.format().height, 360);
    let status = service.get("/api/stream/status").value();
    assert_eq!(status["resolution"], json!({ "width": 640, "height": 360 }));
    let origin =
        &changed["settings"].as_array().unwrap().iter().find(|s| s["key"] == "stream_resolution").unwrap()["origin"];
    assert_eq!(*origin, json!({ "from": "runtime" }));

    let back = service.json("PATCH", PATH, &json!({ "stream_resolution": null })).expect(200).value();
    assert_eq!(back["changed"], json!({ "stream_resolution": "64x36" }));
    width_of(WIDTH);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_is_changed() {
    let service = Service::start();
    let problem = service
        .json(
            "PATCH",
            PATH,
            &json!({
                "stream_resolution": "1281x720",
                "stream_bitrate": "fast",
                "max_layers": [1],
                "log_level": "verbos",
                "port": 8080,
                "api_token": "another-token-than-before",
                "muxer": { "retry_delay": "2s", "retry_dealy": 1 },
                "pipeline": 3,
                "stream_resolutoin": "720p",
            }),
        )
        .problem(422);
    let text = problem.to_string();
    assert!(!text.contains("another-token"), "{text}");
    let errors = problem["errors"].as_array().unwrap();
    let of = |pointer: &str| {
        errors.iter().find(|error| error["pointer"] == pointer).unwrap_or_else(|| panic!("no {pointer} in {problem:#}"))
    };
    assert_eq!(errors.len(), 10, "{problem:#}");
    let expected = |pointer: &str| of(pointer)["expected"].as_str().unwrap();
    assert!(expected("/stream_resolution").contains("even width and height"));
    assert_eq!(of("/stream_resolution")["found"], "`1281x720`");
    assert!(expected("/stream_bitrate").contains("kbit/s"));
    assert!(expected("/max_layers").contains("whole number from 1 to 1000"));
    assert!(expected("/log_level").contains("`warn`"));
    for pointer in ["/port", "/api_token", "/muxer/retry_delay"] {
        assert!(expected(pointer).contains("start the service anew"), "{pointer}: {}", expected(pointer));
    }
    assert_eq!(of("/muxer/retry_dealy")["nearest"], "muxer.retry_delay");
    assert_eq!(of("/stream_resolutoin")["nearest"], "stream_resolution");
    assert!(expected("/pipeline").contains("an object"));

    for (wrong, found) in [
        (json!("1280x722 pixels"), "text of 15 characters"),
        (json!("3842x2160"), "`3842x2160`"),
        (json!(640), "`640`"),
        (json!({ "width": 640 }), "an object"),
        (json!(true), "`true`"),
    ] {
        let problem =
            service.json("PATCH", PATH, &json!({ "stream_resolution": wrong, "log_level": "debug" })).problem(422);
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["found"]),
            (&json!("/stream_resolution"), &json!(found))
        );
    }
    service.json("PATCH", PATH, &json!(["stream_resolution"])).problem(422);
    let now = service.get(PATH).value();
    assert_eq!((&now["values"]["stream_resolution"], &now["values"]["log_level"]), (&json!("64x36"), &json!("info")));
    assert_eq!(service.engine.format().width, WIDTH);
}

#[test]
fn a_patch_of_another_shape_is_told_what_was_found_and_what_to_write() {
    let service = Service::start();
    let error = |patch: &serde_json::Value| service.json("PATCH", PATH, patch).problem(422)["errors"][0].clone();
    let dotted = error(&json!({ "muxer.outputs": [] }));
    assert_eq!((&dotted["pointer"], &dotted["nearest"]), (&json!("/muxer.outputs"), &json!(null)));
    assert!(dotted["expected"].as_str().unwrap().contains(r#"`{ "muxer": { "outputs": … } }`"#), "{dotted}");
    let list = error(&json!({ "stream_resolution": ["720p"] }));
    assert_eq!((&list["pointer"], &list["found"]), (&json!("/stream_resolution"), &json!("a list")));
    assert_eq!(error(&json!({ "api_token": null }))["found"], "`null`");
    // Names that are near enough to one that is known are no secrets, nor are short ones; others may be.
    let misplaced = error(&json!({ "retry_delay": "2s" }));
    assert_eq!((&misplaced["pointer"], &misplaced["nearest"]), (&json!("/retry_delay"), &json!("muxer.retry_delay")));
    assert!(misplaced["found"].as_str().unwrap().contains("`retry_delay`"), "{misplaced}");
    let dotted = error(&json!({ "muxer.retry_dealy": "2s" }));
    assert_eq!((&dotted["pointer"], &dotted["nearest"]), (&json!("/muxer.retry_dealy"), &json!("muxer.retry_delay")));
    // So is a table's.
    let table = error(&json!({ "muxre": { "retry_delay": "2s" } }));
    assert_eq!((&table["pointer"], &table["nearest"]), (&json!("/muxre"), &json!("muxer")), "{table}");
    let short = error(&json!({ "muxer": { "a/b": 1 } }));
    assert_eq!((&short["pointer"], &short["nearest"]), (&json!("/muxer/a~1b"), &json!(null)));
    let other = error(&json!({ "muxer": { "live_0815_sEcReT": 1 } }));
    assert_eq!((&other["pointer"], &other["found"]), (&json!("/muxer"), &json!("an unknown setting of 16 characters")));
    assert_eq!(error(&json!({ "api_token": "another" }))["found"], "`***`");
    let twice = r#"{ "max_layers": 10, "max_layers": 20 }"#;
    let problem =
        service.send("PATCH", PATH, &[("content-type", "application/json")], Some(twice.as_bytes())).problem(400);
    assert!(problem["errors"][0]["found"].as_str().unwrap().contains("second time"), "{problem}");
}
