//! The stack of another thread, taken by a signal that it handles itself.
//!
//! One request at a time lies in a static; its `state` says whose it is:
//!
//! ```text
//! IDLE ──requester──► ASKED ──handler──► TAKEN ──handler──► DONE ──requester──► IDLE
//!                       └──requester (no answer)──► IDLE
//! ```
//!
//! The requester touches the request in `IDLE` and `DONE`, the handler in `TAKEN`, nobody else. The
//! handler allocates nothing, locks nothing and reads no memory but the request, the unwind tables of
//! the loaded modules, and its own thread's stack.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicU32};
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use framehop::{ExplicitModuleSectionInfo, Module, MustNotAllocateDuringUnwind, Unwinder as _};

#[cfg(target_arch = "aarch64")]
use framehop::aarch64::{CacheAarch64 as Cache, UnwindRegsAarch64 as Registers, UnwinderAarch64 as Unwinder};
#[cfg(target_arch = "x86_64")]
use framehop::x86_64::{CacheX86_64 as Cache, UnwindRegsX86_64 as Registers, UnwinderX86_64 as Unwinder};

const IDLE: u32 = 0;
const ASKED: u32 = 1;
const TAKEN: u32 = 2;
const DONE: u32 = 3;

/// Ignored by default, and in use by next to nobody: it tells of urgent data on a socket.
const SIGNAL: c_int = libc::SIGURG;
const FRAMES: usize = 256;
/// How long a thread may take to answer, in looks at the request and their distance.
const LOOKS: u32 = 1000;
const LOOK: Duration = Duration::from_micros(100);

/// A thread and the addresses its stack lies between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thread {
    pub(super) id: i32,
    pub(super) low: usize,
    pub(super) high: usize,
}

struct Request {
    state: AtomicU32,
    thread: AtomicI32,
    low: AtomicUsize,
    high: AtomicUsize,
    tools: UnsafeCell<Option<Tools>>,
    count: AtomicUsize,
    addresses: [AtomicU64; FRAMES],
}

/// What the handler unwinds with.
struct Tools {
    unwinder: Unwinder<&'static [u8], MustNotAllocateDuringUnwind>,
    cache: Cache<MustNotAllocateDuringUnwind>,
}

// SAFETY: all fields but `tools` are atomics. `tools` is touched by the requester in IDLE, which holds
// the lock of `TURN`, and by the handler in TAKEN, which one handler enters by a compare-and-exchange;
// the edges between the states are release and acquire.
unsafe impl Sync for Request {}

static REQUEST: Request = Request {
    state: AtomicU32::new(IDLE),
    thread: AtomicI32::new(0),
    low: AtomicUsize::new(0),
    high: AtomicUsize::new(0),
    tools: UnsafeCell::new(None),
    count: AtomicUsize::new(0),
    addresses: [const { AtomicU64::new(0) }; FRAMES],
};
static TURN: Mutex<()> = Mutex::new(());
/// What handled the signal before; empty when our handler could not be installed.
static PREVIOUS: OnceLock<Option<libc::sigaction>> = OnceLock::new();

impl Thread {
    /// The calling thread. Without bounds, no stack of it will be taken.
    pub(super) fn current() -> Self {
        // SAFETY: the call takes nothing and cannot fail.
        let id = unsafe { libc::syscall(libc::SYS_gettid) } as i32;
        let (low, high) = stack_bounds().unwrap_or((0, 0));
        Thread { id, low, high }
    }
}

fn stack_bounds() -> Option<(usize, usize)> {
    let mut attributes = std::mem::MaybeUninit::uninit();
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are read and destroyed only after the first call has made them, and every
    // pointer leads to a local of the right type.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let failed = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (failed == 0).then(|| (low.addr(), low.addr() + size))
    }
}

