"""An installation that signs: what a control plane does with its keys, without one."""

from __future__ import annotations

import json
from uuid import UUID

from edge.trust.keys import PrivateKey
from edge.trust.manifests import ManifestSignature
from edge.trust.statements import Purpose, Statement
from tests.edge.fake_feed import FakeFeed
from tests.worlds import World

HERE = UUID("6f1c0000-0000-4000-8000-00000000000a")
ELSEWHERE = UUID("6f1c0000-0000-4000-8000-00000000000b")


class Publisher:
    """Signs with the newest of its keys; `statements` say which of them are trusted."""

    def __init__(self, installation: UUID = HERE) -> None:
        self.installation = installation
        self.keys: list[PrivateKey] = []
        self.order_keys: list[PrivateKey] = []
        self.statements: list[Statement] = []
        self.rotate()

    @property
    def key(self) -> PrivateKey:
        return self.keys[-1]

    @property
    def pin(self) -> str:
        return self.key.public.id

    def rotate(self) -> None:
        """A new key, stated with the ones before it."""
        self.state([*self.keys, PrivateKey.generate()])

    def state(self, keys: list[PrivateKey], signers: list[PrivateKey] | None = None) -> Statement:
        """That `keys` are trusted. `signers`: by default all that were and are."""
        listed = [{"public": key.public.text, "purpose": Purpose.PUBLISH} for key in keys]
        listed += [{"public": key.public.text, "purpose": Purpose.BREAK_GLASS} for key in self.order_keys]
        document = {"format": 1, "installation": str(self.installation), "version": len(self.statements) + 1}
        statement = Statement.signed(json.dumps(document | {"keys": listed}), signers or {*self.keys, *keys})
        self.statements.append(statement)
        self.keys = keys
        return statement

    def tell(self, feed: FakeFeed) -> None:
        """Have a feed say whom to trust."""
        feed.trust = {"node": "ams-1", "site": "ams", "statements": self.since}

    def publish(self, feed: FakeFeed, world: World, key: PrivateKey | None = None) -> None:
        self.tell(feed)
        feed.signature = self.signature(world.manifest_with_lists(), key)
        feed.publish(world)

    def signature(self, manifest: bytes, key: PrivateKey | None = None) -> str:
        return ManifestSignature.by(key or self.key, self.installation, manifest).header

    def since(self, version: int) -> list[dict[str, object]]:
        newer = self.statements[version:] if version else self.statements[-1:]
        return [statement.model_dump() for statement in newer]
