"""The kinds of probes. A new kind is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from healthchecks.probes.base import Certificate, Outcome, Probe, ProbeError, Target
from healthchecks.probes.dns import DnsProbe
from healthchecks.probes.grpc import GrpcProbe
from healthchecks.probes.http import HttpProbe
from healthchecks.probes.https import HttpsProbe
from healthchecks.probes.icmp import IcmpProbe
from healthchecks.probes.running import open_session, run
from healthchecks.probes.tcp import TcpProbe
from healthchecks.probes.tls import TlsProbe
from healthchecks.probes.udp import UdpProbe

__all__ = [
    "KINDS",
    "Certificate",
    "OptionsError",
    "Outcome",
    "Probe",
    "ProbeError",
    "Target",
    "open_session",
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


class OptionsError(ValueError):
    """A kind that does not exist (`field` is `kind`), or options it does not take (`options`), one message for each."""

    def __init__(self, field: str, messages: list[str]) -> None:
        super().__init__(f"{field}: {'; '.join(messages)}")
        self.field = field
        self.messages = messages


def read_options(kind: str, options: object) -> Probe:
    """The probe that `options`, as kept in a check, describe. Raises OptionsError."""
    if kind not in KINDS:
        raise OptionsError("kind", [f"{kind!r} is not a kind of check: use one of {', '.join(sorted(KINDS))}."])
    if not isinstance(options, Mapping):
        raise OptionsError("options", ["Options are an object of names and values."])
    try:
        return KINDS[kind].model_validate(dict(options))
    except ValidationError as error:
        raise OptionsError("options", [_sentence(dict(problem)) for problem in error.errors()]) from error


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = ".".join(str(part) for part in location) if isinstance(location, tuple) else str(location)
    reason = "no such option" if problem["type"] == "extra_forbidden" else str(problem["msg"])
    return f"{name}: {reason.removeprefix('Value error, ')}"
