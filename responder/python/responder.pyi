"""The authoritative DNS responder: one `answer()` that serves, explains and is tested.

Everything here is a thin door to the Rust crate `responder-core`; see `docs/snapshot-format.md` for the formats.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict, final

__all__ = [
    "Dnstap",
    "Health",
    "LatencyMap",
    "LatencyMapError",
    "Manifest",
    "Server",
    "Settings",
    "Snapshot",
    "SnapshotError",
    "choose",
    "countries",
    "explain",
    "latency_bounds_ns",
    "replay",
    "respond",
]

State: TypeAlias = Literal["up", "down", "unknown"]
Family: TypeAlias = Literal[0, 4, 6]

class SnapshotError(ValueError):
    """A manifest or chunk that must not be served. The message names the zone, chunk or field."""

@final
class Manifest:
    """Which chunks make up a generation (docs/snapshot-format.md). Immutable."""

    def __new__(cls, octets: bytes) -> Manifest:
        """Raises SnapshotError for what is no manifest, or one of an unknown format. The message names the field."""

    @property
    def octets(self) -> bytes:
        """Exactly those given."""

    @property
    def generation(self) -> int: ...
    @property
    def created(self) -> str:
        """When, in the control plane's words."""

    @property
    def digests(self) -> frozenset[str]:
        """Those of the chunks that it names itself, as 64 hexadecimal digits; zones may be named by zone lists."""

    @property
    def lists(self) -> frozenset[str]:
        """Those of the zone lists; none in a manifest of format 1."""

    def missing_from(self, snapshot: Snapshot | None, chunks: Mapping[str, bytes] | None = None) -> frozenset[str]:
        """Those of the chunks that `snapshot` does not share with this generation; None: of all chunks.

        Of zone lists that are not in `chunks`, which maps digest to bytes, only their own. So all is known once what is
        missing is in `chunks`:

            while missing := manifest.missing_from(snapshot, chunks) - chunks.keys():
                chunks |= fetched(missing)

        Raises SnapshotError for a zone list that has another digest or that nothing can be read from.
        """

@final
class Snapshot:
    """An immutable, verified world: zones, policies and geo data of one generation."""

    @staticmethod
    def open(manifest: Manifest, chunks: Mapping[str, bytes], previous: Snapshot | None = None) -> Snapshot:
        """Verify and open a snapshot.

        `chunks` maps digest to bytes and must hold those `manifest.missing_from(previous, chunks)`: what did not change
        is shared with `previous`, not parsed again.

        Raises SnapshotError for a chunk that is missing or has another digest, or anything rule P3 refuses.
        """

    @property
    def generation(self) -> int: ...
    def missing_from(self, other: Snapshot) -> frozenset[str]:
        """Digests of the chunks that this one is made of and `other` is not; zone lists are among them."""

    @property
    def origins(self) -> list[str]:
        """Origins of all zones, lower case, with the final dot, sorted."""

    @property
    def policies(self) -> dict[int, str]:
        """Names of policies by id."""

    @property
    def endpoints(self) -> dict[int, str]:
        """Names of endpoints by id."""

    @property
    def pools(self) -> dict[int, tuple[str, list[int]]]:
        """Name and ids of endpoints of each pool by its id."""

    @property
    def steered(self) -> list[tuple[str, str, str, int]]:
        """Zone, owner, type and policy's id of every record set that a policy answers."""

    def loss(self, origin: str, after: Snapshot) -> tuple[int, int]:
        """How many record sets a zone has here, and how many of them it has not in `after`; 0 without the zone."""

    def locate(self, prefixes: Sequence[str]) -> list[tuple[int | None, str | None, float | None, float | None]]:
        """Autonomous system, country, degrees north and degrees east of addresses or the first ones of prefixes.

        None: the geo data does not say. Raises ValueError for what is neither.
        """

