//! The lexer of MySQL 8.0 and MariaDB 10.11 as a function: (state, byte) → what
//! happens.
//!
//! It follows `sql/sql_lex.cc` of both, with the default `sql_mode`: `"…"` is a
//! string, a backslash escapes, `||` is OR. These three raise [`event::MODED`]: in a
//! session that may have another mode they are opaque. The text ends where the packet ends: a NUL is a byte like others.

mod comment;
mod number;
mod text;

use super::words::Words;
use crate::bytes::is_space;
use crate::number::Number;
use crate::scanner::{Next, Scanner, before, raise, with};
use crate::token::Tok;
use guard_common::engine::event;

/// State between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lex {
    /// Between tokens.
    Start,
    /// In a word; the node of the trie, or none when no known word fits.
    Word(Option<u16>),
    /// In a word with bytes from 0x80 on.
    WordHigh,
    /// Behind a word or quoted name, where a dot makes any word a name.
    NameEnd,
    /// Behind that dot, and at the word.
    NameDot,
    Part,
    /// In a string; the quote that ends it.
    Text(Text, u8),
    /// Behind a backslash in it.
    Escaped(u8),
    /// Behind a quote in it: its end, or the first half of a doubled one.
    TextQuote(Text, u8),
    /// In `@'…'`, behind a backslash in it, and behind a quote.
    Variable(Option<u16>, u8),
    VariableEscaped(u8),
    VariableQuote(Option<u16>, u8),
    /// At the first byte of a quoted name, in it, and behind a backtick.
    QuotedStart,
    Quoted(Option<u16>),
    QuotedEnd(Option<u16>),
    /// At the first digit of a number.
    NumberStart,
    /// Behind a `0`.
    Naught,
    /// In `0x…` and `0b…`; `true`: with digits.
    Hex(bool),
    Binary(bool),
    Number(Number),
    /// Behind a number's point; `true`: digits that are not zero followed.
    Fraction(Tok, bool),
    /// Behind an `e` that may belong to a number or a name, and its sign.
    NumberE,
    NumberESign {
        minus: bool,
    },
    /// Behind an `e` that belongs to a number.
    FractionE,
    Exponent,
    Point,
    Dash,
    DashDash,
    /// Behind `->`.
    Arrow,
    Slash,
    Colon,
    Star,
    /// Behind a `*` that ends no comment, and one that does.
    StarAlone,
    StarSlash,
    Less,
    LessEqual,
    Greater,
    Bang,
    Ampersand,
    Bar,
    Backslash,
    At,
    /// In `@name`.
    Host(Option<u16>),
    /// In a comment to the end of the line.
    Line,
    /// Behind `/*`, `/*!`, `/*M`, `/*M!`.
    Comment,
    CommentBang,
    CommentM,
    CommentMaria,
    /// In the number behind it, up to six digits.
    Version {
        digits: u8,
        maria: bool,
    },
    /// Behind a number there that is too short.
    ShortVersion,
    /// In a comment; what the last byte was.
    Plain(Last),
    /// In one that this server does not execute, in which another may stand.
    Skipped(Last, bool),
    /// At a NUL that ends the text, or does not.
    End,
    Cut,
    Nul,
    TextNul(u8),
    PlainNul,
    SkippedNul(bool),
    QuotedNul,
    VariableNul(u8),
    /// Behind the end of the text.
    Done,
}

/// What is known of a string's content so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Text {
    /// The beginning of a known literal; node 0 is the empty string.
    Known(u16, Kind),
    /// In a list of SQL modes; `true`: one of those before changes how a text is read.
    Modes(u16, Kind, bool),
    /// Behind `^` at the beginning of a regular expression.
    Anchor,
    /// A regular expression that begins with `^` and a letter, and has no alternative to
    /// it: not every text fits. `true`: the letter is not repeated.
    Anchored(bool),
    /// Only bytes that match anything in some pattern language.
    Wild,
    /// One other byte behind them; `true`: and a `%` behind it, as in `%a%`.
    Lone(Kind, bool),
    Other(Kind),
}

/// What a string is as a number or a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Begins with a digit from 1 on.
    Number,
    /// Is 0 as a number.
    Word,
    /// The same, with bytes by which a regular expression may match anything.
    Meta,
}

/// The last byte inside a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Last {
    Other,
    Star,
    Slash,
}

impl Last {
    fn of(byte: u8) -> Self {
        match byte {
            b'*' => Self::Star,
            b'/' => Self::Slash,
            _ => Self::Other,
        }
    }
}

/// The lexer with its words.
#[derive(Debug)]
pub(crate) struct Lexer {
    words: Words,
}

impl Lexer {
    pub(crate) fn new() -> Self {
        Self {
            words: Words::new(),
        }
    }
}

/// Bytes of names: `ident_map`.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// A node of no trie: in a variable's name behind an escape.
const ESCAPED: u16 = u16::MAX;

