//! Bytes that a process hands over before its socket is connected.

use crate::raw;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::ioctl_fionbio;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, connect, send, socket_with};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// `MSG_ZEROCOPY`.
const ZEROCOPY: u32 = 0x0400_0000;

/// Begins to connect, writes `bytes` while the connection is being made (the call
/// waits for it), and reads until the connection ends.
pub(crate) fn write(how: &str, address: SocketAddr, bytes: &[u8]) -> io::Result<()> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::NONBLOCK,
        None,
    )?;
    match connect(&socket, &address) {
        Err(rustix::io::Errno::INPROGRESS) => {}
        Ok(()) => return Err(io::Error::other("the connection was there at once")),
        Err(error) => return Err(error.into()),
    }
    ioctl_fionbio(&socket, false)?;
    println!("{} of {}", hand_over(how, &socket, bytes)?, bytes.len());
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map(|_| ())
}

fn hand_over(how: &str, socket: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    match how {
        "plain" => Ok(send(socket, bytes, SendFlags::empty())?),
        "zerocopy" => {
            raw::set(
                socket,
                libc::SOL_SOCKET,
                libc::SO_ZEROCOPY,
                &1_i32.to_ne_bytes(),
            )?;
            Ok(send(socket, bytes, SendFlags::from_bits_retain(ZEROCOPY))?)
        }
        "sendfile" => {
            let file = memfd_create(c"bytes", MemfdFlags::empty())?;
            let mut file = File::from(file);
            file.write_all(bytes)?;
            Ok(rustix::fs::sendfile(
                socket.as_fd(),
                &file,
                Some(&mut 0),
                bytes.len(),
            )?)
        }
        other => Err(io::Error::other(format!("{other}: no such way"))),
    }
}
