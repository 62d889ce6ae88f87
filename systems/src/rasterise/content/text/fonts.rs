//! The fonts that text is set in: those of the scene, those that are built in, those of the system, in this order.

use std::{
    collections::{BTreeSet, VecDeque},
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use bevy_ecs::resource::Resource;
use components::{
    Paint,
    content::{FontStyle, TextContent, Ticker},
};
use cosmic_text::{
    FontSystem,
    fontdb::{Database, FaceInfo, Family, ID, Query, Source, Stretch, Style, Weight},
    skrifa::{FontRef, MetadataProvider, Tag},
};

use super::{fallback::Fallback, glyphs::GlyphCache, layout::TextLayout, paragraphs::FaceMetrics};
use crate::assets::Assets;

/// The family that is built in.
pub(crate) const DEFAULT_FAMILY: &str = "Inter";

/// Its files. Other weights than these four are drawn with the nearest of them.
const BUILT_IN: [&[u8]; 4] = [
    include_bytes!("../../../../assets/fonts/Inter-Regular.otf"),
    include_bytes!("../../../../assets/fonts/Inter-Medium.otf"),
    include_bytes!("../../../../assets/fonts/Inter-SemiBold.otf"),
    include_bytes!("../../../../assets/fonts/Inter-Bold.otf"),
];

/// Texts whose lines are kept, so that measuring and drawing, or drawing at another scale, shapes them once.
const KEPT_LAYOUTS: usize = 64;

/// The language of the system does not count: the same text must give the same glyphs on every machine with the same
/// fonts.
const LOCALE: &str = "en-US";

/// The fonts, with what was worked out about them.
#[derive(Resource)]
pub struct Fonts {
    pub(super) system: FontSystem,
    pub(super) fallback: Fallback,
    pub(super) glyphs: GlyphCache,
    /// Built-in and system faces.
    base: Vec<FaceInfo>,
    /// The font files of the scene.
    scene: Vec<Arc<Vec<u8>>>,
    /// Texts with their lines, the one that was used last in front; see [`layout_key`].
    layouts: VecDeque<(TextContent, Arc<TextLayout>)>,
    /// Families that were asked for in vain.
    missing: BTreeSet<String>,
    /// Those of them that were told of.
    told: BTreeSet<String>,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("faces", &self.system.db().len()).finish_non_exhaustive()
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
fn base(system: &Database) -> Vec<FaceInfo> {
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

impl Fonts {
    /// The built-in fonts and, for what they do not have, those of the system. Their names are read once, which takes a
    /// while.
    #[must_use]
    pub fn new() -> Self {
        Self::with_base(base_faces().to_vec())
    }

    /// The built-in fonts alone. What they do not have is drawn as a replacement character.
    #[must_use]
    pub fn built_in() -> Self {
        Self::with_base(base(&Database::new()))
    }

    fn with_base(base: Vec<FaceInfo>) -> Self {
        let scene = Vec::new();
        let database = database(&scene, &base);
        Self {
            fallback: Fallback::new(&database),
            system: FontSystem::new_with_locale_and_db(LOCALE.to_owned(), database),
            glyphs: GlyphCache::default(),
            base,
            scene,
            layouts: VecDeque::new(),
            missing: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    /// Takes in the fonts of the scene. Returns whether they are others than before: all text must be measured and
    /// drawn anew then.
    pub fn use_assets(&mut self, assets: &Assets) -> bool {
        let fonts = assets.fonts();
        let same = fonts.len() == self.scene.len() && fonts.iter().zip(&self.scene).all(|(a, b)| Arc::ptr_eq(a, b));
        if same {
            return false;
        }
        self.scene = fonts;
        self.renew();
        true
    }

    /// Forgets all that was worked out.
    pub(crate) fn renew(&mut self) {
        let database = database(&self.scene, &self.base);
        // Faces are numbered anew: nothing that was kept is good any more.
        self.fallback = Fallback::new(&database);
        self.system = FontSystem::new_with_locale_and_db(LOCALE.to_owned(), database);
        self.glyphs = GlyphCache::default();
        self.layouts.clear();
        self.missing.clear();
    }

    /// Whether there is a family of this name, in any case of letters.
    #[must_use]
    pub fn has_family(&self, name: &str) -> bool {
        find_family(self.system.db(), name).is_some()
    }

    /// The face for a family, weight and style; of the default family if there is none of that name.
    pub(super) fn face(&mut self, name: &str, weight: u16, style: FontStyle) -> Option<Face> {
        let database = self.system.db();
        let family = match name.to_ascii_lowercase().as_str() {
            "sans-serif" | "system-ui" => Some(DEFAULT_FAMILY.to_owned()),
            "serif" => find_family(database, "Noto Serif").or_else(|| find_family(database, "DejaVu Serif")),
            "monospace" => {
                find_family(database, "Noto Sans Mono").or_else(|| find_family(database, "DejaVu Sans Mono"))
            }
            _ => find_family(database, name),
        };
        let found = match family {
            Some(family) => family,
            None => {
                self.missing.insert(name.to_owned());
                DEFAULT_FAMILY.to_owned()
            }
        };
        face(self.system.db(), &found, weight, style)
    }

    /// The measures of a face.
    pub(super) fn metrics(&mut self, face: &Face) -> FaceMetrics {
        let Some(font) = self.system.get_font(face.id, face.weight) else {
            return FaceMetrics { ascent: 1.0, descent: 0.0, underline: -0.1, strikeout: 0.3, thickness: 0.06 };
        };
        let metrics = font.metrics();
        let em = f64::from(metrics.units_per_em.max(1));
        let lines = font.as_swash().metrics(&[]);
        let lines_em = f64::from(lines.units_per_em.max(1));
        FaceMetrics {
            ascent: f64::from(metrics.ascent) / em,
            descent: -f64::from(metrics.descent) / em,
            underline: f64::from(lines.underline_offset) / lines_em,
            strikeout: f64::from(lines.strikeout_offset) / lines_em,
            thickness: f64::from(lines.stroke_size) / lines_em,
        }
    }

    /// Families that text asked for and that neither the scene nor the system has, in order; that text is set in the
    /// default font.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }

    /// Warns of each family that is missing, once.
    pub fn tell_missing(&mut self) {
        for family in &self.missing {
            if self.told.insert(family.clone()) {
                tracing::warn!(
                    "there is no font family `{family}`: its text is set in {DEFAULT_FAMILY}; correct the name, add \
                     the font's file to the scene's assets, or install it"
                );
            }
        }
    }

    /// The lines of a text; those that were worked out last are kept.
    pub(super) fn layout(&mut self, content: &TextContent) -> Arc<TextLayout> {
        let key = layout_key(content);
        let known = self.layouts.iter().position(|(other, _)| *other == key);
        let entry = match known.and_then(|at| self.layouts.remove(at)) {
            Some(entry) => entry,
            None => {
                let layout = Arc::new(TextLayout::new(&key, self));
                (key, layout)
            }
        };
        let layout = Arc::clone(&entry.1);
        self.layouts.truncate(KEPT_LAYOUTS - 1);
        self.layouts.push_front(entry);
        layout
    }
}

impl Default for Fonts {
    fn default() -> Self {
        Self::new()
    }
}

/// A text without all that its lines do not depend on: what it is painted with, and how much of it is shown.
fn layout_key(content: &TextContent) -> TextContent {
    let mut key = TextContent {
        fill: Paint::default(),
        stroke: None,
        shadow: None,
        reveal: 1.0,
        reveal_letters: None,
        ticker: content.ticker.map(|_| Ticker { speed: 0.0, gap: 0.0, offset: 0.0 }),
        ..content.clone()
    };
    key.spans.iter_mut().for_each(|span| span.fill = None);
    key
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

fn database(scene: &[Arc<Vec<u8>>], base: &[FaceInfo]) -> Database {
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
fn find_family(database: &Database, name: &str) -> Option<String> {
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