/// A node of no trie: in a quoted name that has bytes from 0x80 on.
const HIGH: u16 = u16::MAX - 1;

/// At a byte that means something else in another `sql_mode`.
fn moded(token: Tok, next: Lex) -> Next<Lex> {
    raise(token, event::MODED, true, next)
}

/// An event whose check leads to `other`.
fn ask(kind: u8, consume: bool, next: Lex, other: Lex) -> Next<Lex> {
    Next::Raise {
        token: Tok::Nothing,
        kind,
        consume,
        next,
        other,
    }
}

impl Scanner for Lexer {
    type State = Lex;

    const START: Lex = Lex::Start;

    fn step(&self, state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        match state {
            Done => Next::Go(Done),
            End => raise(Tok::End, event::END, false, Done),
            Cut => raise(Tok::Cut, event::END, false, Done),
            Nul => with(Tok::Junk, Start),
            TextNul(quote) => Next::Go(Text(self::Text::Other(Kind::Meta), quote)),
            VariableNul(quote) => Next::Go(Variable(None, quote)),
            QuotedNul => Next::Go(Quoted(None)),
            PlainNul => Next::Go(Plain(Last::Other)),
            SkippedNul(nested) => Next::Go(Skipped(Last::Other, nested)),
            _ if byte == 0 => self.at_nul(state),
            Start => Self::start(byte),
            Word(_) | WordHigh | NameEnd | NameDot | Part => self.word(state, byte),
            Text(..) | Escaped(_) | TextQuote(..) => self.string(state, byte),
            Variable(..) | VariableEscaped(_) | VariableQuote(..) => self.variable(state, byte),
            QuotedStart => raise(Tok::Nothing, event::MARK_TICKS, false, Quoted(Some(0))),
            Quoted(node) => Next::Go(match byte {
                b'`' => QuotedEnd(node),
                0x80.. => Quoted(Some(HIGH)),
                _ if node == Some(HIGH) => Quoted(node),
                _ => Quoted(node.and_then(|node| self.words.quoted.next(node, byte))),
            }),
            QuotedEnd(Some(HIGH)) if byte == b'`' => Next::Go(Quoted(Some(HIGH))),
            QuotedEnd(_) if byte == b'`' => Next::Go(Quoted(None)),
            QuotedEnd(Some(HIGH)) => raise(Tok::Quoted, event::HIGH, false, NameEnd),
            QuotedEnd(node) => before(self.quoted_token(node), NameEnd),
            NumberStart
            | Naught
            | Hex(_)
            | Binary(_)
            | Number(_)
            | Fraction(..)
            | NumberE
            | NumberESign { .. }
            | FractionE
            | Exponent
            | Point => Self::number(state, byte),
            Line if byte == b'\n' => Next::Go(Start),
            Line => Next::Go(Line),
            Comment
            | CommentBang
            | CommentM
            | CommentMaria
            | Version { .. }
            | ShortVersion
            | Plain(_)
            | Skipped(..) => Self::comment(state, byte),
            At if byte != b'@' => self.variable(Host(Some(0)), byte),
            Host(_) => self.variable(state, byte),
            _ => Self::sign(state, byte),
        }
    }
}

impl Lexer {
    /// A NUL: the end of the text, or a byte of it.
    fn at_nul(&self, state: Lex) -> Next<Lex> {
        use Lex::*;
        let cut = |inside| ask(event::NUL, false, Cut, inside);
        match state {
            // A NUL behind `--` begins a comment, and ends it.
            Start | NameEnd | Line | DashDash => ask(event::NUL, false, End, Nul),
            Text(_, quote) | Escaped(quote) => cut(TextNul(quote)),
            Variable(_, quote) | VariableEscaped(quote) => cut(VariableNul(quote)),
            QuotedStart | Quoted(_) => cut(QuotedNul),
            Comment | CommentM | Plain(_) => cut(PlainNul),
            Skipped(_, nested) => cut(SkippedNul(nested)),
            _ => self.step_over(state),
        }
    }

    /// What ends before a NUL, as before a space.
    fn step_over(&self, state: Lex) -> Next<Lex> {
        match self.step(state, b' ') {
            Next::Go(_) | Next::Raise { consume: true, .. } => before(Tok::Junk, Lex::Start),
            raised @ Next::Raise { .. } => raised,
        }
    }

