//! `cargo xtask demo`: an agent drops a table, and is told why not.
//!
//! A throw-away PostgreSQL on loopback, a daemon with `examples/policies/demo.yaml`
//! and real commands; everything is taken away at the end. It succeeds only if
//! every step did what it says.

use crate::setup::{self, Part};
use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use clap::Args;
use guard_tests::daemon::OnStop;
use guard_tests::postgres::Tls;
use guard_tests::stand::Stand;

mod play;
mod story;

use play::Play;

/// Options of `demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Do not look for missing tools first
    #[arg(long)]
    no_setup: bool,
}

/// Plays the demo.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!(
            "the demo loads programs into the kernel and starts PostgreSQL as another user: \
             run it as root (sudo -E env \"PATH=$PATH\" cargo xtask demo)"
        );
    }
    if !options.no_setup {
        setup::ensure(&[Part::Build, Part::Server])?;
    }
    cmd::run(cmd::cargo().args(["build", "--package", "guard-agent"]))?;
    let policy = paths::root().join("examples/policies/demo.yaml");
    let policy = std::fs::read_to_string(&policy)
        .with_context(|| format!("cannot read {}", policy.display()))?;
    // The example names PostgreSQL's usual port; the server of the demo has a free one.
    let policy = policy.replace(":5432", ":{port}");
    let stand = Stand::with(&policy, Tls::On, OnStop::Detach);
    let mut play = Play::new(&stand);
    story::tell(&mut play);
    let (held, broken) = play.count();
    drop(stand);
    println!(
        "\n{held} of {} statements above held; server, daemon and files are gone.",
        held + broken
    );
    if broken > 0 {
        bail!("{broken} steps did not do what they say");
    }
    Ok(())
}
