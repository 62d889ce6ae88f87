//! The outputs of an earlier run: those that the settings have, and what was changed of them since.
//!
//! All changes are done before two outputs are looked for that send to one place: one may go to where another went before
//! it was changed or removed.

use std::collections::{BTreeMap, BTreeSet};

use components::document::Fault;
use serde_json::Value;

use super::{
    document::{OutputId, RetryDocument},
    kept::Changes,
    live::Output,
};
use crate::config::{containers::Codecs, destination::Destination};

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
pub fn restore_outputs<'a>(
    given: &BTreeMap<OutputId, Output>,
    retry: RetryDocument,
    codecs: Codecs,
    renditions: &[String],
    kept: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Restored {
    let mut restoring = Restoring {
        given,
        retry,
        claims: given.iter().map(|(id, output)| (id.clone(), (Claim::Given, output.clone()))).collect(),
        restored: Restored { outputs: BTreeMap::new(), kept: BTreeMap::new(), warnings: Vec::new() },
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
    restoring.settle(codecs, renditions);
    restoring.restored
}

/// What speaks for an output where another goes to the same place, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// People changed what the settings say of it.
    Changed,
    /// The settings have it.
    Given,
    /// People added it, and may not know that the settings have come to send there.
    Added,
}

struct Restoring<'a> {
    given: &'a BTreeMap<OutputId, Output>,
    retry: RetryDocument,
    /// The outputs that there are to be.
    claims: BTreeMap<OutputId, (Claim, Output)>,
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
            if self.claims.remove(id).is_some() {
                self.warn(format!(
                    "the output `{id}` of the settings was removed over the API; add it there again, or start with \
                     --fresh"
                ));
            }
            return;
        }
        if let Some(output) = changes.made(self.given.get(id), self.retry) {
            let claim = if self.given.contains_key(id) { Claim::Changed } else { Claim::Added };
            self.claims.insert(id.clone(), (claim, output));
        } else if changes.url.is_some() {
            self.claims.remove(id);
            self.warn(format!("this version cannot send to where the output `{id}` went; it is left out"));
        }
        // Else there is no setting any more that the rest could be about.
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

    /// Takes all outputs that can be. Of two that send to one place, the one with the stronger claim.
    fn settle(&mut self, codecs: Codecs, renditions: &[String]) {
        let mut claims: Vec<_> = std::mem::take(&mut self.claims).into_iter().collect();
        claims.sort_by_key(|(_, (claim, _))| *claim);
        for (id, (claim, mut output)) in claims {
            let mut taken = self.restored.outputs.iter();
            let refused = match codecs.fit(&output.destination) {
                Err(why) => Some(why),
                Ok(()) => taken
                    .find(|(_, other)| other.destination.is_same_place(&output.destination))
                    .map(|(other, _)| format!("`{other}` sends there already")),
            };
            if let Some(why) = refused {
                self.warn(format!("the output `{id}` is left out: {why}"));
                continue;
            }
            if claim != Claim::Given {
                self.fit(&id, &mut output, renditions);
            }
            self.restored.outputs.insert(id, output);
        }
    }

    /// Takes from an output what cannot be any more, and nothing else.
    fn fit(&mut self, id: &OutputId, output: &mut Output, renditions: &[String]) {
        let had_rendition = output.options.rendition.is_some();
        for Fault { pointer, found, expected, .. } in output.options.take_unfit(&output.destination, renditions) {
            let part = pointer.trim_start_matches('/');
            self.warn(format!("`{part}` of the output `{id}` is left out: found {found}, expected {expected}"));
        }
        if had_rendition && output.options.rendition.is_none() && output.enabled {
            // Its link may not take the stream in full size.
            output.enabled = false;
            self.warn(format!(
                "the output `{id}` is stopped, since the size that it sent is gone; name that in STREAM_RENDITIONS again, \
                 or start the output to send the stream in its own size"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
