//! Decides a connection, or a datagram with an address of its own.
//!
//! IPv4 and v4-mapped IPv6 are one form here ([`Target::net`]), so a rule for
//! `10.0.0.0/8` cannot be passed by writing `::ffff:10.0.0.1`.
//!
//! A connect rule matches when its subjects and datasets do and, where it names
//! endpoints of its own ([`Endpoint::rule`]), one of those does. A rule that
//! names neither datasets nor endpoints is about every connection.

use crate::abi::policy::{Endpoint, KIND_CONNECT, NONE, Policy, RULE_CONTEXT};
use crate::limits::{MAX_ENDPOINTS, MAX_RULES};
use crate::repeat::{Repeat, Turn};
use crate::verdict::{Cause, Decision, Mode, Verdict};

/// Where the connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Upper and lower half of the IPv6 (or v4-mapped) address, as host-order
    /// numbers: the form of [`Endpoint::net`].
    pub net: [u64; 2],
    /// Remote port.
    pub port: u16,
}

impl Target {
    /// The target of an IPv4 address.
    #[inline(always)]
    #[must_use]
    pub const fn v4(address: u32, port: u16) -> Self {
        Self {
            net: [0, MAPPED | address as u64],
            port,
        }
    }

    /// Tells whether the address is IPv4, in either form.
    #[inline(always)]
    #[must_use]
    pub const fn is_v4(&self) -> bool {
        self.net[0] == 0 && self.net[1] >> 32 == MAPPED >> 32
    }

    /// The address in network order, IPv4 as v4-mapped IPv6.
    #[inline(always)]
    #[must_use]
    pub const fn bytes(&self) -> [u64; 2] {
        [self.net[0].to_be(), self.net[1].to_be()]
    }

    /// Where the kernel really connects to: an unspecified address means the
    /// socket's own one, or loopback where it has none.
    ///
    /// `source` is the address that the socket is bound to (same form as
    /// [`Self::net`]). `0.0.0.0` reaches what listens on `127.0.0.1`, so it is
    /// judged as that (`ip_route_output_key_hash_rcu`, `tcp_v6_connect`).
    #[inline(always)]
    #[must_use]
    pub const fn resolve(self, source: [u64; 2]) -> Self {
        let source_is_v4 = source[0] == 0 && source[1] >> 32 == MAPPED >> 32;
        let net = if self.is_v4() && self.net[1] as u32 == 0 {
            if source_is_v4 && source[1] as u32 != 0 {
                source
            } else {
                [0, MAPPED | LOOPBACK_V4]
            }
        } else if self.net[0] == 0 && self.net[1] == 0 {
            if source_is_v4 {
                [0, MAPPED | LOOPBACK_V4]
            } else {
                [0, 1]
            }
        } else {
            self.net
        };
        Self {
            net,
            port: self.port,
        }
    }
}

/// The lower half of `::ffff:0.0.0.0`.
pub const MAPPED: u64 = 0xffff << 32;

/// `127.0.0.1`.
const LOOPBACK_V4: u64 = 0x7f00_0001;

/// Who connects.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Selectors of the session in the policy's slot.
    pub selectors: u64,
    /// 1 when the session is quarantined.
    pub quarantined: u32,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The decision.
    pub decision: Decision,
    /// The dataset that listens at the target, by index, or [`NONE`]. Where
    /// ranges overlap, the narrowest address range counts, then the narrowest
    /// port range, then the first.
    pub dataset: u8,
}

/// One pass over the endpoints.
struct Endpoints<'a> {
    policy: &'a Policy,
    target: Target,
    /// Datasets that the target belongs to.
    datasets: u64,
    /// Connect rules that name endpoints at all.
    naming: u64,
    /// Connect rules that name this target.
    named: u64,
    /// The best dataset so far.
    dataset: u64,
    mask: [u64; 2],
    span: u64,
}

impl<'a> Endpoints<'a> {
    #[inline(always)]
    fn new<R: Repeat>(policy: &'a Policy, target: Target) -> Self {
        let zero = R::zero(target.net[1]);
        Self {
            policy,
            target,
            datasets: zero,
            naming: zero,
            named: zero,
            dataset: zero | u64::from(NONE),
            mask: [zero; 2],
            span: zero,
        }
    }
}

