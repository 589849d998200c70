//! Program starts against exec rules: what is looked through, what is opaque,
//! and what the laws of decisions promise.

use guard_common::abi::policy::{
    ExecPattern, KIND_EXEC, PATTERN_DIRECTORY, PATTERN_NAME, PATTERN_PATH, Policy, Rule,
};
use guard_common::decide::exec::{self, Caller, Work};
use guard_common::hash;
use guard_common::limits::ARGV_BYTES;
use guard_common::repeat::Host;
use guard_common::verdict::{Cause, Decision, Mode, NO_RULE, Verdict};
use zerocopy::FromZeros;

const LAUNCHERS: [&str; 19] = [
    "node", "sh", "bash", "python", "env", "npx", "npm", "pnpm", "yarn", "bunx", "exec", "run",
    "deno", "sudo", "timeout", "nice", "xargs", "busybox", "--",
];

/// A policy with one rule a pattern, each blocking.
struct Rules(Box<Policy>);

impl Rules {
    fn new() -> Self {
        let mut policy = Box::new(Policy::empty());
        policy.on_opaque = Verdict::Block as u8;
        policy.on_fault = Verdict::Block as u8;
        policy.launcher_count = LAUNCHERS.len() as u32;
        for (slot, name) in policy.launchers.iter_mut().zip(LAUNCHERS) {
            *slot = hash::of(name.as_bytes());
        }
        Self(policy)
    }

    fn rule(mut self, action: Verdict, mode: Mode) -> Self {
        let at = self.0.rule_count as usize;
        self.0.rules[at] = Rule {
            subjects: u64::MAX,
            datasets: u64::MAX,
            hits: 0,
            requires: 0,
            more_bytes: 0,
            opaque: 0,
            kind: KIND_EXEC,
            action: action as u8,
            mode: mode as u8,
            flags: 0,
        };
        self.0.rule_count += 1;
        self
    }

    /// Adds a pattern to the last rule.
    fn argv(mut self, text: &str) -> Self {
        let mut words: Vec<&str> = text.split(' ').collect();
        let mut pattern = ExecPattern::new_zeroed();
        if words.len() > 1 && words.last() == Some(&"*") {
            words.pop();
            pattern.rest = 1;
        }
        pattern.whole_path = u8::from(words[0].contains('/'));
        let is_option = |word: &&str| word.starts_with('-') && *word != "--";
        let (options, mut words): (Vec<&str>, Vec<&str>) = words.into_iter().partition(is_option);
        pattern.count = words.len() as u8;
        pattern.options = options.len() as u8;
        words.extend(options);
        for (index, word) in words.iter().enumerate() {
            pattern.tokens[index] = hash::of(word.as_bytes());
            pattern.any |= u8::from(*word == "*") << index;
        }
        self.push(pattern);
        self
    }

    fn program(mut self, kind: u8, text: &str) -> Self {
        let mut pattern = ExecPattern::new_zeroed();
        pattern.kind = kind;
        pattern.count = 1;
        pattern.tokens[0] = hash::of(text.as_bytes());
        self.push(pattern);
        self
    }

    fn push(&mut self, mut pattern: ExecPattern) {
        pattern.rule = self.0.rule_count as u8 - 1;
        self.0.patterns[self.0.pattern_count as usize] = pattern;
        self.0.pattern_count += 1;
    }

    fn judge(&self, start: &Start) -> Decision {
        let mut work = Box::new(Work::EMPTY);
        work.clear();
        let read = |path: &str| -> [u8; 4096] {
            let mut bytes = [0; 4096];
            bytes[..path.len()].copy_from_slice(path.as_bytes());
            bytes
        };
        if let Some(path) = &start.named {
            work.named
                .read::<Host, _>(&read(path), 0, path.len() as u32);
        }
        if let Some(path) = &start.resolved {
            work.resolved
                .read::<Host, _>(&read(path), 0, path.len() as u32);
        }
        let mut bytes = Vec::new();
        for word in &start.argv {
            bytes.extend(word.as_bytes());
            bytes.push(0);
        }
        let cut = bytes.len() > ARGV_BYTES;
        bytes.truncate(ARGV_BYTES);
        let mut argv = [0xaa; ARGV_BYTES];
        argv[..bytes.len()].copy_from_slice(&bytes);
        work.read_argv::<Host>(&argv, bytes.len() as u32, u32::from(cut));
        let caller = Caller {
            selectors: 1,
            quarantined: start.quarantined,
        };
        let mut decision = Decision::OPEN;
        exec::decide::<Host>(&self.0, caller, &mut work, &mut decision);
        decision
    }

