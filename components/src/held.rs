//! Several scenes at once, of which one is on air.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    document::{SceneDocument, nearest},
    edit::EditRejected,
    id::LONGEST_ID,
    transition::Transition,
};

crate::id::id!(
    /// By what name programs speak of a scene that is held.
    SceneId,
    "By what name programs speak of the scene."
);

/// Scenes that may be held besides the one that is on air.
pub const MAX_HELD_SCENES: usize = 100;

/// What happened to the scenes that are held.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldChange {
    /// It is new, or is another one now. It is not on air.
    Put {
        /// The scene.
        id: SceneId,
        /// All of it.
        scene: Arc<SceneDocument>,
    },
    /// It was removed.
    Removed {
        /// The scene.
        id: SceneId,
    },
    /// It is on air now. What it became since then is told by diffs; the one before is held, as a `put` before this tells.
    Activated {
        /// The scene.
        id: SceneId,
        /// How the picture goes over to it.
        transition: Transition,
    },
}

/// The name of the scene on air, and the scenes that wait while it is.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldScenes {
    /// The scene on air, which is not among the others: it is what is played.
    pub active: SceneId,
    /// Those that wait.
    pub others: BTreeMap<SceneId, Arc<SceneDocument>>,
}

impl HeldScenes {
    /// Only a scene on air.
    #[must_use]
    pub fn new(active: SceneId) -> Self {
        Self { active, others: BTreeMap::new() }
    }

    /// Keeps a scene that is not on air.
    ///
    /// # Errors
    /// There are as many as may be.
    pub fn put(&mut self, id: SceneId, scene: SceneDocument) -> Result<HeldChange, EditRejected> {
        if self.others.len() >= MAX_HELD_SCENES && !self.others.contains_key(&id) {
            return Err(EditRejected::TooManyScenes { limit: MAX_HELD_SCENES });
        }
        let scene = Arc::new(scene);
        self.others.insert(id.clone(), Arc::clone(&scene));
        Ok(HeldChange::Put { id, scene })
    }

    /// Takes a scene out that is not on air.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn take(&mut self, id: &SceneId) -> Result<Arc<SceneDocument>, EditRejected> {
        self.others.remove(id).ok_or_else(|| self.unknown(id.as_str()))
    }

    /// A name that no scene has: this one with the lowest number behind it.
    #[must_use]
    pub fn free_name(&self, id: &SceneId) -> SceneId {
        let mut number = 2_u32;
        loop {
            let ending = format!("-{number}");
            let beginning: String = id.as_str().chars().take(LONGEST_ID - ending.len()).collect();
            let name = SceneId(beginning + &ending);
            if name != self.active && !self.others.contains_key(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// Tells that there is no scene of this name.
    #[must_use]
    pub fn unknown(&self, id: &str) -> EditRejected {
        let known = self.others.keys().chain([&self.active]).map(SceneId::as_str);
        EditRejected::UnknownScene { id: id.to_owned(), nearest: nearest(id, known).map(str::to_owned) }
    }
}

impl Default for HeldScenes {
    fn default() -> Self {
        Self::new(SceneId::main())
    }
}

impl SceneId {
    /// The name of a scene that nobody has named.
    #[must_use]
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The name of the scene in a file: the file's without its ending, and with `-` for what ids do not have.
    #[must_use]
    pub fn of_file(path: &Path) -> Self {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '-' };
        let name: String =
            stem.chars().map(allowed).skip_while(|c| !c.is_ascii_alphanumeric()).take(LONGEST_ID).collect();
        Self::new(name).unwrap_or_else(|_| Self::main())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_give_their_scenes_names() {
        for (path, name) in [
            ("scenes/demo.jsonc", "demo"),
            ("Night Signal (2).json", "Night-Signal--2-"),
            (".hidden.json", "hidden"),
            ("__", "main"),
            ("", "main"),
        ] {
            assert_eq!(SceneId::of_file(Path::new(path)).as_str(), name, "{path}");
        }
        assert_eq!(SceneId::of_file(Path::new(&"x".repeat(300))).as_str().len(), 64);
    }

    #[test]
    fn free_names_are_ids_that_no_scene_has() {
        let mut scenes = HeldScenes::new(SceneId("show".to_owned()));
        for free in ["show-2", "show-3", "show-4"] {
            let name = scenes.free_name(&SceneId("show".to_owned()));
            assert_eq!(name.as_str(), free);
            scenes.put(name, SceneDocument::default()).unwrap();
        }
        let long = scenes.free_name(&SceneId("x".repeat(64)));
        assert_eq!(SceneId::new(long.as_str()), Ok(long));
    }
}