    fn start(byte: u8) -> Next<Lex> {
        use Lex::*;
        let mark = |next| raise(Tok::Nothing, event::MARK, false, next);
        match byte {
            _ if is_space(byte) => Next::Go(Start),
            b'0'..=b'9' => mark(NumberStart),
            _ if is_word(byte) => mark(Word(Some(0))),
            b'\'' => Next::Go(Text(self::Text::Known(0, Kind::Word), byte)),
            b'"' => moded(Tok::Nothing, Text(self::Text::Known(0, Kind::Word), byte)),
            b'`' => Next::Go(QuotedStart),
            b'(' => with(Tok::Open, Start),
            b')' => with(Tok::Close, Start),
            b';' => raise(Tok::Semi, event::STATEMENT, true, Start),
            b',' => with(Tok::Comma, Start),
            b'?' => raise(Tok::Param, event::PLACEHOLDER, true, Start),
            b'=' => with(Tok::Eq, Start),
            b'+' => with(Tok::Plus, Start),
            b'%' | b'^' => with(Tok::Arith, Start),
            b'~' => with(Tok::Bang, Start),
            b'{' => with(Tok::Brace, Start),
            b'}' => with(Tok::Reserved, Start),
            b'#' => Next::Go(Line),
            b'.' => Next::Go(Point),
            b'-' => Next::Go(Dash),
            b'/' => Next::Go(Slash),
            b':' => Next::Go(Colon),
            b'*' => Next::Go(Star),
            b'<' => Next::Go(Less),
            b'>' => Next::Go(Greater),
            b'!' => Next::Go(Bang),
            b'&' => Next::Go(Ampersand),
            b'|' => Next::Go(Bar),
            b'\\' => Next::Go(Backslash),
            b'@' => Next::Go(At),
            _ => with(Tok::Junk, Start),
        }
    }

    /// In a word, and behind one.
    fn word(&self, state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        match state {
            Word(node) if byte < 0x80 && is_word(byte) => Next::Go(Word(
                node.and_then(|node| self.words.words.next(node, byte)),
            )),
            Word(_) | WordHigh if is_word(byte) => Next::Go(WordHigh),
            // `x'…'`, `b'…'`, `n'…'`.
            Word(node) if byte == b'\'' && self.words.is_prefix(node) => {
                Next::Go(Text(self::Text::Other(Kind::Word), byte))
            }
            Word(node) => before(self.word_token(node), NameEnd),
            WordHigh => raise(Tok::Ident, event::HIGH, false, NameEnd),
            NameEnd if byte == b'.' => Next::Go(NameDot),
            NameEnd => Self::start(byte),
            NameDot if is_word(byte) => before(Tok::Dot, Part),
            NameDot => before(Tok::Dot, Start),
            _ => raise(Tok::Nothing, event::MARK, false, Word(Some(0))),
        }
    }

    fn word_token(&self, node: Option<u16>) -> Tok {
        node.and_then(|node| self.words.words.token(node))
            .unwrap_or(Tok::Ident)
    }

    fn quoted_token(&self, node: Option<u16>) -> Tok {
        node.and_then(|node| self.words.quoted.token(node))
            .unwrap_or(Tok::Quoted)
    }

    /// Signs of more than one byte.
    fn sign(state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        match (state, byte) {
            (Dash, b'-') => Next::Go(DashDash),
            (Dash, b'>') => Next::Go(Arrow),
            (Dash, _) => before(Tok::Minus, Start),
            (DashDash, b'\n') => Next::Go(Start),
            (DashDash, b' ' | 0x01..=0x1f | 0x7f) => Next::Go(Line),
            // In some encodings this byte is a space.
            (DashDash, 0x80..) => raise(Tok::Minus, event::HIGH, false, Dash),
            (DashDash, _) => before(Tok::Minus, Dash),
            (Arrow, b'>') => with(Tok::Arrow, Start),
            (Arrow, _) => before(Tok::Arrow, Start),
            (Slash, b'*') => Next::Go(Comment),
            (Slash, _) => before(Tok::Arith, Start),
            (Colon, b'=') => with(Tok::Assign, Start),
            (Colon, _) => before(Tok::Colon, Start),
            (Star, b'/') => ask(event::EXECUTED, false, StarAlone, StarSlash),
            (StarSlash, _) => Next::Go(Start),
            (Star | StarAlone, _) => before(Tok::Star, Start),
            (Less, b'=') => Next::Go(LessEqual),
            (LessEqual, b'>') => with(Tok::NullSafe, Start),
            (Less, b'>') => with(Tok::Ne, Start),
            (Less | Greater, b'<' | b'>') => with(Tok::Arith, Start),
            (Less | LessEqual, _) => before(Tok::Lt, Start),
            (Greater, b'=') => with(Tok::Ge, Start),
            (Greater, _) => before(Tok::Gt, Start),
            (Bang, b'=') => with(Tok::Ne, Start),
            (Bang, _) => before(Tok::Bang, Start),
            (Ampersand, b'&') => with(Tok::And, Start),
            (Bar, b'|') => moded(Tok::Or, Start),
            (Ampersand | Bar, _) => before(Tok::Arith, Start),
            (Backslash, b'N') => with(Tok::Null, Start),
            (Backslash, _) => before(Tok::Junk, Start),
            (At, b'@') => with(Tok::SystemVar, Start),
            _ => with(Tok::Junk, Start),
        }
    }
}
