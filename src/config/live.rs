//! Settings that change while the service runs: a layer above the command line.

mod patch;
#[cfg(test)]
mod tests;
mod turn;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, mpsc},
};

use components::document::Fault;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, oneshot};

use self::{
    patch::{plain, pointer_of},
    turn::{Asked, Waiting},
};
use super::{
    fault::{ConfigFault, ConfigFaults, Origin},
    read,
    schema::{SETTINGS, Setting, Settings},
    sources::Sources,
};
use crate::redact;

/// Carries changed settings out in the running service.
pub trait Apply: Send + Sync {
    /// Makes the service do what `after` says, where that differs from `before`. Returns the tick whose frame shows it
    /// first.
    fn apply<'a>(&'a self, before: &'a Settings, after: &'a Settings) -> BoxFuture<'a, Result<u64, NotApplied>>;

    /// Keeps everything that was changed while the service runs, by the keys of the TOML file, for the next start.
    /// Returns whether it is durable.
    fn keep<'a>(&'a self, changes: BTreeMap<&'static str, &'a str>) -> BoxFuture<'a, bool>;
}

/// The service cannot do what changed settings say; it goes on as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplied {
    /// A value does not go with the present state of the service.
    #[error("{field}: {reason}")]
    Value {
        /// The setting, by the name of its field.
        field: &'static str,
        /// Why it cannot be, and what to do.
        reason: String,
    },
    /// The service cannot do it now.
    #[error("{0}")]
    Unavailable(String),
}

/// Settings were not changed, not one of them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChangeRefused {
    /// Values are wrong, or belong to settings that are read at start only.
    #[error("{} of the settings cannot be changed like this", .0.len())]
    Invalid(Vec<Fault>),
    /// The service cannot do it now.
    #[error("{0}")]
    Unavailable(String),
}

/// The settings as a document.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ConfigDocument {
    /// The value of every setting, by the keys and tables of the TOML file. Secrets are `***`.
    pub values: Map<String, Value>,
    /// What is known of every setting besides.
    pub settings: Vec<SettingDocument>,
}

/// What is known of a setting, as a document.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SettingDocument {
    /// Its key in the TOML file, after its table's name and a dot if it is in one.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Where its value came from.
    pub origin: Origin,
    /// Whether it can be changed while the service runs.
    pub live: bool,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Its default as it would be written.
    pub default: &'static str,
    /// What its value looks like.
    pub expected: String,
    /// What it does.
    pub about: String,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The tick whose frame shows it first.
    pub tick: u64,
    /// Whether it is in the store, so that it is still there after the service has been killed.
    pub persisted: bool,
    /// The new values of the settings that were changed, by their keys.
    pub values: Map<String, Value>,
    /// All settings as they are now.
    pub document: ConfigDocument,
}

/// What another text of the TOML file did.
#[derive(Clone, Debug, PartialEq)]
pub struct Reload {
    /// What was changed.
    pub change: Change,
    /// Keys of settings that are other ones in the file now, but are read at start only.
    pub at_start_only: Vec<&'static str>,
}

/// Another text of the TOML file was not taken over, nothing of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReloadRefused {
    /// The settings are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<ConfigFault>),
    /// They do not go with the present state of the service.
    #[error("{}", all_that_is_wrong(.0))]
    Change(#[from] ChangeRefused),
}

