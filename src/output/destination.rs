//! Where an output sends to, and how that is shown to people without its secrets.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use url::Url;

use super::live::LiveStore;

/// Where an output sends to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// An RTMP server.
    Rtmp {
        /// `rtmp://host[:port]/application/key` or `rtmps://…`.
        url: RtmpUrl,
    },
    /// A file.
    File {
        /// Where it is written. If it is there already, a number is put behind its name.
        path: PathBuf,
        /// How it is laid out.
        format: FileFormat,
    },
    /// The segments of an HLS stream, kept in memory for viewers of this very process.
    Live {
        /// Who keeps them.
        store: Arc<LiveStore>,
    },
    /// The segments of an HLS stream in a folder, for a web server to serve.
    Hls {
        /// The folder. It is made if it is not there.
        folder: PathBuf,
    },
}

impl Destination {
    /// The destination for people: every secret is replaced.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::Rtmp { url } => url.redacted(),
            Self::File { path, .. } => path.display().to_string(),
            Self::Live { .. } => "/live/index.m3u8".to_owned(),
            Self::Hls { folder } => folder.join("index.m3u8").display().to_string(),
        }
    }
}

/// Text that is no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// It says nothing.
    #[error("the destination is empty; give an rtmp:// or rtmps:// address or a file name")]
    Empty,
    /// It looks like an address but is none.
    #[error("this is not a valid address ({0}); it should look like rtmp://host/application/stream-key")]
    BadUrl(url::ParseError),
    /// An address without a host.
    #[error("the address names no host; it should look like rtmp://host/application/stream-key")]
    NoHost,
    /// An address that lacks the application or the stream key.
    #[error(
        "the address `{0}` lacks the application or the stream key; it should look like \
         rtmp://host/application/stream-key"
    )]
    NoStreamKey(String),
    /// An address of a kind that nothing here can send to.
    #[error("cannot send to `{0}://`; use rtmp://, rtmps:// or a file name that ends in .mp4, .mkv or .flv")]
    UnknownScheme(String),
    /// A file name whose ending says nothing.
    #[error("cannot tell the format of `{0}` from its ending; known endings are .mp4, .mkv and .flv")]
    UnknownExtension(String),
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DestinationError::Empty);
        }
        match text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            Some("rtmp" | "rtmps") => Ok(Self::Rtmp { url: text.parse()? }),
            Some(scheme) => Err(DestinationError::UnknownScheme(scheme.to_owned())),
            None => {
                let path = PathBuf::from(text);
                let format = FileFormat::from_path(&path)?;
                Ok(Self::File { path, format })
            }
        }
    }
}

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// MP4. A live stream is written in fragments, so that a crash leaves a file that plays.
    Mp4,
    /// Matroska. A crash leaves a file that plays.
    Mkv,
    /// Flash Video. A crash leaves a file that plays.
    Flv,
}

impl FileFormat {
    /// The format that the ending of `path` says.
    ///
    /// # Errors
    /// The ending is none of those that are known.
    pub fn from_path(path: &std::path::Path) -> Result<Self, DestinationError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("mp4") => Ok(Self::Mp4),
            Some("mkv") => Ok(Self::Mkv),
            Some("flv") => Ok(Self::Flv),
            _ => Err(DestinationError::UnknownExtension(path.display().to_string())),
        }
    }
}

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
    pub(super) fn secret(&self) -> &str {
        self.0.as_str()
    }

    /// The host, for messages.
    pub(super) fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn key(&self) -> &str {
        self.0.path().rsplit('/').next().unwrap_or_default()
    }

    /// The address for people: what follows the application is the stream key, which is as good as a password, as
    /// are the query and a user name.
    #[must_use]
    pub fn redacted(&self) -> String {
        let mut segments: Vec<_> = self.0.path().trim_start_matches('/').split('/').collect();
        segments.pop();
        segments.push("***");
        format!("{}://{}/{}", self.0.scheme(), self.host(), segments.join("/"))
    }

    /// `text` with every secret of this address replaced.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = text.replace(self.0.as_str(), &self.redacted());
        let secrets = [self.key(), self.0.query().unwrap_or_default(), self.0.password().unwrap_or_default()];
        for secret in secrets.into_iter().chain([self.0.username()]) {
            // A key of a letter or two is no secret, and replacing it would leave nothing to read.
            if secret.len() > 2 {
                text = text.replace(secret, "***");
            }
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

    fn rtmp(text: &str) -> RtmpUrl {
        text.parse().unwrap()
    }

    #[test]
    fn files_are_told_by_their_ending() {
        for (name, expected) in
            [("a.mp4", FileFormat::Mp4), ("/x/b.MKV", FileFormat::Mkv), ("c.d.flv", FileFormat::Flv)]
        {
            let Ok(Destination::File { format, .. }) = name.parse() else { panic!("`{name}` is a file") };
            assert_eq!(format, expected);
        }
        let error = "show.avi".parse::<Destination>().unwrap_err().to_string();
        assert!(error.contains("show.avi") && error.contains(".mp4, .mkv and .flv"), "{error}");
    }

    #[test]
    fn what_is_no_destination_is_refused_with_a_remedy() {
        for text in ["", "http://host/app/key", "rtmp://", "rtmp://host", "rtmp://host/app", "rtmp://host/app/", "show"]
        {
            let error = text.parse::<Destination>().unwrap_err().to_string();
            assert!(error.contains("rtmp://") || error.contains(".mp4"), "{text}: {error}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let url = rtmp("rtmps://someone:pass@live.example:444/app/inst/live_8151_kEy?auth=s3cret");
        assert_eq!(url.redacted(), "rtmps://live.example:444/app/inst/***");
        assert_eq!(format!("{url:?}"), url.redacted());
        let message = format!("could not open {}: no stream live_8151_kEy, auth=s3cret, pass", url.secret());
        let shown = url.redact(&message);
        for secret in ["someone", "live_8151_kEy", "s3cret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let lacking = "rtmp://user:pass@host/onlykey".parse::<RtmpUrl>().unwrap_err().to_string();
        assert!(!lacking.contains("pass") && !lacking.contains("onlykey"), "{lacking}");
    }
}
