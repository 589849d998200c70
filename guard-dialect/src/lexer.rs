//! PostgreSQL's lexer as a function: (state, byte) → what happens.
//!
//! It follows `src/backend/parser/scan.l` of PostgreSQL 15. Where that lexer
//! puts bytes back, an event here does not consume its byte, which is then
//! stepped again from the state that the event names.

use super::bytes::{is_newline, is_operator, is_space, is_word, is_word_start};
use super::number::{self, Number};
use super::pattern::{Set, Text};
use super::scanner::{Next, Scanner, before, raise, with};
use super::token::Tok;
use super::words::Trie;
use guard_common::engine::event;

/// State between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lex {
    /// Between tokens.
    Start,
    /// In a word; the node of the trie, or none when no known word fits.
    Word(Option<u16>),
    /// Behind `u&`: a string or name with Unicode escapes, or an operator.
    UnicodePrefix,
    /// In a string.
    Text(Text, Quote),
    /// Behind a backslash in a string with escapes.
    Escaped,
    /// Behind a quote in a string: its end, or the first half of a doubled one.
    TextQuote(Text, Quote),
    /// Behind the end of a string: a further part may follow on another line.
    TextGap {
        quote: Quote,
        token: Tok,
        newline: bool,
        comment: bool,
    },
    /// Behind a `-` in such a gap.
    TextGapDash {
        quote: Quote,
        token: Tok,
        newline: bool,
    },
    /// At the first byte of a quoted name; `true`: with Unicode escapes.
    NameStart(bool),
    /// In a quoted name.
    Name(bool, Option<u16>),
    /// Behind a quote in a quoted name.
    NameQuote(bool, Option<u16>),
    /// In a number.
    Number(Number),
    /// Behind a number's point; `true`: digits that are not zero followed.
    Fraction(Tok, bool),
    /// Behind a number's `e`.
    Exponent,
    /// Behind a `.`.
    Point,
    /// Behind a `-`, `/`, `:`.
    Dash,
    Slash,
    Colon,
    /// In a comment to the end of the line.
    Line,
    /// In a block comment; what the last byte was.
    Block(Last),
    /// In an operator.
    Operator(Op),
    /// Behind a `$`.
    Dollar,
    /// In the number of a parameter, behind its first digit.
    Parameter,
    /// In the opening tag of a dollar quote.
    Tag,
    /// In a dollar-quoted string.
    Body,
    /// Behind a `$` in it, where a closing tag may start.
    CandidateStart,
    /// Behind the closing tag.
    DollarEnd,
    /// In a possible closing tag.
    Candidate,
    /// Behind the end of the text.
    Done,
}

/// The kind of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quote {
    /// `'…'`.
    Plain,
    /// `E'…'`: backslash escapes.
    Escapes,
    /// `U&'…'`, or a string of several parts: no backslash means anything here.
    Unicode,
}

/// The last byte inside a block comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Last {
    Other,
    Star,
    Slash,
}

/// An operator so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Less,
    LessEqual,
    LessDash,
    Greater,
    Bang,
    Hash,
    Amp,
    DashGreater,
    Bar,
    Tilde,
    /// Complete for our purposes; further operator bytes change nothing.
    Is(Tok),
    /// `=` and `*` so far, which change with a second byte.
    Single(Tok),
}

/// The lexer with its words.
#[derive(Debug)]
pub(crate) struct Lexer {
    words: Trie,
    literals: Trie,
    quoted: Trie,
    node_e: Option<u16>,
    node_u: Option<u16>,
}

impl Lexer {
    pub(crate) fn new() -> Self {
        let words = Trie::words();
        Self {
            node_e: words.next(0, b'e'),
            node_u: words.next(0, b'u'),
            words,
            literals: Trie::literals(),
            quoted: Trie::quoted(),
        }
    }
}

impl Scanner for Lexer {
    type State = Lex;

    const START: Lex = Lex::Start;

