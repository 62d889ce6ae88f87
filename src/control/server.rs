//! Serving one port: connections in, answers out, until told to end.
//!
//! The loop is our own and not `warp::serve`'s for three things that the latter leaves at hyper's defaults or out of
//! reach: a bound on connections, a time limit for a request's head, and a look at each request before its route.

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use warp::{
    filters::BoxedFilter,
    http::{HeaderValue, Method, Request, StatusCode, header},
    hyper::{
        body::Incoming,
        server::conn::http1,
        service::{Service, service_fn},
    },
    reply::Response,
};

use super::{
    ControlSettings, Problem,
    admission::{Admission, Doorkeeper, WEBSOCKET_PROTOCOL, protocols},
    ended,
    limits::{Counted, Counts},
};
use crate::telemetry::{Metrics, RequestLabels};

/// Connections of one port that are served at once. More wait in the system's backlog until one ends; an upgraded
/// WebSocket does not count here but among the WebSocket clients.
const CONNECTIONS: usize = 512;
/// Those that one address may have of them. More are closed at once: places stay for others.
const CONNECTIONS_OF_ONE: usize = CONNECTIONS * 3 / 4;
/// A request's head must be there within this time; also how long a connection may idle between requests.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// Requests that run at shutdown get this long to end.
const DRAIN: Duration = Duration::from_secs(5);

/// The pattern of the route that answered; put by routes onto their answers for the metrics.
#[derive(Clone, Copy)]
pub(super) struct Route(pub(super) &'static str);

/// What every request of every port goes through.
pub(super) struct Front {
    doorkeeper: Doorkeeper,
    metrics: Arc<Metrics>,
}

/// Serves `routes` until `shutdown` turns true, then lets running requests end.
pub(super) async fn serve(
    listener: TcpListener,
    routes: BoxedFilter<(Response,)>,
    front: Arc<Front>,
    mut shutdown: watch::Receiver<bool>,
) {
    let routes = TowerToHyperService::new(warp::service(routes));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let counts = Counts::default();
    loop {
        let accepted = tokio::select! {
            () = ended(&mut shutdown) => break,
            accepted = accept(&listener, &places, &counts) => accepted,
        };
        let Some(Accepted { stream, address, place }) = accepted else { continue };
        let (routes, front) = (routes.clone(), Arc::clone(&front));
        let answer = service_fn(move |request| {
            let (routes, front) = (routes.clone(), Arc::clone(&front));
            async move { Ok::<_, Infallible>(front.answer(&routes, request, address).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades();
        let mut shutdown = shutdown.clone();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = ended(&mut shutdown) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    // Every connection gives its place back when it ends.
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    if tokio::time::timeout(DRAIN, places.acquire_many(all)).await.is_err() {
        tracing::warn!("requests were still running after {DRAIN:?} and were cut off");
    }
}

/// A connection, and its places among those that are served: in all, and of its address.
struct Accepted {
    stream: TcpStream,
    address: IpAddr,
    place: (OwnedSemaphorePermit, Counted),
}

/// The next connection.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, counts: &Counts) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            // Small messages go out at once; a failure costs only that.
            let _ = stream.set_nodelay(true);
            let address = address.ip();
            let counted = counts.add(address, CONNECTIONS_OF_ONE)?;
            Some(Accepted { stream, address, place: (place, counted) })
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
    pub(super) fn new(settings: &ControlSettings, metrics: Arc<Metrics>) -> Self {
        Self { doorkeeper: Doorkeeper::new(settings), metrics }
    }

    async fn answer<S>(&self, routes: &S, request: Request<Incoming>, address: IpAddr) -> Response
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    {
        let started = Instant::now();
        let (mut head, body) = request.into_parts();
        let (method, path) = (method_name(&head.method), head.uri.path().to_owned());
        let origin = head.headers.get(header::ORIGIN).cloned();
        let names_protocol = protocols(&head.headers).any(|protocol| protocol == WEBSOCKET_PROTOCOL);
        let mut response = match self.doorkeeper.admit(&head, address) {
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
        let route = response.extensions().get::<Route>().map_or("none", |route| route.0);
        let status = response.status();
        let spent = started.elapsed();
        self.metrics.request(&RequestLabels { method, route, status: u32::from(status.as_u16()) }, spent);
        tracing::debug!(method, path, status = status.as_u16(), ?spent, "request");
        response
    }
}

/// The method as a label: clients can invent methods, and each would become a time series of its own.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