fn all_that_is_wrong(refused: &ChangeRefused) -> String {
    match refused {
        ChangeRefused::Invalid(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        ChangeRefused::Unavailable(reason) => reason.clone(),
    }
}

/// The settings of the running service.
///
/// What many change at once is carried out together: whoever comes while a tick is waited for is on the next one.
pub struct LiveSettings {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    apply: Box<dyn Apply>,
    waiting: Waiting,
}

struct State {
    sources: Sources,
    settings: Settings,
}

impl LiveSettings {
    /// The settings that `sources` gave at start, and what carries out changes of them.
    #[must_use]
    pub fn new(sources: Sources, settings: Settings, apply: Box<dyn Apply>) -> Self {
        let state = Mutex::new(State { sources, settings });
        Self { inner: Arc::new(Inner { state, apply, waiting: Waiting::default() }) }
    }

    /// All settings as they are now.
    pub async fn document(&self) -> ConfigDocument {
        document(&self.inner.state.lock().await.settings)
    }

    /// Changes settings by a JSON Merge Patch (RFC 7396) of [`ConfigDocument::values`], all of it or nothing: `null`
    /// takes an earlier change back. Changes of one caller are carried out before those of the next are looked at.
    ///
    /// # Errors
    /// Everything that is wrong with the patch.
    pub async fn change(&self, patch: &Value) -> Result<Change, ChangeRefused> {
        let always = |_: &ConfigDocument| Ok::<_, Infallible>(());
        self.change_if(patch.clone(), always).await.map(|Ok(change)| change)
    }

    /// The same if `check` agrees to the settings as they are right before; else what it said. It is carried out to its end
    /// even if nobody waits for that.
    ///
    /// # Errors
    /// Everything that is wrong with the patch.
    pub async fn change_if<E: Send + 'static>(
        &self,
        patch: Value,
        check: impl Fn(&ConfigDocument) -> Result<(), E> + Send + 'static,
    ) -> Result<Result<Change, E>, ChangeRefused> {
        // It is asked twice at most: with others, and alone.
        let (refuse, refused) = mpsc::sync_channel(2);
        let check = move |present: &ConfigDocument| {
            // Who asked may have gone.
            check(present).map_err(|why| drop(refuse.try_send(why))).is_ok()
        };
        let (reply, answer) = oneshot::channel();
        self.inner.waiting.add(Asked { patch, check: Box::new(check), reply });
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move { inner.carry_out_all().await });
        match answer.await {
            Ok(changed) => changed.map(Ok),
            // It was not agreed to, or nobody is left to carry it out.
            Err(_) => match refused.try_iter().last() {
                Some(why) => Ok(Err(why)),
                None => Err(ChangeRefused::Unavailable("the settings cannot be changed any more".to_owned())),
            },
        }
    }

    /// Takes over another text of the TOML file: what can change while the service runs is changed at once, all of it or
    /// nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn reload(&self, text: String) -> Result<Reload, ReloadRefused> {
        let mut state = self.inner.state.lock().await;
        let sources = state.sources.with_file(text);
        let loaded = read::load(&sources).map_err(|ConfigFaults { faults, .. }| ReloadRefused::Faults(faults))?;
        let mut after = loaded.settings;
        let fixed = after.keep_fixed(&state.settings);
        let at_start_only = fixed.into_iter().filter_map(|field| Some(Setting::by_field(field)?.key)).collect();
        let change = self.inner.carry_out(&mut state, sources, after).await?;
        Ok(Reload { change, at_start_only })
    }

    /// All settings as they are now.
    pub async fn settings(&self) -> Settings {
        self.inner.state.lock().await.settings.clone()
    }
}

impl Inner {
    async fn carry_out(&self, state: &mut State, sources: Sources, after: Settings) -> Result<Change, ChangeRefused> {
        let tick = self.apply(&state.settings, &after).await?;
        let (values, document) = (changed(&state.settings, &after), document(&after));
        let persisted = self.apply.keep(sources.changed()).await;
        *state = State { sources, settings: after };
        Ok(Change { tick, persisted, values, document })
    }

    /// Has the service do what `after` says. Returns the tick whose frame shows it first.
    async fn apply(&self, before: &Settings, after: &Settings) -> Result<u64, ChangeRefused> {
        self.apply.apply(before, after).await.map_err(|error| match error {
            NotApplied::Value { field, reason } => ChangeRefused::Invalid(vec![Fault {
                place: None,
                pointer: pointer_of(field),
                found: redact::found(&plain(&value_of(after, field))),
                expected: reason,
                nearest: None,
            }]),
            NotApplied::Unavailable(reason) => ChangeRefused::Unavailable(reason),
        })
    }
}

/// The settings that have another value, by their keys.
fn changed(before: &Settings, after: &Settings) -> Map<String, Value> {
    let mut values = Map::new();
    for ((field, before), (_, after)) in before.values().into_iter().zip(after.values()) {
        if before != after
            && let Some(setting) = Setting::by_field(field)
        {
            insert(&mut values, setting.key, after);
        }
    }
    values
}

fn document(settings: &Settings) -> ConfigDocument {
    let mut values = Map::new();
    for (field, value) in settings.values() {
        if let Some(setting) = Setting::by_field(field) {
            insert(&mut values, setting.key, value);
        }
    }
    let of = |setting: &Setting| SettingDocument {
        key: setting.key,
        variable: setting.variable,
        origin: settings.origin(setting.field),
        live: setting.live,
        secret: setting.secret,
        default: setting.default,
        expected: setting.expected(),
        about: setting.about.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    ConfigDocument { values, settings: SETTINGS.iter().map(of).collect() }
}

fn insert(values: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        Some((table, key)) => {
            let table = values.entry(table).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(table) = table {
                table.insert(key.to_owned(), value);
            }
        }
        None => {
            values.insert(key.to_owned(), value);
        }
    }
}

fn value_of(settings: &Settings, field: &str) -> Value {
    settings.values().into_iter().find(|(known, _)| *known == field).map_or(Value::Null, |(_, value)| value)
}
