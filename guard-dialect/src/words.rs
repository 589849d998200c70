//! The words of PostgreSQL that mean something to the automaton.

use super::functions::safe_functions;
use super::token::Tok::{self, *};

/// Words outside quotes, lower case.
#[rustfmt::skip]
const WORDS: &[(Tok, &str)] = &[
    (Select, "select"), (Insert, "insert"), (Update, "update"), (Delete, "delete"),
    (Merge, "merge"), (Drop, "drop"), (Truncate, "truncate"), (Alter, "alter"),
    (Create, "create"), (Grant, "grant"), (Revoke, "revoke"), (Copy, "copy"), (Call, "call"),
    (Do, "do"), (Execute, "execute"), (Prepare, "prepare"), (Deallocate, "deallocate"),
    (Set, "set"), (Reset, "reset"), (Show, "show"), (Discard, "discard"), (Begin, "begin"),
    (Start, "start"), (Commit, "commit"), (EndWord, "end"), (Rollback, "rollback"),
    (Abort, "abort"), (Savepoint, "savepoint"), (Release, "release"), (Listen, "listen"),
    (Notify, "notify"), (Unlisten, "unlisten"), (Declare, "declare"), (Fetch, "fetch"),
    (Move, "move"), (CloseWord, "close"), (Lock, "lock"), (Comment, "comment"),
    (Security, "security"), (Explain, "explain"), (Analyze, "analyze analyse"),
    (Vacuum, "vacuum"), (Cluster, "cluster"), (Reindex, "reindex"), (Refresh, "refresh"),
    (Load, "load"), (Checkpoint, "checkpoint"), (Import, "import"), (Reassign, "reassign"),
    (Table, "table"), (Values, "values"), (With, "with"),
    (Replication, "base_backup start_replication identify_system create_replication_slot \
        drop_replication_slot alter_replication_slot read_replication_slot timeline_history subscription"),
    (From, "from"), (Into, "into"), (Where, "where"), (On, "on"), (Using, "using"), (As, "as"),
    (Only, "only"), (Not, "not"), (And, "and"), (Or, "or"), (In, "in"), (Is, "is isnull notnull"),
    (Null, "null"), (True, "true"), (False, "false"), (Like, "like ilike"), (Regexp, "similar"),
    (Between, "between"), (Exists, "exists"), (Any, "any some"), (Array, "array"),
    (Case, "case"), (When, "when"), (Then, "then"), (Else, "else"), (Join, "join"),
    (Inner, "inner"), (JoinSide, "left right full outer"), (Cross, "cross natural"), (Lateral, "lateral"),
    (Rows, "rows"), (SetOp, "union intersect except"), (Returning, "returning"),
    (Group, "group"), (Order, "order"), (By, "by"), (Having, "having"), (Limit, "limit"),
    (Offset, "offset"), (Window, "window"), (For, "for"), (Conflict, "conflict"),
    (Temp, "temp temporary"), (If, "if"), (Cascade, "cascade restrict"), (Role, "role user"),
    (System, "system"), (Default, "default"), (Extension, "extension language"),
    (Database, "database tablespace"), (Schema, "schema"), (Function, "function aggregate routine"),
    (Procedure, "procedure"), (Rule, "rule"), (Policy, "policy"), (View, "view"),
    (Materialized, "materialized"), (Index, "index"), (Sequence, "sequence"),
    (Type, "type domain"), (Current, "current"), (Of, "of"), (Stdio, "stdin stdout"),
    (Program, "program"), (To, "to"), (Local, "local"), (Session, "session"),
    (Transaction, "transaction work"), (Prepared, "prepared"), (Atomic, "atomic"),
    (Operator, "operator"), (Escape, "escape uescape passing"), (At, "at"), (Over, "over filter within"),
    (Cursor, "cursor"), (Distinct, "distinct"), (Owner, "owner"),
    (Disable, "disable"), (Authorization, "authorization session_authorization"), (TableSample, "tablesample"),
    (Mapping, "mapping"), (Server, "server"), (Owned, "owned"),
    (Privileges, "privileges"), (Trigger, "trigger"), (Publication, "publication"),
    (Constraint, "constraint"), (All, "all"), (Concurrently, "concurrently"),
    (Characteristics, "characteristics"), (Freeze, "freeze"), (Symmetric, "symmetric asymmetric"),
    (Column, "column"), (Identity, "expression identity"), (Foreign, "foreign"),
    (Recursive, "recursive"),
    // Words that mean something in one place only, each in its own.
    (Modifier, "unlogged trusted procedural global event \
        enable replica no force access exclusive row_security"),
    (ConstWord, "current_date current_time current_timestamp localtime localtimestamp \
        current_user current_role session_user current_catalog user"),
    (Reserved, "both check collate collation deferrable desc asc initially \
        leading placing primary references trailing unique variadic binary overlaps"),
    (Bool, "bool boolean"),
    (Bounded, "mod extract date_part sin cos sind cosd tanh ascii width_bucket"),
    (Series, "generate_series generate_subscripts"),
    (Vague, "array_append array_prepend array_cat length char_length character_length octet_length bit_length cardinality sign \
        pg_typeof pg_column_size num_nulls num_nonnulls greatest least nullif array_length \
        array_ndims array_lower array_upper json_typeof jsonb_typeof json_array_length \
        jsonb_array_length isfinite isempty row_security_active"),
    (Fold, "lower upper date_trunc date_bin concat_ws timezone to_tsvector similarity \
        word_similarity levenshtein age"),
    (Unnest, "unnest"), (SetConfig, "set_config"), (PgCatalog, "pg_catalog"), (PgTemp, "pg_temp"),
    (PgSettings, "pg_settings"), (SystemColumn, "ctid"),
    (SystemConstant, "xmin xmax cmin cmax tableoid"),
    (EncodingName, "client_encoding"), (StringsName, "standard_conforming_strings"),
    (SettingName, "session_replication_role"), (SearchPath, "search_path"), (UsualPath, "public"),
    (Names, "names"), (Nobody, "none"), (Off, "off"),
    (SafeValue, "origin utf8 unicode sql_ascii latin1 latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 \
        latin10 iso_8859_5 iso_8859_6 iso_8859_7 iso_8859_8 win1250 win1251 win1252 win1253 win1254 \
        win1255 win1256 win1257 win1258 win866 win874 koi8 koi8r koi8u euc_jp euc_kr euc_cn euc_tw"),
];

