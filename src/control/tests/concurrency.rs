//! Several clients that change the same, and requests that are sent again.

use std::thread;

use components::{Edit, LayerId, document::merge_patch};

use super::*;
use crate::engine::{Command, StreamEvent};

const BOX: &str = "/api/stream/layers/box";

fn patch(service: &Service, path: &str, headers: &[(&str, &str)], patch: &Value) -> Answer {
    service.send("PATCH", path, headers, Some(patch.to_string().as_bytes()))
}

#[test]
fn an_edit_of_a_document_that_has_changed_since_is_refused() {
    let service = Service::start();
    service
        .json("PUT", "/api/stream/timelines/t", &json!({ "id": "t", "steps": [{ "type": "wait", "seconds": 1 }] }))
        .expect(201);
    let track = json!({ "id": "music", "source": { "type": "tone" } });
    service.json("PUT", "/api/stream/audio/tracks/music", &track).expect(201);
    for (path, change) in [
        (BOX, json!({ "opacity": 0.125 })),
        ("/api/stream/canvas", json!({ "background": "#123456" })),
        ("/api/stream/audio", json!({ "volume": 0.25 })),
        ("/api/stream/audio/tracks/music", json!({ "muted": true })),
        ("/api/config", json!({ "stream_bitrate": 1234 })),
    ] {
        let shown = service.get(path).expect(200);
        let old = shown.header("etag").to_owned();
        let same = service.send("GET", path, &[("if-none-match", &old)], None).expect(304);
        assert!(same.body.is_empty() && same.header("etag") == old);
        patch(&service, path, &[("if-match", &old)], &change).expect(200);
        let new = service.get(path).expect(200).header("etag").to_owned();
        assert_ne!(old, new, "{path}");
        service.send("GET", path, &[("if-none-match", &old)], None).expect(200);

        let refused = patch(&service, path, &[("if-match", &old)], &json!({ "opacity": 1, "volume": 1 }));
        assert_eq!(refused.header("etag"), new, "{path}");
        refused.problem(412);
        patch(&service, path, &[("if-match", &format!("\"foreign\", {new}"))], &json!({})).expect(200);
        patch(&service, path, &[("if-match", "*")], &json!({})).expect(200);
        patch(&service, path, &[("if-match", "\"foreign\"")], &json!({})).problem(412);
        patch(&service, path, &[("if-match", "rubbish")], &json!({})).problem(400);
        assert_eq!(service.get(path).header("etag"), new, "nothing of what was refused has happened");
    }
    let timeline = service.get("/api/stream/timelines/t").expect(200);
    let put = |tag: &str| service.send("PUT", "/api/stream/timelines/t", &[("if-match", tag)], Some(&timeline.body));
    put("\"0\"").problem(412);
    assert_eq!(put(timeline.header("etag")).expect(200).header("etag"), timeline.header("etag"));
    service.send("DELETE", "/api/stream/timelines/t", &[("if-match", "\"0\"")], None).problem(412);
    service.json("POST", "/api/stream/layers", &json!({ "id": "spare", "content": { "type": "group" } })).expect(201);
    let spare = "/api/stream/layers/spare";
    service.send("DELETE", spare, &[("if-match", "\"0\"")], None).problem(412);
    service.send("DELETE", spare, &[("if-match", service.get(spare).header("etag"))], None).expect(200);
}

/// Whoever reads, adds one and writes under `If-Match` never takes away what somebody else has added.
#[test]
fn of_edits_that_start_from_the_same_version_one_is_carried_out() {
    let service = Service::start();
    let (clients, rounds) = (4, 8);
    let count = |layer: &Value| -> i64 { layer["name"].as_str().unwrap_or("0").parse().unwrap() };
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                for _ in 0..rounds {
                    loop {
                        let shown = service.get(BOX).expect(200);
                        let next = json!({ "name": (count(&shown.value()) + 1).to_string() });
                        let answer = patch(&service, BOX, &[("if-match", shown.header("etag"))], &next);
                        if answer.status == 200 {
                            break;
                        }
                        answer.problem(412);
                    }
                }
            });
        }
    });
    assert_eq!(count(&service.get(BOX).value()), clients * rounds);
}

