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
    #[error("`{}` is not a PNG, JPEG or WebP picture; convert it to one of these", path.display())]
    NotAPicture { path: PathBuf },
    #[error("`{}` is damaged: {reason}; export the picture again", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("`{}` is not a font; use a TTF, OTF, TTC or OTC file", path.display())]
    NotAFont { path: PathBuf },
    #[error("`{}` is not a sound file; use WAV, FLAC, Ogg, MP3, M4A or AIFF", path.display())]
    NotASound { path: PathBuf },
}
