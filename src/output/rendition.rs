//! The same picture in another size: scaled once for all outputs that send it, and encoded by itself.

/// One such size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// The name by which outputs ask for it.
    pub name: String,
    /// Pixels; even. A stream of another shape is framed in black.
    pub width: usize,
    /// Pixels; even.
    pub height: usize,
    /// Kilobits (1000) per second of video.
    pub bitrate_kbps: u32,
    /// Which of the [variants](crate::engine::ProgramFrame::variants) it shows; the stream's own picture if it is `None`.
    pub variant: Option<usize>,
}
