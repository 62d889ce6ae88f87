//! The outputs: those of the settings, what was changed of them, and changing them while the stream runs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::stream;
use crate::{
    config::{
        self, AdaptiveDocument, Carry, LiveOutputs, MOST_OUTPUTS, Output, OutputId, OutputOptions, RetryDocument,
        Settings, SplitDocument, ThumbnailsDocument,
    },
    engine::{Document, EngineHandle, Kept},
    output::{self, OutputControl, OutputsError, OutputsHandle, ReconnectPolicy, Split, Thumbnails, live::LiveStore},
};

/// The kind of the documents that keep what was changed.
pub(super) const KIND: &str = "output";

/// What is done when the peer of an output is lost, where nothing else is said.
pub(super) fn retry(settings: &Settings) -> RetryDocument {
    RetryDocument { attempts: settings.muxer_retry_attempts, delay: settings.muxer_retry_delay.as_secs_f64() }
}

/// The outputs that the settings name: to the platform, else for viewers of this service if they can play what is encoded, and to all other destinations.
///
/// # Errors
/// A name that cannot be one.
pub(super) fn given(settings: &Settings) -> Result<BTreeMap<OutputId, Output>, String> {
    let live = config::Destination::live();
    let first = match &settings.stream_url {
        Some(url) => Some(("stream".to_owned(), url.clone())),
        None if settings.muxer_outputs.contains(&live) => None,
        None => settings.codecs().fit(&live).is_ok().then_some(("live".to_owned(), live)),
    };
    let more = settings.muxer_outputs.iter().enumerate();
    let more = more.map(|(index, destination)| (format!("output-{}", index + 1), destination.clone()));
    let output = |destination: config::Destination| {
        let adaptive = settings.stream_min_bitrate.filter(|_| destination.is_url());
        let adaptive = adaptive.map(|min_bitrate| AdaptiveDocument { min_bitrate });
        let options = OutputOptions { adaptive, ..OutputOptions::default() };
        Output { destination, enabled: true, retry: retry(settings), options }
    };
    let named = |(id, destination)| Ok((OutputId::new(id).map_err(|error| error.to_string())?, output(destination)));
    first.into_iter().chain(more).map(named).collect()
}

/// The names of the further sizes in which outputs can send the stream.
pub(super) fn renditions(settings: &Settings) -> Vec<String> {
    settings.stream_renditions.iter().map(|rendition| rendition.name.clone()).collect()
}

/// Outputs that run.
pub(super) struct Sending {
    pub(super) running: OutputsHandle,
    /// The way for people to change them.
    pub(super) outputs: LiveOutputs,
    /// What `/live/` shows, if one of them sends there.
    pub(super) live: Arc<LiveStore>,
}

/// Starts the outputs that are `present`, whose changes since the settings had `given` them are known. They show `slate`
/// while nothing is drawn for long.
///
/// # Errors
/// Nothing can be sent.
pub(super) fn start(
    settings: &Settings,
    engine: &EngineHandle,
    given: BTreeMap<OutputId, Output>,
    present: BTreeMap<OutputId, Output>,
    slate: Option<output::Slate>,
) -> Result<Sending, String> {
    let live = Arc::new(LiveStore::new());
    let making = Making { live: Arc::clone(&live), queue_frames: settings.muxer_max_queue_size as u64 };
    let outputs = present
        .iter()
        .map(|(id, output)| Ok((id.to_string(), making.output(output)?)))
        .collect::<Result<Vec<_>, String>>()?;
    let encoder = stream::encoder(settings);
    let (renditions_made, waiting) = (stream::renditions(settings), settings.pipeline_max_queue_size);
    let running =
        output::run(engine, encoder, renditions_made, outputs, waiting, slate).map_err(|error| error.to_string())?;
    let steering = Steering { engine: engine.clone(), control: running.control(), making };
    let outputs =
        LiveOutputs::new(given, present, retry(settings), settings.codecs(), renditions(settings), Box::new(steering));
    Ok(Sending { running, outputs, live })
}

/// From what is set to what is sent with.
struct Making {
    live: Arc<LiveStore>,
    queue_frames: u64,
}

impl Making {
    fn output(&self, output: &Output) -> Result<output::Output, String> {
        Ok(output::Output {
            destination: self.destination(output)?,
            policy: self.policy(&output.retry),
            is_enabled: output.enabled,
            min_bitrate: min_bitrate(output),
            rendition: output.options.rendition.clone(),
        })
    }

