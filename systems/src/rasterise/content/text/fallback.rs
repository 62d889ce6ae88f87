//! Which font a letter is set in when the one that was asked for does not have it.
//!
//! cosmic-text has a fall-back of its own, but it takes fonts of exactly the wanted weight before those that serve
//! the script, puts black and white emoji first where DejaVu is installed, and reads every font of the system where
//! none of those serves. So text comes to it with a font for each letter.

use std::{collections::HashMap, ops::Range};

use components::content::FontStyle;
use cosmic_text::{
    fontdb::{Database, ID},
    skrifa::{FontRef, MetadataProvider},
};

use super::faces::{Face, face};
use crate::caches::CacheCounts;

/// What is drawn for a letter that no font has.
const REPLACEMENT: char = '\u{fffd}';
/// Asks for the colour form of the letter before it.
const EMOJI_FORM: char = '\u{fe0f}';
/// Asks for the form of the letter before it that is a sign among others.
const SIGN_FORM: char = '\u{fe0e}';
/// Makes one picture of the two that it stands between.
const JOINER: char = '\u{200d}';

/// What a letter is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// In colours, even if another font has it.
    Picture,
    /// In the font of the text, else as the best font has it.
    Either,
    /// In one colour, unless only a font of emoji has it.
    Sign,
}

impl Form {
    /// As UTS 51, chapter 2 has it. `joined` is whether the letter is one picture with that before it.
    fn of(letter: char, next: Option<char>, joined: bool) -> Self {
        match next {
            Some(EMOJI_FORM) => Self::Picture,
            Some(SIGN_FORM) => Self::Sign,
            _ if joined || is_pictograph(letter) => Self::Picture,
            _ if is_shown_as_emoji(letter) => Self::Either,
            _ => Self::Sign,
        }
    }
}

/// Which form of Han letters is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Han {
    Chinese,
    Japanese,
    Korean,
}

impl Han {
    /// Kana are Japanese, Hangul is Korean.
    pub(super) fn of(text: &str) -> Self {
        let kana = |c: char| ('\u{3040}'..='\u{30ff}').contains(&c);
        let hangul = |c: char| ('\u{1100}'..='\u{11ff}').contains(&c) || ('\u{ac00}'..='\u{d7af}').contains(&c);
        if text.chars().any(kana) {
            Self::Japanese
        } else if text.chars().any(hangul) {
            Self::Korean
        } else {
            Self::Chinese
        }
    }

    fn family(self) -> &'static str {
        match self {
            Self::Chinese => "Noto Sans CJK SC",
            Self::Japanese => "Noto Sans CJK JP",
            Self::Korean => "Noto Sans CJK KR",
        }
    }
}

/// Families by how well they serve as fall-back, and what was found out about them.
pub(super) struct Fallback {
    /// All families, the best first, each with a face whose letters stand for the family's.
    families: Vec<(String, ID)>,
    /// The family that has a letter, as an index.
    found: HashMap<(char, Form, Han), Option<usize>>,
    covers: HashMap<(ID, char), bool>,
    /// The faces of families by weight: to look for one takes longer than to shape a letter.
    faces: HashMap<(usize, u16), Option<Face>>,
    /// How often it was asked whether a font has a letter.
    pub(super) counts: CacheCounts,
}

impl Fallback {
    pub(super) fn new(database: &Database) -> Self {
        let mut families: Vec<(String, ID)> = Vec::new();
        let mut names: Vec<&String> =
            database.faces().filter_map(|face| face.families.first()).map(|(name, _)| name).collect();
        names.sort_by_key(|name| (rank(name), name.as_str()));
        names.dedup();
        for name in names {
            if let Some(face) = face(database, name, 400, FontStyle::Normal) {
                families.push((name.clone(), face.id));
            }
        }
        Self {
            families,
            found: HashMap::new(),
            covers: HashMap::new(),
            faces: HashMap::new(),
            counts: CacheCounts::default(),
        }
    }

    /// Cuts a text into runs of one font each, as `primary` does not have all letters. Letters that no font has are
    /// replaced in `text`. `han` is what the whole paragraph asks for.
    pub(super) fn itemise(
        &mut self,
        database: &Database,
        text: &mut String,
        primary: &Face,
        han: Han,
    ) -> Vec<(Range<usize>, Face)> {
        let mut runs: Vec<(Range<usize>, Face)> = Vec::new();
        let mut output = String::with_capacity(text.len());
        let mut letters = text.chars().peekable();
        // The fall-back family that the letter before is set in.
        let mut before: Option<usize> = None;
        let mut is_joined = false;
        while let Some(letter) = letters.next() {
            let form = Form::of(letter, letters.peek().copied(), is_joined);
            let joins = is_joining(letter);
            let (letter, family) = if joins {
                // Marks, joiners and selectors belong to the letter that they follow.
                (letter, before)
            } else {
                self.choose(database, letter, form, primary, before, han)
            };
            before = family;
            is_joined = letter == JOINER && family.is_some_and(|family| is_emoji(&self.families[family].0));

            let start = output.len();
            output.push(letter);
            let chosen = family.and_then(|family| {
                let weight = primary.weight.0;
                let find = || face(database, &self.families[family].0, weight, FontStyle::Normal);
                let found = self.faces.entry((family, weight)).or_insert_with(find).as_ref()?;
                Some(Face { style: primary.style, ..found.clone() })
            });
            let chosen = chosen.unwrap_or_else(|| primary.clone());
            match runs.last_mut() {
                Some((range, face)) if *face == chosen => range.end = output.len(),
                _ => runs.push((start..output.len(), chosen)),
            }
        }
        *text = output;
        runs
    }

