//! Changes of many callers that are carried out together.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use tokio::sync::oneshot;

use super::{
    Change, ChangeRefused, ConfigDocument, Inner, State, changed, document,
    patch::{Reading, fault_of, too_much},
};
use crate::config::{
    Loaded,
    fault::ConfigFaults,
    read,
    schema::{Setting, Settings},
    sources::Sources,
};

/// A change that somebody waits for.
pub(super) struct Asked {
    pub(super) patch: Value,
    /// Whether it is agreed to by the settings right before. If it is not, there is no answer.
    pub(super) check: Box<dyn FnOnce(&ConfigDocument) -> bool + Send>,
    pub(super) reply: oneshot::Sender<Result<Change, ChangeRefused>>,
}

/// Changes that nobody has begun with. As many as there are requests, which are bounded.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Vec<Asked>>);

impl Waiting {
    pub(super) fn add(&self, asked: Asked) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    }

    fn take(&self) -> Vec<Asked> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A change that goes with the settings before it.
struct Good {
    patch: Value,
    sources: Sources,
    before: Settings,
    after: Settings,
    reply: oneshot::Sender<Result<Change, ChangeRefused>>,
}

impl Inner {
    /// Carries out all changes that wait by now: those that are right in themselves together, within one tick; one after
    /// the other where the service does not do them together.
    pub(super) async fn carry_out_all(&self) {
        let mut state = self.state.lock().await;
        let mut all: Vec<Good> = Vec::new();
        for Asked { patch, check, reply } in self.waiting.take() {
            let (sources, before) = match all.last() {
                Some(last) => (&last.sources, &last.after),
                None => (&state.sources, &state.settings),
            };
            if !check(&document(before)) {
                continue;
            }
            match patched(sources, before, &patch) {
                Ok((sources, after)) => all.push(Good { before: before.clone(), patch, sources, after, reply }),
                // Who asked may have gone.
                Err(refused) => drop(reply.send(Err(refused))),
            }
        }
        let Some(last) = all.last() else { return };
        match self.apply(&state.settings, &last.after).await {
            Ok(tick) => {
                let persisted = self.apply.keep(last.sources.changed()).await;
                *state = State { sources: last.sources.clone(), settings: last.after.clone() };
                for Good { before, after, reply, .. } in all {
                    let (values, document) = (changed(&before, &after), document(&after));
                    // Who asked may have gone.
                    let _ = reply.send(Ok(Change { tick, persisted, values, document }));
                }
            }
            Err(refused) if all.len() == 1 => {
                for Good { reply, .. } in all {
                    // Who asked may have gone.
                    let _ = reply.send(Err(refused.clone()));
                }
            }
            Err(_) => self.carry_out_each(&mut state, all).await,
        }
    }

    /// The same one after the other: what is refused to one is to that one alone.
    async fn carry_out_each(&self, state: &mut State, all: Vec<Good>) {
        for Good { patch, reply, .. } in all {
            let done = match patched(&state.sources, &state.settings, &patch) {
                Ok((sources, after)) => self.carry_out(state, sources, after).await,
                Err(refused) => Err(refused),
            };
            // Who asked may have gone.
            let _ = reply.send(done);
        }
    }
}

/// What a patch makes of settings.
fn patched(sources: &Sources, before: &Settings, patch: &Value) -> Result<(Sources, Settings), ChangeRefused> {
    let mut reading = Reading { before, changes: sources.changes.clone(), faults: Vec::new() };
    reading.patch(patch);
    let Reading { changes, mut faults, .. } = reading;
    let known = &sources.changes;
    let sources = Sources { changes, ..sources.clone() };
    match read::load(&sources) {
        Ok(Loaded { mut settings, .. }) if faults.is_empty() => {
            // The file may have been saved with others meanwhile, which are in force with the next start.
            let wanted = settings.clone();
            for field in settings.keep_fixed(before) {
                let Some(setting) = Setting::by_field(field).filter(|setting| setting.live) else { continue };
                if sources.changes.get(setting.variable) != known.get(setting.variable) {
                    faults.push(too_much(setting, &wanted));
                }
            }
            if faults.is_empty() { Ok((sources, settings)) } else { Err(ChangeRefused::Invalid(faults)) }
        }
        Ok(_) => Err(ChangeRefused::Invalid(faults)),
        Err(ConfigFaults { faults: found, .. }) => {
            faults.extend(found.into_iter().map(fault_of));
            Err(ChangeRefused::Invalid(faults))
        }
    }
}
