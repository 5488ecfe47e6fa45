"""Break-glass orders as they lie in `home/break-glass/`, watched each second (P6, edge/trust/orders.py).

    NAME.order + NAME.order.sig ─► signed? of this installation? ─► newest of its target? ─► expired? ─► stands
                                          │ no                            │ no                 │ yes
                                          └────────── refused ────────────┘                 passed over

    stands, off:  endpoint, pool ─► answers start without its endpoints     site ─► this node says that it is not ready

An order stands for as long as its file lies there and it is not expired. The newest serial seen of each target is kept,
so that an order which was taken back does not stand again by its file coming back.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.refusals import Refusals
from edge.serving import Serving
from edge.store import Store
from edge.trust.keeper import TrustKeeper
from edge.trust.orders import MAX_ORDER, Kind, Order, Target, verified
from edge.trust.refusal import Reason, RefusedError
from responder import Snapshot

LOOK_S = 1.0
MOST_ORDERS = 100
SUFFIX = ".order"
SIGNATURE_SUFFIX = ".sig"

Newest = dict[str, tuple[int, str]]
"""Serial and digest of the newest order seen, by its target."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What orders come to now. `unknown`: targets that the snapshot does not have, or has more than one of."""

    orders: tuple[Order, ...] = ()
    endpoints: frozenset[int] = frozenset()
    is_site_off: bool = False
    unknown: tuple[Target, ...] = ()


NOTHING = Standing()


class Switches:
    """`standing` is what was found last."""

    def __init__(self, store: Store, serving: Serving, keeper: TrustKeeper, refusals: Refusals) -> None:
        self._store = store
        self._serving = serving
        self._keeper = keeper
        self._refusals = refusals
        self._directory = store.home / "break-glass"
        self._newest = self._read_newest()
        self._complained: set[tuple[str, str]] = set()
        self.standing = NOTHING

    async def watch(self) -> None:
        """Look once, and wait."""
        standing = await asyncio.to_thread(self.look, self._serving.snapshot, datetime.now(UTC))
        self.use(standing)
        await asyncio.sleep(LOOK_S)

    def use(self, standing: Standing) -> None:
        """Answer by it from the next query on."""
        if standing == self.standing:
            return
        self.standing = standing
        off = [str(order.target) for order in standing.orders if order.is_off]
        log.warning("break-glass: %s", f"off are {', '.join(off)}" if off else "nothing is switched off any more")
        for target in standing.unknown:
            log.error("break-glass: there is no one %s in generation %d", target, self._serving.generation)
        self._serving.switch_off(standing.endpoints)

    def look(self, snapshot: Snapshot | None, now: datetime) -> Standing:
        """What lies there, judged. Blocks on the disk."""
        found = list(self._verified())
        newest = newest_of(self._newest, found)
        self._keep_newest(newest)
        for name, order in found:
            if (order.serial, order.digest) != newest[str(order.target)]:
                self._complain(name, order.digest, f"another order about {order.target} is newer")
        return judged([order for _name, order in found], newest, now, snapshot, self._keeper.kept.site)

    def _verified(self) -> Iterator[tuple[str, Order]]:
        trust = self._keeper.trust
        for path in self._files():
            octets, signature = _head(path), _head(path.with_name(path.name + SIGNATURE_SUFFIX))
            if octets is None or signature is None:
                continue  # being copied
            try:
                if trust is None:
                    raise RefusedError(Reason.ORDER, "this node knows no key yet: enrol it, or have it meet its feed")
                yield path.name, verified(octets, signature, trust.installation, trust.order_signers)
            except RefusedError as error:
                self._complain(path.name, signature.hex() + octets.hex(), str(error))

    def _files(self) -> list[Path]:
        try:
            return sorted(self._directory.glob(f"*{SUFFIX}"))[:MOST_ORDERS]
        except OSError as error:
            log.error("break-glass: %s", error)
            return []

    def _complain(self, name: str, content: str, reason: str) -> None:
        """Once of each content."""
        if (name, content) in self._complained:
            return
        if len(self._complained) >= MOST_ORDERS:
            self._complained.clear()
        self._complained.add((name, content))
        refused = RefusedError(Reason.ORDER, f"break-glass order {name} refused: {reason}")
        self._refusals.count(refused)
        log.error("%s", refused)

    def _read_newest(self) -> Newest:
        try:
            content = self._store.orders()
            read = json.loads(content) if content is not None else {}
            return {target: (int(serial), str(digest)) for target, (serial, digest) in read.items()}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.error("orders.json cannot be used, so older orders may stand again: %s", error)
            return {}

    def _keep_newest(self, newest: Newest) -> None:
        if newest == self._newest:
            return
        self._newest = newest
        try:
            self._store.keep_orders(json.dumps(newest).encode())
        except OSError as error:
            log.error("the newest break-glass orders are not kept on disk: %s", error)


def newest_of(known: Newest, found: Iterable[tuple[str, Order]]) -> Newest:
    """The newest serial of each target; of two orders of one serial the first that was seen."""
    newest = dict(known)
    for _name, order in found:
        target = str(order.target)
        if order.serial > newest.get(target, (0, ""))[0]:
            newest[target] = (order.serial, order.digest)
    return newest


def judged(orders: Iterable[Order], newest: Newest, now: datetime, snapshot: Snapshot | None, site: str) -> Standing:
    """What orders come to at `now`, for a node of `site` that serves `snapshot`."""
    standing = {
        order.target: order
        for order in orders
        if (order.serial, order.digest) == newest.get(str(order.target)) and order.expires > now
    }
    off = [order.target for order in standing.values() if order.is_off]
    found = {target: _endpoints(target, snapshot) for target in off if target.kind is not Kind.SITE}
    return Standing(
        orders=tuple(sorted(standing.values(), key=lambda order: str(order.target))),
        endpoints=frozenset(endpoint for endpoints in found.values() for endpoint in endpoints or ()),
        is_site_off=any(target.kind is Kind.SITE and target.name == site for target in off),
        unknown=tuple(target for target, endpoints in found.items() if endpoints is None and snapshot is not None),
    )


def _endpoints(target: Target, snapshot: Snapshot | None) -> list[int] | None:
    """Ids of the endpoints of a target; None: no one thing is called so."""
    if snapshot is None:
        return None
    members = _named(target, snapshot)
    if target.name.startswith("id="):
        number = int(target.name.removeprefix("id="))
        return members[number][1] if number in members else None
    called = [endpoints for name, endpoints in members.values() if name == target.name]
    return called[0] if len(called) == 1 else None


def _named(target: Target, snapshot: Snapshot) -> dict[int, tuple[str, list[int]]]:
    """Name and endpoints by id."""
    if target.kind is Kind.POOL:
        return snapshot.pools
    return {number: (name, [number]) for number, name in snapshot.endpoints.items()}


def _head(path: Path) -> bytes | None:
    """As much of a file as can matter; None: it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_ORDER + 1)
    except OSError:
        return None
