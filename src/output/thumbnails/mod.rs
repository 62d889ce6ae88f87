//! Pictures of the stream in files, one every so often.
//!
//! They are made of the stream's own key frames: so they show what viewers see, any codec will do, and neither drawing nor
//! the encoder is held up for them. To decode one every ten seconds costs next to nothing.

mod signature;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_app::{AppSink, AppSrc};

use super::{
    elements::make,
    file::{folder_of, not_writable},
    gate::Outlet,
    link::lock,
    packet::{Packet, Track},
    pipeline::OutputError,
    running::Running,
};

/// How long one picture may take. A key frame is decoded in some hundredths of a second.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(5);
/// Numbers from here on are not counted on from.
const MOST: u64 = 1_000_000_000_000;
/// Colours as every reader of JPEG files expects them: full range, the matrix of BT.601.
const COLORIMETRY: &str = "1:4:0:0";

/// How often pictures are written, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thumbnails {
    /// Time from one to the next; the next key frame after that is the one that is taken.
    pub every: Duration,
    /// Pixels, but never more than the stream has; the height follows.
    pub width: u32,
    /// How many stay, the newest; all if `None`.
    pub keep: Option<u32>,
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self { every: Duration::from_secs(10), width: 320, keep: None }
    }
}

/// Where the frame lies that is to be a picture next. Only the newest: who develops too slowly leaves some out.
type Slot = Arc<Mutex<Option<Packet>>>;

/// Picks the frames that are due.
pub(super) struct Collector {
    every: gst::ClockTime,
    last: Option<gst::ClockTime>,
    slot: Slot,
}

impl Outlet for Collector {
    fn is_full(&self) -> bool {
        false
    }

    fn has_room(&self) -> bool {
        true
    }

    fn takes(&self, _: &Packet) -> bool {
        true
    }

    fn push(&mut self, packet: &Packet) {
        let is_due = || self.last.is_none_or(|last| packet.pts().saturating_sub(last) >= self.every);
        if packet.track == Track::Video && packet.is_key && is_due() {
            self.last = Some(packet.pts());
            *lock(&self.slot) = Some(packet.clone());
        }
    }

    fn end(&mut self) {}
}

/// The folder that the pictures are put into.
pub(super) struct Album {
    path: PathBuf,
    settings: Thumbnails,
    slot: Slot,
    /// The highest number that any picture has, whosever it is.
    last: u64,
    /// The numbers of those of ours that are there, where old ones are to go.
    ours: BTreeSet<u64>,
}

impl Album {
    /// Looks which pictures are there already: numbers go on behind them. The folder is made if there is none.
    pub(super) fn open(path: &Path, settings: Thumbnails) -> Result<Self, OutputError> {
        let folder = folder_of(path);
        let entries = fs::create_dir_all(folder).and_then(|()| fs::read_dir(folder));
        let entries = entries.map_err(|error| not_writable(path, &error))?;
        let names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        for name in &names {
            let part = folder.join(name);
            let number = whole(name).and_then(|whole| number_of(path, whole));
            if number.is_some_and(|number| signature::claims(&part, number)) {
                // It was being written when the service was killed. One that cannot be removed is passed by.
                let _ = fs::remove_file(part);
            }
        }
        let numbers: Vec<_> = names.iter().filter_map(|name| number_of(path, name)).collect();
        let last = numbers.iter().copied().max().unwrap_or(0);
        // What changed since it was written is found when it would have to go.
        let is_ours = |number: &u64| settings.keep.is_some() && signature::claims(&numbered(path, *number), *number);
        let ours = numbers.into_iter().filter(is_ours).collect();
        Ok(Self { path: path.to_owned(), settings, slot: Slot::default(), last, ours })
    }

    /// What picks the frames for it.
    pub(super) fn collector(&self) -> Collector {
        let every = gst::ClockTime::try_from(self.settings.every).unwrap_or(gst::ClockTime::ZERO);
        Collector { every, last: None, slot: Arc::clone(&self.slot) }
    }

    /// Makes a file of the frame that was picked, if one was. It is there as a whole or not at all.
    pub(super) fn develop(&mut self) -> Result<Option<PathBuf>, OutputError> {
        let Some(packet) = lock(&self.slot).take() else { return Ok(None) };
        let bytes = jpeg(&packet, self.settings.width)?;
        let file = loop {
            self.last += 1;
            let file = numbered(&self.path, self.last);
            match add(&file, &signature::sign(&bytes, self.last)) {
                Ok(()) => break file,
                // Somebody else has put one there.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(not_writable(&file, &error)),
            }
        };
        let Some(keep) = self.settings.keep else { return Ok(Some(file)) };
        self.ours.insert(self.last);
        while self.ours.len() > keep.max(1) as usize {
            let Some(oldest) = self.ours.pop_first() else { break };
            let file = numbered(&self.path, oldest);
            if signature::is_ours(&file, oldest) {
                // One that is gone already need not be taken away.
                let _ = fs::remove_file(file);
            }
        }
        Ok(Some(file))
    }
}

