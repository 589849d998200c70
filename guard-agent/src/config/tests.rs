use super::*;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("guard.yaml");
    std::fs::write(&path, text).expect("a scratch file");
    let overrides = Overrides {
        scope: Some("/sys/fs/cgroup".into()),
        ..Overrides::default()
    };
    Config::load(Some(&path), &overrides)
}

#[test]
fn an_empty_file_is_the_default_configuration() {
    let config = load("").expect("valid");
    assert_eq!(config.socket, Path::new(DEFAULT_SOCKET));
    assert_eq!(config.on_stop, OnStop::Keep);
}

#[test]
fn the_shipped_file_equals_the_built_in_defaults() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/config/guard.yaml");
    let text = std::fs::read_to_string(shipped).expect("the shipped file");
    assert_eq!(load(&text).expect("valid"), load("").expect("valid"));
    for key in text.lines().filter(|line| !line.starts_with('#')) {
        assert!(key.is_empty() || key.contains(':') || key.starts_with("  - "));
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_key() {
    let error = load("version: 1\nsokcet: /run/x.sock\n").expect_err("unknown key");
    let text = error.to_string();
    assert!(
        text.contains("guard.yaml:2:1: unknown key `sokcet`"),
        "{text}"
    );
    assert!(text.contains("help: did you mean `socket`?"), "{text}");
}

#[test]
fn values_that_cannot_be_used_are_refused_with_place_key_and_remedy() {
    for (text, place, key) in [
        ("version: 2\n", "1:10", "version"),
        ("version: one\n", "1:10", "version"),
        (
            "version: 1\njournal: relative.db\n",
            "2:10",
            "absolute path",
        ),
        ("socket: \"/a\\0b\"\n", "1:9", "absolute path"),
        ("socket: [a]\n", "1:9", "a path"),
        ("ring_kib: 100\n", "1:11", "ring_kib"),
        ("session_grace: soon\n", "1:16", "time span"),
        ("session_grace: -5s\n", "1:16", "time span"),
        ("kill_window: 25h\n", "1:14", "time span"),
        ("kill_limit: -1\n", "1:13", "kill_limit"),
        ("kill_limit: 0.5\n", "1:13", "kill_limit"),
        ("on_stop: maybe\n", "1:10", "on_stop"),
        ("max_connections: 0\n", "1:18", "max_connections"),
        (
            "journal_queue: 99999999999999999999\n",
            "1:16",
            "journal_queue",
        ),
        ("policy:\n  - /a\n  - b\n", "3:5", "absolute path"),
        ("socket: /a\nsocket: /b\n", "2:1", "socket"),
        ("group: [a]\n", "1:8", "group"),
        ("- a\n", "1:1", "the configuration"),
        ("socket: /a\n---\nsocket: /b\n", "3:1", "document"),
        ("socket: &a /a\n", "1:12", "anchors"),
    ] {
        let error = load(text).expect_err(text).to_string();
        assert!(
            error.contains(&format!("guard.yaml:{place}: ")),
            "{text}: {error}"
        );
        assert!(error.contains(key), "{text}: {error}");
        assert!(error.contains("\n  help: "), "{text}: {error}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = load("on_stop: maybe\nkill_limit: -1\n").expect_err("two mistakes");
    assert_eq!(error.to_string().matches("error: ").count(), 2, "{error}");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let config = load("\u{feff}version: 1\r\non_stop: detach\r\n").expect("valid");
    assert_eq!(config.on_stop, OnStop::Detach);
}

#[test]
fn a_flag_wins_over_the_file_and_may_be_relative() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("guard.yaml");
    std::fs::write(&path, "socket: /run/file.sock\n").expect("a scratch file");
    let overrides = Overrides {
        socket: Some("flag.sock".into()),
        scope: Some("/sys/fs/cgroup".into()),
        ..Overrides::default()
    };
    let config = Config::load(Some(&path), &overrides).expect("valid");
    assert!(config.socket.is_absolute());
    assert!(config.socket.ends_with("flag.sock"));
}

#[test]
fn a_file_that_was_named_must_exist() {
    let missing = Path::new("/nonexistent/guard.yaml");
    let error = Config::load(Some(missing), &Overrides::default()).expect_err("absent");
    assert!(
        error.to_string().contains("help: check the path"),
        "{error}"
    );
}
