//! The fonts that text is set in: those of the scene, those that are built in, those of the system, in this order.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use bevy_ecs::resource::Resource;
use components::{
    AssetKind, Paint,
    content::{FontStyle, TextContent, Ticker},
};
use cosmic_text::{
    FontSystem,
    fontdb::{Database, FaceInfo},
};

use super::{
    faces::{DEFAULT_FAMILY, Face, Faces, base, base_faces, database, face, find_family},
    fallback::Fallback,
    glyphs::{GlyphCache, coordinates},
    layout::TextLayout,
    paragraphs::FaceMetrics,
};
use crate::{
    assets::Assets,
    caches::{CacheCounts, TextCaches},
};

/// Texts whose lines are kept, so that measuring and drawing, or drawing at another scale, shapes them once.
const KEPT_LAYOUTS: usize = 64;

/// A font's lines reach no further than this from the baseline, in ems.
const TALLEST: f64 = 8.0;
/// A font's space and figures are no wider than this, in ems.
const WIDEST: f64 = 8.0;

/// The language of the system does not count: the same text must give the same glyphs on every machine with the same
/// fonts.
const LOCALE: &str = "en-US";

/// The fonts, with what was worked out about them.
#[derive(Resource)]
pub struct Fonts {
    pub(super) system: FontSystem,
    pub(super) fallback: Fallback,
    pub(super) glyphs: GlyphCache,
    /// All faces, shared with those who set text elsewhere; see [`Faces`].
    faces: Faces,
    /// Built-in and system faces.
    base: Vec<FaceInfo>,
    /// The font files of the scene.
    scene: Vec<Arc<Vec<u8>>>,
    /// Texts with their lines, the one that was used last in front; see [`layout_key`].
    layouts: VecDeque<SetText>,
    /// How often lines were asked for.
    pub(super) lines: CacheCounts,
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

/// A text, without what its lines do not depend on, and its lines.
#[derive(Clone, Debug)]
pub(crate) struct SetText {
    key: Arc<TextContent>,
    layout: Arc<TextLayout>,
    /// Families that were asked for in vain by then.
    missing: BTreeSet<String>,
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
        let faces = Faces::new(database(&[], &base), None);
        Self { base, ..Self::of(&faces) }
    }

