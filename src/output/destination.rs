//! Where an output sends to, and how that is shown to people without its secrets.

use std::{
    cmp::Reverse,
    io,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use url::Url;

use super::{live::LiveStore, split::Split, thumbnails::Thumbnails};
use crate::redact::{HIDDEN, known_scheme, redacted};

/// Where an output sends to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// An RTMP server.
    Rtmp {
        /// `rtmp://host[:port]/application/key` or `rtmps://…`.
        url: RtmpUrl,
    },
    /// A program that listens for SRT.
    Srt {
        /// `srt://host:port?streamid=…&passphrase=…`.
        url: SrtUrl,
    },
    /// A file.
    File {
        /// Where it is written. If it is there already, a number is put behind its name.
        path: PathBuf,
        /// How it is laid out.
        format: FileFormat,
        /// When it is finished, and the next one begun.
        split: Split,
    },
    /// Pictures of the stream in files, one every so often.
    Thumbnails {
        /// The name that they have but for their numbers: `show-000001.jpg` for `show.jpg`.
        path: PathBuf,
        /// How often, and how large.
        settings: Thumbnails,
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
    /// Whether both are the same server, by the same key.
    pub(super) fn is_place_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rtmp { url }, Self::Rtmp { url: other }) => url == other,
            (Self::Srt { url }, Self::Srt { url: other }) => url == other,
            _ => false,
        }
    }

    /// Whether it is a recording.
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// The destination for people: every secret is replaced.
    #[must_use]
    pub fn redacted(&self) -> String {
        match self {
            Self::Rtmp { url } => url.redacted(),
            Self::Srt { url } => url.redacted(),
            Self::File { path, .. } | Self::Thumbnails { path, .. } => path.display().to_string(),
            Self::Live { .. } => "/live/index.m3u8".to_owned(),
            Self::Hls { folder } => folder.join("index.m3u8").display().to_string(),
        }
    }
}

/// Text that is no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// It says nothing.
    #[error("the destination is empty; give an rtmp://, rtmps:// or srt:// address or a file name")]
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
    /// An SRT address with a path.
    #[error("an SRT address has no path; name the stream by ?streamid=NAME")]
    SrtPath,
    /// An SRT address with a passphrase that SRT does not take.
    #[error("an SRT passphrase has 10 to 79 characters, and the one in the address has {0}")]
    SrtPassphrase(usize),
    /// An SRT address without a port.
    #[error("the address names no port; it should look like srt://host:port?streamid=NAME&passphrase=SECRET")]
    NoPort,
    /// An address of a kind that nothing here can send to.
    #[error(
        "cannot send to `{0}://`; use rtmp://, rtmps://, srt:// or a file name that ends in .mp4, .mkv, .flv or .webm"
    )]
    UnknownScheme(String),
    /// A file name whose ending says nothing.
    #[error("cannot tell the format of `{0}` from its ending; known endings are .mp4, .mkv, .flv and .webm")]
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
            Some("srt") => Ok(Self::Srt { url: text.parse()? }),
            Some(_) => Err(DestinationError::UnknownScheme(known_scheme(text).unwrap_or(HIDDEN).to_owned())),
            None => {
                let path = PathBuf::from(text);
                if path.file_name().is_some_and(|name| name == "index.m3u8") {
                    return Ok(Self::Hls {
                        folder: path
                            .parent()
                            .filter(|folder| *folder != Path::new(""))
                            .unwrap_or(Path::new("."))
                            .to_owned(),
                    });
                }
                if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("jpg")) {
                    return Ok(Self::Thumbnails { path, settings: Thumbnails::default() });
                }
                // Whoever confuses fields may have written a key into this one.
                let unknown = |_| DestinationError::UnknownExtension(HIDDEN.to_owned());
                let format = FileFormat::from_path(&path).map_err(unknown)?;
                Ok(Self::File { path, format, split: Split::default() })
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
    /// WebM. A crash leaves a file that plays.
    Webm,
}

impl FileFormat {
    /// The format that the ending of `path` says.
    ///
    /// # Errors
    /// The ending is none of those that are known.
    pub fn from_path(path: &Path) -> Result<Self, DestinationError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("mp4") => Ok(Self::Mp4),
            Some("mkv") => Ok(Self::Mkv),
            Some("flv") => Ok(Self::Flv),
            Some("webm") => Ok(Self::Webm),
            _ => Err(DestinationError::UnknownExtension(path.display().to_string())),
        }
    }
}

/// The bytes that the passphrase of SRT may have (draft-sharabayko-srt-01, section 6.1.4).
const PASSPHRASE: RangeInclusive<usize> = 10..=79;

/// The address of a program that listens for SRT. Its `Debug` text holds no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtUrl(Url);

impl FromStr for SrtUrl {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(DestinationError::BadUrl)?;
        if url.scheme() != "srt" {
            return Err(DestinationError::UnknownScheme(url.scheme().to_owned()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(DestinationError::NoHost);
        }
        if url.path().len() > 1 {
            return Err(DestinationError::SrtPath);
        }
        if url.port().is_none() {
            return Err(DestinationError::NoPort);
        }
        let passphrase = url.query_pairs().find(|(name, value)| name == "passphrase" && !value.is_empty());
        match passphrase.map(|(_, value)| value.len()) {
            Some(length) if !PASSPHRASE.contains(&length) => Err(DestinationError::SrtPassphrase(length)),
            _ => Ok(Self(url)),
        }
    }
}

impl SrtUrl {
    /// The whole address, stream id, passphrase and all.
    pub(super) fn secret(&self) -> &str {
        self.0.as_str()
    }

    /// The host and port, for messages.
    pub(super) fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Where its program listens. Asks the name server, which may take long.
    pub(super) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.0.socket_addrs(|| None)
    }

    /// The address for people: stream ids name accounts, and hold keys on many platforms.
    #[must_use]
    pub fn redacted(&self) -> String {
        redacted(self.0.as_str())
    }
}

impl std::fmt::Debug for SrtUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
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

    /// Whether what is sent is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.0.scheme() == "rtmps"
    }

    /// Where its server listens. Asks the name server, which may take long.
    pub(super) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
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
    pub(super) fn redact(&self, text: &str) -> String {
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
        assert!(!error.contains("show") && error.contains(".mp4, .mkv, .flv and .webm"), "{error}");
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
    fn an_srt_address_shows_neither_its_stream_nor_its_passphrase() {
        let url = "srt://live.example:9000?streamid=publish:me&passphrase=very-secret".parse::<Destination>().unwrap();
        assert_eq!(url.redacted(), "srt://live.example:9000?***");
        assert_eq!(format!("{url:?}"), "Srt { url: srt://live.example:9000?*** }");
        let error = "srt://live.example".parse::<Destination>().unwrap_err().to_string();
        assert!(error.contains("names no port"), "{error}");
        let short = "srt://live.example:9000?passphrase=brief".parse::<Destination>().unwrap_err().to_string();
        assert!(short.contains("10 to 79 characters") && short.ends_with("has 5"), "{short}");
        assert!("srt://live.example:9000?passphrase=".parse::<Destination>().is_ok(), "none");
    }

    #[test]
    fn no_secret_is_shown() {
        let url = rtmp("rtmps://someone:pass@live.example:444/app/inst/live_8151_kEy?auth=s3cret");
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
