//! Why there is no AF_XDP, in words that say what would help.

use std::fmt;
use std::io;

use super::program::MOST_ADDRESSES;

/// The shortest reply that must fit into a frame of any network: 1232 octets behind IPv6 and UDP headers.
pub(super) const LEAST_MTU: u32 = 1280;

/// What was being done when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    FindInterface,
    OpenSocket,
    ReserveMemory,
    MakeRings,
    BindQueue(u32),
    MakeMap,
    Load,
    Attach,
    StartThread,
}

#[derive(Debug)]
enum Cause {
    NoInterface,
    SmallMtu(u32),
    /// None of the addresses is one of this host that frames come for.
    NoAddress,
    TooManyAddresses(usize),
    Assembly(String),
    /// With what the verifier said.
    Refused(io::Error, String),
    System(Step, io::Error),
}

/// AF_XDP cannot be used on an interface. The message says why and what would help.
#[derive(Debug)]
pub struct Unavailable(Box<Cause>);

impl Unavailable {
    pub(super) fn at(step: Step) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::from(Cause::System(step, error))
    }

    pub(super) fn no_interface() -> Self {
        Cause::NoInterface.into()
    }

    pub(super) fn small_mtu(mtu: u32) -> Self {
        Cause::SmallMtu(mtu).into()
    }

    pub(super) fn no_address() -> Self {
        Cause::NoAddress.into()
    }

    pub(super) fn too_many_addresses(count: usize) -> Self {
        Cause::TooManyAddresses(count).into()
    }

    pub(super) fn assembly(error: impl fmt::Display) -> Self {
        Cause::Assembly(error.to_string()).into()
    }

    pub(super) fn refused(error: io::Error, log: String) -> Self {
        Cause::Refused(error, log).into()
    }

    /// Another program or process has the interface, and may let go of it.
    pub(super) fn is_busy(&self) -> bool {
        let Cause::System(Step::Attach | Step::BindQueue(_), error) = &*self.0 else {
            return false;
        };
        matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EEXIST))
    }
}

impl From<Cause> for Unavailable {
    fn from(cause: Cause) -> Self {
        Self(Box::new(cause))
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::NoInterface => write!(f, "there is no Ethernet interface of this name"),
            Cause::SmallMtu(mtu) => {
                write!(f, "its MTU is {mtu}, and at least {LEAST_MTU} is needed")
            }
            Cause::NoAddress => write!(
                f,
                "this host has none of the addresses listened on, other than loopback and link-local ones"
            ),
            Cause::TooManyAddresses(count) => write!(
                f,
                "{count} addresses are too many for the program, which takes {MOST_ADDRESSES}"
            ),
            Cause::Assembly(error) => write!(f, "the program cannot be assembled: {error}"),
            Cause::Refused(error, log) => {
                write!(f, "the kernel refuses the program: {error}\n{log}")
            }
            Cause::System(step, error) => {
                write!(f, "{step}: {error}")?;
                match advice(*step, error) {
                    Some(advice) => write!(f, " ({advice})"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for Unavailable {}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FindInterface => write!(f, "cannot look at the interfaces"),
            Self::OpenSocket => write!(f, "cannot open an AF_XDP socket"),
            Self::ReserveMemory => write!(f, "cannot reserve memory for frames"),
            Self::MakeRings => write!(f, "cannot make the rings of a socket"),
            Self::BindQueue(queue) => write!(f, "cannot bind to receive queue {queue}"),
            Self::MakeMap => write!(f, "cannot make a map of sockets"),
            Self::Load => write!(f, "cannot load the program"),
            Self::Attach => write!(f, "cannot attach the program"),
            Self::StartThread => write!(f, "cannot start a thread"),
        }
    }
}

/// Which right or feature of the kernel is missing.
fn advice(step: Step, error: &io::Error) -> Option<&'static str> {
    let advice = match (step, error.raw_os_error()?) {
        (Step::OpenSocket, libc::EPERM) => "needs CAP_NET_RAW",
        (Step::OpenSocket, libc::EAFNOSUPPORT) => "this kernel has no CONFIG_XDP_SOCKETS",
        (Step::ReserveMemory, libc::ENOBUFS | libc::EPERM) => {
            "needs 4 MiB of locked memory per queue: raise RLIMIT_MEMLOCK, or grant CAP_IPC_LOCK"
        }
        (Step::BindQueue(_), libc::EBUSY) => "another process receives from it",
        (Step::MakeMap | Step::Load, libc::ENOSYS) => "this kernel has no CONFIG_BPF_SYSCALL",
        (Step::MakeMap | Step::Load, libc::EPERM) => "needs CAP_BPF and CAP_NET_ADMIN",
        (Step::Attach, libc::EPERM) => "needs CAP_NET_ADMIN",
        (Step::Attach, libc::EBUSY | libc::EEXIST) => "another XDP program is attached",
        (Step::Attach, libc::EINVAL) => "needs Linux 5.9 or newer",
        _ => return None,
    };
    Some(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(step: Step, error: i32) -> String {
        Unavailable::at(step)(io::Error::from_raw_os_error(error)).to_string()
    }

    #[test]
    fn the_message_names_the_missing_right_or_feature() {
        let cases = [
            (Step::OpenSocket, libc::EPERM, "CAP_NET_RAW"),
            (Step::OpenSocket, libc::EAFNOSUPPORT, "CONFIG_XDP_SOCKETS"),
            (Step::ReserveMemory, libc::ENOBUFS, "RLIMIT_MEMLOCK"),
            (Step::MakeMap, libc::EPERM, "CAP_BPF"),
            (Step::Load, libc::ENOSYS, "CONFIG_BPF_SYSCALL"),
            (Step::Attach, libc::EPERM, "CAP_NET_ADMIN"),
        ];
        for (step, error, missing) in cases {
            assert!(message(step, error).contains(missing), "{step:?}");
        }
    }

    #[test]
    fn only_an_interface_in_use_is_worth_waiting_for() {
        let busy =
            |step, error| Unavailable::at(step)(io::Error::from_raw_os_error(error)).is_busy();
        assert!(busy(Step::BindQueue(0), libc::EBUSY));
        assert!(busy(Step::Attach, libc::EBUSY));
        assert!(!busy(Step::Attach, libc::EPERM));
        assert!(!busy(Step::Load, libc::EBUSY));
    }
}
