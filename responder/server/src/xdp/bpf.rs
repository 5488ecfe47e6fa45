//! The bpf(2) system call: maps, programs and links. All three end with their last descriptor.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::assembler::Instruction;

/// Shown by `bpftool prog` and `bpftool map`, at most 15 octets.
const NAME: [u8; 16] = *b"trafficmgr_dns\0\0";
/// For the verifier's log; ours is far shorter.
const LOG_SIZE: usize = 64 << 10;

/// From the kernel's `bpf.h`.
mod command {
    pub const MAP_CREATE: libc::c_int = 0;
    pub const MAP_UPDATE_ELEM: libc::c_int = 2;
    pub const PROG_LOAD: libc::c_int = 5;
    pub const LINK_CREATE: libc::c_int = 28;
}
const MAP_TYPE_XSKMAP: u32 = 17;
const PROG_TYPE_XDP: u32 = 6;
const ATTACH_TYPE_XDP: u32 = 37;
/// From the kernel's `if_link.h`.
pub(super) const GENERIC: u32 = 1 << 1;
pub(super) const NATIVE: u32 = 1 << 2;

// The parts of `union bpf_attr` that are used, as far as they are used: what lies behind counts as zero.

#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map: u32,
    numa_node: u32,
    map_name: [u8; 16],
}

#[repr(C)]
struct MapUpdate {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct ProgLoad {
    prog_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    expected_attach_type: u32,
}

#[repr(C)]
struct LinkCreate {
    program: u32,
    interface: u32,
    attach_type: u32,
    flags: u32,
}

/// What kinds of structures `bpf` may be called with.
///
/// # Safety
/// `repr(C)`, without padding, and laid out as the part of `union bpf_attr` that `COMMAND` reads. All addresses in it
/// must be valid for the lengths it states while the call lasts.
unsafe trait Attributes {
    const COMMAND: libc::c_int;
}

// SAFETY: as in the kernel's `bpf.h`; holds no address.
unsafe impl Attributes for MapCreate {
    const COMMAND: libc::c_int = command::MAP_CREATE;
}
// SAFETY: as in the kernel's `bpf.h`; made only in `set_socket`, from references to key and value.
unsafe impl Attributes for MapUpdate {
    const COMMAND: libc::c_int = command::MAP_UPDATE_ELEM;
}
// SAFETY: as in the kernel's `bpf.h`; made only in `load_with_log`, from slices and their lengths.
unsafe impl Attributes for ProgLoad {
    const COMMAND: libc::c_int = command::PROG_LOAD;
}
// SAFETY: as in the kernel's `bpf.h`; holds no address.
unsafe impl Attributes for LinkCreate {
    const COMMAND: libc::c_int = command::LINK_CREATE;
}

/// A map from receive queues, below `queues`, to AF_XDP sockets.
pub(super) fn socket_map(queues: u32) -> io::Result<OwnedFd> {
    descriptor(&MapCreate {
        map_type: MAP_TYPE_XSKMAP,
        key_size: 4,
        value_size: 4,
        max_entries: queues,
        map_flags: 0,
        inner_map: 0,
        numa_node: 0,
        map_name: NAME,
    })
}

pub(super) fn set_socket(map: &OwnedFd, queue: u32, socket: BorrowedFd<'_>) -> io::Result<()> {
    let socket = socket.as_raw_fd() as u32;
    let update = MapUpdate {
        map: map.as_raw_fd() as u32,
        padding: 0,
        key: address_of(&queue),
        value: address_of(&socket),
        flags: 0,
    };
    call(&update).map(drop)
}

/// The error comes with what the verifier had to say.
pub(super) fn load(
    program: &[Instruction],
    license: &CStr,
) -> Result<OwnedFd, (io::Error, String)> {
    load_with_log(program, license, &mut []).map_err(|error| {
        let mut log = vec![0; LOG_SIZE];
        let again = load_with_log(program, license, &mut log);
        let end = log.iter().position(|octet| *octet == 0).unwrap_or(LOG_SIZE);
        log.truncate(end);
        (
            again.err().unwrap_or(error),
            String::from_utf8_lossy(&log).into_owned(),
        )
    })
}

/// Runs `program` on the frames that arrive by an interface until the link is closed, or this process ends.
pub(super) fn attach(program: &OwnedFd, interface: u32, mode: u32) -> io::Result<OwnedFd> {
    descriptor(&LinkCreate {
        program: program.as_raw_fd() as u32,
        interface,
        attach_type: ATTACH_TYPE_XDP,
        flags: mode,
    })
}

fn load_with_log(program: &[Instruction], license: &CStr, log: &mut [u8]) -> io::Result<OwnedFd> {
    let has_log = !log.is_empty();
    descriptor(&ProgLoad {
        prog_type: PROG_TYPE_XDP,
        instruction_count: program.len() as u32,
        instructions: program.as_ptr().expose_provenance() as u64,
        license: license.as_ptr().expose_provenance() as u64,
        log_level: has_log.into(),
        log_size: log.len() as u32,
        log: if has_log {
            log.as_mut_ptr().expose_provenance() as u64
        } else {
            0
        },
        kernel_version: 0,
        flags: 0,
        name: NAME,
        interface: 0,
        expected_attach_type: ATTACH_TYPE_XDP,
    })
}

fn descriptor(attributes: &impl Attributes) -> io::Result<OwnedFd> {
    let descriptor = call(attributes)?;
    // SAFETY: the commands that make something return a new descriptor, which is ours alone and closed on exec.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn call<A: Attributes>(attributes: &A) -> io::Result<libc::c_int> {
    // SAFETY: the attributes are laid out as the command reads them, and what they point to is valid (`Attributes`).
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            A::COMMAND,
            &raw const *attributes,
            size_of::<A>(),
        )
    };
    match result {
        0.. => Ok(result as libc::c_int),
        _ => Err(io::Error::last_os_error()),
    }
}

fn address_of<T>(value: &T) -> u64 {
    (&raw const *value).expose_provenance() as u64
}
