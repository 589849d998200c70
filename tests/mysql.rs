//! MariaDB: every command that leaves a guarded client is judged, in whatever form
//! it is written; a refusal is the server's own error, on the same connection.

mod mysql {
    mod clients;
    mod wire;
}

use guard_tests::mariadb::MariaDb;
use guard_tests::need::{Need, STAND, require};
use guard_tests::stand::Stand;

const POLICY: &str = include_str!("policies/mysql.yaml");

/// A guarded MariaDB, or nothing where the test cannot run.
#[track_caller]
fn stand(needs: &[Need]) -> Option<(Stand, MariaDb)> {
    if !require(STAND) || !require(&[Need::MariaDb]) || !require(needs) {
        return None;
    }
    let server = MariaDb::start();
    let policy = POLICY.replace("{mariadb}", &server.port().to_string());
    Some((Stand::new(&policy), server))
}
