//! Clients that see some of the layers, or seldom, or have been away.

use std::collections::BTreeSet;

use components::{LayerId, SceneTree};
use futures_util::FutureExt as _;
use proptest::{strategy::Strategy as _, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::json;

use super::{
    websocket::{Client, edit},
    *,
};

/// The layers that a client sees who has chosen these.
fn seen(service: &Service, chosen: &[&str]) -> Value {
    let snapshot = service.runtime.block_on(service.engine.snapshot()).unwrap();
    let chosen: BTreeSet<LayerId> = chosen.iter().map(|id| LayerId::new(*id).unwrap()).collect();
    serde_json::to_value(SceneTree::from(&*snapshot).only(&chosen)).unwrap()["scene"]["layers"].clone()
}

#[test]
fn a_client_gets_the_topics_that_it_asks_for() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect_with(service.address, "?topics=").await;
        assert_eq!(client.next().await["type"], "hello");
        let subscribed = client.ask(json!({ "type": "subscribe", "topics": ["events"] })).await;
        assert_eq!(
            subscribed,
            json!({ "type": "subscribed", "requestId": "subscribe-0", "topics": ["events"], "layers": null,
                "rate": null }),
            "nothing came before"
        );
        assert_eq!(client.next().await["event"], "transport");
        assert_eq!(client.next().await["event"], "scenes");
        client.ask(json!({ "type": "subscribe", "topics": ["metrics"] })).await;
        for _ in 0..2 {
            assert_eq!(client.next().await["type"], "metrics", "at once, and again and again");
        }
        client.ask(json!({ "type": "subscribe", "topics": ["scene"], "layers": ["child"], "rate": 50 })).await;
        let snapshot = client.next().await;
        assert_eq!(snapshot["type"], "snapshot");
        let layers = snapshot["scene"]["layers"].as_array().unwrap();
        assert_eq!((layers.len(), &layers[0]["id"]), (1, &json!("group")));
        let back = client.ask(json!({ "type": "subscribe", "layers": null, "rate": null })).await;
        assert_eq!((&back["layers"], &back["topics"]), (&json!(null), &json!(["scene"])));
        assert_eq!(client.next().await["scene"]["layers"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn who_sees_some_of_the_layers_or_seldom_ends_with_what_there_is() {
    let service = Service::start();
    let views: [(&str, &[&str]); 5] = [
        ("?layers=box", &["box"]),
        ("?layers=child,a&topics=scene", &["child", "a"]),
        ("?layers=group,nothing&rate=20", &["group", "nothing"]),
        ("?layers=b,c,child", &["b", "c", "child"]),
        ("?layers=", &[]),
    ];
    let mut clients: Vec<_> =
        views.map(|(query, _)| service.runtime.block_on(Client::connect_with(service.address, query))).into();
    let mut seldom = service.runtime.block_on(Client::connect_with(service.address, "?rate=2&topics=scene"));
    service.runtime.block_on(seldom.next_of("snapshot"));
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut seq) = (0, 0);
    for round in 1..=160 {
        let (method, path, body) = edit().new_tree(&mut runner).unwrap().current();
        let answer = service.json(method, &format!("/stream/layers{path}"), &body);
        assert!(answer.status < 500, "{method} {path} {body}: {}", answer.text());
        accepted += usize::from(answer.status < 300);
        if round % 20 == 0 {
            seq = service.get("/stream/layers").value()["seq"].as_u64().unwrap();
            for (client, (query, chosen)) in clients.iter_mut().zip(views) {
                service.runtime.block_on(client.catch_up(seq));
                assert_eq!(client.layers(), seen(&service, chosen), "{query}");
            }
        }
    }
    for (client, (query, _)) in clients.iter().zip(views) {
        assert_eq!(client.snapshots, 1, "{query}");
        assert!(client.updates < accepted, "{query}: what does not concern it is not told");
    }
    assert_eq!(clients[4].updates, 0, "nothing is seen, so nothing changes");
    service.runtime.block_on(seldom.catch_up(seq));
    assert_eq!(seldom.layers(), service.get("/stream/layers").value()["layers"]);
    assert!(seldom.updates * 3 < accepted, "{} updates of {accepted} changes", seldom.updates);
}

#[test]
fn who_comes_back_gets_what_it_missed_in_one_update() {
    let service = Service::start();
    let patch = |n: u32| {
        service.json("PATCH", "/stream/layers/box", &json!({ "opacity": f64::from(n) / 64.0 })).expect(200);
    };
    let mut client = service.runtime.block_on(Client::connect(service.address));
    service.runtime.block_on(client.next_of("snapshot"));
    patch(1);
    service.runtime.block_on(client.next_of("layerUpdate"));
    let (epoch, scene) = (client.epoch.clone(), client.scene.take().unwrap());
    drop(client);
    for n in 2..20 {
        patch(n);
    }
    service.json("POST", "/stream/layers?index=0", &json!({ "id": "new", "content": { "type": "group" } })).expect(201);
    service.json("DELETE", "/stream/layers/child", &json!(null)).expect(200);
    let there = service.get("/stream/layers").value();
    // What the engine has done clients are told a moment later.
    let mut other = service.runtime.block_on(Client::connect(service.address));
    service.runtime.block_on(other.catch_up(there["seq"].as_u64().unwrap()));

    let come_back = |epoch: &str, seq: u64, more: &str| {
        let query = format!("?epoch={epoch}&seq={seq}{more}");
        let mut client = service.runtime.block_on(Client::connect_with(service.address, &query));
        client.scene = Some(scene.clone());
        client.epoch = epoch.to_owned();
        assert_eq!(service.runtime.block_on(client.next())["type"], "hello");
        let resumed = service.runtime.block_on(client.next());
        assert_eq!(resumed["type"], "resumed");
        (client, resumed["isComplete"] == true)
    };
    let (mut client, is_complete) = come_back(&epoch, scene.seq, "");
    assert!(is_complete);
    let update = service.runtime.block_on(client.next());
    assert_eq!((&update["type"], &update["since"]), (&json!("layerUpdate"), &json!(scene.seq)));
    assert_eq!((client.layers(), client.snapshots), (there["layers"].clone(), 0));
    assert_eq!(update["changes"].as_array().unwrap().len(), 3, "each layer once: {update}");
    // With the same choice of layers as before, what it missed is the same for it alone.
    let (mut some, is_complete) = come_back(&epoch, scene.seq, "&layers=background&topics=scene");
    some.scene.as_mut().unwrap().scene.layers.truncate(1);
    assert!(is_complete);
    service.runtime.block_on(some.catch_up(there["seq"].as_u64().unwrap()));
    assert_eq!(some.layers(), json!([there["layers"][1]]));
    // Another run, or a state that nobody knows: all of it anew.
    for (epoch, seq) in [("another", scene.seq), (epoch.as_str(), 9999)] {
        let (mut client, is_complete) = come_back(epoch, seq, "");
        assert!(!is_complete);
        assert_eq!(service.runtime.block_on(client.next())["type"], "snapshot");
        assert_eq!(client.layers(), there["layers"]);
    }
    // On an open connection too, and without a word of what it has.
    let resumed = service.runtime.block_on(client.ask(json!({ "type": "resume" })));
    assert_eq!(resumed["isComplete"], false);
    assert_eq!(service.runtime.block_on(client.next_of("snapshot"))["epoch"], epoch);
    let same = json!({ "type": "resume", "epoch": epoch, "seq": there["seq"] });
    assert_eq!(service.runtime.block_on(client.ask(same))["isComplete"], true);
    patch(60);
    let update = service.runtime.block_on(client.next_of("layerUpdate"));
    assert_eq!(update["seq"], there["seq"].as_u64().unwrap() + 1);
}

/// What each of them sees is looked out of the whole scene: who chooses all the time is heard less often.
#[test]
fn who_chooses_other_layers_all_the_time_waits_for_itself() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut chooser = Client::connect_with(service.address, "?topics=scene").await;
        for number in 0..400 {
            chooser.say(json!({ "type": "subscribe", "layers": [format!("layer-{number}")] })).await;
        }
        chooser.say(json!({ "type": "ping" })).await;
        // The first are answered at once, and others are heard meanwhile.
        chooser.next_of("subscribed").await;
        let mut other = Client::connect_with(service.address, "?topics=").await;
        for _ in 0..10 {
            assert_eq!(other.ask(json!({ "type": "ping" })).await["type"], "pong");
        }
        let mut answered = 1;
        while let Some(message) = chooser.next().now_or_never() {
            assert_ne!(message["type"], "pong", "all are answered already");
            answered += usize::from(message["type"] == "subscribed");
        }
        assert!(answered < 400, "{answered} are answered already");
    });
}
