//! What is animated: the parts of a layer, and the sound, whose values can be animated wherever they stand in them.

use super::slots::{Segment, Slots, Visitor};
use crate::{
    audio::{AudioDocument, MasterMix, TrackDocument, TrackMix},
    blend::BlendMode,
    content::Content,
    effects::Effects,
    mask::Mask,
};

/// A part of a layer, or a track of the sound or all of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// What it shows.
    Content,
    /// What is done to its picture.
    Effects,
    /// What of it is seen.
    Mask,
    /// How something is heard.
    Sound,
}

impl Part {
    /// How many there are.
    pub(super) const COUNT: usize = 4;
}

/// What animations can be of.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A layer.
    Layer(Parts<'a>),
    /// A track of the sound.
    Track(TrackMix),
    /// The whole mix.
    Mix(MasterMix),
}

impl<'a, P: Into<Parts<'a>>> From<P> for Subject<'a> {
    fn from(parts: P) -> Self {
        Self::Layer(parts.into())
    }
}

impl From<&TrackDocument> for Subject<'_> {
    fn from(track: &TrackDocument) -> Self {
        Self::Track(track.into())
    }
}

impl From<&AudioDocument> for Subject<'_> {
    fn from(audio: &AudioDocument) -> Self {
        Self::Mix(audio.into())
    }
}

impl Subject<'_> {
    /// Shows every value that can be animated wherever it stands, below the name that its part has in the document; what
    /// stands in the document itself is below none.
    pub(super) fn each(self, show: &mut dyn FnMut(Part, &'static str, &mut dyn Slots)) {
        match self {
            Self::Layer(parts) => parts.each(show),
            Self::Track(mut track) => show(Part::Sound, "", &mut track),
            Self::Mix(mut mix) => show(Part::Sound, "", &mut mix),
        }
    }
}

/// All parts of one layer.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What it shows.
    pub content: &'a Content,
    /// What is done to its picture.
    pub effects: &'a Effects,
    /// What of it is seen, if it has a mask.
    pub mask: Option<&'a Mask>,
    /// How it mixes with what is below.
    pub blend: BlendMode,
    /// Whether it is drawn at all.
    pub visible: bool,
    /// How far in front it stands.
    pub z_index: i32,
}

static NO_EFFECTS: Effects = Effects(Vec::new());

impl<'a> From<&'a Content> for Parts<'a> {
    /// A layer without effects and mask.
    fn from(content: &'a Content) -> Self {
        Self { content, effects: &NO_EFFECTS, mask: None, blend: BlendMode::Normal, visible: true, z_index: 0 }
    }
}

impl Parts<'_> {
    /// Shows every value of every part, below the name that the part has in a layer's document.
    fn each(&self, show: &mut dyn FnMut(Part, &'static str, &mut dyn Slots)) {
        show(Part::Content, "content", &mut self.content.clone());
        if !self.effects.0.is_empty() {
            show(Part::Effects, "effects", &mut self.effects.clone());
        }
        if let Some(mask) = self.mask {
            show(Part::Mask, "mask", &mut mask.clone());
        }
    }
}

impl Slots for Effects {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        for (index, effect) in self.0.iter_mut().enumerate() {
            visitor.within(Segment::Index(index), |visitor| effect.visit(visitor));
        }
    }
}
