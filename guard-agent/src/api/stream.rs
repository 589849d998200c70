//! `GET /v1/decisions`: records out of the journal, one JSON object a line.

use super::server::Body;
use super::{Refusal, Shared};
use crate::journal::{Filter, JournalError, Reader};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Names the journal in an answer: a cursor is good for this one only.
const JOURNAL_HEADER: &str = "guard-journal";

/// The number after which the answer begins, for a client that has to ask again
/// before the first record came.
const CURSOR_HEADER: &str = "guard-cursor";

/// Pages that wait for a slow client.
const PAGES: usize = 2;

/// Records given when the question does not say how many.
const DEFAULT_LAST: u32 = 20;

/// What was asked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    filter: Filter,
    after: Option<u64>,
    last: Option<u32>,
    follow: bool,
}

/// Answers with a stream that ends at the newest record, or goes on with
/// `follow`.
pub(super) async fn decisions(query: &str, shared: &Shared) -> Result<Response<Body>, Refusal> {
    let question = Question::parse(query)?;
    let shared = shared.clone();
    let journal = Arc::clone(&shared.journal_id);
    let head = *shared.head.borrow();
    let cursor = start(&question, shared.journal.clone(), head)
        .await
        .map_err(|error| Refusal::failed(error.to_string()))?;
    let (sender, pages) = mpsc::channel(PAGES);
    tokio::spawn(async move {
        if let Err(error) = send(question, cursor, shared, &sender).await {
            tracing::error!(error = %error, "the journal cannot be read");
            // A stream that breaks off is not a stream that ends.
            let _gone = sender.send(Err(io::Error::other(error))).await;
        }
    });
    let mut response = Response::new(Pages(pages).boxed());
    let headers = response.headers_mut();
    let lines = HeaderValue::from_static("application/x-ndjson");
    headers.insert(CONTENT_TYPE, lines);
    headers.insert(HeaderName::from_static(CURSOR_HEADER), cursor.into());
    if let Ok(id) = HeaderValue::from_str(&journal) {
        headers.insert(HeaderName::from_static(JOURNAL_HEADER), id);
    }
    Ok(response)
}

impl Question {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let mut question = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let filter = &mut question.filter;
            match key.as_ref() {
                "session" => filter.session = Some(value),
                "verdict" => filter.verdict.push(value),
                "rule" => filter.rule = Some(value),
                "dataset" => filter.dataset = Some(value),
                "since" => filter.since = Some(moment(&value)?),
                "lifecycle" => filter.lifecycle = truth(&key, &value)?,
                "after" => question.after = Some(number(&key, &value)?),
                "last" => question.last = Some(number(&key, &value)?),
                "follow" => question.follow = truth(&key, &value)?,
                other => {
                    return Err(Refusal::bad(format!("parameter {other:?} is not known"))
                        .help("docs/operating.md lists them"));
                }
            }
        }
        Ok(question)
    }
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, Refusal> {
    let wrong = |_error| {
        Refusal::bad(format!("{key}: {value:?} is not a number in range"))
            .help("write a whole number from 0 on")
    };
    value.parse().map_err(wrong)
}

fn truth(key: &str, value: &str) -> Result<bool, Refusal> {
    let wrong = |_error| {
        Refusal::bad(format!("{key}: {value:?} is neither true nor false")).help("write true")
    };
    value.parse().map_err(wrong)
}

fn moment(value: &str) -> Result<String, Refusal> {
    let parsed: Result<jiff::Timestamp, _> = value.parse();
    let moment = parsed.map_err(|error| {
        Refusal::bad(format!("since: {error}")).help("write 2026-01-31T12:00:00Z")
    })?;
    Ok(crate::events::clock::write(moment))
}

/// A body made of pages.
struct Pages(mpsc::Receiver<io::Result<Bytes>>);

impl hyper::body::Body for Pages {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let page = self.0.poll_recv(context);
        page.map(|page| page.map(|page| page.map(Frame::data)))
    }
}

/// Reads page after page and sends them; ends with the client, the daemon or
/// the last record.
async fn send(
    question: Question,
    mut cursor: u64,
    shared: Shared,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), JournalError> {
    let mut head = shared.head.clone();
    let mut stopping = shared.stopping.clone();
    loop {
        let end = *head.borrow_and_update();
        while cursor < end {
            let filter = question.filter.clone();
            let (lines, through) = page(filter, shared.journal.clone(), cursor, end).await?;
            cursor = through;
            if !lines.is_empty() && sender.send(Ok(Bytes::from(lines))).await.is_err() {
                return Ok(());
            }
        }
        if !question.follow {
            return Ok(());
        }
        tokio::select! {
            changed = head.changed() => if changed.is_err() { return Ok(()) },
            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
            () = sender.closed() => return Ok(()),
        }
    }
}

async fn start(question: &Question, file: PathBuf, head: u64) -> Result<u64, JournalError> {
    let filter = question.filter.clone();
    let count = match (question.after, question.last) {
        (Some(after), _) => return Ok(after),
        (None, Some(last)) => last,
        (None, None) if filter.since.is_some() => return Ok(0),
        (None, None) => DEFAULT_LAST,
    };
    blocking(move || Reader::open(&file)?.newest(&filter, count, head)).await
}

async fn page(
    filter: Filter,
    file: PathBuf,
    after: u64,
    head: u64,
) -> Result<(String, u64), JournalError> {
    blocking(move || {
        let page = Reader::open(&file)?.after(&filter, after, head)?;
        let mut lines = String::new();
        for (_, json) in page.rows {
            lines.push_str(&json);
            lines.push('\n');
        }
        Ok((lines, page.through))
    })
    .await
}

/// Runs a read of the file beside the loop.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_and_anything_unknown_is_refused() {
        let query = "verdict=block&verdict=kill&session=ab&after=7&follow=true";
        let question = Question::parse(query).expect("valid");
        assert_eq!(question.filter.verdict, ["block", "kill"]);
        assert_eq!((question.after, question.follow), (Some(7), true));
        for wrong in [
            "colour=red",
            "after=x",
            "after=-1",
            "follow=yes",
            "since=soon",
        ] {
            let refusal = Question::parse(wrong).expect_err(wrong);
            assert_eq!(refusal.status, 400, "{wrong}");
        }
    }
}
