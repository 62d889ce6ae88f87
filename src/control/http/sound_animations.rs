//! The animations of single tracks and of the whole mix: added, removed and steered as those of layers are.

use components::{
    AudioDocument, Edit, TrackId,
    animation::Animation,
    edit::{DocumentName, EditApplied},
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
    animations::{self, List, Rate, Seek, Steered},
    at::at,
    at_tick,
    audio::{index_of, unknown},
    body, endpoint, first_of, json,
    openapi::Api,
    part::{self, Answer},
    precondition::{self, Expected},
};

const OF_TRACK: &str = "/api/stream/audio/tracks/:id/animations";
const ONE_OF_TRACK: &str = "/api/stream/audio/tracks/:id/animations/:index";
const OF_MIX: &str = "/api/stream/audio/animations";
const ONE_OF_MIX: &str = "/api/stream/audio/animations/:index";

/// What can be asked of an animation: how that is called, its routes for tracks and the mix, and what it does.
const VERBS: [(&str, &str, &str, &str); 7] = [
    (
        "play",
        "/api/stream/audio/tracks/:id/animations/:index/play",
        "/api/stream/audio/animations/:index/play",
        "Play an animation of the sound: on from where it stands, or from its beginning if it is at its end or was \
         cancelled",
    ),
    (
        "pause",
        "/api/stream/audio/tracks/:id/animations/:index/pause",
        "/api/stream/audio/animations/:index/pause",
        "Let an animation of the sound stand still",
    ),
    (
        "reverse",
        "/api/stream/audio/tracks/:id/animations/:index/reverse",
        "/api/stream/audio/animations/:index/reverse",
        "Play an animation of the sound backwards",
    ),
    (
        "restart",
        "/api/stream/audio/tracks/:id/animations/:index/restart",
        "/api/stream/audio/animations/:index/restart",
        "Play an animation of the sound from its beginning",
    ),
    (
        "seek",
        "/api/stream/audio/tracks/:id/animations/:index/seek",
        "/api/stream/audio/animations/:index/seek",
        "Set an animation of the sound to another time",
    ),
    (
        "rate",
        "/api/stream/audio/tracks/:id/animations/:index/rate",
        "/api/stream/audio/animations/:index/rate",
        "Change how fast an animation of the sound plays, on top of its `speed`",
    ),
    (
        "cancel",
        "/api/stream/audio/tracks/:id/animations/:index/cancel",
        "/api/stream/audio/animations/:index/cancel",
        "Take an animation's effect on the sound back until it is played again; its document stays",
    ),
];

/// A track as a path names it; the whole mix if `None`.
type Whose = Option<String>;

/// `…/audio/animations`, `…/audio/tracks/:id/animations`, and what is below them.
pub(super) fn routes(context: &Context, base: &BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let mix = base.clone().and(warp::path!("audio" / "animations" / ..)).map(|| None::<String>).boxed();
    let track = base.clone().and(warp::path!("audio" / "tracks" / String / "animations" / ..)).map(Some).boxed();
    let below = |whose: &BoxedFilter<(Whose,)>, all, one, verbs: [(&'static str, &'static str); 7]| {
        let list = whose.clone().and(warp::path::end()).boxed();
        let place = whose.clone().and(warp::path::param::<String>());
        let single = place.clone().and(warp::path::end()).map(|whose: Whose, index: String| (whose, index)).boxed();
        let misspelt = place.clone().and(warp::path::param::<String>()).and(warp::path::end());
        let verbs = verbs.map(|(verb, route)| {
            let path = place.clone().and(warp::path(verb)).and(warp::path::end());
            let path = path.map(move |whose: Whose, index: String| (whose, index, verb)).boxed();
            endpoint(context, path, route, steer)
        });
        first_of([
            endpoint(context, list, all, of_one),
            endpoint(context, single, one, remove),
            first_of(verbs),
            endpoint(context, misspelt.map(|_, _, verb: String| verb).boxed(), "animations", animations::unknown_verb),
        ])
    };
    first_of([
        below(&mix, OF_MIX, ONE_OF_MIX, VERBS.map(|(verb, _, route, _)| (verb, route))),
        below(&track, OF_TRACK, ONE_OF_TRACK, VERBS.map(|(verb, route, ..)| (verb, route))),
    ])
}

pub(super) fn describe(api: &mut Api) {
    describe_of(api, true, OF_TRACK, ONE_OF_TRACK, VERBS.map(|(verb, route, _, about)| (verb, route, about)));
    describe_of(api, false, OF_MIX, ONE_OF_MIX, VERBS.map(|(verb, _, route, about)| (verb, route, about)));
}

