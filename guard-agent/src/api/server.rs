//! Accepts connections and reads requests.

use super::message::{DisarmBody, ErrorBody, SessionBody};
use super::peer::Peer;
use super::permit::{Right, permit};
use super::{Call, Refusal, Request, Shared, stream};
use crate::exit::Exit;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};

/// Longest body of a request.
const BODY_BYTES: usize = 64 * 1024;
/// Time for the head of a request, and for its body.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for the daemon's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Body of an answer.
pub(super) type Body = BoxBody<Bytes, io::Error>;

/// Binds the socket: mode 0660, of the group if there is one. A socket file
/// that nobody listens on is replaced.
///
/// # Errors
/// Another daemon listens there, or the file cannot be made.
pub fn bind(path: &Path, group: Option<u32>) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => {
            let message = "another daemon listens on this socket";
            return Err(io::Error::new(io::ErrorKind::AddrInUse, message));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            // A file that is no socket refuses in the same words.
            if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
                let message = "something else than a socket is there";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
            std::fs::remove_file(path)?;
        }
        Err(error) => return Err(error),
    }
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    let open = open_to(path, group).and_then(|()| listener.set_nonblocking(true));
    match open.and_then(|()| UnixListener::from_std(listener)) {
        Ok(listener) => Ok(listener),
        Err(error) => {
            std::fs::remove_file(path)?;
            Err(error)
        }
    }
}

/// Lets root and the group connect.
fn open_to(path: &Path, group: Option<u32>) -> io::Result<()> {
    std::os::unix::fs::chown(path, Some(0), group)
        .or_else(|error| if group.is_some() { Err(error) } else { Ok(()) })?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
}

/// Serves connections until the daemon stops; at most `most` at once.
pub async fn serve(listener: UnixListener, shared: Shared, most: usize) {
    let free = Arc::new(Semaphore::new(most));
    let mut stopping = shared.stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let permit = Arc::clone(&free).try_acquire_owned().ok();
                let shared = shared.clone();
                tokio::spawn(async move {
                    let full = permit.is_none();
                    connection(stream, shared, full).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one connection. Where there are too many, it hears so and ends.
async fn connection(stream: UnixStream, shared: Shared, full: bool) {
    let peer = if full {
        Err(Refusal::new(503, Exit::Failed, "too many clients at once")
            .help("try again, or raise `max_connections` in guard.yaml"))
    } else {
        Peer::of(&stream)
    };
    let mut stopping = shared.stopping.clone();
    let last = peer.is_err();
    let service = service_fn(move |request| {
        let (shared, peer) = (shared.clone(), peer.clone());
        async move { Ok::<_, Infallible>(respond(request, &shared, peer).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(16 * 1024)
        .keep_alive(!last);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        result = served => if let Err(error) = result {
            tracing::debug!(error = %error, "a connection ended early");
        },
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

async fn respond(
    request: hyper::Request<Incoming>,
    shared: &Shared,
    peer: Result<Peer, Refusal>,
) -> Response<Body> {
    let answer = match peer {
        Ok(peer) => route(request, shared, peer).await,
        Err(refusal) => Err(refusal),
    };
    answer.unwrap_or_else(error_response)
}

async fn route(
    request: hyper::Request<Incoming>,
    shared: &Shared,
    peer: Peer,
) -> Result<Response<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    let guarded = guarded(shared, &peer)?;
    let request = match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/v1/decisions") => {
            permit(&peer, shared.access, guarded, Right::Look)?;
            return stream::decisions(parts.uri.query().unwrap_or(""), shared).await;
        }
        (&Method::GET, "/v1/status") => Request::Status,
        (&Method::GET, "/v1/sessions") => Request::Sessions,
        (&Method::GET, "/v1/rules") => Request::Rules,
        (&Method::POST, "/v1/sessions") => {
            let body: SessionBody = read(body).await?;
            body.check()?;
            Request::Register(body)
        }
        (&Method::POST, "/v1/disarm") => {
            let body: DisarmBody = read(body).await?;
            body.check()?;
            Request::Disarm(body)
        }
        (&Method::POST, "/v1/arm") => Request::Arm,
        (&Method::POST, "/v1/policy/reload") => Request::Reload,
        (method, path) => {
            let message = format!("{method} {path} is not part of this API");
            return Err(Refusal::new(404, Exit::Usage, message)
                .help("docs/operating.md lists its requests; are both of the same version?"));
        }
    };
    permit(&peer, shared.access, guarded, request.right())?;
    let (reply, answer) = oneshot::channel();
    let call = Call {
        peer,
        request,
        reply,
    };
    let stopped = || Refusal::new(503, Exit::Unreachable, "the daemon is stopping");
    shared.calls.send(call).await.map_err(|_closed| stopped())?;
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer)
        .await
        .map_err(|_late| {
            Refusal::new(504, Exit::Failed, "the daemon did not answer in time")
                .help("try again; its log may say what keeps it")
        })?;
    let value = answer.map_err(|_closed| stopped())??;
    Ok(json(StatusCode::OK, value.to_string()))
}

/// Tells whether the peer is in a session.
fn guarded(shared: &Shared, peer: &Peer) -> Result<bool, Refusal> {
    let task = shared.kernel.lock().task(peer.pid);
    task.map(|task| task.is_some())
        .map_err(|error| Refusal::failed(error.to_string()))
}

/// Reads a JSON body of bounded size in bounded time.
async fn read<T: DeserializeOwned>(body: Incoming) -> Result<T, Refusal> {
    let whole = Limited::new(body, BODY_BYTES).collect();
    let whole = tokio::time::timeout(READ_TIMEOUT, whole)
        .await
        .map_err(|_late| {
            Refusal::new(408, Exit::Usage, "the body did not arrive in time")
                .help("send it at once")
        })?;
    let whole = whole.map_err(|error| {
        let message = format!("the body cannot be read: {error}");
        Refusal::new(413, Exit::Usage, message).help(format!("at most {BODY_BYTES} bytes"))
    })?;
    serde_json::from_slice(&whole.to_bytes()).map_err(|error| {
        Refusal::bad(format!("the body is not valid: {error}"))
            .help("docs/operating.md describes it")
    })
}

fn error_response(refusal: Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status);
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_string(&ErrorBody::from(refusal)).unwrap_or_default();
    json(status, body)
}

fn json(status: StatusCode, body: String) -> Response<Body> {
    let body = Full::new(Bytes::from(body + "\n")).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_socket_that_nobody_listens_on_is_replaced() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("guard.sock");
        let kind = |path: &Path| bind(path, None).expect_err("refused").kind();
        std::fs::write(&path, "somebody's").expect("a scratch file");
        assert_eq!(kind(&path), io::ErrorKind::AlreadyExists);
        assert_eq!(
            std::fs::read_to_string(&path).expect("still there"),
            "somebody's"
        );
        std::fs::remove_file(&path).expect("ours");
        let listener = bind(&path, None).expect("free");
        assert_eq!(kind(&path), io::ErrorKind::AddrInUse);
        drop(listener);
        bind(&path, None).expect("what a killed daemon left");
        let long = folder.path().join("x".repeat(120));
        assert_eq!(kind(&long), io::ErrorKind::InvalidInput);
    }
}
