//! One UDP worker: a batch in, a batch out.

use std::io;
use std::net::UdpSocket;

use responder_core::answer::Transport;

use crate::batch::{Batch, Wait};
use crate::worker::{Shared, Worker, now_s};

/// Answers until the server stops and nothing waits in the socket any more.
pub(crate) fn serve(socket: &UdpSocket, is_wildcard: bool, shared: &Shared, mut worker: Worker) {
    let mut batch = Batch::new(is_wildcard);
    loop {
        let wait = match shared.is_stopping() {
            true => Wait::No,
            false => Wait::UntilTimeout,
        };
        match batch.receive(socket, wait) {
            Ok(()) => {
                answer_all(&mut batch, shared, &mut worker);
                batch.send(socket);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && wait == Wait::No => return,
            // The timeout, an interruption, or an ICMP error for an earlier reply: the next query may come all the same.
            Err(_) => {}
        }
    }
}

fn answer_all(batch: &mut Batch, shared: &Shared, worker: &mut Worker) {
    let serving = shared.current.load();
    let circumstances = (Transport::Udp, now_s());
    batch.reply_to_each(|packet, source, out| {
        worker.answer(&serving, packet, source, circumstances, out)
    });
}
