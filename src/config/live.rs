//! Settings that change while the service runs: a layer above the command line.

use std::{collections::BTreeMap, convert::Infallible};

use components::document::{Fault, nearest};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{
    Loaded,
    fault::{ConfigFault, ConfigFaults, Origin},
    form::ITEM_SEPARATOR,
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
pub struct LiveSettings {
    state: Mutex<State>,
    apply: Box<dyn Apply>,
}

struct State {
    sources: Sources,
    settings: Settings,
}

impl LiveSettings {
    /// The settings that `sources` gave at start, and what carries out changes of them.
    #[must_use]
    pub fn new(sources: Sources, settings: Settings, apply: Box<dyn Apply>) -> Self {
        Self { state: Mutex::new(State { sources, settings }), apply }
    }

    /// All settings as they are now.
    pub async fn document(&self) -> ConfigDocument {
        document(&self.state.lock().await.settings)
    }

    /// Changes settings by a JSON Merge Patch (RFC 7396) of [`ConfigDocument::values`], all of it or nothing: `null`
    /// takes an earlier change back. Changes of one caller are carried out before those of the next are looked at.
    ///
    /// # Errors
    /// Everything that is wrong with the patch.
    pub async fn change(&self, patch: &Value) -> Result<Change, ChangeRefused> {
        let always = |_: &ConfigDocument| Ok::<_, Infallible>(());
        self.change_if(patch, always).await.map(|Ok(change)| change)
    }

    /// The same if `check` agrees to the settings as they are right before; else what it said.
    ///
    /// # Errors
    /// Everything that is wrong with the patch.
    pub async fn change_if<E>(
        &self,
        patch: &Value,
        check: impl FnOnce(&ConfigDocument) -> Result<(), E>,
    ) -> Result<Result<Change, E>, ChangeRefused> {
        let mut state = self.state.lock().await;
        if let Err(refused) = check(&document(&state.settings)) {
            return Ok(Err(refused));
        }
        let mut reading =
            Reading { before: &state.settings, changes: state.sources.changes.clone(), faults: Vec::new() };
        reading.patch(patch);
        let Reading { changes, mut faults, .. } = reading;
        let sources = Sources { changes, ..state.sources.clone() };
        let after = match read::load(&sources) {
            Ok(Loaded { mut settings, .. }) => {
                // The file may have been saved with others meanwhile, which are in force with the next start.
                let wanted = settings.clone();
                for field in settings.keep_fixed(&state.settings) {
                    let Some(setting) = Setting::by_field(field).filter(|setting| setting.live) else { continue };
                    if sources.changes.get(setting.variable) != state.sources.changes.get(setting.variable) {
                        faults.push(too_much(setting, &wanted));
                    }
                }
                Some(settings)
            }
            Err(ConfigFaults { faults: found, .. }) => {
                faults.extend(found.into_iter().map(fault_of));
                None
            }
        };
        let Some(after) = after.filter(|_| faults.is_empty()) else { return Err(ChangeRefused::Invalid(faults)) };
        self.carry_out(&mut state, sources, after).await.map(Ok)
    }

    /// Takes over another text of the TOML file: what can change while the service runs is changed at once, all of it or
    /// nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn reload(&self, text: String) -> Result<Reload, ReloadRefused> {
        let mut state = self.state.lock().await;
        let sources = state.sources.with_file(text);
        let loaded = read::load(&sources).map_err(|ConfigFaults { faults, .. }| ReloadRefused::Faults(faults))?;
        let mut after = loaded.settings;
        let fixed = after.keep_fixed(&state.settings);
        let at_start_only = fixed.into_iter().filter_map(|field| Some(Setting::by_field(field)?.key)).collect();
        let change = self.carry_out(&mut state, sources, after).await?;
        Ok(Reload { change, at_start_only })
    }

    /// All settings as they are now.
    pub async fn settings(&self) -> Settings {
        self.state.lock().await.settings.clone()
    }

    async fn carry_out(&self, state: &mut State, sources: Sources, after: Settings) -> Result<Change, ChangeRefused> {
        let tick = self.apply.apply(&state.settings, &after).await.map_err(|error| match error {
            NotApplied::Value { field, reason } => ChangeRefused::Invalid(vec![Fault {
                place: None,
                pointer: pointer_of(field),
                found: redact::found(&plain(&value_of(&after, field))),
                expected: reason,
                nearest: None,
            }]),
            NotApplied::Unavailable(reason) => ChangeRefused::Unavailable(reason),
        })?;
        let mut values = Map::new();
        for ((field, before), (_, after)) in state.settings.values().into_iter().zip(after.values()) {
            if before != after
                && let Some(setting) = Setting::by_field(field)
            {
                insert(&mut values, setting.key, after);
            }
        }
        let document = document(&after);
        let persisted = self.apply.keep(sources.changed()).await;
        *state = State { sources, settings: after };
        Ok(Change { tick, persisted, values, document })
    }
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

/// A patch on its way to becoming changes.
struct Reading<'a> {
    before: &'a Settings,
    changes: BTreeMap<&'static str, String>,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn patch(&mut self, patch: &Value) {
        let Value::Object(patch) = patch else {
            self.fault(
                String::new(),
                shown(patch),
                "an object with settings: `{ \"stream_bitrate\": 6000 }`".to_owned(),
            );
            return;
        };
        for (key, value) in patch {
            match value {
                Value::Object(table) if read::is_table(key) => {
                    for (inner, value) in table {
                        self.member(&format!("{key}.{inner}"), value);
                    }
                }
                _ if read::is_table(key) => self.fault(
                    format!("/{}", escaped(key)),
                    shown(value),
                    "an object with the settings of this table".to_owned(),
                ),
                _ if SETTINGS.iter().any(|setting| setting.key == key) && key.contains('.') => {
                    let (table, inner) = key.split_once('.').unwrap_or_default();
                    self.fault(
                        format!("/{}", escaped(key)),
                        "an unknown setting".to_owned(),
                        format!("`{inner}` in an object of its table: `{{ \"{table}\": {{ \"{inner}\": … }} }}`"),
                    );
                }
                _ if key.contains('.') => self.unknown("", key),
                _ => self.member(key, value),
            }
        }
    }

    fn member(&mut self, key: &str, value: &Value) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
            // The table is a known one.
            let table = key.split_once('.').map(|(table, _)| format!("/{table}"));
            return self.unknown(&table.unwrap_or_default(), key);
        };
        let present = value_of(self.before, setting.field);
        if *value == present {
            // A client may send back all that it got.
            return;
        }
        if !setting.live {
            let found = if setting.secret && !value.is_null() { "`***`".to_owned() } else { shown(value) };
            let expected = format!(
                "no other value than the present one: this setting is read at start only; set {} or `{}` in the TOML \
                 file, and start the service anew",
                setting.variable, setting.key
            );
            return self.fault(pointer_of(setting.field), found, expected);
        }
        match value {
            Value::Null => {
                self.changes.remove(setting.variable);
            }
            Value::Array(_) if !present.is_array() => {
                self.fault(pointer_of(setting.field), shown(value), setting.expected());
            }
            Value::Object(_) => self.fault(pointer_of(setting.field), shown(value), setting.expected()),
            Value::Array(items) => {
                let text: String = items.iter().flat_map(|item| [plain(item), ITEM_SEPARATOR.to_string()]).collect();
                self.changes.insert(setting.variable, text);
            }
            _ => {
                self.changes.insert(setting.variable, plain(value));
            }
        }
    }

    fn unknown(&mut self, pointer: &str, key: &str) {
        let meant = nearest(key, SETTINGS.iter().map(|setting| setting.key));
        self.faults.push(Fault {
            place: None,
            pointer: pointer.to_owned(),
            // The name itself may be a secret that stands in the wrong place.
            found: format!(
                "an unknown setting of {} characters",
                key.rsplit('.').next().unwrap_or(key).chars().count()
            ),
            expected: "a setting that `GET /api/config` lists".to_owned(),
            nearest: meant.map(str::to_owned),
        });
    }

    fn fault(&mut self, pointer: String, found: String, expected: String) {
        self.faults.push(Fault { place: None, pointer, found, expected, nearest: None });
    }
}

