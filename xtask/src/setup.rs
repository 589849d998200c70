//! `cargo xtask setup`: installs what is missing and nothing else.

use anyhow::Result;
use clap::Args;

mod apt;
mod clients;
mod linker;
mod lint_tools;
mod suite;

pub(crate) use lint_tools::cargo_deny;

/// Which part of the set-up a task needs.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Compiler, `core` and linker for the BPF object
    Build,
    /// Database servers with their own clients: PostgreSQL, MariaDB, Redis
    Server,
    /// Client libraries for the tests
    Clients,
    /// cargo-deny
    Lint,
}

/// Options of `setup`.
#[derive(Args)]
pub(crate) struct Options {
    /// Set up this part only (may be given several times)
    #[arg(long = "only", value_enum)]
    only: Vec<Part>,
}

/// Sets up all parts, or those that were named.
pub(crate) fn run(options: &Options) -> Result<()> {
    let all = [Part::Build, Part::Server, Part::Clients, Part::Lint];
    let parts = if options.only.is_empty() {
        &all[..]
    } else {
        &options.only
    };
    ensure(parts)?;
    eprintln!("setup: everything is in place");
    Ok(())
}

/// Installs what the parts need and this machine lacks.
pub(crate) fn ensure(parts: &[Part]) -> Result<()> {
    let mut packages = Vec::new();
    for part in parts {
        packages.extend(match part {
            Part::Build => linker::packages(),
            Part::Server => vec![
                "postgresql",
                "postgresql-contrib",
                "openssl",
                // The programs alone: the packages `mariadb-server` and `redis-server`
                // would start services on 3306 and 6379.
                "mariadb-server-core",
                "mariadb-client-core",
                "redis-tools",
            ],
            Part::Clients => clients::packages(),
            Part::Lint => Vec::new(),
        });
    }
    apt::install(&packages)?;
    for part in parts {
        match part {
            Part::Build => linker::install()?,
            Part::Clients => {
                clients::install()?;
                suite::install()?;
            }
            Part::Lint => lint_tools::install()?,
            Part::Server => {}
        }
    }
    Ok(())
}
