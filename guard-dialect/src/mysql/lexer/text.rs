//! Strings, and the names of variables, which may be written as strings.

use super::{ESCAPED, Kind, Lex, Lexer, Text, moded};
use crate::scanner::{Next, before, raise};
use crate::token::Tok;
use guard_common::engine::event;

impl Lexer {
    pub(super) fn string(&self, state: Lex, byte: u8) -> Next<Lex> {
        let (text, quote) = match state {
            Lex::Escaped(quote) => return Next::Go(Lex::Text(Text::Other(Kind::Meta), quote)),
            Lex::Text(text, quote) => (text, quote),
            Lex::TextQuote(_, quote) if byte == quote => {
                return Next::Go(Lex::Text(Text::Other(Kind::Meta), quote));
            }
            Lex::TextQuote(text, _) => return before(self.text_token(text), Lex::Start),
            _ => return Next::Go(state),
        };
        if byte == quote {
            return Next::Go(Lex::TextQuote(text, quote));
        }
        if byte == b'\\' {
            return moded(Tok::Nothing, Lex::Escaped(quote));
        }
        Next::Go(Lex::Text(self.content(text, byte), quote))
    }

    /// One more byte of a string.
    fn content(&self, text: Text, byte: u8) -> Text {
        let meta = b"*?|{[(".contains(&byte);
        let kind = match text {
            Text::Known(0, _) if matches!(byte, b'1'..=b'9') => Kind::Number,
            Text::Known(0, _) | Text::Anchor | Text::Wild if meta => Kind::Meta,
            Text::Known(0, _) | Text::Anchor | Text::Wild => Kind::Word,
            Text::Known(_, kind) | Text::Modes(_, kind, _) | Text::Other(kind) if !meta => kind,
            Text::Lone(kind, _) if !meta => kind,
            _ => Kind::Meta,
        };
        match text {
            Text::Known(0, _) if byte == b'^' => Text::Anchor,
            Text::Anchor if byte.is_ascii_alphanumeric() => Text::Anchored(false),
            // Only a repetition can make nothing of the first letter.
            Text::Anchored(false) if b"*?{".contains(&byte) => Text::Other(Kind::Meta),
            Text::Anchored(_) if b"|\\".contains(&byte) => Text::Other(Kind::Meta),
            Text::Anchored(_) => Text::Anchored(true),
            Text::Known(0, _) | Text::Anchor | Text::Wild if b"%_.^$+ ".contains(&byte) => {
                Text::Wild
            }
            Text::Known(0, _) | Text::Wild if meta => Text::Other(kind),
            Text::Known(node, _) if byte == b',' && self.words.ended_mode(node).is_some() => {
                Text::Modes(0, kind, self.words.ended_mode(node) == Some(true))
            }
            Text::Known(node, _) => match self.words.literals.next(node, byte) {
                Some(next) => Text::Known(next, kind),
                None => Text::Other(kind),
            },
            Text::Modes(node, _, other) if byte == b',' => match self.words.modes.token(node) {
                Some(token) => Text::Modes(0, kind, other || token == Tok::StrOtherModes),
                None => Text::Other(kind),
            },
            Text::Modes(node, _, other) => match self.words.modes.next(node, byte) {
                Some(next) => Text::Modes(next, kind, other),
                None => Text::Other(kind),
            },
            Text::Wild => Text::Lone(kind, false),
            Text::Lone(kind, _) if byte == b'%' => Text::Lone(kind, true),
            Text::Anchor | Text::Lone(..) | Text::Other(_) => Text::Other(kind),
        }
    }

    fn text_token(&self, text: Text) -> Tok {
        let plain = |kind| match kind {
            Kind::Number => Tok::Str,
            Kind::Word => Tok::StrWord,
            Kind::Meta => Tok::StrMeta,
        };
        match text {
            Text::Known(0, _) | Text::Anchor | Text::Wild | Text::Lone(_, true) => Tok::Wild,
            Text::Anchored(_) => Tok::StrWord,
            Text::Known(node, kind) => self.words.literals.token(node).unwrap_or(plain(kind)),
            Text::Modes(node, kind, other) => match self.words.modes.token(node) {
                Some(_) if other => Tok::StrOtherModes,
                Some(token) => token,
                None => plain(kind),
            },
            Text::Other(kind) | Text::Lone(kind, false) => plain(kind),
        }
    }

    /// `@name`, `@'name'`: all bytes behind the first sign.
    pub(super) fn variable(&self, state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        let next = |node: Option<u16>| node.and_then(|node| self.words.saved.next(node, byte));
        let token = |node: Option<u16>| {
            node.and_then(|node| self.words.saved.token(node))
                .unwrap_or(Tok::Variable)
        };
        match state {
            Host(Some(0)) if matches!(byte, b'\'' | b'`') => Next::Go(Variable(Some(0), byte)),
            Host(Some(0)) if byte == b'"' => moded(Tok::Nothing, Variable(Some(0), byte)),
            Host(node) if byte.is_ascii_alphanumeric() || b"._$".contains(&byte) => {
                Next::Go(Host(next(node)))
            }
            Host(_) if byte >= 0x80 => raise(Tok::Variable, event::HIGH, false, Start),
            Host(node) => before(token(node), Start),
            Variable(node, quote) if byte == quote => Next::Go(VariableQuote(node, quote)),
            Variable(_, quote @ (b'\'' | b'"')) if byte == b'\\' => {
                moded(Tok::Nothing, VariableEscaped(quote))
            }
            Variable(Some(ESCAPED), _) => Next::Go(state),
            Variable(node, quote) => Next::Go(Variable(next(node), quote)),
            // What is escaped may be a letter of any name.
            VariableEscaped(quote) => Next::Go(Variable(Some(ESCAPED), quote)),
            VariableQuote(Some(ESCAPED), quote) if byte == quote => {
                Next::Go(Variable(Some(ESCAPED), quote))
            }
            VariableQuote(_, quote) if byte == quote => Next::Go(Variable(None, quote)),
            VariableQuote(Some(ESCAPED), _) => before(Tok::SavedVariable, Start),
            VariableQuote(node, _) => before(token(node), Start),
            _ => Next::Go(state),
        }
    }
}
