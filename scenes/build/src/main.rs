//! `scene-assets FOLDER…` draws every SVG file of the folders into a PNG file beside it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use scene_assets::{DrawError, sources, write_png};

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        eprintln!("usage: scene-assets FOLDER…");
        return ExitCode::from(2);
    }
    match folders.iter().try_for_each(|folder| draw_folder(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn draw_folder(folder: &Path) -> Result<(), DrawError> {
    for svg in sources(folder)? {
        let (png, bytes) = write_png(&svg)?;
        println!("{} ({} KiB)", png.display(), bytes.div_ceil(1024));
    }
    Ok(())
}
