//! `guardctl tail`.

use super::{CtlError, client, text};
use crate::cli::ctl::{Output, Tail};
use crate::exit::Exit;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp, Zoned, civil};
use serde_json::Value;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

/// Pause before a lost daemon is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// Longest line that is taken for a record.
const LINE_BYTES: usize = 1 << 20;

/// Where the reader is: in which journal, after which record.
#[derive(Default)]
struct Place {
    journal: Option<String>,
    after: Option<u64>,
}

/// Shows decisions; with `follow` until interrupted.
pub(super) async fn tail(socket: &Path, args: &Tail) -> Result<Exit, CtlError> {
    let question = question(args)?;
    let mut place = Place::default();
    let mut printer = Printer::new(args.form.output);
    loop {
        let result = once(socket, &question, args, &mut place, &mut printer).await;
        let lost = match result {
            Ok(()) if !args.follow => return Ok(Exit::Done),
            Ok(()) => true,
            // Nothing was shown yet: a wrong question or no daemon at all.
            Err(error) if place.journal.is_none() || !args.follow => return Err(error),
            Err(CtlError::Unreachable { .. } | CtlError::Broken(_)) => true,
            Err(CtlError::Refused { message, .. }) if message.contains("stopping") => true,
            Err(error) => return Err(error),
        };
        if lost {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The part of the question that stays the same over reconnects.
fn question(args: &Tail) -> Result<String, CtlError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in [
        ("session", &args.session),
        ("rule", &args.rule),
        ("dataset", &args.dataset),
    ] {
        if let Some(value) = value {
            query.append_pair(key, value);
        }
    }
    for verdict in &args.verdict {
        query.append_pair("verdict", verdict.name());
    }
    if let Some(since) = &args.since {
        query.append_pair("since", &moment(since)?.to_string());
    }
    if args.lifecycle {
        query.append_pair("lifecycle", "true");
    }
    if args.follow {
        query.append_pair("follow", "true");
    }
    Ok(query.finish())
}

/// Reads one stream to its end.
async fn once(
    socket: &Path,
    question: &str,
    args: &Tail,
    place: &mut Place,
    printer: &mut Printer,
) -> Result<(), CtlError> {
    let mut path = format!("/v1/decisions?{question}");
    match (place.after, args.lines) {
        (Some(after), _) => path += &format!("&after={after}"),
        (None, Some(lines)) => path += &format!("&last={lines}"),
        (None, None) => {}
    }
    let response = client::send(socket, Method::GET, &path, Vec::new()).await?;
    let journal = response.headers().get("guard-journal");
    let journal = journal.and_then(|id| id.to_str().ok()).map(str::to_owned);
    if place.journal.is_some() && place.journal != journal {
        // Another journal: the place in the old one means nothing in it.
        eprintln!("guardctl: the daemon has begun another journal");
        place.after = Some(0);
        place.journal = journal;
        return Ok(());
    }
    place.journal = journal;
    if place.after.is_none() {
        let cursor = response.headers().get("guard-cursor");
        let cursor = cursor.and_then(|cursor| cursor.to_str().ok());
        place.after = cursor.and_then(|cursor| cursor.parse().ok());
    }
    lines(response.into_body(), place, printer).await
}

/// Prints each whole line; what is left of a broken one is asked for again.
async fn lines(
    mut body: Incoming,
    place: &mut Place,
    printer: &mut Printer,
) -> Result<(), CtlError> {
    let mut rest: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(client::broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        rest.extend_from_slice(&data);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let record: Value = serde_json::from_slice(&line).map_err(CtlError::Answer)?;
            printer.print(&record, &line)?;
            if let Some(seq) = record["seq"].as_u64() {
                place.after = Some(seq);
            }
        }
        if rest.len() > LINE_BYTES {
            return Err(client::broken("a line of the answer has no end"));
        }
        printer.flush()?;
    }
    Ok(())
}

/// Writes records to stdout.
struct Printer {
    output: Output,
    colour: bool,
    out: io::BufWriter<io::Stdout>,
}

impl Printer {
    fn new(output: Output) -> Self {
        Self {
            output,
            colour: text::colour(),
            out: io::BufWriter::new(io::stdout()),
        }
    }

    fn print(&mut self, record: &Value, line: &[u8]) -> io::Result<()> {
        match self.output {
            Output::Json => self.out.write_all(line),
            Output::Text => writeln!(self.out, "{}", text::record(record, self.colour)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A moment as people write it.
fn moment(text: &str) -> Result<Timestamp, CtlError> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(local) = text.parse::<civil::DateTime>()
        && let Ok(zoned) = local.to_zoned(jiff::tz::TimeZone::system())
    {
        return Ok(zoned.timestamp());
    }
    let span: Result<SignedDuration, _> = text.parse();
    let ago = span.ok().filter(|span| !span.is_negative());
    let moment = ago.and_then(|span| Zoned::now().timestamp().checked_sub(span).ok());
    moment.ok_or_else(|| CtlError::Argument {
        flag: "--since",
        message: format!("{text:?} is not a moment; write 10m, 2h or 2026-01-31T12:00:00Z"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let noon: Timestamp = "2026-01-31T12:00:00Z".parse().expect("valid");
        assert_eq!(moment("2026-01-31T12:00:00Z").expect("valid"), noon);
        let ago = Timestamp::now().duration_since(moment("10m").expect("valid"));
        assert!((ago.as_secs() - 600).abs() < 5);
        assert!(moment("2026-01-31 12:00").is_ok());
        assert!(moment("2026-01-31").is_ok());
        for wrong in ["soon", "-5m", ""] {
            assert_eq!(moment(wrong).expect_err(wrong).exit(), Exit::Usage);
        }
    }
}