/// The addresses of the code that a thread is in, the innermost first, as return addresses; `None` when
/// it does not answer within a tenth of a second, as when it blocks the signal, or runs on another stack
/// than that of the thread.
pub(super) fn capture(thread: Thread) -> Option<Vec<usize>> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // A handler that was too late has ended since.
    let _ = REQUEST.state.compare_exchange(DONE, IDLE, Acquire, Relaxed);
    if thread.id == 0 || thread.high == 0 || REQUEST.state.load(Acquire) != IDLE || !install() {
        return None;
    }
    let tools = Tools { unwinder: loaded_modules(), cache: Cache::new_in() };
    // SAFETY: in IDLE, under `TURN`, the request is ours.
    unsafe { *REQUEST.tools.get() = Some(tools) };
    REQUEST.thread.store(thread.id, Relaxed);
    REQUEST.low.store(thread.low, Relaxed);
    REQUEST.high.store(thread.high, Relaxed);
    REQUEST.count.store(0, Relaxed);
    REQUEST.state.store(ASKED, Release);
    // SAFETY: the call takes numbers. Should the thread have ended it fails; should another thread have
    // its number by now, that one finds its stack outside of the bounds.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread.id, SIGNAL) } == 0;
    let answered = sent && answered();
    if !answered {
        // Fails when the handler has begun: it may still write, so the request stays out of use.
        let _ = REQUEST.state.compare_exchange(ASKED, IDLE, AcqRel, Relaxed);
        return None;
    }
    let count = REQUEST.count.load(Relaxed);
    let addresses: Vec<_> =
        REQUEST.addresses[..count].iter().map(|address| address.load(Relaxed) as usize).collect();
    REQUEST.state.store(IDLE, Release);
    (!addresses.is_empty()).then_some(addresses)
}

fn answered() -> bool {
    (0..LOOKS).any(|_| {
        let done = REQUEST.state.load(Acquire) == DONE;
        if !done {
            std::thread::park_timeout(LOOK);
        }
        done
    })
}

// ===== the handler =====

/// Installs the handler, once. It stays: to take it out would take out those that came after it.
fn install() -> bool {
    let install = || {
        // SAFETY: zeroes are a valid `sigaction`.
        let (mut action, mut previous): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        // SAFETY: both pointers lead to locals, and the handler has the signature SA_SIGINFO asks for.
        (unsafe { libc::sigaction(SIGNAL, &action, &mut previous) } == 0).then_some(previous)
    };
    PREVIOUS.get_or_init(install).is_some()
}

extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the place of this thread's error number is valid as long as the thread.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the calls take nothing.
    let this = unsafe { libc::syscall(libc::SYS_gettid) } as i32;
    if REQUEST.thread.load(Acquire) == this
        && REQUEST.state.compare_exchange(ASKED, TAKEN, AcqRel, Relaxed).is_ok()
    {
        // SAFETY: the kernel passes a `ucontext_t` to handlers installed with SA_SIGINFO.
        walk(unsafe { &*context.cast::<libc::ucontext_t>() });
        REQUEST.state.store(DONE, Release);
    } else {
        hand_on(signal, info, context);
    }
    // SAFETY: as above. The interrupted code finds the number it left.
    unsafe { *libc::__errno_location() = errno };
}

/// Another's signal goes to the handler that was there before.
fn hand_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(Some(previous)) = PREVIOUS.get() else { return };
    let handler = previous.sa_sigaction;
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        return;
    }
    if previous.sa_flags & libc::SA_SIGINFO != 0 {
        type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
        // SAFETY: whoever installed it said by SA_SIGINFO that it has this signature.
        let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
        handler(signal, info, context);
    } else {
        // SAFETY: whoever installed it said by the absence of SA_SIGINFO that it has this signature.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
        handler(signal);
    }
}

