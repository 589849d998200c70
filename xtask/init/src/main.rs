//! The first process of a test guest: makes the file systems that a system has,
//! loads the kernel modules it is given, runs jobs one after another, and
//! powers off.
//!
//! What happened goes to the second serial port, a line each (see [`report`]);
//! the console carries what jobs print. The host believes nothing but these
//! lines: a guest that says nothing has failed.

mod jobs;
mod machine;
mod report;
mod run;

use jobs::Job;
use report::Report;

/// Where the host puts what the guest needs to know.
const ORDERS: &str = "/guard";

fn main() {
    let mut report = Report::open();
    if let Err(error) = guest(&mut report) {
        report.line(&format!("broken {error}"));
    }
    report.line("done");
    machine::power_off();
}

/// Everything between the first mount and the last job.
fn guest(report: &mut Report) -> Result<(), String> {
    machine::mount_all()?;
    report.reopen();
    machine::loopback_up()?;
    machine::load_modules(&format!("{ORDERS}/modules"))?;
    report.line(&format!("up {}", machine::release()));
    let text = std::fs::read_to_string(format!("{ORDERS}/jobs"))
        .map_err(|error| format!("{ORDERS}/jobs: {error}"))?;
    for job in Job::parse_all(&text)? {
        report.line(&format!("begin {}", job.name));
        println!("\n=== begin {}", job.name);
        let (code, took) = run::to_its_end(&job);
        println!("\n=== end {}", job.name);
        report.line(&format!(
            "end {} {code} {:.1}",
            job.name,
            took.as_secs_f32()
        ));
    }
    for line in std::fs::read_to_string(jobs::SKIPS)
        .unwrap_or_default()
        .lines()
    {
        report.line(&format!("skip {line}"));
    }
    Ok(())
}