/// That what is changed is more of a setting than can change while the service runs.
fn too_much(setting: &Setting, wanted: &Settings) -> Fault {
    let found = redact::found(&plain(&value_of(wanted, setting.field)));
    let expected = format!(
        "the sizes and variants that are there, in their order, with other bitrates: all else is read at start only; set {} or \
         `{}` in the TOML file, and start the service anew",
        setting.variable, setting.key
    );
    Fault { place: None, pointer: pointer_of(setting.field), found, expected, nearest: None }
}

/// What loading found wrong, as a fault of the patch: all else was right at start.
fn fault_of(fault: ConfigFault) -> Fault {
    match fault {
        ConfigFault::Value { name, found, expected, nearest, .. } => {
            let pointer = format!("/{}", escaped(&name).replace('.', "/"));
            Fault { place: None, pointer, found, expected, nearest }
        }
        other => Fault {
            place: None,
            pointer: String::new(),
            found: "settings that do not go together".to_owned(),
            expected: other.to_string(),
            nearest: None,
        },
    }
}

fn pointer_of(field: &str) -> String {
    let key = Setting::by_field(field).map_or(field, |setting| setting.key);
    format!("/{}", key.replace('.', "/"))
}

/// A token of a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The value as it would be written in a file, strings without their quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => redact::found(&plain(other)),
    }
}
