//! What was changed of outputs, as it is kept for the next start.
//!
//! A change belongs to where the settings sent the output, not to its name or its place in a list: with another
//! `STREAM_URL`, or another order of `MUXER_OUTPUTS`, it must not be done to something else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{document::RetryDocument, live::Output, options::OutputOptions};
use crate::config::destination::Destination;

/// What was changed of an output. It holds secrets.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Changes {
    /// Where the settings sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<String>,
    /// Whether the settings have no such output.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) added: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<RetryDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<OutputOptions>,
    /// Whether there is none any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) removed: bool,
}

impl Changes {
    /// Reads what was kept; `None` if it cannot be.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let changes = Self::deserialize(value).ok()?;
        changes.retry.is_none_or(|retry| retry.is_possible()).then_some(changes)
    }

    /// What the output is with these changes.
    pub(super) fn made(&self, before: Option<&Output>, retry: RetryDocument) -> Option<Output> {
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
