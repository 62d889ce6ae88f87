//! From what was written to typed settings: who wins, and what is wrong with anything that was written.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{
    Loaded,
    check::{check_together, near_misses},
    fault::{ConfigFault, ConfigFaults, Origin},
    form::{Form, ITEM_SEPARATOR},
    schema::{SETTINGS, Setting, Settings},
    sources::Sources,
};
use crate::redact;

/// A value as it was written.
struct Written {
    /// What the setting is called there.
    name: String,
    text: String,
    /// The text as it is shown to people, if that differs.
    shown: Option<String>,
    origin: Origin,
}

/// Hands each setting the values that were written for it.
pub(super) struct Reader<'a> {
    /// By variable; the last of each wins.
    written: &'a BTreeMap<&'static str, Vec<Written>>,
    faults: &'a mut Vec<ConfigFault>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Reader<'_> {
    /// Reads every value that was written for the setting, so that a fault shows even where another value wins, and
    /// returns the one that wins.
    pub(super) fn read<F: Form>(&mut self, field: &str, form: &F) -> Option<F::Value> {
        let setting = Setting::by_field(field)?;
        let mut value = form.read(setting.default);
        if value.is_none() {
            let name = setting.variable.to_owned();
            self.faults.push(fault(setting, form, name, setting.default, setting.default, Origin::Default));
        }
        for written in self.written.get(setting.variable).into_iter().flatten() {
            let shown = written.shown.as_ref().unwrap_or(&written.text);
            match form.read(&written.text) {
                Some(read) => {
                    value = Some(read);
                    self.origins.insert(setting.field, written.origin.clone());
                }
                None => self.faults.push(fault(
                    setting,
                    form,
                    written.name.clone(),
                    &written.text,
                    shown,
                    written.origin.clone(),
                )),
            }
        }
        value
    }

    pub(super) fn origins(&mut self) -> BTreeMap<&'static str, Origin> {
        std::mem::take(&mut self.origins)
    }
}

fn fault<F: Form>(setting: &Setting, form: &F, name: String, text: &str, shown: &str, origin: Origin) -> ConfigFault {
    let expected = match form.refusal(text) {
        Some(why) => format!("{} ({why})", form.expected()),
        None => form.expected(),
    };
    let expected = match form.wrong_item(text) {
        Some((number, item)) => format!("{expected}; number {number} of it, {}, is none", redact::found(item)),
        None => expected,
    };
    let found = if setting.secret { "`***`".to_owned() } else { redact::found(shown) };
    let nearest = if setting.secret { None } else { nearest(text, form.words()) };
    ConfigFault::Value { name, origin, found, expected, nearest }
}

/// The name that was likely meant: at most a third of its letters differ.
pub(super) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let text = text.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&text, name), name))
        .filter(|(distance, name)| distance * 3 <= name.chars().count())
        .min()
        .map(|(_, name)| name.to_owned())
}

pub(super) fn load(sources: &Sources) -> Result<Loaded, ConfigFaults> {
    let mut faults = sources.unreadable.clone();
    let mut written: BTreeMap<&'static str, Vec<Written>> = BTreeMap::new();
    // From the weakest source to the strongest: the last value of a setting wins.
    for (variable, value) in from_file(sources, &mut faults) {
        written.entry(variable).or_default().push(value);
    }
    for (variable, value) in from_dotenv(sources, &mut faults) {
        written.entry(variable).or_default().push(value);
    }
    for (variable, value) in from_environment(sources, &mut faults) {
        written.entry(variable).or_default().push(value);
    }
    for (variable, text) in &sources.flags {
        let name = SETTINGS
            .iter()
            .find(|setting| setting.variable == *variable)
            .map(|setting| format!("--{}", setting.flag))
            .unwrap_or_default();
        let value = Written { name, text: text.clone(), shown: None, origin: Origin::CommandLine };
        written.entry(variable).or_default().push(value);
    }
    for (variable, text) in &sources.changes {
        let name = setting_of_variable(variable).map_or(*variable, |setting| setting.key).to_owned();
        let value = Written { name, text: text.clone(), shown: None, origin: Origin::Runtime };
        written.entry(variable).or_default().push(value);
    }

    let mut reader = Reader { written: &written, faults: &mut faults, origins: BTreeMap::new() };
    let settings = Settings::read(&mut reader);
    let mut warnings = near_misses(sources);
    if let Some(settings) = settings {
        check_together(&settings, &mut faults, &mut warnings);
        if faults.is_empty() {
            return Ok(Loaded { settings, warnings });
        }
    }
    Err(ConfigFaults { faults, warnings })
}

fn setting_of_variable(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.variable == name)
}

fn from_environment(sources: &Sources, faults: &mut Vec<ConfigFault>) -> Vec<(&'static str, Written)> {
    let mut found = Vec::new();
    for (name, value) in &sources.environment {
        let Some(setting) = name.to_str().and_then(setting_of_variable) else { continue };
        let name = setting.variable.to_owned();
        match value.to_str() {
            Some("") => {}
            Some(text) => found.push((
                setting.variable,
                Written { name, text: text.to_owned(), shown: None, origin: Origin::Environment },
            )),
            None => faults.push(ConfigFault::Value {
                name,
                origin: Origin::Environment,
                found: "bytes that are no UTF-8 text".to_owned(),
                expected: setting.expected(),
                nearest: None,
            }),
        }
    }
    found
}

