//! A font file of a scene's own.

/// The family of [`own`].
pub(crate) const FAMILY: &str = "Outer";

/// The built-in bold font under another name of the same length, so that the offsets in the file stay.
pub(crate) fn own() -> Vec<u8> {
    let mut bytes = include_bytes!("../../assets/fonts/Inter-Bold.otf").to_vec();
    let name = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let (from, to) = (name("Inter"), name(FAMILY));
    for at in 0..bytes.len() - from.len() {
        if bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(&to);
        }
    }
    bytes
}
