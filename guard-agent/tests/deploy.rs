//! What is shipped for systemd is what the daemon does.

use std::process::Command;

const UNIT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../deploy/systemd/guard-agent.service"
);

#[test]
fn the_unit_waits_until_the_daemon_enforces() {
    let unit = std::fs::read_to_string(UNIT).expect("the unit");
    for line in ["Type=notify", "NotifyAccess=main"] {
        assert!(unit.lines().any(|known| known == line), "{line}");
    }
}

#[test]
fn systemd_takes_every_line_of_the_unit() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("guard-agent.service");
    let unit = std::fs::read_to_string(UNIT).expect("the unit");
    // Neither is installed here, and the unit is right without them.
    let unit = unit
        .replace("/usr/bin/guard-agent", env!("CARGO_BIN_EXE_guard-agent"))
        .replace("Documentation=man:guardctl(1)\n", "");
    std::fs::write(&path, unit).expect("written");
    match Command::new("systemd-analyze")
        .arg("verify")
        .arg(&path)
        .output()
    {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        Err(error) => println!("not checked: systemd-analyze: {error}"),
    }
}
