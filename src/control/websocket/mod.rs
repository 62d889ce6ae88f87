//! The scene and its changes, the state of the stream, and previews of the picture, pushed to clients; edits taken.
//!
//! # Protocol 2
//!
//! One WebSocket at `/ws` of `PORT` and at any path of `WS_PORT`. Messages are JSON objects in text frames, told apart
//! by `type`; only previews are binary. Keys are camelCase. A client ignores messages, keys and events that it does not
//! know: new ones may come without a new protocol number.
//!
//! A client may put `requestId`, a text of up to 128 characters or a whole number, into everything that it says; the
//! answer has it too.
//!
//! ## First
//!
//! The service says `hello`, then sends what the client is subscribed to: the `snapshot`, the state of the stream as
//! `streamEvent`s, and from then on whatever happens. Without a word a client is subscribed to the topics `scene`,
//! `events` and `metrics`, all layers, at full rate. The query of the address chooses otherwise from the start, with the
//! fields of `subscribe` and `resume`: `/ws?topics=scene,events&layers=host,logo&rate=5&epoch=…&seq=17`; `topics=` with
//! nothing behind it is no topic.
//!
//! ## What the service says
//!
//! | `type` | topic | when | what |
//! | --- | --- | --- | --- |
//! | `hello` | | first | `protocol` 2, `server`, `epoch`, `tick`, `fps`, `resolution` of the picture {`width`, `height`}, `limits` |
//! | `snapshot` | `scene` | at first, and where no update would do | `epoch`, `tick`, `seq`, `scene`: replaces all the client knows of the scene |
//! | `layerUpdate` | `scene` | after each tick that changed the scene | `tick`, `seq`, `since`?, `scene`?, `changes`; see below |
//! | `streamEvent` | `events` | on change | `event` and its fields, see below |
//! | `error` | `events` | when something fails that no client asked for | `detail` |
//! | `missed` | `events` | when the client was too slow for events | `count` of those that were left out; the present state follows as `streamEvent`s |
//! | `metrics` | `metrics` | once a second | the fields of `GET /api/stream/status`, and `seq` |
//! | `subscribed` | | in answer to `subscribe` | `topics`, `layers` (`null`: all), `rate` (`null`: every change): all that is chosen now |
//! | `resumed` | | in answer to `resume` | `isComplete`: `true` if what was missed follows as one `layerUpdate` (none if nothing was missed), `false` if a `snapshot` follows |
//! | `edited` | | in answer to `edit` | `tick` whose frame shows it first, `persisted` |
//! | `previewing` | | in answer to `preview` | `id`, `width`, `height`, `quality`, `fps` that the client gets |
//! | `previewEnded` | | in answer to `endPreview` | `id` |
//! | `pong` | | in answer to `ping` | `tick`, `seq` |
//! | `error` | | in answer to what cannot be done | a problem document (RFC 9457): `status`, `title`, `detail`, `errors` (each with a `pointer` into the message), and `requestId` |
//!
//! Only an `error` that answers something has `status`.
//!
//! Events: `transport` with `state` (`stopped`, `live`, `paused`); `output` with `output` (an entry of `outputs` in the
//! status; its `state` is `stopped`, `starting`, `started`, `stopping`, `reconnecting` or `failed`); `configuration` with
//! `tick` and the changed `values`; `scenes` with `tick`, the id of the scene `active` now, and the ids of those that were
//! `put` or `removed`; `activeLayer` with the `id` of the layer that people work on, or `null`; `fired` with the `name` of an
//! event of the scene; `shedding` with `shedding`; and others that say what they are.
//!
//! ## What a client may say
//!
//! | `type` | what | answer |
//! | --- | --- | --- |
//! | `subscribe` | `topics`? (of `scene`, `events`, `metrics`), `layers`? (ids, or `null` for all), `rate`? (updates of the scene a second, 0.1 to 60, or `null` for every change). What is absent stays as it was | `subscribed`; then a `snapshot` if `scene` is new or `layers` are others, and the state of the stream if `events` is new |
//! | `resume` | `epoch`, `seq`: of the last `snapshot` or `layerUpdate` that the client has. Without them it gets a `snapshot` | `resumed`. The client is subscribed to `scene` from then on |
//! | `edit` | `edits`, `at`?: as the body of `POST /api/stream/layers/batch` | `edited`, or `error` and nothing was changed |
//! | `preview` | `id`? (0 to 65535, 0 if absent; the client's choice), `width`? (16 to 3840, 640), `quality`? (1 to 100, 70), `fps`? (0.1 to 60, 10): begins a preview, or changes the one with this id | `previewing`, then pictures |
//! | `endPreview` | `id`? | `previewEnded`; pictures that are on their way may still come |
//! | `ping` | | `pong`, for clients such as browsers that cannot send the pings of the WebSocket protocol |
//!
//! ## Updates of the scene
//!
//! `seq` numbers the ticks that changed the scene. It begins anew with each start of the service, which is told by
//! another `epoch`: numbers of different epochs have nothing to do with each other.
//!
//! An update carries the client from what it was sent last to the state at `seq`. Its `changes` are applied in order:
//!
//! - `{"op": "removed", "id"}`: the layer is gone, with all in it.
//! - `{"op": "placed", "parent"?, "index", "layer"}`: the layer, complete with its children, is put at `index` among the
//!   children of `parent` (of the canvas if absent). It is new, or was moved; where it stands already it is taken out
//!   from there first.
//! - `{"op": "changed", "id", "set"}`: the fields in `set` have new values; `null` means that a field is gone.
//!
//! `scene`, where it is present, is the new head of the scene: everything but the layers.
//!
//! `since` is there if the update follows on another state than that of `seq - 1`: several changes in one, since the
//! client asked for a lower `rate`, is slow, has come back, or chose some `layers` and the changes between concerned none
//! of them. It then can be applied to what the client has if that has `since <= seq` of the client `< seq` of the update;
//! it always has, unless the client lost something, and then `resume` helps.
//!
//! A client that asks for a `rate` gets at most so many updates a second, each with all that changed since the last; its
//! snapshots are of the moments of these updates.
//!
//! ## Some of the layers
//!
//! With `layers` (up to 256 ids; they need not exist yet) the client gets a smaller scene, and its updates are those of
//! the smaller scene: the layers named, with everything in them, and the groups around them, which have only those
//! children that belong to it. `index` counts among the children that the client knows. So:
//!
//! - a layer that comes to belong to it, because it was created, or moved into a named group, is `placed`;
//! - one that no longer belongs to it, because it was moved out of a named group, is `removed`;
//! - a group that is there for what is in it comes and goes with that;
//! - the head of the scene is told in any case.
//!
//! A client that resumes must do so with the `layers` that it had.
//!
//! ## Coming back
//!
//! The service keeps the states of the last changes (thousands, within some MB). A client that returns with `epoch` and
//! `seq` of what it had gets all that it missed as one update; a snapshot if that is too long ago, or was another epoch.
//!
//! ## Previews
//!
//! A binary message is one picture: a header of 16 bytes, big-endian, then a JPEG file (JFIF).
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 | 1: a preview in JPEG. Messages with another number here are to be ignored |
//! | 1 | 0 |
//! | 2–3 | `id` of the preview |
//! | 4–5 | width in pixels |
//! | 6–7 | height in pixels |
//! | 8–15 | the tick that is shown |
//!
//! Up to 4 previews at a time. The picture keeps the canvas's proportions and is never larger than the canvas. Pictures
//! come at most `fps` times a second, the first at once, then only when the picture has changed. Who takes them slowly
//! gets fewer, never older ones. Viewers that ask for the same get the same files, each made once.
//!
//! ## Limits
//!
//! No client can hold up another, nor the stream. One that is slow gets updates that carry it over what it missed, and
//! only the newest metrics and pictures. What a client says is taken in order and answered in order, but for edits with
//! `at`, which are answered when their tick has come. A client that says more than is allowed is read more slowly; up to
//! 256 of its edits wait for their ticks, 64 of them with `at`.
//!
//! The service sends a ping every 20 s. A client from which nothing was heard for 60 s, not even the pong, or which took
//! nothing for so long, is gone. `limits` of `hello` has `messageBytes`, `messagesPerSecond`, `bytesPerSecond`, `layers`
//! and `previews`.
//!
//! With tokens (see `API_TOKEN`) the connection asks for one as every request does; a page in a browser names it among
//! the protocols, `["stream-manager", "token.…"]`, in base64url without padding. To edit takes the scope `control`.
//!
//! A connection that the service does not take is answered by a problem document instead: 503 if as many clients as
//! `WS_MAX_CLIENTS` are connected, or three quarters of that from the same address, 400 for a query that is not
//! understood. One that it ends gets a close code:
//!
//! | code | why |
//! | --- | --- |
//! | 1000 | the client said goodbye |
//! | 1001 | the service is ending |
//! | 1002 | what came is not the WebSocket protocol |
//! | 1007 | a text that is not UTF-8 |
//! | 1008 | a hundred messages in a row were not understood |
//! | 1009 | a message was larger than `messageBytes` |