fn describe_of(
    api: &mut Api,
    is_track: bool,
    all: &'static str,
    one: &'static str,
    verbs: [(&'static str, &'static str, &'static str); 7],
) {
    const MISSING: &str = "There is no such track, or no such animation";
    const PLACE: &str = "Its place in the list of animations, from 0";
    const NO_TRACK: &str = "There is no such track";
    let fade = object!({ "property": "volume", "to": 0.25, "duration": 1.5, "easing": "easeOut" });
    let whose = if is_track { "a track" } else { "the whole mix" };
    let mut list = api.route(all);
    if is_track {
        list = list.parameter("id", "music", "The track");
    }
    list.on("get", &format!("Where each animation of {whose} stands"), |get| {
        let get = get.answers::<List<'_>>(200, "The animations in the order of the document").ticks();
        if is_track { get.refuses(404, NO_TRACK) } else { get }
    })
    .on(
        "post",
        &format!("Add an animation to those of {whose}, at the end of their list. It begins then"),
        |post| {
            let post =
                post.at().body::<Animation>(&fade).answers::<Answer<AudioDocument>>(201, "The sound as it is now");
            let post = post.ticks().tagged().conditional();
            if is_track { post.refuses(404, NO_TRACK) } else { post }
        },
    );
    let mut single = api.route(one);
    if is_track {
        single = single.parameter("id", "music", "The track");
    }
    single.parameter("index", "0", PLACE).on(
        "delete",
        &format!("Remove an animation from those of {whose}. The others go on"),
        |delete| {
            let delete = delete.at().answers::<Answer<AudioDocument>>(200, "The sound as it is now");
            delete.ticks().tagged().conditional().refuses(404, MISSING)
        },
    );
    for (verb, route, summary) in verbs {
        let mut route = api.route(route);
        if is_track {
            route = route.parameter("id", "music", "The track");
        }
        route.parameter("index", "0", PLACE).on("post", summary, |post| {
            let post = post.at();
            let post = match verb {
                "seek" => post.body::<Seek>(&object!({ "to": 0.5 })),
                "rate" => post.body::<Rate>(&object!({ "rate": 2 })),
                _ => post,
            };
            post.answers::<Steered>(200, "Where it stands").ticks().conditional().refuses(404, MISSING)
        });
    }
}

async fn of_one(context: Context, whose: Whose, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            request.query.only(&[])?;
            let (track, _) = find(&context, whose).await?;
            let (tick, animations) = context.engine.sound_animations(track).await?;
            let animations = animations.unwrap_or_default();
            json(StatusCode::OK, &List { tick, animations: &animations }).map(|response| at_tick(response, tick))
        }
        Method::POST => {
            let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
            let (track, _) = find(&context, whose).await?;
            let animation: Box<Animation> = Box::new(body::document(request).await?);
            let edit = Edit::AddSoundAnimation { track: track.clone(), animation };
            let (applied, audio) = edit_sound(&context, (expected, at), track, edit).await?;
            let mut response = part::answer(applied, &audio)?;
            *response.status_mut() = StatusCode::CREATED;
            Ok(response)
        }
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST")),
    }
}

async fn remove(context: Context, (whose, index): (Whose, String), request: Request) -> Result<Response, Problem> {
    if request.method != Method::DELETE {
        return Err(Problem::method_not_allowed("DELETE"));
    }
    let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
    let (track, count) = find(&context, whose).await?;
    let index = animations::known(&index, count, &called(track.as_ref()))?;
    let edit = Edit::RemoveSoundAnimation { track: track.clone(), index };
    let (applied, audio) = edit_sound(&context, (expected, at), track, edit).await?;
    part::answer(applied, &audio)
}

/// Carries out an edit of a track or of the whole mix, and tells the sound as it leaves that.
async fn edit_sound(
    context: &Context,
    (expected, at): (Expected, Option<u64>),
    track: Option<TrackId>,
    edit: Edit,
) -> Result<(EditApplied, AudioDocument), Problem> {
    let look = part::left::<AudioDocument>;
    precondition::edit_and_look(context, expected, document(track), edit, at, look).await
}

async fn steer(
    context: Context,
    (whose, index, verb): (Whose, String, &'static str),
    request: Request,
) -> Result<Response, Problem> {
    if request.method != Method::POST {
        return Err(Problem::method_not_allowed("POST"));
    }
    let (at, expected) = (at(&context, &request)?, Expected::of(&request)?);
    let (track, count) = find(&context, whose).await?;
    let index = animations::known(&index, count, &called(track.as_ref()))?;
    let control = animations::control(verb, request).await?;
    let edit = Edit::ControlSoundAnimation { track: track.clone(), index, control };
    let applied = precondition::edit(&context, expected, document(track.clone()), edit, at).await?;
    let (_, animations) = context.engine.sound_animations(track).await?;
    let animation = animations.and_then(|animations| animations.into_iter().nth(index));
    json(StatusCode::OK, &Steered { applied, animation }).map(|response| at_tick(response, applied.tick))
}

/// The track, and how many animations it or the whole mix has.
async fn find(context: &Context, whose: Whose) -> Result<(Option<TrackId>, usize), Problem> {
    let snapshot = context.engine.snapshot().await?;
    let audio = &snapshot.scene.audio;
    let Some(id) = whose else { return Ok((None, audio.animations.0.len())) };
    let count = audio.tracks[index_of(audio, &id)?].animations.0.len();
    let track = TrackId::new(&id).map_err(|_| unknown(&id, []))?;
    Ok((Some(track), count))
}

fn called(track: Option<&TrackId>) -> String {
    track.map_or_else(|| "the whole mix".to_owned(), |id| format!("the track `{id}`"))
}

fn document(track: Option<TrackId>) -> DocumentName {
    track.map_or(DocumentName::Audio {}, |id| DocumentName::Track { id })
}
