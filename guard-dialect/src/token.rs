//! The tokens that the lexer hands to the statement automaton.

/// A token, or an answer of the interpreter that is fed like one.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[rustfmt::skip]
pub(crate) enum Tok {
    // Not a token: column 0 of the automaton.
    Nothing,
    // Signs. `Plus`: also `||`; `Star`: also `/`, with PostgreSQL; `Arith`: any other.
    Open, Close, Semi, Comma, Dot, Cast, Bracket, Unbracket, Colon,
    Eq, Ne, Lt, Gt, Match, NotMatch, Arrow, Plus, Minus, Star, Arith, Junk,
    // Literals. `Naught`, with MySQL's: 0; `Zero`: 1; `Small`: up to 99; `Long`: five digits and more;
    // `Big`: the extremes of a type; `Wild`: a string that matches anything.
    Zero, Small, Num, Long, Big, Str, Wild, Param,
    StrOn, StrExtreme, StrHarmless, StrRoleName, StrNobody, StrSafeValue, StrEncodingName, StrStringsName, StrSettingName, StrPathName, StrUsualPath,
    // A string whose text is not read: E'', U&'', $$…$$, one of several parts.
    StrOdd,
    // Names.
    Ident, Quoted, Unicode, Safe, Fold, Vague, Bounded, Series, Bool, Unnest, SetConfig, PgCatalog, PgTemp, PgSettings, SystemColumn, SystemConstant,
    QuotedEncodingName, QuotedStringsName, QuotedSettingName, QuotedRoleName,
    // Setting names and values, as words.
    EncodingName, StringsName, SettingName, SearchPath, UsualPath, Names, SafeValue, Nobody, Off,
    // End of the text: complete, or inside a literal or comment.
    End, Cut,
    // Answers.
    ColumnNew, ColumnSame, ColumnOther, ColumnSibling, TempYes, TempNo, WithOpen, WithFew,
    BackValue, BackConst, BackTrue, BackFalse, BackMade, BackNaught, BackOne, BackZero, BackSmall, BackNum, BackBig, BackExtreme, BackWild, BackParam, BackColumn,
    BackText, BackSibling, BackWorded, BackTimed, BackSoft, BackKeyed, BackDerived, BackSystem, BackBad, BackSame,
    BackTautology, BackNull, BackBelow, BackAbove, BackEither, BackLinked, BackLinkedTwice, BackScoped, BackScopedLinked, BackScopedTwice,
    BackOpen, BackSubLinked, BackSubScoped, BackSubJoined,
    BackYes, BackNo, BackSeries, BackMany, BackWithOpen, BackWithFew,
    BackEq, BackNe, BackLt, BackGt, BackMatch, BackRegexp, BackArith,
    // Words that can be no name where a name may stand, without a part of their own.
    Reserved,
    // Words: statements.
    Select, Insert, Update, Delete, Merge, Drop, Truncate, Alter, Create, Grant, Revoke,
    Copy, Call, Do, Execute, Prepare, Deallocate, Set, Reset, Show, Discard, Begin, Start,
    Commit, EndWord, Rollback, Abort, Savepoint, Release, Listen, Notify, Unlisten, Declare,
    Fetch, Move, CloseWord, Lock, Comment, Security, Explain, Analyze, Vacuum, Cluster,
    Reindex, Refresh, Load, Checkpoint, Import, Reassign, Table, Values, With, Replication,
    // Words: inside statements.
    From, Into, Where, On, Using, As, Only, Not, And, Or, In, Is, Null, True, False, Like,
    Between, Exists, Any, Array, Case, When, Then, Else, Join, Inner, JoinSide, Cross, Lateral, Rows, SetOp,
    Returning, Group, Order, By, Having, Limit, Offset, Window, For, Conflict, Temp, If,
    Cascade, Role, System, Default, Extension, Database, Schema, Function, Procedure, Rule,
    Policy, View, Materialized, Index, Sequence, Type, Current, Of, Stdio, Program, To,
    Local, Session, Transaction, Prepared, Atomic, Operator, Escape, At, Over, Recursive,
    Cursor, Distinct, Owner, Disable, Authorization, TableSample, Mapping, Server, Owned,
    Privileges, Trigger, Publication, Constraint, All, ConstWord, Concurrently,
    Characteristics, Freeze, Symmetric, Column, Identity, Modifier, Foreign,
    // MySQL's. Literals: `Naught`: 0, to which any text may be equal; `StrWord`:
    // a string that is 0 as a number; `StrMeta`: one in which a regular expression
    // may match anything; `StrModes`: harmless names of SQL modes.
    // `StrOtherModes`: such names, and of others that change how a text is read;
    // `StrCharset`: character sets without UTF-8 in which every byte of syntax is one.
    Naught, StrWord, StrMeta, StrModes, StrOtherModes, StrCharset,
    // MySQL's signs. `SavedVariable`: where dumps keep an encoding or a mode.
    NullSafe, Bang, Assign, Variable, SavedVariable, SystemVar, Brace,
    // MySQL's words. `Pure`: functions that only compute, with a result that says
    // nothing of their arguments; `FileCall`: functions that reach files.
    Pure, CastCall, FileCall, Replace, Rename, Handler, Use, Hint, Duplicate, Dual, Outfile,
    Infile, Regexp, Interval, EndBlock, LockWord, Block, Global, SqlMode, LogBin, Autocommit,
    Password, CharacterSet, StatementWord, Event, Partition, Engine, Blackhole, Soname,
    Administer, Check, Xa, Binlog, Diagnose, Account, Channel, Binlogs, SchemaWord,
    TruncateWord, IfWord, Charset, Against,
    // The schema that holds accounts and privileges.
    SystemSchema,
    // The type of a number, to which a text is cast.
    NumberType,
    // Names that columns of texts, of times, of times of a deletion, and of numbers of
    // rows usually have.
    WordName, TimeName, SoftName, KeyName,
    // Functions that give a part of a text, or what may be 0.
    Piece,
    Install,
    // `>=`; `Gt` is `>` alone.
    Ge,
    Natural,
}

