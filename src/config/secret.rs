//! Values that logs, errors, metrics and answers never show.

use std::fmt;

use serde::{Serialize, Serializer};

/// What stands in a secret's place.
const HIDDEN: &str = "***";

/// A password, key or token. However it is printed or serialised, `***` comes out; [`expose`](Self::expose) is the
/// only way to its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for the peer that asks for it, and nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Where a stream goes: an `rtmp://` or `rtmps://` address whose last part is the stream key, or a file.
///
/// Printed or serialised, the key (all after the address's first path segment), passwords and queries are left out or `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination(String);

impl Destination {
    /// What a destination looks like, in words.
    pub const EXPECTED: &'static str = "an address such as `rtmp://live.example.com/app/STREAM-KEY` (or `rtmps://`), \
                                        or a file ending in `.mp4`, `.mkv` or `.flv`";

    /// Reads a destination.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let valid = match text.split_once("://") {
            Some(_) => url::Url::parse(text).is_ok_and(|url| {
                let host = url.host_str().is_some_and(|host| !host.is_empty());
                let app_and_key = url.path().split('/').filter(|part| !part.is_empty()).count() >= 2;
                matches!(url.scheme(), "rtmp" | "rtmps") && host && app_and_key && !url.path().ends_with('/')
            }),
            None => std::path::Path::new(text)
                .extension()
                .is_some_and(|ending| ["mp4", "mkv", "flv"].iter().any(|known| ending.eq_ignore_ascii_case(known))),
        };
        valid.then(|| Self(text.to_owned()))
    }

    /// The address with its key: for the output that connects there, and nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the address of a server, not a file.
    #[must_use]
    pub fn is_url(&self) -> bool {
        self.0.contains("://")
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_url(&self.0))
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The address with everything hidden that could be a secret: `rtmp://host:1935/app/***`. Paths stay as they are.
fn redact_url(text: &str) -> String {
    let Some((scheme, _)) = text.split_once("://") else {
        return text.to_owned();
    };
    let Ok(url) = url::Url::parse(text) else {
        return format!("{scheme}://{HIDDEN}");
    };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path().trim_start_matches('/');
    // A path of one part may be a key without an app before it.
    match path.split_once('/') {
        Some((app, _)) => format!("{scheme}://{host}{port}/{app}/{HIDDEN}"),
        None => format!("{scheme}://{host}{port}/{HIDDEN}"),
    }
}
