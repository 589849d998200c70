//! Every map, with who writes it, who reads it and what happens when it is
//! full, and the typed accessors that hooks use instead of the maps.

mod storage;

pub(crate) use storage::Stored;

use crate::kernel::atomic;
use crate::kernel::program::Scratch;
use crate::kernel::read;
use crate::stream::names::NameKey;
use aya_ebpf::bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf, SockHash};
use aya_ebpf::programs::SockOpsContext;
use guard_common::abi::event::Poisoned;
use guard_common::abi::policy::Policy;
use guard_common::abi::session::{Session, Task};
use guard_common::abi::settings::Settings;
use guard_common::denial::Denial;
use guard_common::engine::Tables;
use guard_common::facts::Facts;
use guard_common::fault::Fault;
use guard_common::limits::{
    MAX_DENIALS, MAX_POISONED, MAX_RULES, MAX_SESSIONS, MAX_STATEMENTS, MAX_TASKS, MAX_VOICES,
    SLOTS,
};
use guard_common::protocol::Dialect;
use guard_common::redis::Commands;
use guard_common::stream::Chunk;

/// Compiled policies, one a slot.
///
/// writer: agent, only into a slot that is not live
/// reader: every enforcing hook
/// key:    slot, value: [`Policy`]
/// room:   [`SLOTS`] entries, 112 KiB
/// full:   cannot be; the agent reuses the oldest slot
#[map(name = "guard_policy")]
static POLICY: Array<Policy> = Array::with_max_entries(SLOTS as u32, 0);

/// Texts that a refused client reads.
///
/// writer: agent, together with the policy of the slot
/// reader: the voice
/// key:    `slot * MAX_DENIALS + denial::index()`, value: [`Denial`]
/// room:   4 x 128 entries, 1.5 MiB
/// full:   cannot be
#[map(name = "guard_denials")]
static DENIALS: Array<Denial> = Array::with_max_entries((SLOTS * MAX_DENIALS) as u32, 0);

/// What holds for all hooks: live slot, scope, disarm.
///
/// writer: agent, the whole value at once
/// reader: every hook
/// key:    0, value: [`Settings`]
/// room:   one entry
/// full:   cannot be
#[map(name = "guard_settings")]
static SETTINGS: Array<Settings> = Array::with_max_entries(1, 0);

/// Sessions alive, and ended ones until the agent has let go of them.
///
/// writer: agent; the exec hook inserts sessions that begin with a program
/// reader: every enforcing hook
/// key:    session id, value: [`Session`]
/// room:   [`MAX_SESSIONS`] entries, preallocated, about 1 MiB
/// full:   `Fault::SessionsFull`; the agent refuses a launch, the exec hook
///         answers with `on_fault`
#[map(name = "guard_sessions")]
static SESSIONS: HashMap<u64, Session> = HashMap::with_max_entries(MAX_SESSIONS, 0);

/// Guarded thread groups.
///
/// writer: agent at registration; fork and exit hooks
/// reader: every hook, to tell at once what is not guarded
/// key:    tgid, value: [`Task`]
/// room:   [`MAX_TASKS`] entries, preallocated, about 3 MiB
/// full:   `Fault::TasksFull`
#[map(name = "guard_tasks")]
static TASKS: HashMap<u32, Task> = HashMap::with_max_entries(MAX_TASKS, 0);

/// How many thread groups and nested sessions a session has: a task that moves
/// into a nested session stays one member of the outer one, as that session.
///
/// writer: agent at registration (1); fork and exit hooks, atomically
/// reader: the exit hook: at 0 the session has ended
/// key:    session id, value: count
/// room:   [`MAX_SESSIONS`] entries, preallocated, about 0.6 MiB
/// full:   as `guard_sessions`, which has the same size
#[map(name = "guard_members")]
static MEMBERS: HashMap<u64, u64> = HashMap::with_max_entries(MAX_SESSIONS, 0);

/// How many entries `guard_tasks` has.
///
/// writer: fork, exec and exit hooks, atomically; the agent at registration, and
///         when it sweeps the table
/// reader: the fork hook
/// key:    0, value: count
/// room:   one entry
/// full:   cannot be
#[map(name = "guard_count")]
static TASK_COUNT: Array<u64> = Array::with_max_entries(1, 0);

/// Where the exec hook puts a program start together.
///
/// writer: `kernel/program.rs`, which says why one a CPU is enough
/// reader: the same
/// key:    0, value: [`Scratch`]
/// room:   one entry a CPU, about 19 KiB each
/// full:   cannot be
#[map(name = "guard_start")]
static START: PerCpuArray<Scratch> = PerCpuArray::with_max_entries(1, 0);

