//! `guardctl completions` and `man`: both come from the command line's types.

use super::CtlError;
use crate::cli::ctl::Ctl;
use crate::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};

pub(super) fn completions(shell: Shell) -> Result<Exit, CtlError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Ctl::command(), "guardctl", &mut text);
    io::stdout().write_all(&text)?;
    Ok(Exit::Done)
}

/// The page of `guardctl`, followed by those of its verbs.
pub(super) fn man() -> Result<Exit, CtlError> {
    let mut text = Vec::new();
    let mut command = Ctl::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for verb in command
        .get_subcommands()
        .filter(|verb| verb.get_name() != "help")
    {
        clap_mangen::Man::new(verb.clone()).render(&mut text)?;
    }
    io::stdout().write_all(&text)?;
    Ok(Exit::Done)
}