    fn step(&self, state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        match state {
            Done => Next::Go(Done),
            _ if byte == 0 => self.at_end(state),
            Start => Self::start(byte),
            Word(node) => self.word(node, byte),
            UnicodePrefix => match byte {
                b'\'' => Next::Go(Text(self::Text::Other, Quote::Unicode)),
                b'"' => Next::Go(NameStart(true)),
                _ => before(Tok::Ident, Operator(Op::Is(Tok::Arith))),
            },
            Text(text, quote) => self.text(text, quote, byte),
            Escaped => Next::Go(Text(self::Text::Other, Quote::Escapes)),
            TextQuote(_, quote) if byte == b'\'' => Next::Go(Text(self::Text::Other, quote)),
            TextQuote(text, quote) => {
                let token = self.text_token(text, quote);
                self.gap(quote, token, false, false, byte)
            }
            TextGap {
                quote,
                token,
                newline,
                comment,
            } => self.gap(quote, token, newline, comment, byte),
            TextGapDash {
                quote,
                token,
                newline,
            } => match byte {
                b'-' => Next::Go(TextGap {
                    quote,
                    token,
                    newline,
                    comment: true,
                }),
                _ => before(token, Dash),
            },
            NameStart(unicode) => raise(
                Tok::Nothing,
                event::MARK_EXACT,
                false,
                Name(unicode, Some(0)),
            ),
            Name(unicode, node) => match byte {
                b'"' => Next::Go(NameQuote(unicode, node)),
                _ => Next::Go(Name(
                    unicode,
                    node.and_then(|node| self.quoted.next(node, byte)),
                )),
            },
            NameQuote(unicode, _) if byte == b'"' => Next::Go(Name(unicode, None)),
            NameQuote(unicode, node) => before(self.name_token(unicode, node), Start),
            Number(number) => match byte {
                b'0'..=b'9' => Next::Go(Number(number.digit(byte))),
                b'.' => Next::Go(Fraction(number.token(), false)),
                b'e' | b'E' => Next::Go(Exponent),
                _ => before(number.token(), Start),
            },
            Fraction(token, some) => match byte {
                b'0'..=b'9' => Next::Go(Fraction(token, some || byte != b'0')),
                b'e' | b'E' => Next::Go(Exponent),
                _ => before(number::fraction(token, some), Start),
            },
            Exponent => match byte {
                b'0'..=b'9' => Next::Go(Exponent),
                b'+' | b'-' => Next::Go(Exponent),
                _ => before(Tok::Big, Start),
            },
            Point => match byte {
                b'0'..=b'9' => Next::Go(Fraction(Tok::Naught, byte != b'0')),
                _ => before(Tok::Dot, Start),
            },
            Dash => match byte {
                b'-' => Next::Go(Line),
                b'>' => Next::Go(Operator(Op::DashGreater)),
                _ => before(Tok::Minus, Start),
            },
            Slash => match byte {
                b'*' => raise(Tok::Nothing, event::COMMENT_OPEN, true, Block(Last::Other)),
                _ => before(Tok::Star, Start),
            },
            Colon => match byte {
                b':' => with(Tok::Cast, Start),
                b'=' => with(Tok::Arith, Start),
                _ => before(Tok::Colon, Start),
            },
            Line if is_newline(byte) => Next::Go(Start),
            Line => Next::Go(Line),
            Block(last) => Self::block(last, byte),
            Operator(op) => Self::operator(op, byte),
            Dollar => match byte {
                b'0'..=b'9' => raise(Tok::Nothing, event::COUNT, true, Parameter),
                b'$' => raise(Tok::Nothing, event::MARK_TAG, false, Tag),
                _ if is_word_start(byte) => raise(Tok::Nothing, event::MARK_TAG, false, Tag),
                _ => before(Tok::Junk, Start),
            },
            Parameter => match byte {
                b'0'..=b'9' => Next::Go(Parameter),
                _ => raise(Tok::Param, event::PARAMETER, false, Start),
            },
            Tag => match byte {
                b'$' => raise(Tok::Nothing, event::TAG_OPEN, true, Body),
                _ if is_word(byte) => Next::Go(Tag),
                _ => before(Tok::Junk, Start),
            },
            Body => match byte {
                b'$' => Next::Go(CandidateStart),
                _ => Next::Go(Body),
            },
            CandidateStart => match byte {
                b'$' => raise(Tok::Nothing, event::MARK_TAG, false, Candidate),
                _ if is_word_start(byte) => raise(Tok::Nothing, event::MARK_TAG, false, Candidate),
                _ => Next::Go(Body),
            },
            Candidate => match byte {
                b'$' => Next::Raise {
                    token: Tok::Nothing,
                    kind: event::TAG_CLOSE,
                    consume: true,
                    next: CandidateStart,
                    other: DollarEnd,
                },
                _ if is_word(byte) => Next::Go(Candidate),
                _ => Next::Go(Body),
            },
            DollarEnd => before(Tok::StrOdd, Start),
        }
    }
}

