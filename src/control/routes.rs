//! The routes as they are called from within: by WebSocket clients, who can ask for all that HTTP takes.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::service::TowerToHyperService;
use warp::{
    filters::BoxedFilter,
    http::{HeaderMap, Method, Request, StatusCode},
    hyper::service::Service as _,
    reply::Response,
};

use super::{
    Scope,
    admission::{self, Doorkeeper, beyond},
    server::Route,
};
use crate::telemetry::{Metrics, RequestLabels};

/// The routes of the stream, without those by which WebSockets come.
#[derive(Clone)]
pub(super) struct Routes {
    filter: BoxedFilter<(Response,)>,
    doorkeeper: Arc<Doorkeeper>,
    metrics: Arc<Metrics>,
}

/// An answer, all of it.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Routes {
    pub(super) fn new(filter: BoxedFilter<(Response,)>, doorkeeper: Arc<Doorkeeper>, metrics: Arc<Metrics>) -> Self {
        Self { filter, doorkeeper, metrics }
    }

    /// Has a request answered of somebody at `address` who may do what `scope` says, as if it had come by a connection.
    pub(super) async fn call(&self, mut request: Request<Bytes>, (scope, address): (Scope, IpAddr)) -> Answered {
        let path = request.uri().path();
        let needed = admission::needed(request.method(), path);
        let admitted = self.doorkeeper.count(path, address);
        let admitted = admitted.and_then(|()| if scope < needed { Err(beyond(scope, needed)) } else { Ok(()) });
        if let Err(problem) = admitted {
            return Answered::of(problem.into_response()).await;
        }
        let started = Instant::now();
        let method = request.method().clone();
        request.extensions_mut().insert(scope);
        request.extensions_mut().insert(address);
        let routes = TowerToHyperService::new(warp::service(self.filter.clone()));
        let response = match routes.call(request.map(Full::new)).await {
            Ok(response) => response,
            Err(never) => {
                let never: Infallible = never;
                match never {}
            }
        };
        count(&self.metrics, &method, &response, started);
        Answered::of(response).await
    }
}

impl Answered {
    pub(super) async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        // The answers of routes are in memory: they do not break off.
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Self { status: head.status, headers: head.headers, body }
    }
}

/// Takes note of a request that was answered. Gives how its method and its route are called.
pub(super) fn count(metrics: &Metrics, method: &Method, response: &Response, started: Instant) -> &'static str {
    let route = response.extensions().get::<Route>().map_or("none", |route| route.0);
    let (method, status) = (method_name(method), u32::from(response.status().as_u16()));
    metrics.request(&RequestLabels { method, route, status }, started.elapsed());
    route
}

/// The method as a label: clients can invent methods, and each would become a time series of its own.
pub(super) fn method_name(method: &Method) -> &'static str {
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
