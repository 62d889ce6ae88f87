//! The forms that values are written in. Every source hands over text; a form turns it into a value.

use std::{marker::PhantomData, net::IpAddr, path::PathBuf, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    destination::Destination,
    rendition::RenditionSetting,
    secret::Secret,
    values::{Resolution, Words},
};

/// How the value of a setting is written.
pub(super) trait Form {
    /// What it is read into.
    type Value;

    /// What is allowed, in words that go on from "expected".
    fn expected(&self) -> String;

    /// Reads it.
    fn read(&self, text: &str) -> Option<Self::Value>;

    /// The value as JSON, in a way that [`read`](Self::read) takes back once it is text. Secrets are `***`.
    fn show(&self, value: &Self::Value) -> Value;

    /// The allowed words, if it is a choice.
    fn words(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Why this text is refused though it is one of the known words.
    fn refusal(&self, _text: &str) -> Option<&'static str> {
        None
    }

    /// Which of several values in this text is the first that cannot be read, counted from 1, if that may be told.
    fn wrong_item<'text>(&self, _text: &'text str) -> Option<(usize, &'text str)> {
        None
    }

    /// Whether no value holds a secret, however it is mistaken.
    fn is_public(&self) -> bool {
        false
    }
}

/// A further size of the stream.
pub(super) struct RenditionForm;

impl Form for RenditionForm {
    type Value = RenditionSetting;

    fn expected(&self) -> String {
        RenditionSetting::EXPECTED.to_owned()
    }

    fn read(&self, text: &str) -> Option<RenditionSetting> {
        RenditionSetting::parse(text)
    }

    fn show(&self, value: &RenditionSetting) -> Value {
        json!(value)
    }

    fn is_public(&self) -> bool {
        true
    }
}

/// A whole number.
pub(super) struct Whole<T> {
    min: u32,
    max: u32,
    unit: &'static str,
    value: PhantomData<T>,
}

/// A whole number from `min` to `max`; `unit` follows the range in words.
pub(super) fn whole<T>(min: u32, max: u32, unit: &'static str) -> Whole<T> {
    Whole { min, max, unit, value: PhantomData }
}

impl<T: TryFrom<u32> + Serialize> Form for Whole<T> {
    type Value = T;

    fn expected(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" ({})", self.unit) };
        format!("a whole number from {} to {}{unit}", self.min, self.max)
    }

    fn show(&self, value: &T) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<T> {
        let number: u32 = text.parse().ok()?;
        if (self.min..=self.max).contains(&number) { T::try_from(number).ok() } else { None }
    }
}

/// A whole number, or a word that stands for none.
pub(super) struct WholeOr<T> {
    word: &'static str,
    whole: Whole<T>,
}

/// `word`, which gives `None`, or a whole number from `min` to `max`.
pub(super) fn whole_or<T>(word: &'static str, min: u32, max: u32) -> WholeOr<T> {
    WholeOr { word, whole: whole(min, max, "") }
}

impl<T: TryFrom<u32> + Serialize> Form for WholeOr<T> {
    type Value = Option<T>;

    fn expected(&self) -> String {
        format!("`{}` or {}", self.word, self.whole.expected())
    }

    fn show(&self, value: &Option<T>) -> Value {
        value.as_ref().map_or_else(|| json!(self.word), |number| self.whole.show(number))
    }

    fn read(&self, text: &str) -> Option<Option<T>> {
        if text == self.word { Some(None) } else { self.whole.read(text).map(Some) }
    }

    fn words(&self) -> Vec<&'static str> {
        vec![self.word]
    }
}

/// One of a few words.
pub(super) struct OneOf<T>(PhantomData<T>);

/// One of the words of `T`.
pub(super) fn one_of<T: Words>() -> OneOf<T> {
    OneOf(PhantomData)
}

impl<T: Words> Form for OneOf<T> {
    type Value = T;

    fn expected(&self) -> String {
        let quoted: Vec<String> = self.words().iter().map(|word| format!("`{word}`")).collect();
        match quoted.as_slice() {
            [only] => only.clone(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => String::new(),
        }
    }

    fn show(&self, value: &T) -> Value {
        T::WORDS.iter().find(|(_, known)| known == value).map_or(Value::Null, |(word, _)| json!(word))
    }

    fn read(&self, text: &str) -> Option<T> {
        T::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
    }

    fn words(&self) -> Vec<&'static str> {
        T::WORDS.iter().map(|(word, _)| *word).collect()
    }

    fn refusal(&self, text: &str) -> Option<&'static str> {
        T::REFUSED.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, why)| *why)
    }
}

/// Yes or no.
pub(super) struct Switch;

impl Form for Switch {
    type Value = bool;

    fn expected(&self) -> String {
        "`true` or `false`".to_owned()
    }

    fn show(&self, value: &bool) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<bool> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    fn words(&self) -> Vec<&'static str> {
        vec!["true", "false"]
    }
}

/// An IP address to listen on.
pub(super) struct Address;

impl Form for Address {
    type Value = IpAddr;

    fn expected(&self) -> String {
        "an IP address such as `127.0.0.1` (this machine only) or `0.0.0.0` (everyone)".to_owned()
    }

    fn show(&self, value: &IpAddr) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<IpAddr> {
        if text == "localhost" { Some(IpAddr::from([127, 0, 0, 1])) } else { text.parse().ok() }
    }
}

/// Where a web page comes from.
pub(super) struct WebOrigin;

impl Form for WebOrigin {
    type Value = String;

