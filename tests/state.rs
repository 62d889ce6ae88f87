//! What every store promises, held to each of them; and what is written, read back.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at what it did not expect"
)]

#[path = "support/process.rs"]
mod process;
#[path = "../systems/tests/support/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;
#[path = "support/redis_server.rs"]
mod redis_server;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use futures_util::future::{BoxFuture, FutureExt as _};
use proptest::{strategy::Strategy as _, strategy::ValueTree as _, test_runner::TestRunner};
use random::{LIMITS, edits, scene, step};
use redis_server::{PASSWORD, RedisServer};
use serde_json::json;
use stream_manager::{
    engine::{
        Beginning, Command, Document, EngineSettings, Kept, QualityGoal, Reconfiguration, StreamFormat, Transport,
        spawn,
    },
    state::{Batch, Embedded, Key, Loaded, Redis, RedisSettings, Remembered, SCHEMA, Store, StoreError, Writer},
};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn redis(server: &RedisServer, password: &str, prefix: &str) -> Box<dyn Store> {
    let settings = RedisSettings { url: server.url(), password: Some(password.to_owned()), prefix: prefix.to_owned() };
    Box::new(Redis::new(settings).unwrap())
}

fn embedded(folder: &Path) -> Box<dyn Store> {
    Box::new(Embedded::open(folder).unwrap())
}

fn batch(is_whole: bool, changes: &[(&str, &str, Option<&str>)]) -> Batch {
    let change = |(collection, field, value): &(&str, &str, Option<&str>)| {
        (Key::new(*collection, *field), value.map(|value| value.as_bytes().to_vec()))
    };
    Batch { is_whole, changes: changes.iter().map(change).collect() }
}

fn loaded(records: &[(&str, &str, &str)]) -> Loaded {
    let record =
        |(collection, field, value): &(&str, &str, &str)| (Key::new(*collection, *field), value.as_bytes().to_vec());
    Loaded { schema: Some(SCHEMA), records: records.iter().map(record).collect() }
}

/// What is promised. `open` gives the same store anew; the one before is gone by then.
async fn keeps_its_promises(open: impl Fn() -> Box<dyn Store>) {
    let mut store = open();
    assert_eq!(store.load().await, Ok(Loaded::default()), "nothing was ever written");
    let first =
        [("program", "header", Some("{}")), ("program", "layer:a", Some("\0\u{1F600}")), ("config", "x", Some("1"))];
    store.commit(batch(true, &first)).await.unwrap();
    let all = [("program", "header", "{}"), ("program", "layer:a", "\0\u{1F600}"), ("config", "x", "1")];
    assert_eq!(store.load().await, Ok(loaded(&all)));
    drop(store);

    let mut store = open();
    assert_eq!(store.load().await, Ok(loaded(&all)), "it is there after a restart");
    store.commit(batch(true, &first)).await.unwrap();
    let some =
        [("config", "x", None), ("program", "layer:a", Some("2")), ("scene", "b", Some("3")), ("scene", "no", None)];
    store.commit(batch(false, &some)).await.unwrap();
    let all = [("program", "header", "{}"), ("program", "layer:a", "2"), ("scene", "b", "3")];
    assert_eq!(store.load().await, Ok(loaded(&all)), "the rest stays");
    store.commit(batch(true, &[("program", "header", Some("4"))])).await.unwrap();
    assert_eq!(store.load().await, Ok(loaded(&[("program", "header", "4")])), "a whole one is all there is");

    // Larger than anything that fits a page or a packet.
    let large: String = "long ".repeat(200_000);
    let many: Vec<String> = (0..1000).map(|n| format!("layer:{n}")).collect();
    let changes: Vec<_> = many.iter().map(|id| ("program", id.as_str(), Some("{}"))).collect();
    store.commit(batch(false, &changes)).await.unwrap();
    store.commit(batch(false, &[("program", "large", Some(&large))])).await.unwrap();
    drop(store);
    let mut store = open();
    let records = store.load().await.unwrap().records;
    assert_eq!(records.len(), 1002);
    assert_eq!(records[&Key::new("program", "large")], large.as_bytes());
}

#[test]
fn the_embedded_store_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(keeps_its_promises(|| embedded(&folder.path().join("not/there/yet"))));
}

