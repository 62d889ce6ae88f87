//! What an edit answers is what it has made, whatever others do at the same time.

use super::*;

/// Sends two edits for the same tick. Returns their answers, that of the first to be carried out before the other.
fn at_once(service: &Service, edits: [(&str, &str, Value); 2], is_first: impl Fn(&Value) -> bool) -> [Answer; 2] {
    let at = service.engine.stats().tick + 20;
    let send = |(method, path, body): &(&str, &str, Value)| service.json(method, &format!("{path}?at={at}"), body);
    let [one, other] = std::thread::scope(|scope| {
        edits.each_ref().map(|edit| scope.spawn(move || send(edit))).map(|sent| sent.join().unwrap().expect(200))
    });
    assert_eq!((one.tick(), other.tick()), (at, at));
    if is_first(&one.value()) { [one, other] } else { [other, one] }
}

/// Who edits from the answer to the own edit learns that somebody else has edited since, be it on the same tick.
#[test]
fn the_tag_of_an_answer_is_that_of_the_authors_own_version() {
    let service = Service::start();
    let put = |path: &str, tag: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        service.send("PUT", path, &headers, Some(body.to_string().as_bytes()))
    };
    let track = json!({ "id": "music", "source": { "type": "tone" } });
    service.json("PUT", "/api/stream/audio/tracks/music", &track).expect(201);
    let event = json!({ "type": "event", "name": "other" });
    for (path, key, one, other) in [
        ("/api/stream/layers/box", "layer", json!({ "opacity": 0.25 }), json!({ "name": "of another" })),
        ("/api/stream/canvas", "canvas", json!({ "width": 32 }), json!({ "height": 18 })),
        ("/api/stream/audio", "audio", json!({ "volume": 0.5 }), json!({ "tracks": [] })),
        ("/api/stream/triggers/0", "trigger", json!({ "id": "named" }), json!({ "on": event })),
    ] {
        let before = service.get(path).expect(200).value();
        let edits = [("PATCH", path, one.clone()), ("PATCH", path, other.clone())];
        let has = |answer: &Value, patch: &Value| {
            patch.as_object().unwrap().iter().all(|(name, value)| answer[key][name] == *value)
        };
        let [first, last] = at_once(&service, edits, |answer| !(has(answer, &one) && has(answer, &other)));
        assert_ne!(first.header("etag"), last.header("etag"), "{path}");
        let (first_made, last_made) = (first.value(), last.value());
        assert!(has(&first_made, &one) != has(&first_made, &other), "{path}: {first_made}");
        assert!(has(&last_made, &one) && has(&last_made, &other), "{path}: {last_made}");
        // The one whose version is gone does not know the other's.
        put(path, first.header("etag"), &before).problem(412);
        assert_eq!(service.get(path).header("etag"), last.header("etag"), "{path}");
        put(path, last.header("etag"), &last_made[key]).expect(200);
    }
}

/// The same of edits that answer more than the document of their path.
#[test]
fn answers_tell_the_order_and_the_place_that_an_edit_has_made() {
    let service = Service::start();
    let order = "/api/stream/layers/order";
    let to = |order: [&str; 3]| json!({ "order": order });
    let (up, down) = (["box", "background", "group"], ["group", "box", "background"]);
    let at = service.engine.stats().tick + 20;
    let path = format!("{order}?at={at}");
    std::thread::scope(|scope| {
        for asked in [up, down] {
            let (service, path) = (&service, &path);
            scope.spawn(move || {
                let answer = service.json("POST", path, &to(asked)).expect(200).value();
                assert_eq!((&answer["order"], &answer["tick"]), (&json!(asked), &json!(at)));
            });
        }
    });
    let tone = json!({ "id": "music", "source": { "type": "tone" } });
    service.json("PUT", "/api/stream/audio/tracks/music", &tone).expect(201);
    let edits = [
        ("PATCH", "/api/stream/audio/tracks/music", json!({ "volume": 0.5 })),
        ("PATCH", "/api/stream/audio/tracks/music", json!({ "muted": true })),
    ];
    let is_whole = |answer: &Value| {
        let track = &answer["audio"]["tracks"][0];
        (&track["volume"], &track["muted"]) == (&json!(0.5), &json!(true))
    };
    let [first, last] = at_once(&service, edits, |answer| !is_whole(answer));
    assert_ne!(first.header("etag"), last.header("etag"));
    assert!(!is_whole(&first.value()) && is_whole(&last.value()));
    assert_eq!(service.get("/api/stream/audio").header("etag"), last.header("etag"));
}
