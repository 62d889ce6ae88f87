//! The assets of the scene: what has become of each, loading one before it is needed, and letting go of its memory; adding
//! files, and removing what nothing uses.
//!
//! `PUT` of an asset takes the file itself, of the media type that `Content-Type` tells. It goes into the folder `uploads`
//! beside the scene. PNG and WebP files are still pictures unless the query says `type=animatedImage`.

use std::{path::PathBuf, str::FromStr};

use components::{
    AssetDocument, AssetId, AssetKind, Edit,
    document::Fingerprint,
    edit::{DocumentName, EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::{Deserialize as _, Serialize, de::IntoDeserializer as _};
use serde_json::json as object;
use systems::assets::{AssetAction, AssetRefused, AssetStatus};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderValue, Method, StatusCode, header},
    reply::Response,
};

use super::{
    Context, Problem, Request, at_tick, endpoint, files_endpoint, first_of,
    idempotency::{self, Head},
    json,
    openapi::Api,
    paging::{self, Next},
    precondition::{self, Expected},
    request::{Segment, named, new_id},
    upload::{self, Incoming, Upload},
};
use crate::control::uploads::Room;

/// `…/assets`, `…/assets/:id`, `…/assets/:id/load`, `…/assets/:id/unload`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("assets")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("assets" / Segment)).map(named).boxed();
    let load =
        base.clone().and(warp::path!("assets" / Segment / "load")).map(|id| (named(id), AssetAction::Load)).boxed();
    let unload =
        base.clone().and(warp::path!("assets" / Segment / "unload")).map(|id| (named(id), AssetAction::Unload)).boxed();
    first_of([
        endpoint(context, all, "/api/stream/assets", list),
        files_endpoint(context, one, "/api/stream/assets/:id", asset),
        endpoint(context, load, "/api/stream/assets/:id/load", steer),
        endpoint(context, unload, "/api/stream/assets/:id/unload", steer),
    ])
}

pub(super) fn describe(api: &mut Api) {
    api.family("Assets", "The assets of the scene: what has become of each, and steering what is in memory.");
    api.route("/api/stream/assets").on("get", "All assets of the scene", |get| {
        get.answers::<List<'_>>(200, "The assets in the order of the scene").ticks().paged()
    });
    api.route("/api/stream/assets/:id")
        .parameter("id", "logo", "The asset")
        .on("get", "An asset", |get| {
            get.about("Its `ETag` stands for the file and its type, not for what has become of that.")
                .answers::<AssetStatus>(200, "What has become of it")
                .ticks()
                .tagged()
                .refuses(404, "There is no such asset")
        })
        .on("put", "Upload a file as an asset", |put| {
            put.about(
            "The file goes into the folder `uploads` beside the scene. PNG and WebP files are still pictures unless \
             `type` says otherwise.",
        )
        .query("type", &object!({ "enum": ["image", "animatedImage", "svg", "font", "audio"] }), "What it is")
        .file(&upload::media_types())
        .answers::<Edited>(200, "It is an asset of the scene")
        .ticks()
        .tagged()
        .conditional()
        .creates()
        .refuses(404, "`If-Match` was sent, and there is no such asset")
        .refuses(409, "The scene uses the asset as another kind")
        .refuses(503, "Too many files are being uploaded; try again in a moment")
        .refuses(507, "The file cannot be kept beside the scene")
        })
        .on("delete", "Remove an asset that nothing uses", |delete| {
            delete
                .answers::<Edited>(200, "It is gone; so is its file, if it was uploaded and no other scene has it")
                .ticks()
                .conditional()
                .refuses(404, "There is no such asset")
                .refuses(409, "The scene uses it")
        });
    api.route("/api/stream/assets/:id/load").parameter("id", "logo", "The asset").on(
        "post",
        "Load an asset before it is needed",
        |post| {
            post.answers::<AssetStatus>(202, "It is being loaded; what is known of it now")
                .ticks()
                .conditional()
                .refuses(404, "There is no such asset")
        },
    );
    api.route("/api/stream/assets/:id/unload").parameter("id", "logo", "The asset").on(
        "post",
        "Let go of the memory that an asset takes",
        |post| {
            post.answers::<AssetStatus>(200, "What is known of it now")
                .ticks()
                .conditional()
                .refuses(404, "There is no such asset")
                .refuses(409, "A layer that is seen draws from it")
        },
    );
}

/// What `GET …/assets` answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AssetList")]
struct List<'a> {
    /// The tick that it shows.
    tick: u64,
    /// The assets.
    assets: &'a [AssetStatus],
    #[serde(flatten)]
    next: Next,
}

async fn list(context: Context, (): (), request: Request) -> Result<Response, Problem> {
    if !request.reads() {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    request.query.only(&paging::PARAMETERS)?;
    let (tick, assets) = context.engine.assets().await?;
    let (assets, next) = paging::part(&assets, &request.query, |asset| asset.id.as_str())?;
    json(StatusCode::OK, &List { tick, assets, next }).map(|response| at_tick(response, tick))
}

async fn asset(context: Context, id: String, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let mut response = answer(&context, StatusCode::OK, &id).await?;
            let snapshot = context.engine.snapshot().await?;
            if let Some(asset) = snapshot.scene.assets.iter().find(|asset| asset.id.as_str() == id) {
                tag(&mut response, asset);
            }
            Ok(response)
        }
        Method::PUT => upload(&context, id, request).await,
        Method::DELETE => {
            let answers = context.answers.clone();
            idempotency::once(&answers, request, |request| async move { delete(&context, id, &request).await }).await
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, PUT, DELETE")),
    }
}

