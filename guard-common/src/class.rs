//! The closed lists of words for statements: classes, WHERE, opaque reasons.
//!
//! A message's classes travel as bits of one `u64` ([`crate::facts::Facts::hits`]):
//! bit *n* is the class with number *n*; above [`WHERE_BASE`] stand the pairs
//! (class, WHERE) of the classes that have one. A rule is a mask over the same
//! bits, so "delete or update without a real WHERE" is one AND.

/// What a statement does. The numbers are bit positions.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "docs/policy.md describes each class; the names are SQL's own"
)]
pub enum Class {
    Select = 0,
    Insert = 1,
    Update = 2,
    Delete = 3,
    Merge = 4,
    Drop = 5,
    Truncate = 6,
    Alter = 7,
    AlterDrop = 8,
    Create = 9,
    Grant = 10,
    CopyIn = 11,
    CopyOut = 12,
    CopyProgram = 13,
    IntoFile = 14,
    Call = 15,
    Dynamic = 16,
    Set = 17,
    Session = 18,
    Transaction = 19,
    Admin = 20,
    Function = 21,
    Fastpath = 22,
    Replication = 23,
    Other = 24,
    Unreadable = 25,
}

impl Class {
    /// All classes in the order of their numbers.
    pub const ALL: [Self; 26] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Merge,
        Self::Drop,
        Self::Truncate,
        Self::Alter,
        Self::AlterDrop,
        Self::Create,
        Self::Grant,
        Self::CopyIn,
        Self::CopyOut,
        Self::CopyProgram,
        Self::IntoFile,
        Self::Call,
        Self::Dynamic,
        Self::Set,
        Self::Session,
        Self::Transaction,
        Self::Admin,
        Self::Function,
        Self::Fastpath,
        Self::Replication,
        Self::Other,
        Self::Unreadable,
    ];

    /// All classes, strictest first: `facts.class` is the first that is present.
    pub const BY_STRICTNESS: [Self; 26] = [
        Self::CopyProgram,
        Self::Drop,
        Self::Truncate,
        Self::AlterDrop,
        Self::Admin,
        Self::Replication,
        Self::Fastpath,
        Self::Unreadable,
        Self::Dynamic,
        Self::Grant,
        Self::IntoFile,
        Self::Merge,
        Self::Delete,
        Self::Update,
        Self::Alter,
        Self::Call,
        Self::CopyIn,
        Self::CopyOut,
        Self::Create,
        Self::Insert,
        Self::Function,
        Self::Set,
        Self::Session,
        Self::Other,
        Self::Transaction,
        Self::Select,
    ];

    /// The word used in policy files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Merge => "merge",
            Self::Drop => "drop",
            Self::Truncate => "truncate",
            Self::Alter => "alter",
            Self::AlterDrop => "alter-drop",
            Self::Create => "create",
            Self::Grant => "grant",
            Self::CopyIn => "copy-in",
            Self::CopyOut => "copy-out",
            Self::CopyProgram => "copy-program",
            Self::IntoFile => "into-file",
            Self::Call => "call",
            Self::Dynamic => "dynamic",
            Self::Set => "set",
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Admin => "admin",
            Self::Function => "function",
            Self::Fastpath => "fastpath",
            Self::Replication => "replication",
            Self::Other => "other",
            Self::Unreadable => "unreadable",
        }
    }

    /// The bit of this class in `hits`.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// The bit of this class together with `condition`, for the classes that
    /// have a WHERE; zero for the others.
    #[must_use]
    pub const fn where_bit(self, condition: Where) -> u64 {
        let row = match self {
            Self::Select => 0,
            Self::Update => 1,
            Self::Delete => 2,
            Self::Merge => 3,
            _ => return 0,
        };
        1 << (WHERE_BASE + row * 3 + condition as u8)
    }
}

/// First bit of the (class, WHERE) pairs: select, update, delete, merge, three
/// bits each in the order of [`Where`].
pub const WHERE_BASE: u8 = 32;

/// The bit in `hits` of a SELECT that reads a table and has no LIMIT (or FETCH
/// FIRST) that bounds its rows; sub-selects do not count.
pub const UNLIMITED: u64 = 1 << (WHERE_BASE + 12);