impl Turn for Endpoints<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.endpoint_count {
            return false;
        }
        let endpoint = &self.policy.endpoints[index as usize & (MAX_ENDPOINTS - 1)];
        let matches = covers(endpoint, &self.target);
        if endpoint.rule != NONE {
            let bit = 1 << (endpoint.rule & 63);
            self.naming |= bit;
            if matches {
                self.named |= bit;
            }
        }
        if matches && endpoint.dataset != NONE {
            self.datasets |= 1 << (endpoint.dataset & 63);
            let span = u64::from(endpoint.port_last.wrapping_sub(endpoint.port_first));
            if self.dataset == u64::from(NONE)
                || endpoint.mask[0] > self.mask[0]
                || (endpoint.mask[0] == self.mask[0]
                    && (endpoint.mask[1] > self.mask[1]
                        || (endpoint.mask[1] == self.mask[1] && span < self.span)))
            {
                self.dataset = u64::from(endpoint.dataset);
                self.mask = endpoint.mask;
                self.span = span;
            }
        }
        true
    }
}

/// Tells whether a target lies in an endpoint's address and port range.
#[inline(always)]
const fn covers(endpoint: &Endpoint, target: &Target) -> bool {
    (target.net[0] & endpoint.mask[0]) == endpoint.net[0]
        && (target.net[1] & endpoint.mask[1]) == endpoint.net[1]
        && endpoint.port_first <= target.port
        && target.port <= endpoint.port_last
}

/// One pass over the rules.
struct Rules<'a> {
    policy: &'a Policy,
    selectors: u64,
    datasets: u64,
    naming: u64,
    named: u64,
    /// 1: an enforced rule that names the target lets it pass.
    listed: u64,
    decision: &'a mut Decision,
}

impl Turn for Rules<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.rule_count {
            return false;
        }
        let rule = &self.policy.rules[index as usize & (MAX_RULES - 1)];
        let bit = 1 << (index & 63);
        if rule.kind != KIND_CONNECT
            || rule.subjects & self.selectors == 0
            || (rule.datasets != u64::MAX && rule.datasets & self.datasets == 0)
            || (self.naming & bit != 0 && self.named & bit == 0)
            || rule.flags & RULE_CONTEXT != 0
        {
            return true;
        }
        if rule.mode == Mode::Enforce as u8 && !Verdict::from_raw(rule.action).denies() {
            self.listed = 1;
        }
        self.decision.add(index as u8, rule);
        true
    }
}

/// The dataset that listens at a target, as in [`Outcome::dataset`].
#[inline(always)]
#[must_use]
pub fn dataset<R: Repeat>(policy: &Policy, target: Target) -> u8 {
    let mut endpoints = Endpoints::new::<R>(policy, target);
    R::repeat(MAX_ENDPOINTS as u32, &mut endpoints);
    endpoints.dataset as u8
}

/// Decides a connection.
///
/// A subject that may reach listed endpoints only is refused everything that is
/// neither a dataset's endpoint nor let pass by an enforced connect rule.
///
/// # Cost
///
/// One turn for each endpoint and each rule of the policy.
#[inline(always)]
pub fn decide<R: Repeat>(policy: &Policy, target: Target, caller: Caller, outcome: &mut Outcome) {
    let mut endpoints = Endpoints::new::<R>(policy, target);
    R::repeat(MAX_ENDPOINTS as u32, &mut endpoints);
    let (datasets, naming, named) = (endpoints.datasets, endpoints.naming, endpoints.named);
    outcome.dataset = endpoints.dataset as u8;
    outcome.decision = Decision::OPEN;

    let mut rules = Rules {
        policy,
        selectors: caller.selectors,
        datasets,
        naming,
        named,
        listed: R::zero(target.net[1]),
        decision: &mut outcome.decision,
    };
    R::repeat(MAX_RULES as u32, &mut rules);
    let listed = rules.listed != 0 || datasets != 0;
    if !listed && policy.unlisted_selectors & caller.selectors != 0 {
        outcome
            .decision
            .add_cause(Verdict::Block as u8, Cause::Unlisted);
    }
    if caller.quarantined != 0 {
        outcome
            .decision
            .add_cause(Verdict::Block as u8, Cause::Quarantine);
    }
}

/// The decision when Guard itself fails on a connection: `on_fault` where an
/// enforced connect rule or a closed list exists, else it goes on. Without a
/// policy nothing is known, and the connection is refused.
#[inline(always)]
#[must_use]
pub fn fault<R: Repeat>(policy: Option<&Policy>) -> Decision {
    let Some(policy) = policy else {
        return Decision::without_rule(Verdict::Block, Cause::Fault);
    };
    let enforced = policy.unlisted_selectors != 0
        || policy.enforced_datasets != 0
        || super::exec::enforces::<R>(policy, KIND_CONNECT);
    let verdict = if enforced { policy.on_fault } else { 0 };
    Decision::without_rule(Verdict::from_raw(verdict), Cause::Fault)
}
