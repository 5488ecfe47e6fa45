"""Which beacons are believed. No clock, no chance, no database: all of it is handed in.

A beacon counts in the window it was measured in, not in that of its arrival, as long as it is not LATE_S old; what is
imported, LATE_IMPORT_S. It counts once: `identity` is a function of what the sender cannot vary, so a copy of it has
the same, and copies that come too late to be remembered are late or expired.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from common.special_addresses import is_special
from telemetry.buckets import BUCKET_S
from telemetry.report import Report
from telemetry.rum.beacon import MAX_NAMED_ERRORS, FieldError, Imported, OwnBeacon, SignedBeacon
from telemetry.rum.token import Token, TokenError, read_token

LATE_S = 600
LATE_IMPORT_S = 23 * 3600
"""Imported measurements come from files and archives. Their windows are kept for a day."""
AHEAD_S = 10
"""How far the clock of an application may be ahead of ours."""
VANTAGE_EVERY_S = 60
"""How often a vantage counts, however many workers measure for its network: a voice beside those of users."""
LOWEST_RTT_MS, HIGHEST_RTT_MS = 0.05, 10_000.0
"""Below: nothing is that near. Above: a request that hung, which says nothing about the way."""
MAX_COUNT = 100
"""Beacons of one prefix about one endpoint in one window: more tell nothing new, and may be made up."""


class Reason(StrEnum):
    """Why a well-formed beacon does not count."""

    AHEAD = "ahead"
    CAPPED = "capped"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    FORGED = "forged"
    LATE = "late"
    OUTLIER = "outlier"
    UNKNOWN_ENDPOINT = "unknown_endpoint"


MESSAGES = {
    Reason.AHEAD: ("measured_s", f"It is more than {AHEAD_S} s ahead: set the clock of the sender."),
    Reason.LATE: ("measured_s", f"It is more than {LATE_S} s old: send sooner."),
    Reason.OUTLIER: ("rtt_ms", f"A round trip is between {LOWEST_RTT_MS} and {HIGHEST_RTT_MS:,.0f} ms."),
    Reason.UNKNOWN_ENDPOINT: ("endpoint", "There is no such endpoint, or the token is not about it."),
}
LATE_IMPORT = f"It is more than {LATE_IMPORT_S // 3600} h old."
NO_TARGET = "No endpoint has this name, address or host name, or more than one has."


class Observation(NamedTuple):
    """A believed beacon. `seen_s` and `identity` name it; the windows begin at `window_s`, in seconds since 1970."""

    seen_s: int
    identity: int
    window_s: int
    prefix: str
    endpoint_id: int
    rtt_ms: float


@dataclass(slots=True)
class Judged:
    """What is believed of a batch, and of the rest why not; `errors` name the first few."""

    observations: list[Observation] = field(default_factory=list)
    refused: Counter[Reason] = field(default_factory=Counter)
    errors: list[FieldError] = field(default_factory=list)

    def refuse(self, item: int, reason: Reason, column: str | None = None, message: str | None = None) -> None:
        self.refused[reason] += 1
        if len(self.errors) < MAX_NAMED_ERRORS:
            known = MESSAGES.get(reason, ("", ""))
            self.errors.append({"field": f"{item}.{column or known[0]}", "message": message or known[1]})


def judge_signed(beacons: Sequence[SignedBeacon], key: bytes, prefix: str, now_s: float) -> Judged:
    """Beacons that a browser of `prefix` sent at `now_s`."""
    judged, tokens = Judged(), dict[str, Token | TokenError]()
    for item, beacon in enumerate(beacons):
        text = beacon["token"]
        token = tokens[text] if text in tokens else tokens.setdefault(text, _token(text, key, prefix, now_s))
        measured_s, endpoint_id = now_s - beacon["age_ms"] / 1000, beacon["endpoint"]
        if isinstance(token, TokenError):
            judged.refuse(item, Reason(token.reason), "token", str(token))
        elif endpoint_id not in token.endpoint_ids:
            judged.refuse(item, Reason.UNKNOWN_ENDPOINT)
        elif reason := _reason_against(beacon["rtt_ms"], measured_s, now_s):
            judged.refuse(item, reason, "age_ms" if reason is Reason.LATE else None)
        else:
            identity = _identity(b"token", token.nonce, endpoint_id)
            seen_s, window_s = _window_s(token.expires_s), _window_s(measured_s)
            judged.observations.append(Observation(seen_s, identity, window_s, prefix, endpoint_id, beacon["rtt_ms"]))
    return judged


def judge_own(beacons: Sequence[OwnBeacon], team_id: int, endpoint_ids: Mapping[str, int], now_s: float) -> Judged:
    """Beacons that an application of a team sent at `now_s`; `endpoint_ids` are those of the team, by name."""
    judged = Judged()
    for item, beacon in enumerate(beacons):
        rtt_ms, measured_s = beacon["rtt_ms"], beacon["measured_s"]
        endpoint_id = endpoint_ids.get(beacon["endpoint"])
        if endpoint_id is None:
            judged.refuse(item, Reason.UNKNOWN_ENDPOINT)
        elif reason := _reason_against(rtt_ms, measured_s, now_s):
            judged.refuse(item, reason)
        else:
            identity = _identity(b"own", beacon["id"].encode(), team_id)
            window_s = _window_s(measured_s)
            judged.observations.append(Observation(window_s, identity, window_s, beacon["client"], endpoint_id, rtt_ms))
    return judged


def judge_imported(
    measurements: Sequence[Imported], team_id: int, endpoint_ids: Mapping[str, int], now_s: float
) -> Judged:
    """Measurements of a file that a team sent at `now_s`; `endpoint_ids` by whatever a target may be called.

    What a measurement says is its identity: the same file sent again counts once.
    """
    judged = Judged()
    for item, measurement in enumerate(measurements):
        rtt_ms, measured_s, prefix = measurement["rtt_ms"], measurement["measured_s"], measurement["client"]
        endpoint_id = endpoint_ids.get(measurement["target"])
        if endpoint_id is None:
            judged.refuse(item, Reason.UNKNOWN_ENDPOINT, "target", NO_TARGET)
        elif reason := _reason_against(rtt_ms, measured_s, now_s, LATE_IMPORT_S):
            judged.refuse(item, reason, None, LATE_IMPORT if reason is Reason.LATE else None)
        else:
            content = f"{team_id} {prefix} {measured_s!r} {rtt_ms!r}"
            window_s = _window_s(measured_s)
            seen_s = window_s + LATE_IMPORT_S - LATE_S  # so that copies are remembered for as long as they are believed
            identity = _identity(b"imported", content.encode(), endpoint_id)
            judged.observations.append(Observation(seen_s, identity, window_s, prefix, endpoint_id, rtt_ms))
    return judged


def judge_handshakes(prefix: str, rtts_ms: Mapping[int, float], now_s: float) -> Judged:
    """Round trips that one of our own has measured at `now_s` from a network, by endpoint: one a minute counts."""
    judged, window_s = Judged(), _window_s(now_s)
    for item, (endpoint_id, rtt_ms) in enumerate(rtts_ms.items()):
        if reason := _reason_against(rtt_ms, now_s, now_s):
            judged.refuse(item, reason)
        else:
            seen_s = int(now_s) // VANTAGE_EVERY_S * VANTAGE_EVERY_S
            identity = _identity(b"vantage", prefix.encode(), endpoint_id)
            judged.observations.append(Observation(seen_s, identity, window_s, prefix, endpoint_id, rtt_ms))
    return judged


def judge_seen(report: Report, endpoint_id: int | None, now_s: float, *, allow_private: bool) -> Judged:
    """Handshakes that an edge reported at `now_s`. None: there is no endpoint where it is.

    Clients of networks that are not public are left out unless `allow_private`. Place and name of the report are their
    identity: the same one sent again counts once.
    """
    judged, name = Judged(), b"%b\0%d" % (report.boot_id.bytes, report.sequence)
    for item, handshake in enumerate(report.handshakes):
        rtt_ms, measured_s, prefix = handshake.rtt_us / 1000, handshake.measured_s, handshake.client
        if is_special(prefix) and not allow_private:
            continue
        if endpoint_id is None:
            judged.refuse(item, Reason.UNKNOWN_ENDPOINT)
        elif reason := _reason_against(rtt_ms, measured_s, now_s):
            judged.refuse(item, reason)
        else:
            window_s = _window_s(measured_s)
            identity = _identity(b"edge", name, item)
            judged.observations.append(Observation(window_s, identity, window_s, prefix, endpoint_id, rtt_ms))
    return judged


def _token(text: str, key: bytes, prefix: str, now_s: float) -> Token | TokenError:
    try:
        return read_token(text, key, prefix, now_s)
    except TokenError as error:
        return error


def _reason_against(rtt_ms: float, measured_s: float, now_s: float, late_s: float = LATE_S) -> Reason | None:
    if not LOWEST_RTT_MS <= rtt_ms <= HIGHEST_RTT_MS:
        return Reason.OUTLIER
    if measured_s < now_s - late_s:
        return Reason.LATE
    return Reason.AHEAD if measured_s > now_s + AHEAD_S else None


def _window_s(moment_s: float) -> int:
    second = int(moment_s)
    return second - second % BUCKET_S


def _identity(kind: bytes, name: bytes, number: int) -> int:
    """64 bits of a digest, as a bigint: among 20,000,000 remembered ones, one in 10^12 new ones is taken for a copy."""
    digest = hashlib.blake2b(b"%b\0%d\0%b" % (kind, number, name), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
