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

/// Whether a change is agreed to by the settings right before. Looked at anew where those are others after all.
type Check = Box<dyn Fn(&ConfigDocument) -> bool + Send>;

/// A change that somebody waits for.
pub(super) struct Asked {
    pub(super) patch: Value,
    /// If it is not agreed to, there is no answer.
    pub(super) check: Check,
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
    sources: Sources,
    before: Settings,
    after: Settings,
}

/// What comes of a change after those before it.
enum Judged {
    /// It goes with the settings before it.
    Good(Box<Good>),
    /// It is wrong.
    Refused(ChangeRefused),
    /// It is not agreed to.
    Unwanted,
}

impl Asked {
    fn judge(&self, sources: &Sources, before: &Settings) -> Judged {
        if !(self.check)(&document(before)) {
            return Judged::Unwanted;
        }
        match patched(sources, before, &self.patch) {
            Ok((sources, after)) => Judged::Good(Box::new(Good { sources, before: before.clone(), after })),
            Err(refused) => Judged::Refused(refused),
        }
    }

    fn answer(self, done: Result<Change, ChangeRefused>) {
        // Who asked may have gone.
        let _ = self.reply.send(done);
    }
}

impl Inner {
    /// Carries out all changes that wait by now: those that are right in themselves together, within one tick; one after
    /// the other where the service does not do them together. Nobody is answered before that is known: what is wrong after
    /// a change may be right without it.
    pub(super) async fn carry_out_all(&self) {
        let mut state = self.state.lock().await;
        let (mut sources, mut settings) = (state.sources.clone(), state.settings.clone());
        let mut all = Vec::new();
        for asked in self.waiting.take() {
            let judged = asked.judge(&sources, &settings);
            if let Judged::Good(good) = &judged {
                (sources, settings) = (good.sources.clone(), good.after.clone());
            }
            all.push((asked, judged));
        }
        let is_any_good = all.iter().any(|(_, judged)| matches!(judged, Judged::Good(_)));
        let done = if is_any_good { self.apply(&state.settings, &settings).await.map(Some) } else { Ok(None) };
        match done {
            Ok(tick) => {
                let mut persisted = false;
                if is_any_good {
                    persisted = self.apply.keep(sources.changed()).await;
                    *state = State { sources, settings };
                }
                for (asked, judged) in all {
                    match (judged, tick) {
                        (Judged::Good(good), Some(tick)) => {
                            let Good { before, after, .. } = *good;
                            let (values, document) = (changed(&before, &after), document(&after));
                            asked.answer(Ok(Change { tick, persisted, values, document }));
                        }
                        (Judged::Refused(refused), _) => asked.answer(Err(refused)),
                        (Judged::Good(_), None) | (Judged::Unwanted, _) => {}
                    }
                }
            }
            Err(refused) if all.len() == 1 => {
                for (asked, _) in all {
                    asked.answer(Err(refused.clone()));
                }
            }
            Err(_) => self.carry_out_each(&mut state, all.into_iter().map(|(asked, _)| asked)).await,
        }
    }

    /// The same one after the other: what is refused to one is to that one alone.
    async fn carry_out_each(&self, state: &mut State, all: impl Iterator<Item = Asked>) {
        for asked in all {
            match asked.judge(&state.sources, &state.settings) {
                Judged::Good(good) => {
                    let Good { sources, after, .. } = *good;
                    let done = self.carry_out(state, sources, after).await;
                    asked.answer(done);
                }
                Judged::Refused(refused) => asked.answer(Err(refused)),
                Judged::Unwanted => {}
            }
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
