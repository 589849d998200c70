//! Asks the daemon.

use super::CtlError;
use crate::api::message::ErrorBody;
use crate::exit::Exit;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use tokio::net::UnixStream;

/// Asks and gives the answer's JSON.
pub(super) async fn ask(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<Value, CtlError> {
    let body = body.map_or(Ok(Vec::new()), serde_json::to_vec);
    let response = send(socket, method, path, body.map_err(CtlError::Answer)?).await?;
    let bytes = response.into_body().collect().await.map_err(broken)?;
    serde_json::from_slice(&bytes.to_bytes()).map_err(CtlError::Answer)
}

/// Asks without a body.
pub(super) async fn get(socket: &Path, path: &str) -> Result<Value, CtlError> {
    ask(socket, Method::GET, path, None::<&()>).await
}

/// Asks and gives the answer as it comes; a refusal becomes an error.
pub(super) async fn send(
    socket: &Path,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<Response<Incoming>, CtlError> {
    let unreachable = |source| CtlError::Unreachable {
        socket: socket.to_owned(),
        source,
    };
    let stream = UnixStream::connect(socket).await.map_err(unreachable)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "guard")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(broken)?;
    let response = sender.send_request(request).await.map_err(broken)?;
    if response.status().is_success() {
        return Ok(response);
    }
    let bytes = response.into_body().collect().await.map_err(broken)?;
    let error: ErrorBody = serde_json::from_slice(&bytes.to_bytes()).map_err(CtlError::Answer)?;
    Err(CtlError::Refused {
        exit: Exit::from_raw(error.exit),
        message: error.error,
        help: error.help,
    })
}

pub(super) fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CtlError {
    CtlError::Broken(error.into())
}
