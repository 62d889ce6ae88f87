//! What the running service does when its settings change.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::stream;
use crate::{
    config::{Apply, NotApplied, Settings},
    engine::{Document, EngineHandle, Kept, Reconfiguration, ReconfigurationRefused},
    output::EncoderControl,
    telemetry::LogLevelHandle,
};

/// The parts of the service that live settings reach.
pub(super) struct Reconfigure {
    pub(super) engine: EngineHandle,
    pub(super) encoder: EncoderControl,
    /// Absent if no log is written.
    pub(super) log_level: Option<LogLevelHandle>,
}

impl Apply for Reconfigure {
    fn apply<'a>(&'a self, before: &'a Settings, after: &'a Settings) -> BoxFuture<'a, Result<u64, NotApplied>> {
        Box::pin(async move {
            // What can be refused comes first: nothing has happened then.
            let format = stream::format(after);
            let change = Reconfiguration {
                size: (before.stream_resolution != after.stream_resolution).then_some((format.width, format.height)),
                max_layers: (before.max_layers != after.max_layers).then_some(after.max_layers),
            };
            let tick = self.engine.reconfigure(change).await.map_err(|refused| match refused {
                ReconfigurationRefused::TooManyLayers { count } => NotApplied::Value {
                    field: "max_layers",
                    reason: format!("at least `{count}`, the layers of the present scene; remove some first"),
                },
                ReconfigurationRefused::Busy | ReconfigurationRefused::Closed(_) => {
                    NotApplied::Unavailable(refused.to_string())
                }
            })?;
            if before.stream_bitrate != after.stream_bitrate {
                self.encoder.set_bitrate(None, after.stream_bitrate);
            }
            for rendition in after.stream_renditions.iter().filter(|one| !before.stream_renditions.contains(one)) {
                self.encoder.set_bitrate(Some(&rendition.name), rendition.bitrate);
            }
            if before.stream_keyframe_interval != after.stream_keyframe_interval {
                self.encoder.set_keyframe_interval(after.stream_keyframe_interval);
            }
            if let Some(log_level) = self.log_level.as_ref().filter(|_| before.log_level != after.log_level)
                && let Err(error) = log_level.set(after.log_level.as_str())
            {
                tracing::warn!("{error}");
            }
            Ok(tick)
        })
    }

    fn keep<'a>(&'a self, changes: BTreeMap<&'static str, &'a str>) -> BoxFuture<'a, bool> {
        // Maps of text have a value.
        let value = serde_json::to_value(changes).ok().map(Kept::Value);
        Box::pin(self.engine.keep(vec![Document { kind: "config", id: "changes".to_owned(), value }]))
    }
}