    /// Whether a command line is refused by a rule.
    #[track_caller]
    fn refuses(&self, command: &str) -> bool {
        let decision = self.judge(&Start::new(command));
        assert_ne!(decision.cause, Cause::Opaque as u8, "{command}: opaque");
        decision.denies()
    }
}

/// One program start.
#[derive(Clone)]
struct Start {
    named: Option<String>,
    resolved: Option<String>,
    argv: Vec<String>,
    quarantined: u32,
}

impl Start {
    /// A command found in /usr/bin, words separated by single spaces; two spaces
    /// make an empty word.
    fn new(command: &str) -> Self {
        let argv: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let program = if argv[0].len() > 255 {
            "/usr/bin/another".to_owned()
        } else if argv[0].contains('/') {
            argv[0].clone()
        } else {
            format!("/usr/bin/{}", argv[0])
        };
        Self {
            named: Some(program.clone()),
            resolved: Some(program),
            argv,
            quarantined: 0,
        }
    }

    /// A `#!` script as the kernel starts it.
    fn script(interpreter: &str, argument: Option<&str>, script: &str, rest: &str) -> Self {
        let mut argv = vec![interpreter.to_owned()];
        argv.extend(argument.map(str::to_owned));
        argv.push(script.to_owned());
        argv.extend(rest.split(' ').map(str::to_owned));
        Self {
            named: Some(script.to_owned()),
            resolved: Some(interpreter.to_owned()),
            argv,
            quarantined: 0,
        }
    }
}

fn resets() -> Rules {
    Rules::new()
        .rule(Verdict::Block, Mode::Enforce)
        .argv("prisma migrate reset *")
        .argv("terraform destroy *")
        .argv("prisma * status")
}

#[test]
fn a_trailing_star_is_zero_or_more_words_and_an_inner_one_is_one() {
    let rules = resets();
    for command in [
        "prisma migrate reset",
        "prisma migrate reset --force",
        "prisma migrate reset --force a b c",
        "terraform destroy",
        "prisma db status",
        "prisma  status",
    ] {
        assert!(rules.refuses(command), "{command}");
    }
    for command in [
        "prisma migrate",
        "prisma migrate resets",
        "prisma status",
        "prisma a b status",
        "prisma db status now",
        "xprisma migrate reset",
        "prisma migrate  reset",
        "terraform plan",
        "echo prisma migrate reset",
        "prisma",
    ] {
        assert!(!rules.refuses(command), "{command}");
    }
}

#[test]
fn a_directory_is_looked_through_but_not_a_part_of_a_name() {
    let rules = resets();
    for command in [
        "/usr/local/bin/prisma migrate reset",
        "./node_modules/.bin/prisma migrate reset",
        "../prisma migrate reset",
    ] {
        assert!(rules.refuses(command), "{command}");
    }
    assert!(!rules.refuses("/opt/prisma/tool migrate reset"));
    assert!(!rules.refuses("prisma/ migrate reset"));
}

#[test]
fn launchers_their_words_options_and_assignments_are_looked_through() {
    let rules = resets();
    for command in [
        "npx prisma migrate reset",
        "npx --yes prisma migrate reset",
        "npx -p prisma prisma migrate reset",
        "npx --package=prisma prisma migrate reset",
        "npm exec -- prisma migrate reset --force",
        "pnpm exec prisma migrate reset",
        "yarn run prisma migrate reset",
        "node --inspect x/prisma migrate reset",
        "node --require ./hook.js x/prisma migrate reset",
        "node -r a -r b x/prisma migrate reset",
        "/usr/bin/env prisma migrate reset",
        "env -i A=b prisma migrate reset",
        "env -u NAME A= B=c prisma migrate reset",
        "env -- prisma migrate reset",
        "env npx prisma migrate reset",
        "sh ./prisma migrate reset",
        "python3 -m prisma migrate reset",
        "bash -x /opt/prisma migrate reset",
    ] {
        assert!(rules.refuses(command), "{command}");
    }
    for command in [
        "node app.js prisma migrate reset",
        "npx tsx prisma migrate reset",
        "sh script prisma migrate reset",
        "env A=b echo prisma migrate reset",
        "node -- app.js prisma migrate reset",
        "grep -r prisma migrate reset",
        "node",
        "npx --yes",
    ] {
        assert!(!rules.refuses(command), "{command}");
    }
}