    fn expected(&self) -> String {
        "an origin such as `https://studio.example` or `http://localhost:3000`, without a path, or `*`".to_owned()
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<String> {
        if text == "*" {
            return Some(text.to_owned());
        }
        let url = url::Url::parse(text).ok()?;
        let written = text.trim_end_matches('/');
        let is_web = matches!(url.scheme(), "http" | "https");
        (is_web && url.origin().ascii_serialization().eq_ignore_ascii_case(written)).then(|| written.to_lowercase())
    }
}

/// The size of a picture.
pub(super) struct PictureSize;

impl Form for PictureSize {
    type Value = Resolution;

    fn expected(&self) -> String {
        "an even width and height from `16x16` to `3840x2160` such as `1920x1080`, or a name such as `720p`".to_owned()
    }

    fn show(&self, value: &Resolution) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<Resolution> {
        Resolution::parse(text)
    }
}

/// A length of time.
pub(super) struct Seconds {
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Form for Seconds {
    type Value = Duration;

    fn expected(&self) -> String {
        format!("a time from {}s to {}s such as `2s` or `500ms`", self.min, self.max)
    }

    fn show(&self, value: &Duration) -> Value {
        json!(format!("{}s", value.as_secs_f64()))
    }

    fn read(&self, text: &str) -> Option<Duration> {
        parse_seconds(text).filter(|time| (self.min..=self.max).contains(&time.as_secs_f64()))
    }
}

/// Reads a length of time: `10s`, `500ms`, `2m`, `1h`; a number without a unit means seconds.
#[must_use]
pub fn parse_seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = digits.trim_end().parse().ok()?;
    Duration::try_from_secs_f64(number * factor).ok()
}

/// A file or folder.
pub(super) struct Path {
    pub(super) what: &'static str,
}

impl Form for Path {
    type Value = PathBuf;

    fn expected(&self) -> String {
        format!("the path of {}", self.what)
    }

    fn show(&self, value: &PathBuf) -> Value {
        json!(value.to_string_lossy())
    }

    fn read(&self, text: &str) -> Option<PathBuf> {
        (!text.contains(['\0', '\n'])).then(|| PathBuf::from(text))
    }
}

/// A name that other programs get to see.
pub(super) struct Name;

impl Form for Name {
    type Value = String;

    fn expected(&self) -> String {
        "a name of 1 to 100 letters, digits and `-_.:`".to_owned()
    }

    fn show(&self, value: &String) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<String> {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
        (plain && (1..=100).contains(&text.len())).then(|| text.to_owned())
    }
}

/// Text that is nobody's business.
pub(super) struct Hidden {
    pub(super) min: usize,
    pub(super) what: &'static str,
}

impl Form for Hidden {
    type Value = Secret;

    fn expected(&self) -> String {
        match self.min {
            0 | 1 => format!("{} without spaces", self.what),
            min => format!("{} of at least {min} characters without spaces", self.what),
        }
    }

    fn show(&self, value: &Secret) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<Secret> {
        let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        (plain && text.chars().count() >= self.min).then(|| Secret::new(text))
    }
}

/// The address of a server that may carry a password.
pub(super) struct HiddenUrl {
    pub(super) schemes: &'static [&'static str],
    pub(super) example: &'static str,
}

impl Form for HiddenUrl {
    type Value = Secret;

    fn expected(&self) -> String {
        format!("an address such as `{}`", self.example)
    }

    fn show(&self, value: &Secret) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<Secret> {
        let url = url::Url::parse(text).ok()?;
        let host = url.host_str().is_some_and(|host| !host.is_empty());
        (host && self.schemes.contains(&url.scheme())).then(|| Secret::new(text))
    }
}

/// Where a stream goes.
pub(super) struct Goal;

impl Form for Goal {
    type Value = Destination;

    fn expected(&self) -> String {
        Destination::EXPECTED.to_owned()
    }

    fn show(&self, value: &Destination) -> Value {
        json!(value)
    }

    fn read(&self, text: &str) -> Option<Destination> {
        Destination::parse(text)
    }
}

/// A form whose value may be left out.
pub(super) struct Optional<F>(pub(super) F);

impl<F: Form> Form for Optional<F> {
    type Value = Option<F::Value>;

    fn expected(&self) -> String {
        self.0.expected()
    }

    fn show(&self, value: &Self::Value) -> Value {
        value.as_ref().map_or(Value::Null, |value| self.0.show(value))
    }

    fn read(&self, text: &str) -> Option<Self::Value> {
        if text.is_empty() { Some(None) } else { self.0.read(text).map(Some) }
    }

    fn words(&self) -> Vec<&'static str> {
        self.0.words()
    }

    fn refusal(&self, text: &str) -> Option<&'static str> {
        self.0.refusal(text)
    }
}

/// Any number of values: separated by commas, in TOML a list.
pub(super) struct List<F>(pub(super) F);

/// What separates the items of a TOML list once it is text: no value can contain it.
pub(super) const ITEM_SEPARATOR: char = '\n';

fn items(text: &str) -> impl Iterator<Item = &str> {
    let separator = if text.contains(ITEM_SEPARATOR) { ITEM_SEPARATOR } else { ',' };
    text.split(separator).map(str::trim).filter(|item| !item.is_empty())
}

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;

    fn expected(&self) -> String {
        format!("a list of: {}", self.0.expected())
    }

    fn show(&self, value: &Self::Value) -> Value {
        value.iter().map(|item| self.0.show(item)).collect()
    }

    fn read(&self, text: &str) -> Option<Self::Value> {
        items(text).map(|item| self.0.read(item)).collect()
    }

    fn wrong_item<'text>(&self, text: &'text str) -> Option<(usize, &'text str)> {
        let is_one_of_many = self.0.is_public() && items(text).count() > 1;
        (1..).zip(items(text)).find(|(_, item)| is_one_of_many && self.0.read(item).is_none())
    }
}
