//! Start, stop, reload and take-over: what goes on, and what is left.

#[path = "lifecycle/growth.rs"]
mod growth;
#[path = "lifecycle/state.rs"]
mod state;
#[path = "lifecycle/takeover.rs"]
mod takeover;

use guard_tests::daemon::{Daemon, OnStop};
use guard_tests::need::{STAND, require};
use guard_tests::paths;
use guard_tests::postgres::Tls;
use guard_tests::process::run;
use guard_tests::repl::Repl;
use guard_tests::stand::{Stand, for_server};
use guard_tests::wait;
use rustix::process::Signal;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub(crate) const POLICY: &str = include_str!("policies/shop.yaml");
const DROP: &str = "DROP TABLE customers";

/// The policy without its first rule.
fn permissive(stand: &Stand) -> String {
    let (head, rest) = POLICY
        .split_once("  - name: no-schema-drops")
        .expect("the rule is there");
    let (_, tail) = rest.split_once("  - name:").expect("it is not the last");
    for_server(&format!("{head}  - name:{tail}"), &stand.postgres)
}

#[track_caller]
fn assert_refused(repl: &mut Repl) {
    let answer = repl.ask(DROP);
    assert!(
        answer.contains("42501") && answer.contains("no-schema-drops"),
        "{answer}"
    );
}

#[test]
fn a_stopped_daemon_leaves_nothing_behind() {
    if !require(STAND) {
        return;
    }
    let mut stand = Stand::new(POLICY);
    let mut repl = Repl::start(&stand, "lasting");
    assert_refused(&mut repl);
    let held = state::held_by(stand.daemon.pid());
    assert!(held.maps.len() > 5 && held.programs.len() > 5, "{held:?}");
    let took = stand.daemon.stop();
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    let files = stand.files();
    assert!(!files.socket().exists(), "the socket is left");
    assert!(files.pinned().is_empty(), "pins are left");
    // The kernel frees what nobody holds a moment later.
    let freed = wait::try_until(wait::PATIENCE, || {
        state::still_loaded(&held).is_empty().then_some(())
    });
    assert!(
        freed.is_some(),
        "left in the kernel: {:?}",
        state::still_loaded(&held)
    );
    // Without a daemon, detached means: nothing is refused.
    assert!(repl.ask("SELECT count(*) FROM customers").contains("100"));
    drop(repl);
}

#[test]
fn a_broken_policy_never_replaces_a_good_one() {
    if !require(STAND) {
        return;
    }
    let mut stand = Stand::new(POLICY);
    let mut repl = Repl::start(&stand, "lasting");
    let broken = for_server(POLICY, &stand.postgres).replace("action: block", "action: bloc");
    std::fs::write(stand.files().policy(), broken).expect("the policy can be written");
    let reload = stand.daemon.ctl(&["policy", "reload"]);
    assert_eq!(reload.status.code(), Some(3), "{}", reload.report());
    let place = format!("{}:14:", stand.files().policy().display());
    assert!(
        reload.stderr.contains(&place) && reload.stderr.contains("bloc"),
        "{}",
        reload.report()
    );
    assert_refused(&mut repl);
    // SIGHUP says it in the log and changes nothing either.
    stand.daemon.signal(Signal::HUP);
    wait::until("a word in the log", wait::PATIENCE, || {
        stand.daemon.log().contains("bloc").then_some(())
    });
    assert_refused(&mut repl);
    // A good one takes effect at once, on connections that are open too.
    std::fs::write(stand.files().policy(), permissive(&stand)).expect("the policy can be written");
    stand.daemon.ctl(&["policy", "reload"]).success();
    let answer = repl.ask(DROP);
    assert!(answer.contains("DROP TABLE"), "{answer}");
}

#[test]
fn a_killed_daemon_leaves_its_guard_and_the_next_one_takes_over() {
    if !require(STAND) {
        return;
    }
    let mut stand = Stand::with(POLICY, Tls::Off, OnStop::Keep);
    let mut repl = Repl::start(&stand, "lasting");
    assert_refused(&mut repl);
    stand.settled("lasting");
    let before = stand.daemon.decisions().len();
    stand.daemon.kill();
    // Nobody is there, and every statement is judged all the same.
    assert_refused(&mut repl);
    assert!(repl.ask("SELECT count(*) FROM customers").contains("100"));
    let policy = for_server(POLICY, &stand.postgres);
    stand.daemon = Daemon::start(stand.files(), &policy, stand.cgroup.path(), OnStop::Keep);
    assert_refused(&mut repl);
    let blocked = |d: &serde_json::Value| {
        d["session"]["subject"]["name"] == "lasting" && d["verdict"] == "block"
    };
    // All three refusals are on record, the one in between too.
    let all = wait::try_until(wait::PATIENCE, || {
        let decisions = stand.daemon.decisions();
        (decisions.iter().filter(|d| blocked(d)).count() == 3).then_some(decisions)
    });
    let all = all.unwrap_or_else(|| {
        panic!(
            "{}",
            guard_tests::daemon::listing(&stand.daemon.decisions())
        )
    });
    assert!(all.len() > before);
    // Other records of the journal have numbers between those of decisions.
    assert!(
        all.iter().all(|decision| decision["gap"].is_null()),
        "a gap is on record"
    );
    let numbers: Vec<u64> = all
        .iter()
        .filter_map(|decision| decision["seq"].as_u64())
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
    // New sessions work with the new daemon.
    assert_eq!(stand.psql("later", &["SELECT 1"]).success().stdout, "1\n");
}

