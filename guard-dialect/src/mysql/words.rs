//! The words of MySQL and MariaDB that mean something to the automaton.

use crate::token::Tok::{self, *};
use crate::words::Trie;

/// Functions that only compute, and types.
const PURE: &str = include_str!("pure_functions.txt");

/// Those whose result tells what their arguments are: comparing it limits as
/// comparing the argument does.
const FAITHFUL: &str = include_str!("faithful_functions.txt");

/// Words outside quotes, lower case.
#[rustfmt::skip]
const WORDS: &[(Tok, &str)] = &[
    (WordName, WORD_NAMES), (TimeName, TIME_NAMES), (TimeName, "date time timestamp"), (Piece, PIECES), (SoftName, SOFT_NAMES), (KeyName, KEY_NAMES),
    (Select, "select"), (Insert, "insert"), (Replace, "replace"), (Update, "update"),
    (Delete, "delete"), (Drop, "drop"), (TruncateWord, "truncate"), (Alter, "alter"),
    (Create, "create"), (Rename, "rename"), (Grant, "grant"), (Revoke, "revoke"), (Call, "call"),
    (Do, "do"), (Execute, "execute"), (Prepare, "prepare"), (Deallocate, "deallocate"),
    (Set, "set"), (Show, "show"), (Begin, "begin"), (Start, "start"), (Commit, "commit"),
    (Rollback, "rollback"), (Savepoint, "savepoint"), (Release, "release"), (LockWord, "lock unlock"),
    (Explain, "explain describe desc"), (Analyze, "analyze"), (Load, "load"), (Handler, "handler"),
    (Use, "use"), (Xa, "xa"), (Binlog, "binlog"), (Diagnose, "signal resignal get help"),
    (Administer, "flush kill purge reset change stop shutdown restart optimize \
        repair checksum cache clone backup"),
    (Install, "install uninstall"), (Check, "check"), (Channel, "slave replica group_replication"), (Binlogs, "binlog relaylog"),
    (Table, "table tables"), (Values, "values"), (With, "with"), (From, "from"), (Into, "into"),
    (Where, "where"), (On, "on"), (Using, "using"), (As, "as"), (Not, "not"), (And, "and"),
    (Or, "or xor"), (In, "in"), (Is, "is"), (Null, "null"), (True, "true"), (False, "false"),
    (Like, "like"), (Regexp, "regexp rlike"), (Between, "between"), (Exists, "exists"),
    (Any, "any some"), (Case, "case"), (When, "when"), (Then, "then"), (Else, "else"),
    (IfWord, "if"), (EndBlock, "end"), (Declare, "declare"), (Block, "loop while repeat elseif until iterate leave"),
    (Join, "join straight_join"), (Natural, "natural"), (JoinSide, "left right outer"), (Inner, "inner"), (Cross, "cross"),
    (Lateral, "lateral"), (SetOp, "union intersect except"), (Returning, "returning"),
    (Group, "group"), (Order, "order"), (By, "by"), (Having, "having"), (Limit, "limit"),
    (Fetch, "fetch"), (For, "for"), (Against, "against"), (SystemSchema, "mysql"),
    (NumberType, "signed unsigned decimal dec double float integer"), (Fold, FOLDS), (Duplicate, "duplicate"), (Temp, "temporary"),
    (Cascade, "cascade restrict"), (Account, "role user"), (Default, "default"),
    (SchemaWord, "database schema databases schemas"), (Function, "function package"), (Procedure, "procedure"),
    (View, "view"), (Index, "index key"), (Sequence, "sequence"), (Trigger, "trigger"),
    (Event, "event"), (Server, "server tablespace logfile instance resource"), (To, "to"),
    (Local, "local"), (Session, "session"), (Global, "global persist persist_only"),
    (Transaction, "transaction"), (Over, "over"), (Recursive, "recursive"),
    (Distinct, "distinct distinctrow"), (All, "all"), (Column, "column"),
    (ConstWord, "current_date current_time current_timestamp localtime localtimestamp utc_date \
        utc_time utc_timestamp current_user current_role"),
    (Reserved, "binary collate both leading trailing asc references unique \
        no_write_to_binlog fulltext spatial ignored separator"),
    (Arith, "div mod"), (Interval, "interval"), (Hint, "force ignore low_priority high_priority delayed"),
    (NotMatch, "sounds"), (Dual, "dual"), (Outfile, "outfile dumpfile"), (Infile, "infile"), (Names, "names"),
    (CharacterSet, "charset character"), (Password, "password"), (SqlMode, "sql_mode"),
    (EncodingName, "character_set_client"), (LogBin, "sql_log_bin gtid_domain_id server_id"),
    (Autocommit, "autocommit completion_type"), (StatementWord, "statement"),
    (Partition, "partition partitions versioning"), (Discard, "discard import exchange"), (Engine, "engine"),
    (Blackhole, "blackhole"), (Soname, "soname"), (Foreign, "foreign constraint primary"),
    (Atomic, "atomic"), (CloseWord, "close"),
    (SafeValue, "utf8 utf8mb3 utf8mb4"), (Charset, CHARSETS), (FileCall, FILE_CALLS), (CastCall, "cast convert"),
];

/// Functions that give a part of a text; one that gives 0 without an argument.
const PIECES: &str = "substring substr mid substring_index last_insert_id";

/// Columns that by their name hold texts: as numbers nearly all of them are 0.
const WORD_NAMES: &str = "name firstname lastname fullname username nickname surname first_name \
    last_name full_name user_name display_name company company_name ssn note notes email mail e_mail \
    email_address title subject body content contents description summary comment_text address \
    street city country region phone phone_number mobile fax url uri link slug path filename file_name \
    label message msg remark remarks bio lang language locale currency \
    login nick iban card_number first last author";

