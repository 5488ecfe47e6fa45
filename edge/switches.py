"""Break-glass orders as they lie in `home/break-glass/`, watched each second (P6, edge/trust/orders.py).

    NAME.order + NAME.order.sig ─► signed? of this installation? ─► newest of its target? ─► expired? ─► stands
                                          │ no                            │ no                 │ yes
                                          └────────── refused ────────────┘                 passed over

    stands, off:  endpoint, pool ─► answers start without its endpoints     site ─► this node says that it is not ready

An order stands for as long as its file lies there and it is not expired. The newest serial seen of each target is kept,
so that an order which was taken back does not stand again by its file coming back. So is the number of what an order
that switches off met by its name: whoever may change names, or give one a second time, switches nothing on by that.
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
Meant = dict[str, tuple[int, int]]
"""Serial of an order that switches off, and the number that its target had then (0: none yet), by the target."""

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
        self._newest, self._meant = self._kept = self._read()
        self._unkept: tuple[Newest, Meant] | None = None
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
        self._newest = newest = newest_of(self._newest, found)
        for name, order in found:
            if (order.serial, order.digest) != newest[str(order.target)]:
                self._complain(name, order.digest, f"another order about {order.target} is newer")
        orders = in_force([order for _name, order in found], newest, now)
        if snapshot is not None:
            self._meant = meant_by(orders, self._meant, snapshot)
        self._keep()
        return judged(orders, self._meant, snapshot, self._keeper.kept.site)

    def _verified(self) -> Iterator[tuple[str, Order]]:
        trust = self._keeper.trust
        for path in self._files():
            octets, signature = _head(path), _head(path.with_name(path.name + SIGNATURE_SUFFIX))
            if not octets or signature is None:
                continue  # being copied
            try:
                if trust is None:
                    raise RefusedError(Reason.ORDER, "this node knows no key yet: enrol it, or have it meet its feed")
                yield path.name, verified(octets, signature, trust.installation, trust.order_signers)
            except RefusedError as error:
                self._complain(path.name, signature.hex() + octets.hex(), str(error))

    def _files(self) -> list[Path]:
        try:
            found = sorted(self._directory.glob(f"*{SUFFIX}"))
        except OSError as error:
            log.error("break-glass: %s", error)
            return []
        if len(found) > MOST_ORDERS:
            first = found[MOST_ORDERS].name
            self._complain(first, "", f"it and what follows are not looked at, as {MOST_ORDERS} are: remove old ones")
        return found[:MOST_ORDERS]

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

    def _read(self) -> tuple[Newest, Meant]:
        try:
            content = self._store.orders()
            read = json.loads(content) if content is not None else {"newest": {}, "meant": {}}
            newest = {target: (int(serial), str(digest)) for target, (serial, digest) in read["newest"].items()}
            return newest, {target: (int(serial), int(number)) for target, (serial, number) in read["meant"].items()}
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            log.error("orders.json cannot be used, so older orders may stand again: %s", error)
            return {}, {}

    def _keep(self) -> None:
        seen = self._newest, self._meant
        if seen == self._kept:
            return
        try:
            self._store.keep_orders(json.dumps({"newest": self._newest, "meant": self._meant}).encode())
            self._kept = seen
        except OSError as error:
            if seen != self._unkept:
                log.error("what break-glass orders were seen is not kept on disk yet: %s", error)
            self._unkept = seen


def newest_of(known: Newest, found: Iterable[tuple[str, Order]]) -> Newest:
    """The newest serial of each target; of two orders of one serial the first that was seen."""
    newest = dict(known)
    for _name, order in found:
        target = str(order.target)
        if order.serial > newest.get(target, (0, ""))[0]:
            newest[target] = (order.serial, order.digest)
    return newest


def in_force(orders: Iterable[Order], newest: Newest, now: datetime) -> tuple[Order, ...]:
    """The newest order of each target, unless it has expired."""
    standing = {
        order.target: order
        for order in orders
        if (order.serial, order.digest) == newest.get(str(order.target)) and order.expires > now
    }
    return tuple(sorted(standing.values(), key=lambda order: str(order.target)))


def meant_by(orders: Iterable[Order], meant: Meant, snapshot: Snapshot) -> Meant:
    """Whom `orders` switch off in `snapshot`; those of before stay with whom they met."""
    found: Meant = {}
    for order in orders:
        if order.is_off and order.target.kind is not Kind.SITE:
            serial, number = meant.get(str(order.target), (0, 0))
            if serial != order.serial or not number:
                number = _called(order.target, snapshot) or number
            found[str(order.target)] = (order.serial, number)
    return found


def judged(orders: tuple[Order, ...], meant: Meant, snapshot: Snapshot | None, site: str) -> Standing:
    """What orders in force come to for a node of `site` that serves `snapshot`."""
    off = [order.target for order in orders if order.is_off]
    found = {target: _endpoints(target, meant, snapshot) for target in off if target.kind is not Kind.SITE}
    return Standing(
        orders=orders,
        endpoints=frozenset(endpoint for endpoints in found.values() for endpoint in endpoints or ()),
        is_site_off=any(target.kind is Kind.SITE and target.name == site for target in off),
        unknown=tuple(target for target, endpoints in found.items() if endpoints is None and snapshot is not None),
    )


def _endpoints(target: Target, meant: Meant, snapshot: Snapshot | None) -> list[int] | None:
    """Ids of the endpoints of whom a target meant and of whom it means now; None: of nobody."""
    if snapshot is None:
        return None
    members = _named(target, snapshot)
    numbers = {meant.get(str(target), (0, 0))[1], _called(target, snapshot)} & members.keys()
    return [endpoint for number in numbers for endpoint in members[number][1]] if numbers else None


def _called(target: Target, snapshot: Snapshot) -> int:
    """The number of a target; 0: no one thing is called so."""
    if target.name.startswith("id="):
        return int(target.name.removeprefix("id="))
    called = [number for number, (name, _endpoints) in _named(target, snapshot).items() if name == target.name]
    return called[0] if len(called) == 1 else 0


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
