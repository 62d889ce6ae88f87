//! Requests that are sent again: with the same `Idempotency-Key` they are carried out once.
//!
//! The first request with a key is carried out to its end even if its connection breaks; whoever sends it again, be it
//! while it runs, gets the same answer, with the header `Idempotency-Replayed`. The same key with another request is
//! refused. Keys belong to the token that they come with. Answers that say "try again" (5xx, 408, 429) are not kept.
//!
//! Kept in memory, for an hour at most, so that it does not outlive the process: of more than [`MOST`] keys, or when
//! answers take more than [`MOST_BYTES`], the oldest are forgotten first. When all of them still run, new ones are
//! refused as busy; so are those of one address when half of what there is runs for it.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use components::document::Fingerprint;
use tokio::sync::watch;
use warp::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Problem, Request, body};
use crate::control::{
    limits::{Counted, Counts},
    routes::Answered,
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Keys that are remembered.
const MOST: usize = 1024;
/// Those that may run for one address. One that waits for a tick of the future runs until then, whether or not its
/// client is still there.
const MOST_OF_ONE: usize = MOST / 2;
/// Bytes that their answers may take.
const MOST_BYTES: usize = 16 << 20;
/// How long a key is remembered.
const FOR: Duration = Duration::from_secs(3600);
/// Characters that a key may have.
const LONGEST: usize = 255;

/// The answers to requests with a key.
#[derive(Default)]
pub(in crate::control) struct Answers {
    known: Mutex<Known>,
    /// Requests with a key that each address has running.
    running: Counts,
}

#[derive(Default)]
struct Known {
    entries: HashMap<Place, Entry>,
    /// The oldest first. May name places that are gone already, or have been taken anew.
    order: VecDeque<(Place, Instant)>,
    bytes: usize,
}

/// A key, and whose it is.
type Place = (Fingerprint, String);

struct Entry {
    /// All that makes the request what it is.
    asked: Fingerprint,
    since: Instant,
    answer: watch::Receiver<Option<Arc<Kept>>>,
}

impl Entry {
    fn kept_bytes(&self) -> Option<usize> {
        self.answer.borrow().as_ref().map(|kept| kept.body.len())
    }
}

/// An answer that can be given again.
struct Kept {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Kept {
    async fn of(response: Response) -> Self {
        let Answered { status, headers, body } = Answered::of(response).await;
        Self { status, headers, body }
    }

    fn response(&self, is_replayed: bool) -> Response {
        let mut response = Response::new(self.body.clone().into());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        if is_replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }

    fn is_final(&self) -> bool {
        !self.status.is_server_error()
            && !matches!(self.status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
    }
}

/// What is to be done with a request.
enum Role {
    /// It is the first: it is carried out, and its answer is noted.
    First(Running),
    /// It has been sent before; the answer is there, or will be.
    Again(watch::Receiver<Option<Arc<Kept>>>),
}

/// A request that is being carried out. Dropped without an answer, its key is free again.
struct Running {
    answers: Arc<Answers>,
    place: Place,
    since: Instant,
    sender: watch::Sender<Option<Arc<Kept>>>,
    _counted: Counted,
}

impl Running {
    fn finish(self, kept: Arc<Kept>) {
        let is_final = kept.is_final();
        if is_final {
            self.answers.known().bytes += kept.body.len();
        }
        // Nobody waiting is fine.
        self.sender.send_replace(Some(kept));
        if is_final {
            self.answers.known().forget_old();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let is_kept = self.sender.borrow().as_ref().is_some_and(|kept| kept.is_final());
        if !is_kept {
            let mut known = self.answers.known();
            if known.entries.get(&self.place).is_some_and(|entry| entry.since == self.since) {
                known.entries.remove(&self.place);
            }
        }
    }
}

impl Answers {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, place: Place, asked: Fingerprint, address: IpAddr) -> Result<Role, Problem> {
        let mut known = self.known();
        known.forget_old();
        if let Some(entry) = known.entries.get(&place) {
            if entry.asked != asked {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "this `Idempotency-Key` came with another request before; use a new key for a new request",
                ));
            }
            return Ok(Role::Again(entry.answer.clone()));
        }
        if known.entries.len() >= MOST {
            return Err(Problem::unavailable("too many requests with an `Idempotency-Key` are running"));
        }
        let counted = self.running.add(address, MOST_OF_ONE).ok_or_else(|| {
            Problem::unavailable(format!(
                "{MOST_OF_ONE} requests with an `Idempotency-Key` of this address are running, which is as many as may be; \
                 wait for some of them"
            ))
        })?;
        let (sender, answer) = watch::channel(None);
        let since = Instant::now();
        known.entries.insert(place.clone(), Entry { asked, since, answer });
        known.order.push_back((place.clone(), since));
        Ok(Role::First(Running { answers: Arc::clone(self), place, since, sender, _counted: counted }))
    }
}

impl Known {
    /// Forgets what is too old, and the oldest of what is too much; never what still runs.
    fn forget_old(&mut self) {
        let mut running = VecDeque::new();
        while let Some((place, since)) = self.order.pop_front() {
            let Some(entry) = self.entries.get(&place).filter(|entry| entry.since == since) else { continue };
            let is_too_much = self.entries.len() >= MOST || self.bytes > MOST_BYTES || since.elapsed() > FOR;
            match entry.kept_bytes() {
                Some(bytes) if is_too_much => {
                    self.bytes = self.bytes.saturating_sub(bytes);
                    self.entries.remove(&place);
                }
                None if is_too_much => running.push_back((place, since)),
                _ => {
                    self.order.push_front((place, since));
                    break;
                }
            }
        }
        while let Some(first) = running.pop_back() {
            self.order.push_front(first);
        }
    }
}

/// Carries a request out, unless one with the same key has been.
pub(super) async fn once<F>(
    answers: &Arc<Answers>,
    mut request: Request,
    handle: impl FnOnce(Request) -> F,
) -> Result<Response, Problem>
where
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    if key(&request)?.is_none() {
        return handle(request).await;
    }
    let read = body::read(&mut request).await?;
    let content = Fingerprint::of(&read.0);
    let request = body::put_back(request, read);
    let head = Head::of(&request)?;
    once_of(answers, head, content, handle(request)).await
}