impl Lexer {
    /// What the end of the text does.
    fn at_end(&self, state: Lex) -> Next<Lex> {
        use Lex::*;
        let complete = raise(Tok::End, event::END, false, Done);
        let cut = raise(Tok::Cut, event::END, false, Done);
        match state {
            Start | Line | Done => complete,
            Word(node) => before(self.word_token(node), Start),
            UnicodePrefix => before(Tok::Ident, Start),
            TextQuote(text, quote) => before(self.text_token(text, quote), Start),
            TextGap { token, .. } => before(token, Start),
            TextGapDash { token, .. } => before(token, Dash),
            NameQuote(unicode, node) => before(self.name_token(unicode, node), Start),
            Number(number) => before(number.token(), Start),
            Fraction(token, some) => before(number::fraction(token, some), Start),
            Exponent => before(Tok::Big, Start),
            Parameter => raise(Tok::Param, event::PARAMETER, false, Start),
            Operator(_) | Dash | Slash | Colon | Point => before(Tok::Arith, Start),
            DollarEnd => before(Tok::StrOdd, Start),
            Text(..) | Escaped | NameStart(_) | Name(..) | Block(_) | Dollar | Tag | Body
            | CandidateStart | Candidate => cut,
        }
    }

    fn start(byte: u8) -> Next<Lex> {
        use Lex::*;
        let operator = |op| Next::Go(Operator(op));
        match byte {
            _ if is_space(byte) => Next::Go(Start),
            _ if is_word_start(byte) => raise(Tok::Nothing, event::MARK, false, Word(Some(0))),
            b'0'..=b'9' => Next::Go(Number(number::Number::ZERO.digit(byte))),
            b'\'' => Next::Go(Text(self::Text::Known(0), Quote::Plain)),
            b'"' => Next::Go(NameStart(false)),
            b'$' => Next::Go(Dollar),
            b'(' => with(Tok::Open, Start),
            b')' => with(Tok::Close, Start),
            b'[' => with(Tok::Bracket, Start),
            b']' => with(Tok::Unbracket, Start),
            b';' => with(Tok::Semi, Start),
            b',' => with(Tok::Comma, Start),
            b'.' => Next::Go(Point),
            b':' => Next::Go(Colon),
            b'-' => Next::Go(Dash),
            b'/' => Next::Go(Slash),
            b'<' => operator(Op::Less),
            b'>' => operator(Op::Greater),
            b'!' => operator(Op::Bang),
            b'#' => operator(Op::Hash),
            b'=' => operator(Op::Single(Tok::Eq)),
            b'*' => operator(Op::Single(Tok::Star)),
            b'+' => operator(Op::Single(Tok::Plus)),
            b'&' => operator(Op::Amp),
            b'~' => operator(Op::Tilde),
            b'@' | b'?' => operator(Op::Is(Tok::Match)),
            b'|' => operator(Op::Bar),
            b'^' | b'%' | b'`' => operator(Op::Is(Tok::Arith)),
            _ => with(Tok::Junk, Start),
        }
    }

    fn word(&self, node: Option<u16>, byte: u8) -> Next<Lex> {
        use Lex::*;
        match byte {
            _ if is_word(byte) => Next::Go(Word(node.and_then(|node| self.words.next(node, byte)))),
            b'\'' if node.is_some() && node == self.node_e => {
                Next::Go(Text(self::Text::Other, Quote::Escapes))
            }
            b'&' if node.is_some() && node == self.node_u => Next::Go(UnicodePrefix),
            _ => before(self.word_token(node), Start),
        }
    }

    fn word_token(&self, node: Option<u16>) -> Tok {
        node.and_then(|node| self.words.token(node))
            .unwrap_or(Tok::Ident)
    }

    fn name_token(&self, unicode: bool, node: Option<u16>) -> Tok {
        match node.and_then(|node| self.quoted.token(node)) {
            _ if unicode => Tok::Unicode,
            Some(token) => token,
            None => Tok::Quoted,
        }
    }

    fn text(&self, text: Text, quote: Quote, byte: u8) -> Next<Lex> {
        let next = match (text, byte) {
            (_, b'\'') => return Next::Go(Lex::TextQuote(text, quote)),
            (_, b'\\') if quote == Quote::Escapes => return Next::Go(Lex::Escaped),
            (Text::Set(set), _) => set.then(byte),
            (Text::Known(_) | Text::Wild | Text::Other, b'[') => Text::Set(Set::Start),
            (Text::Known(0) | Text::Wild, b) if b"%_.^$+}](), ".contains(&b) => Text::Wild,
            (Text::Known(0) | Text::Wild | Text::WildMeta, b)
                if b"%_.*^$+?{}[](), ".contains(&b) =>
            {
                Text::WildMeta
            }
            (Text::Known(node), _) if let Some(next) = self.literals.next(node, byte) => {
                Text::Known(next)
            }
            (Text::Meta | Text::WildMeta, _) | (_, b'*' | b'?' | b'|' | b'{' | b'\\') => Text::Meta,
            _ => Text::Other,
        };
        Next::Go(Lex::Text(next, quote))
    }

