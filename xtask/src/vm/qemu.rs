//! QEMU: found or fetched, and one guest as a process.

use super::fetch::Apt;
use crate::cmd;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "qemu-system-x86_64";

/// Memory of a guest in MiB: the files are in it, twice while they are unpacked.
const MEMORY_MIB: u32 = 2560;

/// How long a guest under KVM may take until it says that it is up. Where KVM
/// is itself emulated it may never do so.
const KVM_PATIENCE: Duration = Duration::from_secs(20);

/// A QEMU that can be started.
pub(super) struct Qemu {
    program: PathBuf,
    /// Folder of a private copy: its libraries and firmware are in there.
    root: Option<PathBuf>,
}

/// What a guest is made of.
pub(super) struct Guest<'a> {
    /// The kernel.
    pub(super) kernel: &'a Path,
    /// The initramfs.
    pub(super) files: &'a Path,
    /// More words for the kernel's command line.
    pub(super) append: &'a str,
    /// Where the console goes.
    pub(super) console: &'a Path,
    /// Where the guest's report goes: the only thing that is believed.
    pub(super) report: &'a Path,
    /// When it is ended whatever it does.
    pub(super) limit: Duration,
}

impl Qemu {
    /// `GUARD_QEMU`, that of the search path, or a private copy under `target/`.
    pub(super) fn find() -> Result<Self> {
        if let Some(program) = std::env::var_os("GUARD_QEMU") {
            return Ok(Self::installed(program.into()));
        }
        if cmd::exists(PROGRAM) {
            return Ok(Self::installed(PROGRAM.into()));
        }
        let root = super::folder().join("qemu");
        let program = root.join("usr/bin").join(PROGRAM);
        let qemu = Self {
            program,
            root: Some(root.clone()),
        };
        if !qemu.starts() {
            qemu.fetch(&root)?;
        }
        Ok(qemu)
    }

    const fn installed(program: PathBuf) -> Self {
        Self {
            program,
            root: None,
        }
    }

    /// Unpacks the packages; installing them would take others off the system.
    fn fetch(&self, root: &Path) -> Result<()> {
        eprintln!("vm: fetching QEMU into {}", root.display());
        for package in Apt::of_machine()?.download_whole("qemu-system-x86")? {
            cmd::quiet(Command::new("dpkg").arg("-x").arg(&package).arg(root))?;
        }
        if !self.starts() {
            bail!(
                "{} does not start; remove {} to fetch it again, or name another by GUARD_QEMU",
                self.program.display(),
                root.display()
            );
        }
        Ok(())
    }

    fn starts(&self) -> bool {
        cmd::succeeds(self.command().arg("--version"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(root) = &self.root {
            let mut libraries = OsString::new();
            for folder in ["usr/lib", "lib"] {
                libraries.push(root.join(folder).join("x86_64-linux-gnu"));
                libraries.push(":");
            }
            command.env("LD_LIBRARY_PATH", libraries);
            for folder in ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"] {
                command.arg("-L").arg(root.join(folder));
            }
        }
        command
    }

    /// Runs a guest to its end.
    ///
    /// KVM is used only where this machine itself runs on hardware that has it,
    /// and given up for emulation when the guest does not come up.
    pub(super) fn run(&self, guest: &Guest<'_>) -> Result<Duration> {
        let start = Instant::now();
        let hardware = ["kvm_intel", "kvm_amd"]
            .iter()
            .any(|module| Path::new("/sys/module").join(module).exists());
        if hardware && Path::new("/dev/kvm").exists() {
            let mut running = Running::start(self, guest, true)?;
            if running.comes_up(guest.report, KVM_PATIENCE)? {
                running.end(guest.limit)?;
                return Ok(start.elapsed());
            }
            eprintln!("vm: no life under KVM, going on with emulation");
        }
        Running::start(self, guest, false)?.end(guest.limit)?;
        Ok(start.elapsed())
    }

    fn guest(&self, guest: &Guest<'_>, kvm: bool) -> Command {
        let mut command = self.command();
        let (accel, cpu) = match kvm {
            true => ("kvm", "host"),
            false => ("tcg,thread=multi", "max,la57=off"),
        };
        command.args(["-M", "q35", "-accel", accel, "-cpu", cpu, "-smp", "2"]);
        command.args(["-m", &MEMORY_MIB.to_string()]);
        command.args(["-nodefaults", "-no-user-config", "-no-reboot"]);
        command.args(["-display", "none"]);
        for file in [guest.console, guest.report] {
            let mut serial = OsString::from("file:");
            serial.push(file);
            command.arg("-serial").arg(serial);
        }
        // `no_timer_check`: under emulation the check can take a slow host for
        // a broken timer and panic.
        let append = format!(
            "console=ttyS0 panic=-1 quiet no_timer_check {}",
            guest.append
        );
        command.arg("-kernel").arg(guest.kernel);
        command.arg("-initrd").arg(guest.files);
        command.args(["-append", &append]);
        command
    }
}

/// A guest that runs; it is ended when this is dropped.
struct Running(Child);

impl Running {
    fn start(qemu: &Qemu, guest: &Guest<'_>, kvm: bool) -> Result<Self> {
        for file in [guest.console, guest.report] {
            std::fs::write(file, "")?;
        }
        let mut command = qemu.guest(guest, kvm);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`", cmd::line(&command)))?;
        Ok(Self(child))
    }

    /// Waits for the guest's first words.
    fn comes_up(&mut self, report: &Path, limit: Duration) -> Result<bool> {
        let start = Instant::now();
        while start.elapsed() < limit {
            if std::fs::metadata(report)?.len() > 0 {
                return Ok(true);
            }
            if self.0.try_wait()?.is_some() {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(false)
    }

    /// Waits for its end, which is not awaited for ever.
    fn end(mut self, limit: Duration) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.0.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("QEMU ended with {status}"),
                None if start.elapsed() > limit => {
                    bail!("the guest was ended after {} s", limit.as_secs());
                }
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or is to be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
