"""ICMP: an echo request and its reply (RFC 792, RFC 4443 section 4).

Needs no privilege where `net.ipv4.ping_group_range` holds the group of the worker, of both families; else CAP_NET_RAW.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from dataclasses import dataclass

from healthchecks.probes.base import OwnFaultError, Peer, Probe, Seen

HEADER = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number."""

TOKEN_OCTETS = 32
"""Random, and returned in the reply: the kernel gives a datagram socket an identifier of its own."""

MAX_REPLY = 1500


@dataclass(frozen=True, slots=True)
class Version:
    family: socket.AddressFamily
    protocol: int
    request: int
    reply: int


VERSION_4 = Version(socket.AF_INET, socket.IPPROTO_ICMP, 8, 0)
VERSION_6 = Version(socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129)


class IcmpProbe(Probe):
    async def attempt(self, peer: Peer) -> Seen:
        loop, version = asyncio.get_running_loop(), VERSION_6 if ":" in peer.address else VERSION_4
        token = secrets.token_bytes(TOKEN_OCTETS)
        with _open(version) as connection:
            connection.setblocking(False)
            connection.connect((peer.address, 0))
            connection.send(_echo(version.request, token))
            while not is_reply(version, await loop.sock_recv(connection, MAX_REPLY), token):
                pass
        return Seen("echo reply")


def _open(version: Version) -> socket.socket:
    try:
        return socket.socket(version.family, socket.SOCK_DGRAM, version.protocol)
    except PermissionError:
        return _open_raw(version)


def _open_raw(version: Version) -> socket.socket:
    try:
        return socket.socket(version.family, socket.SOCK_RAW, version.protocol)
    except PermissionError as error:
        raise OwnFaultError(
            "this worker may not send ICMP: have net.ipv4.ping_group_range hold its group, or give it CAP_NET_RAW"
        ) from error


def _echo(type_: int, token: bytes) -> bytes:
    """The kernel sets the checksum of version 6 and, of a datagram socket, that of version 4."""
    identifier = int.from_bytes(token[:2])
    unsigned = HEADER.pack(type_, 0, 0, identifier, 1) + token
    return HEADER.pack(type_, 0, _checksum(unsigned), identifier, 1) + token


def _checksum(octets: bytes) -> int:
    """RFC 1071; of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def is_reply(version: Version, packet: bytes, token: bytes) -> bool:
    """A raw socket of version 4 shows the IP header, and every raw one what else comes from there."""
    if version is VERSION_4 and packet[:1] and packet[0] >> 4 == 4:
        packet = packet[(packet[0] & 0xF) * 4 :]
    return packet[:1] == bytes([version.reply]) and packet[HEADER.size :] == token