/// What limits the rows of a statement.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Where {
    /// No WHERE at all.
    None = 0,
    /// A WHERE that is not proved to limit anything.
    Tautology = 1,
    /// A WHERE that compares a column with a value.
    Scoped = 2,
}

impl Where {
    /// All values, weakest limit first.
    pub const ALL: [Self; 3] = [Self::None, Self::Tautology, Self::Scoped];

    /// The word used in policy files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tautology => "tautology",
            Self::Scoped => "scoped",
        }
    }
}

/// Why bytes cannot be read with certainty. The numbers are bit positions of
/// [`crate::facts::Facts::opaque`].
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opaque {
    /// The client asks for, or speaks, TLS.
    Tls = 0,
    /// The client asks for, or speaks, GSSAPI encryption.
    Gss = 1,
    /// A client encoding in which a byte of SQL syntax can be part of a letter.
    Encoding = 2,
    /// `standard_conforming_strings` may be off.
    Strings = 3,
    /// A statement or portal name that was not seen being prepared.
    UnknownName = 4,
    /// The fast-path function call message.
    Fastpath = 5,
    /// A replication connection.
    Replication = 6,
    /// SQL that runs other text as SQL (`DO`, `EXECUTE`).
    Dynamic = 7,
    /// A procedure call: its body is not in the statement.
    Call = 8,
    /// Bytes that are not of the protocol.
    Protocol = 9,
    /// Bytes sent before this socket was guarded, or lost since.
    Gap = 10,
    /// A bound of the engine: nesting, name or statement count.
    Limit = 11,
    /// A setting that changes how statements are read.
    Setting = 12,
    /// A name written in a form that is not decoded (`U&"…"`).
    Name = 13,
    /// A function, or a Redis command, that is not known to be safe.
    Function = 14,
    /// What the server reads depends on its version, which is not known.
    Version = 15,
    /// A compressed protocol.
    Compression = 16,
}

impl Opaque {
    /// All reasons in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::Tls,
        Self::Gss,
        Self::Encoding,
        Self::Strings,
        Self::UnknownName,
        Self::Fastpath,
        Self::Replication,
        Self::Dynamic,
        Self::Call,
        Self::Protocol,
        Self::Gap,
        Self::Limit,
        Self::Setting,
        Self::Name,
        Self::Function,
        Self::Version,
        Self::Compression,
    ];

    /// The bit of this reason.
    #[must_use]
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// The word used in policy files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Gss => "gss",
            Self::Encoding => "encoding",
            Self::Strings => "strings",
            Self::UnknownName => "unknown-name",
            Self::Fastpath => "fastpath",
            Self::Replication => "replication",
            Self::Dynamic => "dynamic",
            Self::Call => "call",
            Self::Protocol => "protocol",
            Self::Gap => "gap",
            Self::Limit => "limit",
            Self::Setting => "setting",
            Self::Name => "name",
            Self::Function => "function",
            Self::Version => "version",
            Self::Compression => "compression",
        }
    }

    /// What a person should know about this reason, and what to do.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Tls => {
                "TLS hides the statements; connect without it (sslmode=disable), or set tls: decline on a loopback dataset"
            }
            Self::Gss => "GSSAPI encryption hides the statements; connect with gssencmode=disable",
            Self::Encoding => "this client_encoding can hide syntax in letters; use UTF8",
            Self::Strings => "standard_conforming_strings may be off; leave it on",
            Self::UnknownName => {
                "this prepared statement or portal was not seen being prepared; reconnect"
            }
            Self::Fastpath => "fast-path function calls carry no SQL; use SELECT function(…)",
            Self::Replication => "replication connections are not judged",
            Self::Dynamic => {
                "it runs other text as SQL or as a script, which cannot be judged beforehand"
            }
            Self::Call => "the body of a procedure is not in the statement",
            Self::Protocol => "these bytes are not of the protocol",
            Self::Gap => "part of this connection was not seen; reconnect",
            Self::Limit => "the statement is nested or numbered beyond what is followed",
            Self::Setting => "the statement changes a setting that decides how statements are read",
            Self::Name => "a name is written in a form that is not decoded; write it plainly",
            Self::Function => {
                "this function or command is not on the list of those known to be safe"
            }
            Self::Version => {
                "what the server runs of a /*! */ comment depends on its version, which is not known"
            }
            Self::Compression => "compression hides the statements; connect without it",
        }
    }
}
