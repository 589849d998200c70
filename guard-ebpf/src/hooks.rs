//! The hooks, one file a family, and what they share.
#![deny(unsafe_code)]

pub(crate) mod authority;
pub(crate) mod lifetime;
pub(crate) mod sockops;
pub(crate) mod voice;

use crate::kernel::clock;
use crate::maps;
use guard_common::verdict::{Cause, Decision, Verdict};

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
