//! What rules say of tables and functions, for all rules at once.

use super::{Sender, says};
use crate::abi::names::Key;
use crate::abi::policy::Policy;
use crate::facts::{Facts, IN_MYSQL, LOST_CALL, LOST_SAFE, LOST_TABLE, MOVED, TABLE_TAGS};
use crate::hash;
use crate::limits::{CALLS, MAX_RULES, SAFE_CALLS, TABLE_NAMES};
use crate::repeat::{Repeat, Turn};

/// Sets of rules, as to what they say of names.
pub(super) struct Names {
    /// Rules that ask for a name that the message does not have.
    pub(super) excluded: u64,
    /// Rules of which this is not certain: names were lost.
    pub(super) doubtful: u64,
}

impl Names {
    /// Looks the names of a message up, each once.
    #[inline(always)]
    pub(super) fn of<R: Repeat>(policy: &Policy, facts: &Facts) -> Self {
        let about = &policy.about;
        let mut found = Found {
            policy,
            facts,
            rules: R::zero(facts.hits),
        };
        if about.tables != 0 && facts.table_count != 0 {
            R::repeat(TABLE_NAMES as u32, &mut Tables(&mut found));
        }
        let mut excluded = about.tables & !found.rules;
        found.rules = R::zero(facts.hits);
        if about.calls != 0 && facts.call_count != 0 {
            R::repeat(CALLS as u32, &mut Calls(&mut found));
        }
        if about.safe_calls != 0 {
            R::repeat(SAFE_CALLS as u32, &mut SafeCalls(&mut found));
        }
        excluded |= about.calls & !found.rules;
        Self {
            excluded,
            doubtful: if facts.truncated == 0 {
                0
            } else {
                doubtful(policy, facts.truncated) & excluded
            },
        }
    }
}

/// The rules that ask for names of a kind that was lost.
#[inline(always)]
fn doubtful(policy: &Policy, lost: u8) -> u64 {
    let about = &policy.about;
    let mut rules = 0;
    let mut access = 0;
    while access < 3 {
        if lost & LOST_TABLE << access != 0 {
            let tags = &about.tags;
            rules |= tags[access] | tags[access + 4] | tags[access + 8] | tags[access + 12];
        }
        access += 1;
    }
    rules &= about.tables;
    if lost & LOST_CALL != 0 {
        rules |= about.calls;
    }
    if lost & LOST_SAFE != 0 {
        rules |= about.safe_calls;
    }
    rules
}

/// Would one of these rules match this message of this sender, if it had the
/// name that it asks for?
#[inline(always)]
pub(super) fn concerned<R: Repeat>(
    policy: &Policy,
    facts: &Facts,
    sender: Sender,
    rules: u64,
) -> bool {
    let mut concern = Concern {
        policy,
        facts,
        sender,
        rules,
        found: R::zero(rules),
    };
    R::repeat(MAX_RULES as u32, &mut concern);
    concern.found != 0
}

struct Concern<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    sender: Sender,
    rules: u64,
    found: u64,
}

impl Turn for Concern<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let rule = &self.policy.rules[index as usize & (MAX_RULES - 1)];
        let asks = self.rules & (1 << (index & 63)) != 0;
        if asks && self.sender.concerns(rule) && says(rule, self.facts) {
            self.found = 1;
        }
        self.found == 0
    }
}

/// The rules that the names looked up so far satisfy.
struct Found<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    rules: u64,
}

/// The rules that list a name; of those that mean all but what they list (`except`)
/// none does where it is not certain which schema a name without one is in.
#[inline(always)]
fn listed(found: &Found<'_>, [name, schema]: [u64; 2], keys: [Key; 4], except: u64) -> u64 {
    let [bare, any, exact, whole] = keys;
    let names = &found.policy.names;
    if schema == 0 {
        let listed = names.find(bare.of(name, 0));
        return if found.facts.session & MOVED == 0 {
            listed
        } else {
            listed & !except
        };
    }
    names.find(any.of(name, 0))
        | names.find(exact.of(name, schema))
        | names.find(whole.of(0, schema))
}

struct Tables<'a, 'b>(&'a mut Found<'b>);

impl Turn for Tables<'_, '_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let found = &mut *self.0;
        let (policy, facts) = (found.policy, found.facts);
        if index >= u32::from(facts.table_count) {
            return false;
        }
        let at = index as usize & (TABLE_NAMES - 1);
        let about = &policy.about;
        let keys = [
            Key::TableBare,
            Key::TableAny,
            Key::TableExact,
            Key::TableSchema,
        ];
        let except = about.tables_except;
        let [name, mut schema] = facts.table_names[at];
        if schema == 0 && facts.session & IN_MYSQL != 0 {
            schema = hash::of(b"mysql");
        }
        let listed = listed(found, [name, schema], keys, except) ^ except;
        // VERIFIER(6.1): in 64 bits; of an OR of 32 it knows no bound.
        let tag = u64::from(facts.table_where) >> (at * 2) << 2 & 12
            | u64::from(facts.table_access[at]) & 3;
        found.rules |= listed & about.tags[tag as usize & (TABLE_TAGS - 1)];
        true
    }
}

struct Calls<'a, 'b>(&'a mut Found<'b>);

impl Turn for Calls<'_, '_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let found = &mut *self.0;
        let (policy, facts) = (found.policy, found.facts);
        if index >= u32::from(facts.call_count) {
            return false;
        }
        let keys = [Key::CallBare, Key::CallAny, Key::CallExact, Key::CallSchema];
        let name = facts.calls[index as usize & (CALLS - 1)];
        let except = policy.about.calls_except;
        found.rules |= listed(found, name, keys, except) ^ except;
        true
    }
}

struct SafeCalls<'a, 'b>(&'a mut Found<'b>);

impl Turn for SafeCalls<'_, '_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let Found {
            policy,
            facts,
            rules,
        } = &mut *self.0;
        let name = facts.safe_calls[index as usize & (SAFE_CALLS - 1)];
        if name != 0 {
            *rules |= policy.names.find(Key::CallSafe.of(u64::from(name), 0));
        }
        true
    }
}
