//! A PostgreSQL client of bytes: it writes exactly what a test says, as no
//! client library would.

use crate::wait::PATIENCE;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// Messages of the frontend protocol, as bytes.
pub mod message {
    /// A tagged message with its length.
    #[must_use]
    pub fn tagged(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![tag];
        message.extend(length(body.len()));
        message.extend(body);
        message
    }

    fn length(body: usize) -> [u8; 4] {
        u32::try_from(body + 4)
            .expect("a test message is shorter than 4 GiB")
            .to_be_bytes()
    }

    fn strings(parts: &[&str]) -> Vec<u8> {
        parts
            .iter()
            .flat_map(|part| part.bytes().chain([0]))
            .collect()
    }

    /// The start of a connection.
    #[must_use]
    pub fn startup(user: &str, database: &str) -> Vec<u8> {
        startup_with(&[("user", user), ("database", database)])
    }

    /// The same with any parameters.
    #[must_use]
    pub fn startup_with(parameters: &[(&str, &str)]) -> Vec<u8> {
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        for (name, value) in parameters {
            body.extend(strings(&[name, value]));
        }
        body.push(0);
        [&length(body.len())[..], &body].concat()
    }

    /// `SSLRequest`.
    #[must_use]
    pub fn ssl_request() -> Vec<u8> {
        [8_u32.to_be_bytes(), 80_877_103_u32.to_be_bytes()].concat()
    }

    /// `Query`.
    #[must_use]
    pub fn query(sql: &str) -> Vec<u8> {
        tagged(b'Q', &strings(&[sql]))
    }

    /// `Parse` without parameter types.
    #[must_use]
    pub fn parse(name: &str, sql: &str) -> Vec<u8> {
        tagged(b'P', &[&strings(&[name, sql])[..], &[0, 0]].concat())
    }

    /// `Bind` of text parameters to the unnamed portal.
    #[must_use]
    pub fn bind(statement: &str, parameters: &[&str]) -> Vec<u8> {
        let mut body = strings(&["", statement]);
        body.extend([0, 0]);
        body.extend(
            u16::try_from(parameters.len())
                .expect("few parameters")
                .to_be_bytes(),
        );
        for parameter in parameters {
            body.extend(
                u32::try_from(parameter.len())
                    .expect("short parameters")
                    .to_be_bytes(),
            );
            body.extend(parameter.bytes());
        }
        body.extend([0, 0]);
        tagged(b'B', &body)
    }

    /// `Describe` of the unnamed portal.
    #[must_use]
    pub fn describe() -> Vec<u8> {
        tagged(b'D', b"P\0")
    }

    /// `Describe` of a statement.
    #[must_use]
    pub fn describe_statement(name: &str) -> Vec<u8> {
        tagged(b'D', &[b"S", name.as_bytes(), b"\0"].concat())
    }

    /// `Execute` of the unnamed portal.
    #[must_use]
    pub fn execute() -> Vec<u8> {
        tagged(b'E', &[0; 5])
    }

    /// `Flush`.
    #[must_use]
    pub fn flush() -> Vec<u8> {
        tagged(b'H', b"")
    }

    /// `Sync`.
    #[must_use]
    pub fn sync() -> Vec<u8> {
        tagged(b'S', b"")
    }

    /// `Terminate`.
    #[must_use]
    pub fn terminate() -> Vec<u8> {
        tagged(b'X', b"")
    }

    /// Parse, Bind, Describe and Execute of one statement, without Sync.
    #[must_use]
    pub fn extended(sql: &str) -> Vec<u8> {
        [parse("", sql), bind("", &[]), describe(), execute()].concat()
    }
}

/// One message of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its tag.
    pub tag: u8,
    /// What follows the length.
    pub body: Vec<u8>,
}

impl Answer {
    /// A field of an `ErrorResponse`: `C` SQLSTATE, `M` message, `D` detail,
    /// `H` hint, `S` severity.
    #[must_use]
    pub fn field(&self, code: u8) -> String {
        let fields = self.body.split(|byte| *byte == 0);
        let field = fields
            .into_iter()
            .find(|field| field.first() == Some(&code));
        field
            .map(|field| String::from_utf8_lossy(&field[1..]).into_owned())
            .unwrap_or_default()
    }