mod allowance;
mod edits;
mod feed;
mod history;
mod message;
mod previews;
mod said;
mod session;
mod upgrade;
mod view;

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderMap, Method},
    hyper::upgrade::OnUpgrade,
    reply::Response,
};

use self::{
    feed::Feed,
    said::{Known, Subscribe, hear_query},
    upgrade::{Socket, upgrade},
};
use super::{
    ClientLimits, Context, Problem, Scope,
    limits::{Counted, Counts},
    preview::Studio,
    server::Route,
};
use crate::engine::EngineHandle;

/// All who are connected, and what they are sent.
#[derive(Clone)]
pub(super) struct Clients {
    engine: EngineHandle,
    feed: Feed,
    studio: Studio,
    places: Arc<Semaphore>,
    counts: Counts,
    limits: ClientLimits,
    ending: watch::Receiver<bool>,
}

/// What a client wants from the beginning, and what it may do.
struct Wish {
    subscribe: Subscribe,
    known: Option<Known>,
    scope: Scope,
}

/// Who asks for a WebSocket. Whoever comes here has passed the doorkeeper, who says what it may do.
#[derive(Clone, Copy)]
struct Visitor {
    scope: Scope,
    address: IpAddr,
}

/// A client's places, until it is gone: in all, and of its address.
type Place = (OwnedSemaphorePermit, Counted);

