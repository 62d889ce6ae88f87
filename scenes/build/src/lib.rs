//! Draws the pictures of the scenes from their SVG sources: `NAME.svg` becomes `NAME.png` beside it.
//!
//! The PNG files are kept with the sources, so that a scene plays without this being run. Text is not drawn: a
//! picture must look the same whatever fonts the machine has.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use image::{
    ExtendedColorType, ImageEncoder, ImageError,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The source is no SVG that can be drawn.
    #[error("{}: {message}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The picture cannot be written as PNG.
    #[error("{}: {source}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ImageError,
    },
}

/// A picture with straight alpha.
#[derive(Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes: `r, g, b, a`.
    pub pixels: Vec<u8>,
}

/// Draws an SVG file at its own size.
///
/// # Errors
/// The file cannot be read, or is no SVG.
pub fn draw(svg: &Path) -> Result<Drawn, DrawError> {
    let text = fs::read_to_string(svg).map_err(|source| DrawError::File { path: svg.to_owned(), source })?;
    let wrong = |message: String| DrawError::Source { path: svg.to_owned(), message };
    let tree = Tree::from_str(&text, &Options::default()).map_err(|error| wrong(error.to_string()))?;
    let size = tree.size().to_int_size();
    let mut pixmap =
        Pixmap::new(size.width(), size.height()).ok_or_else(|| wrong("the picture has no size".to_owned()))?;
    resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
    let pixels = pixmap
        .pixels()
        .iter()
        .flat_map(|pixel| {
            let straight = pixel.demultiply();
            [straight.red(), straight.green(), straight.blue(), straight.alpha()]
        })
        .collect();
    Ok(Drawn { width: size.width(), height: size.height(), pixels })
}

/// Draws an SVG file and writes the PNG file beside it; returns that file's path and size in bytes.
///
/// # Errors
/// A file cannot be read or written, or is no SVG.
pub fn write_png(svg: &Path) -> Result<(PathBuf, usize), DrawError> {
    let drawn = draw(svg)?;
    let path = svg.with_extension("png");
    let opaque = drawn.pixels.chunks_exact(4).all(|pixel| pixel[3] == 255);
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive);
    let written = if opaque {
        let rgb: Vec<u8> = drawn.pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        encoder.write_image(&rgb, drawn.width, drawn.height, ExtendedColorType::Rgb8)
    } else {
        encoder.write_image(&drawn.pixels, drawn.width, drawn.height, ExtendedColorType::Rgba8)
    };
    written.map_err(|source| DrawError::Encode { path: path.clone(), source })?;
    fs::write(&path, &png).map_err(|source| DrawError::File { path: path.clone(), source })?;
    Ok((path, png.len()))
}

/// The SVG files of a folder, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn sources(folder: &Path) -> Result<Vec<PathBuf>, DrawError> {
    let unreadable = |source| DrawError::File { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
