//! The live stream for viewers: HLS with fragmented MP4, and a page that plays it in any browser.

mod fmp4;
mod folder;
mod marker;
mod segmenter;
mod store;

pub(super) use folder::Folder;
pub(super) use segmenter::Segmenter;
pub(super) use store::Continued;
pub use store::{LiveFile, LiveStore};
