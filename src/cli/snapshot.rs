//! `stream-manager snapshot SCENE --out PNG`

use std::process::ExitCode;

use image::{RgbaImage, imageops::FilterType};

use super::{
    EXIT_USAGE, SnapshotArgs,
    check::open_scenes,
    fail,
    offline::{Offline, tell_of},
    settings, start_logging,
};
use crate::output::not_writable;

/// Draws one moment of a scene into a PNG file.
#[must_use]
pub fn snapshot(args: &SnapshotArgs) -> ExitCode {
    let settings = match settings(&args.settings) {
        Ok(loaded) => loaded.settings,
        Err(faults) => return fail(faults, EXIT_USAGE),
    };
    let _ = start_logging(&settings, None);
    let scenes = match open_scenes(&args.file, &args.also, &settings) {
        Ok(scenes) => scenes,
        Err(refused) => return refused,
    };
    let drawn = Offline::load(scenes, &settings, (args.variant.as_ref(), args.clock)).and_then(|mut scene| {
        tell_of(&scene.tick(1, args.at.as_secs_f64())?);
        Ok(scene.picture())
    });
    let picture = match drawn {
        Ok(picture) => picture,
        Err(refused) => return fail(refused, 1),
    };
    let Some(mut image) = RgbaImage::from_raw(picture.width, picture.height, picture.data) else {
        return fail("the picture has not the size that it says", 1);
    };
    if let Some(width) = args.width.filter(|width| *width != image.width()) {
        let height = (u64::from(image.height()) * u64::from(width)).div_ceil(u64::from(image.width())).max(1);
        #[expect(clippy::cast_possible_truncation, reason = "both sides are at most 3840 times 3840")]
        let height = height as u32;
        image = image::imageops::resize(&image, width, height, FilterType::CatmullRom);
    }
    // A stream has no alpha, and neither has its picture.
    let image = image::DynamicImage::ImageRgba8(image).into_rgb8();
    match image.save_with_format(&args.out, image::ImageFormat::Png) {
        Ok(()) => ExitCode::SUCCESS,
        Err(image::ImageError::IoError(error)) => fail(not_writable(&args.out, &error), 1),
        Err(error) => fail(format!("`{}` cannot be written: {error}", args.out.display()), 1),
    }
}
