"""What an edge node reports. It comes over the network: nothing in it is believed before it is read here."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from telemetry.rum.clients import prefix_of

MAX_COUNTS = 10_000
MAX_HANDSHAKES = 1000
MAX_NETWORK = 2**32 - 1
MAX_ID = 2**31 - 1
MAX_NUMBER = 2**63 - 1
MAX_REASONS = 32
MAX_ORDERS = 100
MAX_SENTENCE = 500
MAX_FEED = 300
MAX_RELAYS = 100
MAX_BOUNDS = 100


def _cut(prefix: str) -> str:
    """Raises ClientError, which is a ValueError; its message never holds what was sent."""
    if prefix_of(prefix) != prefix:
        raise ValueError("A client is the first address of its /24 or /48.")
    return prefix


Id = Annotated[int, Field(ge=0, le=MAX_ID)]
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]
Seconds = Annotated[float, Field(ge=0, le=1e12)]
CountedNumber = Annotated[int, Field(ge=1, le=10**12)]
Prefix = Annotated[str, StringConstraints(max_length=39), AfterValidator(_cut)]
STORABLE = r"^[^\x00]*$"
"""Text that PostgreSQL takes."""


class Untrusted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Count(Untrusted):
    """Answers of one kind since the last acknowledged report (responder.AnswerCount)."""

    policy: Id
    endpoint: Id
    country: Country
    rcode: Annotated[int, Field(ge=0, le=4095)]
    explored: bool = False
    count: CountedNumber


class NetworkCount(Untrusted):
    """Answers of a policy to the clients of a network since the last acknowledged report (responder.NetworkCount)."""

    policy: Id
    network: Annotated[int, Field(ge=0, le=MAX_NETWORK)]
    count: CountedNumber


class ShadowCount(Untrusted):
    """Answers that a shadow was tried on since the last acknowledged report (responder.ShadowCount)."""

    shadow: Id
    country: Country
    endpoint: Id
    shadow_endpoint: Id
    count: CountedNumber


class Handshake(Untrusted):
    """How long the TCP handshake of a client of a network took (responder.Handshake)."""

    client: Prefix
    rtt_us: Annotated[int, Field(ge=1, le=2**32 - 1)]
    measured_s: Number


Reason = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,20}$")]
Order = Annotated[str, StringConstraints(pattern=r"^(endpoint|pool|site) [a-z0-9=-]{1,63}$")]


class Standing(Untrusted):
    """Whom a node trusts, what it refused since it started, and what break-glass orders have switched off there."""

    latency_sequence: Number
    trust_version: Number
    refusals: Annotated[dict[Reason, Number], Field(max_length=MAX_REASONS)]
    last_refusal: Annotated[str, StringConstraints(max_length=MAX_SENTENCE, pattern=STORABLE)]
    orders: Annotated[list[Order], Field(max_length=MAX_ORDERS)]
    switched_off: Annotated[list[Id], Field(max_length=MAX_COUNTS)]


AnswerTimes = tuple[Number, CountedNumber]
"""An upper bound in ns (0: beyond every bound), and how many answers took that long, but longer than the one before."""


class Condition(BaseModel):
    """How a node is, of no consequence to what is counted. What a later release adds is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    uptime_s: Seconds
    health_age_s: Seconds | None = None
    feed: Annotated[str, StringConstraints(max_length=MAX_FEED, pattern=STORABLE)] = ""
    relays: Annotated[int, Field(ge=0, le=MAX_RELAYS)] = 0
    answer_times: Annotated[list[AnswerTimes], Field(max_length=MAX_BOUNDS)] = []


class Report(Untrusted):
    """(boot_id, sequence) names a report: sent again, it is the same one and counts once."""

    boot_id: Annotated[UUID, Field(strict=False)]
    sequence: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    generation: Number
    health_sequence: Number
    version: Annotated[str, StringConstraints(max_length=40, pattern=STORABLE)]
    queries: Number
    answers: Annotated[list[Count], Field(max_length=MAX_COUNTS)]
    networks: Annotated[list[NetworkCount], Field(max_length=MAX_COUNTS)] = []
    shadows: Annotated[list[ShadowCount], Field(max_length=MAX_COUNTS)] = []
    handshakes: Annotated[list[Handshake], Field(max_length=MAX_HANDSHAKES)] = []
    standing: Standing | None = None
    condition: Condition | None = None
