//! What is heard: the volume of the mix and its tracks. They can change while the stream runs; tracks whose source
//! stays the same play on.

use components::{AudioDocument, Edit, TrackDocument, document::nearest};
use serde::Serialize;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at_tick, body, endpoint, first_of, json, layers::when};

/// `…/audio`, `…/audio/tracks/:id`
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("audio")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("audio" / "tracks" / String)).boxed();
    first_of([
        endpoint(context, all, "/api/stream/audio", audio),
        endpoint(context, one, "/api/stream/audio/tracks/:id", track),
    ])
}

async fn audio(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let snapshot = context.engine.snapshot().await?;
            json(StatusCode::OK, &snapshot.scene.audio).map(|response| at_tick(response, snapshot.tick))
        }
        Method::PUT => {
            let at = at(&context, &request)?;
            let audio = body::document(request).await?;
            carry_out(&context, audio, at).await
        }
        Method::PATCH => {
            let at = at(&context, &request)?;
            let patch = body::patch(request).await?;
            let present = present(&context).await?;
            carry_out(&context, body::patched(&present, &patch)?, at).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH")),
    }
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
            let mut audio = present(&context).await?;
            same_id(&id, &new)?;
            match index_of(&audio, &id) {
                Ok(index) => audio.tracks[index] = new,
                Err(_) => audio.tracks.push(new),
            }
            carry_out(&context, audio, at).await
        }
        Method::PATCH => {
            let at = at(&context, &request)?;
            let patch = body::patch(request).await?;
            let mut audio = present(&context).await?;
            let index = index_of(&audio, &id)?;
            let patched: TrackDocument = body::patched(&audio.tracks[index], &patch)?;
            same_id(&id, &patched)?;
            audio.tracks[index] = patched;
            carry_out(&context, audio, at).await
        }
        Method::DELETE => {
            let at = at(&context, &request)?;
            let mut audio = present(&context).await?;
            let index = index_of(&audio, &id)?;
            audio.tracks.remove(index);
            carry_out(&context, audio, at).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

async fn present(context: &Context) -> Result<AudioDocument, Problem> {
    Ok(context.engine.snapshot().await?.scene.audio.clone())
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
    Err(Problem::bad_request(format!("/id: found `{}`, expected `{id}`: a track's id stays", track.id)))
}

fn at(context: &Context, request: &Request) -> Result<Option<u64>, Problem> {
    request.query.only(&["at"])?;
    when(context, request)
}

/// What an edit of the sound answers.
#[derive(Serialize)]
struct Edited {
    tick: u64,
    audio: AudioDocument,
}

async fn carry_out(context: &Context, audio: AudioDocument, at: Option<u64>) -> Result<Response, Problem> {
    let applied = context.engine.edit(vec![Edit::SetAudio(audio.clone())], at).await?;
    json(StatusCode::OK, &Edited { tick: applied.tick, audio }).map(|response| at_tick(response, applied.tick))
}
