//! Ends poisoned connections: `SOCK_DESTROY` over `inet_diag`.
//!
//! The kernel looks a socket up in the network namespace of the netlink socket
//! that asks, by its addresses and its cookie. So there is one netlink socket a
//! namespace, kept by the namespace's cookie.

use guard_common::abi::event::Poisoned;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable,
};
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_packet_sock_diag::{SockDiagDestroy, SockDiagMessage};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Namespaces kept at once; each is one file descriptor.
const MAX_NAMESPACES: usize = 256;

/// Netlink sockets by the cookie of their network namespace.
#[derive(Default)]
pub(crate) struct Destroyer {
    sockets: HashMap<u64, Socket>,
}

impl Destroyer {
    /// Ends a connection. `tgids` are processes that may live in its namespace.
    pub(crate) fn destroy(&mut self, poisoned: &Poisoned, tgids: &[u32]) -> io::Result<()> {
        let socket = self.socket(poisoned.netns, tgids)?;
        match request_destroy(socket, identity(poisoned)) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                // A socket bound to a device is found only with the device's
                // number, which its entry in the list has.
                match find(socket, poisoned)? {
                    Some(identity) => match request_destroy(socket, identity) {
                        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
                        result => result,
                    },
                    None => Ok(()),
                }
            }
            result => result,
        }
    }

    /// The netlink socket of a namespace.
    fn socket(&mut self, cookie: u64, tgids: &[u32]) -> io::Result<&Socket> {
        if !self.sockets.contains_key(&cookie) {
            if self.sockets.len() >= MAX_NAMESPACES {
                self.sockets.clear();
            }
            self.search(cookie, tgids)?;
        }
        self.sockets.get(&cookie).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("its network namespace (cookie {cookie}) is not that of any thread"),
            )
        })
    }

    /// Opens namespaces until the one with this cookie is among them: first our
    /// own, then those of `tgids`, then those of all processes.
    fn search(&mut self, cookie: u64, tgids: &[u32]) -> io::Result<()> {
        let own = open()?;
        self.sockets.insert(netns_cookie(&own)?, own);
        let guarded = tgids.iter().flat_map(|tgid| namespaces_of(*tgid));
        let all = std::fs::read_dir("/proc")?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .flat_map(namespaces_of);
        // `ip netns` keeps namespaces here that no process may be in.
        let named = std::fs::read_dir("/run/netns").into_iter().flatten();
        let named = named.flatten().map(|entry| entry.path());
        let mut seen = HashSet::new();
        for path in guarded.chain(all).chain(named) {
            if self.sockets.contains_key(&cookie) {
                return Ok(());
            }
            // A process may be gone by now: its namespace is no candidate then.
            let Ok(file) = File::open(&path) else {
                continue;
            };
            if !seen.insert(file.metadata()?.ino()) {
                continue;
            }
            // What is no namespace (a stale name of `ip netns`) cannot be entered.
            let Ok(socket) = open_inside(file) else {
                continue;
            };
            self.sockets.insert(netns_cookie(&socket)?, socket);
        }
        Ok(())
    }
}

/// Where the network namespaces of a process's threads can be opened; they need
/// not be the same.
fn namespaces_of(tgid: u32) -> impl Iterator<Item = PathBuf> {
    let threads = std::fs::read_dir(format!("/proc/{tgid}/task"));
    threads
        .into_iter()
        .flatten()
        .flatten()
        .map(|thread| thread.path().join("ns/net"))
}

/// A netlink socket in the namespace of this thread.
fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    Ok(socket)
}

/// A netlink socket in another namespace. Only a thread of its own enters it.
fn open_inside(namespace: File) -> io::Result<Socket> {
    std::thread::spawn(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        open()
    })
    .join()
    .unwrap_or_else(|_panic| Err(io::Error::other("the thread in the namespace failed")))
}

