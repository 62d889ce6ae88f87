//! Where a stream goes.

use std::{
    fmt, fs,
    path::{Component, Path, PathBuf},
};

use serde::{Serialize, Serializer};
use url::{Host, Position, Url};

use crate::redact;

/// The file that a folder with an HLS stream begins with.
const PLAYLIST: &str = "index.m3u8";
/// The endings of files.
const ENDINGS: [&str; 5] = ["mp4", "mkv", "flv", "webm", THUMBNAILS];
/// That of pictures of the stream.
const THUMBNAILS: &str = "jpg";

/// Where a stream goes: an `rtmp://` or `rtmps://` address whose last part is the stream key, an `srt://` address, a file,
/// or the playlist of a folder.
///
/// Printed or serialised, the key (all after the address's first path segment), passwords and queries are left out or `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination(String);

impl Destination {
    /// What a destination looks like, in words.
    pub const EXPECTED: &'static str = "an address such as `rtmp://live.example.com/app/STREAM-KEY` (or `rtmps://`) or \
                                        `srt://live.example.com:9000?streamid=NAME&passphrase=SECRET`, a file \
                                        ending in `.mp4`, `.mkv`, `.flv` or `.webm`, for thumbnails one \
                                        ending in `.jpg`, or, for HLS, a folder and `/index.m3u8`";
    /// The destination that is this service itself: the stream for its own viewers.
    pub const LIVE: &'static str = "/live/index.m3u8";

    /// This service itself.
    #[must_use]
    pub fn live() -> Self {
        Self(Self::LIVE.to_owned())
    }

    /// Reads a destination.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains(char::is_control) {
            return None;
        }
        if text.contains("://") {
            return is_server(text).then(|| Self(text.to_owned()));
        }
        // `rtmp:/host/app/key` is no file.
        if redact::known_scheme(text).is_some() || !is_path(text) {
            return None;
        }
        let is_live = normal(Path::new(text)) == Path::new(Self::LIVE);
        Some(if is_live { Self::live() } else { Self(text.to_owned()) })
    }

    /// The address with its key: for the output that connects there, and nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How text that may be a destination is shown.
    pub(super) fn shown(text: &str) -> String {
        Self::parse(text).map_or_else(|| redact::redacted(text), |destination| destination.to_string())
    }

    /// What kind of destination it is, in words that tell nothing of the place.
    #[must_use]
    pub fn kind(&self) -> String {
        match Path::new(&self.0).extension() {
            _ if *self == Self::live() => "the stream for viewers of this service".to_owned(),
            _ if self.is_url() => match redact::known_scheme(&self.0) {
                Some(scheme) => format!("an `{scheme}` address"),
                None => "an address".to_owned(),
            },
            Some(ending) if !is_playlist(Path::new(&self.0)) => {
                format!("a file that ends in `.{}`", ending.to_string_lossy())
            }
            _ => "a folder with HLS".to_owned(),
        }
    }

    /// Whether it is pictures of the stream, one every so often.
    #[must_use]
    pub fn is_thumbnails(&self) -> bool {
        let path = Path::new(&self.0);
        !self.is_url() && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(THUMBNAILS))
    }

    /// Whether it is a file with the stream in it.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        !self.is_url() && !self.is_thumbnails() && !is_playlist(Path::new(&self.0))
    }

    /// Whether it is the address of a server, not a file.
    #[must_use]
    pub fn is_url(&self) -> bool {
        self.0.contains("://")
    }

    /// Whether both send to one place, however that is written: the same address, file or folder. Of two, one would be
    /// refused, or they would write into each other.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self.is_url(), other.is_url()) {
            (true, true) => {
                matches!((Url::parse(&self.0), Url::parse(&other.0)), (Ok(own), Ok(other)) if is_same_stream(&own, &other))
            }
            (false, false) if *self != Self::live() && *other != Self::live() => {
                let (own, other) = (real(Path::new(&self.0)), real(Path::new(&other.0)));
                own == other || is_segment_of(&own, &other) || is_segment_of(&other, &own)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_url() { f.write_str(&redact::redacted(&self.0)) } else { f.write_str(&self.0) }
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

/// Whether it is the address of a server that something here can send to.
fn is_server(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let app_and_key = || url.path().split('/').filter(|part| !part.is_empty()).count() >= 2;
        url.host_str().is_some_and(redact::is_host)
            && match url.scheme() {
                "srt" => is_srt_caller(&url),
                "rtmp" | "rtmps" => app_and_key() && !url.path().ends_with('/'),
                _ => false,
            }
    })
}

