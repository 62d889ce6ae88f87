//! Where an output sends to, and how that is shown to people without its secrets.

mod rtmp;
mod srt;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

pub use self::{rtmp::RtmpUrl, srt::SrtUrl};
use super::{live::LiveStore, split::Split, thumbnails::Thumbnails};
use crate::redact::{HIDDEN, known_scheme};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
