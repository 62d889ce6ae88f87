//! The previews that one client watches.

use std::{collections::HashMap, future::pending, net::IpAddr, sync::Arc};

use bytes::{BufMut as _, Bytes, BytesMut};
use components::VariantId;
use futures_util::{
    StreamExt as _,
    future::{AbortHandle, Abortable, BoxFuture},
    stream::FuturesUnordered,
};
use serde::Serialize;
use systems::still::still_size;
use warp::http::StatusCode;

use crate::{
    control::{
        Problem,
        preview::{Look, Shot, Studio, Viewer},
    },
    engine::EngineHandle,
};

/// Previews that a client may watch at a time.
pub(super) const PREVIEWS: usize = 4;
/// The first byte of a picture's message.
const PICTURE: u8 = 1;

/// A picture of one of the previews, and who watches that.
type Coming = Abortable<BoxFuture<'static, (u16, Viewer, Arc<Shot>)>>;

/// The previews.
#[derive(Default)]
pub(super) struct Previews {
    coming: FuturesUnordered<Coming>,
    /// Ends the wait for each, by its id.
    watched: HashMap<u16, AbortHandle>,
}

/// A preview as the client gets it.
#[derive(Serialize)]
pub(super) struct Previewing {
    id: u16,
    width: usize,
    height: usize,
    quality: u8,
    fps: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<VariantId>,
}

impl Previews {
    /// Begins a preview, or changes the one that has this id.
    ///
    /// # Errors
    /// There are too many, or the variant is not drawn.
    pub(super) fn begin(
        &mut self,
        engine: &EngineHandle,
        (studio, address): (&Studio, IpAddr),
        id: u16,
        (look, variant): (Look, Option<&str>),
        fps: f64,
    ) -> Result<Previewing, Problem> {
        let unknown = |name: &str| Problem::not_found(engine.unknown_variant(name));
        let variant = variant.map(|name| engine.drawn_variant(name).ok_or_else(|| unknown(name))).transpose()?;
        let place = |variant: &VariantId| engine.variants().iter().position(|known| known == variant);
        let look = Look { variant: variant.as_ref().and_then(place), ..look };
        if self.watched.len() >= PREVIEWS && !self.watched.contains_key(&id) {
            let detail = format!("a client can watch {PREVIEWS} previews at a time; end one first");
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        let format = engine.format();
        let fps = fps.min(f64::from(format.fps));
        let (width, height) = still_size((format.width, format.height), usize::from(look.width));
        let viewer = studio.watch(look, fps, address)?;
        self.end(id);
        self.go_on(id, viewer);
        Ok(Previewing { id, width, height, quality: look.quality, fps, variant })
    }

    /// Ends a preview, if there is one with this id.
    pub(super) fn end(&mut self, id: u16) {
        if let Some(waiting) = self.watched.remove(&id) {
            waiting.abort();
        }
    }

    /// The next picture, and who watches; [`go_on`](Self::go_on) waits for the one after it. Never, if there is none.
    pub(super) async fn next(&mut self) -> (u16, Viewer, Arc<Shot>) {
        loop {
            match self.coming.next().await {
                Some(Ok(picture)) => return picture,
                // Ended.
                Some(Err(_)) => {}
                None => pending().await,
            }
        }
    }

    /// Waits for the next picture.
    pub(super) fn go_on(&mut self, id: u16, mut viewer: Viewer) {
        let (handle, registration) = AbortHandle::new_pair();
        let picture: BoxFuture<'static, _> = Box::pin(async move {
            let shot = viewer.next().await;
            (id, viewer, shot)
        });
        self.watched.insert(id, handle);
        self.coming.push(Abortable::new(picture, registration));
    }
}

/// The message of a picture.
pub(super) fn picture(id: u16, shot: &Shot) -> Bytes {
    let mut message = BytesMut::with_capacity(16 + shot.jpeg.len());
    message.put_u8(PICTURE);
    message.put_u8(0);
    message.put_u16(id);
    message.put_u16(shot.width);
    message.put_u16(shot.height);
    message.put_u64(shot.tick);
    message.put_slice(&shot.jpeg);
    message.freeze()
}
