//! Which pictures are of this service: they say so themselves, in a comment that holds their number and a sum of all their bytes.
//! So a picture that somebody has put there, renamed or changed is told from ours, also after a restart and in a folder that was
//! moved; and a copy of ours is no less ours.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

/// What begins a JPEG file, and the part after which readers expect comments (ITU-T T.81, annex B).
const BEGIN: [u8; 2] = [0xff, 0xd8];
const FORMAT: [u8; 2] = [0xff, 0xe0];

/// What begins the comment and says how long it is, and what stands in it before the number, of twenty digits, and the sum, of sixteen.
const WORDS: &[u8] = b"\xff\xfe\x00\x42Stream Manager wrote this: ";
const DIGITS: usize = 20;
const SUM: usize = 16;
/// Bytes at the beginning of a file in which the comment lies.
const HEAD: usize = 128;

/// The same picture with a comment that it is ours, and has this number.
pub(super) fn sign(jpeg: &[u8], number: u64) -> Vec<u8> {
    let at = match jpeg.get(2..6) {
        Some([first, second, high, low]) if jpeg.starts_with(&BEGIN) && [*first, *second] == FORMAT => {
            4 + usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => BEGIN.len(),
    };
    let (head, rest) = jpeg.split_at(at.min(jpeg.len()));
    let mut signed = [head, WORDS, format!("{number:020} {:016x}", 0).as_bytes(), rest].concat();
    let sum = format!("{:016x}", sum(&signed));
    let at = head.len() + WORDS.len() + DIGITS + 1;
    signed[at..at + SUM].copy_from_slice(sum.as_bytes());
    signed
}

/// FNV-1a with 64 bits: see RFC 9923.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Where the number stands in what begins a file, if it says that it is ours and has this one.
fn number_in(head: &[u8], number: u64) -> Option<usize> {
    let head = &head[..head.len().min(HEAD)];
    let at = head.windows(WORDS.len()).position(|words| words == WORDS)? + WORDS.len();
    (head.get(at..at + DIGITS)? == format!("{number:020}").as_bytes()).then_some(at)
}

/// Whether a file says that it is our picture of this number, or the beginning of it. Reads little of it.
pub(super) fn claims(path: &Path, number: u64) -> bool {
    let mut head = Vec::with_capacity(HEAD);
    let read = open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    read.is_ok() && number_in(&head, number).is_some()
}

/// Whether a file is our picture of this number, as it was written.
pub(super) fn is_ours(path: &Path, number: u64) -> bool {
    let mut bytes = Vec::new();
    let read = open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    let Some(at) = read.ok().and_then(|_| number_in(&bytes, number)).map(|at| at + DIGITS + 1) else { return false };
    let Some(digits) = bytes.get_mut(at..at + SUM) else { return false };
    let said = digits.to_vec();
    digits.fill(b'0');
    said == format!("{:016x}", sum(&bytes)).as_bytes()
}

/// Opens what is a file and nothing else: a pipe would be waited for.
fn open(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path)?.is_file() { File::open(path) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_ours_as_long_as_nobody_changes_it_and_it_has_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show-000007.jpg");
        let (mut plain, picture) = (Vec::new(), image::RgbImage::from_pixel(16, 16, image::Rgb([200, 10, 10])));
        picture.write_to(&mut io::Cursor::new(&mut plain), image::ImageFormat::Jpeg).unwrap();
        let signed = sign(&plain, 7);
        assert_eq!(signed.len(), plain.len() + WORDS.len() + DIGITS + 1 + SUM);
        let length = usize::from(u16::from_be_bytes([WORDS[2], WORDS[3]]));
        assert_eq!(length, WORDS.len() - 2 + DIGITS + 1 + SUM, "the comment says how long it is");
        let read = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8();
        assert_eq!(read(&signed), read(&plain), "readers do not mind");
        fs::write(&path, &signed).unwrap();
        assert!(is_ours(&path, 7) && claims(&path, 7));
        assert!(!is_ours(&path, 8) && !claims(&path, 8), "it was renamed");
        fs::write(&path, &signed[..HEAD]).unwrap();
        assert!(claims(&path, 7) && !is_ours(&path, 7), "a part of it");
        for changed in [plain.len() - 1, HEAD, 3] {
            let mut other = signed.clone();
            other[changed] ^= 1;
            fs::write(&path, other).unwrap();
            assert!(!is_ours(&path, 7), "byte {changed}");
        }
        for other in [&plain[..], b"", b"\xff\xd8\xff\xe0", &signed[..40]] {
            fs::write(&path, other).unwrap();
            assert!(!is_ours(&path, 7) && !claims(&path, 7));
            sign(other, 7);
        }
        fs::remove_file(&path).unwrap();
        assert!(!is_ours(&path, 7));
    }
}