@final
class Health:
    """Health and load of all endpoints at one sequence number. Immutable.

    A load is an endpoint's id, the share of its capacity (None: it is forgotten), when it was measured (Unix time), and
    for how many seconds from then on it counts. An endpoint that is failing is not down yet, but may soon be (S14):
    while it is, policies with it answer with their lowest TTL. Views are what vantages say of an endpoint while they
    disagree: the region of each, and whether the endpoint is up from there; no views: they agree again.
    """

    def __new__(
        cls,
        sequence: int = 0,
        states: Sequence[tuple[int, Family, State]] = (),
        loads: Sequence[tuple[int, float | None, int, int]] = (),
        failing: Sequence[tuple[int, Family, bool]] = (),
        views: Sequence[tuple[int, Family, Sequence[tuple[int, bool]]]] = (),
    ) -> Health: ...
    @property
    def sequence(self) -> int: ...
    @property
    def states(self) -> list[tuple[int, Family, State]]:
        """Every known state, sorted by endpoint id and family."""

    @property
    def loads(self) -> list[tuple[int, float, int, int]]:
        """Every known load, sorted by endpoint id; shares in thousandths."""

    @property
    def failing(self) -> list[tuple[int, Family, bool]]:
        """Who is failing, sorted by endpoint id and family; always with True."""

    @property
    def views(self) -> list[tuple[int, Family, list[tuple[int, bool]]]]:
        """Whom vantages see differently, sorted by endpoint id and family."""

    def apply(
        self,
        sequence: int,
        states: Sequence[tuple[int, Family, State]],
        loads: Sequence[tuple[int, float | None, int, int]] = (),
        failing: Sequence[tuple[int, Family, bool]] = (),
        views: Sequence[tuple[int, Family, Sequence[tuple[int, bool]]]] = (),
    ) -> Health:
        """The health after the delta numbered `sequence`. Raises ValueError unless it is exactly the next one."""

class LatencyMapError(ValueError):
    """A message that is malformed, not newer, or a delta to another map."""

@final
class LatencyMap:
    """How far regions are from clients, at one sequence number (docs/snapshot-format.md). Immutable."""

    def __new__(cls) -> LatencyMap:
        """The one of which nothing is known but distance: its sequence is 0."""

    @property
    def sequence(self) -> int: ...
    @property
    def made_s(self) -> int:
        """Unix seconds: what was measured until then is in it."""

    @property
    def rows(self) -> int:
        """Client prefixes with estimates of their own."""

    @property
    def octets(self) -> int:
        """The memory that rows and their index take."""

    def apply(self, message: bytes) -> LatencyMap:
        """The map that a message leads to. Raises LatencyMapError."""

class AnswerCount(TypedDict):
    policy: int  # 0: static data
    endpoint: int  # first endpoint of the answer; 0: none
    country: str  # ISO 3166-1 alpha-2 of the client, "" unknown; only filled for steered answers
    rcode: int
    explored: bool  # the client was sent elsewhere than to the best, to learn about it
    count: int

class TcpCounts(TypedDict):
    open: int  # connections at this moment
    buffered_octets: int  # what they keep in memory at this moment
    refused: int  # connections not let in: too many of one client, or too many in all
    cut_off: int  # connections closed in the middle: too slow in asking or in listening, or holding too much
    handshakes: int  # round trips that were kept for take_handshakes()
    handshakes_left_out: int  # those that were not: one of the same client network waits already, or 256 of any do

class Handshake(TypedDict):
    """How long the handshake of a TCP connection took, as the kernel has measured it (TCP_INFO)."""

    client: str  # first address of the client's /24 or /48
    rtt_us: int
    measured_s: int  # Unix time

class NetworkCount(TypedDict):
    policy: int
    network: int  # autonomous system of the client; 0: too many to count each
    count: int  # of steered answers; clients of unknown networks are not in any

class ShadowCount(TypedDict):
    """Answers that a shadow was tried on."""

    shadow: int  # its id in the policy chunk
    country: str  # as in AnswerCount; "" as well if there are too many to count each
    endpoint: int  # the first that was answered; 0: none
    shadow_endpoint: int  # the first that the shadow would have answered; 0: none
    count: int

class ListenerCount(TypedDict):
    address: str | None  # as in Server.addresses; None: "xdp", for all of them together
    transport: Literal["udp", "tcp", "xdp"]
    queries: int
    dropped: int
    latency: list[int]  # queries by time from arrival to reply, within each bucket of latency_bounds_ns and beyond
    latency_sum_ns: int

class DnstapCount(TypedDict):
    sent: int  # sampled queries handed to the collector's connection, with their answers
    lost: int  # sampled queries that were not: no collector, or one too slow

class Counters(TypedDict):
    """Cumulative since the server started."""

    queries: int  # datagrams and TCP messages received
    dropped: int  # of these: not answered at all (not a DNS query, a response, too short)
    withheld: int  # of these: answers that the rate limit kept back
    slipped: int  # of the answers: those that the rate limit cut short
    answers: list[AnswerCount]
    networks: list[NetworkCount]  # empty without an ASN file
    shadows: list[ShadowCount]  # empty while no policy has a shadow
    listeners: list[ListenerCount]  # one for each address and transport
    dnstap: DnstapCount
    tcp: TcpCounts

