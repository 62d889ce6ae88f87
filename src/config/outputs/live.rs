//! The outputs of the running service: those that the settings name, and what was changed of them since.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
};

use components::document::{Fault, Fingerprint, nearest};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    document::{OutputDocument, OutputId, OutputUrl, RetryDocument},
    kept,
    options::OutputOptions,
};
use crate::config::{containers::Codecs, destination::Destination};

/// Outputs that there may be. Each has a thread, a queue and, mostly, a connection of its own.
pub const MOST_OUTPUTS: usize = 32;

/// An output.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Where it sends to.
    pub destination: Destination,
    /// Whether it sends while the stream is on air.
    pub enabled: bool,
    /// What is done when its peer is lost.
    pub retry: RetryDocument,
    /// What else is said of it.
    pub options: OutputOptions,
}

impl Output {
    /// As people are shown it.
    pub(super) fn document(&self, id: &OutputId) -> OutputDocument {
        let url = OutputUrl::new(self.destination.to_string());
        let OutputOptions { split, thumbnails, adaptive, rendition } = self.options.clone();
        let (id, retry) = (id.clone(), Some(self.retry));
        OutputDocument { id, url, enabled: self.enabled, retry, split, thumbnails, adaptive, rendition }
    }
}

/// Carries changes of outputs out. What becomes of an output's connection is no part of it: the output's status says so.
pub trait Carry: Send + Sync {
    /// Makes an output what `after` says; `None` removes it. It is new if `before` is `None`.
    ///
    /// # Errors
    /// Why it cannot be done now, in words for people; nothing has changed then.
    fn carry(&self, id: &OutputId, before: Option<&Output>, after: Option<&Output>) -> Result<(), String>;

    /// Has an output that has given up, or waits to try again, try at once.
    ///
    /// # Errors
    /// As above.
    fn try_again(&self, id: &OutputId) -> Result<(), String>;

    /// Keeps what was changed of an output for the next start; `None` if nothing was. Returns whether it is durable.
    fn keep(&self, id: &OutputId, changes: Option<Value>) -> BoxFuture<'_, bool>;
}

/// An output that there is, as people are shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// Its document, without secrets.
    pub document: OutputDocument,
    /// What stands for all of it, its secrets included. Not the same in another run of the service.
    pub fingerprint: Fingerprint,
}

/// What is to be done with an output.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputChange {
    /// It is made, or becomes what the document says.
    Put(OutputDocument),
    /// It sends whenever the stream is on air, and tries at once if it has given up or waits.
    Start,
    /// It sends nothing.
    Stop,
    /// It is removed.
    Remove,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The output as it is now; `None` if it was removed.
    pub present: Option<Present>,
    /// Whether the change is durable.
    pub persisted: bool,
}

/// An output was not changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OutputRefused {
    /// There is none of this name.
    #[error("there is no output of this name{}", .nearest.as_ref().map_or_else(String::new, |id| format!("; did you mean `{id}`?")))]
    Unknown {
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// The document is wrong.
    #[error("the output has {} faults", .0.len())]
    Invalid(Vec<Fault>),
    /// Another output sends to the same place.
    #[error("the output `{0}` sends there already; two would be in each other's way")]
    SamePlace(OutputId),
    /// There are too many.
    #[error("there are {MOST_OUTPUTS} outputs already; remove one first")]
    TooMany,
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
}

/// The outputs of the running service. Changes are carried out one after the other.
pub struct LiveOutputs {
    /// As the settings have them.
    given: BTreeMap<OutputId, Output>,
    retry: RetryDocument,
    codecs: Codecs,
    /// The names of the sizes in which it can be sent.
    renditions: Vec<String>,
    present: Mutex<BTreeMap<OutputId, Output>>,
    carry: Box<dyn Carry>,
    /// Secrets go into fingerprints by a hash that nobody can make anew.
    hasher: RandomState,
}

impl LiveOutputs {
    /// Outputs that run: those that the settings have `given`, with what was changed of them since, are `present`.
    /// `retry` is for those that do not say what is done when their peer is lost; `codecs` are what all of them get, in the
    /// stream's own size or in one of `renditions`.
    #[must_use]
    pub fn new(
        given: BTreeMap<OutputId, Output>,
        present: BTreeMap<OutputId, Output>,
        retry: RetryDocument,
        codecs: Codecs,
        renditions: Vec<String>,
        carry: Box<dyn Carry>,
    ) -> Self {
        Self { given, retry, codecs, renditions, present: Mutex::new(present), carry, hasher: RandomState::new() }
    }