#[test]
fn the_redis_store_keeps_its_promises_and_leaves_other_keys_alone() {
    let server = RedisServer::start();
    server.ask(&["SET", "other", "mine"]);
    runtime().block_on(keeps_its_promises(|| redis(&server, PASSWORD, "first")));
    runtime().block_on(keeps_its_promises(|| redis(&server, PASSWORD, "second")));
    assert_eq!(server.ask(&["GET", "other"]), "mine");
    assert_eq!(server.ask(&["HGET", "first:program", "header"]), "4");
    let entries: usize = server.ask(&["XLEN", "first:edits"]).parse().unwrap();
    assert_eq!(entries, 6, "a commit is an entry of the stream");
}

#[test]
fn a_file_that_is_gone_or_another_is_noticed_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let [data, file] = ["data", "data/state.redb"].map(|name| folder.path().join(name));
    let aside = |name: &str| folder.path().join(name);
    let ways: [(&str, &dyn Fn()); 4] = [
        ("the file is removed", &|| fs::remove_file(&file).unwrap()),
        ("the file has another name", &|| fs::rename(&file, aside("file")).unwrap()),
        ("the folder has another name", &|| fs::rename(&data, aside("folder")).unwrap()),
        ("another file is in its place", &|| {
            fs::copy(&file, aside("copy")).unwrap();
            fs::rename(aside("copy"), &file).unwrap();
        }),
    ];
    runtime().block_on(async {
        let mut store = embedded(&data);
        store.commit(batch(true, &[("program", "a", Some("1"))])).await.unwrap();
        for (why, happens) in ways {
            for is_asked in [false, true] {
                assert_eq!(store.verify().await, Ok(()), "{why}");
                happens();
                let noticed = match is_asked {
                    false => store.commit(batch(false, &[("program", "b", Some("2"))])).await,
                    true => store.verify().await,
                };
                assert!(matches!(noticed, Err(StoreError::Behind { .. })), "{why}: {noticed:?}");
                store.commit(batch(true, &[("program", "a", Some(why))])).await.unwrap();
                store.commit(batch(false, &[("program", "c", Some("3"))])).await.unwrap();
                let found = loaded(&[("program", "a", why), ("program", "c", "3")]);
                assert_eq!(store.load().await, Ok(found.clone()), "{why}");
                drop(store);
                store = embedded(&data);
                assert_eq!(store.load().await, Ok(found), "{why}");
                for name in ["file", "folder"].map(aside) {
                    let _ = fs::remove_file(&name).or_else(|_| fs::remove_dir_all(&name));
                }
            }
        }
    });
}

#[test]
fn a_server_that_has_lost_something_is_noticed_and_another_writer_is_not_overwritten() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let mut store = redis(&server, PASSWORD, "p");
        store.commit(batch(true, &[("program", "a", Some("1"))])).await.unwrap();
        server.ask(&["FLUSHALL"]);
        let lost = store.commit(batch(false, &[("program", "b", Some("2"))])).await;
        assert!(matches!(lost, Err(StoreError::Behind { .. })), "{lost:?}");
        assert_eq!(server.ask(&["EXISTS", "p:program"]), "0", "nothing is half written");
        store.commit(batch(true, &[("program", "a", Some("1")), ("program", "b", Some("2"))])).await.unwrap();
        store.commit(batch(false, &[("program", "c", Some("3"))])).await.unwrap();

        let mut other = redis(&server, PASSWORD, "p");
        other.load().await.unwrap();
        other.commit(batch(true, &[("program", "other", Some("4"))])).await.unwrap();
        for is_whole in [false, true] {
            let refused = store.commit(batch(is_whole, &[("program", "a", Some("5"))])).await;
            assert!(matches!(refused, Err(StoreError::TakenOver { .. })), "{refused:?}");
        }
        assert_eq!(other.load().await, Ok(loaded(&[("program", "other", "4")])));
    });
}

