//! What the engine says of PostgreSQL's statements, compared with oracles that
//! are not ours: PostgreSQL's parser, a PostgreSQL server, and what tools send.

#[path = "oracle/benign.rs"]
mod benign;
#[path = "oracle/constants.rs"]
mod constants;
#[path = "oracle/parser.rs"]
mod parser;
#[path = "oracle/policies.rs"]
mod policies;
#[path = "oracle/server.rs"]
mod server;
#[path = "oracle/sessions.rs"]
mod sessions;
#[path = "oracle/verdict.rs"]
mod verdict;
