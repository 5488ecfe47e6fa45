"""Keeps what this node trusts on its disk, and as new as the feed has it.

    home/trust.json    the pin, the newest statement, and which node of which site this is

    nothing yet ──pin of the enrolment──► pinned ──statement signed by a key of the one before──► pinned
        └──────no pin: the feed at first contact──────┘

Without a pin the first feed that says what to trust is believed (an edge of a release that knew no keys goes on like
that); from then on it is as if the node had been enrolled.
"""

from __future__ import annotations

import logging
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.store import Store
from edge.trust.manifests import ManifestSignature
from edge.trust.refusal import Reason, RefusedError
from edge.trust.statements import Statement
from edge.trust.trust import Trust

log = logging.getLogger(__name__)


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Answer(_Read):
    """What the feed answers to who asks whom to trust: statements it lacks, and who it is.

    Without the latter it is of a relay that cannot ask who that is.
    """

    node: str = ""
    site: str = ""
    statements: list[Statement]


class Kept(_Read):
    """The file."""

    pin: str | None = None
    node: str = ""
    site: str = ""
    statement: Statement | None = None


class TrustFeed(Protocol):
    """Raises FeedError, with the status that the feed answered."""

    async def trust(self, since: int) -> bytes | None: ...


class TrustKeeper:
    """`trust`: None until the feed has said what to trust. `is_told`: the feed knows of trust at all."""

    def __init__(self, feed: TrustFeed, store: Store) -> None:
        self._feed = feed
        self._store = store
        self._broken: str | None = None
        self._is_kept = True  # what is trusted is on disk too
        self.is_told = False
        self.trust: Trust | None = None
        self.kept = self._read()

    @property
    def version(self) -> int:
        """0: nothing is trusted yet."""
        return self.trust.version if self.trust else 0

    async def check(self, manifest: bytes, header: str | None) -> None:
        """Raises RefusedError unless `manifest` may be served, and FeedError."""
        if self._broken:
            raise RefusedError(Reason.TRUST, self._broken)
        signature = ManifestSignature.read(header) if header else None
        if self.trust is None or (signature and signature.key not in self.trust.publishers):
            await self.refresh()
        if self.trust is not None:
            self.trust.check_manifest(manifest, signature)
        elif self.kept.pin is not None:
            raise RefusedError(Reason.TRUST, "the feed says nothing of the keys that this node was enrolled with")

    async def refresh(self) -> None:
        """Follow what the feed says. Raises RefusedError and FeedError."""
        content = await self._feed.trust(self.version)
        self.is_told = content is not None
        if content is None or self._broken:
            return
        try:
            answer = Answer.model_validate_json(content)
        except ValidationError as error:
            raise RefusedError(Reason.TRUST, f"what the feed says of trust is malformed: {error}") from error
        for statement in answer.statements:
            self._follow(statement)
        who = {"node": answer.node, "site": answer.site} if answer.node else {}
        self._keep(self.kept.model_copy(update=who))

    def _follow(self, statement: Statement) -> None:
        before = self.trust
        if before is None:
            self.trust = Trust.first(statement, self.kept.pin)
            self._say_first(self.trust)
        else:
            self.trust = before.followed_by(statement)
        if self.trust is not before:
            log.info("trusting statement %d: %s", self.trust.version, ", ".join(self.trust.publishers))
            self._keep(self.kept.model_copy(update={"statement": statement}))

    def _say_first(self, trust: Trust) -> None:
        if self.kept.pin is None:
            log.warning(
                "this node was not enrolled: it trusts the keys that its feed has now (%s); trafficmgr node enroll"
                " pins them beforehand",
                ", ".join(trust.publishers),
            )

    def _keep(self, kept: Kept) -> None:
        if kept == self.kept and self._is_kept:
            return
        self.kept = kept
        try:
            self._store.keep_trust(kept.model_dump_json().encode())
            self._is_kept = True
        except OSError as error:
            self._is_kept = False
            log.error("what is trusted is not kept on disk: %s", error)

    def _read(self) -> Kept:
        try:
            content = self._store.trust()
            kept = Kept.model_validate_json(content) if content is not None else Kept()
            self.trust = Trust.first(kept.statement, None) if kept.statement else None
        except (OSError, ValidationError, RefusedError) as error:
            self._broken = f"trust.json cannot be used, so nothing new is served: enrol this node again ({error})"
            log.error("%s", self._broken)
            return Kept()
        return kept


def kept_trust(store: Store) -> Trust | None:
    """What an edge trusts. None: it has met no feed yet, or its file cannot be used."""
    try:
        content = store.trust()
        statement = Kept.model_validate_json(content).statement if content is not None else None
        return Trust.first(statement, None) if statement else None
    except (OSError, ValidationError, RefusedError):
        return None


def pin(store: Store, fingerprint: str) -> None:
    """Have an edge begin with the key of this fingerprint, whatever it trusted before. Raises OSError."""
    store.keep_trust(Kept(pin=fingerprint).model_dump_json().encode())
