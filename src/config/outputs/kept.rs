//! What was changed of outputs, as it is kept for the next start.
//!
//! A change belongs to where the settings sent the output, not to its name or its place in a list: with another
//! `STREAM_URL`, or another order of `MUXER_OUTPUTS`, it must not be done to something else.

use std::collections::{BTreeMap, BTreeSet};

use components::document::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    document::{OutputId, RetryDocument},
    live::Output,
    options::OutputOptions,
};
use crate::config::{containers::Codecs, destination::Destination};

/// What was changed of an output. It holds secrets.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Changes {
    /// Where the settings sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// Whether the settings have no such output.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    added: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<RetryDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<OutputOptions>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

impl Changes {
    fn read(value: &Value) -> Option<Self> {
        let changes = Self::deserialize(value).ok()?;
        changes.retry.is_none_or(|retry| retry.is_possible()).then_some(changes)
    }

    /// What the output is with these changes.
    fn made(&self, before: Option<&Output>, retry: RetryDocument) -> Option<Output> {
        let destination = match &self.url {
            Some(url) => Destination::parse(url)?,
            None => before?.destination.clone(),
        };
        let enabled = self.enabled.or(before.map(|before| before.enabled)).unwrap_or(true);
        let retry = self.retry.or(before.map(|before| before.retry)).unwrap_or(retry);
        let options = self.options.clone().or(before.map(|before| before.options.clone())).unwrap_or_default();
        Some(Output { destination, enabled, retry, options })
    }
}

/// In what an output differs from the one of the settings, to be kept; `None` if in nothing.
pub(super) fn changes(given: Option<&Output>, now: Option<&Output>) -> Option<Value> {
    let of = given.map(|given| given.destination.expose().to_owned());
    let changes = match (given, now) {
        (None, None) => return None,
        (Some(given), Some(now)) if given == now => return None,
        (Some(_), None) => Changes { of, removed: true, ..Changes::default() },
        (given, Some(now)) => Changes {
            of,
            added: given.is_none(),
            url: given
                .is_none_or(|given| given.destination != now.destination)
                .then(|| now.destination.expose().to_owned()),
            enabled: given.is_none_or(|given| given.enabled != now.enabled).then_some(now.enabled),
            retry: given.is_none_or(|given| given.retry != now.retry).then_some(now.retry),
            options: (given.map_or(&OutputOptions::default(), |given| &given.options) != &now.options)
                .then(|| now.options.clone()),
            removed: false,
        },
    };
    // Text and numbers have a value.
    serde_json::to_value(changes).ok()
}

/// Outputs as they are by what was kept.
#[derive(Debug, PartialEq)]
pub struct Restored {
    /// All that there are.
    pub outputs: BTreeMap<OutputId, Output>,
    /// What is kept from now on, by the names that the outputs have now.
    pub kept: BTreeMap<String, Value>,
    /// What was not taken over, in words for people.
    pub warnings: Vec<String>,
}