/// A user who writes `terraform destroy *` means the command, however it is
/// spelled.
#[test]
fn options_and_their_values_between_the_words_are_looked_through() {
    let rules = resets();
    for command in [
        "terraform -chdir=x destroy -auto-approve",
        "terraform -chdir x destroy",
        "terraform --version -no-color destroy",
        "prisma --schema ./a.prisma migrate reset -f",
        "prisma --schema=a migrate --skip-seed reset",
        "prisma -x migrate -y reset",
        "prisma migrate -- reset",
        "prisma -a 1 -b 2 migrate -c 3 reset",
        "npx -y prisma@5 migrate reset",
        "npx prisma@latest migrate reset",
        "npx --package prisma@5.1.0 -- prisma migrate reset",
        "deno run -A npm:prisma@5 migrate reset",
        "sudo -u x terraform -chdir=y destroy",
        "timeout 5 terraform destroy",
        "timeout -k 3 10s terraform destroy",
        "nice -n 5 terraform destroy",
        "xargs -n1 terraform destroy",
        "python3.11 ./prisma migrate reset",
        "/usr/bin/node-18 x/prisma migrate reset",
        "busybox sh ./prisma migrate reset",
        "npm run prisma -- migrate reset",
        "terraform-1.5.7 destroy",
    ] {
        assert!(rules.refuses(command), "{command}");
    }
    for command in [
        "terraform plan destroy",
        "terraform workspace select destroy",
        "terraform --no-color plan destroy",
        "terraform --verbose plan destroy",
        "terraform -chdir=x plan destroy",
        "prisma db migrate reset",
        "prisma -x migrate status reset",
        "prisma migrate dev reset",
        "prisma --schema=a b migrate reset",
        "npx prisma-client migrate reset",
        "npx prisma5x migrate reset",
        "npx @prisma/client migrate reset",
        "timeout 5 echo terraform destroy",
    ] {
        assert!(!rules.refuses(command), "{command}");
    }
}

#[test]
fn options_of_a_pattern_may_stand_anywhere() {
    let rules = Rules::new()
        .rule(Verdict::Block, Mode::Enforce)
        .argv("git push --force *")
        .argv("rm -rf /")
        .argv("terraform apply -auto-approve");
    for command in [
        "git push --force",
        "git push origin main --force",
        "git -C dir push origin --force main",
        "git --force push",
        "git push --force=x",
        "rm -rf /",
        "rm / -rf",
        "rm -v -rf /",
        "terraform -chdir=x apply -auto-approve=true",
    ] {
        assert!(rules.refuses(command), "{command}");
    }
    for command in [
        "git push origin main",
        "git push --force-with-lease",
        "git commit -m push --force",
        "git --no-pager log push --force",
        "rm -rf /tmp",
        "rm -rf / /tmp",
        "rm -r /",
        "terraform apply",
        "terraform apply -auto-approve plan.out",
    ] {
        assert!(!rules.refuses(command), "{command}");
    }
    let long = "x".repeat(5000);
    let decision = rules.judge(&Start::new(&format!("git push {long} --force")));
    assert_eq!(decision.cause, Cause::Opaque as u8);
    let decision = rules.judge(&Start::new(&format!("git log {long} --force")));
    assert!(!decision.denies());
}

#[test]
fn a_script_stands_behind_any_interpreter() {
    let rules = resets();
    let scripts = [
        Start::script("/bin/sh", None, "./prisma", "migrate reset"),
        Start::script(
            "/opt/odd/interp",
            None,
            "/x/prisma",
            "migrate reset --force",
        ),
        Start::script("/opt/odd/interp", Some("-e -x"), "prisma", "migrate reset"),
        Start::script("/usr/bin/env", Some("node"), "/x/prisma", "migrate reset"),
    ];
    for start in &scripts {
        assert!(rules.judge(start).denies(), "{:?}", start.argv);
    }
    let other = Start::script("/opt/odd/interp", None, "/x/tool", "prisma migrate reset");
    assert!(!rules.judge(&other).denies());
}

#[test]
fn a_first_argument_that_lies_hides_nothing() {
    let rules = resets();
    let mut start = Start::new("prisma migrate reset");
    start.argv[0] = "ls".to_owned();
    assert!(rules.judge(&start).denies(), "the path says it");
    start.named = Some("/tmp/ls".to_owned());
    assert!(
        rules.judge(&start).denies(),
        "the file behind a link says it"
    );
    start.resolved = Some("/bin/ls".to_owned());
    assert!(!rules.judge(&start).denies());
    start.argv[0] = String::new();
    assert!(!rules.judge(&start).denies());
    let mut launcher = Start::new("node x/prisma migrate reset");
    launcher.argv[0] = "ls".to_owned();
    assert!(
        rules.judge(&launcher).denies(),
        "a launcher under another name"
    );
}