class Limits(TypedDict, total=False):
    """Bounds on what strangers may take of a server. `docs/responder.md` says why each default is what it is."""

    connections: int  # TCP connections over all addresses
    connections_per_client: int  # of these, from one IPv4 /24 or IPv6 /56
    idle_timeout_s: float  # with nothing under way
    query_timeout_s: float  # from a query's first octet to its last
    reply_timeout_s: float  # until the peer has taken the replies that wait for it
    lifetime_s: float  # of a connection that is never idle
    buffered_octets: int  # that all connections together keep
    responses_per_s: (
        int  # over UDP to one client prefix about one name, and about what does not exist in one zone; 0: no limit
    )
    slip: int  # every so many limited replies one is sent truncated; 0: none
    exempt: Sequence[str]  # address blocks that are never limited

@final
class Dnstap:
    """What a server taps as dnstap messages AUTH_QUERY and AUTH_RESPONSE, and where it sends them."""

    def __new__(cls, collector: str, *, sample: int = 100, identity: str = "", version: str = "") -> Dnstap:
        """`collector`: `unix:/path` or `tcp:host:port`, speaking Frame Streams. `sample`: one in so many queries.

        Raises ValueError naming the argument that is malformed.
        """

@final
class Settings:
    """How a server speaks the protocol, whatever it serves. Immutable."""

    def __new__(
        cls,
        *,
        nsid: bytes = b"",
        cookie_secrets: Sequence[bytes] = (),
        version: str = "",
        identity: str = "",
        stale: bool = False,
    ) -> Settings:
        """Everything is off by default.

        `nsid`: which server this is, for who asks (RFC 5001); at most 128 octets.
        `cookie_secrets`: 16 octets each, the same on every edge (RFC 9018). The first signs, all of them verify.
        `version`: what `version.bind` and `version.server` of class CH are answered with; at most 255 octets.
        `identity`: the same for `id.server` and `hostname.bind` (RFC 4892).
        `stale`: the snapshot is older than it should be, which answers say as an extended error (RFC 8914).
        Raises ValueError naming the argument that does not fit.
        """

@final
class Server:
    """UDP and TCP listeners answering from memory, one worker thread per core. The packet path never takes the GIL."""

    def __new__(
        cls,
        listen: Sequence[str],
        snapshot: Snapshot,
        health: Health | None = None,
        *,
        latency: LatencyMap | None = None,
        workers: int | None = None,
        inherited: Sequence[int] | None = None,
        limits: Limits | None = None,
        dnstap: Dnstap | None = None,
        settings: Settings | None = None,
        switched_off: frozenset[int] = ...,
    ) -> Server:
        """Bind every `address:port` of `listen` over UDP and TCP and start answering.

        `workers`: threads per address, default one per core. Port 0 picks a free port (see `addresses`).
        `dnstap`: answering never waits for its collector, which may come and go.
        `inherited`: descriptors of another server (its `filenos`), duplicated here. Those bound to an address of
        `listen` are used, all of them even if they are more than `workers`, and no queued datagram is lost.
        `limits`: those that shall differ from their defaults. `settings`: how to speak DNS.
        `switched_off`: as for `set_switched_off`.
        Raises OSError naming the address that could not be bound, ValueError naming a descriptor that is no UDP socket
        and no TCP listener, or a limit that is not known.
        """

    @property
    def addresses(self) -> list[str]:
        """The bound `address:port`s, in the order of `listen`."""

    @property
    def receive_buffer(self) -> tuple[int, int] | None:
        """Octets of datagrams that can wait at the UDP socket that got least, and how many it should get.

        None: it listens nowhere.
        """

    def use_xdp(self, interface: str) -> None:
        """Answer what arrives by `interface` over AF_XDP from now on, if that can be had (docs/xdp.md).

        Never raises: `xdp` says what has come of it, and sockets answer whatever AF_XDP does not.
        """

    @property
    def xdp(self) -> tuple[Literal["answering", "waiting", "unavailable"], str] | None:
        """What has come of `use_xdp`, and a sentence for people; None: not asked for.

        "waiting": another process has the interface, which is asked for again twice a second.
        """

    def swap(self, snapshot: Snapshot) -> None:
        """Serve `snapshot` from the next query on, atomically. Raises SnapshotError if its generation is lower (P1)."""

    def set_health(self, health: Health) -> None:
        """Use `health` from the next query on, atomically."""

    def set_latency(self, latency: LatencyMap) -> None:
        """Use `latency` from the next query on, atomically."""

    def set_switched_off(self, endpoints: frozenset[int]) -> None:
        """Answer without the endpoints of these ids from the next query on, atomically (P6).

        Whatever its steps are, a policy starts without them; if nobody else is left, with all (S1).
        """

    def set_settings(self, settings: Settings) -> None:
        """Use `settings` from the next query on, atomically."""

    def counters(self) -> Counters: ...
    def take_handshakes(self) -> list[Handshake]:
        """Round trips of clients over TCP since the last call: at most 256, one of a client network.

        A connection is told once, when its first query is answered; one that was adopted, or that the kernel could not
        measure (as after a SYN cookie), not at all.
        """

    def filenos(self) -> list[int]:
        """The listening sockets' descriptors, for a successor to inherit; they stay the server's. None once stopped."""

    def adopt(self, connections: Sequence[int]) -> None:
        """Go on with TCP connections that another server left: descriptors, duplicated here.

        Raises ValueError naming one that is no TCP connection.
        """

    def leave(self) -> list[int]:
        """Stop, but leave TCP connections open that have nothing in flight: their descriptors, for the caller to close.

        Datagrams that were received are answered; those still queued are left to whoever holds the same sockets.
        """

    def stop(self) -> None:
        """Answer what is in flight, close the sockets and join the threads. Idempotent."""