    /// All outputs in the order of their names.
    pub async fn list(&self) -> Vec<OutputDocument> {
        self.present.lock().await.iter().map(|(id, output)| output.document(id)).collect()
    }

    /// The output of this name.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self, id: &str) -> Result<Present, OutputRefused> {
        let outputs = self.present.lock().await;
        let found = outputs.iter().find(|(known, _)| known.as_str() == id);
        found.map(|(id, output)| self.shown(id, output)).ok_or_else(|| unknown(id, &outputs))
    }

    fn shown(&self, id: &OutputId, output: &Output) -> Present {
        let document = output.document(id);
        let secret = self.hasher.hash_one(output.destination.expose());
        Present { fingerprint: Fingerprint::of(&(&document, secret)), document }
    }

    /// Changes the output of this name as `decide` says, who gets to see it as it is right before; or does nothing, if
    /// that refuses.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn change<E>(
        &self,
        id: &OutputId,
        decide: impl FnOnce(Option<&Present>) -> Result<OutputChange, E>,
    ) -> Result<Result<Changed, E>, OutputRefused> {
        let mut outputs = self.present.lock().await;
        let before = outputs.get(id);
        let change = match decide(before.map(|output| self.shown(id, output)).as_ref()) {
            Ok(change) => change,
            Err(refused) => return Ok(Err(refused)),
        };
        let again = change == OutputChange::Start;
        let after = match (change, before) {
            (OutputChange::Put(document), before) => Some(self.read(id, &document, before, &outputs)?),
            (_, None) => return Err(unknown(id.as_str(), &outputs)),
            (OutputChange::Start, Some(before)) => Some(Output { enabled: true, ..before.clone() }),
            (OutputChange::Stop, Some(before)) => Some(Output { enabled: false, ..before.clone() }),
            (OutputChange::Remove, Some(_)) => None,
        };
        if before != after.as_ref() {
            self.carry.carry(id, before, after.as_ref()).map_err(OutputRefused::Unavailable)?;
        } else if again {
            self.carry.try_again(id).map_err(OutputRefused::Unavailable)?;
        }
        let changes = kept::changes(self.given.get(id), after.as_ref());
        let present = after.as_ref().map(|output| self.shown(id, output));
        match after {
            Some(after) => outputs.insert(id.clone(), after),
            None => outputs.remove(id),
        };
        // Nobody else comes in between, so that what is kept last is what is there.
        let persisted = self.carry.keep(id, changes).await;
        Ok(Ok(Changed { present, persisted }))
    }

    fn read(
        &self,
        id: &OutputId,
        document: &OutputDocument,
        before: Option<&Output>,
        outputs: &BTreeMap<OutputId, Output>,
    ) -> Result<Output, OutputRefused> {
        if before.is_none() && outputs.len() >= MOST_OUTPUTS {
            return Err(OutputRefused::TooMany);
        }
        let known = before.map(|before| &before.destination);
        let destination = document.url.destination(known).map_err(|fault| OutputRefused::Invalid(vec![fault]))?;
        if let Err(expected) = self.codecs.fit(&destination) {
            let found = destination.kind();
            let fault = Fault { place: None, pointer: "/url".to_owned(), found, expected, nearest: None };
            return Err(OutputRefused::Invalid(vec![fault]));
        }
        let mut others = outputs.iter().filter(|(other, _)| *other != id);
        if let Some((other, _)) = others.find(|(_, other)| other.destination.is_same_place(&destination)) {
            return Err(OutputRefused::SamePlace(other.clone()));
        }
        let retry = document.retry.unwrap_or(self.retry);
        let options = document.options();
        options.fit(&destination, &self.renditions).map_err(|fault| OutputRefused::Invalid(vec![fault]))?;
        Ok(Output { destination, enabled: document.enabled, retry, options })
    }
}

fn unknown(id: &str, outputs: &BTreeMap<OutputId, Output>) -> OutputRefused {
    let nearest = nearest(id, outputs.keys().map(OutputId::as_str)).map(str::to_owned);
    OutputRefused::Unknown { nearest }
}
