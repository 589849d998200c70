//! `guard-reach`: does one thing to a socket or a thread, and says what came of
//! it: `ok`, or `error` and the number. What a shell cannot do exactly.
//!
//! ```text
//! guard-reach tcp|udp|sendto|fastopen|mptcp ADDRESS [SOURCE]
//! guard-reach exec-from-thread PROGRAM ARGUMENT…
//! guard-reach leader-leaves FILE PROGRAM ARGUMENT…
//! guard-reach hold|hold-on-lo ADDRESS
//! guard-reach early plain|zerocopy|sendfile ADDRESS TEXT
//! guard-reach notice ADDRESS
//! ```
//!
//! `hold` listens at the address, connects to itself, prints both ports and waits
//! for what comes; `hold-on-lo` binds its client to the device `lo` first. `early`
//! writes a query before its connection is there. `notice` prints what a client of
//! the PostgreSQL at the address can notice of its socket.

mod early;
mod notice;
mod raw;

use guard_tests::wire::message;
use rustix::net::{AddressFamily, Protocol, SendFlags, SocketType, bind, connect, sendto, socket};
use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["exec-from-thread", program, arguments @ ..] => exec_from_thread(program, arguments),
        ["leader-leaves", file, program, arguments @ ..] => leader_leaves(file, program, arguments),
        ["early", how, address, text] => {
            parse(address).and_then(|address| early::write(how, address, &conversation(text)))
        }
        ["notice", address] => parse(address).and_then(notice::look),
        ["hold", address] => hold(address, false),
        ["hold-on-lo", address] => hold(address, true),
        [how, address] => reach(how, address, None),
        [how, address, source] => reach(how, address, Some(source)),
        _ => Err(io::Error::other("usage: see tests/reach/main.rs")),
    };
    match result {
        Ok(()) => println!("ok"),
        Err(error) => match error.raw_os_error() {
            Some(number) => println!("error {number}"),
            None => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        },
    }
    ExitCode::SUCCESS
}

/// `MSG_FASTOPEN`.
const FASTOPEN: u32 = 0x2000_0000;
/// `IPPROTO_MPTCP`.
const MPTCP: u32 = 262;

/// The start of a connection to PostgreSQL, and a query.
fn conversation(text: &str) -> Vec<u8> {
    [message::startup("app", "shop"), message::query(text)].concat()
}

fn parse(text: &str) -> io::Result<SocketAddr> {
    text.parse().map_err(io::Error::other)
}

/// Connects or sends in one of several ways.
fn reach(how: &str, address: &str, source: Option<&str>) -> io::Result<()> {
    let address = parse(address)?;
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let (kind, protocol) = match how {
        "udp" | "sendto" => (SocketType::DGRAM, None),
        "mptcp" => (
            SocketType::STREAM,
            std::num::NonZero::new(MPTCP).map(Protocol::from_raw),
        ),
        _ => (SocketType::STREAM, None),
    };
    let socket = socket(family, kind, protocol)?;
    if let Some(source) = source {
        bind(&socket, &parse(source)?)?;
    }
    match how {
        "tcp" | "udp" | "mptcp" => connect(&socket, &address)?,
        "sendto" => {
            sendto(&socket, b"x", SendFlags::empty(), &address)?;
        }
        "fastopen" => {
            let flags = SendFlags::from_bits_retain(FASTOPEN);
            sendto(&socket, b"x", flags, &address)?;
        }
        other => return Err(io::Error::other(format!("{other}: no such way"))),
    }
    Ok(())
}

/// Connects to itself and reads until the connection ends.
fn hold(address: &str, on_lo: bool) -> io::Result<()> {
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let server = TcpListener::bind(address)?;
    let port = server.local_addr()?.port();
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let client = socket(family, SocketType::STREAM, None)?;
    if on_lo {
        bind_to_lo(&client)?;
    }
    connect(&client, &SocketAddr::new(address.ip(), port))?;
    let mut client = TcpStream::from(client);
    let _accepted = server.accept()?;
    println!("{} {port}", client.local_addr()?.port());
    client.read(&mut [0; 1]).map(|_| ())
}

/// Binds a socket to the loopback device.
fn bind_to_lo(socket: &impl AsRawFd) -> io::Result<()> {
    let name = c"lo".to_bytes_with_nul();
    raw::set(socket, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, name)
}

/// Becomes another program from a thread that is not the leader.
fn exec_from_thread(program: &str, arguments: &[&str]) -> io::Result<()> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| Command::new(program).args(arguments).exec());
        Err(thread
            .join()
            .unwrap_or_else(|_panic| io::Error::other("panic")))
    })
}

/// Ends the leader of the thread group alone; another thread waits for that,
/// then until `file` exists, and then runs the program.
fn leader_leaves(file: &str, program: &str, arguments: &[&str]) -> io::Result<()> {
    let (file, program) = (file.to_owned(), program.to_owned());
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let stay = move || {
        let deadline = Instant::now() + Duration::from_secs(10);
        let leader_left = || {
            std::fs::read_to_string("/proc/self/stat").is_ok_and(|stat| {
                stat.rsplit(')')
                    .next()
                    .is_some_and(|rest| rest.starts_with(" Z"))
            })
        };
        while Instant::now() < deadline && !(leader_left() && std::path::Path::new(&file).exists())
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        let ran = Command::new(program).args(arguments).status();
        println!("{}", ran.map_or(-1, |status| status.code().unwrap_or(128)));
    };
    std::thread::spawn(stay);
    leave()
}

/// Ends this thread, and only this one.
#[expect(unsafe_code, reason = "no safe call ends one thread without its group")]
fn leave() -> ! {
    // SAFETY: `exit` ends the calling thread without touching memory; nothing of
    // this thread's stack is borrowed by another one.
    unsafe {
        libc::syscall(libc::SYS_exit, 0);
    }
    unreachable!("the thread has ended")
}
