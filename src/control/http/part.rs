//! Parts of the scene beside its layers that are read and written whole: the canvas, the sound.
//!
//! `GET` answers the part itself, which `PUT` takes back unchanged; `PATCH` takes a JSON Merge Patch of it. Answers to
//! edits are `{ "tick": …, "<name>": … }`: the tick whose frame shows the edit first, and the part as it is then.

use components::{AudioDocument, CanvasDocument, Edit, SceneDocument};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json as object;
use warp::{
    http::{Method, StatusCode},
    reply::Response,
};

use super::{Context, Problem, Request, at::at, at_tick, body, json};

/// A part of the scene that is read and written whole.
pub(super) trait HeaderPart: Clone + JsonSchema + Serialize + DeserializeOwned + Send + Sync {
    /// Its key in the scene.
    const NAME: &'static str;

    /// That of a scene.
    fn of(scene: &SceneDocument) -> &Self;

    /// What makes it that of the scene.
    fn edit(self) -> Edit;
}

impl HeaderPart for CanvasDocument {
    const NAME: &'static str = "canvas";

    fn of(scene: &SceneDocument) -> &Self {
        &scene.canvas
    }

    fn edit(self) -> Edit {
        Edit::SetCanvas { canvas: self }
    }
}

impl HeaderPart for AudioDocument {
    const NAME: &'static str = "audio";

    fn of(scene: &SceneDocument) -> &Self {
        &scene.audio
    }

    fn edit(self) -> Edit {
        Edit::SetAudio { audio: self }
    }
}

/// Answers what is asked of a part.
pub(super) async fn part<P: HeaderPart>(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let snapshot = context.engine.snapshot().await?;
            json(StatusCode::OK, P::of(&snapshot.scene)).map(|response| at_tick(response, snapshot.tick))
        }
        Method::PUT => {
            let at = at(&context, &request)?;
            let new: P = body::document(request).await?;
            put(&context, new, at).await
        }
        Method::PATCH => {
            let at = at(&context, &request)?;
            let patch = body::patch(request).await?;
            let present: P = present(&context).await?;
            put(&context, body::patched(&present, &patch)?, at).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, PATCH")),
    }
}

/// A part as it is now.
pub(super) async fn present<P: HeaderPart>(context: &Context) -> Result<P, Problem> {
    Ok(P::of(&context.engine.snapshot().await?.scene).clone())
}

/// Makes this the part of the scene.
pub(super) async fn put<P: HeaderPart>(context: &Context, new: P, at: Option<u64>) -> Result<Response, Problem> {
    let applied = context.engine.edit(vec![new.clone().edit()], at).await?;
    let edited = object!({ "tick": applied.tick, "persisted": applied.persisted, P::NAME: new });
    json(StatusCode::OK, &edited).map(|response| at_tick(response, applied.tick))
}