/// What another instance writes on a server that lost everything, or came back with an older state, is that one's: whoever
/// wrote before stays away from then on. What a run before left there is not: it is written over.
#[test]
fn what_another_instance_writes_is_its_own_however_old_the_state_is_that_it_began_with() {
    let server = RedisServer::start();
    let put_back = || server.ask(&["COPY", "old", "p:meta", "REPLACE"]);
    let of = |text: &'static str| batch(true, &[("program", "a", Some(text))]);
    runtime().block_on(async {
        let mut before = redis(&server, PASSWORD, "p");
        before.commit(of("before")).await.unwrap();
        server.ask(&["COPY", "p:meta", "old"]);
        before.commit(of("before, later")).await.unwrap();
        let begin = async || {
            let mut store = redis(&server, PASSWORD, "p");
            store.load().await.unwrap();
            store.commit(of("began")).await.unwrap();
            store
        };
        let mut ours = begin().await;
        for _ in 0..10 {
            ours.commit(of("ours")).await.unwrap();
        }
        assert_eq!(put_back(), "1");
        assert!(matches!(ours.verify().await, Err(StoreError::Behind { .. })));
        // Somebody may be about to go on from that.
        server.ask(&["SET", "p:lease", "somebody"]);
        let held = ours.commit(of("ours")).await;
        assert!(matches!(held, Err(StoreError::Held { .. })), "{held:?}");
        server.ask(&["DEL", "p:lease"]);
        ours.commit(of("ours")).await.unwrap();

        // Somebody has gone on from that, and has gone since.
        assert_eq!(put_back(), "1");
        drop(begin().await);
        for _ in 0..2 {
            let refused = ours.commit(of("ours")).await;
            assert!(matches!(refused, Err(StoreError::TakenOver { .. })), "{refused:?}");
            assert_eq!(server.ask(&["HGET", "p:program", "a"]), "began");
        }
        // Somebody has begun anew on an emptied server.
        let mut ours = begin().await;
        ours.commit(of("ours")).await.unwrap();
        server.ask(&["FLUSHALL"]);
        drop(begin().await);
        let refused = ours.commit(of("ours")).await;
        assert!(matches!(refused, Err(StoreError::TakenOver { .. })), "{refused:?}");
        assert_eq!(server.ask(&["HGET", "p:program", "a"]), "began");
        // For good: what that one had may be lost as well, and is nobody's to guess.
        server.ask(&["FLUSHALL"]);
        let refused = ours.commit(of("ours")).await;
        assert!(matches!(refused, Err(StoreError::TakenOver { .. })), "{refused:?}");
    });
}

/// A server that evicts keys, or a person who removes one, takes a part of the state away.
#[test]
fn a_part_that_is_lost_is_noticed_and_told_as_damage_where_nobody_has_it_any_more() {
    let server = RedisServer::start();
    let all = [("config", "changes", "{}"), ("program", "a", "1"), ("scene:w", "header", "2")];
    let changes = all.map(|(collection, field, value)| (collection, field, Some(value)));
    runtime().block_on(async {
        let mut store = redis(&server, PASSWORD, "p");
        store.commit(batch(true, &changes)).await.unwrap();
        assert_eq!(store.verify().await, Ok(()));
        server.ask(&["DEL", "p:scene:w", "p:config"]);
        let lost = store.verify().await;
        assert!(matches!(lost, Err(StoreError::Behind { .. })), "{lost:?}");
        let lost = store.commit(batch(false, &[("program", "a", Some("1"))])).await;
        assert!(matches!(lost, Err(StoreError::Behind { .. })), "{lost:?}");
        store.commit(batch(true, &changes)).await.unwrap();
        assert_eq!((store.verify().await, store.load().await), (Ok(()), Ok(loaded(&all))));
        // What is taken away on purpose is not missed.
        store.commit(batch(false, &[("config", "changes", None)])).await.unwrap();
        assert_eq!(store.verify().await, Ok(()));
        for name in ["p:program", "p:scene:w"] {
            store.commit(batch(true, &changes)).await.unwrap();
            server.ask(&["DEL", name]);
            let told = redis(&server, PASSWORD, "p").load().await.unwrap_err().to_string();
            assert!(told.contains("damaged") && told.contains(&format!("`{name}` is missing")), "{told}");
        }
    });
}

/// A server that answers is not told of as one that does not; and what it cannot do now, it may do later.
#[test]
fn a_server_that_has_no_memory_left_is_told_of_as_such_and_tried_again() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let mut store = redis(&server, PASSWORD, "p");
        store.commit(batch(true, &[("program", "a", Some("1"))])).await.unwrap();
        server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        let refused = store.commit(batch(false, &[("program", "b", Some("2"))])).await.unwrap_err();
        let told = refused.to_string();
        assert!(refused.may_pass() && told.contains("refuses for now") && told.contains("maxmemory"), "{told}");
        server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        store.commit(batch(true, &[("program", "a", Some("1")), ("program", "b", Some("2"))])).await.unwrap();
        assert_eq!(server.ask(&["HGET", "p:program", "b"]), "2");
    });
}

