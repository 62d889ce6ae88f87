//! A Redis server that comes back without what it had, or a file that is taken away, while nobody edits: it is noticed,
//! told, and written anew.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/redis_server.rs"]
mod redis_server;

use std::time::Duration;

use components::{Edit, LayerId, SceneDocument};
use process::wait_for;
use redis_server::{PASSWORD, RedisServer};
use serde_json::json;
use stream_manager::{
    engine::{
        Beginning, Engine, EngineHandle, EngineSettings, QualityGoal, StoreStatus, StreamEvent, StreamFormat,
        Transport, spawn,
    },
    state::{Batch, Embedded, Key, Redis, RedisSettings, Remembered, Store, Writer},
};
use tokio::{runtime::Runtime, sync::broadcast::Receiver};

const PATIENCE: Duration = Duration::from_secs(30);

fn redis(server: &RedisServer) -> Redis {
    Redis::new(RedisSettings { url: server.url(), password: Some(PASSWORD.to_owned()), prefix: "p".to_owned() })
        .unwrap()
}

/// An engine with a scene in which nothing moves, kept on a server or in a file.
struct Kept {
    runtime: Runtime,
    engine: EngineHandle,
    thread: Engine,
    writer: Writer,
    events: Receiver<StreamEvent>,
}

impl Kept {
    fn start(server: &RedisServer) -> Self {
        Self::start_in(redis(server))
    }

    fn start_in(mut store: impl Store + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let settings = EngineSettings {
            format: StreamFormat { width: 64, height: 36, fps: 60 },
            max_layers: 10,
            pool_size: 4,
            raster_memory: 16 << 20,
            asset_budget: 16 << 20,
            quality: QualityGoal::Auto,
            faults: None,
        };
        let layer = json!({ "id": "box", "content": { "type": "color", "color": "#00ff00" } });
        let scene: SceneDocument = serde_json::from_value(json!({ "layers": [layer] })).unwrap();
        let remembered = runtime.block_on(async {
            store.claim().await.unwrap();
            Remembered::load(&mut store).await.unwrap()
        });
        let scene = remembered.program.as_ref().map_or(scene, |(scene, _)| scene.clone());
        let (engine, thread) = {
            let _guard = runtime.enter();
            spawn(settings, Beginning { transport: Transport::Live, ..scene.into() }, |_, _| {}).unwrap()
        };
        let events = engine.events();
        let writer = runtime.block_on(async { Writer::start(engine.clone(), Box::new(store), remembered, |_| {}) });
        let kept = Self { runtime, engine, thread, writer: writer.unwrap(), events };
        wait_for("the first commit", PATIENCE, || kept.status().connected.then_some(()));
        kept
    }

    fn status(&self) -> StoreStatus {
        self.engine.store().unwrap_or_default()
    }

    /// Names the layer, and has that answered as kept.
    fn name(&self, name: &str) {
        let edit = Edit::PatchLayer { id: LayerId::new("box").unwrap(), patch: json!({ "name": name }) };
        let applied = self.runtime.block_on(self.engine.edit(vec![edit], None)).unwrap();
        assert!(applied.persisted, "{:?}", self.status());
    }

    /// Waits until what the store is doing was told so.
    fn wait_for_event(&mut self, connected: bool) -> StoreStatus {
        self.runtime.block_on(async {
            let told = async {
                loop {
                    if let StreamEvent::Store { store } = self.events.recv().await.unwrap()
                        && store.connected == connected
                    {
                        return store;
                    }
                }
            };
            tokio::time::timeout(PATIENCE, told).await.expect("the store is told of")
        })
    }

    fn end(self) {
        self.engine.shutdown();
        self.thread.join();
        self.runtime.block_on(self.writer.finish());
    }
}

/// What a start would find.
fn found(server: &RedisServer) -> Option<String> {
    found_in(redis(server))
}

fn found_in(mut store: impl Store) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let remembered = runtime.block_on(Remembered::load(&mut store)).ok()?;
    Some(remembered.program?.0.layers.first()?.name.0.clone())
}

