use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::{
    super::{
        document::{OutputDocument, OutputUrl},
        kept::changes,
        live::{Carry, LiveOutputs, OutputChange},
        options::{AdaptiveDocument, OutputOptions, SplitDocument},
    },
    *,
};
use crate::config::{AudioCodec, VideoCodec};

const RETRY: RetryDocument = RetryDocument { attempts: None, delay: 1.0 };
const CODECS: Codecs = Codecs { video: VideoCodec::H264, audio: Some(AudioCodec::Aac) };

fn id(text: &str) -> OutputId {
    OutputId::new(text).unwrap()
}

fn output(to: &str) -> Output {
    Output {
        destination: Destination::parse(to).unwrap(),
        enabled: true,
        retry: RETRY,
        options: OutputOptions::default(),
    }
}

fn outputs(all: &[(&str, &str)]) -> BTreeMap<OutputId, Output> {
    all.iter().map(|(name, to)| (id(name), output(to))).collect()
}

/// What there is after a start with other settings; kept was what had been changed with those before.
fn after(given: &[(&str, &str)], kept: &[(&str, Value)]) -> Restored {
    restore_outputs(&outputs(given), RETRY, CODECS, &[], kept.iter().map(|(name, value)| (*name, value)))
}

fn stopped(to: &str) -> Value {
    changes(Some(&output(to)), Some(&Output { enabled: false, ..output(to) })).unwrap()
}

#[test]
fn a_change_stays_with_its_destination() {
    let (first, second) = ("rtmp://live.example/app/KEY1", "rtmp://live.example/app/KEY2");
    let kept = [("stream", stopped(first))];
    let same = after(&[("stream", first)], &kept);
    assert_eq!((same.outputs[&id("stream")].enabled, same.warnings.len()), (false, 0));
    let other = after(&[("stream", second)], &kept);
    assert_eq!(other.outputs, outputs(&[("stream", second)]));
    assert!(other.warnings[0].contains("`stream`") && other.warnings[0].contains("`rtmp://live.example/app/***`"));
    assert!(!other.warnings[0].contains("KEY"), "{:?}", other.warnings);
    assert_eq!(other.kept["stream"], kept[0].1, "it holds again when the settings are as before");
    // Removed, changed to somewhere else: all the same.
    let aimed = changes(Some(&output(first)), Some(&output("srt://live.example:9000")));
    for change in [changes(Some(&output(first)), None), aimed] {
        let other = after(&[("stream", second)], &[("stream", change.unwrap())]);
        assert_eq!((other.outputs, other.warnings.len()), (outputs(&[("stream", second)]), 1));
    }
}

#[test]
fn a_change_follows_its_destination_to_another_place_in_the_list() {
    let kept = [("output-1", stopped("a.mp4")), ("output-2", changes(Some(&output("b.mp4")), None).unwrap())];
    let swapped = after(&[("output-1", "b.mp4"), ("output-2", "a.mp4"), ("output-3", "c.mp4")], &kept);
    assert_eq!(swapped.outputs.keys().map(OutputId::as_str).collect::<Vec<_>>(), ["output-2", "output-3"]);
    assert!(!swapped.outputs[&id("output-2")].enabled && swapped.outputs[&id("output-3")].enabled);
    assert_eq!((&swapped.kept["output-2"], &swapped.kept["output-1"]), (&kept[0].1, &kept[1].1));
    // The first is gone, so that the second is the first now.
    let shorter = after(&[("output-1", "b.mp4")], &kept);
    assert!(shorter.outputs.is_empty());
    assert!(shorter.warnings.iter().any(|warning| warning.contains("`a.mp4`")), "{:?}", shorter.warnings);
    assert_eq!(shorter.kept, BTreeMap::from([("output-1".to_owned(), kept[1].1.clone())]));
}

#[test]
fn what_was_added_gives_way_to_the_settings_and_what_cannot_be_is_left_out() {
    let added = |to: &str| changes(None, Some(&output(to))).unwrap();
    let kept = [("output-1", added("a.mp4")), ("second", added("./b.mp4")), ("third", added("c.mp4"))];
    let restored = after(&[("output-1", "b.mp4")], &kept);
    assert_eq!(restored.outputs, outputs(&[("output-1", "b.mp4"), ("third", "c.mp4")]));
    let [name, place] = &restored.warnings[..] else { panic!("{:?}", restored.warnings) };
    assert!(name.contains("settings have one of that name") && place.contains("`output-1` sends there already"));
    for wrong in [
        json!({ "added": true, "url": "a.mp4", "retry": { "delay": -1 } }),
        json!({ "added": true, "url": "a.mp4", "retry": { "attempts": -1 } }),
        json!({ "added": true, "url": "a.mp4", "retry": { "attempts": 100_001 } }),
        json!({ "added": true, "url": 5 }),
    ] {
        let restored = after(&[], &[("x", wrong.clone())]);
        assert!(restored.outputs.is_empty() && restored.warnings[0].contains("cannot be read"), "{wrong}");
    }
}

/// Keeps what was changed as a store does.
struct Keep(Arc<Mutex<BTreeMap<String, Value>>>);

impl Carry for Keep {
    fn carry(&self, _: &OutputId, _: Option<&Output>, _: Option<&Output>) -> Result<(), String> {
        Ok(())
    }

    fn try_again(&self, _: &OutputId) -> Result<(), String> {
        Ok(())
    }

