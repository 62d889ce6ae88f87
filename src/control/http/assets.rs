//! The assets of the scene: what has become of each, loading one before it is needed, and letting go of its memory; adding
//! files, and removing what nothing uses.
//!
//! `PUT` of an asset takes the file itself, of the media type that `Content-Type` tells. It goes into the folder `uploads`
//! beside the scene. PNG and WebP files are still pictures unless the query says `type=animatedImage`.

use std::{path::PathBuf, str::FromStr};

use components::{
    AssetDocument, AssetId, AssetKind, Edit,
    edit::{EditApplied, EditRejected},
};
use schemars::JsonSchema;
use serde::{Deserialize as _, Serialize, de::IntoDeserializer as _};
use serde_json::json as object;
use systems::assets::{AssetAction, AssetRefused, AssetStatus};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{Method, StatusCode},
    reply::Response,
};

use super::{
    Context, Problem, Request, at_tick, body, endpoint, first_of, json,
    openapi::Api,
    paging::{self, Next},
    upload::{self, Upload, discard},
};

/// `…/assets`, `…/assets/:id`, `…/assets/:id/load`, `…/assets/:id/unload`.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let all = base.clone().and(warp::path!("assets")).map(|| ()).boxed();
    let one = base.clone().and(warp::path!("assets" / String)).boxed();
    let load = base.clone().and(warp::path!("assets" / String / "load")).map(|id| (id, AssetAction::Load)).boxed();
    let unload =
        base.clone().and(warp::path!("assets" / String / "unload")).map(|id| (id, AssetAction::Unload)).boxed();
    first_of([
        endpoint(context, all, "/api/stream/assets", list),
        endpoint(context, one, "/api/stream/assets/:id", asset),
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
            get.answers::<AssetStatus>(200, "What has become of it").ticks().refuses(404, "There is no such asset")
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
        .refuses(409, "The scene uses the asset as another kind")
        .refuses(507, "The file cannot be kept beside the scene")
        })
        .on("delete", "Remove an asset that nothing uses", |delete| {
            delete
                .answers::<Edited>(200, "It is gone; so is its file, if it was uploaded and no other scene has it")
                .ticks()
                .refuses(404, "There is no such asset")
                .refuses(409, "The scene uses it")
        });
    api.route("/api/stream/assets/:id/load").parameter("id", "logo", "The asset").on(
        "post",
        "Load an asset before it is needed",
        |post| {
            post.answers::<AssetStatus>(202, "It is being loaded; what is known of it now")
                .ticks()
                .refuses(404, "There is no such asset")
        },
    );
    api.route("/api/stream/assets/:id/unload").parameter("id", "logo", "The asset").on(
        "post",
        "Let go of the memory that an asset takes",
        |post| {
            post.answers::<AssetStatus>(200, "What is known of it now")
                .ticks()
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
            answer(&context, StatusCode::OK, &id).await
        }
        Method::PUT => upload(&context, id, request).await,
        Method::DELETE => delete(&context, id, &request).await,
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

async fn upload(context: &Context, id: String, request: Request) -> Result<Response, Problem> {
    request.query.only(&["type"])?;
    let id = AssetId::new(&id).map_err(|error| {
        let found: String = id.chars().take(80).collect();
        Problem::not_found(format!("found the asset `{found}`, {error}"))
    })?;
    let kinds = "`image`, `animatedImage`, `svg`, `font` or `audio`";
    let kind = request.query.value::<Kind>("type", kinds)?.map(|Kind(kind)| kind);
    let upload = Upload::new(id, &request.headers, kind)?;
    let bytes = body::file(request).await?;
    let folder = context.engine.snapshot().await?.scene.folder.clone();
    let limit = context.config.settings().await.assets_memory << 20;
    let keeping = tokio::task::spawn_blocking({
        let folder = folder.clone();
        move || upload.keep(&folder, &bytes, limit)
    });
    let asset = keeping.await.map_err(|error| Problem::unavailable(error.to_string()))??;
    let before = present(context, &asset.id).await?;
    let edited = context.engine.edit(vec![Edit::PutAsset { asset: asset.clone() }], None).await;
    // The one that is not used: the new one if it was refused, else the one before.
    let unused = if edited.is_ok() { before.map(|before| before.path) } else { Some(asset.path.clone()) };
    tidy(context, unused, folder).await?;
    let applied = edited?;
    let tick = applied.tick;
    json(StatusCode::OK, &Edited { applied, asset: Some(asset) }).map(|response| at_tick(response, tick))
}

async fn delete(context: &Context, id: String, request: &Request) -> Result<Response, Problem> {
    request.query.only(&[])?;
    let id = AssetId::new(&id).map_err(|_| EditRejected::UnknownAsset { id, nearest: None })?;
    let folder = context.engine.snapshot().await?.scene.folder.clone();
    let before = present(context, &id).await?;
    let applied = context.engine.edit(vec![Edit::DeleteAsset { id }], None).await?;
    tidy(context, before.map(|before| before.path), folder).await?;
    let tick = applied.tick;
    json(StatusCode::OK, &Edited { applied, asset: None }).map(|response| at_tick(response, tick))
}

/// The asset of this id as it is in the scene.
async fn present(context: &Context, id: &AssetId) -> Result<Option<AssetDocument>, Problem> {
    let snapshot = context.engine.snapshot().await?;
    Ok(snapshot.scene.assets.iter().find(|asset| asset.id == *id).cloned())
}

/// Removes an uploaded file, if no scene uses it.
async fn tidy(context: &Context, file: Option<PathBuf>, folder: PathBuf) -> Result<(), Problem> {
    let Some(file) = file else { return Ok(()) };
    let (snapshot, held) = context.engine.scenes().await?;
    let removing = tokio::task::spawn_blocking(move || {
        discard(&file, &folder, held.others.values().map(AsRef::as_ref).chain([&snapshot.scene]));
    });
    removing.await.map_err(|error| Problem::unavailable(error.to_string()))
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
