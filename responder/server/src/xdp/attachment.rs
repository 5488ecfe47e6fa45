//! The program on an interface, and a socket for each of its receive queues.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use super::bpf;
use super::interface::{self, Interface};
use super::program::{self, MOST_ADDRESSES};
use super::socket::Socket;
use super::unavailable::{LEAST_MTU, Step, Unavailable};

/// Where in the kernel the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the driver, before the kernel has done anything with the frame.
    Native,
    /// In the network stack: any driver can, at the cost of a copy.
    Generic,
}

/// Frames come to the sockets as long as this lives; its end, also by the end of the process, detaches the program.
pub(super) struct Attachment {
    pub mode: Mode,
    _link: OwnedFd,
}

/// Attaches to the interface `name` for those addresses of `listen` that are this host's. The socket of each queue is to
/// be served right away.
pub(super) fn attach(
    name: &str,
    listen: &[SocketAddr],
) -> Result<(Attachment, Vec<Socket>), Unavailable> {
    let interface = Interface::find(name).map_err(Unavailable::at(Step::FindInterface))?;
    let interface = interface.ok_or_else(Unavailable::no_interface)?;
    if interface.mtu < LEAST_MTU {
        return Err(Unavailable::small_mtu(interface.mtu));
    }
    let served = interface::specific(listen).map_err(Unavailable::at(Step::FindInterface))?;
    match served.len() {
        0 => return Err(Unavailable::no_address()),
        count if count > MOST_ADDRESSES => return Err(Unavailable::too_many_addresses(count)),
        _ => {}
    }
    let sockets = (0..interface.receive_queues).map(|queue| Socket::bind(interface.index, queue));
    let sockets = sockets.collect::<Result<Vec<_>, _>>()?;
    let map = map_of(&sockets).map_err(Unavailable::at(Step::MakeMap))?;
    let program = load(&interface, &served, &map)?;
    let (mode, link) = link(&program, interface.index).map_err(Unavailable::at(Step::Attach))?;
    Ok((Attachment { mode, _link: link }, sockets))
}

fn map_of(sockets: &[Socket]) -> io::Result<OwnedFd> {
    let map = bpf::socket_map(sockets.len() as u32)?;
    for (queue, socket) in (0..).zip(sockets) {
        bpf::set_socket(&map, queue, socket.as_fd())?;
    }
    Ok(map)
}

/// The loaded program keeps the map.
fn load(
    interface: &Interface,
    served: &[SocketAddr],
    map: &OwnedFd,
) -> Result<OwnedFd, Unavailable> {
    let program = program::assemble(interface.mac, served, map);
    let program = program.map_err(Unavailable::assembly)?;
    bpf::load(&program, c"Apache-2.0").map_err(|(error, log)| match log.is_empty() {
        true => Unavailable::at(Step::Load)(error),
        false => Unavailable::refused(error, log),
    })
}

/// In the driver if it can. An interface that another program has is not tried a second time.
fn link(program: &OwnedFd, interface: u32) -> io::Result<(Mode, OwnedFd)> {
    match bpf::attach(program, interface, bpf::NATIVE) {
        Ok(link) => Ok((Mode::Native, link)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EEXIST)) => {
            Err(error)
        }
        Err(_) => {
            let link = bpf::attach(program, interface, bpf::GENERIC)?;
            Ok((Mode::Generic, link))
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Generic => "generic",
        })
    }
}
