//! Program starts and connections, judged as the kernel does.

use crate::policy::Compiled;
use guard_common::decide::connect::{self, Outcome, Target};
use guard_common::decide::exec::{self, Program, Work};
use guard_common::limits::ARGV_BYTES;
use guard_common::repeat::Host;
use guard_common::verdict::Decision;
use std::net::{IpAddr, SocketAddr};

/// Longest path that Linux takes.
const PATH_MAX: usize = 4096;

/// A program start.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The file as it is asked for (of a script: the script).
    pub named: Vec<u8>,
    /// The file that runs, without symbolic links (of a script: its
    /// interpreter); empty when it is not known.
    pub resolved: Vec<u8>,
    /// The arguments as the program sees them.
    pub argv: Vec<Vec<u8>>,
}

/// Judges a program start.
#[must_use]
pub fn start(compiled: &Compiled, selectors: u64, start: &Start) -> Decision {
    let mut work = Box::new(Work::EMPTY);
    read_path(&mut work.named, &start.named);
    read_path(&mut work.resolved, &start.resolved);
    let mut bytes = Box::new([0; ARGV_BYTES]);
    let whole = fill(
        &mut *bytes,
        start.argv.iter().flat_map(|word| word.iter().chain(&[0])),
    );
    let cut = u32::from(whole > ARGV_BYTES);
    work.read_argv::<Host>(&bytes, whole.min(ARGV_BYTES) as u32, cut);
    let caller = exec::Caller {
        selectors,
        quarantined: 0,
    };
    let mut decision = Decision::OPEN;
    exec::decide::<Host>(&compiled.policy, caller, &mut work, &mut decision);
    decision
}

fn read_path(program: &mut Program, path: &[u8]) {
    let mut bytes = Box::new([0; PATH_MAX]);
    let length = fill(&mut *bytes, path).min(PATH_MAX);
    program.read::<Host, PATH_MAX>(&bytes, 0, length as u32);
}

/// Copies what fits; returns how much there was.
fn fill<'a>(buffer: &mut [u8], bytes: impl IntoIterator<Item = &'a u8>) -> usize {
    let mut slots = buffer.iter_mut();
    let mut count = 0;
    for byte in bytes {
        if let Some(slot) = slots.next() {
            *slot = *byte;
        }
        count += 1;
    }
    count
}

/// Judges a connection.
#[must_use]
pub fn connection(compiled: &Compiled, selectors: u64, address: SocketAddr) -> Outcome {
    let mut outcome = Outcome {
        decision: Decision::OPEN,
        dataset: guard_common::abi::policy::NONE,
    };
    let caller = connect::Caller {
        selectors,
        quarantined: 0,
    };
    let target = target(address).resolve([0; 2]);
    connect::decide::<Host>(&compiled.policy, target, caller, &mut outcome);
    outcome
}

fn target(address: SocketAddr) -> Target {
    let bits = match address.ip() {
        IpAddr::V4(v4) => return Target::v4(v4.to_bits(), address.port()),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    Target {
        net: [(bits >> 64) as u64, bits as u64],
        port: address.port(),
    }
}
