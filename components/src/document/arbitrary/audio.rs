//! Sound.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::motion::sound_animation;
use crate::{
    animation::{Animation, Animations},
    asset::{AssetDocument, AssetId, AssetKind},
    audio::{AudioDocument, AudioSource, Ducking, Playlist, Tone, TrackDocument, TrackId, Waveform},
};

/// Tracks of every kind; playlists name no assets yet.
pub fn audio() -> BoxedStrategy<AudioDocument> {
    let waveform = select(vec![Waveform::Sine, Waveform::Square, Waveform::Triangle, Waveform::Sawtooth]);
    let tone =
        (1.0..20_000.0, waveform).prop_map(|(frequency, waveform)| AudioSource::Tone(Tone { frequency, waveform }));
    let files = any::<bool>().prop_map(|looped| AudioSource::Files(Playlist { assets: Vec::new(), looped }));
    let times = (0.0..3.0, 0.0..3.0, 0.0..1.0);
    let duck = (0.0..40.0, -60.0..0.0, 0.001..1.0, 0.001..2.0);
    let animations = || option::weighted(0.3, vec(sound_animation(), 1..3));
    let track = (prop_oneof![tone, files], 0.0..4.0, any::<bool>(), times, option::weighted(0.3, duck), animations());
    (0.0..4.0, animations(), vec(track, 0..4))
        .prop_map(|(volume, animations, tracks)| {
            let id = |number: usize| TrackId::new(format!("track-{number}")).ok();
            let count = tracks.len();
            let track = |(number, track)| {
                let (source, volume, muted, (fade_in, fade_out, delay), duck, animations) = track;
                let duck: Option<(f64, f64, f64, f64)> = duck;
                let animations: Option<Vec<Animation>> = animations;
                let duck = duck.filter(|_| count > 1).and_then(|(amount, threshold, attack, release)| {
                    Some(Ducking { by: vec![id((number + 1) % count)?], amount, threshold, attack, release })
                });
                Some(TrackDocument {
                    volume,
                    muted,
                    fade_in,
                    fade_out,
                    delay,
                    duck,
                    animations: Animations(animations.unwrap_or_default()),
                    ..TrackDocument::new(id(number)?, source)
                })
            };
            AudioDocument {
                volume,
                animations: Animations(animations.unwrap_or_default()),
                tracks: tracks.into_iter().enumerate().filter_map(track).collect(),
            }
        })
        .boxed()
}

/// Has the playlists play every sound that there is; without any, they become tones.
pub(super) fn with_sounds_of(mut audio: AudioDocument, assets: &[AssetDocument]) -> AudioDocument {
    let sounds = assets.iter().filter(|asset| asset.kind == AssetKind::Audio).map(|asset| asset.id.clone());
    let sounds: Vec<AssetId> = sounds.collect();
    for track in &mut audio.tracks {
        match &mut track.source {
            AudioSource::Files(_) if sounds.is_empty() => track.source = AudioSource::Tone(Tone::default()),
            AudioSource::Files(playlist) => playlist.assets.clone_from(&sounds),
            AudioSource::Tone(_) => {}
        }
    }
    audio
}
