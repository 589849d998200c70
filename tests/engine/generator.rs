//! Texts that look like SQL and are not, the same in every run.

/// Pieces that matter to the lexer.
const PIECES: &[&str] = &[
    "'",
    "''",
    "\"",
    "$$",
    "$a$",
    "$é$",
    "E'",
    "U&'",
    "U&\"",
    "\\",
    "\\'",
    "--",
    "/*",
    "*/",
    "\n",
    "\r",
    "\0",
    ";",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "::",
    ":=",
    "=",
    "<>",
    "<=",
    ">=",
    "!=",
    "||",
    "->>",
    "@>",
    "<->",
    "$1",
    "$65536",
    "$99999999999",
    "1",
    "0",
    "1.5e10",
    ".5",
    "2147483647",
    "select",
    "DELETE FROM t",
    "where",
    "id",
    "id = id",
    "or true",
    "and",
    "not",
    "in",
    "between",
    "case",
    "when",
    "end",
    "drop table",
    "update t set a = 1",
    "with a as (",
    "exists (",
    "any(",
    "purge()",
    "lower(",
    "pg_catalog.",
    "set_config(",
    "client_encoding",
    "begin atomic",
    "temp",
    "create temp table x",
    "drop table x",
    "copy t from",
    "stdin",
    "explain (analyze)",
    "\u{feff}",
];

/// A small generator of random numbers (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A random number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Up to eight places to split a text of `length` bytes, in order.
    pub(crate) fn splits(&mut self, length: usize) -> Vec<usize> {
        let count = self.below(9);
        let mut splits: Vec<usize> = (0..count).map(|_| self.below(length + 1)).collect();
        splits.sort_unstable();
        splits
    }

    /// A statement of `pool` with some bytes and pieces changed, or a soup.
    pub(crate) fn text(&mut self, pool: &[String]) -> Vec<u8> {
        let mut text = match self.below(4) {
            0 => Vec::new(),
            _ => pool[self.below(pool.len())].clone().into_bytes(),
        };
        for _ in 0..=self.below(12) {
            let at = self.below(text.len() + 1);
            match self.below(8) {
                0 if at < text.len() => text[at] = self.next() as u8,
                1 => text.truncate(at),
                2 => {
                    let other = pool[self.below(pool.len())].as_bytes();
                    text.extend_from_slice(b"; ");
                    text.extend_from_slice(other);
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    let piece = [b" ", piece.as_bytes(), b" "].concat();
                    let tight = self.below(2);
                    let piece = &piece[tight..piece.len() - tight];
                    text.splice(at..at, piece.iter().copied());
                }
            }
        }
        text.truncate(4_000);
        text
    }
}