/// One prefix is for one instance at a time, and the second is told who has it.
#[test]
fn a_state_that_somebody_holds_is_refused_to_others_until_it_is_given_back() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let (mut first, mut second) = (redis(&server, PASSWORD, "p"), redis(&server, PASSWORD, "p"));
        first.claim().await.unwrap();
        // Longer than the key would be there by itself.
        let refused = second.claim().await.unwrap_err().to_string();
        let process = format!("process {} on", std::process::id());
        assert!(refused.contains(&process) && refused.contains("REDIS_PREFIX"), "{refused}");
        first.close().await;
        assert_eq!(server.ask(&["EXISTS", "p:lease"]), "0");
        second.claim().await.unwrap();
        // One that ended without a word, on this machine, is known to be gone, and nobody waits for its key.
        second.close().await;
        redis(&server, PASSWORD, "other").claim().await.unwrap();
        let gone = server.ask(&["GET", "other:lease"]).replace("\"began\":", "\"began\":1");
        server.ask(&["SET", "p:lease", &gone]);
        first.claim().await.unwrap();
        assert!(server.ask(&["GET", "p:lease"]).contains(&format!("\"process\":{}", std::process::id())));
    });
}

/// What somebody else has put among the keys is told, and what cannot be read is named.
#[test]
fn what_was_not_written_here_is_left_out_and_what_was_altered_is_named() {
    let server = RedisServer::start();
    runtime().block_on(async {
        let mut store = redis(&server, PASSWORD, "p");
        store.commit(batch(true, &[("config", "changes", Some("{}"))])).await.unwrap();
        server.ask(&["HSET", "p:transport", "state", "\"paused\""]);
        assert_eq!(store.load().await, Ok(loaded(&[("config", "changes", "{}")])));
        server.ask(&["DEL", "p:config"]);
        server.ask(&["SET", "p:config", "text"]);
        let told = store.load().await.unwrap_err().to_string();
        assert!(told.contains("damaged") && told.contains("`p:config` is no hash"), "{told}");
    });
}

/// A store as schema 1 had it: a scene that waits was one record.
const OLD_SCENE: &str = r##"{"scene":{"name":"Intro","canvas":{"width":64,"height":36},"layers":[
    {"id":"group","content":{"type":"group"},"children":[{"id":"box","content":{"type":"color","color":"#ff0000"}}]}
]},"folder":"/shows"}"##;

/// What was remembered is written again as it is kept now, by a store that is opened anew.
async fn brings_old_scenes_over(store: &mut dyn Store) {
    let remembered = Remembered::load(store).await.unwrap();
    let held = remembered.scenes().unwrap().unwrap();
    assert_eq!(held.active.as_str(), "main");
    let scene = &held.others[&components::SceneId::new("intro").unwrap()];
    assert_eq!((scene.name.as_str(), scene.layers[0].children[0].id.as_str()), ("Intro", "box"));
    let mut records = store.load().await.unwrap().migrated(store).unwrap();
    let changes = records.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
    store.commit(Batch { is_whole: true, changes }).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!((loaded.schema, &loaded.records), (Some(SCHEMA), &records));
    assert_eq!(Remembered::load(store).await.unwrap(), remembered);
    // What is gone of it is gone of the store, and all of it at last.
    let own = |key: &Key| key.collection == "scene:intro";
    let fields: Vec<Key> = records.keys().filter(|key| own(key)).cloned().collect();
    let names: Vec<&str> = fields.iter().map(|key| key.field.as_str()).collect();
    assert_eq!(names, ["header", "layer:box", "layer:group", "order"]);
    let changes = fields.into_iter().map(|key| (key, None)).collect();
    store.commit(Batch { is_whole: false, changes }).await.unwrap();
    records.retain(|key, _| !own(key));
    assert_eq!(store.load().await.unwrap().records, records);
}

