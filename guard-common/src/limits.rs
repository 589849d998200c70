//! Every bound of the shared core, with unit, reason and cost.

/// Rules of one policy. One `u64` mask names a set of rules.
pub const MAX_RULES: usize = 64;

/// Datasets of one policy. One `u64` mask names a set of datasets.
pub const MAX_DATASETS: usize = 64;

/// Distinct subject selectors of one policy; bit 0 means "any guarded session".
pub const MAX_SELECTORS: usize = 64;

/// Endpoint entries (address range and port range) of one policy, datasets and
/// connect rules together. 48 bytes each.
pub const MAX_ENDPOINTS: usize = 256;

/// Exec patterns of one policy; each holds up to [`PATTERN_TOKENS`] tokens.
pub const MAX_EXEC_PATTERNS: usize = 128;

/// Tokens of one exec pattern. The longest real reset commands have 5 words.
pub const PATTERN_TOKENS: usize = 8;

/// Program names that start a session by themselves (`match.programs`).
pub const MAX_PROGRAMS: usize = 256;

/// Arguments that the kernel reads of a guarded program start, in bytes. Linux
/// allows 128 KiB for one argument; what is longer than this is *opaque*.
pub const ARGV_BYTES: usize = 4096;

/// Arguments that are compared with exec patterns; a longer list is *opaque*.
pub const ARGV_TOKENS: usize = 64;

/// Longest program path that is kept, in bytes.
pub const PATH_BYTES: usize = 256;

/// Names that are looked through in argv (interpreters, launchers, their words).
pub const MAX_LAUNCHERS: usize = 128;

/// Bytes of one stream chunk: what is copied into a socket's scratch at once.
/// A helper call costs 50-90 ns whatever its size, so chunks are a page.
pub const CHUNK_BYTES: usize = 4096;

/// Table names whose text is kept of one message; more set `truncated`.
pub const TABLES: usize = 8;

/// Table names whose hashes are kept of one message, for the rules; a message
/// with more is opaque for a rule about tables. 17 bytes each.
pub const TABLE_NAMES: usize = 16;

/// Calls of functions that are not known to be safe, kept of one message; a
/// message with more is opaque for a rule about functions. 16 bytes each.
pub const CALLS: usize = 8;

/// Different safe functions kept of one message; a message with more is opaque
/// for a rule that lists a safe function. 4 bytes each.
pub const SAFE_CALLS: usize = 16;

/// Uses of names of prepared statements (PREPARE, EXECUTE, DEALLOCATE) kept of
/// one message; a message with more is opaque. 9 bytes each.
pub const NAME_OPERATIONS: usize = 4;

/// Keys of names (tables, functions) in the rules of one policy. A name is one
/// to three keys.
pub const MAX_NAMES: usize = 4096;

/// Bytes of one kept name: PostgreSQL's NAMEDATALEN - 1 is 63, and a
/// schema-qualified name is kept as `schema.table`, cut at this length.
pub const NAME_BYTES: usize = 64;

/// Verbs kept of one message for its summary (`SELECT`, `DROP TABLE` …).
pub const VERBS: usize = 8;

/// Names of WITH queries that are known at once; one more is taken for a table.
/// A power of two.
pub const WITH_NAMES: usize = 16;

/// Nested parentheses and sub-statements the engine follows.
pub const DEPTH: usize = 32;

/// Longest substituted message in bytes, a multiple of 8 so that the kernel
/// stores it in whole words.
pub const DENIAL_BYTES: usize = 1024;

/// Denial texts of one policy slot; [`crate::denial::index`] numbers them.
/// 128 times about 3 KiB in each of [`SLOTS`] slots: 1.5 MiB.
pub const MAX_DENIALS: usize = 128;

/// Bytes of the lexer's rows (8 MiB a dialect). A power of two.
pub const CELL_BYTES: usize = 1 << 23;

/// Steps of the statement automaton: premultiplied rows of `u32` (8 MiB a dialect).
/// A power of two.
pub const STEPS: usize = 1 << 21;

/// Distinct events of the lexer; 16 bytes each.
pub const EVENTS: usize = 4096;

/// Distinct sets of bytes at which a skipping row of the lexer stops; 24 bytes each.
pub const SKIPS: usize = 16;

/// Distinct actions of the statement automaton; 32 bytes each. A power of two.
pub const ACTIONS: usize = 2048;

/// Policy slots. A stream in mid-message keeps the slot of its first byte, so a
/// slot is written again only after three reloads.
pub const SLOTS: usize = 4;

/// Guarded tasks (thread groups) at once, on one host.
pub const MAX_TASKS: u32 = 32_768;

/// Sessions alive at once, on one host.
pub const MAX_SESSIONS: u32 = 8_192;

/// Prepared statements and portals whose facts are kept, all sockets together;
/// an evicted name is *opaque*.
pub const MAX_STATEMENTS: u32 = 8_192;

/// Database sockets with a voice at once, on one host.
pub const MAX_VOICES: u32 = 16_384;

/// Poisoned sockets that wait for the agent.
pub const MAX_POISONED: u32 = 4_096;
