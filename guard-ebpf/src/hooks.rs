//! The hooks, one file a family, and what they share: who is judged by what,
//! and the emergency exit.
//!
//! A hook returns at once for a task outside every session. For the rest it
//! asks [`judged_by`] for session and policy; what it gets wrong on its own is a
//! [`Fault`], counted here and answered by the policy's `on_fault`.
#![deny(unsafe_code)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "the program macros hand contexts over by value"
)]

pub(crate) mod authority;
pub(crate) mod connect;
pub(crate) mod exec;
pub(crate) mod hearing;
pub(crate) mod lifetime;
pub(crate) mod sockops;
pub(crate) mod voice;

use crate::kernel::clock;
use crate::maps;
use guard_common::abi::policy::Policy;
use guard_common::abi::session::{SESSION_QUARANTINED, Session};
use guard_common::fault::Fault;
use guard_common::limits::SLOTS;
use guard_common::verdict::{Cause, Decision, Verdict};

/// A session and the policy that it is judged by.
pub(crate) struct Judged {
    /// The live policy.
    pub(crate) policy: &'static Policy,
    /// Selectors of the session in that policy; 0 when they are not known.
    pub(crate) selectors: u64,
    /// 1 when the session is quarantined.
    pub(crate) quarantined: u32,
}

/// Session and live policy of a guarded task.
///
/// # Errors
///
/// The policy alone when the session is unknown or has no selectors for it yet:
/// [`Fault::NoSession`] is counted. Nothing at all when there is no policy:
/// [`Fault::NoPolicy`] is counted.
#[inline(always)]
pub(crate) fn judged_by(session: u64) -> Result<Judged, Option<&'static Policy>> {
    let slot = maps::live_slot();
    let Some(policy) = maps::policy(slot) else {
        maps::count_fault(Fault::NoPolicy);
        return Err(None);
    };
    let known = maps::session(session).map(|session: &Session| {
        (
            session.selectors[slot as usize & (SLOTS - 1)],
            session.flags & SESSION_QUARANTINED,
        )
    });
    match known {
        Some((selectors, quarantined)) if selectors != 0 => Ok(Judged {
            policy,
            selectors,
            quarantined,
        }),
        _ => {
            maps::count_fault(Fault::NoSession);
            Err(Some(policy))
        }
    }
}

/// While an administrator has disarmed Guard, nothing is refused; the decision
/// is recorded as such. The kernel's own clock ends it.
#[inline(always)]
pub(crate) fn disarm(decision: &mut Decision) {
    let until = maps::settings().map_or(0, |settings| settings.disarmed_until_ns);
    if until != 0 && decision.denies() && clock::boot_ns() < until {
        *decision = Decision {
            observed: decision.observed,
            ..Decision::without_rule(Verdict::Allow, Cause::Disarmed)
        };
    }
}

/// Counts the rules that a decision names.
#[inline(always)]
pub(crate) fn count_rules(decision: &Decision) {
    if decision.rule != guard_common::verdict::NO_RULE {
        maps::count_rule(u32::from(decision.rule));
    }
    let mut observed = decision.observed;
    let mut index = 0;
    while observed != 0 && index < u64::BITS {
        if observed & 1 != 0 {
            maps::count_rule(index);
        }
        observed >>= 1;
        index += 1;
    }
}
