//! What a string says as a pattern. Of sets of letters in regular expressions `[A-C]`
//! tells rows apart, `[a-z]` does not.

/// What is known of a string's content so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Text {
    /// The beginning of a known literal; node 0 is the empty string.
    Known(u16),
    /// Only bytes that match anything in some pattern language.
    Wild,
    /// The same, with a sign by which a regular expression may match nothing at all.
    WildMeta,
    /// Anything else, in which no regular expression matches more than it says.
    Other,
    /// In `[…]`, which is so far a set of few letters.
    Set(Set),
    /// Anything else.
    Meta,
}

/// What has been read of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Set {
    Start,
    /// The letter A, with which a short range may begin.
    A,
    /// Behind `A-`.
    Range,
    /// So many letters, or a range and letters.
    Some(u8),
}

impl Set {
    /// The most letters of a set that counts.
    const MOST: u8 = 4;

    /// Behind one more byte.
    pub(crate) fn then(self, byte: u8) -> Text {
        let letter = byte.is_ascii_alphabetic();
        Text::Set(match (self, byte.to_ascii_lowercase()) {
            (Self::Start, b'a') => Self::A,
            (Self::Start, _) if letter => Self::Some(1),
            (Self::A, b'-') => Self::Range,
            (Self::A, _) if letter => Self::Some(2),
            (Self::Range, b'b'..=b'h') => Self::Some(2),
            (Self::Some(count), _) if letter && count < Self::MOST => Self::Some(count + 1),
            (Self::A | Self::Some(_), b']') => return Text::Other,
            _ => return Text::Meta,
        })
    }
}
