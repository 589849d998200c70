//! Which answers a state may be fed, and the columns of tokens: an answer that comes
//! to few states shares the column of another one, or of a token, that means the same
//! in those.

use super::automaton::Step;
use super::grammar::Move;
use super::token::Tok;
use guard_common::engine::{action, resolve};

const FIRST: usize = Tok::ColumnNew as usize;
const COUNT: usize = Tok::BackArith as usize - FIRST + 1;
const ALL: u64 = u64::MAX >> (64 - COUNT);

/// The set of `token`; empty if it is no answer.
fn one(token: Tok) -> u64 {
    if token.is_answer() {
        1 << (token as usize - FIRST)
    } else {
        0
    }
}

/// May a state be fed `token` to which the answers `fed` may come?
pub(crate) fn comes(fed: u64, token: Tok) -> bool {
    !token.is_answer() || fed & one(token) != 0
}

/// What the interpreter may answer to a question.
fn answers(question: u8) -> u64 {
    let tokens: &[Tok] = match question {
        resolve::NONE => &[],
        resolve::COLUMN => &[
            Tok::ColumnNew,
            Tok::ColumnSame,
            Tok::ColumnOther,
            Tok::ColumnSibling,
        ],
        resolve::BOUNDED => &[Tok::ColumnSame, Tok::ColumnOther],
        resolve::TEMPORARY => &[Tok::TempYes, Tok::TempNo],
        _ => &[Tok::TempNo, Tok::WithOpen, Tok::WithFew],
    };
    tokens.iter().fold(0, |all, token| all | one(*token))
}

/// For each state the answers that it may be fed, and perhaps more; `moves` are by
/// state and token.
pub(crate) fn fed(moves: &[Vec<Move>], effects: &[Step], first: usize, dead: usize) -> Vec<u64> {
    let mut fed = vec![0; moves.len()];
    // Where more is closed than was opened, and behind a bound.
    fed[first] = ALL;
    fed[dead] = ALL;
    // What a frame in this state may tell the one outside when it is left.
    let mut told = vec![0; moves.len()];
    let mut changed = true;
    while changed {
        changed = false;
        let mut add = |set: &mut u64, more: u64| {
            changed |= more & !*set != 0;
            *set |= more;
        };
        for state in 0..moves.len() {
            for token in Tok::all() {
                let answer = one(token);
                if !comes(fed[state], token) {
                    continue;
                }
                let Move {
                    effect,
                    next,
                    inner,
                } = moves[state][token as usize];
                let step = &effects[effect];
                let asked = answers(step.resolve);
                let again = match step.flags & action::AGAIN {
                    0 => 0,
                    _ => answer,
                };
                if let Some(back) = step.back {
                    add(&mut told[state], one(back));
                    // They come behind `back`, in whatever state that leads to.
                    fed.iter_mut().for_each(|set| add(set, asked | again));
                    continue;
                }
                let more = told[next];
                add(&mut told[state], more);
                let mut top = next;
                if step.flags & action::PUSH != 0 {
                    let more = told[inner];
                    add(&mut fed[next], more);
                    top = inner;
                }
                add(&mut fed[top], asked | again);
                if asked != 0 && again != 0 {
                    fed.iter_mut().for_each(|set| add(set, again));
                }
            }
        }
    }
    fed
}

/// The column of each token, from 1, and their number with column 0.
pub(crate) fn columns(moves: &[Vec<Move>], fed: &[u64]) -> (Vec<usize>, usize) {
    // Of each column what it means in each state; none: nothing yet.
    let mut found: Vec<Vec<Option<Move>>> = Vec::new();
    let mut columns = vec![0; Tok::COUNT];
    let (answers, tokens): (Vec<_>, Vec<_>) = Tok::all().partition(|token| token.is_answer());
    for token in tokens.into_iter().chain(answers) {
        let meaning = || {
            let states = moves.iter().zip(fed);
            states.map(move |(moves, fed)| comes(*fed, token).then(|| moves[token as usize]))
        };
        let fits = |column: &Vec<Option<Move>>| {
            let mut both = column.iter().zip(meaning());
            both.all(|(known, new)| new.is_none() || known.is_none() || *known == new)
        };
        let at = found.iter().position(fits).unwrap_or(found.len());
        match found.get_mut(at) {
            None => found.push(meaning().collect()),
            Some(column) => {
                for (known, new) in column.iter_mut().zip(meaning()) {
                    *known = known.or(new);
                }
            }
        }
        columns[token as usize] = at + 1;
    }
    (columns, found.len() + 1)
}
