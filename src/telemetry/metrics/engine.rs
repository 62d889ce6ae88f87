//! What the engine knows already.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::sheet::{Count, Sheet};
use crate::engine::{
    EncodeTimes, EncoderState, EncoderStatus, EngineHandle, OutputErrorKind, OutputState, OutputStatus, TrackLevel,
    Transport,
};

/// Asks the engine at each scrape.
pub(super) struct EngineCollector(pub(super) EngineHandle);

impl fmt::Debug for EngineCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineCollector")
    }
}

/// How long frames took to be encoded, as a histogram.
struct Encoded(EncodeTimes);

impl EncodeMetric for Encoded {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = EncodeTimes::BOUNDS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(self.0.counts).collect();
        let count = self.0.counts.iter().sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.total.as_secs_f64(), count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl Collector for EngineCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (stats, outputs) = (self.0.stats(), self.0.outputs());
        let live = *self.0.transport().borrow() != Transport::Stopped;
        let mut out = Sheet(&mut encoder);
        out.gauge("stream_live", "1 on air, paused included, 0 off air", u64::from(live))?;
        out.gauge("stream_fps", "Ticks per second over the last second", stats.fps)?;
        out.gauge("stream_target_fps", "Frames per second as configured", u64::from(self.0.format().fps))?;
        out.gauge("stream_layers", "Layers of the scene, groups included", stats.layer_count)?;
        out.gauge("stream_uptime_seconds", "Time since the engine started", stats.uptime.as_secs_f64())?;
        out.gauge("websocket_clients", "Connected WebSocket clients", self.0.clients())?;
        out.metric("stream_frames", "Ticks that ran", &ConstCounter::new(stats.frames))?;
        let dropped = ConstCounter::new(stats.dropped_frames);
        out.metric("stream_dropped_frames", "Ticks that were due and left out", &dropped)?;

        out.gauge(
            "stream_shedding_level",
            "Steps by which the load is reduced, 0 for none",
            stats.shedding.level as u64,
        )?;
        let changes = ConstCounter::new(stats.shedding_changes);
        out.metric("stream_shedding_changes", "Times a step was taken down or up", &changes)?;
        let shed = ConstCounter::new(stats.shed_frames);
        out.metric("stream_shed_frames", "Frames left out to draw the others in time", &shed)?;

        let faults = self.0.file_faults().len();
        out.gauge("file_faults", "Files that were saved and are not in force as they are", faults as u64)?;

        if let Some(store) = self.0.store() {
            out.gauge("store_connected", "1 while the store takes changes", u64::from(store.connected))?;
            out.gauge("store_pending", "Changes that are not in the store yet", store.pending)?;
            let commits = ConstCounter::new(store.commits);
            out.metric("store_commits", "Groups of changes that were written", &commits)?;
            out.metric("store_errors", "Times that writing failed", &ConstCounter::new(store.errors))?;
        }

        let levels = self.0.levels();
        let (peak, rms) = levels.master.loudest();
        out.gauge("audio_master_peak_dbfs", "Peak of what goes out, of the louder channel", peak)?;
        out.gauge("audio_master_rms_dbfs", "Root mean square of what goes out, of the louder channel", rms)?;
        let track = |value: fn(&TrackLevel) -> f64| {
            levels.tracks.iter().map(move |track| (track.id.as_str(), ConstGauge::new(value(track)))).collect()
        };
        let peaks: Vec<_> = track(|track| track.level.loudest().0);
        out.family(("audio_track_peak_dbfs", "Peak of a track, of the louder channel"), "track", peaks)?;
        let means: Vec<_> = track(|track| track.level.loudest().1);
        out.family(("audio_track_rms_dbfs", "Root mean square of a track, of the louder channel"), "track", means)?;

        let started = outputs.iter().filter(|output| output.state == OutputState::Started).count();
        out.gauge("muxer_active_outputs", "Outputs to which pictures go out", started as u64)?;
        let each = |value: fn(&OutputStatus) -> u64| {
            outputs.iter().map(move |output| (output.id.as_str(), ConstCounter::new(value(output)))).collect::<Vec<_>>()
        };
        let level = |value: fn(&OutputStatus) -> f64| {
            outputs.iter().map(move |output| (output.id.as_str(), ConstGauge::new(value(output)))).collect::<Vec<_>>()
        };
        let label = "output";
        out.family(("output_bytes", "Encoded bytes handed to an output"), label, each(|o| o.bytes))?;
        out.family(("output_dropped_frames", "Frames an output left out"), label, each(|o| o.dropped_frames))?;
        out.family(("output_reconnects", "Times an output got its peer back"), label, each(|o| o.reconnects))?;
        let up = level(|o| f64::from(o.state == OutputState::Started));
        out.family(("output_up", "1 while pictures go out to an output"), label, up)?;
        let stalled = level(|o| f64::from(o.is_stalled));
        out.family(("output_stalled", "1 while an output takes nothing of what waits for it"), label, stalled)?;
        let refused = level(|o| f64::from(o.is_held_off_by(OutputErrorKind::Refused)));
        let help = "1 while an output's peer says that it does not want the stream";
        out.family(("output_refused", help), label, refused)?;
        let turned_away = level(|o| f64::from(o.is_held_off_by(OutputErrorKind::TurnedAway)));
        let help = "1 while an output's peer closes the connection as soon as the stream begins, as with a wrong key";
        out.family(("output_turned_away", help), label, turned_away)?;
        out.family(("output_bitrate", "Kilobits a second handed to an output"), label, level(|o| o.bitrate))?;
        #[expect(clippy::cast_precision_loss, reason = "some hundred frames")]
        let queued = level(|o| o.queued_frames as f64);
        out.family(("muxer_queue_size", "Encoded frames that wait for an output"), label, queued)?;
        let help = "Time of the stream that waits beyond that, in the system that sends or on a way that is too slow";
        out.family(("output_link_delay_seconds", help), label, level(|o| o.link_delay))?;
        // Their names are fixed, and `_total` is what Prometheus expects: both are there.
        for name in ["muxer_errors", "muxer_errors_total"] {
            let errors = outputs.iter().map(|output| (output.id.as_str(), Count(output.errors))).collect();
            out.family((name, "Times something went wrong with an output"), label, errors)?;
        }