/// What becomes of the outputs that the settings have `given` by what is `kept` of earlier runs.
pub(super) fn restored<'a>(
    given: &BTreeMap<OutputId, Output>,
    retry: RetryDocument,
    codecs: Codecs,
    renditions: &[String],
    kept: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Restored {
    let mut restoring = Restoring {
        given,
        retry,
        codecs,
        renditions,
        restored: Restored { outputs: given.clone(), kept: BTreeMap::new(), warnings: Vec::new() },
    };
    let (mut known, mut others) = (Vec::new(), Vec::new());
    for (name, value) in kept {
        match OutputId::new(name).ok().zip(Changes::read(value)) {
            Some((id, changes)) => known.push((id, changes, value)),
            None => {
                restoring.warn(format!("what is kept of the output `{name}` cannot be read; it is left out"));
                restoring.restored.kept.insert(name.to_owned(), value.clone());
            }
        }
    }
    // Those of the settings first, where they are as they were; then those that have another name by now.
    let mut taken: BTreeSet<OutputId> = BTreeSet::new();
    let is_of = |id: &OutputId, of: &str| given.get(id).is_some_and(|output| output.destination.expose() == of);
    for (id, changes, value) in known {
        match &changes.of {
            Some(of) if is_of(&id, of) => {
                taken.insert(id.clone());
                restoring.change(&id, &changes, value);
            }
            _ => others.push((id, changes, value)),
        }
    }
    let (moved, added): (Vec<_>, Vec<_>) = others.into_iter().partition(|(_, changes, _)| changes.of.is_some());
    for (id, changes, value) in moved {
        let of = changes.of.as_deref().unwrap_or_default();
        let now = given.keys().find(|id| !taken.contains(*id) && is_of(id, of)).cloned();
        match now {
            Some(now) => {
                restoring.change(&now, &changes, value);
                taken.insert(now);
            }
            None => restoring.lose(&id, of, value),
        }
    }
    for (id, changes, value) in added {
        if changes.added && given.contains_key(&id) {
            restoring.warn(format!(
                "the output `{id}` that was added over the API is left out: the settings have one of that name"
            ));
            restoring.keep_unless_taken(&id, value);
        } else {
            restoring.change(&id, &changes, value);
        }
    }
    restoring.restored
}

struct Restoring<'a> {
    given: &'a BTreeMap<OutputId, Output>,
    retry: RetryDocument,
    codecs: Codecs,
    renditions: &'a [String],
    restored: Restored,
}

impl Restoring<'_> {
    fn warn(&mut self, warning: String) {
        self.restored.warnings.push(warning);
    }

    fn keep_unless_taken(&mut self, id: &OutputId, value: &Value) {
        self.restored.kept.entry(id.to_string()).or_insert_with(|| value.clone());
    }

    /// Does to the output `id` what was changed of it.
    fn change(&mut self, id: &OutputId, changes: &Changes, value: &Value) {
        self.restored.kept.insert(id.to_string(), value.clone());
        if changes.removed {
            if self.restored.outputs.remove(id).is_some() {
                self.warn(format!(
                    "the output `{id}` of the settings was removed over the API; add it there again, or start with \
                     --fresh"
                ));
            }
            return;
        }
        let Some(mut output) = changes.made(self.given.get(id), self.retry) else {
            // Without its setting there is nothing that the rest could be about.
            if changes.url.is_some() {
                self.warn(format!("this version cannot send to where the output `{id}` went; it is left out"));
            }
            return;
        };
        if let Err(Fault { pointer, found, expected, .. }) = output.options.fit(&output.destination, self.renditions) {
            let part = pointer.trim_start_matches('/');
            self.warn(format!("`{part}` of the output `{id}` is left out: found {found}, expected {expected}"));
            output.options = OutputOptions::default();
        }
        let others = || self.restored.outputs.iter().filter(|(other, _)| *other != id);
        let refused = match self.codecs.fit(&output.destination) {
            Err(why) => Some(why),
            Ok(()) => others()
                .find(|(_, other)| other.destination.is_same_place(&output.destination))
                .map(|(other, _)| format!("`{other}` sends there already")),
        };
        if let Some(why) = refused {
            self.restored.outputs.remove(id);
            self.warn(format!("the output `{id}` is left out: {why}"));
        } else {
            self.restored.outputs.insert(id.clone(), output);
        }
    }

    /// Nothing of the settings goes to where the changed output went.
    fn lose(&mut self, id: &OutputId, of: &str, value: &Value) {
        let of = Destination::shown(of);
        self.warn(format!(
            "what was changed of the output `{id}` is left out: it was changed when the settings sent it to `{of}`, and \
             they send nothing there now"
        ));
        self.keep_unless_taken(id, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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
        restored(&outputs(given), RETRY, CODECS, &[], kept.iter().map(|(name, value)| (*name, value)))
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
}