    fn text_token(&self, text: Text, quote: Quote) -> Tok {
        match text {
            _ if quote != Quote::Plain => Tok::StrOdd,
            Text::Known(0) | Text::Wild | Text::WildMeta => Tok::Wild,
            Text::Known(node) => self.literals.token(node).unwrap_or(Tok::Str),
            Text::Other => Tok::Str,
            Text::Meta | Text::Set(_) => Tok::StrMeta,
        }
    }

    /// Behind a string: whitespace with a line break in it, comments to the end
    /// of a line included, and a further quote continue it.
    fn gap(&self, quote: Quote, token: Tok, newline: bool, comment: bool, byte: u8) -> Next<Lex> {
        let gap = |newline, comment| {
            Next::Go(Lex::TextGap {
                quote,
                token,
                newline,
                comment,
            })
        };
        match byte {
            _ if is_newline(byte) => gap(true, false),
            _ if comment => gap(newline, true),
            _ if is_space(byte) => gap(newline, false),
            b'-' => Next::Go(Lex::TextGapDash {
                quote,
                token,
                newline,
            }),
            // Of the whole only its first part was read.
            b'\'' if newline => Next::Go(Lex::Text(
                Text::Other,
                match quote {
                    Quote::Plain | Quote::Unicode => Quote::Unicode,
                    Quote::Escapes => quote,
                },
            )),
            _ => before(token, Lex::Start),
        }
    }

    fn block(last: Last, byte: u8) -> Next<Lex> {
        match (last, byte) {
            (Last::Star, b'/') => Next::Raise {
                token: Tok::Nothing,
                kind: event::COMMENT_CLOSE,
                consume: true,
                next: Lex::Block(Last::Other),
                other: Lex::Start,
            },
            (Last::Slash, b'*') => raise(
                Tok::Nothing,
                event::COMMENT_OPEN,
                true,
                Lex::Block(Last::Other),
            ),
            (_, b'*') => Next::Go(Lex::Block(Last::Star)),
            (_, b'/') => Next::Go(Lex::Block(Last::Slash)),
            _ => Next::Go(Lex::Block(Last::Other)),
        }
    }

    fn operator(op: Op, byte: u8) -> Next<Lex> {
        let go = |op| Next::Go(Lex::Operator(op));
        let ends = !is_operator(byte) || matches!(byte, b'-' | b'/' | b'+');
        match (op, byte) {
            (Op::Less, b'=') => go(Op::LessEqual),
            (Op::LessEqual | Op::LessDash, b'>') => with(Tok::Arith, Lex::Start),
            (Op::LessEqual, _) => before(Tok::Lt, Lex::Start),
            (Op::Tilde, b'~') => go(Op::Is(Tok::Like)),
            (Op::Tilde, b'*') => go(Op::Is(Tok::Regexp)),
            (Op::Tilde, _) if ends => before(Tok::Regexp, Lex::Start),
            (Op::Tilde, _) => go(Op::Is(Tok::Match)),
            (Op::Bar, b'|') => go(Op::Is(Tok::Plus)),
            (Op::Bar, _) if !ends => go(Op::Is(Tok::Arith)),
            (Op::Amp, b'&' | b'<' | b'>') => go(Op::Is(Tok::Match)),
            (Op::Less, b'-') => go(Op::LessDash),
            (Op::LessDash, b'-') => before(Tok::Lt, Lex::Line),
            (Op::LessDash, _) => before(Tok::Lt, Lex::Dash),
            (Op::Greater, b'=') => with(Tok::Gt, Lex::Start),
            (Op::Bang, b'=') | (Op::Less, b'>') => with(Tok::Ne, Lex::Start),
            (Op::Bang, b'~') => go(Op::Is(Tok::NotMatch)),
            (Op::Hash, b'>') => go(Op::Is(Tok::Arrow)),
            (Op::DashGreater, b'>') => with(Tok::Arrow, Lex::Start),
            (Op::Less | Op::Greater, _) if !ends => go(Op::Is(Tok::Match)),
            (Op::Less, _) => before(Tok::Lt, Lex::Start),
            (Op::Greater, _) => before(Tok::Gt, Lex::Start),
            (Op::Bang | Op::Hash | Op::Amp | Op::Bar, _) => before(Tok::Arith, Lex::Start),
            (Op::DashGreater, _) => before(Tok::Arrow, Lex::Start),
            (Op::Single(_), _) if !ends => go(Op::Is(Tok::Arith)),
            (Op::Single(token) | Op::Is(token), _) if ends => before(token, Lex::Start),
            (Op::Is(_), _) => go(op),
            (Op::Single(token), _) => before(token, Lex::Start),
        }
    }
}
