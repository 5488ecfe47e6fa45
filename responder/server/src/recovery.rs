//! A worker that panics begins anew: the kernel goes on to give queries to its socket, and nobody else reads them.
//!
//! ```text
//! serve ──► returns: done
//!   ▲  └──► panics ──► begun anew ──too often──► the process ends, and its supervisor starts it from its own disk
//!   └──────────────────────┘
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;

/// Of one worker. What is broken for good comes here at once; a query that nobody foresaw may come now and then.
const MOST_PANICS: usize = 100;

/// What `serve` returns, which is called again when it panics and therefore has to begin with what it finds left over.
pub(crate) fn in_spite_of_panics<T>(who: &str, mut serve: impl FnMut() -> T) -> T {
    for _ in 0..MOST_PANICS {
        // The panic itself has been said on standard error.
        if let Ok(done) = catch_unwind(AssertUnwindSafe(&mut serve)) {
            return done;
        }
        eprintln!("{who}: the worker begins anew after a panic: please report it");
    }
    eprintln!(
        "{who}: the worker panicked {MOST_PANICS} times: the process ends, have a supervisor start it again"
    );
    process::abort();
}

#[cfg(test)]
pub(crate) mod tests {
    use std::env;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream, UdpSocket};
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Duration;

    use responder_core::beliefs::Known;
    use responder_core::snapshot::{Chunks, Digest, Manifest, World};

    use super::*;
    use crate::server::{Options, Server};

    const DEADLINE: Duration = Duration::from_secs(10);
    const POLICIES: &[u8] =
        br#"{"format":1,"regions":[],"endpoints":[],"pools":[],"policies":[],"flattened":{}}"#;
    /// `. NS`, whose answer is REFUSED.
    const QUERY: &[u8] = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01";
    const DEADLY: &[u8] = b"\xde\xad\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01";

    /// For whoever answers in tests.
    pub(crate) fn panic_if_deadly(message: &[u8]) {
        assert!(!message.starts_with(DEADLY), "a deadly query");
    }

    pub(crate) fn server() -> Server {
        let digest = Digest::of(POLICIES);
        let manifest = format!(
            r#"{{"format":1,"generation":1,"created":"","zones":{{}},"policies":"{digest}","geo":{{}}}}"#
        );
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let world = World::open(&manifest, &Chunks::from([(digest, POLICIES)]), None).unwrap();
        let listen = ["127.0.0.1:0".parse().unwrap()];
        let world = Arc::new(world);
        Server::start(&listen, 1, world, Known::default(), Options::default()).unwrap()
    }

    pub(crate) fn connection(to: SocketAddr) -> TcpStream {
        let connection = TcpStream::connect(to).unwrap();
        connection.set_read_timeout(Some(DEADLINE)).unwrap();
        connection
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u16).to_be_bytes(), message].concat()
    }

    pub(crate) fn is_answered(mut connection: &TcpStream) -> bool {
        let mut reply = [0; 2 + QUERY.len()];
        connection.write_all(&framed(QUERY)).unwrap();
        connection.read_exact(&mut reply).is_ok()
    }

    #[test]
    fn a_datagram_that_makes_the_worker_panic_keeps_nobody_else_from_being_answered() {
        let server = server();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(DEADLINE / 100)).unwrap();
        client.connect(server.addresses()[0]).unwrap();
        for _ in 0..3 {
            client.send(DEADLY).unwrap();
            // A datagram that came in the same batch is lost with it, as on the way.
            let answered = (0..100).any(|_| {
                client.send(QUERY).unwrap();
                client.recv(&mut [0; 512]).is_ok()
            });
            assert!(answered);
        }
    }

    #[test]
    fn a_query_over_tcp_that_makes_the_worker_panic_costs_connections_and_no_new_ones() {
        let mut server = server();
        let address = server.addresses()[0];
        for _ in 0..3 {
            let (bystander, mut deadly) = (connection(address), connection(address));
            assert!(is_answered(&bystander));
            deadly.write_all(&framed(DEADLY)).unwrap();
            assert_eq!(deadly.read(&mut [0]).unwrap_or(0), 0);
            assert!(is_answered(&connection(address)));
        }
        server.stop();
        assert_eq!(server.totals().tcp.open, 0);
    }

    #[test]
    fn a_worker_that_only_panics_ends_the_process() {
        const HELPLESS: &str = "TRAFFICMGR_TEST_HELPLESS";
        if env::var_os(HELPLESS).is_some() {
            in_spite_of_panics("helpless", || panic!("again"))
        }
        let this = "recovery::tests::a_worker_that_only_panics_ends_the_process";
        let mut command = Command::new(env::current_exe().unwrap());
        let command = command.args(["--exact", this, "--nocapture"]);
        let output = command.env(HELPLESS, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
        assert!(
            said.contains("helpless: the worker panicked 100 times"),
            "{said}"
        );
    }
}
