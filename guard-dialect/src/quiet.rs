//! Which tokens make no difference, so that the lexer need not report them.
//!
//! In a select list, a name, a literal or a comma leads back to where the
//! automaton was, without any effect. A [`Mode`] says so for a state: it lists
//! the few *detours*, frames that tokens without effect put upon the state, and
//! for each of them what a token does. While the text takes detours only, the
//! lexer reads on; at the first token that matters, it reports the tokens of the
//! detour (one way to get there, all ways being equal) and then that token.
//!
//! States with the same mode share their rows of the lexer.

use super::automaton::State;
use super::grammar::{Grammar, Outcome};
use super::token::Tok;

/// Tokens that lead to a detour at most: with the token that ends it, they are
/// what an event can report.
const LONGEST: usize = 3;

/// A state in which long texts are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// A state, and tokens that lead from it to the one that is meant.
    pub(crate) state: State,
    pub(crate) behind: &'static [Tok],
    /// The tokens that may begin or lengthen a detour. Each detour takes about as
    /// many rows as the lexer has.
    pub(crate) detours: &'static [Tok],
    /// Names are left out although some may be wanted: where one is, the text is
    /// read again from its beginning on. Detours may consist of names only.
    pub(crate) holds: bool,
}

/// How a text is read in a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mode {
    /// The first is no detour: the state itself.
    pub(crate) detours: Vec<Detour>,
    /// Words may be names that are wanted: the lexer marks where they begin.
    pub(crate) marks: bool,
    /// Words are read again where they turn out to be wanted.
    pub(crate) holds: bool,
}

/// Frames upon the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Detour {
    /// Columns of tokens that lead here.
    pub(crate) path: Vec<u8>,
    /// What a token does, by column.
    pub(crate) acts: Vec<Act>,
    /// Behind the dot of a name: what follows belongs to the word before it.
    pub(crate) joined: bool,
}

/// What a token does on a detour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    /// Nothing, but that the detour goes on at this one.
    Quiet(u8),
    /// It is reported; the same happens as if it came on this detour.
    Report(u8),
    /// It needs a word that was left out: the text is read again from there on.
    Replay,
}

impl Mode {
    /// The mode of `place` for the tokens of these columns, the second item
    /// telling whether a token is a word; none when the grammar does not come
    /// to that place.
    pub(crate) fn new(grammar: &Grammar, place: &Place, tokens: &[(u8, bool)]) -> Option<Self> {
        let mut frames = vec![grammar.state(place.state)?];
        for token in place.behind {
            frames = grammar.run(&frames, grammar.column(*token), false).frames;
        }
        let state = frames.pop()?;
        let leads = |column| {
            let mut tokens = place.detours.iter();
            tokens.any(|token| grammar.column(*token) == column)
        };
        let holds = place.holds;
        let mut frames = vec![vec![state]];
        let mut paths: Vec<Vec<u8>> = vec![Vec::new()];
        let mut joined = vec![false];
        let mut outcomes: Vec<Vec<Outcome>> = Vec::new();
        let mut detours = Vec::new();
        let mut marks = false;
        while let Some(from) = frames.get(detours.len()).cloned() {
            let path = paths[detours.len()].clone();
            let mut acts = vec![Act::Report(0); grammar.width];
            let mut found = Vec::with_capacity(tokens.len());
            for (index, &(token, word)) in tokens.iter().enumerate() {
                let outcome = grammar.run(&from, token, holds);
                let known = if returns(&outcome, state) {
                    frames.iter().position(|known| *known == outcome.frames)
                } else {
                    None
                };
                let quiet = match known {
                    Some(known) => Some(known),
                    None if returns(&outcome, state) && path.len() < LONGEST && leads(token) => {
                        frames.push(outcome.frames.clone());
                        paths.push([path.as_slice(), &[token]].concat());
                        joined.push(outcome.dotted);
                        Some(frames.len() - 1)
                    }
                    None => None,
                };
                acts[usize::from(token)] = match quiet {
                    Some(detour) => Act::Quiet(detour as u8),
                    None if holds && needs_word(&outcome, word) => Act::Replay,
                    None => {
                        marks |= word && outcome.names;
                        let same = outcomes.iter().position(|known| known[index] == outcome);
                        Act::Report(same.unwrap_or(detours.len()) as u8)
                    }
                };
                found.push(outcome);
            }
            outcomes.push(found);
            detours.push(Detour {
                path,
                acts,
                joined: joined[detours.len()],
            });
        }
        Some(Self {
            detours,
            marks,
            holds,
        })
    }

    /// The mode in which every token is reported.
    pub(crate) fn loud(grammar: &Grammar, marks: bool) -> Self {
        let detour = Detour {
            path: Vec::new(),
            acts: vec![Act::Report(0); grammar.width],
            joined: false,
        };
        Self {
            detours: vec![detour],
            marks,
            holds: false,
        }
    }

    /// Is it right for `state`: do the tokens that it leaves out make no
    /// difference there, and are the ways that it takes for the same the same?
    pub(crate) fn fits(&self, grammar: &Grammar, state: usize, tokens: &[(u8, bool)]) -> bool {
        let mut frames = vec![None; self.detours.len()];
        frames[0] = Some(vec![state]);
        let mut outcomes: Vec<Vec<Outcome>> = Vec::new();
        for (number, detour) in self.detours.iter().enumerate() {
            let Some(from) = frames[number].clone() else {
                return false;
            };
            let mut found = Vec::with_capacity(tokens.len());
            for (index, &(token, word)) in tokens.iter().enumerate() {
                let outcome = grammar.run(&from, token, self.holds);
                // A word that is held must mean the same without what came before.
                let alone = !self.holds
                    || !word
                    || detour.joined
                    || outcomes.first().is_none_or(|first| first[index] == outcome);
                let fits = match detour.acts[usize::from(token)] {
                    Act::Quiet(to) => {
                        let to = usize::from(to);
                        let known = frames[to].get_or_insert(outcome.frames.clone());
                        returns(&outcome, state)
                            && *known == outcome.frames
                            && self.detours[to].joined == outcome.dotted
                    }
                    Act::Report(to) => {
                        let same = outcomes.get(usize::from(to));
                        same.is_none_or(|known| known[index] == outcome)
                            && if self.holds {
                                !needs_word(&outcome, word)
                            } else {
                                self.marks || !word || !outcome.names
                            }
                    }
                    Act::Replay => true,
                };
                let fits = fits && alone;
                if !fits {
                    return false;
                }
                found.push(outcome);
            }
            outcomes.push(found);
        }
        true
    }
}

/// Does it need the text of a word?
fn needs_word(outcome: &Outcome, word: bool) -> bool {
    outcome.calls || (word && outcome.names)
}

/// Does the outcome leave frames upon `state` or that alone, and nothing else?
fn returns(outcome: &Outcome, state: usize) -> bool {
    outcome.effects.is_empty()
        && outcome.pending.is_empty()
        && outcome.frames.first() == Some(&state)
}
