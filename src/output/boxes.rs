//! The boxes of an MP4 (ISO/IEC 14496-12, section 4.2): what is left of a file whose end was never written.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// Bytes of a box's size and type.
const HEADER: u64 = 8;

/// Takes away what a full disk cut off inside of the description of a fragment (`moof`), since few players get beyond that:
/// what was written before it plays. Pictures and sound that are cut off harm nobody, and stay.
///
/// # Errors
/// The file cannot be read, or not be written.
pub(super) fn trim(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    match broken_end(&mut file, length)? {
        Some(end) => file.set_len(end),
        None => Ok(()),
    }
}

/// Where the last box begins if it is to go: it is not whole, and others that play are before it.
fn broken_end(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let (mut at, mut plays) = (0, false);
    while at < length {
        let broken = Ok(plays.then_some(at));
        if length - at < HEADER {
            return broken;
        }
        file.seek(SeekFrom::Start(at))?;
        let (mut size, mut kind) = ([0; 4], [0; 4]);
        file.read_exact(&mut size)?;
        file.read_exact(&mut kind)?;
        let size = match u32::from_be_bytes(size) {
            // Up to the end of the file, whatever that is.
            0 => return Ok(None),
            1 if length - at < 2 * HEADER => return broken,
            1 => {
                let mut size = [0; 8];
                file.read_exact(&mut size)?;
                u64::from_be_bytes(size)
            }
            size => size.into(),
        };
        if size < HEADER {
            // This is no box.
            return Ok(None);
        }
        if size > length - at {
            return if kind == *b"mdat" { Ok(None) } else { broken };
        }
        plays |= kind == *b"moof";
        at += size;
    }
    Ok(None)
}

/// Where the descriptions of the samples of all tracks lie.
const DESCRIPTIONS: [[u8; 4]; 6] = [*b"moov", *b"trak", *b"mdia", *b"minf", *b"stbl", *b"stsd"];

/// Whether a track says nothing of its samples, as one does of which nothing had come when the file was finished. Players
/// refuse the whole file then.
///
/// # Errors
/// The file cannot be read.
pub(super) fn lacks_description(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    any_is_empty(&mut file, &DESCRIPTIONS, 0, length)
}

/// Whether any table that `way` leads to, box by box, is empty. What is no box ends the search.
fn any_is_empty(file: &mut File, way: &[[u8; 4]], mut at: u64, end: u64) -> io::Result<bool> {
    let Some((first, rest)) = way.split_first() else {
        // Its version and flags, and the number of entries.
        let mut table = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        return Ok(end - at >= 8 && file.read_exact(&mut table).map(|()| table[4..] == [0; 4])?);
    };
    while end - at >= HEADER {
        let mut header = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut header)?;
        let [a, b, c, d, kind @ ..] = header;
        let size = u64::from(u32::from_be_bytes([a, b, c, d]));
        if size < HEADER || size > end - at {
            break;
        }
        if kind == *first && any_is_empty(file, rest, at + HEADER, at + size)? {
            return Ok(true);
        }
        at += size;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: [u8; 4], length: u32) -> Vec<u8> {
        let mut part = (length + 8).to_be_bytes().to_vec();
        part.extend(kind);
        part.resize(length as usize + 8, 7);
        part
    }

    #[test]
    fn a_file_that_is_cut_anywhere_ends_with_a_whole_box_or_with_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.mp4");
        // They begin at 0, 20, 48, 66, 104, 122, 160 and 178, and end at 224.
        let mut large = [0, 0, 0, 1].to_vec();
        large.extend(b"mdat");
        large.extend(46_u64.to_be_bytes());
        large.resize(46, 7);
        let whole = [
            part(*b"ftyp", 12),
            part(*b"moov", 20),
            part(*b"moof", 10),
            part(*b"mdat", 30),
            part(*b"moof", 10),
            part(*b"mdat", 30),
            part(*b"moof", 10),
            large,
        ]
        .concat();
        for cut in 1..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            trim(&path).unwrap();
            let left = std::fs::read(&path).unwrap();
            assert_eq!(left, whole[..left.len()]);
            let expected = match cut {
                // Within the second and third `moof`, and where too little of an `mdat` is there to tell what it is.
                105..=121 => 104,
                123..=129 => 122,
                161..=177 => 160,
                67..=73 => 66,
                // This one says only behind its type how large it is.
                179..=193 => 178,
                _ => cut,
            };
            assert_eq!(left.len(), expected, "cut at {cut} of {}", whole.len());
        }
        // What is no MP4, and what cannot be played anyhow, stays.
        std::fs::write(&path, [0, 0, 0, 2, 9, 9, 9, 9, 9]).unwrap();
        trim(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap().len(), 9);
        assert!(trim(&folder.path().join("absent.mp4")).is_err());
    }

    fn nested(way: &[[u8; 4]], inside: Vec<u8>) -> Vec<u8> {
        way.iter().rev().fold(inside, |inside, kind| {
            let size = u32::try_from(inside.len() + 8).unwrap();
            [&size.to_be_bytes()[..], kind, &inside].concat()
        })
    }

    #[test]
    fn a_track_of_which_nothing_came_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.mp4");
        let track = |entries: u8| nested(&DESCRIPTIONS[1..], vec![0, 0, 0, 0, 0, 0, 0, entries]);
        for (tracks, expected) in [(vec![1, 1], false), (vec![1, 0], true), (vec![0, 1], true), (vec![], false)] {
            let moov = nested(&DESCRIPTIONS[..1], tracks.iter().flat_map(|entries| track(*entries)).collect());
            let whole = [part(*b"ftyp", 12), moov, part(*b"moof", 10), part(*b"mdat", 30)].concat();
            std::fs::write(&path, &whole).unwrap();
            assert_eq!(lacks_description(&path).unwrap(), expected, "{tracks:?}");
            // What is cut is no reason to throw the rest away.
            for cut in 0..20 {
                std::fs::write(&path, &whole[..cut]).unwrap();
                assert!(!lacks_description(&path).unwrap());
            }
        }
        assert!(lacks_description(&folder.path().join("absent.mp4")).is_err());
    }
}