fn from_dotenv(sources: &Sources, faults: &mut Vec<ConfigFault>) -> Vec<(&'static str, Written)> {
    let Some((path, text)) = &sources.dotenv else { return Vec::new() };
    let mut found = Vec::new();
    for entry in dotenvy::from_read_iter(text.as_bytes()) {
        match entry {
            Ok((name, value)) => {
                let Some(setting) = setting_of_variable(&name) else { continue };
                if !value.is_empty() {
                    let origin = Origin::Dotenv { path: path.clone(), line: line_of_variable(text, &name) };
                    found.push((setting.variable, Written { name, text: value, shown: None, origin }));
                }
            }
            // The error holds the line, and the line may hold a secret: only its number is told.
            Err(dotenvy::Error::LineParse(wrong, _)) => {
                let first = wrong.lines().next().unwrap_or_default();
                let line = text.lines().position(|line| line.trim() == first.trim()).map_or(1, |index| index + 1);
                faults.push(ConfigFault::Syntax {
                    origin: Origin::Dotenv { path: path.clone(), line },
                    message: "expected `NAME=value`, the value in quotes if it contains spaces or `#`".to_owned(),
                });
            }
            Err(_) => {}
        }
    }
    found
}

/// The number of the last line that sets the variable.
fn line_of_variable(text: &str, name: &str) -> usize {
    let sets = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().enumerate().filter(|(_, line)| sets(line)).last().map_or(1, |(index, _)| index + 1)
}

fn from_file(sources: &Sources, faults: &mut Vec<ConfigFault>) -> Vec<(&'static str, Written)> {
    let Some((path, text)) = &sources.file else { return Vec::new() };
    let origin_at = |offset: usize| {
        let line = text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        Origin::File { path: path.clone(), line }
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = origin_at(error.span().map_or(0, |span| span.start));
        faults.push(ConfigFault::Syntax { origin, message: error.message().to_owned() });
    }
    let mut found = Vec::new();
    let mut take = |key: String, offset: usize, value: &DeValue<'_>, faults: &mut Vec<ConfigFault>| {
        let origin = origin_at(offset);
        match SETTINGS.iter().find(|setting| setting.key == key) {
            Some(setting) => found.push((setting.variable, from_toml(key, value, origin))),
            None => faults.push(unknown_key(&key, origin)),
        }
    };
    for (key, value) in root.get_ref() {
        let name = key.get_ref().to_string();
        match value.get_ref() {
            DeValue::Table(table) if is_table(&name) => {
                for (inner, value) in table {
                    take(format!("{name}.{}", inner.get_ref()), inner.span().start, value.get_ref(), faults);
                }
            }
            _ if is_table(&name) => faults.push(ConfigFault::Value {
                found: redact::found(&shown(value.get_ref())),
                expected: format!("a table: `[{name}]` on a line of its own"),
                name,
                origin: origin_at(key.span().start),
                nearest: None,
            }),
            other => take(name, key.span().start, other, faults),
        }
    }
    found
}

fn from_toml(name: String, value: &DeValue<'_>, origin: Origin) -> Written {
    let plain = shown(value);
    match value {
        DeValue::Array(items) => {
            let text: String =
                items.iter().flat_map(|item| [shown(item.get_ref()), ITEM_SEPARATOR.to_string()]).collect();
            Written { name, text, shown: Some(plain), origin }
        }
        _ => Written { name, text: plain, shown: None, origin },
    }
}

/// The value as text, strings without their quotes.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or_else(|_| number.to_string(), |n| n.to_string())
        }
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(switch) => switch.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| shown(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(_) => "a table".to_owned(),
    }
}

pub(super) fn is_table(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.split_once('.').is_some_and(|(table, _)| table == name))
}

fn unknown_key(name: &str, origin: Origin) -> ConfigFault {
    match name.split_once('.').filter(|(table, _)| is_table(table)) {
        Some((table, key)) => {
            let keys: Vec<&str> = SETTINGS
                .iter()
                .filter_map(|setting| setting.key.split_once('.').filter(|(of, _)| *of == table).map(|(_, key)| key))
                .collect();
            let nearest = nearest(key, keys.iter().copied());
            let list: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            ConfigFault::UnknownKey {
                expected: format!("one of {}", list.join(", ")),
                table: Some(table.to_owned()),
                length: key.chars().count(),
                origin,
                nearest,
            }
        }
        None => {
            let top =
                SETTINGS.iter().map(|setting| setting.key.split_once('.').map_or(setting.key, |(table, _)| table));
            let nearest = nearest(name, top);
            let expected = "a setting that `stream-manager schema config` lists".to_owned();
            ConfigFault::UnknownKey { table: None, length: name.chars().count(), origin, expected, nearest }
        }
    }
}
