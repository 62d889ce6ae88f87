use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::json;
use tokio::sync::Semaphore;

use super::*;

/// Carries nothing out before it may; each time is a tick. Refuses more than ten layers.
struct Ticks {
    may_go_on: Arc<Semaphore>,
    applied: Arc<AtomicU64>,
    kept: Arc<AtomicU64>,
}

impl Apply for Ticks {
    fn apply<'a>(&'a self, _: &'a Settings, after: &'a Settings) -> BoxFuture<'a, Result<u64, NotApplied>> {
        Box::pin(async move {
            self.may_go_on.acquire().await.unwrap().forget();
            let tick = self.applied.fetch_add(1, Ordering::SeqCst) + 1;
            if after.max_layers > 10 {
                return Err(NotApplied::Value { field: "max_layers", reason: "at most `10`".to_owned() });
            }
            Ok(tick)
        })
    }

    fn keep<'a>(&'a self, _: BTreeMap<&'static str, &'a str>) -> BoxFuture<'a, bool> {
        self.kept.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { true })
    }
}

fn settings(may_go_on: &Arc<Semaphore>) -> (Arc<LiveSettings>, Arc<AtomicU64>, Arc<AtomicU64>) {
    let (applied, kept) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
    let ticks = Ticks { may_go_on: Arc::clone(may_go_on), applied: Arc::clone(&applied), kept: Arc::clone(&kept) };
    let sources = Sources { changes: BTreeMap::from([("MAX_LAYERS", "10".to_owned())]), ..Sources::default() };
    let settings = read::load(&sources).unwrap().settings;
    (Arc::new(LiveSettings::new(sources, settings, Box::new(ticks))), applied, kept)
}

/// However many clients change settings, what came while a tick was waited for is on the next one.
#[tokio::test]
async fn changes_of_many_clients_share_a_tick() {
    let may_go_on = Arc::new(Semaphore::new(0));
    let (settings, applied, kept) = settings(&may_go_on);
    let change = |patch: Value| {
        let settings = Arc::clone(&settings);
        tokio::spawn(async move { settings.change(&patch).await })
    };
    let changes: Vec<_> = (0..20_u32)
        .map(|number| {
            change(if number % 2 == 0 {
                json!({ "stream_bitrate": 1000 + number })
            } else {
                json!({ "log_level": "debug" })
            })
        })
        .collect();
    let (broken, wrong) = (change(json!({ "stream_bitrate": "fast" })), change(json!({ "nothing": 1 })));
    // Everybody has come as far as they can.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    may_go_on.add_permits(2);
    let mut ticks = Vec::new();
    for (number, change) in changes.into_iter().enumerate() {
        let change = change.await.unwrap().unwrap();
        ticks.push(change.tick);
        if number % 2 == 0 {
            // Each is told what its own change did, and how all is after that.
            assert_eq!(change.values.get("stream_bitrate"), Some(&json!(1000 + number)));
            assert_eq!(change.document.values["stream_bitrate"], json!(1000 + number));
        }
        assert!(change.persisted);
    }
    assert!(ticks.is_sorted() && *ticks.last().unwrap() <= 2, "{ticks:?}");
    assert!(broken.await.unwrap().is_err() && wrong.await.unwrap().is_err());
    assert!(applied.load(Ordering::SeqCst) <= 2 && kept.load(Ordering::SeqCst) <= 2);
    assert_eq!(settings.document().await.values["stream_bitrate"], 1018);
}

/// What one of them may not do is refused to that one alone.
#[tokio::test]
async fn a_change_that_is_refused_takes_no_other_with_it() {
    let may_go_on = Arc::new(Semaphore::new(0));
    let (settings, ..) = settings(&may_go_on);
    let change = |patch: Value| {
        let settings = Arc::clone(&settings);
        tokio::spawn(async move { settings.change(&patch).await })
    };
    let first = change(json!({ "stream_bitrate": 1000 }));
    let many = change(json!({ "max_layers": 11, "log_level": "debug" }));
    let last = change(json!({ "stream_bitrate": 2000 }));
    may_go_on.add_permits(100);
    first.await.unwrap().unwrap();
    let refused = many.await.unwrap().unwrap_err();
    assert!(matches!(&refused, ChangeRefused::Invalid(faults) if faults[0].pointer == "/max_layers"), "{refused:?}");
    last.await.unwrap().unwrap();
    let now = settings.document().await.values;
    assert_eq!(
        (&now["stream_bitrate"], &now["log_level"], &now["max_layers"]),
        (&json!(2000), &json!("info"), &json!(10))
    );
}

/// What a client expects of the settings is judged by those that are in force when its change is carried out.
#[tokio::test]
async fn what_is_expected_is_looked_at_anew_where_a_change_before_is_refused() {
    let may_go_on = Arc::new(Semaphore::new(100));
    let (settings, ..) = settings(&may_go_on);
    let initial = settings.document().await.values["stream_bitrate"].clone();
    let change = |patch: Value, expected: Option<Value>| {
        let settings = Arc::clone(&settings);
        let check = move |present: &ConfigDocument| {
            let found = &present.values["stream_bitrate"];
            if expected.as_ref().is_none_or(|expected| expected == found) { Ok(()) } else { Err(found.clone()) }
        };
        tokio::spawn(async move { settings.change_if(patch, check).await })
    };
    // All of them come together.
    let refused = change(json!({ "max_layers": 11, "stream_bitrate": 2000 }), None);
    let after_it = change(json!({ "log_level": "debug" }), Some(json!(2000)));
    let before_it = change(json!({ "log_level": "warn" }), Some(initial.clone()));
    assert!(refused.await.unwrap().is_err());
    assert_eq!(after_it.await.unwrap().unwrap(), Err(initial), "it expects what never was in force");
    assert_eq!(
        before_it.await.unwrap().unwrap().map(|change| change.values),
        Ok(json!({ "log_level": "warn" }).as_object().unwrap().clone())
    );
    assert_eq!(settings.document().await.values["log_level"], "warn");
}

/// Who goes away before the answer takes nobody's change along.
#[tokio::test]
async fn a_client_that_does_not_wait_for_its_answer_holds_up_no_other() {
    let may_go_on = Arc::new(Semaphore::new(0));
    let (settings, ..) = settings(&may_go_on);
    let gone = Arc::clone(&settings);
    let gone = tokio::spawn(async move { gone.change(&json!({ "stream_bitrate": 1000 })).await });
    let other = Arc::clone(&settings);
    let other = tokio::spawn(async move { other.change(&json!({ "log_level": "debug" })).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    gone.abort();
    may_go_on.add_permits(10);
    assert_eq!(other.await.unwrap().unwrap().document.values["log_level"], "debug");
    assert_eq!(settings.document().await.values["stream_bitrate"], 1000, "it was carried out");
}