/// All of a request with a key but its body.
pub(super) struct Head {
    place: Option<Place>,
    asked: Fingerprint,
    address: IpAddr,
}

impl Head {
    pub(super) fn of(request: &Request) -> Result<Self, Problem> {
        let authority = request.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec());
        let place = key(request)?.map(|key| (Fingerprint::of(&authority), key));
        let header = |name: HeaderName| request.headers.get(name).map(|value| value.as_bytes().to_vec());
        let asked = Fingerprint::of(&(
            request.method.as_str(),
            &request.path,
            &request.query,
            (header(header::IF_MATCH), header(header::IF_NONE_MATCH), header(header::CONTENT_TYPE)),
        ));
        Ok(Self { place, asked, address: request.address })
    }
}

/// Carries a request out whose body has been read and says `content`, unless one with the same key has been.
pub(super) async fn once_of<F>(
    answers: &Arc<Answers>,
    Head { place, asked, address }: Head,
    content: Fingerprint,
    handling: F,
) -> Result<Response, Problem>
where
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    let Some(place) = place else { return handling.await };
    let asked = Fingerprint::of(&(asked, content));
    let running = loop {
        match answers.begin(place.clone(), asked, address)? {
            Role::First(running) => break running,
            Role::Again(mut answer) => {
                // Where the other ends without an answer this one takes its place.
                if let Ok(kept) = answer.wait_for(Option::is_some).await
                    && let Some(kept) = kept.as_ref()
                {
                    return Ok(kept.response(true));
                }
            }
        }
    };
    // On its own, so that it ends even if the client does not wait for it.
    let carried_out = tokio::spawn(async move {
        let kept = Arc::new(Kept::of(handling.await.unwrap_or_else(Problem::into_response)).await);
        running.finish(Arc::clone(&kept));
        kept
    });
    match carried_out.await {
        Ok(kept) => Ok(kept.response(false)),
        Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out")),
    }
}

/// The key of a request that changes something.
fn key(request: &Request) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers.get(KEY).filter(|_| !request.reads()) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    // A string of a structured header (RFC 9651), or the same without its quotes.
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(key.to_owned()));
    }
    Err(Problem::bad_request(format!("header `Idempotency-Key`: expected 1 to {LONGEST} letters, digits and signs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(answers: &Arc<Answers>, key: usize) -> Result<Role, Problem> {
        begin_from(answers, key, 1)
    }

    fn begin_from(answers: &Arc<Answers>, key: usize, host: u8) -> Result<Role, Problem> {
        let address = IpAddr::from([192, 0, 2, host]);
        answers.begin((Fingerprint::of(&0), key.to_string()), Fingerprint::of(&key), address)
    }

    fn finish(answers: &Arc<Answers>, key: usize, bytes: usize) {
        let Ok(Role::First(running)) = begin(answers, key) else { panic!("{key} is not new") };
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        running.finish(Arc::new(Kept { status, headers, body: vec![0; bytes].into() }));
    }

    fn is_known(answers: &Arc<Answers>, key: usize) -> bool {
        matches!(begin(answers, key), Ok(Role::Again(_)))
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_runs_is_never_forgotten() {
        let answers = Arc::new(Answers::default());
        let Ok(Role::First(running)) = begin(&answers, 0) else { panic!("it is new") };
        for key in 1..3 * MOST {
            finish(&answers, key, 10);
            assert!(answers.known().entries.len() <= MOST && answers.known().order.len() <= MOST);
        }
        assert!(is_known(&answers, 0) && is_known(&answers, 3 * MOST - 1) && !is_known(&answers, 1));
        drop(running);
        assert!(!is_known(&answers, 0), "without an answer the key is free again");

        let answers = Arc::new(Answers::default());
        for key in 0..10 {
            finish(&answers, key, MOST_BYTES / 4);
            assert!(answers.known().bytes <= MOST_BYTES);
        }
        assert!(!is_known(&answers, 0) && is_known(&answers, 9));

        let answers = Arc::new(Answers::default());
        let run = |key: usize, host: u8| begin_from(&answers, key, host);
        let half: Vec<_> = (0..MOST_OF_ONE).map(|key| run(key, 1)).collect();
        assert!(half.iter().all(|role| matches!(role, Ok(Role::First(_)))));
        assert!(run(MOST, 1).is_err(), "one address has its share");
        assert!(matches!(run(0, 1), Ok(Role::Again(_))), "but gets answers to what runs");
        let rest: Vec<_> = (MOST_OF_ONE..MOST).map(|key| run(key, 2)).collect();
        assert!(rest.iter().all(|role| matches!(role, Ok(Role::First(_)))));
        assert!(run(MOST, 3).is_err(), "all of them run");
        drop(half);
        assert!(run(MOST, 1).is_ok());
    }
}
