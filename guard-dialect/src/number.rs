//! Numbers in statements: is it 0, 1, small, long, or the extreme of a type?

use super::token::Tok;

/// The value of a number so far, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number {
    /// Digits without leading zeros, up to 11.
    digits: u8,
    /// The only digit is 1.
    one: bool,
    /// Only nines.
    nines: bool,
    /// A one and zeros.
    power: bool,
    /// Length of the common prefix with each of [`EXTREMES`]; `u8::MAX`: none.
    extremes: [u8; 3],
}

/// The limits of the integer types.
const EXTREMES: [&[u8]; 3] = [b"214748364", b"922337203685477580", b"429496729"];

/// A number with a fraction: `token` before the point, `some` digit behind it other
/// than 0.
pub(crate) fn fraction(token: Tok, some: bool) -> Tok {
    match token {
        Tok::Naught | Tok::Zero if some => Tok::Num,
        token => token,
    }
}

impl Number {
    /// No digit read.
    pub(crate) const ZERO: Self = Self {
        digits: 0,
        one: false,
        nines: true,
        power: true,
        extremes: [0; 3],
    };

    /// With one more digit.
    pub(crate) fn digit(mut self, byte: u8) -> Self {
        if self.digits == 0 && byte == b'0' {
            return self;
        }
        self.one = self.digits == 0 && byte == b'1';
        self.nines &= byte == b'9';
        self.power &= byte == if self.digits == 0 { b'1' } else { b'0' };
        for (at, extreme) in self.extremes.iter_mut().zip(EXTREMES) {
            *at = match extreme.get(usize::from(*at)) {
                Some(expected) if *at != u8::MAX && *expected == byte => *at + 1,
                // One digit more: 7, 8, 5 …
                None if usize::from(*at) == extreme.len() => *at + 1,
                _ => u8::MAX,
            };
        }
        self.digits = (self.digits + 1).min(11);
        self
    }

    /// The token that it is.
    pub(crate) fn token(self) -> Tok {
        let extreme = self
            .extremes
            .iter()
            .zip(EXTREMES)
            .any(|(at, extreme)| usize::from(*at) == extreme.len() + 1);
        if self.digits == 0 {
            Tok::Naught
        } else if self.one {
            Tok::Zero
        } else if self.digits <= 2 {
            Tok::Small
        } else if extreme || (self.nines && self.digits >= 4) || (self.power && self.digits >= 5) {
            Tok::Big
        } else if self.digits >= 5 {
            Tok::Long
        } else {
            Tok::Num
        }
    }
}
