//! Numbers, which may turn out to be names.

use super::{Lex, Lexer, is_word};
use crate::number::fraction;
use crate::scanner::{Next, before};
use crate::token::Tok;

impl Lexer {
    /// In a number, which may turn out to be a name.
    pub(super) fn number(state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        let name = || Next::Go(if byte >= 0x80 { WordHigh } else { Word(None) });
        match (state, byte) {
            (NumberStart, b'0') => Next::Go(Naught),
            (NumberStart, _) => Next::Go(Number(crate::number::Number::ZERO.digit(byte))),
            (Naught, b'x') => Next::Go(Hex(false)),
            (Naught, b'b') => Next::Go(Binary(false)),
            (Naught, b'0'..=b'9') => Next::Go(Number(crate::number::Number::ZERO.digit(byte))),
            (Naught, b'.') => Next::Go(Fraction(Tok::Naught, false)),
            (Naught, b'e' | b'E') => Next::Go(NumberE),
            (Naught, _) if is_word(byte) => name(),
            (Naught, _) => before(Tok::Naught, Start),
            (Hex(_), _) if byte.is_ascii_hexdigit() => Next::Go(Hex(true)),
            (Binary(_), b'0' | b'1') => Next::Go(Binary(true)),
            (Hex(_) | Binary(_), _) if is_word(byte) => name(),
            (Hex(true) | Binary(true), _) => before(Tok::StrWord, Start),
            (Hex(_) | Binary(_), _) => before(Tok::Ident, NameEnd),
            (Number(number), b'0'..=b'9') => Next::Go(Number(number.digit(byte))),
            (Number(number), b'.') => Next::Go(Fraction(number.token(), false)),
            (Number(_), b'e' | b'E') => Next::Go(NumberE),
            (Number(_), _) if is_word(byte) => name(),
            (Number(number), _) => before(number.token(), Start),
            (Fraction(token, some), b'0'..=b'9') => Next::Go(Fraction(token, some || byte != b'0')),
            (Fraction(..), b'e' | b'E') => Next::Go(FractionE),
            (Fraction(token, some), _) => before(fraction(token, some), Start),
            (NumberE, b'0'..=b'9') => Next::Go(Exponent),
            (NumberE, b'+' | b'-') => Next::Go(NumberESign {
                minus: byte == b'-',
            }),
            (NumberE, _) if is_word(byte) => name(),
            (NumberE, _) => before(Tok::Ident, NameEnd),
            (NumberESign { .. } | FractionE | Exponent, b'0'..=b'9') => Next::Go(Exponent),
            // The name `1e` and an operator, which may begin a comment.
            (NumberESign { minus: true }, _) => before(Tok::Ident, Dash),
            (NumberESign { .. }, _) => before(Tok::Ident, Start),
            (FractionE, b'+' | b'-') => Next::Go(FractionE),
            (FractionE, _) => before(Tok::Junk, Start),
            // What an exponent makes of a number is not followed: 0, perhaps.
            (Exponent, _) => before(Tok::Variable, Start),
            (_, b'0'..=b'9') => Next::Go(Fraction(Tok::Naught, byte != b'0')),
            (_, _) if is_word(byte) => before(Tok::Dot, Part),
            _ => before(Tok::Dot, Start),
        }
    }
}