    /// The fall-back family for a letter, `None` for the primary font; and the letter, replaced if no font has it.
    fn choose(
        &mut self,
        database: &Database,
        letter: char,
        form: Form,
        primary: &Face,
        before: Option<usize>,
        han: Han,
    ) -> (char, Option<usize>) {
        if letter.is_control() || letter.is_whitespace() {
            return (letter, None);
        }
        if form == Form::Picture {
            let emoji = self.families.iter().position(|(name, _)| is_emoji(name));
            if let Some(emoji) = emoji.filter(|family| self.covers(database, self.families[*family].1, letter)) {
                return (letter, Some(emoji));
            }
        }
        if self.covers(database, primary.id, letter) {
            return (letter, None);
        }
        let serves = |family: &usize| form != Form::Sign || !is_emoji(&self.families[*family].0);
        if let Some(same) = before.filter(serves)
            && self.covers(database, self.families[same].1, letter)
        {
            return (letter, Some(same));
        }
        let found = match self.found.get(&(letter, form, han)) {
            Some(found) => *found,
            None => {
                let found = self.find(database, letter, form, han);
                self.found.insert((letter, form, han), found);
                found
            }
        };
        match found {
            Some(family) => (letter, Some(family)),
            None => (REPLACEMENT, None),
        }
    }

    fn find(&self, database: &Database, letter: char, form: Form, han: Han) -> Option<usize> {
        let preferred = self.families.iter().position(|(name, _)| name == han.family());
        let best = self.families.iter().position(|(name, _)| rank(name) > 1).unwrap_or(self.families.len());
        // Before the families for one script each, whose fonts have a few common letters too.
        let order = (0..best).chain(preferred).chain(best..self.families.len());
        let mut order: Vec<usize> = order.collect();
        if form == Form::Sign {
            // Emoji last, those of one colour before those of many.
            let kind = |family: &usize| match self.families[*family].0.as_str() {
                name if !is_emoji(name) => 0,
                name => 1 + u8::from(name.contains("Color")),
            };
            order.sort_by_key(kind);
        }
        order.into_iter().find(|family| has_letter(database, self.families[*family].1, letter))
    }

    pub(super) fn covers(&mut self, database: &Database, face: ID, letter: char) -> bool {
        match self.covers.get(&(face, letter)) {
            Some(covers) => {
                self.counts.count(true);
                *covers
            }
            None => {
                self.counts.count(false);
                let covers = has_letter(database, face, letter);
                self.covers.insert((face, letter), covers);
                covers
            }
        }
    }
}

fn has_letter(database: &Database, face: ID, letter: char) -> bool {
    let found = database.with_face_data(face, |bytes, index| {
        FontRef::from_index(bytes, index).ok().and_then(|font| font.charmap().map(letter))
    });
    found.flatten().is_some()
}

/// Lower serves better.
fn rank(family: &str) -> u8 {
    let plain = !["Mono", "Serif", "Naskh", "Nastaliq", "Kufi", "Condensed"].iter().any(|kind| family.contains(kind));
    match family {
        "Noto Sans" => 0,
        _ if is_emoji(family) && family.contains("Color") => 1,
        _ if family.starts_with("Noto Sans") && plain => 2,
        "DejaVu Sans" => 3,
        _ if is_emoji(family) => 6,
        _ if plain => 4,
        _ => 5,
    }
}

fn is_emoji(family: &str) -> bool {
    family.contains("Emoji")
}

/// Whether a letter is a picture first and a sign second.
fn is_pictograph(letter: char) -> bool {
    ('\u{1f000}'..='\u{1faff}').contains(&letter)
}

/// Whether other letters too are pictures where nothing is said: `Emoji_Presentation` of Unicode's `emoji-data.txt`, as
/// far as [`is_pictograph`] does not have them.
fn is_shown_as_emoji(letter: char) -> bool {
    matches!(letter,
        '\u{231a}'..='\u{231b}' | '\u{23e9}'..='\u{23ec}' | '\u{23f0}' | '\u{23f3}' | '\u{25fd}'..='\u{25fe}'
        | '\u{2614}'..='\u{2615}' | '\u{2648}'..='\u{2653}' | '\u{267f}' | '\u{2693}' | '\u{26a1}'
        | '\u{26aa}'..='\u{26ab}' | '\u{26bd}'..='\u{26be}' | '\u{26c4}'..='\u{26c5}' | '\u{26ce}' | '\u{26d4}'
        | '\u{26ea}' | '\u{26f2}'..='\u{26f3}' | '\u{26f5}' | '\u{26fa}' | '\u{26fd}' | '\u{2705}'
        | '\u{270a}'..='\u{270b}' | '\u{2728}' | '\u{274c}' | '\u{274e}' | '\u{2753}'..='\u{2755}' | '\u{2757}'
        | '\u{2795}'..='\u{2797}' | '\u{27b0}' | '\u{27bf}' | '\u{2b1b}'..='\u{2b1c}' | '\u{2b50}' | '\u{2b55}')
}

/// Whether a letter has no font of its own but follows the one before: marks, joiners, selectors, skin tones, tags.
pub(super) fn is_joining(letter: char) -> bool {
    matches!(letter,
        '\u{0300}'..='\u{036f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e01ef}' | '\u{00ad}')
}