#[test]
fn no_argument_at_all_is_judged_by_the_path() {
    let rules = Rules::new()
        .rule(Verdict::Block, Mode::Enforce)
        .argv("prisma *");
    let mut start = Start::new("prisma");
    start.argv.clear();
    assert!(rules.judge(&start).denies());
    start.named = Some("/bin/ls".to_owned());
    start.resolved = start.named.clone();
    assert!(!rules.judge(&start).denies());
}

#[test]
fn programs_match_by_name_path_and_directory() {
    let by = |kind, text| {
        Rules::new()
            .rule(Verdict::Block, Mode::Enforce)
            .program(kind, text)
    };
    let name = by(PATTERN_NAME, "psql");
    assert!(name.refuses("/usr/bin/psql -c x"));
    assert!(name.refuses("env psql"));
    assert!(!name.refuses("/usr/bin/psqlx"));
    assert!(!name.refuses("ls psql"));
    let path = by(PATTERN_PATH, "/usr/bin/psql");
    assert!(path.refuses("/usr/bin/psql"));
    assert!(!path.refuses("/usr/local/bin/psql"));
    let mut linked = Start::new("./innocent");
    linked.resolved = Some("/usr/bin/psql".to_owned());
    assert!(path.judge(&linked).denies(), "a link");
    let directory = by(PATTERN_DIRECTORY, "/opt/tools/");
    assert!(directory.refuses("/opt/tools/a"));
    assert!(directory.refuses("/opt/tools/deep/b"));
    assert!(!directory.refuses("/opt/toolsx/a"));
    assert!(!directory.refuses("/opt/tools"));
    linked.resolved = Some("/opt/tools/deep/c".to_owned());
    assert!(directory.judge(&linked).denies());
}

#[test]
fn a_path_too_deep_to_compare_is_opaque_to_directory_rules_only() {
    let deep = format!("{}/x", "/a".repeat(80));
    let mut start = Start::new("x");
    start.named = Some(deep.clone());
    start.resolved = Some(deep);
    let directory = Rules::new()
        .rule(Verdict::Block, Mode::Enforce)
        .program(PATTERN_DIRECTORY, "/opt/tools/");
    let decision = directory.judge(&start);
    assert_eq!(
        (decision.denies(), decision.cause),
        (true, Cause::Opaque as u8)
    );
    assert!(!resets().judge(&start).denies());
}

/// Arguments beyond what is read matter only where a pattern asks for them.
#[test]
fn long_arguments_are_opaque_only_where_the_answer_depends_on_them() {
    let rules = resets();
    let long = "x".repeat(5000);
    let opaque = |command: &str| {
        let decision = rules.judge(&Start::new(command));
        (decision.denies(), decision.cause == Cause::Opaque as u8)
    };
    assert_eq!(opaque(&format!("gcc a b {long}")), (false, false));
    assert_eq!(
        opaque(&format!("prisma migrate reset {long}")),
        (true, false)
    );
    // The word after `status` is not known: `prisma * status` may match.
    assert_eq!(opaque(&format!("prisma status {long}")), (true, true));
    assert_eq!(opaque(&format!("prisma migrate {long}")), (true, true));
    assert_eq!(opaque(&format!("prisma {long} status")), (true, true));
    assert_eq!(opaque(&format!("{long} migrate reset")), (false, false));
    assert_eq!(
        opaque(&format!("env A={long} prisma migrate reset")),
        (true, true)
    );
    let many = "-x ".repeat(70);
    assert_eq!(
        opaque(&format!("node {many}x/prisma migrate reset")),
        (true, true)
    );
    assert_eq!(
        opaque(&format!("ls {many}x/prisma migrate reset")),
        (false, false)
    );
    let edge = format!("node {}prisma migrate reset", "-x ".repeat(60));
    assert!(rules.refuses(&edge), "63 words and the 64th");
}

#[test]
fn exactly_what_fits_is_not_cut() {
    let rules = resets();
    let head = "prisma migrate reset ";
    let fill = "x".repeat(ARGV_BYTES - head.len() - 1);
    assert!(rules.refuses(&format!("{head}{fill}")));
    let words = format!("gcc {}", vec!["a"; 63].join(" "));
    assert!(!rules.refuses(&words));
}

#[test]
fn observe_rules_never_deny_and_are_reported_beside() {
    let rules = Rules::new()
        .rule(Verdict::Kill, Mode::Observe)
        .argv("prisma *");
    let decision = rules.judge(&Start::new("prisma migrate"));
    assert!(!decision.denies());
    assert_eq!((decision.observed, decision.observed_rule), (1, 0));
    assert_eq!(decision.observed_verdict, Verdict::Kill as u8);
    let opaque = rules.judge(&Start::new(&format!("node -{} x", "y".repeat(5000))));
    assert!(!opaque.denies());
    assert_eq!(opaque.observed_verdict, Verdict::Block as u8);
}

