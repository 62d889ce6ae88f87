//! Pictures within SVG files.

use std::sync::Arc;

use image::ImageReader;
use resvg::usvg::ImageKind;

/// What a PNG file begins with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Chunks that nobody looks at, and that can unpack to any size: profiles, texts and what cameras say.
const ASIDES: [[u8; 4]; 5] = [*b"iCCP", *b"zTXt", *b"iTXt", *b"tEXt", *b"eXIf"];
/// Length, kind and checksum of a chunk.
const FRAME: usize = 12;

/// The kind and the pixels of a picture within an SVG file, by its header.
pub(super) fn embedded(data: &Arc<Vec<u8>>) -> Option<(fn(Arc<Vec<u8>>) -> ImageKind, u64)> {
    let reader = ImageReader::new(std::io::Cursor::new(data.as_slice())).with_guessed_format().ok()?;
    let kind: fn(Arc<Vec<u8>>) -> ImageKind = match reader.format()? {
        image::ImageFormat::Png => ImageKind::PNG,
        image::ImageFormat::Jpeg => ImageKind::JPEG,
        image::ImageFormat::Gif => ImageKind::GIF,
        image::ImageFormat::WebP => ImageKind::WEBP,
        _ => return None,
    };
    let (width, height) = reader.into_dimensions().ok()?;
    Some((kind, u64::from(width) * u64::from(height)))
}

/// The same picture without what is not seen of it, if it is a PNG file. Whatever makes no sense stays for the decoder.
pub(super) fn without_asides(file: Arc<Vec<u8>>) -> Arc<Vec<u8>> {
    let Some(mut rest) = file.strip_prefix(&SIGNATURE) else { return file };
    let mut kept = SIGNATURE.to_vec();
    while let Some((head, _)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, kind @ ..] = *head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let Some((chunk, after)) = length.checked_add(FRAME).and_then(|length| rest.split_at_checked(length)) else {
            break;
        };
        if !ASIDES.contains(&kind) {
            kept.extend_from_slice(chunk);
        }
        rest = after;
    }
    kept.extend_from_slice(rest);
    Arc::new(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length, kind.as_slice(), content, &[0; 4]].concat()
    }

    #[test]
    fn what_is_not_seen_of_a_png_is_left_out_and_all_else_kept() {
        let header = chunk(b"IHDR", &[1; 13]);
        let (profile, text) = (chunk(b"iCCP", &[2; 100]), chunk(b"zTXt", b"title"));
        let (pixels, end) = (chunk(b"IDAT", &[3; 20]), chunk(b"IEND", b""));
        let file = [&SIGNATURE, &*header, &profile, &pixels, &text, &end].concat();
        assert_eq!(*without_asides(Arc::new(file)), [&SIGNATURE, &*header, &pixels, &end].concat());
        // What is cut off, or says that it is longer than it is, or is something else.
        let cut = [&SIGNATURE, &*header, &pixels[..10]].concat();
        let long = [&SIGNATURE, &*header, &[0xff; 8], b"IDAT"].concat();
        for file in [cut, long, b"GIF89a".to_vec(), SIGNATURE.to_vec(), Vec::new()] {
            assert_eq!(*without_asides(Arc::new(file.clone())), file);
        }
    }
}