impl Clients {
    /// Starts to listen to the engine, until `ending` turns true.
    pub(super) fn start(
        engine: EngineHandle,
        studio: Studio,
        limits: ClientLimits,
        ending: watch::Receiver<bool>,
    ) -> Self {
        let feed = Feed::start(&engine, &ending);
        let places = Arc::new(Semaphore::new(limits.max));
        Self { engine, feed, studio, places, counts: Counts::default(), limits, ending }
    }

    /// Waits until the last client is gone, and lets no more in.
    pub(super) async fn all_gone(&self) {
        let all = u32::try_from(self.limits.max).unwrap_or(u32::MAX);
        // Only a closed semaphore refuses, and this one is never closed.
        let _ = self.places.acquire_many(all).await;
    }

    /// Opens a WebSocket, if there is room for one more client.
    fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        query: &str,
        visitor: Visitor,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response, Problem> {
        let (subscribe, known) = hear_query(query)?;
        let place = self.place(visitor.address)?;
        let (clients, wish) = (self.clone(), Wish { subscribe, known, scope: visitor.scope });
        upgrade(method, headers, on_upgrade, move |socket| serve(socket, clients, place, wish))
    }

    /// Room for one more client. One address gets three quarters of it: places stay for others.
    fn place(&self, address: IpAddr) -> Result<Place, Problem> {
        let max = self.limits.max;
        let refused = |count: usize, whose: &str| {
            let detail = format!("{count} WebSocket clients{whose} are connected; `WS_MAX_CLIENTS` allows no more");
            Problem::unavailable(detail)
        };
        let of_one = max - max / 4;
        let counted = self.counts.add(address, of_one).ok_or_else(|| refused(of_one, " of one address"))?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| refused(max, ""))?;
        Ok((place, counted))
    }
}

/// WebSockets at `path`.
pub(super) fn routes(context: &Context, path: BoxedFilter<()>) -> BoxedFilter<(Response,)> {
    let clients = context.clients.clone();
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    path.and(warp::method())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(visitor())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(move |method: Method, headers: HeaderMap, query: String, visitor: Visitor, on_upgrade| {
            let answer = clients.admit(&method, &headers, &query, visitor, on_upgrade);
            let mut response = answer.unwrap_or_else(Problem::into_response);
            response.extensions_mut().insert(Route("/ws"));
            response
        })
        .boxed()
}

fn visitor() -> impl Filter<Extract = (Visitor,), Error = Infallible> + Clone {
    // Both are there: every request comes by the front.
    let (scope, address) = (warp::ext::optional::<Scope>(), warp::ext::optional::<IpAddr>());
    scope.and(address).map(|scope: Option<Scope>, address: Option<IpAddr>| Visitor {
        scope: scope.unwrap_or(Scope::Read),
        address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    })
}

async fn serve(socket: Socket, clients: Clients, place: Place, wish: Wish) {
    let counted = clients.engine.client_connected();
    session::run(socket, &clients, wish).await;
    drop((counted, place));
}