/// What an edit of the assets answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AssetEdited")]
struct Edited {
    #[serde(flatten)]
    applied: EditApplied,
    /// The asset as it is in the scene; absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<AssetDocument>,
}

/// Makes an answer name the version of an asset. What the answer says of it may change without that, so it is not kept.
fn tag(response: &mut Response, asset: &AssetDocument) {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", Fingerprint::of(asset))) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

async fn upload(context: &Context, id: String, mut request: Request) -> Result<Response, Problem> {
    request.query.only(&["type"])?;
    let id = new_id(&id, "asset", AssetId::new)?;
    let kinds = "`image`, `animatedImage`, `svg`, `font` or `audio`";
    let kind = request.query.value::<Kind>("type", kinds)?.map(|Kind(kind)| kind);
    let upload = Upload::new(id, &request.headers, kind)?;
    let expected = Expected::of(&request)?;
    let head = Head::of(&request)?;
    let room = context.uploads.room(request.address)?;
    let folder = context.engine.snapshot().await?.scene.folder.clone();
    let incoming = Incoming::receive(&mut request, upload, folder).await?;
    let content = incoming.fingerprint();
    let sent = Sent { incoming, expected, address: request.address, room };
    let context = context.clone();
    let answers = context.answers.clone();
    let keeping = async move {
        // On its own, so that no file is left in the folder by a client that does not wait.
        let kept = tokio::spawn(keep(context, sent)).await;
        kept.unwrap_or_else(|error| Err(Problem::unavailable(error.to_string())))
    };
    idempotency::once_of(&answers, head, content, keeping).await
}

/// A file that is all there, and what is asked of the asset before it becomes that.
struct Sent {
    incoming: Incoming,
    expected: Expected,
    address: std::net::IpAddr,
    room: Room,
}

/// Makes a file an asset.
async fn keep(context: Context, sent: Sent) -> Result<Response, Problem> {
    let Sent { incoming, expected, address, room } = sent;
    let (engine, uploads) = (&context.engine, &context.uploads);
    let limit = context.config.settings().await.assets_memory << 20;
    let turn = uploads.looks.take(address).await?;
    let incoming = blocking(move || incoming.check(limit).map(|()| incoming)).await?;
    drop(turn);
    let alone = uploads.alone().await;
    let snapshot = engine.snapshot().await?;
    let folder = incoming.folder().to_owned();
    if snapshot.scene.folder != folder {
        return Err(Problem::unavailable(
            "another scene has come on air, whose files are elsewhere; send the file again",
        ));
    }
    let owner = uploads.owner.clone();
    let asset = blocking(move || incoming.keep(&owner)).await?;
    let before = snapshot.scene.assets.iter().find(|before| before.id == asset.id).map(|before| before.path.clone());
    let document = DocumentName::Asset { id: asset.id.clone() };
    let edit = Edit::PutAsset { asset: asset.clone() };
    let edited = precondition::edit(&context, expected, document, edit, None).await;
    // The one that is not used: the new one if it was refused, else the one before.
    let unused: Option<PathBuf> = if edited.is_ok() { before } else { Some(asset.path.clone()) };
    uploads.tidy_alone(&alone, engine, &folder, unused.into_iter().collect()).await;
    drop((alone, room));
    let applied = edited?;
    let tick = applied.tick;
    let mut response = json(precondition::status(&applied), &Edited { applied, asset: Some(asset.clone()) })?;
    tag(&mut response, &asset);
    Ok(at_tick(response, tick))
}

/// What work on the disk comes to.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Problem::unavailable(error.to_string())))
}

async fn delete(context: &Context, id: String, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let expected = Expected::of(request)?;
    let id = AssetId::new(&id).map_err(|_| EditRejected::UnknownAsset { id, nearest: None })?;
    let snapshot = context.engine.snapshot().await?;
    let before = snapshot.scene.assets.iter().find(|asset| asset.id == id).map(|asset| asset.path.clone());
    let document = DocumentName::Asset { id: id.clone() };
    let applied = precondition::edit(context, expected, document, Edit::DeleteAsset { id }, None).await?;
    context.uploads.tidy(&context.engine, &snapshot.scene.folder, before.into_iter().collect()).await;
    let tick = applied.tick;
    json(StatusCode::OK, &Edited { applied, asset: None }).map(|response| at_tick(response, tick))
}

/// A kind of asset in a query.
struct Kind(AssetKind);

impl FromStr for Kind {
    type Err = serde::de::value::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        AssetKind::deserialize(text.into_deserializer()).map(Self)
    }
}

/// Loading goes on after the answer, which tells what is known of the asset then.
async fn steer(context: Context, (id, action): (String, AssetAction), request: Request) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    request.query.only(&[])?;
    if let (expected, Ok(id)) = (Expected::of(&request)?, AssetId::new(&id)) {
        expected.met(&context, DocumentName::Asset { id }).await?;
    }
    context.engine.steer_asset(id.clone(), action).await??;
    let status = if action == AssetAction::Load { StatusCode::ACCEPTED } else { StatusCode::OK };
    answer(&context, status, &id).await
}

async fn answer(context: &Context, status: StatusCode, id: &str) -> Result<Response, Problem> {
    let (tick, assets) = context.engine.assets().await?;
    let known = || assets.iter().map(|asset| asset.id.as_str());
    let Some(asset) = assets.iter().find(|asset| asset.id.as_str() == id) else {
        let nearest = components::document::nearest(id, known()).map(str::to_owned);
        return Err(AssetRefused::Unknown { id: id.to_owned(), nearest }.into());
    };
    json(status, asset).map(|response| at_tick(response, tick))
}