#[test]
fn patches_of_different_parts_of_the_sound_at_once_are_all_carried_out() {
    let service = Service::start();
    thread::scope(|scope| {
        for number in 0..6 {
            let service = &service;
            scope.spawn(move || {
                let id = format!("t{number}");
                let path = format!("/api/stream/audio/tracks/{id}");
                service.json("PUT", &path, &json!({ "id": id, "source": { "type": "tone" } })).expect(201);
                service.json("PATCH", &path, &json!({ "volume": 0.5 })).expect(200);
            });
        }
    });
    let tracks = service.get("/api/stream/audio").value()["tracks"].clone();
    let volumes: Vec<&Value> = tracks.as_array().unwrap().iter().map(|track| &track["volume"]).collect();
    assert_eq!(volumes, vec![&json!(0.5); 6]);
}

/// What many send at once for one tick is merged there: nothing is refused, and nothing comes later.
#[test]
fn parts_of_the_scene_are_changed_many_times_on_the_tick_that_is_asked_for() {
    let service = Service::start();
    for id in ["m", "n"] {
        let track = json!({ "id": id, "source": { "type": "tone" } });
        service.json("PUT", &format!("/api/stream/audio/tracks/{id}"), &track).expect(201);
    }
    let trigger = json!({ "id": "t", "on": { "type": "start" }, "do": [{ "type": "emit", "event": "e" }] });
    service.json("PUT", "/api/stream/triggers/t", &trigger).expect(201);
    let at = service.engine.stats().tick + 60;
    let changes = [
        ("canvas", json!({ "background": "#123456" })),
        ("canvas", json!({ "fit": "cover" })),
        ("audio", json!({ "volume": 0.25 })),
        ("audio/tracks/m", json!({ "volume": 0.5 })),
        ("audio/tracks/n", json!({ "muted": true })),
        ("triggers/t", json!({ "on": { "type": "event", "name": "go" } })),
        ("triggers/t", json!({ "do": [{ "type": "emit", "event": "gone" }] })),
        // By its place.
        ("triggers/0", json!({ "do": [{ "type": "emit", "event": "flashed" }] })),
        ("triggers/0", json!({ "on": { "name": "flash-light" } })),
    ];
    thread::scope(|scope| {
        for (part, change) in changes.iter().cycle().take(6 * changes.len()) {
            let path = format!("/api/stream/{part}?at={at}");
            let service = &service;
            scope.spawn(move || assert_eq!(service.json("PATCH", &path, change).expect(200).tick(), at, "{path}"));
        }
    });
    for (part, change) in &changes {
        let shown = service.get(&format!("/api/stream/{part}")).value();
        for (key, value) in change.as_object().unwrap() {
            let mut patched = shown[key].clone();
            merge_patch(&mut patched, value);
            assert_eq!(shown[key], patched, "{part}");
        }
    }
}

