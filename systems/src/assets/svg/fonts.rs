//! The fonts of text in vector pictures: those that text layers have.
//!
//! usvg brings another version of the font database than cosmic-text. What was found out about the fonts is carried
//! over, nothing is read again; a font's file is read when the first picture uses it.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock, OnceLock},
};

use cosmic_text::{
    fontdb as known,
    skrifa::{FontRef, MetadataProvider},
};
use resvg::usvg::{
    FontResolver,
    fontdb::{Database, FaceInfo, ID, Language, Source, Stretch, Style, Weight},
};

use crate::rasterise::content::text::faces::{DEFAULT_FAMILY, base_faces};

/// The fonts for the pictures of one scene.
pub(super) struct SvgFonts {
    pub(super) database: Arc<Database>,
    /// The built-in and system faces, as the one database and as the other knows them.
    base: Arc<Vec<(ID, known::ID)>>,
}

/// A font file that is read when it is needed, and then kept as long as the program runs.
struct FontFile {
    path: PathBuf,
    bytes: OnceLock<Vec<u8>>,
}

impl AsRef<[u8]> for FontFile {
    fn as_ref(&self) -> &[u8] {
        // A font that has gone has no letters.
        self.bytes.get_or_init(|| std::fs::read(&self.path).unwrap_or_default())
    }
}

/// The built-in and system faces.
struct Base {
    faces: Vec<(FaceInfo, known::ID)>,
    known: known::Database,
}

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let mut database = known::Database::new();
    let mut faces = Vec::new();
    for face in base_faces() {
        faces.push((carried_over(face), database.push_face_info(face.clone())));
    }
    Base { faces, known: database }
});

impl SvgFonts {
    /// The fonts of the scene, then those that are built in, then those of the system.
    pub(super) fn new(scene: &[Arc<Vec<u8>>]) -> Self {
        let mut database = Database::new();
        for file in scene {
            database.load_font_source(Source::Binary(Arc::clone(file) as _));
        }
        let base = BASE.faces.iter().map(|(face, id)| (database.push_face_info(face.clone()), *id)).collect();
        database.set_sans_serif_family(DEFAULT_FAMILY);
        database.set_serif_family("Noto Serif");
        database.set_monospace_family("Noto Sans Mono");
        Self { database: Arc::new(database), base: Arc::new(base) }
    }

    /// Chooses fonts by their family; for a letter that these do not have, the first that has it.
    pub(super) fn resolver(&self) -> FontResolver<'static> {
        let base = Arc::clone(&self.base);
        FontResolver {
            select_font: FontResolver::default_font_selector(),
            // usvg's own would read every font of the system for one letter.
            select_fallback: Box::new(move |letter, used, _| {
                let has_letter = |(id, known): &&(ID, known::ID)| {
                    let maps = |bytes: &[u8], index: u32| {
                        FontRef::from_index(bytes, index).is_ok_and(|font| font.charmap().map(letter).is_some())
                    };
                    !used.contains(id) && BASE.known.with_face_data(*known, maps).unwrap_or(false)
                };
                base.iter().find(has_letter).map(|(id, _)| *id)
            }),
        }
    }
}

fn carried_over(face: &known::FaceInfo) -> FaceInfo {
    let source = match &face.source {
        known::Source::Binary(bytes) | known::Source::SharedFile(_, bytes) => Source::Binary(Arc::clone(bytes)),
        known::Source::File(path) => Source::Binary(Arc::new(FontFile { path: path.clone(), bytes: OnceLock::new() })),
    };
    FaceInfo {
        id: ID::dummy(),
        source,
        index: face.index,
        families: face.families.iter().map(|(name, _)| (name.clone(), Language::English_UnitedStates)).collect(),
        post_script_name: face.post_script_name.clone(),
        style: match face.style {
            known::Style::Normal => Style::Normal,
            known::Style::Italic => Style::Italic,
            known::Style::Oblique => Style::Oblique,
        },
        weight: Weight(face.weight.0),
        stretch: stretch(face.stretch.to_number()),
        monospaced: face.monospaced,
    }
}

/// The width with this number in OpenType's list, 1 to 9.
fn stretch(number: u16) -> Stretch {
    match number {
        1 => Stretch::UltraCondensed,
        2 => Stretch::ExtraCondensed,
        3 => Stretch::Condensed,
        4 => Stretch::SemiCondensed,
        6 => Stretch::SemiExpanded,
        7 => Stretch::Expanded,
        8 => Stretch::ExtraExpanded,
        9 => Stretch::UltraExpanded,
        _ => Stretch::Normal,
    }
}