    fn keep(&self, id: &OutputId, changes: Option<Value>) -> BoxFuture<'_, bool> {
        let mut kept = self.0.lock().unwrap();
        match changes {
            Some(changes) => kept.insert(id.to_string(), changes),
            None => kept.remove(id.as_str()),
        };
        Box::pin(ready(true))
    }
}

const GIVEN: [(&str, &str); 3] =
    [("output-1", "srt://b.example:1"), ("output-2", "c.mkv"), ("stream", "rtmp://a.example/app/a")];

/// What people do to one of the outputs of the settings, or to another.
fn a_change() -> impl Strategy<Value = (&'static str, OutputChange)> {
    let ids = select(vec!["output-1", "output-2", "stream", "another"]);
    let places = vec!["rtmp://a.example/app/a", "srt://b.example:1", "c.mkv", "rtmp://d.example/app/d", "e.mp4"];
    let put = (select(places), any::<bool>(), any::<bool>(), any::<bool>());
    let changes = (0..5_u8, put).prop_map(|(kind, (url, enabled, has_retry, has_more))| match kind {
        0 => OutputChange::Start,
        1 => OutputChange::Stop,
        2 => OutputChange::Remove,
        _ => OutputChange::Put(OutputDocument {
            id: id("x"),
            url: OutputUrl::new(url),
            enabled,
            retry: has_retry.then_some(RetryDocument { attempts: Some(4), delay: 0.3 }),
            split: (has_more && !url.contains("://")).then_some(SplitDocument { seconds: Some(60.0), megabytes: None }),
            thumbnails: None,
            adaptive: (has_more && url.contains("://")).then_some(AdaptiveDocument { min_bitrate: 700 }),
            rendition: has_more.then(|| "720p".to_owned()),
        }),
    });
    (ids, changes)
}

proptest! {
    /// Whatever people did, in whatever order, a start with the same settings has the same outputs.
    #[test]
    fn a_start_has_the_outputs_that_there_were(changes in vec(a_change(), 1..40)) {
        let (given, kept) = (outputs(&GIVEN), Arc::new(Mutex::default()));
        let renditions = ["720p".to_owned()];
        let keep = Box::new(Keep(Arc::clone(&kept)));
        let live = LiveOutputs::new(given.clone(), given.clone(), RETRY, CODECS, renditions.to_vec(), keep);
        for (name, change) in changes {
            // What is refused changes nothing.
            let _ = live.change(&id(name), |_| Ok::<_, Infallible>(change)).now_or_never();
            let kept = kept.lock().unwrap().clone();
            let all = kept.iter().map(|(name, value)| (name.as_str(), value));
            let restored = restore_outputs(&given, RETRY, CODECS, &renditions, all);
            let documents: Vec<_> = restored.outputs.iter().map(|(id, output)| output.document(id)).collect();
            prop_assert_eq!(Some(documents), live.list().now_or_never());
            prop_assert_eq!(restored.kept, kept);
        }
    }
}

#[test]
fn of_two_at_one_place_the_one_that_was_changed_stays() {
    let (here, there) = ("rtmp://a.example/app/a", "srt://b.example:1");
    let kept = [("output-1", changes(Some(&output(there)), Some(&output(here))).unwrap())];
    let restored = after(&[("output-1", there), ("output-0", here)], &kept);
    assert_eq!(restored.outputs, outputs(&[("output-1", here)]));
    assert_eq!(restored.warnings, ["the output `output-0` is left out: `output-1` sends there already"]);
}

#[test]
fn of_two_that_were_changed_at_one_place_the_one_that_still_has_its_name_counts() {
    let (here, there) = ("rtmp://a.example/app/a", "srt://b.example:1");
    let retried = Output { retry: RetryDocument { attempts: Some(4), delay: 0.3 }, ..output(here) };
    // Both were changed when the settings sent them there, and what is kept is read in the order of the names.
    let kept = [("a", stopped(here)), ("b", changes(Some(&output(here)), Some(&retried)).unwrap())];
    let restored = after(&[("a", there), ("b", here)], &kept);
    assert_eq!(restored.outputs[&id("b")], retried);
    assert_eq!(restored.outputs[&id("a")], output(there));
    assert_eq!(restored.warnings.len(), 1, "{:?}", restored.warnings);
    assert!(restored.warnings[0].contains("changed of the output `a` is left out"), "{:?}", restored.warnings);
}

#[test]
fn an_output_whose_size_is_gone_is_stopped_and_keeps_the_rest() {
    let split = Some(SplitDocument { seconds: Some(60.0), megabytes: None });
    let options = OutputOptions { split, rendition: Some("720p".to_owned()), ..OutputOptions::default() };
    let kept = changes(None, Some(&Output { options, ..output("a.mkv") })).unwrap();
    let restored = after(&[], &[("small", kept.clone())]);
    let options = OutputOptions { split, ..OutputOptions::default() };
    let expected = Output { enabled: false, options, ..output("a.mkv") };
    assert_eq!(restored.outputs, BTreeMap::from([(id("small"), expected)]));
    let [part, stopped] = &restored.warnings[..] else { panic!("{:?}", restored.warnings) };
    assert!(part.contains("`rendition` of the output `small` is left out"), "{part}");
    assert!(stopped.contains("`small` is stopped") && stopped.contains("STREAM_RENDITIONS"), "{stopped}");
    assert_eq!(restored.kept["small"], kept, "it holds again when the settings have that size");
}
