//! Sends every datagram back: what the kernel takes of any UDP server that works in batches.
//!
//!     udp-echo ADDRESS:PORT

use std::error::Error;
use std::net::UdpSocket;

use responder_bench::datagrams::{Batch, Wait};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: udp-echo ADDRESS:PORT")?;
    let socket = UdpSocket::bind(address)?;
    println!("ready {}", socket.local_addr()?);
    let mut batch = Batch::default();
    loop {
        batch.receive(&socket, Wait::ForOne)?;
        batch.send_back(&socket)?;
    }
}
