//! Jobs, as the host writes them: one word and its value a line.
//!
//! ```text
//! job kernel
//! limit 60
//! dir /work/tests
//! env GUARD_REQUIRE_ALL=1
//! run /work/target/debug/deps/kernel-1234
//! arg --test-threads=2
//! ```

use std::time::Duration;

/// Where tests note what they could not do (`GUARD_SKIPS`).
pub(crate) const SKIPS: &str = "/tmp/skipped-tests.txt";

/// One command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its name, without spaces.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Its variables.
    pub(crate) env: Vec<(String, String)>,
    /// The folder it starts in.
    pub(crate) dir: String,
    /// How long it may take.
    pub(crate) limit: Duration,
}

impl Job {
    /// Reads a list of jobs.
    pub(crate) fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let mut jobs: Vec<Self> = Vec::new();
        for line in text.lines() {
            let (word, value) = line.split_once(' ').unwrap_or((line, ""));
            if word == "job" {
                jobs.push(Self {
                    name: value.to_owned(),
                    dir: "/".to_owned(),
                    limit: Duration::from_secs(60),
                    ..Self::default()
                });
                continue;
            }
            let job = jobs.last_mut().ok_or("jobs: the first line is not `job`")?;
            job.set(word, value)
                .ok_or_else(|| format!("jobs: `{line}` is not understood"))?;
        }
        Ok(jobs)
    }

    fn set(&mut self, word: &str, value: &str) -> Option<()> {
        match word {
            "run" => value.clone_into(&mut self.program),
            "arg" => self.args.push(value.to_owned()),
            "dir" => value.clone_into(&mut self.dir),
            "limit" => self.limit = Duration::from_secs(value.parse().ok()?),
            "env" => {
                let (name, value) = value.split_once('=')?;
                self.env.push((name.to_owned(), value.to_owned()));
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_whole() {
        let text =
            "job a\nlimit 7\ndir /d\nenv A=b=c\nrun /bin/x\narg one two\njob b\nrun /bin/y\n";
        let jobs = Job::parse_all(text).expect("jobs");
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[0].env, [("A".to_owned(), "b=c".to_owned())]);
        assert_eq!(jobs[0].args, ["one two"]);
        assert_eq!(jobs[0].limit, Duration::from_secs(7));
        assert_eq!(jobs[1].program, "/bin/y");
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(Job::parse_all("run x").is_err());
        assert!(Job::parse_all("job a\nwhat x").is_err());
        assert!(Job::parse_all("job a\nlimit soon").is_err());
    }
}
