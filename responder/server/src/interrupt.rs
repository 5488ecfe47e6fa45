//! Ends a blocking system call of another thread.
//!
//! A worker waits in `recvmmsg` without a poll in front of it, which would cost a system call per batch. Whatever could be
//! done to its socket to wake it would be done to every process that holds the same socket, and after a hand-over
//! another one does. A signal to the thread touches nothing but the thread: the call returns EINTR.

use std::mem;
use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Some way into the real-time signals: the first are taken by the C library.
const OFFSET: libc::c_int = 5;

static IS_READY: AtomicBool = AtomicBool::new(false);

/// Has threads of this process notice `interrupt`.
pub(crate) fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        let handler: extern "C" fn(libc::c_int) = ignore;
        let action = libc::sigaction {
            sa_sigaction: handler as libc::sighandler_t,
            sa_mask: empty_set(),
            // Without SA_RESTART: the call is to end.
            sa_flags: 0,
            sa_restorer: None,
        };
        // SAFETY: the action is complete and its handler does nothing, which any handler may; the old one is not asked for.
        // Should it fail, nobody is interrupted, because the default action would end the process.
        let result = unsafe { libc::sigaction(signal(), &raw const action, ptr::null_mut()) };
        IS_READY.store(result == 0, Ordering::Release);
    });
}

/// Has the call that the thread blocks in return, if it blocks in one at this moment.
pub(crate) fn interrupt<T>(thread: &JoinHandle<T>) {
    if IS_READY.load(Ordering::Acquire) {
        // SAFETY: a thread that has not been joined is known to the C library, even if it has ended.
        let _ = unsafe { libc::pthread_kill(thread.as_pthread_t(), signal()) };
    }
}

fn signal() -> libc::c_int {
    libc::SIGRTMIN() + OFFSET
}

extern "C" fn ignore(_: libc::c_int) {}

fn empty_set() -> libc::sigset_t {
    // SAFETY: all-zero octets are a valid, empty `sigset_t`.
    unsafe { mem::zeroed() }
}
