//! The machine itself: file systems, loopback, modules, power. System calls
//! that std does not have are declared here; a static glibc has them.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_ulong, c_void};
use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

unsafe extern "C" {
    fn mount(
        source: *const c_char,
        target: *const c_char,
        kind: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> c_int;
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
    fn reboot(how: c_int) -> c_int;
    fn sync();
}

/// `finit_module` on x86-64.
const FINIT_MODULE: c_long = 313;
/// `RB_POWER_OFF`.
const POWER_OFF: c_int = 0x4321_fedc;
/// `SIOCSIFFLAGS`, `IFF_UP`.
const SET_FLAGS: c_ulong = 0x8914;
const UP: i16 = 1;

/// Kind, target, data, and whether a kernel without it will do.
const MOUNTS: [(&CStr, &str, &CStr, bool); 11] = [
    (c"proc", "/proc", c"", false),
    (c"sysfs", "/sys", c"", false),
    (c"devtmpfs", "/dev", c"", false),
    (c"tmpfs", "/dev/shm", c"mode=1777", false),
    (c"devpts", "/dev/pts", c"", true),
    (c"tmpfs", "/tmp", c"mode=1777", false),
    (c"tmpfs", "/run", c"mode=0755", false),
    (c"cgroup2", "/sys/fs/cgroup", c"", false),
    (c"bpf", "/sys/fs/bpf", c"", false),
    (c"securityfs", "/sys/kernel/security", c"", true),
    (c"tracefs", "/sys/kernel/tracing", c"", true),
];

/// Mounts what a system has mounted.
pub(crate) fn mount_all() -> Result<(), String> {
    for (kind, target, data, optional) in MOUNTS {
        let failed = |error| format!("{target}: {error}");
        // Folders below /sys are the kernel's own.
        if !target.starts_with("/sys/") {
            std::fs::create_dir_all(target).map_err(failed)?;
        }
        let path = CString::new(target).map_err(|error| failed(error.into()))?;
        // SAFETY: all pointers are to texts that end with NUL and outlive the call.
        let result = unsafe {
            mount(
                kind.as_ptr(),
                path.as_ptr(),
                kind.as_ptr(),
                0,
                data.as_ptr().cast(),
            )
        };
        if result != 0 && !optional {
            return Err(failed(std::io::Error::last_os_error()));
        }
    }
    Ok(())
}

/// Switches the loopback device on.
pub(crate) fn loopback_up() -> Result<(), String> {
    /// `struct ifreq`: a name, then a union whose first member we use.
    #[repr(C)]
    struct Request {
        name: [u8; 16],
        flags: i16,
        rest: [u8; 22],
    }
    let mut request = Request {
        name: [0; 16],
        flags: UP,
        rest: [0; 22],
    };
    request.name[..2].copy_from_slice(b"lo");
    let socket = UdpSocket::bind("0.0.0.0:0").map_err(|error| format!("loopback: {error}"))?;
    // SAFETY: the request is a whole `ifreq`, which the kernel only reads.
    if unsafe { ioctl(socket.as_raw_fd(), SET_FLAGS, &raw const request) } != 0 {
        return Err(format!("loopback: {}", std::io::Error::last_os_error()));
    }
    Ok(())
}

/// Loads the modules that a list names, in its order.
pub(crate) fn load_modules(list: &str) -> Result<(), String> {
    let paths = std::fs::read_to_string(list).map_err(|error| format!("{list}: {error}"))?;
    for path in paths.lines() {
        let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        // SAFETY: an open file, an empty text, no flags.
        let result = unsafe { syscall(FINIT_MODULE, file.as_raw_fd(), c"".as_ptr(), 0) };
        if result != 0 {
            return Err(format!("{path}: {}", std::io::Error::last_os_error()));
        }
    }
    Ok(())
}

/// Release of the kernel.
pub(crate) fn release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// Ends the machine. Should that not work, the host's time limit ends it.
pub(crate) fn power_off() {
    // SAFETY: neither call takes a pointer.
    unsafe {
        sync();
        reboot(POWER_OFF);
    }
    loop {
        std::thread::park();
    }
}
