//! Who may ask what.

use super::peer::Peer;
use super::{Refusal, Request};

/// What a request does, for the question who may ask it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Open a session of one's own.
    Run,
    /// See one's own state.
    Own,
    /// See everybody's state and decisions.
    Look,
    /// Change what is enforced.
    Rule,
}

impl Request {
    /// The right that a request needs.
    #[must_use]
    pub fn right(&self) -> Right {
        match self {
            Self::Register(_) => Right::Run,
            Self::Status | Self::Sessions => Right::Own,
            Self::Rules => Right::Look,
            Self::Reload | Self::Disarm(_) | Self::Arm => Right::Rule,
        }
    }
}

/// Who has rights besides root.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The daemon's own user, who has root's.
    pub owner: u32,
    /// The group of the socket.
    pub group: Option<u32>,
}

/// Decides whether a peer may use a right.
///
/// `guarded` tells whether the peer is in a
/// session. From inside a session nobody, root included, may look at others or
/// change what is enforced.
///
/// # Errors
/// It may not.
pub fn permit(peer: &Peer, access: Access, guarded: bool, right: Right) -> Result<(), Refusal> {
    let member = access
        .group
        .is_some_and(|group| peer.gid == group || peer.groups.contains(&group));
    let root = peer.uid == 0 || peer.uid == access.owner;
    if !peer.is_alive() {
        return Err(Refusal::forbidden(
            "the process that opened this connection has ended",
        ));
    }
    if !root && !member {
        let refusal = Refusal::forbidden(format!("user {} may not use Guard's socket", peer.uid));
        return Err(refusal.help("ask to be put into the group `guard`"));
    }
    match right {
        Right::Run | Right::Own => Ok(()),
        Right::Look if guarded => Err(Refusal::forbidden(
            "from inside a session only its own state can be seen",
        )
        .help("ask from outside of the session")),
        Right::Look => Ok(()),
        Right::Rule if guarded => Err(Refusal::forbidden(
            "this is refused from inside a session, for root too",
        )
        .help("ask as root from outside of every session")),
        Right::Rule if !root => Err(Refusal::forbidden("only root may do this").help("use sudo")),
        Right::Rule => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Access = Access {
        owner: 5,
        group: Some(77),
    };

    fn may(peer: &Peer, guarded: bool) -> Vec<bool> {
        [Right::Run, Right::Own, Right::Look, Right::Rule]
            .into_iter()
            .map(|right| permit(peer, GUARD, guarded, right).is_ok())
            .collect()
    }

    #[test]
    fn root_may_everything_outside_a_session() {
        for uid in [0, 5] {
            assert_eq!(may(&Peer::fake(uid, &[]), false), [true, true, true, true]);
        }
    }

    #[test]
    fn the_group_may_run_and_look() {
        assert_eq!(
            may(&Peer::fake(1000, &[77]), false),
            [true, true, true, false]
        );
    }

    #[test]
    fn a_guarded_peer_may_nest_and_see_itself_even_as_root() {
        for uid in [0, 5, 1000] {
            assert_eq!(
                may(&Peer::fake(uid, &[77]), true),
                [true, true, false, false]
            );
        }
    }

    #[test]
    fn a_stranger_may_nothing() {
        assert_eq!(may(&Peer::fake(1000, &[]), false), [false; 4]);
        let peer = Peer::fake(1000, &[77]);
        assert!(
            permit(
                &peer,
                Access {
                    group: None,
                    ..GUARD
                },
                false,
                Right::Own
            )
            .is_err()
        );
    }

    #[test]
    fn the_scope_is_compared_by_whole_folders() {
        let peer = Peer::fake(0, &[]);
        assert!(peer.is_below("/") && peer.is_below("/a") && peer.is_below("/a/b"));
        assert!(!peer.is_below("/a/bc") && !peer.is_below("/b"));
    }
}
