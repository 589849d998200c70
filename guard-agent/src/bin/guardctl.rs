//! guardctl.
fn main() {}
