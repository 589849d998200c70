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
    assert!(text.contains("guard.yaml:2:"), "{text}");
    assert_eq!(error.help().as_deref(), Some("did you mean `socket`?"));
}

#[test]
fn values_that_cannot_be_used_are_refused_with_their_line() {
    for (text, line) in [
        ("version: 2\n", 1),
        ("version: 1\njournal: relative.db\n", 2),
        ("ring_kib: 100\n", 1),
        ("session_grace: soon\n", 1),
        ("session_grace: -5s\n", 1),
        ("on_stop: maybe\n", 1),
        ("max_connections: 0\n", 1),
        ("policy:\n  - /a\n  - b\n", 3),
    ] {
        let error = load(text).expect_err(text).to_string();
        assert!(
            error.contains(&format!("guard.yaml:{line}:")),
            "{text}: {error}"
        );
    }
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
    assert!(matches!(error, ConfigError::Read { .. }));
}
