//! The faces that there are, and which of them is meant by a family, a weight and a style.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use components::content::FontStyle;
use cosmic_text::{
    fontdb::{Database, FaceInfo, Family, ID, Query, Source, Stretch, Style, Weight},
    skrifa::{FontRef, MetadataProvider, Tag},
};

/// The family that is built in.
pub(crate) const DEFAULT_FAMILY: &str = "Inter";

/// Its files. Other weights than these four are drawn with the nearest of them.
const BUILT_IN: [&[u8]; 4] = [
    include_bytes!("../../../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../../../assets/fonts/Inter-Medium.otf"),
    include_bytes!("../../../../assets/fonts/Inter-SemiBold.otf"),
    include_bytes!("../../../../assets/fonts/Inter-Bold.otf"),
];

/// Faces that fonts choose from. Fonts of the same faces number them alike, so that what one of them has set the other
/// can draw.
#[derive(Clone, Debug)]
pub(crate) struct Faces(Arc<Set>);

#[derive(Debug)]
struct Set {
    database: Database,
    /// What is wrong with a font file of the scene that cannot be used, if there is one.
    broken: Option<String>,
}

impl Faces {
    pub(super) fn new(database: Database, broken: Option<String>) -> Self {
        Self(Arc::new(Set { database, broken }))
    }

    /// Whether these are the very same.
    pub(crate) fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(super) fn broken(&self) -> Option<&str> {
        self.0.broken.as_deref()
    }
}

/// A face that was chosen, as cosmic-text wants it to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) id: ID,
    pub(super) family: String,
    pub(super) weight: Weight,
    pub(super) style: Style,
    pub(super) stretch: Stretch,
}

/// The built-in faces and those of `system`, in the order in which they are chosen from.
pub(super) fn base(system: &Database) -> Vec<FaceInfo> {
    let mut built_in = Database::new();
    for file in BUILT_IN {
        built_in.load_font_source(Source::Binary(Arc::new(file)));
    }
    let mut base: Vec<FaceInfo> = built_in.faces().cloned().collect();
    // A copy of the built-in family that is installed, perhaps of another version, must not get before it.
    let mut installed: Vec<FaceInfo> =
        system.faces().filter(|face| !base.iter().any(|own| same_face(own, face))).cloned().collect();
    // Folders list their files in any order, and where two fonts serve, the first is taken.
    installed.sort_by_cached_key(|face| (file(face), face.index));
    base.extend(installed);
    base
}

/// The built-in faces and those of the system.
pub(crate) fn base_faces() -> &'static [FaceInfo] {
    static BASE: LazyLock<Vec<FaceInfo>> = LazyLock::new(|| {
        let mut database = Database::new();
        database.load_system_fonts();
        base(&database)
    });
    &BASE
}

fn same_face(a: &FaceInfo, b: &FaceInfo) -> bool {
    let family = |face: &FaceInfo| face.families.first().map(|(name, _)| name.clone());
    family(a) == family(b) && a.weight == b.weight && a.style == b.style
}

fn file(face: &FaceInfo) -> Option<PathBuf> {
    match &face.source {
        Source::File(path) | Source::SharedFile(path, _) => Some(path.clone()),
        Source::Binary(_) => None,
    }
}

pub(super) fn database(scene: &[Arc<Vec<u8>>], base: &[FaceInfo]) -> Database {
    let mut database = Database::new();
    for file in scene {
        database.load_font_source(Source::Binary(Arc::clone(file) as _));
    }
    for face in base {
        database.push_face_info(face.clone());
    }
    database.set_sans_serif_family(DEFAULT_FAMILY);
    database
}

/// The name of a family as the fonts themselves write it.
pub(super) fn find_family(database: &Database, name: &str) -> Option<String> {
    database
        .faces()
        .flat_map(|face| &face.families)
        .find(|(family, _)| family.eq_ignore_ascii_case(name))
        .map(|(family, _)| family.clone())
}

/// The face of a family that is nearest to a weight and style, by CSS's rules.
pub(super) fn face(database: &Database, family: &str, weight: u16, style: FontStyle) -> Option<Face> {
    let style = match style {
        FontStyle::Normal => Style::Normal,
        FontStyle::Italic => Style::Italic,
        FontStyle::Oblique => Style::Oblique,
    };
    let query = Query { families: &[Family::Name(family)], weight: Weight(weight), stretch: Stretch::Normal, style };
    let id = database.query(&query)?;
    let found = database.face(id)?;
    let weight = variable_weight(database, id, weight).unwrap_or(found.weight);
    // The style that is wanted: a face without it is slanted.
    Some(Face { id, family: family.to_owned(), weight, style, stretch: found.stretch })
}

/// The weight of a variable font that is nearest to `weight`; `None` if the font has one weight.
fn variable_weight(database: &Database, id: ID, weight: u16) -> Option<Weight> {
    database.with_face_data(id, |bytes, index| {
        let axis = FontRef::from_index(bytes, index).ok()?.axes().get_by_tag(Tag::new(b"wght"))?;
        Some(Weight(f32::from(weight).clamp(axis.min_value(), axis.max_value()) as u16))
    })?
}