/// Columns that by their name hold times, as dates or as seconds; `date`, `time` and
/// `timestamp` are functions too.
const TIME_NAMES: &str = "d dt ts created updated modified created_at updated_at modified_at \
    inserted_at expires expires_at expired_at expire expiry expiration last_activity last_seen \
    last_login last_used last_used_at access_time started_at finished_at ended_at sent_at read_at \
    processed_at published_at reserved_at available_at scheduled_at birthday birthdate dob \
    birth_date date_of_birth date_created date_modified created_on updated_on option_value \
    session_expires sess_time ctime mtime atime logged_at login_at failed_at completed_at";

/// Columns that by their name hold a time where a row counts as deleted: in most it is NULL.
const SOFT_NAMES: &str = "deleted_at deleted_on removed_at archived_at date_deleted deleted";

/// Columns that by their name hold the number of a row, or that of another.
const KEY_NAMES: &str = "id xid cid uid pid oid rid tid gid user_id customer_id order_id product_id \
    account_id post_id item_id category_id parent_id comment_id group_id company_id tenant_id \
    owner_id author_id employee_id invoice_id payment_id project_id task_id session_id team_id";

/// Those whose result is a text that says as much as a constant argument does.
const FOLDS: &str = "lower lcase upper ucase concat";

/// Functions that reach files or programs of the server.
const FILE_CALLS: &str = "load_file sys_exec sys_eval sys_get sys_set lib_mysqludf_sys_info";

/// SQL modes that change nothing in how statements are read.
const MODES: &str = "strict_trans_tables strict_all_tables only_full_group_by no_zero_in_date \
    no_zero_date error_for_division_by_zero no_auto_create_user no_engine_substitution \
    no_auto_value_on_zero no_unsigned_subtraction no_dir_in_create traditional \
    allow_invalid_dates pad_char_to_full_length time_truncate_fractional time_round_fractional \
    real_as_float ignore_space";

/// SQL modes in which `"…"` is a name, a backslash a byte of a string, or `||` no OR.
const OTHER_MODES: &str = "ansi ansi_quotes no_backslash_escapes pipes_as_concat";

/// Character sets in which a byte of syntax is never a part of a letter, but for UTF-8
/// and for those that are other words too: `ascii` and `binary`.
const CHARSETS: &str = "latin1 latin2 latin5 latin7 cp850 cp852 cp866 cp1250 cp1251 cp1256 \
    cp1257 koi8r koi8u dec8 hp8 greek hebrew tis620 armscii8 geostd8 keybcs2 macce macroman \
    ujis eucjpms euckr gb2312";

/// User variables in which dumps (of mariadb-dump, mysqldump, phpMyAdmin, HeidiSQL) keep
/// the session's encoding and mode while they change it.
const SAVED: &str = "saved_cs_client old_character_set_client saved_sql_mode old_sql_mode";

/// Values of settings, matched without case.
const LITERALS: &[(Tok, &str)] = &[
    (StrSafeValue, "utf8 utf8mb3 utf8mb4"),
    (StrCharset, CHARSETS),
    (StrCharset, "ascii binary"),
    (Big, "9999-12-31 9999-12-31T23:59:59"),
];

/// The modes that are known.
const MODE_NAMES: &[(Tok, &str)] = &[(StrModes, MODES), (StrOtherModes, OTHER_MODES)];

/// The lines of a list of functions.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// Functions that only compute.
pub(crate) fn safe_functions() -> impl Iterator<Item = &'static str> {
    let folds = FOLDS.split_whitespace();
    folds.chain(lines(FAITHFUL)).chain(lines(PURE))
}

/// All tries.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) words: Trie,
    pub(crate) quoted: Trie,
    pub(crate) literals: Trie,
    pub(crate) modes: Trie,
    pub(crate) saved: Trie,
    prefixes: [Option<u16>; 3],
}

impl Words {
    pub(crate) fn new() -> Self {
        let mut words = Trie::of(WORDS);
        for name in lines(FAITHFUL) {
            words.insert(name, Safe);
        }
        for name in lines(PURE) {
            words.insert(name, Pure);
        }
        let mut literals = Trie::of(LITERALS);
        literals.insert_all(MODE_NAMES);
        Self {
            prefixes: [b'x', b'b', b'n'].map(|byte| words.next(0, byte)),
            words,
            quoted: Trie::of(&[
                (FileCall, FILE_CALLS),
                (WordName, WORD_NAMES),
                (TimeName, TIME_NAMES),
                (TimeName, "date time timestamp"),
                (SoftName, SOFT_NAMES),
                (KeyName, KEY_NAMES),
                (SystemSchema, "mysql"),
                (SqlMode, "sql_mode"),
                (EncodingName, "character_set_client"),
            ]),
            literals,
            modes: Trie::of(MODE_NAMES),
            saved: Trie::of(&[(SavedVariable, SAVED)]),
        }
    }

    /// Is the word a letter that makes a string of the quote behind it?
    pub(crate) fn is_prefix(&self, node: Option<u16>) -> bool {
        node.is_some() && self.prefixes.contains(&node)
    }

    /// Does a mode, or nothing, end at `node` of the literals? `true` inside: one that
    /// changes how a text is read.
    pub(crate) fn ended_mode(&self, node: u16) -> Option<bool> {
        match self.literals.token(node) {
            _ if node == 0 => Some(false),
            Some(StrModes) => Some(false),
            Some(StrOtherModes) => Some(true),
            _ => None,
        }
    }
}