/// Records for the agent.
///
/// writer: `emit.rs`
/// reader: agent
/// room:   8 MiB, or what the agent sets at load
/// full:   the record is lost, its number is used: a visible gap, and
///         `Fault::RingFull`
#[map(name = "guard_events")]
static EVENTS: RingBuf = RingBuf::with_byte_size(8 << 20, 0);

/// Number of the next record of each CPU.
///
/// writer: `emit.rs`, also for records that are lost
/// reader: agent, to find losses that no later record proves
/// key:    0, value: number
/// room:   one entry a CPU
/// full:   cannot be
#[map(name = "guard_numbers")]
static NUMBERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// Counters of our own failures.
///
/// writer: every hook
/// reader: agent
/// key:    number of the [`Fault`], value: count
/// room:   [`Fault::COUNT`] entries a CPU
/// full:   cannot be
#[map(name = "guard_faults")]
static FAULTS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Fault::COUNT as u32, 0);

/// Matches of each rule of the live policy.
///
/// writer: every enforcing hook; the agent zeroes it when a policy goes live
/// reader: agent
/// key:    index of the rule, value: count
/// room:   [`MAX_RULES`] entries a CPU
/// full:   cannot be
#[map(name = "guard_rules")]
static RULES: PerCpuArray<u64> = PerCpuArray::with_max_entries(MAX_RULES as u32, 0);

/// Lexer, keyword and statement tables of the engine.
///
/// writer: agent, once
/// reader: the stream hooks
/// key:    number of the [`Dialect`], value: [`Tables`]
/// room:   one entry a dialect, 3 MiB each
/// full:   cannot be
#[map(name = "guard_lexer")]
static LEXER: Array<Tables> = Array::with_max_entries(Dialect::ALL.len() as u32, 0);

/// The commands of Redis.
///
/// writer: agent, once
/// reader: the stream hooks
/// key:    0, value: [`Commands`]
/// room:   one entry, 48 KiB
/// full:   cannot be
#[map(name = "guard_commands")]
static COMMANDS: Array<Commands> = Array::with_max_entries(1, 0);

/// A chunk that holds nothing: what the engine is fed at the end of a text.
///
/// writer: nobody
/// reader: the stream hooks
/// key:    0, value: zeros
/// room:   one entry, 4 KiB
/// full:   cannot be
#[map(name = "guard_nothing")]
static NOTHING: Array<Chunk> = Array::with_max_entries(1, 0);

/// Guarded database sockets with a voice.
///
/// writer: `hooks/sockops.rs`; the kernel removes a socket that closes
/// reader: the kernel, which runs the voice for them
/// key:    socket cookie
/// room:   [`MAX_VOICES`] entries
/// full:   `Fault::SockHash`; the socket is guarded by the authority alone
#[map(name = "guard_voices")]
static VOICES: SockHash<u64> = SockHash::with_max_entries(MAX_VOICES, 0);

/// Facts of prepared statements and portals with a name.
///
/// writer: voice and authority
/// reader: the same
/// key:    [`NameKey`], value: [`Facts`]
/// room:   [`MAX_STATEMENTS`] entries, preallocated, about 6 MiB
/// full:   the least recently used is forgotten; using it is opaque
#[map(name = "guard_names")]
static NAMES: LruHashMap<NameKey, Facts> = LruHashMap::with_max_entries(MAX_STATEMENTS, 0);

/// Sockets that are poisoned and not yet destroyed.
///
/// writer: the authority; removed by the agent that destroyed the socket
/// reader: agent, at its start: what a former agent left behind
/// key:    socket cookie, value: [`Poisoned`]
/// room:   [`MAX_POISONED`] entries
/// full:   the socket stays poisoned and is not destroyed by a later agent;
///         its own record still asks the running one
#[map(name = "guard_poisoned")]
static POISONED: HashMap<u64, Poisoned> = HashMap::with_max_entries(MAX_POISONED, 0);

/// The policy in a slot.
#[inline(always)]
pub(crate) fn policy(slot: u32) -> Option<&'static Policy> {
    POLICY.get(slot)
}

/// The live slot of `guard_policy`. A hook reads it once: it may change between
/// two reads.
#[inline(always)]
pub(crate) fn live_slot() -> u32 {
    SETTINGS
        .get(0)
        .map_or(0, |settings| settings.slot & (SLOTS as u32 - 1))
}