#[test]
fn a_server_that_comes_back_empty_is_written_anew_without_an_edit() {
    let server = RedisServer::start();
    let mut kept = Kept::start(&server);
    kept.name("answered");
    server.ask(&["FLUSHALL"]);
    let told = kept.wait_for_event(false);
    assert!(told.last_error.as_deref().is_some_and(|why| why.contains("not what was written last")), "{told:?}");
    let back = kept.wait_for_event(true);
    assert_eq!((back.commits, found(&server).as_deref()), (told.commits + 1, Some("answered")));
    kept.name("later");
    assert_eq!(found(&server).as_deref(), Some("later"));
    // Once, and not over and over.
    while let Ok(event) = kept.events.try_recv() {
        assert!(!matches!(event, StreamEvent::Store { .. }), "{event:?}");
    }
    kept.end();
}

#[test]
fn a_server_that_comes_back_with_an_older_state_is_written_anew_without_an_edit() {
    let mut server = RedisServer::start();
    let kept = Kept::start(&server);
    kept.name("of the run before");
    kept.end();
    let before = server.stop_and_copy();
    server.run();
    let mut kept = Kept::start(&server);
    kept.name("of this run");
    let this = server.stop_and_copy();
    kept.wait_for_event(false);
    server.run_with(&before);
    kept.wait_for_event(true);
    assert_eq!(found(&server).as_deref(), Some("of this run"));
    // Back as it was within the run, which is older by an edit.
    kept.name("of this run, too");
    server.stop();
    server.run_with(&this);
    wait_for("the newest state", PATIENCE, || (found(&server).as_deref() == Some("of this run, too")).then_some(()));
    kept.end();
}

/// A server without enough memory that is told to evict keys, or a person, takes a part of it away.
#[test]
fn a_part_that_is_lost_is_written_anew_without_an_edit() {
    let server = RedisServer::start();
    let mut kept = Kept::start(&server);
    kept.name("answered");
    let ways: [&[&str]; 3] = [&["DEL", "p:program"], &["HDEL", "p:program", "layer:box"], &["SET", "p:program", "x"]];
    for way in ways {
        server.ask(way);
        kept.wait_for_event(false);
        kept.wait_for_event(true);
        assert_eq!(found(&server).as_deref(), Some("answered"), "{way:?}");
    }
    kept.end();
}

/// What another instance has written is its own, also on a server that was emptied before, and when that one has gone: it is
/// told, and stays for good. Who starts next is not held up by the one that stays away.
#[test]
fn what_another_instance_has_written_is_not_written_over() {
    let server = RedisServer::start();
    let mut kept = Kept::start(&server);
    for number in 0..5 {
        kept.name(&format!("mine {number}"));
    }
    server.ask(&["FLUSHALL"]);
    let mut other = redis(&server);
    let changes = [(Key::new("program", "header"), Some(b"of the other".to_vec()))];
    kept.runtime.block_on(other.commit(Batch { is_whole: true, changes: changes.into() })).unwrap();
    drop(other);
    kept.wait_for_event(false);
    wait_for("who has it to be told", PATIENCE, || {
        let why = kept.status().last_error.unwrap_or_default();
        why.contains("another instance has taken over").then_some(())
    });
    wait_for("the state to be given back", PATIENCE, || (server.ask(&["EXISTS", "p:lease"]) == "0").then_some(()));
    assert_eq!(server.ask(&["HGET", "p:program", "header"]), "of the other");
    // Edits go on, and are not kept.
    let edit = Edit::PatchLayer { id: LayerId::new("box").unwrap(), patch: json!({ "name": "not kept" }) };
    let applied = kept.runtime.block_on(kept.engine.edit(vec![edit], None)).unwrap();
    assert!(!applied.persisted);
    kept.end();
    assert_eq!(server.ask(&["HGET", "p:program", "header"]), "of the other");
}

#[test]
fn a_file_that_is_taken_away_is_written_anew_without_an_edit_and_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut kept = Kept::start_in(Embedded::open(&data).unwrap());
    kept.name("answered");
    std::fs::remove_file(data.join("state.redb")).unwrap();
    let told = kept.wait_for_event(false);
    assert!(told.last_error.as_deref().is_some_and(|why| why.contains("not what was written last")), "{told:?}");
    kept.wait_for_event(true);
    // An edit before anybody has looked is answered as kept when all is written.
    std::fs::rename(&data, folder.path().join("before")).unwrap();
    kept.name("later");
    kept.end();
    assert_eq!(found_in(Embedded::open(&folder.path().join("before")).unwrap()).as_deref(), Some("answered"));
    assert_eq!(found_in(Embedded::open(&data).unwrap()).as_deref(), Some("later"));
}
