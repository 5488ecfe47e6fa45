"""Enrolment of this node: its one-time token becomes a node token, if the feed proves to have the pinned key."""

from __future__ import annotations

from http import HTTPStatus

import aiohttp
from pydantic import ValidationError
from yarl import URL

from edge.feed import PATH
from edge.store import Store
from edge.trust.keeper import Answer, Kept, kept_trust
from edge.trust.refusal import RefusedError
from edge.trust.trust import Trust

WITHIN_S = 30.0
MAX_DETAIL = 500


class EnrolmentError(Exception):
    """This node is not enrolled. The message says what to do."""


class Admission(Answer):
    """What the feed answers to a good enrolment token."""

    node: str
    site: str
    token: str


async def enrol(url: str, token: str, pin: str, store: Store) -> str:
    """Keep in `store` whom to trust; returns the node token. Raises EnrolmentError."""
    admission = await _ask(url, token)
    admitted(admission, pin, store)
    return admission.token


def admitted(admission: Admission, pin: str, store: Store) -> None:
    """Keep what the feed answered, if its key is the pinned one. Raises EnrolmentError."""
    if not admission.statements:
        raise EnrolmentError("the feed has no keys: on the control plane, trafficmgr key create makes the first one")
    statement = admission.statements[-1]
    try:
        trust = Trust.first(statement, pin)
        _refuse_other_installation(store, trust)
        kept = Kept(pin=pin, node=admission.node, site=admission.site, statement=statement)
        store.keep_trust(kept.model_dump_json().encode())
    except RefusedError as error:
        raise EnrolmentError(
            f"this is not the feed that the command was made for, or someone is in between: {error}"
        ) from error
    except OSError as error:
        raise EnrolmentError(f"{store.home} cannot be written: {error.strerror}") from error


async def _ask(url: str, token: str) -> Admission:
    address = URL(url.rstrip("/").removesuffix(PATH) + PATH + "/enrol")
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(address, json={"token": token}) as response,
        ):
            content = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise EnrolmentError(f"{address} does not answer: {str(error) or type(error).__name__}") from error
    if response.status != HTTPStatus.OK:
        raise EnrolmentError(f"status {response.status}: {content[:MAX_DETAIL].decode(errors='replace')}")
    try:
        return Admission.model_validate_json(content)
    except ValidationError as error:
        raise EnrolmentError(f"{address} is no edge feed of trafficmgr: {error}") from error


def _refuse_other_installation(store: Store, trust: Trust) -> None:
    """Generations of two installations cannot be compared: the lower ones would be refused for ever."""
    before = kept_trust(store)
    if before is not None and before.installation != trust.installation:
        raise EnrolmentError(
            f"{store.home} is of installation {before.installation}, and this is {trust.installation}: use another"
            " TRAFFICMGR_HOME"
        )
