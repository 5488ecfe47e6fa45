//! Memory that will be wanted soon: fetched while the processor does something else.

/// Has the cache line at `place` fetched, as far as the processor can be asked for it.
#[inline]
pub(crate) fn prefetch(place: Option<*const u8>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(place) = place {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing into the program, and of an address that is not there it does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
