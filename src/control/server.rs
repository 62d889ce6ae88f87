//! Serving one port: connections in, answers out, until told to end.
//!
//! The loop is our own and not `warp::serve`'s for three things that the latter leaves at hyper's defaults or out of
//! reach: a bound on connections, a time limit for a request's head, and a look at each request before its route.

use std::{
    convert::Infallible,
    net::IpAddr,
    os::fd::AsRawFd,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tracing::Instrument as _;
use warp::{
    filters::BoxedFilter,
    http::{HeaderValue, Request, StatusCode, header},
    hyper::{
        body::Incoming,
        server::conn::http1,
        service::{Service, service_fn},
    },
    reply::Response,
};

use super::{
    ConnectionLimits, ControlSettings, Problem,
    admission::{Admission, Doorkeeper, Port, WEBSOCKET_PROTOCOL, protocols},
    connections::{Connections, Place},
    ended,
    limits::{Counted, Counts},
    routes::{count, method_name},
    unread::{Sent, Unread},
};
use crate::{descriptors, telemetry::Metrics};

/// A request's head must be there within this time; also how long a connection may idle between requests.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Bytes of a request's head, and of what is read of a body at once, at most: each connection may keep as many.
const BUFFER: usize = 64 << 10;
/// Requests that run at shutdown get this long to end.
const DRAIN: Duration = Duration::from_secs(5);

/// The pattern of the route that answered; put by routes onto their answers for the metrics.
#[derive(Clone, Copy)]
pub(super) struct Route(pub(super) &'static str);

/// What every request of every port goes through.
pub(super) struct Front {
    doorkeeper: Arc<Doorkeeper>,
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
    /// How many requests there were: each is told of by its number.
    requests: AtomicU64,
}

/// Serves `routes` on what is this `port` until `shutdown` turns true, then lets running requests end.
pub(super) async fn serve(
    listener: TcpListener,
    port: Port,
    routes: BoxedFilter<(Response,)>,
    front: Arc<Front>,
    mut shutdown: watch::Receiver<bool>,
) {
    let routes = TowerToHyperService::new(warp::service(routes));
    let connections = Connections::new(front.limits);
    let counts = Counts::default();
    loop {
        let accepted = tokio::select! {
            () = ended(&mut shutdown) => break,
            accepted = accept(&listener, &connections, &counts) => accepted,
        };
        let Some(Accepted { stream, address, place, counted }) = accepted else { continue };
        let (routes, front) = (routes.clone(), Arc::clone(&front));
        let lingering = place.lingering();
        let answer = service_fn(move |request: Request<Incoming>| {
            let (routes, front, lingering) = (routes.clone(), Arc::clone(&front), lingering.clone());
            async move {
                let waits = request.headers().contains_key(header::EXPECT);
                let (request, unread) = Unread::of(request);
                let mut response = front.answer(&routes, port, request, address).await;
                if !unread.drain(waits).await {
                    // What is left of the body stands before the next request.
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    lingering.set();
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(place.watch(stream)), answer)
            .with_upgrades();
        let mut shutdown = shutdown.clone();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let served = async {
                tokio::select! {
                    served = connection.as_mut() => served,
                    () = ended(&mut shutdown) => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            };
            tokio::select! {
                served = served => if let Err(error) = served {
                    tracing::debug!(%error, "connection ended early");
                },
                () = place.let_go() => {}
            }
            drop((place, counted));
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, connections.all_gone()).await.is_err() {
        tracing::warn!("requests were still running after {DRAIN:?} and were cut off");
    }
}

/// A connection, and its places among those that are served: in all, and of its address.
struct Accepted {
    stream: TcpStream,
    address: IpAddr,
    place: Place,
    counted: Counted,
}

/// The next connection, once there is a place for it. Those after it wait in the system's backlog; of one address no more
/// than its share are taken, and the rest is closed at once.
async fn accept(listener: &TcpListener, connections: &Connections, counts: &Counts) -> Option<Accepted> {
    match listener.accept().await {
        Ok((stream, address)) => {
            if descriptors::is_one_of_the_last(stream.as_raw_fd()) {
                tracing::warn!(%address, "a connection was closed at once: only the descriptors are left that outputs need");
                drop(stream);
                tokio::time::sleep(Duration::from_millis(100)).await;
                return None;
            }
            // Small messages go out at once; a failure costs only that.
            let _ = stream.set_nodelay(true);
            let address = address.ip();
            let counted = counts.add(address, connections.of_one())?;
            let place = connections.place().await?;
            Some(Accepted { stream, address, place, counted })
        }
        Err(error) => {
            // Most likely no file descriptors are left; they come back as connections end.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

impl Front {
    pub(super) fn new(settings: &ControlSettings, doorkeeper: Arc<Doorkeeper>, metrics: Arc<Metrics>) -> Self {
        Self { doorkeeper, limits: settings.connections, metrics, requests: AtomicU64::new(1) }
    }

    async fn answer<S>(&self, routes: &S, port: Port, request: Request<Sent>, address: IpAddr) -> Response
    where
        S: Service<Request<Sent>, Response = Response, Error = Infallible>,
    {
        let (id, method) = (self.requests.fetch_add(1, Ordering::Relaxed), method_name(request.method()));
        let span = tracing::debug_span!("request", id, method);
        self.answer_within(routes, port, request, address).instrument(span).await
    }

    async fn answer_within<S>(&self, routes: &S, port: Port, request: Request<Sent>, address: IpAddr) -> Response
    where
        S: Service<Request<Sent>, Response = Response, Error = Infallible>,
    {
        let started = Instant::now();
        let (mut head, body) = request.into_parts();
        let method = head.method.clone();
        let origin = head.headers.get(header::ORIGIN).cloned();
        let names_protocol = protocols(&head.headers).any(|protocol| protocol == WEBSOCKET_PROTOCOL);
        let mut response = match self.doorkeeper.admit(port, &head, address) {
            // Such as `CONNECT host:port`: routes expect a path.
            Ok(_) if head.uri.path_and_query().is_none() => Problem::into_response(Problem::bad_request(
                "the request names no path; this is no proxy: ask for a path such as `/api/docs`",
            )),
            Ok(Admission::Pass(scope)) => {
                head.extensions.insert(scope);
                head.extensions.insert(address);
                match routes.call(Request::from_parts(head, body)).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
            Ok(Admission::Preflight(response)) => response,
            Err(problem) => Problem::into_response(problem),
        };
        if names_protocol && response.status() == StatusCode::SWITCHING_PROTOCOLS {
            // Browsers hang up if none of those that they name is chosen.
            let chosen = HeaderValue::from_static(WEBSOCKET_PROTOCOL);
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        self.doorkeeper.dress(origin.as_ref(), &mut response);
        let route = count(&self.metrics, &method, &response, started);
        // Not the path: who confuses fields may have written a secret into it.
        tracing::debug!(route, status = response.status().as_u16(), spent = ?started.elapsed(), "answered");
        response
    }
}
