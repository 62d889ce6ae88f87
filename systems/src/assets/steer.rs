//! What others may know of assets, and ask of them.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use components::{AssetId, AssetKind, document::nearest};
use schemars::JsonSchema;
use serde::Serialize;

use super::{AssetState, Assets};
use crate::workers::{WorkerLoad, WorkerTotals};

/// One asset as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssetStatus {
    /// Its id.
    pub id: AssetId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: AssetKind,
    /// Its file, relative to the folder of the scene.
    pub path: PathBuf,
    /// Whether it can be used.
    pub state: Readiness,
    /// Bytes that it holds in memory.
    pub bytes: u64,
    /// Size of a picture in pixels: width, height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(f64, f64)>,
    /// Whether a layer that is seen draws from it.
    pub seen: bool,
    /// Why it cannot be used, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Whether an asset can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Readiness {
    /// It is being read for the first time.
    Loading,
    /// It is in memory, or is played from its file.
    Ready,
    /// It is read when it is needed.
    Unloaded,
    /// It cannot be used.
    Failed,
}

/// What can be asked of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetAction {
    /// Read it now, whether it is needed or not.
    Load,
    /// Let go of its memory; it is read again when it is needed.
    Unload,
}

/// Why nothing was done with an asset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetRefused {
    /// The scene has none of this name.
    #[error("there is no asset `{id}` in the scene{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// What was named.
        id: String,
        /// The asset whose id is nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// It cannot be let go of while it is in use.
    #[error("`{id}` is in use: {by}; hide or change that first")]
    InUse {
        /// The asset.
        id: AssetId,
        /// What uses it.
        by: &'static str,
    },
}

impl Assets {
    /// All assets, in order of ids.
    #[must_use]
    pub fn status(&self) -> Vec<AssetStatus> {
        let mut all: Vec<_> = self
            .entries
            .iter()
            .map(|(id, entry)| AssetStatus {
                id: id.clone(),
                kind: entry.document.kind,
                path: entry.document.path.clone(),
                state: match &entry.state {
                    AssetState::Loading => Readiness::Loading,
                    AssetState::Unloaded { .. } => Readiness::Unloaded,
                    AssetState::Failed(_) => Readiness::Failed,
                    _ => Readiness::Ready,
                },
                bytes: entry.held.as_ref().map_or(0, |held| held.bytes()),
                size: entry.state.size(),
                seen: entry.used == self.round,
                error: match &entry.state {
                    AssetState::Failed(error) => Some(error.to_string()),
                    _ => None,
                },
            })
            .collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Does something with an asset. Loading only begins with this.
    ///
    /// # Errors
    /// There is no such asset, or it is in use and cannot go.
    pub fn steer(&mut self, id: &str, action: AssetAction) -> Result<(), AssetRefused> {
        let ids = || self.entries.keys().map(AssetId::as_str);
        let Some((id, entry)) = self.entries.iter().find(|(known, _)| known.as_str() == id) else {
            return Err(AssetRefused::Unknown { id: id.to_owned(), nearest: nearest(id, ids()).map(str::to_owned) });
        };
        let id = id.clone();
        match action {
            AssetAction::Load => {
                let is_there = entry.state.is_decoded();
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.asked = true;
                }
                self.start(&id, is_there);
            }
            AssetAction::Unload if entry.document.kind == AssetKind::Font => {
                return Err(AssetRefused::InUse { id, by: "any text may be set in a font of the scene" });
            }
            AssetAction::Unload if entry.used == self.round => {
                return Err(AssetRefused::InUse { id, by: "a layer that is seen draws from it" });
            }
            AssetAction::Unload => {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.unload();
                }
            }
        }
        Ok(())
    }

    /// What each of the threads that decode has done for these assets; this goes on counting.
    #[must_use]
    pub fn decoding_each(&self) -> Arc<[WorkerLoad]> {
        self.seats.as_ref().map(|seats| seats.each()).unwrap_or_default()
    }

    /// What the threads that decode have done for these assets.
    #[must_use]
    pub fn decoding(&self) -> WorkerTotals {
        let panics = self.panics.load(Ordering::Relaxed);
        WorkerTotals { queued: self.loading() as u64, panics, ..self.decoding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoders_that_panic_are_told_of() {
        let assets = Assets::default();
        assets.panics.fetch_add(2, Ordering::Relaxed);
        assert_eq!(assets.decoding().panics, 2);
    }
}
