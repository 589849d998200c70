//! What was built here, and the images made of it.

use super::cpio::Archive;
use super::image::{Image, add_postgres, stripped};
use super::kernels::Kernel;
use super::plan::{Extent, POLICY, Plan};
use crate::test::target::{self, Target};
use crate::{cmd, paths};
use anyhow::Result;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Programs of this project that tests start.
const PROGRAMS: [&str; 4] = ["guard-agent", "guardctl", "guard-wire", "guard-reach"];

/// What was built for the guests.
pub(super) struct Built {
    /// Test executables, in the order in which they run.
    pub(super) targets: Vec<Target>,
    /// The engine for `BPF_PROG_TEST_RUN`.
    pub(super) selftest: Option<PathBuf>,
    /// The first process.
    init: PathBuf,
    /// The folder of the programs.
    pub(super) programs: PathBuf,
}

/// Builds what guests of this extent need.
pub(super) fn all(extent: Extent) -> Result<Built> {
    cmd::run(cmd::cargo().args(["build", "--package", "guard-agent"]))?;
    let (targets, selftest) = match extent {
        Extent::Load => (Vec::new(), None),
        _ => {
            let selftest = guard_tests::selftest::build().map_err(anyhow::Error::msg)?;
            (target::build()?, Some(selftest))
        }
    };
    Ok(Built {
        programs: paths::target().join("debug"),
        init: init()?,
        targets,
        selftest,
    })
}

/// The first process, linked statically: nothing is there before it.
fn init() -> Result<PathBuf> {
    let folder = super::folder().join("init");
    let mut cargo = cmd::cargo();
    cargo.args(["rustc", "--quiet", "--package", "guard-vm-init"]);
    cargo.args(["--release", "--target-dir"]).arg(&folder);
    cargo.args([
        "--",
        "-C",
        "target-feature=+crt-static",
        "-C",
        "strip=symbols",
    ]);
    cmd::run(&mut cargo)?;
    Ok(folder.join("release/guard-vm-init"))
}

/// Makes the image that all guests share.
pub(super) fn image(built: &Built) -> Result<PathBuf> {
    let file = super::folder().join("base.cpio");
    let mut image = Image::create(&file)?;
    image.file_as(&built.init, Path::new("/init"))?;
    for name in PROGRAMS {
        let program = built.programs.join(name);
        if built.targets.is_empty() && !program.is_file() {
            // The programs of the tests come with the tests.
            continue;
        }
        image.program_as(&stripped(&program)?, &program)?;
    }
    for target in &built.targets {
        image.program_as(&stripped(&target.executable)?, &target.executable)?;
        image.folder(&target.folder)?;
    }
    if let Some(object) = &built.selftest {
        image.tree(object)?;
        add_postgres(&mut image)?;
    }
    image.finish()?;
    Ok(file)
}

/// Adds to that image what one guest has of its own: modules and jobs.
pub(super) fn guest_image(base: &Path, kernel: &Kernel, plan: &Plan, to: &Path) -> Result<()> {
    let own = to.with_extension("own");
    let mut archive = Archive::create(&own)?;
    let mut list = String::new();
    for module in kernel.modules() {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        let path = format!("/guard/{name}");
        archive.file(Path::new(&path), &module)?;
        list += &format!("{path}\n");
    }
    archive.text(Path::new("/guard/modules"), &list)?;
    archive.text(Path::new("/guard/jobs"), &plan.text())?;
    let policy = paths::root().join("examples/policies/demo.yaml");
    archive.file(Path::new(POLICY), &policy)?;
    archive.finish()?;
    std::fs::copy(base, to)?;
    let mut whole = File::options().append(true).open(to)?;
    std::io::copy(&mut File::open(&own)?, &mut whole)?;
    Ok(())
}