#[test]
fn a_scene_that_waits_has_a_hash_of_its_own_and_old_stores_are_brought_to_that() {
    let server = RedisServer::start();
    runtime().block_on(async {
        server.ask(&["HSET", "p:meta", "schema", "1", "writer", "old", "commit", "7", "collections", "air scene"]);
        server.ask(&["HSET", "p:air", "scene", "\"main\""]);
        server.ask(&["HSET", "p:scene", "intro", OLD_SCENE]);
        let mut store = redis(&server, PASSWORD, "p");
        brings_old_scenes_over(store.as_mut()).await;
        assert_eq!(server.ask(&["EXISTS", "p:scene", "p:scene:intro"]), "0");
        assert_eq!(server.ask(&["HGET", "p:meta", "collections"]), "air");
        store.commit(batch(false, &[("scene:intro", "layer:box", Some("{}"))])).await.unwrap();
        assert_eq!(server.ask(&["HGET", "p:scene:intro", "layer:box"]), "{}");
        assert_eq!(server.ask(&["HGET", "p:meta", "collections"]), "air scene:intro");
    });
    let folder = tempfile::tempdir().unwrap();
    let database = redb::Database::create(folder.path().join("state.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    let mut meta = writing.open_table(redb::TableDefinition::<&str, u64>::new("meta")).unwrap();
    meta.insert("schema", 1).unwrap();
    drop(meta);
    let mut records = writing.open_table(redb::TableDefinition::<(&str, &str), &[u8]>::new("records")).unwrap();
    records.insert(("air", "scene"), &b"\"main\""[..]).unwrap();
    records.insert(("scene", "intro"), OLD_SCENE.as_bytes()).unwrap();
    drop(records);
    writing.commit().unwrap();
    drop(database);
    runtime().block_on(async { brings_old_scenes_over(embedded(folder.path()).as_mut()).await });
}

#[test]
fn what_cannot_be_used_is_told_and_left_as_it_is() {
    let (folder, server) = (tempfile::tempdir().unwrap(), RedisServer::start());
    let damaged = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let mut store = embedded(folder.path());
        let program = [("program", "header", Some("{}"))];
        store.commit(batch(true, &program)).await.unwrap();
        let second = Embedded::open(folder.path()).err();
        assert!(matches!(second, Some(StoreError::Locked { .. })), "{second:?}");
        // Records of a scene that is not all there.
        let half = Remembered::load(store.as_mut()).await.unwrap_err().to_string();
        assert!(half.contains("damaged") && half.contains("program/") && half.contains("move it away"), "{half}");
        drop(store);

        let mut store = embedded(damaged.path());
        let many: Vec<String> = (0..500).map(|n| format!("layer:{n}")).collect();
        let changes: Vec<_> = many.iter().map(|id| ("program", id.as_str(), Some("some text to damage"))).collect();
        store.commit(batch(true, &changes)).await.unwrap();
        drop(store);
        let file = damaged.path().join("state.redb");
        let good = fs::read(&file).unwrap();
        let words = b"some text to damage";
        let text = good.windows(words.len()).rposition(|window| window == words).expect("it is written as it is");
        for (what, from, to) in [("head", 0, 64), ("a record", text, text + 1), ("all", 0, good.len())] {
            let mut bad = good.clone();
            bad[from..to].fill(0x5a);
            fs::write(&file, &bad).unwrap();
            let told = match Embedded::open(damaged.path()) {
                Err(error) => error.to_string(),
                Ok(mut store) => store.load().await.map(|loaded| loaded.records.len()).unwrap_err().to_string(),
            };
            assert!(told.contains("damaged") && told.contains("move it away"), "{what}: {told}");
        }

        let mut newer = redis(&server, PASSWORD, "p");
        newer.commit(batch(true, &program)).await.unwrap();
        server.ask(&["HSET", "p:meta", "schema", "99"]);
        let before = server.ask(&["HGETALL", "p:program"]);
        let mut store = redis(&server, PASSWORD, "p");
        let told = Remembered::load(store.as_mut()).await.unwrap_err();
        assert!(matches!(told, StoreError::Newer { found: 99, .. }), "{told}");
        let told = store.commit(batch(true, &[])).await.unwrap_err();
        assert!(matches!(told, StoreError::Newer { found: 99, .. }), "{told}");
        assert_eq!(server.ask(&["HGETALL", "p:program"]), before);

        let told = redis(&server, "wrong-password", "p").load().await.unwrap_err().to_string();
        assert!(told.contains("REDIS_PASSWORD") && !told.contains("wrong-password"), "{told}");
    });
}