/// Walks the stack that the signal interrupted, into the request.
fn walk(context: &libc::ucontext_t) {
    let (address, stack, registers) = registers(context);
    let (low, high) = (REQUEST.low.load(Relaxed) as u64, REQUEST.high.load(Relaxed) as u64);
    if !(low..high).contains(&stack) {
        return;
    }
    // SAFETY: in TAKEN the request is this handler's.
    let Some(tools) = (unsafe { &mut *REQUEST.tools.get() }) else { return };
    let mut read = |at: u64| {
        let inside = at >= stack && at.checked_add(8).is_some_and(|end| end <= high) && at.is_multiple_of(8);
        // SAFETY: the address is aligned and lies in the part of this thread's own stack that is in use:
        // above the stack pointer, below the top. It stays mapped while the thread is in this handler.
        inside
            .then(|| unsafe { std::ptr::with_exposed_provenance::<u64>(at as usize).read_volatile() })
            .ok_or(())
    };
    let mut frames = tools.unwinder.iter_frames(address, registers, &mut tools.cache, &mut read);
    for count in 0..FRAMES {
        let Ok(Some(frame)) = frames.next() else { return };
        REQUEST.addresses[count].store(frame.address_for_lookup() + 1, Relaxed);
        REQUEST.count.store(count + 1, Relaxed);
    }
}

#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> (u64, u64, Registers) {
    let all = &context.uc_mcontext.gregs;
    let [address, stack, frame] =
        [libc::REG_RIP, libc::REG_RSP, libc::REG_RBP].map(|name| all[name as usize] as u64);
    (address, stack, Registers::new(address, stack, frame))
}

#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> (u64, u64, Registers) {
    let all = &context.uc_mcontext;
    (all.pc, all.sp, Registers::new(all.regs[30], all.sp, all.regs[29]))
}

// ===== the unwind tables =====

type Modules = Unwinder<&'static [u8], MustNotAllocateDuringUnwind>;

fn loaded_modules() -> Modules {
    unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _: usize, modules: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid description, and the pointer that `loaded_modules` gave it.
        let (info, modules) = unsafe { (&*info, &mut *modules.cast::<Modules>()) };
        // SAFETY: the loader keeps its lock during the call, so the module stays loaded.
        if let Some(module) = unsafe { module(info) } {
            modules.add_module(module);
        }
        0
    }
    let mut modules = Modules::new();
    // SAFETY: `add` has the signature asked for, and the pointer lives until the call returns.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut modules).cast()) };
    modules
}

/// The tables of one module; `None` when it has none, or of a kind that compilers do not make.
///
/// # Safety
///
/// The module is loaded. It must stay loaded for as long as the slices are read: that is, until the
/// request is over. Unloading a module that a stuck thread has code of would crash that thread anyway;
/// others are not read.
unsafe fn module(info: &libc::dl_phdr_info) -> Option<Module<&'static [u8]>> {
    let base = info.dlpi_addr;
    // SAFETY: the loader describes that many headers there.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let range = |header: &libc::Elf64_Phdr| {
        let start = base + header.p_vaddr;
        start..start + header.p_memsz
    };
    let loaded = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let index = range(headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME)?);
    let text = range(loaded().find(|header| header.p_flags & libc::PF_X != 0)?);
    let low = loaded().map(|header| range(header).start).min()?;
    let high = loaded().map(|header| range(header).end).max()?;
    // SAFETY: the header says that these bytes are mapped, readable and not written to.
    let bytes = |range: &std::ops::Range<u64>| unsafe {
        let start = std::ptr::with_exposed_provenance(range.start as usize);
        std::slice::from_raw_parts::<'static, u8>(start, (range.end - range.start) as usize)
    };
    let header = bytes(&index);
    // Version 1; the table's address as 4 signed bytes, counted from where they stand.
    if header.len() < 8 || header[..2] != [1, 0x1b] {
        return None;
    }
    let offset = i32::from_le_bytes(header[4..8].try_into().ok()?);
    let table = (index.start + 4).wrapping_add_signed(i64::from(offset));
    let segment = loaded().map(range).find(|segment| segment.contains(&table))?;
    let table = table..segment.end;
    let sections = ExplicitModuleSectionInfo {
        base_svma: low,
        text: Some(bytes(&text)),
        text_svma: Some(text),
        eh_frame: Some(bytes(&table)),
        eh_frame_svma: Some(table),
        eh_frame_hdr: Some(header),
        eh_frame_hdr_svma: Some(index),
        ..Default::default()
    };
    Some(Module::new(String::new(), low..high, low, sections))
}
