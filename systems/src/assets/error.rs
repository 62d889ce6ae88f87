use std::path::PathBuf;

/// Why an asset cannot be used, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it; `path` is the path as the scene has it")]
pub enum AssetError {
    #[error(
        "`{}` lies outside of the scene's folder; put the file into that folder and name it by a path within",
        path.display()
    )]
    Outside { path: PathBuf },
    #[error("there is no file `{}` in the scene's folder; add it, or correct the path", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` cannot be read: {reason}; make it readable for the user that runs this program", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("`{}` is not a file; name a file, not a folder", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` has {} MiB, above the limit of {} MiB; make it smaller", path.display(), bytes >> 20, limit >> 20)]
    FileTooLarge { path: PathBuf, bytes: u64, limit: u64 },
    #[error(
        "`{}` has {width} x {height} pixels, above the limit of {limit} megapixels; scale it down", path.display()
    )]
    TooManyPixels { path: PathBuf, width: u32, height: u32, limit: u64 },
    #[error(
        "`{}` has {width} x {height} pixels, above the limit of {limit} a side; scale it down, or cut it into parts",
        path.display()
    )]
    SideTooLong { path: PathBuf, width: u32, height: u32, limit: u32 },
    #[error(
        "`{}`, {width} x {height} pixels, has too many frames: they may have {limit} megapixels together and be {max_frames}; scale it down or cut it",
        path.display()
    )]
    AnimationTooLarge { path: PathBuf, width: u32, height: u32, limit: u64, max_frames: usize },
    #[error(
        "`{}` needs at least {} MiB, but of the {} MiB for assets (ASSETS_MEMORY) not as much is free; scale pictures down, or raise ASSETS_MEMORY",
        path.display(), bytes.div_ceil(1 << 20), limit >> 20
    )]
    NoRoom { path: PathBuf, bytes: u64, limit: u64 },
    #[error(
        "`{}` is {found}, not a PNG, JPEG or WebP picture; convert it to one of these, or name it by an asset of type `animatedImage` or `svg`",
        path.display()
    )]
    NotAPicture { path: PathBuf, found: &'static str },
    #[error("`{}` is {found}, not a GIF, APNG or animated WebP picture; convert it to one of these", path.display())]
    NotAnAnimation { path: PathBuf, found: &'static str },
    #[error("`{}` does not move; name it by an asset of type `image`", path.display())]
    Still { path: PathBuf },
    #[error("`{}` is damaged: {reason}; export the picture again", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("`{}` is not an SVG picture that can be read: {reason}; export it again as plain SVG", path.display())]
    NotSvg { path: PathBuf, reason: String },
    #[error(
        "`{}` refers to `{reference}`: an SVG picture may hold PNG, JPEG, GIF and WebP pictures but refer to no other file; embed it",
        path.display()
    )]
    SvgReference { path: PathBuf, reference: String },
    #[error("`{}` is too complex: {what}; simplify it, or export it as PNG", path.display())]
    SvgTooComplex { path: PathBuf, what: String },
    #[error("`{}` is not a font; use a TTF, OTF, TTC or OTC file", path.display())]
    NotAFont { path: PathBuf },
    /// A part of a font is missing.
    #[error("`{}` is cut off: parts of the font are missing; copy the whole file again", path.display())]
    CutFont { path: PathBuf },
    #[error("`{}` is not a sound file; use WAV, FLAC, Ogg, MP3, M4A, AIFF, AU or Matroska", path.display())]
    NotASound { path: PathBuf },
}
