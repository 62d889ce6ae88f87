//! Edits over WebSocket.

use serde_json::json;

use super::{websocket::Client, *};
use crate::control::{ApiToken, Scope};

fn patch(opacity: f64) -> Value {
    json!({ "op": "patchLayer", "id": "box", "patch": { "opacity": opacity } })
}

#[test]
fn edits_are_answered_in_order_with_the_tick_on_which_they_show() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        client.next_of("snapshot").await;
        // Many more than fit into a tick are on their way before the first is answered.
        for n in 0..600_u32 {
            let edits = if n % 10 == 9 { json!([patch(7.0)]) } else { json!([patch(f64::from(n) / 600.0)]) };
            client.say(json!({ "type": "edit", "requestId": n, "edits": edits })).await;
        }
        let mut last = 0;
        for n in 0..600 {
            let answer = loop {
                let message = client.next().await;
                if message.get("requestId").is_some() {
                    break message;
                }
            };
            assert_eq!(answer["requestId"], n);
            if n % 10 == 9 {
                assert_eq!((&answer["type"], &answer["status"]), (&json!("error"), &json!(422)));
                assert_eq!(answer["errors"][0]["pointer"], "/edits/0/patch/opacity", "{answer}");
            } else {
                assert_eq!(answer["type"], "edited", "{answer}");
                let tick = answer["tick"].as_u64().unwrap();
                assert!(tick >= last, "in order");
                last = tick;
            }
        }
        let seq = service.engine.snapshot().await.unwrap().seq;
        client.catch_up(seq).await;
        assert_eq!(client.layers()[1]["opacity"], 598.0 / 600.0);
    });
}

#[test]
fn an_edit_for_a_later_tick_holds_up_no_other() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        client.next_of("snapshot").await;
        let at = service.engine.stats().tick + 60;
        client.say(json!({ "type": "edit", "requestId": "later", "edits": [patch(0.25)], "at": at })).await;
        let now = client.ask(json!({ "type": "edit", "edits": [patch(0.75)] })).await;
        assert_eq!(now["type"], "edited", "{now}");
        assert!(now["tick"].as_u64().unwrap() < at);
        let later = client.next_of("edited").await;
        assert_eq!((&later["requestId"], &later["tick"]), (&json!("later"), &json!(at)));
        // They go with the client that waits for them; there is an end to how many.
        let far = at + 60 * 600;
        for n in 0..65 {
            client.say(json!({ "type": "edit", "requestId": n, "edits": [patch(0.5)], "at": far })).await;
        }
        let refused = client.next_of("error").await;
        assert_eq!((&refused["requestId"], &refused["status"]), (&json!(64), &json!(503)));
        let none = client.ask(json!({ "type": "edit", "edits": [] })).await;
        assert_eq!((&none["status"], &none["errors"][0]["pointer"]), (&json!(422), &json!("/edits")));
        let faults = json!({ "type": "edit", "edits": [{ "op": "dropLayer", "id": "box" }, patch(1.0)] });
        let faults = client.ask(faults).await;
        assert_eq!((&faults["status"], &faults["errors"][0]["pointer"]), (&json!(422), &json!("/edits/0/op")));
    });
}

#[test]
fn to_edit_takes_a_token_that_allows_control() {
    let scopes = [("read", Scope::Read), ("control", Scope::Control), ("admin", Scope::Admin)];
    let token = |name: &str| format!("a-token-that-allows-{name}");
    let tokens = scopes.map(|(name, scope)| (ApiToken::new(token(name)).unwrap(), scope)).into();
    let service = Service::start_with(ControlSettings { tokens, ..settings() });
    service.runtime.block_on(async {
        for (n, (name, scope)) in scopes.into_iter().enumerate() {
            let mut client = Client::connect_as(service.address, &token(name)).await;
            assert_eq!(client.next().await["scope"], name, "said at hello");
            let before = client.next_of("snapshot").await["seq"].clone();
            let opacity = [0.125, 0.25, 0.375][n];
            let answer = client.ask(json!({ "type": "edit", "edits": [patch(opacity)] })).await;
            if scope >= Scope::Control {
                assert_eq!(answer["type"], "edited", "{name}: {answer}");
                client.catch_up(service.engine.snapshot().await.unwrap().seq).await;
                assert_eq!(client.layers()[1]["opacity"], opacity, "{name}");
                continue;
            }
            assert_eq!((&answer["type"], &answer["status"]), (&json!("error"), &json!(403)), "{name}");
            assert!(answer["detail"].as_str().unwrap().contains("`control`"), "{answer}");
            // An edit that cannot be read tells such a client as little, and to look on is still allowed.
            let answer = client.ask(json!({ "type": "edit", "edits": [{ "op": "?" }] })).await;
            assert_eq!(answer["status"], 403, "{answer}");
            let answer = client.ask(json!({ "type": "preview", "width": 32 })).await;
            assert_eq!(answer["type"], "previewing", "{answer}");
            assert_eq!(service.engine.snapshot().await.unwrap().seq, before, "nothing was changed");
        }
    });
}

#[test]
fn a_batch_is_seen_whole_or_not_at_all() {
    let service = Service::start();
    service.runtime.block_on(async {
        let mut client = Client::connect(service.address).await;
        client.next_of("snapshot").await;
        let new = json!({ "op": "createLayer", "layer": { "id": "new", "content": { "type": "group" } } });
        let edited = client.ask(json!({ "type": "edit", "edits": [new, patch(0.125)] })).await;
        assert_eq!(edited["type"], "edited", "{edited}");
        client.catch_up(service.engine.snapshot().await.unwrap().seq).await;
        let layers = client.layers();
        assert_eq!((&layers[1]["opacity"], &layers[3]["id"]), (&json!(0.125), &json!("new")));
        let deleted = json!({ "op": "deleteLayer", "id": "box" });
        let refused = client.ask(json!({ "type": "edit", "edits": [deleted, patch(0.5)] })).await;
        assert_eq!(refused["status"], 404, "{refused}");
        client.catch_up(service.engine.snapshot().await.unwrap().seq).await;
        assert_eq!(client.layers(), layers);
    });
}