#[test]
fn the_strictest_rule_wins_whatever_the_order() {
    let rules = Rules::new()
        .rule(Verdict::Allow, Mode::Enforce)
        .argv("prisma *")
        .rule(Verdict::Kill, Mode::Enforce)
        .argv("prisma migrate *")
        .rule(Verdict::Block, Mode::Enforce)
        .argv("prisma migrate reset");
    let decision = rules.judge(&Start::new("prisma migrate reset"));
    assert_eq!((decision.verdict, decision.rule), (Verdict::Kill as u8, 1));
    assert_eq!(rules.judge(&Start::new("prisma x")).rule, 0);
    assert_eq!(rules.judge(&Start::new("ls")).rule, NO_RULE);
}

#[test]
fn a_rule_is_about_its_subjects_only_and_without_patterns_about_every_program() {
    let mut rules = Rules::new().rule(Verdict::Block, Mode::Enforce);
    assert!(rules.refuses("ls"));
    rules.0.rules[0].subjects = 2;
    assert!(!rules.refuses("ls"));
    let cut = Start::new(&format!("node -{} x", "y".repeat(5000)));
    let mut rules = resets();
    rules.0.rules[0].subjects = 2;
    assert!(!rules.judge(&cut).denies(), "opaque to nobody");
}

#[test]
fn a_quarantined_session_starts_nothing() {
    let mut start = Start::new("ls");
    start.quarantined = 1;
    let decision = Rules::new().judge(&start);
    assert_eq!(
        (decision.denies(), decision.cause),
        (true, Cause::Quarantine as u8)
    );
}

#[test]
fn a_fault_is_answered_by_the_policy_only_where_a_rule_enforces() {
    let enforced = resets();
    assert!(exec::fault::<Host>(Some(&enforced.0)).denies());
    let observed = Rules::new()
        .rule(Verdict::Kill, Mode::Observe)
        .argv("prisma *");
    assert!(!exec::fault::<Host>(Some(&observed.0)).denies());
    let mut lenient = resets();
    lenient.0.on_fault = Verdict::Allow as u8;
    assert!(!exec::fault::<Host>(Some(&lenient.0)).denies());
    assert!(exec::fault::<Host>(None).denies());
}

#[test]
fn a_program_has_the_selectors_of_every_subject_that_lists_it() {
    let mut policy = Box::new(Policy::empty());
    policy.program_count = 2;
    for (index, program) in policy.programs.iter_mut().take(2).enumerate() {
        program.name = hash::of(b"claude");
        program.selectors = 1 << (index + 1);
        program.subject = index as u32 + 7;
    }
    let name = hash::of(b"claude");
    let found = exec::subject::<Host>(&policy, name, 0).expect("listed");
    assert_eq!((found.selectors, found.subject), (0b110, 7));
    assert!(exec::subject::<Host>(&policy, 0, name).is_some());
    assert!(exec::subject::<Host>(&policy, 0, 0).is_none());
}

/// Arbitrary bytes and tables: always an answer, and the laws hold.
#[test]
fn arbitrary_starts_have_an_answer_and_adding_a_rule_only_makes_it_stricter() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize % below
    };
    let words = [
        "node", "prisma", "-x", "--", "A=b", "migrate", "reset", "npx", "", "x/prisma", "env",
    ];
    for _ in 0..20_000 {
        let count = next(12) + 1;
        let command: Vec<&str> = (0..count).map(|_| words[next(words.len())]).collect();
        let start = Start::new(&command.join(" "));
        let weak = Rules::new()
            .rule(Verdict::Audit, Mode::Enforce)
            .argv("node *");
        let before = weak.judge(&start).verdict;
        let strong = weak
            .rule(Verdict::Block, Mode::Enforce)
            .argv("prisma migrate *");
        let after = strong.judge(&start).verdict;
        assert!(after >= before, "{command:?}");
        let plain = command[0] == "prisma" && command.get(1) == Some(&"migrate");
        assert!(!plain || Verdict::from_raw(after).denies(), "{command:?}");
        let named = (0..command.len()).any(|at| {
            let behind = &command[at + 1..];
            command[at].rsplit('/').next() == Some("prisma") && behind.contains(&"migrate")
        });
        assert!(named || !Verdict::from_raw(after).denies(), "{command:?}");
    }
}