/// The denial text with this number in a slot.
#[inline(always)]
pub(crate) fn denial(slot: u32, index: u32) -> Option<&'static Denial> {
    DENIALS.get(slot.wrapping_mul(MAX_DENIALS as u32).wrapping_add(index))
}

/// The settings. The agent writes them before it attaches anything.
#[inline(always)]
pub(crate) fn settings() -> Option<&'static Settings> {
    SETTINGS.get(0)
}

/// A session by id.
#[inline(always)]
pub(crate) fn session(id: u64) -> Option<&'static Session> {
    // SAFETY: the value stays in preallocated map memory. A session is removed
    // only after its last task; a reader that loses that race reads another
    // session's plain numbers, never freed memory.
    unsafe { SESSIONS.get(id) }
}

/// The entry of a guarded thread group; `None`: not guarded.
#[inline(always)]
pub(crate) fn task(tgid: u32) -> Option<&'static Task> {
    // SAFETY: as for `session`; an entry is removed only by the exit of its own
    // thread group, which runs no hook of its own afterwards.
    unsafe { TASKS.get(tgid) }
}

/// Enters a thread group, also over an old entry; `false`: the table is full.
/// The session has one member more.
#[inline(always)]
pub(crate) fn enter(tgid: u32, task: &Task) -> bool {
    if TASKS.insert(tgid, task, 0).is_err() {
        return false;
    }
    add_to(TASK_COUNT.get_ptr_mut(0), 1);
    if add_to(MEMBERS.get_ptr_mut(task.session), 1).is_none() {
        count_fault(Fault::NoSession);
    }
    true
}

/// Moves a thread group that is in the table to another session.
#[inline(always)]
pub(crate) fn move_to(tgid: u32, task: &Task) -> bool {
    TASKS.insert(tgid, task, 0).is_ok()
}

/// Takes a thread group out; `false` when it is out already.
#[inline(always)]
pub(crate) fn leave(tgid: u32) -> bool {
    if TASKS.remove(tgid).is_err() {
        return false;
    }
    add_to(TASK_COUNT.get_ptr_mut(0), MINUS_ONE);
    true
}

/// How many thread groups are guarded. The agent writes the counter without a
/// lock, so a step can be lost and the count be a little below 0.
#[inline(always)]
pub(crate) fn task_count() -> i64 {
    TASK_COUNT.get(0).map_or(0, |count| *count as i64)
}

/// Inserts a session with `members`; `false`: the table is full, or the id is
/// taken.
#[inline(always)]
pub(crate) fn begin_session(id: u64, session: &Session, members: u64) -> bool {
    if SESSIONS.insert(id, session, NO_EXIST).is_err() {
        return false;
    }
    if MEMBERS.insert(id, members, NO_EXIST).is_err() {
        forget_session(id);
        return false;
    }
    true
}

/// Removes a session that could not begin.
#[inline(always)]
pub(crate) fn forget_session(id: u64) {
    // What is not there needs no removal.
    let _ = SESSIONS.remove(id);
    let _ = MEMBERS.remove(id);
}

/// Takes one member from a session; `true` when it was the last one. The session
/// stays until the agent lets go of it: its sockets may have bytes to send.
#[inline(always)]
pub(crate) fn drop_member(session: u64) -> bool {
    let last = add_to(MEMBERS.get_ptr_mut(session), MINUS_ONE) == Some(1);
    if last {
        let _ = MEMBERS.remove(session);
    }
    last
}

/// This CPU's place for a program start.
#[inline(always)]
pub(crate) fn start() -> Option<&'static mut Scratch> {
    // SAFETY: a slot of a per-CPU array, not null; `Scratch` says why there is
    // no other reference to it.
    START.get_ptr_mut(0).map(|start| unsafe { &mut *start })
}

/// The engine's tables of a dialect, by its number.
#[inline(always)]
pub(crate) fn lexer(dialect: u32) -> Option<&'static Tables> {
    LEXER.get(dialect)
}

/// A chunk of zeros.
#[inline(always)]
pub(crate) fn nothing() -> Option<&'static Chunk> {
    NOTHING.get(0)
}

/// The commands of Redis.
#[inline(always)]
pub(crate) fn commands() -> Option<&'static Commands> {
    COMMANDS.get(0)
}

/// Counts a failure of our own.
#[inline(always)]
pub(crate) fn count_fault(fault: Fault) {
    count(&FAULTS, fault as u32);
}

/// Counts a match of a rule.
#[inline(always)]
pub(crate) fn count_rule(index: u32) {
    count(&RULES, index);
}