/// Literals that are values or names of settings; matched without case.
#[rustfmt::skip]
const LITERALS: &[(Tok, &str)] = &[
    (StrOn, "on true yes 1 origin local"),
    (StrUsualPath, "public $user"),
    (StrSafeValue, "utf8 utf-8 utf_8 unicode sql_ascii latin1 latin-1 latin2 latin3 latin4 latin5 latin6 \
        latin7 latin8 latin9 latin10 iso-8859-1 iso_8859_1 iso88591 iso-8859-2 iso88592 iso-8859-15 \
        iso885915 iso_8859_5 iso_8859_6 iso_8859_7 iso_8859_8 win1250 win1251 win1252 win1253 win1254 \
        win1255 win1256 win1257 win1258 win866 win874 windows-1250 windows-1251 windows-1252 koi8 \
        koi8r koi8u euc_jp euc_kr euc_cn euc_tw eucjp euckr"),
    (StrEncodingName, "client_encoding names"), (StrStringsName, "standard_conforming_strings"),
    (StrSettingName, "session_replication_role row_security"), (StrPathName, "search_path"),
    (StrRoleName, "role session_authorization"), (StrNobody, "none"),
    (Wild, "-infinity infinity nan"),
    (StrExtreme, "a z zz zzz zzzz ~ epoch 1000-01-01 1800-01-01 1990-01-01 2000-01-01 2100-01-01 2999-12-31 \
        3000-01-01 0 -1 99999 999999 9999999 99999999 999999999 100000 1000000 2147483647 0001-01-01 1900-01-01 1970-01-01 2099-12-31 \
        9999-12-31 9999-01-01"),
];