def respond(
    snapshot: Snapshot,
    health: Health,
    query: bytes,
    source: str,
    *,
    latency: LatencyMap | None = None,
    tcp: bool = False,
    now_s: int = 0,
    settings: Settings | None = None,
    switched_off: frozenset[int] = ...,
) -> bytes | None:
    """The wire answer to a wire query from address `source`, exactly as a Server would give it; None: no answer."""

def explain(
    snapshot: Snapshot,
    health: Health,
    qname: str,
    qtype: str | int,
    client: str,
    ecs: str | None = None,
    *,
    latency: LatencyMap | None = None,
    now_s: int = 0,
    switched_off: frozenset[int] = ...,
) -> str:
    """JSON (see docs/explain.md): why `client` asking for `qname` gets its answer, stage by stage.

    Runs the very code of `respond` with a recorder. `client` is the resolver's address, `ecs` a prefix such as
    "203.0.113.0/24". Raises ValueError naming the argument that is malformed.
    """

class RoundTrips(TypedDict):
    mean_ms: float
    p50_ms: float
    p95_ms: float

class Comparison(TypedDict):
    """Round trips of the same clients now and then, to the regions of their endpoints, as the latency map has them."""

    estimated: float  # share of the clients of whom both are known; of the others nothing is said
    before: RoundTrips
    after: RoundTrips

class CountryReplay(TypedDict):
    country: str  # ISO 3166-1 alpha-2, "" unknown
    share: float  # of all queries
    latency: Comparison | None  # None: nothing is known

class Replay(TypedDict):
    weighed_by: Literal["addresses", "countries", "networks"]  # "networks": by countries as well
    moves: list[tuple[str, int, int, float]]  # country, endpoint now, endpoint then (0: none), share of all queries
    latency: Comparison | None  # None: there is no latency map
    countries: list[CountryReplay]

def replay(
    present: Snapshot,
    proposed: Snapshot,
    health: Health,
    qname: str,
    qtype: str | int,
    clients: Sequence[str],
    *,
    countries: Mapping[str, int] | None = None,
    networks: Mapping[int, int] | None = None,
    latency: LatencyMap | None = None,
    now_s: int = 0,
) -> Replay:
    """What becomes of `clients`, each asking once from its own subnet, in both snapshots.

    Runs the very code of `respond`. `clients` are prefixes such as "203.0.113.0/24". They are weighed so that their
    countries and networks (autonomous systems) count as much as these asked, in queries; if nobody asked of whom there
    are clients, alike. Raises ValueError naming the argument that is malformed.
    """

def choose(
    snapshot: Snapshot,
    health: Health,
    qname: str,
    qtype: str | int,
    clients: Sequence[str],
    *,
    latency: LatencyMap | None = None,
    now_s: int = 0,
) -> list[tuple[int, bool]]:
    """(endpoint, explored) for each of `clients`, asking from its own subnet.

    The id of the first endpoint that is answered, 0 for none, and whether the client was sent there to learn about it.
    Runs the very code of `respond`. `clients` are as for `replay`. Raises ValueError naming the argument that is
    malformed.
    """

def countries() -> list[tuple[str, str, str, float, float]]:
    """(ISO 3166-1 alpha-2, continent, name, latitude, longitude) of every country, sorted by code."""

def latency_bounds_ns() -> list[int]:
    """Upper bounds of the buckets of ListenerCount.latency; one more bucket holds what is beyond the last."""
