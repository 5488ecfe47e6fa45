"""What the adapter does with each message: names become numbers, and observations wait for the next question.

    setup ─► a chooser      observe ─► waiting ─► taken in together: when their client asks, or at `load`, or when there
                                                  are many, or after a minute

Taking in many at once costs little more than taking in one; nothing that its own client measured is missed by a choice.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from latency.chooser import Chooser, LearningChooser, Policy
from latency.messages import BadFieldError, Bye, Choose, Load, Observe, Setup
from latency.population import Client, Region

MAX_WAITING = 256  # observations
MAX_WAITING_S = 60.0  # between the first and the last of them
ONE = np.ones(1)

Reply = dict[str, object]


class Conversation:
    """One data set after the other, each begun by its `setup`."""

    def __init__(self) -> None:
        self._chooser: Chooser | None = None
        self._clients: dict[str, int] = {}
        self._regions: dict[Hashable, int] = {}
        self._names: list[str | int] = []
        self._waiting: list[tuple[int, int, float]] = []
        self._heard: set[int] = set()  # clients with observations that wait
        self._waiting_since_s = 0.0
        self._now_s = 0.0

    def answer(self, message: Setup | Observe | Choose | Load | Bye) -> Reply | None:
        """What to reply, if anything. BadFieldError if the message does not fit what was said before."""
        match message:
            case Setup():
                return self._setup(message)
            case Observe():
                self._observe(message)
            case Choose():
                return self._choose(message)
            case Load():
                self._load(message)
        return None

    def _setup(self, message: Setup) -> Reply:
        regions = [Region(each.id, each.lat, each.lon, each.capacity_qph) for each in message.regions]
        clients = [Client(each.key, each.asn, each.country, each.lat, each.lon) for each in message.clients]
        numbers = _numbered("regions", "id", [region.name for region in regions])
        keys = {client.key: number for number, client in enumerate(clients)}
        if len(keys) < len(clients):
            _numbered("clients", "key", [client.key for client in clients])
        self._chooser = LearningChooser(clients, regions, message.seed, Policy())
        self._regions, self._clients = numbers, keys
        self._names = [each.id for each in message.regions]
        self._waiting, self._heard = [], set()
        return {"ok": True}

    def _observe(self, message: Observe) -> None:
        self._require("observe")
        region = self._regions.get(message.region)
        if region is None:
            raise BadFieldError("region", f"{message.region!r} is no region of setup", "observe")
        client = self._number(message.client)
        if self._is_late(message.t):
            self._take_in()
        if not self._waiting:
            self._waiting_since_s = message.t
        self._now_s = message.t
        self._waiting.append((client, region, message.rtt_ms))
        self._heard.add(client)
        if len(self._waiting) >= MAX_WAITING:
            self._take_in()

    def _choose(self, message: Choose) -> Reply:
        chooser = self._require("choose")
        client = self._number(message.client)
        if client in self._heard or self._is_late(message.t):
            self._take_in()
        choices = chooser.choose(np.array([client]), ONE, message.t)
        return {"region": self._names[int(choices.regions[0])], "explored": bool(choices.explored[0])}

    def _load(self, message: Load) -> None:
        chooser = self._require("load")
        utilisation = np.full(len(self._names), np.nan)
        by_text = {str(name): number for name, number in self._regions.items()}  # JSON keys are text
        for name, share in message.util.items():
            if str(name) not in by_text:
                raise BadFieldError(f"util.{name}", "is no region of setup", "load")
            utilisation[by_text[str(name)]] = np.nan if share is None else share
        self._take_in()
        chooser.load(utilisation, message.t)

    def _take_in(self) -> None:
        if self._waiting and self._chooser is not None:
            clients, regions, rtt_ms = zip(*self._waiting, strict=True)
            self._chooser.observe(np.array(clients), np.array(regions), np.array(rtt_ms), self._now_s)
            self._waiting = []
            self._heard = set()

    def _is_late(self, t_s: float) -> bool:
        return bool(self._waiting) and t_s - self._waiting_since_s > MAX_WAITING_S

    def _number(self, key: str) -> int:
        """Of a client; one that was not declared is one without a location."""
        number = self._clients.get(key)
        if number is None:
            number = self._clients[key] = len(self._clients)
            self._require("choose").add(Client(key))
        return number

    def _require(self, op: str) -> Chooser:
        if self._chooser is None:
            raise BadFieldError("op", "comes before setup", op)
        return self._chooser


def _numbered(field: str, key: str, names: list[Hashable]) -> dict[Hashable, int]:
    """Numbers of names that must differ."""
    numbers: dict[Hashable, int] = {}
    for number, name in enumerate(names):
        if numbers.setdefault(name, number) != number:
            raise BadFieldError(f"{field}.{number}.{key}", f"{name!r} is there twice", "setup")
    return numbers
