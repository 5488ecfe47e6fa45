"""Break-glass orders (P6): an endpoint, pool or site is switched off, or on again, without the control plane.

    fra-1.order       trafficmgr break-glass 1
                      installation: 6f1c2c9e-…
                      serial: 1795248000
                      expires: 2026-12-01T12:00:00Z
                      target: endpoint fra-1
                      state: off
    fra-1.order.sig   64 octets: Ed25519 over the octets of the other file

A text file and a raw signature: any editor and any openssl can make them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from edge.trust.keys import SIGNATURE_OCTETS, PublicKey
from edge.trust.refusal import Reason, RefusedError

HEAD = "trafficmgr break-glass 1"
MAX_ORDER = 4096
MAX_SERIAL = 2**53
FIELDS = ("installation", "serial", "expires", "target", "state")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?|id=[1-9][0-9]{0,9}", re.ASCII)
SERIAL = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class Kind(StrEnum):
    ENDPOINT = "endpoint"
    POOL = "pool"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Target:
    kind: Kind
    name: str
    """Or `id=` and the number of an endpoint or pool, where two teams use one name."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @classmethod
    def read(cls, text: str) -> Target:
        """Raises RefusedError."""
        kind, _, name = text.partition(" ")
        if kind not in list(Kind) or not NAME.fullmatch(name):
            raise _malformed(f"target: {text!r} is none such as 'endpoint fra-1', 'pool web' or 'site ams'")
        if kind == Kind.SITE and name.startswith("id="):
            raise _malformed("target: a site is said by its name")
        return cls(Kind(kind), name)


@dataclass(frozen=True, slots=True)
class Order:
    installation: UUID
    serial: int
    expires: datetime
    target: Target
    is_off: bool
    digest: str = ""
    """Of its octets, where it was read: two orders of one serial are told apart by it."""

    @property
    def octets(self) -> bytes:
        """The file."""
        fields = (
            self.installation,
            self.serial,
            self.expires.strftime(MOMENT),
            self.target,
            "off" if self.is_off else "on",
        )
        lines = (f"{name}: {value}" for name, value in zip(FIELDS, fields, strict=True))
        return "\n".join([HEAD, *lines, ""]).encode()

    @classmethod
    def read(cls, octets: bytes) -> Order:
        """Raises RefusedError naming the line."""
        fields = _fields(octets)
        if not SERIAL.fullmatch(fields["serial"]) or int(fields["serial"]) > MAX_SERIAL:
            raise _malformed(f"serial: {fields['serial']!r} is no number from 1 to {MAX_SERIAL}")
        if fields["state"] not in ("on", "off"):
            raise _malformed("state: say on or off")
        order = cls(
            _installation(fields["installation"]),
            int(fields["serial"]),
            _moment(fields["expires"]),
            Target.read(fields["target"]),
            fields["state"] == "off",
            hashlib.sha256(octets).hexdigest(),
        )
        if order.octets.removesuffix(b"\n") != octets.removesuffix(b"\n"):
            raise _malformed(f"write it out as {order.octets.decode()!r}")
        return order


def verified(octets: bytes, signature: bytes, installation: UUID, signers: Mapping[str, PublicKey]) -> Order:
    """The order that one of `signers` has signed for this installation. Raises RefusedError."""
    is_whole = len(signature) == SIGNATURE_OCTETS
    if not (is_whole and any(key.has_signed(octets, signature) for key in signers.values())):
        raise RefusedError(Reason.ORDER, "no key that may sign orders has signed it")
    order = Order.read(octets)
    if order.installation != installation:
        raise RefusedError(Reason.ORDER, f"it is of installation {order.installation}, this node of {installation}")
    return order


def _fields(octets: bytes) -> dict[str, str]:
    if len(octets) > MAX_ORDER:
        raise _malformed(f"it is longer than {MAX_ORDER} octets")
    try:
        head, *lines = octets.decode("ascii").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed("it is not ASCII") from error
    if head != HEAD:
        raise _malformed(f"its first line is not {HEAD!r}")
    names = [line.partition(": ")[0] for line in lines]
    if names != list(FIELDS):
        raise _malformed(f"it has exactly the lines {', '.join(FIELDS)}, in that order")
    return {name: line.partition(": ")[2] for name, line in zip(names, lines, strict=True)}


def _installation(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _malformed(f"installation: {text!r} is no UUID: trafficmgr key list says it") from error


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _malformed(f"expires: {text!r} is no moment such as 2026-12-01T12:00:00Z") from error


def _malformed(what: str) -> RefusedError:
    return RefusedError(Reason.ORDER, f"it is malformed: {what}")