impl Tok {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::Natural as usize + 1;

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
    }

    /// May this token be (a part of) a name? True for names and for the words
    /// that are not reserved.
    pub(crate) fn is_name(self) -> bool {
        use Tok::*;
        match self {
            Ident | Quoted | Unicode | Safe | Fold | Vague | Bounded | Series | Bool | Unnest
            | SetConfig | PgCatalog | PgTemp | PgSettings | SystemColumn | SystemConstant
            | QuotedEncodingName | QuotedStringsName | QuotedSettingName | QuotedRoleName
            | EncodingName | StringsName | SettingName | SearchPath | UsualPath | Names
            | SafeValue | Nobody | Off => true,
            // Unreserved words.
            Insert | Update | Delete | Merge | Drop | Truncate | Alter | Revoke | Copy | Call
            | Execute | Prepare | Deallocate | Set | Reset | Show | Discard | Begin | Start
            | Commit | Rollback | Abort | Savepoint | Release | Listen | Notify | Unlisten
            | Declare | Move | CloseWord | Lock | Comment | Security | Explain | Vacuum
            | Cluster | Reindex | Refresh | Load | Checkpoint | Import | Reassign | Replication
            | By | Conflict | Temp | If | Cascade | Role | System | Extension | Database
            | Schema | Function | Procedure | Rule | Policy | View | Materialized | Index
            | Sequence | Type | Current | Of | Stdio | Program | Local | Session | Transaction
            | Prepared | Atomic | Operator | Escape | At | Over | Recursive | Cursor | Owner
            | Disable | Authorization | Mapping | Server | Owned | Privileges | Trigger
            | Publication | Rows | Concurrently | Characteristics | Freeze | Values | Column
            | TableSample | Identity | Modifier => true,
            Pure | CastCall | FileCall | Replace | Rename | Handler | Use | EndBlock | Block
            | Global | SqlMode | LogBin | Autocommit | Password | StatementWord | Event
            | Partition | Engine | Blackhole | Soname | Administer | Xa | Binlog | Diagnose
            | Account | SchemaWord | TruncateWord | IfWord | Channel | Binlogs | CharacterSet
            | Charset | SystemSchema | NumberType | WordName | TimeName | SoftName | KeyName
            | Piece | Install => true,
            _ => false,
        }
    }

    /// Is it a word of any kind, reserved or not (what may follow a dot)?
    pub(crate) fn is_word(self) -> bool {
        self.is_name()
            || (self >= Tok::Reserved
                && !(Tok::Naught..=Tok::Brace).contains(&self)
                && self != Tok::Ge)
    }

    /// Is it an answer of the interpreter or of an inner frame, not of the lexer?
    pub(crate) fn is_answer(self) -> bool {
        self >= Tok::ColumnNew && self <= Tok::BackArith
    }

    /// Is it a literal?
    pub(crate) fn is_literal(self) -> bool {
        (self >= Tok::Zero && self <= Tok::StrOdd)
            || (self >= Tok::Naught && self <= Tok::StrCharset)
    }

    /// Is it a string literal?
    pub(crate) fn is_string(self) -> bool {
        matches!(self, Tok::Str | Tok::Wild)
            || (self >= Tok::StrOn && self <= Tok::StrOdd)
            || (self >= Tok::StrWord && self <= Tok::StrCharset)
    }
}