        let encoders = self.0.encoders();
        let others: Vec<_> = encoders.iter().filter(|encoder| encoder.rendition.is_some()).collect();
        let label = "rendition";
        let of = |value: fn(&EncoderStatus) -> f64| {
            let name = |one: &EncoderStatus| one.rendition.clone().unwrap_or_default();
            others.iter().copied().map(|one| (name(one), value(one))).collect::<Vec<_>>()
        };
        for (name, help, value) in [
            (
                "rendition_fps",
                "Frames of a further size over the last second",
                (|one| one.fps) as fn(&EncoderStatus) -> f64,
            ),
            ("rendition_bitrate", "Kilobits a second of a further size", |one| one.bitrate),
            #[expect(clippy::cast_precision_loss, reason = "some frames")]
            ("rendition_queue_size", "Frames that the encoder of a further size holds", |one| one.queued_frames as f64),
            ("rendition_up", "1 while a further size is encoded", |one| f64::from(one.state == EncoderState::Running)),
        ] {
            let values = of(value);
            let values = values.iter().map(|(name, gauge)| (name.as_str(), ConstGauge::new(*gauge))).collect();
            out.family((name, help), label, values)?;
        }

        let counted = |count: fn(&EncoderStatus) -> u64| {
            let of = |one| ConstCounter::new(count(one));
            others.iter().copied().map(|one| (one.rendition.as_deref().unwrap_or_default(), of(one))).collect()
        };
        let help = "Frames of a further size that its encoder did not take in time, or lost as it failed";
        out.family(("rendition_dropped_frames", help), label, counted(|one| one.dropped_frames))?;
        let help = "Times the encoder of a further size was started again after a failure";
        out.family(("rendition_restarts", help), label, counted(|one| one.restarts))?;

        let times =
            others.iter().map(|one| (one.rendition.as_deref().unwrap_or_default(), Encoded(one.times))).collect();
        out.family(
            ("rendition_seconds", "Time from giving a frame of a further size to its encoder to its coming out"),
            label,
            times,
        )?;

        let Some(encoder) = self.0.encoder() else { return Ok(()) };
        let help = "Time from giving a frame to the encoder, room for it waited for, to its coming out";
        out.metric("encoder_seconds", help, &Encoded(encoder.times))?;
        // Where only further sizes are sent, that of the stream's own has nothing to do, and all is well.
        let at_work: Vec<_> = encoders.iter().filter(|encoder| encoder.state != EncoderState::Idle).collect();
        let sound = encoder.sound.as_ref();
        let up = !at_work.is_empty() && at_work.iter().all(|encoder| encoder.state == EncoderState::Running);
        let up = up && !sound.is_some_and(|sound| sound.is_silent || sound.state == EncoderState::Restarting);
        out.gauge(
            "encoder_up",
            "1 while all that is sent is encoded: pictures of all sizes, and sound",
            u64::from(up),
        )?;
        if let Some(sound) = sound {
            let up = u64::from(sound.state == EncoderState::Running && !sound.is_silent);
            out.gauge("audio_encoder_up", "1 while the sound is encoded, 0 too while nobody sends any", up)?;
        }
        let fps = at_work.iter().map(|encoder| encoder.fps).min_by(f64::total_cmp).unwrap_or(0.0);
        let help = "Frames that came out over the last second, of that size that is sent of which the fewest did";
        out.gauge("encoder_fps", help, fps)?;
        out.gauge("encoder_bitrate", "Kilobits a second of video that came out over the last second", encoder.bitrate)?;
        let target = u64::from(encoder.target_bitrate);
        out.gauge("encoder_target_bitrate", "Kilobits a second that are to come out", target)?;
        let full = u64::from(encoder.full_bitrate);
        out.gauge("encoder_full_bitrate", "Kilobits a second that come out when no link is too slow", full)?;
        out.gauge("encoder_queue_size", "Frames that the encoder holds", encoder.queued_frames)?;
        let lost = Count(encoder.dropped_frames + stats.missed_frames);
        for name in ["encoder_dropped_frames", "encoder_dropped_frames_total"] {
            out.metric(name, "Frames that it did not take in time, or lost as it failed", &lost)?;
        }
        let repeated = ConstCounter::new(encoder.repeated_frames);
        out.metric("encoder_repeated_frames", "Frames that repeat the last picture, for want of a new one", &repeated)?;
        out.metric(
            "encoder_restarts",
            "Times it was started again after a failure",
            &ConstCounter::new(encoder.restarts),
        )
    }
}
