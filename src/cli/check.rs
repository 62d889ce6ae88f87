//! `stream-manager check SCENE…`

use std::{
    fs,
    path::{Component, Path},
    process::ExitCode,
};

use components::{SceneDocument, document::Limits};

use super::{CheckArgs, EXIT_USAGE, fail, print, settings};

/// Checks scene files and prints everything that is wrong with them. Status 1 if anything is.
#[must_use]
pub fn check(args: &CheckArgs) -> ExitCode {
    let settings = match settings(&args.settings) {
        Ok(loaded) => loaded.settings,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let limits = Limits { max_layers: settings.max_layers };
    let mut lines = Vec::new();
    let mut faulty = false;
    for file in &args.files {
        match check_scene(file, &limits) {
            Ok(scene) => lines.push(summary(file, &scene)),
            Err(faults) => {
                faulty = true;
                lines.extend(faults);
            }
        }
    }
    let printed = print(lines.join("\n"));
    if faulty { ExitCode::FAILURE } else { printed }
}

fn summary(file: &Path, scene: &SceneDocument) -> String {
    let count = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let animations = scene.walk().map(|layer| layer.animations.0.len()).sum();
    format!(
        "{}: good ({}, {}, {})",
        file.display(),
        count(scene.walk().count(), "layer"),
        count(scene.assets.len(), "asset"),
        count(animations, "animation"),
    )
}

/// Reads a scene file and looks for the files that it names.
fn check_scene(file: &Path, limits: &Limits) -> Result<SceneDocument, Vec<String>> {
    let scene = read_scene(file, limits)?;
    let missing: Vec<String> = scene
        .assets
        .iter()
        .enumerate()
        .filter_map(|(index, asset)| {
            let why = asset_fault(&scene.folder, &asset.path)?;
            Some(format!("{}: /assets/{index}/path: asset `{}`: {why}", file.display(), asset.id))
        })
        .collect();
    if missing.is_empty() { Ok(scene) } else { Err(missing) }
}

/// Reads a scene file.
///
/// # Errors
/// Everything that is wrong with what is written in it, a line each.
pub(super) fn read_scene(file: &Path, limits: &Limits) -> Result<SceneDocument, Vec<String>> {
    let text =
        fs::read_to_string(file).map_err(|error| vec![format!("{}: cannot be read: {error}", file.display())])?;
    let mut scene = SceneDocument::parse(&text, limits)
        .map_err(|faults| faults.iter().map(|fault| format!("{}:{fault}", file.display())).collect::<Vec<_>>())?;
    scene.folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => ".".into(),
    };
    Ok(scene)
}

/// What is wrong with an asset's file, if anything is.
fn asset_fault(folder: &Path, path: &Path) -> Option<String> {
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside {
        return Some(format!("found `{}`, expected a path inside of the scene's folder", path.display()));
    }
    let full = folder.join(path);
    match fs::metadata(&full) {
        Ok(meta) if meta.is_file() => fs::File::open(&full).err().map(|error| format!("`{}`: {error}", full.display())),
        Ok(_) => Some(format!("found `{}`, which is no file", full.display())),
        Err(error) => Some(format!("`{}` cannot be read: {error}", full.display())),
    }
}