    /// The body as text, without its last NUL.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body)
            .trim_end_matches('\0')
            .to_owned()
    }
}

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
}

/// What a read found.
#[derive(Debug)]
pub enum Next {
    /// A message.
    Answer(Answer),
    /// The server or the kernel ended the connection.
    End,
}

impl Wire {
    /// Connects, without a word.
    ///
    /// # Panics
    /// If the connection is refused.
    #[must_use]
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream
            .set_nodelay(true)
            .expect("a socket takes TCP_NODELAY");
        let limit = Some(PATIENCE);
        stream
            .set_read_timeout(limit)
            .expect("a socket takes a time limit");
        stream
            .set_write_timeout(limit)
            .expect("a socket takes a time limit");
        Self { stream }
    }

    /// Connects and starts a session of the server as the harness's user.
    ///
    /// # Panics
    /// If the server does not become ready.
    #[must_use]
    #[track_caller]
    pub fn open(address: SocketAddr) -> Self {
        let mut wire = Self::connect(address);
        wire.start();
        wire
    }

    /// Sends the startup message and reads up to `ReadyForQuery`.
    #[track_caller]
    pub fn start(&mut self) {
        self.send(&message::startup(
            crate::postgres::USER,
            crate::postgres::DATABASE,
        ));
        let answers = self.until_ready();
        assert_eq!(
            answers.last().map(|answer| answer.tag),
            Some(b'Z'),
            "{answers:?}"
        );
    }

    /// The socket.
    #[must_use]
    pub const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Writes all of it in one call, if the kernel takes it so.
    ///
    /// # Panics
    /// If the connection is gone.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream
            .write_all(bytes)
            .expect("the connection takes bytes");
    }

    /// Like [`Wire::send`]; an ended connection is an answer.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads one byte: the answer to `SSLRequest`.
    #[track_caller]
    pub fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.stream
            .read_exact(&mut byte)
            .expect("the server answers");
        byte[0]
    }

    /// Reads one message.
    ///
    /// # Panics
    /// If nothing comes within ten seconds: the client hangs.
    #[track_caller]
    pub fn receive(&mut self) -> Next {
        let mut head = [0; 5];
        if !self.fill(&mut head) {
            return Next::End;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length.saturating_sub(4)];
        if !self.fill(&mut body) {
            return Next::End;
        }
        Next::Answer(Answer { tag: head[0], body })
    }

    #[track_caller]
    fn fill(&mut self, into: &mut [u8]) -> bool {
        let start = Instant::now();
        let mut filled = 0;
        while filled < into.len() {
            match self.stream.read(&mut into[filled..]) {
                Ok(0) => return false,
                Ok(count) => filled += count,
                // A destroyed socket may wake its reader once with EAGAIN,
                // before it says that the connection was aborted.
                Err(error) if error.kind() == ErrorKind::WouldBlock => assert!(
                    start.elapsed() < PATIENCE,
                    "no answer and no end within 10 s: a client would hang here"
                ),
                Err(_) => return false,
            }
        }
        true
    }

    /// Reads up to `ReadyForQuery`, or to the end of the connection.
    #[track_caller]
    pub fn until_ready(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        while let Next::Answer(answer) = self.receive() {
            let ready = answer.tag == b'Z';
            answers.push(answer);
            if ready {
                break;
            }
        }
        answers
    }

    /// Sends bytes and reads up to `ReadyForQuery`.
    #[track_caller]
    pub fn ask(&mut self, bytes: &[u8]) -> Vec<Answer> {
        self.send(bytes);
        self.until_ready()
    }
}

/// The tags of messages, as text.
#[must_use]
pub fn tags(answers: &[Answer]) -> String {
    answers
        .iter()
        .map(|answer| char::from(answer.tag))
        .collect()
}

/// The `ErrorResponse`s among messages.
#[must_use]
pub fn errors(answers: &[Answer]) -> Vec<&Answer> {
    answers.iter().filter(|answer| answer.tag == b'E').collect()
}
