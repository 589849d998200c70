//! What people wrote stays where it was: records hold names, never values.

use guard_tests::daemon::OnStop;
use guard_tests::need::{STAND, require};
use guard_tests::paths::which;
use guard_tests::postgres::Tls;
use guard_tests::process::run;
use guard_tests::stand::{NO_HANG, Stand};
use std::path::Path;

const POLICY: &str = include_str!("policies/shop.yaml");

/// One canary for each way a value can travel; all begin alike.
const CANARY: &str = "kanarie";

/// How people give secrets to programs.
const USUAL_FORMS: &[(&str, &[&str])] = &[
    ("psql", &["postgres://u:kanarie-url@127.0.0.1/db"]),
    ("psql", &["host=h password=kanarie-conninfo"]),
    ("psql", &["-d", "password=kanarie-d", "-v", "x=kanarie-v"]),
    ("mysql", &["-u", "root", "-pkanarie-p"]),
    (
        "mysql",
        &["--password=kanarie-long", "--password", "kanarie-next"],
    ),
    ("redis-cli", &["-a", "kanarie-a", "--pass", "kanarie-pass"]),
    ("curl", &["-H", "Authorization: kanarie-h", "-ukanarie-u:p"]),
    (
        "curl",
        &["-HAuthorization:kanarie-joined", "https://u:kanarie-x@h/"],
    ),
    (
        "java",
        &["-Dpassword=kanarie-property", "-password", "kanarie-dash"],
    ),
    ("tool", &["--token", "kanarie-token", "kanarie-positional"]),
    ("tool", &["--", "--kanarie-after-the-end", "-kanarie"]),
    (
        "tool",
        &["---kanarie-dashes", "--k\u{e4}narie=kanarie", "+kanarie"],
    ),
    ("tool", &["\nkanarie-line", "--x\nkanarie-name", ""]),
];

#[test]
fn no_value_of_a_statement_or_an_argument_is_kept_anywhere() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::set(POLICY, Tls::Off, OnStop::Detach, |files| {
        files.log_level = "trace";
    });
    let statements = [
        "SELECT 'kanarie-plain'",
        "SELECT E'kanarie-escaped\\n', $$kanarie-dollar$$, $kanarie_tag$ x $kanarie_tag$",
        "SELECT 1 /* kanarie-comment */ -- kanarie-line",
        "INSERT INTO customers VALUES (7001, 'kanarie-insert', U&'kanarie-unicode')",
        "UPDATE customers SET email = 'kanarie-update' WHERE name = 'kanarie-where'",
        "DROP TABLE customers; SELECT 'kanarie-refused'",
        "DELETE FROM customers WHERE true OR name = 'kanarie-mass'",
        "COPY customers FROM PROGRAM 'echo kanarie-program'",
        "SET application_name = 'kanarie-setting'",
        "SELECT * FROM customers WHERE name LIKE 'kanarie%' AND id = 4242424242",
        "SELECT kanarie-broken'",
    ];
    // Some of them fail by themselves; none is about success.
    stand.psql("statements", &statements);
    for words in [
        vec!["--token=kanarie-option", "kanarie-word", "-pkanarie-short"],
        vec![
            "kanarie-path/inside",
            "KEY=kanarie-assignment",
            "-x",
            "kanarie-value",
        ],
    ] {
        run(stand.guarded("words", "/bin/echo").args(&words), NO_HANG).success();
    }
    for (program, words) in USUAL_FORMS {
        // Programs of these names, whatever is installed.
        let script = stand.scratch.script(program, "#!/bin/sh\nexit 0\n");
        run(stand.guarded("words", script).args(*words), NO_HANG).success();
        let env = which("env").expect("every system has it");
        let script = stand.scratch.join(program);
        run(
            stand
                .guarded("words", env)
                .arg("PGPASSWORD=kanarie-env")
                .arg(script)
                .args(*words),
            NO_HANG,
        )
        .success();
    }
    let shell = "PGPASSWORD=kanarie-shell /bin/true --password=kanarie-shell-option";
    run(
        stand.guarded("words", "/bin/sh").args(["-c", shell]),
        NO_HANG,
    )
    .success();
    let script = stand.scratch.script("prisma", "#!/bin/sh\n");
    run(
        stand
            .guarded("words", script)
            .args(["migrate", "reset", "kanarie-killed"]),
        NO_HANG,
    );
    stand.settled("words");
    assert!(
        stand.decisions_of("statements").len() > 5,
        "too little is on record to prove anything"
    );

    for file in stand
        .scratch
        .path()
        .read_dir()
        .expect("the scratch folder")
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        // The scripts and the policy are the test's own.
        if name.starts_with("journal") || name.starts_with("daemon") {
            assert_clean(&file.path());
        }
    }
    for words in [
        &["tail", "-n", "100000", "-o", "json"][..],
        &["tail", "-n", "100000"],
        &["status", "-o", "json"],
        &["sessions", "-o", "json"],
        &["policy", "list"],
    ] {
        let answer = stand.daemon.ctl(words).success();
        assert!(
            !answer.stdout.contains(CANARY),
            "guardctl {}:\n{}",
            words.join(" "),
            answer.stdout
        );
    }
}

#[track_caller]
fn assert_clean(path: &Path) {
    let bytes = std::fs::read(path).expect("a file of the daemon can be read");
    let found = bytes
        .windows(CANARY.len())
        .position(|window| window == CANARY.as_bytes());
    if let Some(at) = found {
        let around = &bytes[at.saturating_sub(40)..bytes.len().min(at + 40)];
        panic!(
            "{} holds a canary: {}",
            path.display(),
            String::from_utf8_lossy(around)
        );
    }
}
