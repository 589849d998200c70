//! Where a text is cut, chosen by its first byte.

/// The rest of `data`, and the pieces into which its first byte cuts it.
pub(crate) fn cut(data: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let Some((&choice, rest)) = data.split_first() else {
        return (data, Vec::new());
    };
    // Single bytes, or pieces of growing and shrinking length.
    let mut pieces = Vec::new();
    let mut left = rest;
    let mut length = usize::from(choice & 15) + 1;
    while !left.is_empty() {
        let (piece, behind) = left.split_at(length.min(left.len()));
        pieces.push(piece);
        left = behind;
        length = (length * (usize::from(choice >> 4) + 1)) % 61 + 1;
    }
    (rest, pieces)
}
