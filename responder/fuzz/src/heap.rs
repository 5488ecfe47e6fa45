//! How much memory a call takes: an allocator that counts, for targets that bound it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system allocator as it came; counting touches no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let taken = TAKEN.get().saturating_add(layout.size());
        TAKEN.set(taken);
        PEAK.set(PEAK.get().max(taken));
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.set(TAKEN.get().saturating_sub(layout.size()));
        // SAFETY: the caller keeps `dealloc`'s contract, and all our allocations are the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `call` returns, and the most octets it held at a time.
pub fn peak_of<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = TAKEN.get();
    PEAK.set(before);
    let result = call();
    (result, PEAK.get().saturating_sub(before))
}

#[test]
fn a_peak_is_seen_though_it_passed() {
    let (_, peak) = peak_of(|| vec![1_u8; 1 << 20].len());
    assert!((1 << 20..1 << 21).contains(&peak));
}
