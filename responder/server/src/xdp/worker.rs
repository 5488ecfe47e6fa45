//! The worker of one receive queue: frames in, the same frames out.

use std::io::PipeReader;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use responder_core::answer::Transport;
use responder_core::frame::Datagram;

use super::socket::Socket;
use crate::serving::Serving;
use crate::worker::{Shared, Worker, now_ms};

/// What the kernel had no memory to send is tried again so soon, and what it has sent is taken back.
const RESEND_MS: libc::c_int = 1;
/// Rounds of the last sending, each of which the kernel uses to send what it can.
const LAST_SENDS: usize = 1000;

/// Answers until the other end of `stop` is closed, and then what has been received by then.
pub(super) fn serve(mut socket: Socket, stop: &PipeReader, shared: &Shared, mut worker: Worker) {
    loop {
        let is_over = match socket.waiting() {
            0 => wait(&socket, stop.as_fd()),
            _ => false,
        };
        answer_batch(&mut socket, shared, &mut worker);
        if is_over && socket.waiting() == 0 {
            break;
        }
    }
    for _ in 0..LAST_SENDS {
        if !socket.has_unsent() {
            break;
        }
        socket.send();
    }
}

fn answer_batch(socket: &mut Socket, shared: &Shared, worker: &mut Worker) {
    let running = worker.stopwatch.start(socket.waiting());
    let serving = shared.current.load();
    let now_ms = now_ms();
    let queries =
        socket.answer_each(|frame, length| answer(worker, &serving, now_ms, frame, length));
    socket.send();
    if let Some(running) = running {
        running.stop(worker.latency(), queries as u64);
    }
}

/// `None`: there is to be no reply.
fn answer(
    worker: &mut Worker,
    serving: &Serving,
    now_ms: u64,
    frame: &mut [u8],
    length: usize,
) -> Option<usize> {
    let datagram = Datagram::find(frame.get(..length)?)?;
    let message = (datagram.payload(frame), datagram.length);
    let circumstances = (Transport::Udp, now_ms);
    let reply = worker.answer(serving, message, datagram.source, circumstances, || None)?;
    datagram.turn_round(frame, reply)
}

/// Waits for a frame; true: `stop` was closed, and frames may have come too.
fn wait(socket: &Socket, stop: BorrowedFd<'_>) -> bool {
    let timeout_ms = match socket.has_unsent() || socket.lacks_frames() {
        true => RESEND_MS,
        false => -1,
    };
    let mut waited_for = [socket.as_fd(), stop].map(|descriptor| libc::pollfd {
        fd: descriptor.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: an array of two entries with open descriptors, borrowed mutably for the call.
    let ready = unsafe { libc::poll(waited_for.as_mut_ptr(), 2, timeout_ms) };
    let [_, stop] = waited_for;
    ready > 0 && stop.revents != 0
}