#[test]
fn a_request_that_is_sent_again_is_carried_out_once() {
    let service = Service::start();
    let layers = "/api/stream/layers";
    let new = json!({ "id": "new", "content": { "type": "color", "color": "#000000" } }).to_string();
    let create =
        |key: &str, body: &str| service.send("POST", layers, &[("idempotency-key", key)], Some(body.as_bytes()));
    let first = create("\"k-1\"", &new).expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = create("k-1", &new).expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(
        (again.text(), again.header("location"), again.tick()),
        (first.text(), first.header("location"), first.tick())
    );
    create("k-2", &new).problem(409);
    create("k-2", &new).problem(409);
    let other = create("k-1", &new.replace("new", "other")).problem(422);
    assert!(other["detail"].as_str().unwrap().contains("Idempotency-Key"), "{other}");
    service
        .send("POST", &format!("{layers}?index=0"), &[("idempotency-key", "k-1")], Some(new.as_bytes()))
        .problem(422);
    create("not a key", &new).problem(400);
    create(&"k".repeat(256), &new).problem(400);
    service.send("GET", layers, &[("idempotency-key", "k-1")], None).expect(200);

    // Those that come while the first one runs wait for its answer; it runs on even if nobody waits any more.
    let at = service.engine.stats().tick + 40;
    let path = format!("{layers}?at={at}");
    let late = new.replace("new", "late");
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_millis(100))).build().into();
    let gone = agent.post(format!("http://{}{path}", service.address)).header("idempotency-key", "k-3").send(&late);
    assert!(gone.is_err(), "the client is gone before the tick");
    let answers: Vec<Answer> = thread::scope(|scope| {
        let send = || service.send("POST", &path, &[("idempotency-key", "k-3")], Some(late.as_bytes())).expect(201);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for answer in answers {
        assert_eq!((answer.tick(), answer.header("idempotency-replayed")), (at, "true"));
    }
}

#[test]
fn layers_are_put_into_another_order() {
    let service = Service::start();
    let order = |body: Value| service.json("POST", "/stream/layers/order", &body);
    let answer = order(json!({ "order": ["group", "background"] })).expect(200);
    assert_eq!(answer.value()["order"], json!(["group", "box", "background"]));
    assert_eq!(answer.value()["tick"], answer.tick());
    let shown = service.get("/api/stream/layers").value();
    assert_eq!(shown["layers"][0]["id"], "group");
    assert_eq!(order(json!({ "parent": "group", "order": ["child"] })).expect(200).value()["order"], json!(["child"]));
    let wrong = order(json!({ "order": ["box", "child", "bx"] })).problem(422);
    assert_eq!((&wrong["errors"][0]["pointer"], &wrong["errors"][1]["nearest"]), (&json!("/order/1"), &json!("box")));
    order(json!({ "parent": "nowhere", "order": ["box"] })).problem(404);
    order(json!({ "parent": "box", "order": ["child"] })).problem(409);
    order(json!({ "order": [] })).problem(422);
}

#[test]
fn the_layer_that_people_work_on_is_known_to_all_until_it_is_gone() {
    let service = Service::start();
    let active = "/api/stream/layers/active";
    let mut events = service.engine.events();
    assert_eq!(service.get(active).expect(200).value(), json!({ "id": null }));
    service.json("PUT", active, &json!({ "id": "child" })).expect(200);
    assert_eq!(service.get(active).value(), json!({ "id": "child" }));
    let mut told = || loop {
        if let StreamEvent::ActiveLayer { id } = service.runtime.block_on(events.recv()).unwrap() {
            return id.map(|id| id.to_string());
        }
    };
    assert_eq!(told().as_deref(), Some("child"));
    let unknown = service.json("PUT", active, &json!({ "id": "chld" })).problem(404);
    assert!(unknown["detail"].as_str().unwrap().contains("did you mean `child`?"), "{unknown}");
    service.send("DELETE", "/api/stream/layers/group", &[], None).expect(200);
    assert_eq!(told(), None, "its group is gone, and it with that");
    assert_eq!(service.get(active).value(), json!({ "id": null }));
}

#[test]
fn a_paused_stream_goes_on_frame_by_frame() {
    let service = Service::start();
    let animation = json!([{ "property": "transform.position.x", "from": 0, "to": 6000, "duration": 100 }]);
    let moving = json!({ "content": { "type": "color", "color": "#ffffff", "size": { "width": 1, "height": 36 } },
        "animations": animation, "opacity": 1 });
    let step = |frames: u64| service.json("POST", "/api/stream/step", &json!({ "frames": frames }));
    step(1).problem(409);
    service.post("/api/stream/start").expect(200);
    service.post("/api/stream/pause").expect(200);
    let settled = || {
        // The pause holds from the next tick on.
        let tick = service.engine.stats().tick + 2;
        wait_for("the pause", || service.engine.stats().tick >= tick);
    };
    settled();
    service.json("PATCH", BOX, &moving).expect(200);
    // A pixel a frame: the column that is white tells the frame.
    let column = || {
        let picture = service.runtime.block_on(service.engine.picture()).unwrap();
        let row = picture.data.chunks_exact(4).take(WIDTH).enumerate();
        row.max_by_key(|(_, pixel)| pixel[1]).unwrap().0
    };
    let first = column();
    settled();
    assert_eq!(column(), first, "it stands still");
    let answer = step(1).expect(200);
    assert_eq!(answer.value()["tick"], answer.tick());
    assert_eq!(column(), first + 1);
    step(7).expect(200);
    assert_eq!(column(), first + 8);
    settled();
    assert_eq!(column(), first + 8, "it stands still again");
    service.json("POST", "/api/stream/step", &json!({})).expect(200);
    assert_eq!(column(), first + 9, "one frame if it is not said how many");
    step(0).problem(422);
    step(u64::from(crate::engine::MAX_STEP) + 1).problem(422);
    service.engine.command(Command::Resume).unwrap();
    step(1).problem(409);
}

#[test]
fn an_edit_is_on_the_next_frame_that_starts_after_it_arrived() {
    let service = Service::start();
    for number in 0..30 {
        let before = service.engine.stats().tick;
        let patch = Edit::PatchLayer { id: LayerId::new("box").unwrap(), patch: json!({ "name": number.to_string() }) };
        let answer = service.engine.edit(vec![patch], None);
        let mut answer = std::pin::pin!(answer);
        // It is in the mailbox once the future has been asked for the first time.
        let tick = service.runtime.block_on(async {
            let begun = futures_util::FutureExt::now_or_never(answer.as_mut());
            let arrived = service.engine.stats().tick;
            let tick = match begun {
                Some(outcome) => outcome.unwrap().tick,
                None => answer.await.unwrap().tick,
            };
            // The tick that ran while it arrived is not counted yet; the next one has it.
            assert!(tick > before && tick <= arrived + 2, "arrived after tick {arrived}, shown on tick {tick}");
            tick
        });
        let shown = service.runtime.block_on(service.engine.snapshot()).unwrap();
        let name = &shown.scene.walk().find(|layer| layer.id.as_str() == "box").unwrap().name;
        assert_eq!((name.0.as_str(), shown.tick >= tick), (number.to_string().as_str(), true));
    }
}

#[test]
fn long_lists_are_answered_in_parts() {
    let service = Service::start();
    let mut path = "/api/stream/layers?limit=2".to_owned();
    let mut ids = Vec::new();
    for part in 0.. {
        let answer = service.get(&path).expect(200).value();
        let layers = answer["layers"].as_array().unwrap();
        assert!((1..=2).contains(&layers.len()));
        ids.extend(layers.iter().map(|layer| layer["id"].as_str().unwrap().to_owned()));
        match answer["next"].as_str() {
            Some(next) => path = format!("/api/stream/layers?limit=2&cursor={next}"),
            None => {
                assert_eq!(part, 1);
                break;
            }
        }
    }
    assert_eq!(ids, ["background", "box", "group"]);
    service.get("/api/stream/layers?cursor=gone").problem(400);
    for wrong in ["0", "1001", "x", "-1"] {
        service.get(&format!("/api/stream/layers?limit={wrong}")).problem(400);
    }
    for id in ["a", "z"] {
        service.json("PUT", &format!("/api/stream/scenes/{id}"), &json!({ "layers": [] })).expect(201);
    }
    let first = service.get("/api/stream/scenes?limit=2").expect(200).value();
    let ids = |part: &Value| -> Vec<String> {
        part["scenes"].as_array().unwrap().iter().map(|scene| scene["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((ids(&first), &first["active"]), (vec!["a".to_owned(), "main".to_owned()], &json!("main")));
    let rest = service.get("/api/stream/scenes?limit=2&cursor=main").expect(200).value();
    assert_eq!((ids(&rest), rest.get("next")), (vec!["z".to_owned()], None));
    for list in ["timelines", "assets", "scenes"] {
        assert_eq!(service.get(&format!("/api/stream/{list}?limit=5")).expect(200).value().get("next"), None);
    }
}

/// Whoever sends many edits for later ticks leaves room for others, by whatever way they come.
#[test]
fn one_address_cannot_take_all_that_may_wait_for_later_ticks() {
    let service = Service::start();
    let own = service.engine.of_address([127, 0, 0, 1].into());
    let at = service.engine.stats().tick + 100_000;
    let patch = || vec![serde_json::from_value(json!({ "op": "patchLayer", "id": "box", "patch": {} })).unwrap()];
    service.runtime.block_on(async {
        let many: Vec<_> = (0..3000)
            .map(|_| {
                let own = own.clone();
                tokio::spawn(async move { own.edit(patch(), Some(at)).await })
            })
            .collect();
        while many.iter().filter(|edit| edit.is_finished()).count() < 3000 - 2048 {
            tokio::task::yield_now().await;
        }
        let other = at + 1000;
        let soon =
            || json!({ "type": "edit", "edits": [{ "op": "patchLayer", "id": "box", "patch": {} }], "at": other });
        let mut client = websocket::Client::connect(service.address).await;
        client.next_of("snapshot").await;
        let refused = client.ask(soon()).await;
        assert_eq!((&refused["type"], &refused["status"]), (&json!("error"), &json!(503)), "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains("of this address"), "{refused}");
        let refused = ask_from(&service, 1, &format!("/api/stream/layers/box?at={other}")).await;
        assert_eq!(refused[0], "HTTP/1.1 503 Service Unavailable");
        assert!(refused.iter().any(|line| line.starts_with("retry-after:")), "{refused:?}");
        // One for a tick that is past waits no longer than those for none; and another address has room.
        let past = ask_from(&service, 1, "/api/stream/layers/box?at=1").await;
        let next = format!("/api/stream/layers/box?at={}", service.engine.stats().tick + 5);
        let next = ask_from(&service, 2, &next).await;
        assert_eq!((past[0].as_str(), next[0].as_str()), ("HTTP/1.1 200 OK", "HTTP/1.1 200 OK"));
        for edit in many {
            edit.abort();
        }
    });
    // Those that nobody waits for any more make room within a second.
    wait_for("room", || {
        let soon = format!("/api/stream/layers/box?at={}", service.engine.stats().tick + 5);
        service.json("PATCH", &soon, &json!({})).status == 200
    });
}

/// What would be too much for one tick is refused when it is sent, and so is what is too much at once.
#[test]
fn one_address_cannot_fill_a_tick_to_come() {
    let service = Service::start();
    let own = service.engine.of_address([127, 0, 0, 1].into());
    let at = service.engine.stats().tick + 100_000;
    let moves = json!({ "op": "moveLayer", "id": "box", "index": 0 });
    let batch: Vec<Edit> = serde_json::from_value(json!(vec![&moves; 1000])).unwrap();
    service.runtime.block_on(async {
        let many: Vec<_> = (0..10)
            .map(|_| {
                let (own, batch) = (own.clone(), batch.clone());
                tokio::spawn(async move { own.edit(batch, Some(at)).await })
            })
            .collect();
        while many.iter().filter(|edit| edit.is_finished()).count() < 8 {
            tokio::task::yield_now().await;
        }
        let ask = json!({ "type": "edit", "edits": vec![&moves; 100], "at": at });
        let mut client = websocket::Client::connect(service.address).await;
        client.next_of("snapshot").await;
        let refused = client.ask(ask).await;
        assert_eq!((&refused["type"], &refused["status"]), (&json!("error"), &json!(503)), "{refused}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("of this address are for that tick"), "{refused}");
        for edit in many {
            edit.abort();
        }
        let other = format!("/api/stream/layers/box?at={}", service.engine.stats().tick + 5);
        assert_eq!(ask_from(&service, 2, &other).await[0], "HTTP/1.1 200 OK");
    });
    // What goes through the whole scene thousands of times would hold up the picture whenever it is carried out.
    let scene = json!({ "op": "expect", "document": { "type": "scene", "id": "main" } });
    let long: Vec<Edit> = serde_json::from_value(json!(vec![scene; 10_000])).unwrap();
    let refused = service.runtime.block_on(service.engine.edit(long, None)).unwrap_err();
    assert!(refused.to_string().contains("send them in parts"), "{refused}");
}

/// Sends an empty patch from an address of the loopback. Returns the lines of the answer.
async fn ask_from(service: &Service, host: u8, path: &str) -> Vec<String> {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpSocket,
    };
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, host], 0).into()).unwrap();
    let mut stream = socket.connect(service.address).await.unwrap();
    let head = format!("PATCH {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", service.address);
    stream.write_all(format!("{head}content-length: 2\r\n\r\n{{}}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().map(str::to_owned).collect()
}
