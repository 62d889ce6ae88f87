//! `stream-manager check SCENE…`

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use components::{
    AssetDocument, AssetKind, SceneDocument, SceneId,
    document::{Limits, Notice},
    held::HeldScenes,
};
use systems::{assets, clock::rehearse};

use super::{CheckArgs, EXIT_USAGE, fail, print, settings};
use crate::{config::Settings, output::check_sound};

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
        match check_scene(file, &limits, settings.assets_memory << 20) {
            Ok(scene) => {
                let warned = notices(&scene).into_iter().map(|notice| format!("{}: warning: {notice}", file.display()));
                lines.extend(warned);
                lines.push(summary(file, &scene));
            }
            Err(faults) => {
                faulty = true;
                lines.extend(faults);
            }
        }
    }
    let printed = print(lines.join("\n"));
    if faulty { ExitCode::FAILURE } else { printed }
}

/// What its author should know about a scene.
fn notices(scene: &SceneDocument) -> Vec<Notice> {
    let mut notices = scene.notices();
    let rehearsed = rehearse(scene, &notices);
    notices.extend(rehearsed);
    notices
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

/// Reads a scene file and the files that it names; each of them may take so many bytes once it is decoded.
fn check_scene(file: &Path, limits: &Limits, assets_memory: u64) -> Result<SceneDocument, Vec<String>> {
    let scene = read_scene(file, limits)?;
    let missing: Vec<String> = scene
        .assets
        .iter()
        .enumerate()
        .filter_map(|(index, asset)| {
            let why = check_asset(asset, &scene.folder, assets_memory).err()?;
            Some(format!("{}: /assets/{index}/path: asset `{}`: {why}", file.display(), asset.id))
        })
        .collect();
    if missing.is_empty() { Ok(scene) } else { Err(missing) }
}

/// Why a file that a scene names cannot be used with so many bytes for assets.
fn check_asset(asset: &AssetDocument, folder: &Path, assets_memory: u64) -> Result<(), String> {
    assets::check(asset, folder, assets_memory).map_err(|error| error.to_string())?;
    match asset.kind {
        AssetKind::Audio => check_sound(&folder.join(&asset.path))
            .map_err(|reason| format!("`{}` cannot be played: {reason}", asset.path.display())),
        AssetKind::Image | AssetKind::AnimatedImage | AssetKind::Svg | AssetKind::Font => Ok(()),
    }
}

/// Reads a scene file.
///
/// # Errors
/// Everything that is wrong with what is written in it, a line each.
pub(super) fn read_scene(file: &Path, limits: &Limits) -> Result<SceneDocument, Vec<String>> {
    let text = fs::read_to_string(file).map_err(|error| vec![format!("{}: {}", file.display(), unreadable(&error))])?;
    parse_scene(file, &text, limits)
}

/// Reads the text of a scene file.
///
/// # Errors
/// Everything that is wrong with what is written in it, a line each.
pub(super) fn parse_scene(file: &Path, text: &str, limits: &Limits) -> Result<SceneDocument, Vec<String>> {
    let mut scene = SceneDocument::parse(text, limits)
        .map_err(|faults| faults.iter().map(|fault| format!("{}:{fault}", file.display())).collect::<Vec<_>>())?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // In full, so that its files are found again by who is started from another folder and goes on with the scene.
    scene.folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    Ok(scene)
}

/// Reads the scene that a command works on.
///
/// # Errors
/// It is faulty. What is wrong was told on stderr then; the exit status is left to pass on.
pub(super) fn open_scene(file: &Path, settings: &Settings) -> Result<SceneDocument, ExitCode> {
    let scene = read_scene(file, &Limits { max_layers: settings.max_layers });
    scene.inspect(|scene| tell_notices(file, scene)).map_err(|faults| fail(tell_faults(&faults), 1))
}

/// Reads the scene that a command begins with, and those that its triggers can bring on air.
///
/// # Errors
/// One of them is faulty, or has the name of another. What is wrong was told on stderr then; the exit status is left to
/// pass on.
pub(super) fn open_scenes(
    file: &Path,
    also: &[PathBuf],
    settings: &Settings,
) -> Result<(SceneDocument, HeldScenes), ExitCode> {
    let scene = open_scene(file, settings)?;
    let mut held = HeldScenes::new(SceneId::of_file(file));
    for other in also {
        let id = SceneId::of_file(other);
        if id == held.active || held.others.contains_key(&id) {
            let twice =
                format!("{}: found a second scene `{id}`, expected another name; rename the file", other.display());
            return Err(fail(twice, EXIT_USAGE));
        }
        let put = held.put(id, open_scene(other, settings)?);
        put.map_err(|refused| fail(format!("{}: {refused}", other.display()), EXIT_USAGE))?;
    }
    Ok((scene, held))
}

/// Tells what the author of a scene file should know about it.
pub(super) fn tell_notices(file: &Path, scene: &SceneDocument) {
    for notice in notices(scene) {
        tracing::warn!("{}: {notice}", file.display());
    }
}

/// All that is wrong with a scene, in one text.
pub(super) fn tell_faults(faults: &[String]) -> String {
    match faults {
        [fault] => fault.clone(),
        faults => format!("the scene has {} faults\n\n  {}", faults.len(), faults.join("\n  ")),
    }
}

/// Why a file cannot be read, for people.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read; give this user the right to".to_owned(),
        io::ErrorKind::IsADirectory => "this is a folder; add the name of a file".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text; save it as that".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}
