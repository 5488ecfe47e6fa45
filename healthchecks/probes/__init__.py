"""The kinds of probes. A new kind is one file and one line here."""

from __future__ import annotations

from healthchecks.options import OptionsError, options_of
from healthchecks.probes.base import Certificate, Dialogue, Outcome, Peer, Probe, ProbeError, Target
from healthchecks.probes.dns import DnsProbe
from healthchecks.probes.grpc import GrpcProbe
from healthchecks.probes.http import HttpProbe
from healthchecks.probes.https import HttpsProbe
from healthchecks.probes.icmp import IcmpProbe
from healthchecks.probes.running import run
from healthchecks.probes.tcp import TcpProbe
from healthchecks.probes.tls import TlsProbe
from healthchecks.probes.udp import UdpProbe

__all__ = [
    "KINDS",
    "Certificate",
    "Dialogue",
    "OptionsError",
    "Outcome",
    "Peer",
    "Probe",
    "ProbeError",
    "Target",
    "read_options",
    "run",
]

KINDS: dict[str, type[Probe]] = {
    "http": HttpProbe,
    "https": HttpsProbe,
    "tcp": TcpProbe,
    "tls": TlsProbe,
    "udp": UdpProbe,
    "icmp": IcmpProbe,
    "dns": DnsProbe,
    "grpc": GrpcProbe,
}


def read_options(kind: str, options: object) -> Probe:
    """The probe that `options`, as kept in a check, describe. Raises OptionsError."""
    return options_of(KINDS, kind, options)
