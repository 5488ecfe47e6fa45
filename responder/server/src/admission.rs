//! Who may have a connection: so many from one client prefix.
//!
//! Shared by the TCP workers of all addresses, and locked only while a connection comes or goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use responder_core::client_prefix::ClientPrefix;

use crate::limits::Limits;

pub(crate) struct Admission {
    most_per_client: usize,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    total: usize,
    by_client: HashMap<ClientPrefix, usize>,
}

/// The right to one connection; dropping it lets somebody else in.
pub(crate) struct Pass {
    admission: Arc<Admission>,
    client: ClientPrefix,
}

impl Admission {
    pub fn new(limits: &Limits) -> Self {
        Self {
            most_per_client: limits.connections_per_client,
            present: Mutex::default(),
        }
    }

    /// `None`: this client has as many as it may.
    pub fn enter(self: &Arc<Self>, client: ClientPrefix) -> Option<Pass> {
        let mut present = self.lock();
        let of_client = present.by_client.get(&client).copied().unwrap_or(0);
        if of_client >= self.most_per_client {
            return None;
        }
        present.total += 1;
        present.by_client.insert(client, of_client + 1);
        Some(Pass {
            admission: self.clone(),
            client,
        })
    }

    pub fn present(&self) -> usize {
        self.lock().total
    }

    /// Both counts change without anything between that could panic.
    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut present = self.admission.lock();
        present.total -= 1;
        // A client without connections is forgotten: the table is never longer than the connections are many.
        match present.by_client.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = present.by_client.remove(&self.client),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(address: &str) -> ClientPrefix {
        ClientPrefix::of(address.parse::<IpAddr>().unwrap())
    }

    fn admission(connections_per_client: usize) -> Arc<Admission> {
        Arc::new(Admission::new(&Limits {
            connections_per_client,
            ..Limits::default()
        }))
    }

    #[test]
    fn a_client_is_refused_beyond_its_share_and_others_are_not() {
        let admission = admission(2);
        let _first = admission.enter(client("192.0.2.1")).unwrap();
        let second = admission.enter(client("192.0.2.200")).unwrap();
        assert!(admission.enter(client("192.0.2.77")).is_none());
        assert!(admission.enter(client("198.51.100.1")).is_some());
        drop(second);
        assert!(admission.enter(client("192.0.2.77")).is_some());
    }

    #[test]
    fn who_has_gone_is_forgotten() {
        let admission = admission(10);
        let passes: Vec<_> = (0..10)
            .map(|number| admission.enter(client(&format!("10.0.{number}.1"))))
            .collect();
        assert_eq!(admission.present(), 10);
        drop(passes);
        assert_eq!(admission.present(), 0);
        assert!(admission.lock().by_client.is_empty());
    }
}
