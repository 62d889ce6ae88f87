//! How the stream is doing.

use schemars::JsonSchema;
use serde::Serialize;
use warp::{Filter, filters::BoxedFilter, http::StatusCode, reply::Response};

use super::{Context, Problem, Request, at_tick, endpoint, json, openapi::Api};
use crate::engine::{EncoderStatus, EngineHandle, FileFault, OutputStatus, Shedding, StoreStatus, Transport};

/// `GET …/status`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let path = base.clone().and(warp::path!("status")).map(|| ()).boxed();
    endpoint(context, path, "/api/stream/status", status)
}

pub(super) fn describe(api: &mut Api) {
    api.family("Stream", "How the stream is doing; on air, off air, standing still; the current picture.");
    api.route("/api/stream/status")
        .on("get", "How the stream is doing", |get| get.answers::<Status>(200, "The stream as it is now").ticks());
}

async fn status(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let status = Status::of(&context.engine);
    json(StatusCode::OK, &status).map(|response| at_tick(response, status.tick))
}

/// The stream as it is now.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::control) struct Status {
    /// Whether it is on air; a paused stream is.
    is_live: bool,
    /// What it is doing.
    state: Transport,
    /// Frames of the last second that were drawn.
    fps: f64,
    /// Frames that there should be in a second.
    #[serde(rename = "targetFPS")]
    target_fps: u32,
    /// Frames that were drawn since the start.
    frame_count: u64,
    /// Frames that were due and did not go out.
    dropped_frames: u64,
    /// Milliseconds that a frame takes, over the last second.
    average_render_time: f64,
    /// WebSocket clients.
    connected_clients: u64,
    /// Layers of the scene.
    layer_count: u64,
    /// Seconds since the start.
    uptime: f64,
    /// The size of its frames.
    resolution: Resolution,
    /// The tick that ran last.
    tick: u64,
    /// What is drawn less carefully, or not at all, since the machine does not keep up.
    shedding: Shedding,
    /// What encodes it; absent before there is anything to encode for.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<EncoderStatus>,
    /// What encodes it in further sizes.
    renditions: Vec<EncoderStatus>,
    /// Where it goes.
    outputs: Vec<OutputStatus>,
    /// What keeps the state; absent if nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<StoreStatus>,
    /// Files that were saved and are not, or not wholly, in force as they are now.
    file_faults: Vec<FileFault>,
}

/// Size of the picture in pixels.
#[derive(Serialize, JsonSchema)]
struct Resolution {
    /// Pixels.
    width: usize,
    /// Pixels.
    height: usize,
}

impl Status {
    pub(in crate::control) fn of(engine: &EngineHandle) -> Self {
        let (stats, format, state) = (engine.stats(), engine.format(), *engine.transport().borrow());
        Self {
            is_live: state != Transport::Stopped,
            state,
            fps: stats.fps,
            target_fps: format.fps,
            frame_count: stats.frames,
            dropped_frames: stats.dropped_frames,
            average_render_time: stats.average_render_time.as_secs_f64() * 1e3,
            connected_clients: engine.clients(),
            layer_count: stats.layer_count,
            uptime: stats.uptime.as_secs_f64(),
            resolution: Resolution { width: format.width, height: format.height },
            tick: stats.tick,
            shedding: stats.shedding,
            encoder: engine.encoder(),
            renditions: engine.encoders().into_iter().filter(|encoder| encoder.rendition.is_some()).collect(),
            outputs: engine.outputs(),
            store: engine.store(),
            file_faults: engine.file_faults(),
        }
    }
}
