//! A JSON Merge Patch of the settings, on its way to becoming changes.

use std::collections::BTreeMap;

use components::document::{Fault, nearest};
use serde_json::Value;

use super::value_of;
use crate::{
    config::{
        fault::ConfigFault,
        form::ITEM_SEPARATOR,
        read,
        schema::{SETTINGS, Setting, Settings},
    },
    redact,
};

/// A patch that is read.
pub(super) struct Reading<'a> {
    pub(super) before: &'a Settings,
    /// What is changed besides what the file says, by variables.
    pub(super) changes: BTreeMap<&'static str, String>,
    pub(super) faults: Vec<Fault>,
}

impl Reading<'_> {
    pub(super) fn patch(&mut self, patch: &Value) {
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
            return match key.split_once('.') {
                Some((table, inner)) => self.unknown(&format!("/{table}"), inner),
                None => self.unknown("", key),
            };
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

    /// Notes a name that is not known, at `key` in the object that `inside` points to. It may be a secret that stands in the
    /// wrong place, and is told only if it is none: one that is near to the name of a setting or a table, or short.
    fn unknown(&mut self, inside: &str, key: &str) {
        let full = inside.strip_prefix('/').map_or_else(|| key.to_owned(), |table| format!("{table}.{key}"));
        let in_table = |name: &&Setting| name.key.split_once('.').is_some_and(|(_, inner)| inner == key);
        // A name within a table is near to the table's, whatever it is.
        let may_be_table = inside.is_empty() && !key.contains('.');
        let tables = SETTINGS.iter().filter(|_| may_be_table).filter_map(|setting| setting.key.split_once('.'));
        let names = SETTINGS.iter().map(|setting| setting.key).chain(tables.map(|(table, _)| table));
        let meant = nearest(&full, names).or_else(|| SETTINGS.iter().find(in_table).map(|setting| setting.key));
        let told = if meant.is_some() { format!("`{key}`") } else { redact::found(key) };
        let is_told = told.starts_with('`');
        let pointer = if is_told { format!("{inside}/{}", escaped(key)) } else { inside.to_owned() };
        let found = match told.strip_prefix("text of ") {
            Some(length) => format!("an unknown setting of {length}"),
            None => format!("the unknown setting {told}"),
        };
        let expected = "a setting that `GET /api/config` lists".to_owned();
        self.faults.push(Fault { place: None, pointer, found, expected, nearest: meant.map(str::to_owned) });
    }

    fn fault(&mut self, pointer: String, found: String, expected: String) {
        self.faults.push(Fault { place: None, pointer, found, expected, nearest: None });
    }
}

/// That what is changed is more of a setting than can change while the service runs.
pub(super) fn too_much(setting: &Setting, wanted: &Settings) -> Fault {
    let found = redact::found(&plain(&value_of(wanted, setting.field)));
    let expected = format!(
        "the sizes and variants that are there, in their order, with other bitrates: all else is read at start only; set {} or \
         `{}` in the TOML file, and start the service anew",
        setting.variable, setting.key
    );
    Fault { place: None, pointer: pointer_of(setting.field), found, expected, nearest: None }
}

/// What loading found wrong, as a fault of the patch: all else was right at start.
pub(super) fn fault_of(fault: ConfigFault) -> Fault {
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

pub(super) fn pointer_of(field: &str) -> String {
    let key = Setting::by_field(field).map_or(field, |setting| setting.key);
    format!("/{}", key.replace('.', "/"))
}

/// A token of a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The value as it would be written in a file, strings without their quotes.
pub(super) fn plain(value: &Value) -> String {
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
