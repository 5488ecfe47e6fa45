//! One UDP worker: a batch in, a batch out.

use std::io;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use responder_core::answer::Transport;

use crate::batch::{Batch, Wait};
use crate::worker::{Shared, Worker, now_ms};

/// A flood does not keep the server from stopping; nor does the socket's queue end while others fill it.
const FINISH_TIMEOUT: Duration = Duration::from_millis(100);

/// Answers until the server stops, and then what waits in the socket. What was received is always answered.
pub(crate) fn serve(socket: &UdpSocket, is_wildcard: bool, shared: &Shared, worker: &mut Worker) {
    let mut batch = Batch::new(is_wildcard);
    while !shared.is_stopping() {
        // An error is the timeout, an interruption, or an ICMP error for an earlier reply: the next query may come all
        // the same.
        if batch.receive(socket, Wait::UntilTimeout).is_ok() {
            answer_all(socket, &mut batch, shared, worker);
        }
    }
    finish(socket, &mut batch, shared, worker);
}

fn finish(socket: &UdpSocket, batch: &mut Batch, shared: &Shared, worker: &mut Worker) {
    let deadline = Instant::now() + FINISH_TIMEOUT;
    while Instant::now() < deadline {
        match batch.receive(socket, Wait::No) {
            Ok(()) => {
                answer_all(socket, batch, shared, worker);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => {}
        }
    }
}

fn answer_all(socket: &UdpSocket, batch: &mut Batch, shared: &Shared, worker: &mut Worker) {
    let running = worker.stopwatch.start(batch.received());
    let serving = shared.current.load();
    let now_ms = now_ms();
    let circumstances = (Transport::Udp, now_ms);
    batch.reply_to_each(
        worker,
        |worker, message, length, source, sender| {
            let client = || sender.address();
            worker.begin(&serving, (message, length), source, circumstances, client)
        },
        |worker, begun, message, source| worker.finish(begun, message, source, now_ms),
    );
    batch.send(socket);
    if let Some(running) = running {
        running.stop(worker.latency(), batch.received() as u64);
    }
}
