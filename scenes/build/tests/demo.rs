//! The demo's pictures are those that its sources describe.

use std::{fs, path::Path};

use scene_assets::{draw, sources};

/// How far a channel may be off: rounding differs between processors.
const TOLERANCE: u8 = 2;

#[test]
fn the_pictures_of_the_demo_are_drawn_from_its_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/assets");
    let sources = sources(&folder).unwrap();
    assert!(!sources.is_empty());
    let mut bytes = 0;
    for svg in sources {
        let drawn = draw(&svg).unwrap();
        let png = svg.with_extension("png");
        bytes += fs::metadata(&png).unwrap().len();
        let kept = image::open(&png).unwrap().into_rgba8();
        assert_eq!(kept.dimensions(), (drawn.width, drawn.height), "{}: run `make scene-assets`", png.display());
        let near = |(kept, drawn): (&u8, &u8)| kept.abs_diff(*drawn) <= TOLERANCE;
        // The colour of what cannot be seen is not kept.
        let same = |(kept, drawn): (&[u8], &[u8])| drawn[3] == 0 && kept[3] == 0 || kept.iter().zip(drawn).all(near);
        let equal = kept.as_raw().chunks_exact(4).zip(drawn.pixels.chunks_exact(4)).all(same);
        assert!(equal, "{} is not what its source describes: run `make scene-assets`", png.display());
    }
    assert!(bytes < 1_000_000, "the demo's pictures have {bytes} bytes; they should stay below 1 MB");
}