    /// Fonts of these faces, which know nothing of them yet. They are not for [`use_assets`](Self::use_assets).
    #[must_use]
    pub(crate) fn of(faces: &Faces) -> Self {
        let database = faces.database();
        Self {
            fallback: Fallback::new(database),
            system: FontSystem::new_with_locale_and_db(LOCALE.to_owned(), database.clone()),
            glyphs: GlyphCache::default(),
            faces: faces.clone(),
            base: Vec::new(),
            scene: Vec::new(),
            layouts: VecDeque::new(),
            lines: CacheCounts::default(),
            missing: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    /// The faces that they choose from.
    pub(crate) fn faces(&self) -> &Faces {
        &self.faces
    }

    /// Takes in the fonts of the scene. Returns whether they are others than before: all text must be measured and
    /// drawn anew then.
    pub fn use_assets(&mut self, assets: &Assets) -> bool {
        let fonts = assets.fonts();
        let same = fonts.len() == self.scene.len() && fonts.iter().zip(&self.scene).all(|(a, b)| Arc::ptr_eq(a, b));
        let failures = assets.failures();
        let broken = failures.iter().find(|(id, _)| assets.kind(id) == Some(AssetKind::Font));
        let broken = broken.map(|(id, error)| format!("Font `{id}`: {error}"));
        if same && broken.as_deref() == self.faces.broken() {
            return false;
        }
        self.scene = fonts;
        self.renew_with(broken);
        true
    }

    /// What is wrong with a font file of the scene, if a text is to be set in a family that is not there: that file may
    /// be the one that has it.
    pub(super) fn broken_for(&self, content: &TextContent) -> Option<&str> {
        let broken = self.faces.broken()?;
        let spans = content.spans.iter().filter(|span| !span.text.is_empty());
        let mut families = spans.filter_map(|span| span.font.family.as_ref()).chain([&content.font.family]);
        families.any(|name| self.family(name).is_none()).then_some(broken)
    }

    /// Forgets all that was worked out.
    pub(crate) fn renew(&mut self) {
        self.renew_with(self.faces.broken().map(str::to_owned));
    }

    fn renew_with(&mut self, broken: Option<String>) {
        // Faces are numbered anew: nothing that was kept is good any more.
        let faces = Faces::new(database(&self.scene, &self.base), broken);
        let (base, scene) = (std::mem::take(&mut self.base), std::mem::take(&mut self.scene));
        let (told, counts) = (std::mem::take(&mut self.told), self.counts());
        *self = Self { base, scene, told, lines: counts.lines, ..Self::of(&faces) };
        (self.glyphs.counts, self.fallback.counts) = (counts.glyphs, counts.fonts);
    }

    /// Whether there is a family of this name, in any case of letters.
    #[must_use]
    pub fn has_family(&self, name: &str) -> bool {
        find_family(self.system.db(), name).is_some()
    }

    /// The family that a name stands for, if there is one.
    fn family(&self, name: &str) -> Option<String> {
        let database = self.system.db();
        match name.to_ascii_lowercase().as_str() {
            "sans-serif" | "system-ui" => Some(DEFAULT_FAMILY.to_owned()),
            "serif" => find_family(database, "Noto Serif").or_else(|| find_family(database, "DejaVu Serif")),
            "monospace" => {
                find_family(database, "Noto Sans Mono").or_else(|| find_family(database, "DejaVu Sans Mono"))
            }
            _ => find_family(database, name),
        }
    }

    /// The face for a family, weight and style; of the default family if there is none of that name.
    pub(super) fn face(&mut self, name: &str, weight: u16, style: FontStyle) -> Option<Face> {
        let found = match self.family(name) {
            Some(family) => family,
            None => {
                self.missing.insert(name.to_owned());
                DEFAULT_FAMILY.to_owned()
            }
        };
        face(self.system.db(), &found, weight, style)
    }

    /// What stands for a soft hyphen at the end of a line.
    pub(super) fn hyphen(&mut self, face: &Face) -> &'static str {
        let has_hyphen = self.fallback.covers(self.system.db(), face.id, '\u{2010}');
        if has_hyphen { "\u{2010}" } else { "-" }
    }

    /// The measures of a face.
    pub(super) fn metrics(&mut self, face: &Face) -> FaceMetrics {
        let Some(font) = self.system.get_font(face.id, face.weight) else {
            return FaceMetrics {
                ascent: 1.0,
                descent: 0.0,
                underline: -0.1,
                strikeout: 0.3,
                thickness: 0.06,
                space: 0.25,
                zero: 0.5,
            };
        };
        let metrics = font.metrics();
        let em = f64::from(metrics.units_per_em.max(1));
        let lines = font.as_swash().metrics(&[]);
        let lines_em = f64::from(lines.units_per_em.max(1));
        let charmap = font.as_swash().charmap();
        let coordinates = coordinates(font.as_swash(), face.weight);
        let widths = font.as_swash().glyph_metrics(&coordinates);
        let width = |letter: char| (f64::from(widths.advance_width(charmap.map(letter))) / lines_em).clamp(0.0, WIDEST);
        FaceMetrics {
            // Those of damaged files may be anything.
            ascent: (f64::from(metrics.ascent) / em).clamp(-TALLEST, TALLEST),
            descent: (-f64::from(metrics.descent) / em).clamp(-TALLEST, TALLEST),
            underline: f64::from(lines.underline_offset) / lines_em,
            strikeout: f64::from(lines.strikeout_offset) / lines_em,
            thickness: f64::from(lines.stroke_size) / lines_em,
            space: width(' '),
            zero: width('0'),
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
        let known = self.layouts.iter().position(|set| *set.key == key);
        let set = match known.and_then(|at| self.layouts.remove(at)) {
            Some(set) => {
                self.lines.count(true);
                set
            }
            None => {
                self.lines.count(false);
                let layout = Arc::new(TextLayout::new(&key, self));
                SetText { key: Arc::new(key), layout, missing: BTreeSet::new() }
            }
        };
        let layout = Arc::clone(&set.layout);
        self.keep(set);
        layout
    }

    /// The lines of a text, if they are known.
    pub(crate) fn known(&self, content: &TextContent) -> Option<&SetText> {
        let key = layout_key(content);
        self.layouts.iter().find(|set| *set.key == key)
    }

    /// Takes in the lines of a text that fonts of the same faces have set.
    pub(crate) fn keep(&mut self, mut set: SetText) {
        self.missing.append(&mut set.missing);
        self.layouts.truncate(KEPT_LAYOUTS - 1);
        self.layouts.push_front(set);
    }

    /// Sets a text.
    pub(crate) fn set(&mut self, content: &TextContent) -> SetText {
        let layout = self.layout(content);
        SetText { key: Arc::new(layout_key(content)), layout, missing: self.missing.clone() }
    }

    /// How often what was worked out was asked for and was there.
    pub(crate) fn counts(&self) -> TextCaches {
        TextCaches { lines: self.lines, glyphs: self.glyphs.counts, fonts: self.fallback.counts }
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