/// Makes a file that is there as a whole or not at all.
///
/// # Errors
/// There is one of this name already (`AlreadyExists`), or the system's.
fn add(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let part = file.with_file_name(format!(".{name}.part"));
    let exists = || fs::symlink_metadata(file).is_ok();
    if exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let mut written = File::options().write(true).create_new(true).open(&part)?;
    let named = written.write_all(bytes).and_then(|()| match fs::hard_link(&part, file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Some file systems give a file no second name.
        Err(_) if exists() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(&part, file),
        Ok(()) => Ok(()),
    });
    // After a rename it is gone.
    let _ = fs::remove_file(&part);
    named
}

/// The file of which one of this name is a part, if it is one.
fn whole(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(".part")
}

fn parts_of(path: &Path) -> (String, String) {
    let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    (text(path.file_stem()), text(path.extension()))
}

/// `show-000001.jpg` for `show.jpg`.
fn numbered(path: &Path, number: u64) -> PathBuf {
    let (stem, ending) = parts_of(path);
    path.with_file_name(format!("{stem}-{number:06}.{ending}"))
}

/// The number that a file of this name has among the pictures; `None` if it is none of them.
fn number_of(path: &Path, name: &str) -> Option<u64> {
    let (stem, ending) = parts_of(path);
    let digits = name.strip_prefix(&stem)?.strip_prefix('-')?.strip_suffix(&ending)?.strip_suffix('.')?;
    let number = digits.parse().ok().filter(|number| *number < MOST)?;
    // Others may have names that only look like these, such as `show-1.jpg`.
    (numbered(path, number).file_name()?.to_str() == Some(name)).then_some(number)
}

/// Decodes a key frame, scales it to at most `width` pixels, and packs it as JPEG.
fn jpeg(packet: &Packet, width: u32) -> Result<Vec<u8>, OutputError> {
    let unlinkable = |_| OutputError::Unlinkable;
    let format = packet.caps.structure(0).ok_or(OutputError::Unlinkable)?;
    let decoder = match format.name().as_str() {
        "video/x-vp8" => "vp8dec",
        "video/x-vp9" => "vp9dec",
        _ => "avdec_h264",
    };
    let side = |name| format.get::<i32>(name).map_err(|_| OutputError::Unlinkable);
    let (width, height) = fitted((side("width")?, side("height")?), i32::try_from(width).unwrap_or(i32::MAX));
    let wanted = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", width)
        .field("height", height)
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .field("colorimetry", COLORIMETRY)
        .build();
    let source = AppSrc::builder().caps(&packet.caps).format(gst::Format::Time).max_bytes(0).build();
    let filter = make("capsfilter")?;
    filter.set_property("caps", &wanted);
    let sink = AppSink::builder().sync(false).build();
    let chain = [
        source.clone().upcast(),
        make(decoder)?,
        make("videoscale")?,
        make("videoconvert")?,
        filter,
        make("jpegenc")?,
        sink.clone().upcast(),
    ];
    let pipeline = Running(gst::Pipeline::new());
    pipeline.0.add_many(&chain).map_err(unlinkable)?;
    gst::Element::link_many(&chain).map_err(unlinkable)?;
    let failed = || OutputError::Failed("no thumbnail could be made of a key frame".to_owned());
    pipeline.0.set_state(gst::State::Playing).map_err(|_| failed())?;
    source.push_buffer(packet.buffer.clone()).map_err(|_| failed())?;
    source.end_of_stream().map_err(|_| failed())?;
    let sample = sink.try_pull_sample(PATIENCE).ok_or_else(failed)?;
    let bytes = sample.buffer().and_then(|buffer| buffer.map_readable().ok()).ok_or_else(failed)?;
    Ok(bytes.to_vec())
}

/// The size at most `width` wide that keeps the shape; both sides even, as the chroma needs them.
fn fitted((from_width, from_height): (i32, i32), width: i32) -> (i32, i32) {
    let even = |side: i64| i32::try_from((side / 2 * 2).max(2)).unwrap_or(2);
    let width = even(i64::from(width.min(from_width)));
    (
        width,
        even((i64::from(from_height) * i64::from(width) + i64::from(from_width) / 2) / i64::from(from_width.max(1))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_and_only_such_are_ours() {
        let path = Path::new("thumbs/show.v2.jpg");
        assert_eq!(numbered(path, 7), Path::new("thumbs/show.v2-000007.jpg"));
        assert_eq!(numbered(path, 12_345_678), Path::new("thumbs/show.v2-12345678.jpg"));
        for (name, number) in [
            ("show.v2-000007.jpg", Some(7)),
            ("show.v2-12345678.jpg", Some(12_345_678)),
            ("show.v2-7.jpg", None),
            ("show.v2-000007.jpeg", None),
            ("show.v2-00000x.jpg", None),
            ("show.v2.jpg", None),
            ("other-000007.jpg", None),
        ] {
            assert_eq!(number_of(path, name), number, "{name}");
        }
    }

    #[test]
    fn sizes_keep_their_shape() {
        assert_eq!(fitted((1920, 1080), 320), (320, 180));
        assert_eq!(fitted((1080, 1920), 320), (320, 568));
        assert_eq!(fitted((640, 360), 3840), (640, 360));
        assert_eq!(fitted((3840, 2), 16), (16, 2));
    }
}
