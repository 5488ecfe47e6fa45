//! One bound over what all connections of an address keep between their turns.
//!
//! Counting comes after the fact, for the length of a query is known only once it is here: what goes beyond the bound is
//! cut off right after the turn that took it. Between, the worker exceeds it by what one connection can hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) struct Memory {
    used: AtomicUsize,
    bound: usize,
}

/// What one connection holds; dropping it gives that back.
pub(crate) struct Share {
    memory: Arc<Memory>,
    octets: usize,
}

impl Memory {
    pub fn new(bound: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            bound,
        }
    }

    pub fn share(self: &Arc<Self>) -> Share {
        Share {
            memory: self.clone(),
            octets: 0,
        }
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub fn is_exceeded(&self) -> bool {
        self.used() > self.bound
    }
}

impl Share {
    pub fn octets(&self) -> usize {
        self.octets
    }

    pub fn set(&mut self, octets: usize) {
        let used = &self.memory.used;
        match octets.checked_sub(self.octets) {
            Some(more) => used.fetch_add(more, Ordering::Relaxed),
            None => used.fetch_sub(self.octets - octets, Ordering::Relaxed),
        };
        self.octets = octets;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_are_given_back() {
        let memory = Arc::new(Memory::new(100));
        let mut first = memory.share();
        let mut second = memory.share();
        first.set(60);
        second.set(40);
        assert!(!memory.is_exceeded());
        second.set(41);
        assert!(memory.is_exceeded());
        first.set(10);
        assert_eq!((memory.used(), memory.is_exceeded()), (51, false));
        drop(second);
        assert_eq!(memory.used(), 10);
        drop(first);
        assert_eq!(memory.used(), 0);
    }
}