    fn destination(&self, output: &Output) -> Result<output::Destination, String> {
        let Output { destination, options, .. } = output;
        if *destination == config::Destination::live() {
            return Ok(output::Destination::Live { store: Arc::clone(&self.live) });
        }
        let parsed = destination.expose().parse();
        let mut destination = parsed.map_err(|error: output::DestinationError| error.to_string())?;
        match &mut destination {
            output::Destination::File { split, .. } => *split = options.split.map(split_of).unwrap_or_default(),
            output::Destination::Thumbnails { settings, .. } => {
                *settings = thumbnails_of(options.thumbnails.unwrap_or_default());
            }
            _ => {}
        }
        Ok(destination)
    }

    fn policy(&self, retry: &RetryDocument) -> ReconnectPolicy {
        let first = Duration::try_from_secs_f64(retry.delay).unwrap_or(ReconnectPolicy::default().first);
        ReconnectPolicy {
            first,
            longest: ReconnectPolicy::default().longest.max(first),
            attempts: retry.attempts,
            queue_frames: self.queue_frames,
            ..ReconnectPolicy::default()
        }
    }
}

fn min_bitrate(output: &Output) -> Option<u32> {
    output.options.adaptive.map(|adaptive| adaptive.min_bitrate)
}

fn split_of(document: SplitDocument) -> Split {
    let every = document.seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, at most a million")]
    let bytes = document.megabytes.map(|megabytes| (megabytes * 1e6) as u64);
    Split { every, bytes }
}

fn thumbnails_of(document: ThumbnailsDocument) -> Thumbnails {
    let every = Duration::try_from_secs_f64(document.seconds).unwrap_or(Thumbnails::default().every);
    Thumbnails { every, width: document.width, keep: document.keep }
}

/// Carries out what people change.
struct Steering {
    engine: EngineHandle,
    control: OutputControl,
    making: Making,
}

impl Carry for Steering {
    fn carry(&self, id: &OutputId, before: Option<&Output>, after: Option<&Output>) -> Result<(), String> {
        let (id, words) = (id.as_str(), |error: OutputsError| error.to_string());
        let (before, after) = match (before, after) {
            (_, None) => return self.control.remove(id).map_err(words),
            (None, Some(after)) => {
                let running = self.control.running();
                if running >= MOST_OUTPUTS {
                    return Err(format!(
                        "{running} outputs run, with those that were removed and still finish, which is as many as may; \
                         try again in a moment"
                    ));
                }
                return self.control.add(id, self.making.output(after)?).map_err(words);
            }
            (Some(before), Some(after)) => (before, after),
        };
        // The one thing that can be refused comes first.
        let is_elsewhere = before.destination != after.destination || !before.options.goes_on_with(&after.options);
        let elsewhere = is_elsewhere.then(|| self.making.destination(after));
        let elsewhere = elsewhere.transpose()?;
        self.control.set_policy(id, self.making.policy(&after.retry)).map_err(words)?;
        self.control.set_min_bitrate(id, min_bitrate(after)).map_err(words)?;
        if !after.enabled {
            self.control.stop(id).map_err(words)?;
        }
        if let Some(destination) = elsewhere {
            self.control.aim(id, destination, after.options.rendition.clone()).map_err(words)?;
        }
        if after.enabled && !before.enabled { self.control.start(id).map_err(words) } else { Ok(()) }
    }

    fn try_again(&self, id: &OutputId) -> Result<(), String> {
        self.control.start(id.as_str()).map_err(|error| error.to_string())
    }

    fn keep(&self, id: &OutputId, changes: Option<Value>) -> BoxFuture<'_, bool> {
        let document = Document { kind: KIND, id: id.to_string(), value: changes.map(Kept::Value) };
        Box::pin(self.engine.keep(vec![document]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn the_bitrate_follows_the_link_to_every_server_and_to_nothing_else() {
        let variables = [
            ("STREAM_URL", "rtmp://live.example/app/key"),
            ("MUXER_OUTPUTS", "rtmp://other.example/app/key,srt://third.example:9000,show.mkv"),
            ("STREAM_MIN_BITRATE", "800"),
        ];
        let environment = variables.map(|(name, value)| (name.into(), value.into())).to_vec();
        let settings = config::load(&Sources { environment, ..Sources::default() }).unwrap().settings;
        let outputs = given(&settings).unwrap();
        let least: Vec<_> = outputs.values().map(min_bitrate).collect();
        assert_eq!(
            outputs.keys().map(OutputId::as_str).collect::<Vec<_>>(),
            ["output-1", "output-2", "output-3", "stream"]
        );
        assert_eq!(least, [Some(800), Some(800), None, Some(800)]);
    }
}