/// Literals with spaces in them. The value that pg_dump gives to
/// `restrict_nonsystem_relation_kind` is a valid one of no other setting that matters.
const PHRASES: &[(Tok, &str)] = &[
    (StrHarmless, "view, foreign-table"),
    (StrExtreme, "100 years"),
    (StrExtreme, "1000 years"),
    (StrExtreme, "1970-01-01 00:00:00"),
    (StrExtreme, "1900-01-01 00:00:00"),
    (StrExtreme, "9999-12-31 23:59:59"),
    (StrUsualPath, "\"$user\", public"),
    (StrUsualPath, "\"$user\",public"),
];

/// Names of settings in double quotes; PostgreSQL compares them without case.
const QUOTED: &[(Tok, &str)] = &[
    (QuotedEncodingName, "client_encoding"),
    (QuotedStringsName, "standard_conforming_strings"),
    (QuotedSettingName, "session_replication_role"),
    (Modifier, "row_security"),
    (SearchPath, "search_path"),
    (UsualPath, "public $user"),
    (QuotedRoleName, "role session_authorization"),
    (PgSettings, "pg_settings"),
    (PgTemp, "pg_temp"),
    (SetConfig, "set_config"),
    (PgCatalog, "pg_catalog"),
    (SystemColumn, "ctid"),
    (SystemConstant, "xmin xmax cmin cmax tableoid"),
];

/// A trie of words: node 0 is the root.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    next: Vec<(u8, u16)>,
    token: Option<Tok>,
}

impl Trie {
    fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    pub(crate) fn insert(&mut self, word: &str, token: Tok) {
        let mut at = 0;
        for byte in word.bytes() {
            at = match self.next(at, byte) {
                Some(next) => next,
                None => {
                    let next = u16::try_from(self.nodes.len()).unwrap_or(u16::MAX);
                    self.nodes.push(Node::default());
                    self.nodes[usize::from(at)].next.push((byte, next));
                    next
                }
            };
        }
        let node = &mut self.nodes[usize::from(at)];
        node.token.get_or_insert(token);
    }

    /// A trie of the words of `list`.
    pub(crate) fn of(list: &[(Tok, &str)]) -> Self {
        let mut trie = Self::new();
        trie.insert_all(list);
        trie
    }

    pub(crate) fn insert_all(&mut self, list: &[(Tok, &str)]) {
        for &(token, words) in list {
            for word in words.split_whitespace() {
                self.insert(word, token);
            }
        }
    }

    /// The node behind `byte`, which is taken as lower case.
    pub(crate) fn next(&self, node: u16, byte: u8) -> Option<u16> {
        let byte = byte.to_ascii_lowercase();
        let found = self.nodes[usize::from(node)]
            .next
            .iter()
            .find(|(b, _)| *b == byte);
        found.map(|&(_, next)| next)
    }

    /// The token of the word that ends at `node`.
    pub(crate) fn token(&self, node: u16) -> Option<Tok> {
        self.nodes[usize::from(node)].token
    }

    /// The words outside quotes.
    pub(crate) fn words() -> Self {
        let mut trie = Self::new();
        trie.insert_all(WORDS);
        for name in safe_functions() {
            trie.insert(name, Safe);
        }
        trie
    }

    /// String literals.
    pub(crate) fn literals() -> Self {
        let mut trie = Self::new();
        trie.insert_all(LITERALS);
        for &(token, phrase) in PHRASES {
            trie.insert(phrase, token);
        }
        trie
    }

    /// Quoted names.
    pub(crate) fn quoted() -> Self {
        let mut trie = Self::new();
        trie.insert_all(QUOTED);
        trie
    }
}
