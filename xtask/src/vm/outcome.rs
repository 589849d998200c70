//! What became of a guest, by its own report.

use super::kernels::Kernel;
use super::plan::Plan;
use super::qemu::Guest;
use crate::test::count::Count;
use anyhow::Result;
use std::path::PathBuf;
use std::time::Duration;

/// A finished guest.
pub(super) struct Outcome {
    name: &'static str,
    /// Why QEMU itself did not come to a good end.
    trouble: Option<String>,
    took: Duration,
    /// The guest's report, a line each.
    report: Vec<String>,
    /// What it printed.
    console: String,
    /// Where that is.
    file: PathBuf,
}

/// How a job ended.
struct End {
    code: i32,
    seconds: f32,
}

impl Outcome {
    /// Reads what a guest left.
    pub(super) fn read(kernel: &Kernel, guest: &Guest<'_>, ran: Result<Duration>) -> Result<Self> {
        let text = |path| -> Result<String> {
            let bytes = std::fs::read(path)?;
            // The terminal between guest and file ends its lines in two ways.
            Ok(String::from_utf8_lossy(&bytes).replace('\r', ""))
        };
        Ok(Self {
            name: kernel.name,
            took: *ran.as_ref().unwrap_or(&guest.limit),
            trouble: ran.err().map(|error| format!("{error:#}")),
            report: text(guest.report)?.lines().map(str::to_owned).collect(),
            console: text(guest.console)?,
            file: guest.console.to_owned(),
        })
    }

    /// Whether everything ran and ended well.
    pub(super) fn is_good(&self, plan: &Plan) -> bool {
        self.problems(plan).is_empty()
    }

    /// Everything that is not as it should be.
    fn problems(&self, plan: &Plan) -> Vec<String> {
        let mut problems: Vec<String> = self.trouble.iter().cloned().collect();
        if self.value("up").is_none() {
            problems.push("it did not come up".to_owned());
        }
        problems.extend(self.value("broken").map(|text| format!("broken: {text}")));
        if !self.report.iter().any(|line| line == "done") {
            problems.push("it ended before its jobs did".to_owned());
        }
        for job in &plan.jobs {
            match self.end(&job.name) {
                None => problems.push(format!("{} did not end", job.name)),
                Some(End { code, .. }) if !job.is_test && code == job.code => {}
                Some(End { code, .. }) if !job.is_test => {
                    problems.push(format!("{} ended with {code}", job.name));
                }
                Some(End { code, .. }) => {
                    // A test executable that tested nothing is no success.
                    let count = self.count(&job.name);
                    if code != 0 || count.failed > 0 || count.passed == 0 {
                        problems.push(format!("{} ended with {code}", job.name));
                    }
                }
            }
        }
        problems.extend(
            self.values("skip")
                .map(|text| format!("did not run: {text}")),
        );
        problems
    }

    /// Prints what happened.
    pub(super) fn print(&self, plan: &Plan, verbose: bool) {
        let release = self.value("up").unwrap_or("?");
        println!(
            "\n=== {} ({release}): {:.0} s",
            self.name,
            self.took.as_secs_f32()
        );
        for job in &plan.jobs {
            let Some(end) = self.end(&job.name) else {
                println!("    {:<28} did not end", job.name);
                continue;
            };
            let count = self.count(&job.name);
            let what = match job.is_test {
                true => format!("{} passed, {} failed", count.passed, count.failed),
                false => format!("ended with {}", end.code),
            };
            println!("    {:<28} {what} ({:.1} s)", job.name, end.seconds);
            let bad = end.code != job.code || count.failed > 0;
            if bad || verbose {
                println!("{}", self.said(&job.name));
            }
        }
        for line in &plan.left_out {
            println!("    not run: {line}");
        }
        let problems = self.problems(plan);
        for problem in &problems {
            println!("    FAILED: {problem}");
        }
        if !problems.is_empty() {
            println!("    all it printed: {}", self.file.display());
        }
    }

    fn values<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.report
            .iter()
            .filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
    }

    fn value<'a>(&'a self, word: &'a str) -> Option<&'a str> {
        self.values(word).next()
    }

    fn end(&self, job: &str) -> Option<End> {
        let words = self
            .values("end")
            .find_map(|line| line.strip_prefix(job)?.strip_prefix(' '))?;
        let (code, seconds) = words.split_once(' ')?;
        Some(End {
            code: code.parse().ok()?,
            seconds: seconds.parse().ok()?,
        })
    }

    /// What a job printed.
    fn said(&self, job: &str) -> &str {
        let (begin, end) = (format!("=== begin {job}\n"), format!("=== end {job}\n"));
        let rest = self.console.split_once(&begin).map_or("", |(_, rest)| rest);
        rest.split_once(&end).map_or(rest, |(said, _)| said)
    }

    /// Tests of a job, by its closing line; none without it.
    fn count(&self, job: &str) -> Count {
        let mut count = Count::default();
        for line in self.said(job).lines() {
            count += Count::of_line(line).unwrap_or_default();
        }
        count
    }
}
