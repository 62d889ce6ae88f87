//! Opens PNG files, still and moving ones, without reading more of them than their pictures.

use std::{fs::File, io::BufReader};

use png::{Decoder, Limits, Reader, Transformations};

use super::decode::{Refusal, check_sides};

/// Bytes of what a file may say besides its picture, such as how it is to be turned.
const MAX_METADATA: u64 = 4 << 20;

/// Reads the header, and all that is before the picture. `frames` says how many pictures of this size (width, height in
/// pixels) are decoded at most: for each one row is put aside.
///
/// What is said about colours is left out: nothing here goes by it, and unpacked it may be as large as it likes.
pub(super) fn open_png(
    file: BufReader<File>,
    transformations: Transformations,
    frames: impl FnOnce(u32, u32) -> u64,
) -> Result<Reader<BufReader<File>>, Refusal> {
    let told = |error: png::DecodingError| Refusal::Damaged(error.to_string());
    let mut decoder = Decoder::new(file);
    let header = decoder.read_header_info().map_err(told)?;
    let (width, height) = (header.width, header.height);
    check_sides((width, height))?;
    let rows = frames(width, height).saturating_mul(u64::from(width) * 8);
    let bytes = usize::try_from(MAX_METADATA.saturating_add(rows)).unwrap_or(usize::MAX);
    decoder.set_limits(Limits { bytes });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(transformations);
    decoder.read_info().map_err(told)
}
