//! `guardctl explain connect`.

use super::asker::Asker;
use super::words::ActionAnswer;
use super::{Failure, write_line, wrong};
use crate::cli::ctl::Output;
use crate::exit::Exit;
use crate::policy::explain::connection;
use serde_json::json;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Tell what policy says about a connection.
#[derive(Debug, clap::Args)]
pub(super) struct ConnectArgs {
    /// Address and port: 10.0.0.7:5432, `[::1]:5432` or localhost:5432
    #[arg(value_name = "ADDR:PORT")]
    address: String,
    #[command(flatten)]
    asker: Asker,
}

/// Answers; returns the exit code.
pub(super) fn run(args: &ConnectArgs) -> Result<Exit, Failure> {
    let addresses = addresses(&args.address)?;
    let compiled = args.asker.require()?;
    let who = args.asker.who();
    let selectors = compiled.selectors(&who);
    let mut output = io::stdout().lock();
    let mut exit = Exit::Done;
    for address in addresses {
        let outcome = connection(&compiled, selectors, address);
        let dataset = compiled.datasets.get(usize::from(outcome.dataset));
        let facts = json!({
            "endpoint": address.to_string(),
            "dataset": dataset.map(|dataset| &dataset.name),
        });
        let answer = ActionAnswer::new(&compiled, facts, &outcome.decision);
        match args.asker.form.output {
            Output::Json => write_line(&mut output, &answer)?,
            Output::Text => {
                answer.write_text(&mut output, &compiled, &address.to_string(), &who)?;
            }
        }
        if outcome.decision.denies() {
            exit = Exit::No;
        }
    }
    Ok(exit)
}

/// One address, or both of `localhost`.
fn addresses(text: &str) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(port) = text
        .strip_prefix("localhost:")
        .and_then(|port| port.parse().ok())
    {
        let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(both.map(|address| SocketAddr::new(address, port)).into());
    }
    match text.parse() {
        Ok(address) => Ok(vec![address]),
        Err(_) => Err(wrong(
            Exit::Usage,
            &format!("`{text}` is not an address with a port"),
            "write 10.0.0.7:5432 or [::1]:5432; names are looked up before a connection is judged",
        )),
    }
}
