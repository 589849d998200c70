//! Comments, some of which the server executes.

use super::{Last, Lex, Lexer, ask};
use crate::scanner::{Next, before, raise};
use crate::token::Tok;
use guard_common::engine::event;

impl Lexer {
    /// Comments, and the marks of those that the server executes.
    pub(super) fn comment(state: Lex, byte: u8) -> Next<Lex> {
        use Lex::*;
        let digit = byte.is_ascii_digit();
        match (state, byte) {
            (Comment, b'!') => Next::Go(CommentBang),
            (Comment, b'M') => Next::Go(CommentM),
            (CommentM, b'!') => ask(event::MARIA, true, Plain(Last::Other), CommentMaria),
            (CommentBang | CommentMaria, _) if digit => raise(
                Tok::Nothing,
                event::DIGIT_FIRST,
                true,
                Version {
                    digits: 1,
                    maria: state == CommentMaria,
                },
            ),
            (CommentBang | CommentMaria, _) => ask(event::EXECUTE, false, Start, Start),
            (Version { digits, maria }, _) if digit && digits < 6 => raise(
                Tok::Nothing,
                event::DIGIT,
                true,
                Version {
                    digits: digits + 1,
                    maria,
                },
            ),
            (Version { digits, maria }, _) => {
                let kind = match (digits, maria) {
                    (..5, _) => return ask(event::EXECUTE, false, ShortVersion, ShortVersion),
                    (_, true) => event::VERSION_MARIA,
                    (5, false) => event::VERSION,
                    (_, false) => event::VERSION_SIX,
                };
                ask(kind, false, Skipped(Last::Other, false), Start)
            }
            // Too short for a version: the number is the first thing executed.
            (ShortVersion, _) => before(Tok::Num, Start),
            (Plain(Last::Star), b'/') => Next::Go(Start),
            (Skipped(Last::Star, false), b'/') => Next::Go(Start),
            (Skipped(Last::Star, true), b'/') => Next::Go(Skipped(Last::Other, false)),
            (Skipped(Last::Slash, false), b'*') => Next::Go(Skipped(Last::Other, true)),
            (Skipped(_, nested), _) => Next::Go(Skipped(Last::of(byte), nested)),
            _ => Next::Go(Plain(Last::of(byte))),
        }
    }
}
