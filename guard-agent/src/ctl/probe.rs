//! `guardctl probe`: what this kernel can enforce, and why not. Offline.

use super::CtlError;
use super::status::show;
use super::text::{table, word};
use crate::api::message::VERSION;
use crate::bpf;
use crate::cli::ctl::Output;
use crate::exit::Exit;
use serde_json::{Value, json};

/// Tries every mechanism; ends with 5 when a required one does not work, and with
/// 1 when that cannot be found out.
pub(super) fn probe(output: Output) -> Result<Exit, CtlError> {
    let probe = bpf::probe();
    if probe.denied {
        return Err(CtlError::Refused {
            exit: Exit::Failed,
            message:
                "what this kernel can enforce is found out by loading programs, and that needs root"
                    .to_owned(),
            help: Some("sudo guardctl probe".to_owned()),
        });
    }
    let required = probe.answers.iter().filter(|answer| !answer.optional);
    let enough = probe.built && required.clone().all(|answer| answer.works);
    let answer = json!({
        "v": VERSION,
        "kernel": probe.kernel,
        "built": probe.built,
        "enough": enough,
        "answers": probe.answers,
        "programs": probe.programs,
        "storage": probe.storage,
    });
    show(&answer, output, text)?;
    Ok(if enough {
        Exit::Done
    } else {
        Exit::Unsupported
    })
}

fn text(answer: &Value) -> String {
    let answers = answer["answers"].as_array();
    let rows = answers.into_iter().flatten().map(|answer| {
        let works = match (answer["works"] == true, answer["optional"] == true) {
            (true, _) => "yes",
            (false, true) => "no, optional",
            (false, false) => "NO",
        };
        vec![
            word(&answer["action"]).to_owned(),
            works.to_owned(),
            word(&answer["by"]).to_owned(),
            word(&answer["note"]).to_owned(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let mut text = format!("kernel {}\n\n", word(&answer["kernel"]));
    if answer["built"] != true {
        text += "this build has no BPF object: nothing can be guarded\n\n";
    }
    text + &table(&["ACTION", "WORKS", "BY", "NOTE"], &rows)
}