#[test]
fn a_daemon_that_keeps_may_stop_and_its_successor_may_detach() {
    if !require(STAND) {
        return;
    }
    let mut stand = Stand::with(POLICY, Tls::Off, OnStop::Keep);
    let mut repl = Repl::start(&stand, "lasting");
    let took = stand.daemon.stop();
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    assert!(!stand.files().pinned().is_empty(), "nothing is pinned");
    assert_refused(&mut repl);
    let policy = for_server(POLICY, &stand.postgres);
    stand.daemon = Daemon::start(stand.files(), &policy, stand.cgroup.path(), OnStop::Detach);
    assert_refused(&mut repl);
    stand.daemon.stop();
    assert!(stand.files().pinned().is_empty(), "pins are left");
}

/// What another version left is not taken over, not doubled and not taken away.
#[test]
fn a_guard_of_another_version_is_met_with_a_clear_answer() {
    if !require(STAND) {
        return;
    }
    let mut stand = Stand::with(POLICY, Tls::Off, OnStop::Keep);
    let mut repl = Repl::start(&stand, "lasting");
    stand.daemon.kill();
    let pins = stand.files().pins().to_owned();
    let own = stand.files().pinned().into_iter().next().expect("a pin");
    let own = own.strip_prefix(&pins).expect("below the folder");
    let own = own.iter().next().expect("a folder").to_owned();
    std::fs::rename(pins.join(&own), pins.join("v999")).expect("pins can be moved");
    let config = stand.scratch.join("guard.yaml");
    let mut next = Command::new(paths::program("guard-agent"));
    let refused = run(next.arg("run").arg("--config").arg(config), wait::PATIENCE);
    assert_eq!(refused.status.code(), Some(1), "{}", refused.report());
    let remedy = format!("rm -r {}", pins.join("v999").display());
    for words in ["v999", "on_stop: detach", &remedy] {
        assert!(refused.stderr.contains(words), "{}", refused.report());
    }
    assert_refused(&mut repl);
    std::fs::rename(pins.join("v999"), pins.join(&own)).expect("pins can be moved");
    let policy = for_server(POLICY, &stand.postgres);
    stand.daemon = Daemon::start(stand.files(), &policy, stand.cgroup.path(), OnStop::Detach);
    assert_refused(&mut repl);
}

/// Starts one more daemon with the configuration of a stand, changed; gives what it
/// said when it ended.
#[track_caller]
fn another(stand: &Stand, changes: &[(&Path, &Path)]) -> String {
    let config = std::fs::read_to_string(stand.scratch.join("guard.yaml")).expect("it is there");
    let config = changes.iter().fold(config, |text, (from, to)| {
        text.replace(&from.display().to_string(), &to.display().to_string())
    });
    let path = stand.scratch.join("another.yaml");
    std::fs::write(&path, config).expect("a scratch file can be written");
    let mut command = Command::new(paths::program("guard-agent"));
    let ended = run(command.arg("run").arg("--config").arg(path), wait::PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.report());
    ended.stderr
}

/// Whatever two daemons share, the first one keeps it, and the second one leaves
/// nothing.
#[test]
fn a_second_daemon_takes_nothing_from_the_first() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::with(POLICY, Tls::Off, OnStop::Keep);
    let mut repl = Repl::start(&stand, "lasting");
    assert_refused(&mut repl);
    let files = stand.files().clone();
    let (socket, journal) = (stand.scratch.join("b.sock"), stand.scratch.join("b.db"));
    let pins = stand.scratch.join("more");
    let own = [files.socket(), files.journal()];
    let said = another(&stand, &[]);
    assert!(
        said.contains("another daemon writes this journal"),
        "{said}"
    );
    let said = another(&stand, &[(&own[0], &socket), (&own[1], &journal)]);
    assert!(said.contains("another daemon uses these pins"), "{said}");
    let said = another(&stand, &[(&own[1], &journal), (files.pins(), &pins)]);
    assert!(
        said.contains("another daemon listens on this socket"),
        "{said}"
    );
    let left = pins.read_dir().into_iter().flatten().count();
    assert_eq!(left, 0, "pins are left in {}", pins.display());
    let status = stand.daemon.ctl(&["status"]).success();
    assert!(status.stdout.contains("epoch 1,"), "{}", status.stdout);
    assert_refused(&mut repl);
}

#[test]
fn daemons_with_scopes_of_their_own_do_not_meet() {
    if !require(STAND) {
        return;
    }
    let (one, two) = (Stand::new(POLICY), Stand::new(POLICY));
    assert!(one.psql("one", &[DROP]).stderr.contains("no-schema-drops"));
    assert_eq!(two.daemon.decisions().len(), 0);
    assert_eq!(two.psql("two", &["SELECT 1"]).success().stdout, "1\n");
}