/// Keeps records in memory, and fails as a network does: before a batch was kept, or after.
#[derive(Clone, Default)]
struct Unreliable {
    kept: Arc<Mutex<BTreeMap<Key, Vec<u8>>>>,
    commits: Arc<Mutex<u32>>,
}

impl Store for Unreliable {
    fn kind(&self) -> &'static str {
        "unreliable"
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn load(&mut self) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        let records = self.kept.lock().unwrap().clone();
        async move { Ok(Loaded { schema: Some(SCHEMA), records }) }.boxed()
    }

    fn commit(&mut self, batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        let number = {
            let mut commits = self.commits.lock().unwrap();
            *commits += 1;
            *commits
        };
        if number % 5 != 3 {
            let mut kept = self.kept.lock().unwrap();
            if batch.is_whole {
                kept.clear();
            }
            for (key, value) in batch.changes {
                match value {
                    Some(value) => drop(kept.insert(key, value)),
                    None => drop(kept.remove(&key)),
                }
            }
        }
        let away = StoreError::Away { place: self.place(), message: "the line is bad".to_owned() };
        async move { if number % 5 > 2 { Err(away) } else { Ok(()) } }.boxed()
    }
}

/// Random edits in a real engine, written by the writer, are what is read back: the scene, how it moves, and documents.
fn what_is_written_is_read_back(rounds: u32, steps: usize, open: impl Fn() -> Box<dyn Store>) {
    let runtime = runtime();
    let mut runner = TestRunner::deterministic();
    for round in 0..rounds {
        let (scene, mut next) = scene().new_tree(&mut runner).unwrap().current();
        let settings = EngineSettings {
            format: StreamFormat { width: 200, height: 150, fps: 60 },
            max_layers: LIMITS.max_layers,
            pool_size: 4,
            raster_memory: 16 << 20,
            asset_budget: 16 << 20,
            quality: QualityGoal::Auto,
            faults: None,
        };
        let _guard = runtime.enter();
        let (engine, thread) =
            spawn(settings, Beginning { transport: Transport::Live, ..scene.into() }, |_, _| {}).unwrap();
        let writer = Writer::start(engine.clone(), open(), Remembered::default(), |_| {}).unwrap();
        let expected = runtime.block_on(async {
            let mut persisted = 0;
            for number in 0..steps {
                let step = step().new_tree(&mut runner).unwrap().current();
                let batch = edits(&step, &engine.snapshot().await.unwrap().scene, &mut next);
                let value = (number % 3 > 0).then(|| json!({ "round": round, "number": number }));
                let document =
                    Document { kind: "notes", id: format!("n{}", number % 7), value: value.map(Kept::Value) };
                let Ok(applied) = engine.edit_with(batch, None, vec![document]).await else { continue };
                persisted += u32::from(applied.persisted);
            }
            assert!(persisted > 0, "no edit was durable");
            // From here on nothing happens by itself.
            engine.command(Command::Pause).unwrap();
            engine.reconfigure(Reconfiguration::default()).await.unwrap();
            engine.whole().await.unwrap()
        });
        engine.shutdown();
        thread.join();
        runtime.block_on(writer.finish());
        let mut store = open();
        let kept = runtime.block_on(Remembered::load(store.as_mut())).unwrap();
        let (scene, motion) = kept.program.clone().expect("a scene was written");
        assert_eq!(scene, expected.snapshot.scene);
        assert_eq!(motion, expected.motion);
        assert!(kept.documents("notes").all(|(_, note)| note["round"] == round), "documents of this run");
        assert!(kept.documents("notes").count() > 0);
    }
}

#[test]
fn random_edits_are_read_back_from_the_embedded_store() {
    let folder = tempfile::tempdir().unwrap();
    what_is_written_is_read_back(6, 60, || embedded(folder.path()));
}

#[test]
fn random_edits_are_read_back_from_redis() {
    let server = RedisServer::start();
    what_is_written_is_read_back(4, 60, || redis(&server, PASSWORD, "p"));
}

#[test]
fn random_edits_are_read_back_from_a_store_that_fails_now_and_then() {
    let store = Unreliable::default();
    what_is_written_is_read_back(6, 60, || Box::new(store.clone()));
}