/// Whether two addresses lead to one stream on one server, by their text alone: no name server is asked.
fn is_same_stream(own: &Url, other: &Url) -> bool {
    let port = |url: &Url| match url.scheme() {
        "rtmp" => url.port().or(Some(1935)),
        "rtmps" => url.port().or(Some(443)),
        _ => url.port(),
    };
    let host = |url: &Url| match url.host() {
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost") => "127.0.0.1".to_owned(),
        Some(Host::Domain(name)) => name.to_ascii_lowercase(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_canonical().to_string(),
        None => String::new(),
    };
    own.scheme() == other.scheme()
        && (own.username(), own.password()) == (other.username(), other.password())
        && (host(own), port(own)) == (host(other), port(other))
        && own[Position::BeforePath..] == other[Position::BeforePath..]
}

/// The parameters of an SRT address: known ones, as the library takes them. Who listens instead of calling is no
/// destination.
fn is_srt_caller(url: &Url) -> bool {
    let is_right = |name: &str, value: &str| match name {
        "mode" => value == "caller",
        "streamid" => (1..=512).contains(&value.len()),
        "passphrase" => (10..=79).contains(&value.len()),
        "pbkeylen" => matches!(value, "16" | "24" | "32"),
        "latency" => value.parse::<u16>().is_ok(),
        _ => false,
    };
    url.port().is_some() && url.path().len() <= 1 && url.query_pairs().all(|(name, value)| is_right(&name, &value))
}

/// Whether it is the name of a file of a known ending, or of a playlist.
fn is_path(text: &str) -> bool {
    let path = Path::new(text);
    let ends_in = |known| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(known));
    path.file_stem().is_some() && (ENDINGS.into_iter().any(ends_in) || is_playlist(path))
}

fn is_playlist(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PLAYLIST)
}

/// Whether `file` has the name of one that an HLS stream with this playlist writes.
fn is_segment_of(file: &Path, playlist: &Path) -> bool {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.strip_prefix("init-").unwrap_or_default();
    let is_segment = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_playlist(playlist) && is_segment && file.parent() == playlist.parent()
}

/// The path without `.`, `..` and doubled separators, by its text alone.
fn normal(path: &Path) -> PathBuf {
    walked(path, |_| {})
}

/// The path from the root with all links followed, as far as there is something.
fn real(path: &Path) -> PathBuf {
    // Without a working directory there is nothing to write to either.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    walked(&path, |so_far| {
        if let Ok(real) = fs::canonicalize(&*so_far) {
            *so_far = real;
        }
    })
}

fn walked(path: &Path, step: impl Fn(&mut PathBuf)) -> PathBuf {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if so_far.file_name().is_some() => drop(so_far.pop()),
            // There is nothing above the root.
            Component::ParentDir if so_far.has_root() => {}
            part => {
                so_far.push(part);
                step(&mut so_far);
            }
        }
    }
    so_far
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    #[test]
    fn what_nothing_can_send_to_is_no_destination() {
        for wrong in [
            "x\0y.mp4",
            "rtmp://live.example/app/a\nb",
            "rtmp:/live.example/app/key.mp4",
            "SRT:live.example.mkv",
            "srt://passphrase=a:9000",
            "rtmp://live.example/key",
            "show",
            ".mp4",
        ] {
            assert_eq!(Destination::parse(wrong), None, "{wrong:?}");
        }
        for live in ["/live/index.m3u8", "/live//index.m3u8", "/live/./index.m3u8", "/../x/../live/index.m3u8"] {
            assert_eq!(parse(live), Destination::live(), "{live}");
        }
        for other in ["live/index.m3u8", "/live/x/index.m3u8", "12:30.mp4"] {
            assert_eq!(parse(other).expose(), other);
        }
    }

    #[test]
    fn one_place_is_known_by_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("there")).unwrap();
        std::os::unix::fs::symlink("there", folder.path().join("link")).unwrap();
        let at = |path: &str| parse(&format!("{}/{path}", folder.path().display()));
        for (one, other) in [
            (at("there/index.m3u8"), at("there/./index.m3u8")),
            (at("there/index.m3u8"), at("not-there/../there//index.m3u8")),
            (at("there/index.m3u8"), at("link/index.m3u8")),
            (at("new/show.mkv"), at("new/x/../show.mkv")),
            (at("there/show.mkv"), at("link/../link/show.mkv")),
            (at("there/index.m3u8"), at("link/init-3.mp4")),
            (parse("show.mkv"), parse("./show.mkv")),
            (parse("rtmp://live.example/app/key"), parse("RTMP://live.example/app/x/../key")),
            (parse("rtmp://live.example/app/key"), parse("rtmp://LIVE.example:1935/app/key")),
            (parse("rtmp://localhost/app/key"), parse("rtmp://127.0.0.1/app/key")),
            (parse("rtmp://[::ffff:127.0.0.1]/app/key"), parse("rtmp://127.0.0.1/app/key")),
            (parse("srt://localhost:9000"), parse("srt://127.0.0.1:9000")),
        ] {
            assert!(one.is_same_place(&other) && other.is_same_place(&one), "{one:?} {other:?}");
        }
        for (one, other) in [
            (at("there/index.m3u8"), at("there/show.mp4")),
            (at("there/index.m3u8"), at("there/below/index.m3u8")),
            (at("there/a.mkv"), at("there/a.mp4")),
            (parse("live/index.m3u8"), Destination::live()),
            (parse("rtmp://live.example/app/key"), parse("rtmp://live.example/app/other")),
            (parse("rtmp://live.example/app/key"), parse("rtmp://live.example:1936/app/key")),
            (parse("rtmp://live.example/app/key"), parse("rtmps://live.example/app/key")),
        ] {
            assert!(!one.is_same_place(&other) && !other.is_same_place(&one), "{one:?} {other:?}");
        }
    }
}
