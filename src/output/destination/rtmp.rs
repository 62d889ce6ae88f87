//! The addresses of streams on RTMP servers.

use std::{cmp::Reverse, io, net::SocketAddr, str::FromStr};

use url::Url;

use super::DestinationError;
use crate::redact::{HIDDEN, redacted};

/// The address of a stream on an RTMP server. Its `Debug` text holds no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RtmpUrl(Url);

impl FromStr for RtmpUrl {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(DestinationError::BadUrl)?;
        if !matches!(url.scheme(), "rtmp" | "rtmps") {
            return Err(DestinationError::UnknownScheme(url.scheme().to_owned()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(DestinationError::NoHost);
        }
        let url = Self(url);
        let named = url.0.path().split('/').filter(|segment| !segment.is_empty()).count();
        if named < 2 || url.key().is_empty() {
            return Err(DestinationError::NoStreamKey(url.redacted()));
        }
        Ok(url)
    }
}

impl RtmpUrl {
    /// The whole address, stream key and all.
    pub(in crate::output) fn secret(&self) -> &str {
        self.0.as_str()
    }

    /// The host, for messages.
    pub(in crate::output) fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether what is sent is encrypted.
    pub(in crate::output) fn is_secure(&self) -> bool {
        self.0.scheme() == "rtmps"
    }

    /// Where its server listens. Asks the name server, which may take long.
    pub(in crate::output) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.0.socket_addrs(|| Some(if self.is_secure() { 443 } else { 1935 }))
    }

    fn key(&self) -> &str {
        self.0.path().rsplit('/').next().unwrap_or_default()
    }

    /// The address for people: what follows the application is the stream key, which is as good as a password, as
    /// are the query and a user name.
    #[must_use]
    pub fn redacted(&self) -> String {
        redacted(self.0.as_str())
    }

    /// `text` with every secret of this address replaced.
    pub(in crate::output) fn redact(&self, text: &str) -> String {
        let mut text = text.replace(self.0.as_str(), &self.redacted());
        let rest = [self.0.query(), self.0.fragment(), self.0.password(), Some(self.0.username())];
        let mut secrets: Vec<&str> = rest.into_iter().flatten().chain(self.0.path().split('/').skip(2)).collect();
        // A key of a letter or two is no secret, and replacing it would leave nothing to read.
        secrets.retain(|secret| secret.len() > 2);
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        for secret in secrets {
            text = text.replace(secret, HIDDEN);
        }
        text
    }
}

impl std::fmt::Debug for RtmpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let url: RtmpUrl = "rtmps://someone:pass@live.example:444/app/inst/live_8151_kEy?auth=s3cret".parse().unwrap();
        assert_eq!(url.redacted(), "rtmps://live.example:444/app/***");
        assert_eq!(format!("{url:?}"), url.redacted());
        let message = format!("could not open {}: no stream inst/live_8151_kEy, auth=s3cret, pass", url.secret());
        let shown = url.redact(&message);
        for secret in ["someone", "inst", "live_8151_kEy", "s3cret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let lacking = "rtmp://user:pass@host/onlykey".parse::<RtmpUrl>().unwrap_err().to_string();
        assert!(!lacking.contains("pass") && !lacking.contains("onlykey"), "{lacking}");
    }
}
