//! What is heard: the volume of the mix and its tracks. They can change while the stream runs; tracks whose source
//! stays the same play on.

use components::{
    AudioDocument, TrackDocument,
    document::{Fault, nearest},
};
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
    part::{part, present, put},
};

/// `…/audio`, `…/audio/tracks/:id`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("audio")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("audio" / "tracks" / String)).boxed();
    first_of([
        endpoint(context, all, "/api/stream/audio", part::<AudioDocument>),
        endpoint(context, one, "/api/stream/audio/tracks/:id", track),
    ])
}

/// One track, as if the others were not there.
async fn track(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let snapshot = context.engine.snapshot().await?;
            let track = &snapshot.scene.audio.tracks[index_of(&snapshot.scene.audio, &id)?];
            json(StatusCode::OK, track).map(|response| at_tick(response, snapshot.tick))
        }
        Method::PUT => {
            let at = at(&context, &request)?;
            let new: TrackDocument = body::document(request).await?;
            same_id(&id, &new)?;
            let mut audio: AudioDocument = present(&context).await?;
            let index = index_of(&audio, &id).unwrap_or(audio.tracks.len());
            audio.tracks.splice(index..(index + 1).min(audio.tracks.len()), [new]);
            put(&context, audio, at).await.map_err(|problem| problem.within(&format!("/tracks/{index}")))
        }
        Method::PATCH => {
            let at = at(&context, &request)?;
            let patch = body::patch(request).await?;
            let mut audio: AudioDocument = present(&context).await?;
            let index = index_of(&audio, &id)?;
            let patched: TrackDocument = body::patched(&audio.tracks[index], &patch)?;
            same_id(&id, &patched)?;
            audio.tracks[index] = patched;
            put(&context, audio, at).await.map_err(|problem| problem.within(&format!("/tracks/{index}")))
        }
        Method::DELETE => {
            let at = at(&context, &request)?;
            let mut audio: AudioDocument = present(&context).await?;
            let index = index_of(&audio, &id)?;
            audio.tracks.remove(index);
            put(&context, audio, at).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

fn index_of(audio: &AudioDocument, id: &str) -> Result<usize, Problem> {
    let ids = || audio.tracks.iter().map(|track| track.id.as_str());
    ids().position(|known| known == id).ok_or_else(|| {
        let hint = nearest(id, ids()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Problem::not_found(format!("there is no track `{id}` in the scene{hint}"))
    })
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
