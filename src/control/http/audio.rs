//! What is heard: the volume of the mix and its tracks, and how loud they are. They can change while the stream runs;
//! tracks whose source stays the same play on.

use components::{
    AudioDocument, Edit, TrackDocument, TrackId,
    document::{Fault, nearest},
    edit::{DocumentName, EditRejected},
};
use serde_json::json as object;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{
    Context, Problem, Request,
    at::at,
    at_tick, body, endpoint, first_of, json,
    openapi::Api,
    part::{self, Answer, part},
    precondition::{self, Expected},
    request::{Segment, named, new_id},
    sound_animations,
};
use crate::engine::Levels;

/// `…/audio`, `…/audio/levels`, `…/audio/tracks/:id`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("audio")).map(|| ()).boxed();
    let levels = base.clone().and(warp::path!("audio" / "levels")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("audio" / "tracks" / Segment)).map(named).boxed();
    first_of([
        endpoint(context, all, "/api/stream/audio", part::<AudioDocument>),
        endpoint(context, levels, "/api/stream/audio/levels", loudness),
        endpoint(context, one, "/api/stream/audio/tracks/:id", track),
        sound_animations::routes(context, base),
    ])
}

pub(super) fn describe(api: &mut Api) {
    let tone = object!({ "id": "music", "volume": 0.5, "source": { "type": "tone", "frequency": 440 } });
    api.family("Audio", "What is heard: the volume of the mix and its tracks.");
    part::describe::<AudioDocument>(api, "/api/stream/audio", "sound", &object!({ "volume": 0.8, "tracks": [tone] }));
    api.route("/api/stream/audio/levels").on("get", "How loud the mix and each track are", |get| {
        get.about(
            "As level meters show it, measured every 10 ms in the mix that is sent. WebSocket clients are told of it \
             twenty times a second if they subscribe to `levels`.",
        )
        .answers::<Levels>(200, "The levels as they are now")
        .ticks()
    });
    api.route("/api/stream/audio/tracks/:id")
        .parameter("id", "music", "The track")
        .on("get", "A track", |get| {
            get.answers::<TrackDocument>(200, "The track's document, as `PUT` takes it")
                .ticks()
                .revalidates()
                .refuses(404, "There is no such track")
        })
        .on("put", "Add a track, or put another document in the place of its own", |put| {
            put.at()
                .body::<TrackDocument>(&tone)
                .answers::<Answer<AudioDocument>>(200, "It is changed")
                .ticks()
                .tagged()
                .conditional()
                .creates()
                .refuses(404, "`If-Match` was sent, and there is no such track")
        })
        .on("patch", "Change parts of a track", |patch| {
            patch
                .at()
                .patch(&object!({ "muted": true }))
                .answers::<Answer<AudioDocument>>(200, "It is changed")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such track")
        })
        .on("delete", "Remove a track", |delete| {
            delete
                .at()
                .answers::<Answer<AudioDocument>>(200, "It is gone")
                .ticks()
                .tagged()
                .conditional()
                .refuses(404, "There is no such track")
                .refuses(409, "A trigger waits for how loud it is")
                .refuses(422, "Another track makes way for it")
        });
    sound_animations::describe(api);
}

/// How loud it is.
async fn loudness(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&[])?;
    let levels = context.engine.levels();
    json(StatusCode::OK, &levels).map(|response| at_tick(response, levels.tick))
}

/// One track, as if the others were not there. Answers to edits are those of the whole sound, and so is their `ETag`.
async fn track(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    if request.reads() {
        request.query.only(&[])?;
        let snapshot = context.engine.snapshot().await?;
        let track = &snapshot.scene.audio.tracks[index_of(&snapshot.scene.audio, &id)?];
        return precondition::answer(&request, track, Some(snapshot.tick));
    }
    let method = request.method.clone();
    if ![Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
        return Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH, DELETE"));
    }
    let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
    // No track can have an id that is none.
    let track = match method {
        Method::PUT => new_id(&id, "track", TrackId::new)?,
        _ => TrackId::new(&id).map_err(|_| unknown(&id, []))?,
    };
    let document = DocumentName::Track { id: track.clone() };
    let edit = match method {
        Method::PUT => {
            let new: TrackDocument = body::document(request).await?;
            same_id(&id, &new)?;
            Edit::PutTrack { track: new }
        }
        Method::PATCH => Edit::PatchTrack { id: track, patch: body::patch(request).await? },
        _ => Edit::DeleteTrack { id: track },
    };
    let look = part::left::<AudioDocument>;
    let (applied, audio) = precondition::edit_and_look(&context, expected, document, edit, at, look).await?;
    part::answer(applied, &audio)
}

pub(super) fn index_of(audio: &AudioDocument, id: &str) -> Result<usize, Problem> {
    let ids = || audio.tracks.iter().map(|track| track.id.as_str());
    ids().position(|known| known == id).ok_or_else(|| unknown(id, ids()))
}

pub(super) fn unknown<'a>(id: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
    EditRejected::UnknownTrack { id: id.to_owned(), nearest: nearest(id, known).map(str::to_owned) }.into()
}

fn same_id(id: &str, track: &TrackDocument) -> Result<(), Problem> {
    if track.id.as_str() == id {
        return Ok(());
    }
    Err(Problem::invalid(vec![Fault {
        place: None,
        pointer: "/id".to_owned(),
        found: format!("`{}`", track.id),
        expected: format!("`{id}`, the id in the path: a track's id stays"),
        nearest: None,
    }]))
}
