//! System calls that have no safe form.
#![expect(unsafe_code, reason = "what these calls do has no safe form")]

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

/// Sets an option of a socket.
pub(crate) fn set(socket: &impl AsRawFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    // SAFETY: pointer and length are those of `value`, which the kernel only reads.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    check(i64::from(result)).map(|_| ())
}

/// Reads an option of a socket.
pub(crate) fn get(socket: &impl AsRawFd, level: i32, name: i32) -> io::Result<Vec<u8>> {
    let mut value = vec![0_u8; 64];
    let mut length = value.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, the size of `value`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    check(i64::from(result))?;
    value.truncate(length as usize);
    Ok(value)
}

fn check(result: i64) -> io::Result<i64> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// `IORING_OP_SEND_ZC`.
const SEND_ZC: u8 = 47;
/// `IORING_OFF_SQES`.
const SQES: i64 = 0x1000_0000;
/// `IORING_ENTER_GETEVENTS`.
const GET_EVENTS: u32 = 1;
/// `IORING_CQE_F_MORE`: a notification follows.
const MORE: u32 = 2;

/// Sends through io_uring without copying, and gives the result and flags of each
/// completion: the first tells how it went, the second that the memory is free.
pub(crate) fn send_zc(socket: &impl AsRawFd, bytes: &[u8]) -> io::Result<Vec<(i32, u32)>> {
    // `struct io_uring_params` as words; its last 20 are the two rings' offsets.
    let mut params = [0_u32; 30];
    // SAFETY: the kernel writes `struct io_uring_params`, 120 bytes.
    let ring = unsafe { libc::syscall(libc::SYS_io_uring_setup, 2, params.as_mut_ptr()) };
    let ring = check(ring)? as RawFd;
    let (sq, cq) = (&params[10..20], &params[20..30]);
    let size = (sq[6] + params[0] * 4).max(cq[5] + params[1] * 16) as usize;
    let rings = map(ring, size, 0)?;
    let entries = map(ring, 128, SQES)?;
    let mut entry = [0_u8; 64];
    entry[0] = SEND_ZC;
    entry[4..8].copy_from_slice(&socket.as_raw_fd().to_ne_bytes());
    entry[16..24].copy_from_slice(&(bytes.as_ptr() as u64).to_ne_bytes());
    entry[24..28].copy_from_slice(&(bytes.len() as u32).to_ne_bytes());
    let word = |at: u32| {
        // SAFETY: an aligned word of the mapped rings, at an offset that the kernel
        // gave.
        unsafe { rings.add(at as usize).cast::<u32>() }
    };
    // SAFETY: entry 0 of the mapped entries has 64 bytes.
    unsafe { ptr::copy_nonoverlapping(entry.as_ptr(), entries, 64) };
    // SAFETY: words of the mapped rings; nobody else uses them yet.
    unsafe {
        word(sq[6]).write_volatile(0);
        word(sq[1]).write_volatile(1);
    }
    let mut seen = Vec::new();
    let mut wanted = 1;
    let mut submit = 1;
    while seen.len() < wanted {
        // SAFETY: no pointer is handed over.
        let entered =
            unsafe { libc::syscall(libc::SYS_io_uring_enter, ring, submit, 1, GET_EVENTS, 0, 0) };
        check(entered)?;
        submit = 0;
        // SAFETY: as above; the kernel has written the tail.
        let tail = unsafe { word(cq[1]).read_volatile() } as usize;
        while seen.len() < tail {
            let at = cq[5] + 16 * (seen.len() as u32 & (params[1] - 1));
            // SAFETY: a completion that the kernel has written: user data, result,
            // flags.
            let (result, flags) = unsafe {
                (
                    word(at + 8).cast::<i32>().read_volatile(),
                    word(at + 12).read_volatile(),
                )
            };
            wanted += usize::from(flags & MORE != 0);
            seen.push((result, flags));
        }
    }
    Ok(seen)
}

fn map(ring: RawFd, size: usize, offset: i64) -> io::Result<*mut u8> {
    // SAFETY: a new mapping of the ring; it lasts as long as the process.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            ring,
            offset,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(address.cast())
}