/// Every token, in the order of the enum.
#[rustfmt::skip]
const ALL: [Tok; Tok::COUNT] = {
    use Tok::*;
    [
        Nothing, Open, Close, Semi, Comma, Dot, Cast, Bracket, Unbracket, Colon, Eq, Ne, Lt, Gt,
        Match, NotMatch, Arrow, Plus, Minus, Star, Arith, Junk, Zero, Small, Num, Long, Big,
        Str, Wild, Param, StrOn, StrExtreme, StrHarmless, StrRoleName, StrNobody, StrSafeValue,
        StrEncodingName, StrStringsName, StrSettingName, StrPathName, StrUsualPath, StrOdd, Ident, Quoted,
        Unicode, Safe, Fold, Vague, Bounded, Series, Bool, Unnest, SetConfig, PgCatalog, PgTemp, PgSettings, SystemColumn,
        SystemConstant, QuotedEncodingName, QuotedStringsName, QuotedSettingName, QuotedRoleName,
        EncodingName, StringsName, SettingName, SearchPath, UsualPath, Names, SafeValue, Nobody, Off, End, Cut, ColumnNew,
        ColumnSame, ColumnOther, ColumnSibling, TempYes, TempNo, WithOpen, WithFew, BackValue,
        BackConst, BackTrue, BackFalse, BackMade, BackNaught, BackOne, BackZero, BackSmall, BackNum,
        BackBig, BackExtreme, BackWild,
        BackParam, BackColumn, BackText, BackSibling, BackWorded, BackTimed, BackSoft, BackKeyed, BackDerived, BackSystem, BackBad, BackSame,
        BackTautology, BackNull, BackBelow, BackAbove, BackEither, BackLinked, BackLinkedTwice, BackScoped,
        BackScopedLinked, BackScopedTwice, BackOpen, BackSubLinked, BackSubScoped, BackSubJoined, BackYes, BackNo, BackSeries,
        BackMany, BackWithOpen, BackWithFew, BackEq, BackNe, BackLt, BackGt, BackMatch, BackRegexp,
        BackArith, Reserved, Select, Insert, Update, Delete, Merge, Drop, Truncate, Alter,
        Create, Grant, Revoke, Copy, Call, Do, Execute, Prepare, Deallocate, Set, Reset, Show,
        Discard, Begin, Start, Commit, EndWord, Rollback, Abort, Savepoint, Release, Listen,
        Notify, Unlisten, Declare, Fetch, Move, CloseWord, Lock, Comment, Security, Explain,
        Analyze, Vacuum, Cluster, Reindex, Refresh, Load, Checkpoint, Import, Reassign, Table,
        Values, With, Replication, From, Into, Where, On, Using, As, Only, Not, And, Or, In, Is,
        Null, True, False, Like, Between, Exists, Any, Array, Case, When, Then, Else, Join,
        Inner, JoinSide, Cross, Lateral, Rows, SetOp, Returning, Group, Order, By, Having,
        Limit, Offset, Window, For, Conflict, Temp, If, Cascade, Role, System, Default,
        Extension, Database, Schema, Function, Procedure, Rule, Policy, View, Materialized,
        Index, Sequence, Type, Current, Of, Stdio, Program, To, Local, Session, Transaction,
        Prepared, Atomic, Operator, Escape, At, Over, Recursive, Cursor, Distinct, Owner,
        Disable, Authorization, TableSample, Mapping, Server, Owned, Privileges, Trigger,
        Publication, Constraint, All, ConstWord, Concurrently, Characteristics, Freeze,
        Symmetric, Column, Identity, Modifier, Foreign, Naught, StrWord, StrMeta, StrModes, StrOtherModes, StrCharset, NullSafe, Bang, Assign, Variable, SavedVariable, SystemVar, Brace, Pure, CastCall, FileCall, Replace, Rename, Handler, Use, Hint, Duplicate, Dual, Outfile, Infile, Regexp, Interval, EndBlock, LockWord, Block, Global, SqlMode, LogBin, Autocommit, Password, CharacterSet, StatementWord, Event, Partition, Engine, Blackhole, Soname, Administer, Check, Xa, Binlog, Diagnose, Account, Channel, Binlogs, SchemaWord, TruncateWord, IfWord, Charset, Against, SystemSchema, NumberType, WordName, TimeName, SoftName, KeyName, Piece, Install, Ge, Natural,
    ]
};