/// The cookie of a socket's network namespace.
fn netns_cookie(socket: &Socket) -> io::Result<u64> {
    /// `SO_NETNS_COOKIE` of `asm-generic/socket.h`, Linux 5.14.
    const SO_NETNS_COOKIE: libc::c_int = 71;
    let mut cookie = 0_u64;
    let mut length = size_of::<u64>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, the size of `cookie`;
    // both live through the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        Ok(cookie)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A poisoned socket as `inet_diag` names it.
fn identity(poisoned: &Poisoned) -> SocketId {
    SocketId {
        source_port: poisoned.local_port,
        destination_port: poisoned.remote_port,
        source_address: address(poisoned.local),
        destination_address: address(poisoned.remote),
        interface_id: 0,
        cookie: cookie_bytes(poisoned.socket),
    }
}

/// A v4-mapped address as IPv4: that lookup finds sockets of both families.
fn address(bytes: [u8; 16]) -> IpAddr {
    let address = Ipv6Addr::from(bytes);
    address
        .to_ipv4_mapped()
        .map_or(IpAddr::V6(address), IpAddr::V4)
}

/// A cookie as two 32-bit numbers, the lower one first.
fn cookie_bytes(cookie: u64) -> [u8; 8] {
    let (low, high) = (cookie as u32, (cookie >> 32) as u32);
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&low.to_ne_bytes());
    bytes[4..].copy_from_slice(&high.to_ne_bytes());
    bytes
}

/// The address family of an identity.
const fn family(identity: &SocketId) -> u8 {
    match identity.source_address {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// A request about TCP sockets in any state.
fn request(family: u8, identity: SocketId) -> SockDiagMessage {
    SockDiagMessage::InetRequest(InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: identity,
    })
}

/// Asks the kernel to end one socket.
fn request_destroy(socket: &Socket, identity: SocketId) -> io::Result<()> {
    let message = SockDiagDestroy::new(request(family(&identity), identity));
    send(socket, message, NLM_F_REQUEST | NLM_F_ACK)?;
    let mut answer = vec![0; 8192];
    let length = socket.recv(&mut &mut answer[..], 0)?;
    let answer = NetlinkMessage::<SockDiagMessage>::deserialize(&answer[..length])
        .map_err(io::Error::other)?;
    match answer.payload {
        NetlinkPayload::Error(error) if error.code.is_some() => Err(error.to_io()),
        _ => Ok(()),
    }
}

/// Looks for a poisoned socket by its cookie alone.
fn find(socket: &Socket, poisoned: &Poisoned) -> io::Result<Option<SocketId>> {
    for family in [AF_INET, AF_INET6] {
        let any = if family == AF_INET {
            SocketId::new_v4()
        } else {
            SocketId::new_v6()
        };
        send(socket, request(family, any), NLM_F_REQUEST | NLM_F_DUMP)?;
        let found = read_list(socket, cookie_bytes(poisoned.socket))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Reads a whole list of sockets, and keeps the one with a cookie.
fn read_list(socket: &Socket, cookie: [u8; 8]) -> io::Result<Option<SocketId>> {
    let mut found = None;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = socket.recv(&mut &mut buffer[..], 0)?;
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let message =
                NetlinkMessage::<SockDiagMessage>::deserialize(rest).map_err(io::Error::other)?;
            match message.payload {
                NetlinkPayload::Done(_) => return Ok(found),
                NetlinkPayload::Error(error) => return Err(error.to_io()),
                NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response))
                    if response.header.socket_id.cookie == cookie =>
                {
                    found = Some(response.header.socket_id.clone());
                }
                _ => {}
            }
            let step = (message.header.length as usize).next_multiple_of(4);
            rest = rest.get(step.max(16)..).unwrap_or_default();
        }
    }
}

/// Sends one message to the kernel.
fn send<M: NetlinkSerializable>(socket: &Socket, message: M, flags: u16) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0).map(|_| ())
}