/// The number of the next record of this CPU.
#[inline(always)]
pub(crate) fn next_number() -> u64 {
    count(&NUMBERS, 0)
}

/// Bytes of records that may wait before the agent is woken for one that can
/// wait: a hundred statements.
const QUIET_BYTES: u64 = 96 << 10;

/// Flags of the ring buffer's helpers. Waking the agent costs more than judging a
/// statement, and it looks by itself every few milliseconds: a record that is not
/// `urgent` wakes it only when many wait.
#[inline(always)]
pub(crate) fn wakeup(urgent: bool) -> u64 {
    let wake = urgent || EVENTS.query(u64::from(BPF_RB_AVAIL_DATA)) > QUIET_BYTES;
    u64::from(if wake {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    })
}

/// Sends a record; `false`: it is lost. `urgent`: see [`wakeup`].
#[inline(always)]
pub(crate) fn output(record: &[u8], urgent: bool) -> bool {
    EVENTS.output::<[u8]>(record, wakeup(urgent)).is_ok()
}

/// Reserves room for a record of fixed size.
#[inline(always)]
pub(crate) fn reserve<T: 'static>() -> Option<aya_ebpf::maps::ring_buf::RingBufEntry<T>> {
    EVENTS.reserve::<T>(0)
}

/// Adds 1 to a per-CPU counter and returns what it held.
#[inline(always)]
fn count(map: &PerCpuArray<u64>, index: u32) -> u64 {
    add_to(map.get_ptr_mut(index), 1).unwrap_or(0)
}

/// Adds to a counter in a map and returns what it held; `None`: no such entry.
#[inline(always)]
fn add_to(counter: Option<*mut u64>, by: u64) -> Option<u64> {
    // SAFETY: the pointer is a map value of type `u64`: not null, aligned, alive
    // as long as the map.
    counter.map(|counter| unsafe { atomic::fetch_add(counter, by) })
}

/// What takes 1 from a counter when it is added.
const MINUS_ONE: u64 = u64::MAX;

/// `BPF_NOEXIST`: insert only.
const NO_EXIST: u64 = 1;

/// The sockets with a voice.
#[inline(always)]
pub(crate) fn voices() -> &'static SockHash<u64> {
    &VOICES
}

/// Gives the socket of an event its voice.
#[inline(always)]
pub(crate) fn add_voice(ctx: &SockOpsContext, cookie: u64) -> bool {
    // SAFETY: the context outlives the program; nothing else refers to it.
    let ops = unsafe { &mut *ctx.ops };
    VOICES.update(cookie, ops, 0).is_ok()
}

/// What a new entry of `guard_names` holds for an instant.
static BLANK: Facts = Facts::NEW;

/// Keeps the facts of a name.
///
/// VERIFIER(6.1): a map takes values from map memory or the stack only. `facts`
/// is memory that a global function was given, and too large for the stack, so
/// the entry is made blank and then written in place. The socket's lock, under
/// which both judges run, keeps readers out meanwhile.
#[inline(always)]
pub(crate) fn remember_name(key: &NameKey, facts: &Facts) {
    if NAMES.get_ptr(key).is_none() {
        // An LRU map makes room by itself; what is missing later is opaque.
        #[expect(
            clippy::needless_borrows_for_generic_args,
            reason = "by value it would be copied to the stack, which is too small"
        )]
        let _ = NAMES.insert(key, &BLANK, 0);
    }
    if let Some(entry) = NAMES.get_ptr_mut(key) {
        // SAFETY: a map value of this type, not null; see `name` for eviction.
        read::copy_whole(facts, unsafe { &mut *entry });
    }
}

/// The facts of a name.
#[inline(always)]
pub(crate) fn name(key: &NameKey) -> Option<&'static Facts> {
    // SAFETY: the value stays in preallocated map memory. Should it be evicted
    // and reused while it is copied, the facts are those of another statement
    // for this one message: the name's hash would have to be evicted by 8,192
    // uses of others within these few instructions.
    unsafe { NAMES.get(key) }
}

/// Forgets a name.
#[inline(always)]
pub(crate) fn forget_name(key: &NameKey) {
    // A name that is not there is forgotten already.
    let _ = NAMES.remove(key);
}

/// Keeps a poisoned socket for the agent.
#[inline(always)]
pub(crate) fn remember_poisoned(poisoned: &Poisoned) {
    // VERIFIER(6.1): as in `remember_name`; this one fits on the stack.
    let value = *poisoned;
    // A full map is survivable: see `guard_poisoned`.
    let _ = POISONED.insert(value.socket, value, 0);
}
