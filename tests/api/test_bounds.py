"""A body has a limit that fits its route, declared or not; what is larger is a problem and never read on."""

from __future__ import annotations

import json

import pytest

from api.bounds import MIB, OTHERWISE, BoundedApplication, limit_of

LOGIN_LIMIT = MIB // 8


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/v1/zones/demo.test./zonefile", 64 * MIB),
        ("/zones/demo.test./import/", 65 * MIB),
        ("/api/v1/regions", 9 * MIB),
        ("/edge/v1/report", 8 * MIB),
        ("/login/", LOGIN_LIMIT),
        ("/account/password/", LOGIN_LIMIT),
        ("/policies/new/", OTHERWISE),
        ("/rum/v1/beacons", OTHERWISE),
        ("/api/v1/zonefile", 9 * MIB),
    ],
)
def test_each_route_has_a_limit_that_fits_it(path: str, limit: int):
    assert limit_of(path) == limit


class Reader:
    """An application that reads the whole body and says how much it was."""

    def __init__(self) -> None:
        self.octets, self.saw_the_end = 0, False

    async def __call__(self, _scope, receive, send) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.octets += len(message["body"])
            if not message["more_body"]:
                break
        self.saw_the_end = True
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def exchange(path: str, chunks: list[bytes], *, declared: int | None) -> tuple[Reader, list[dict], int]:
    """What the application read, what was sent, and how many chunks were taken."""
    headers = [(b"content-length", str(declared).encode())] if declared is not None else []
    sent: list[dict] = []
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": chunks[taken - 1], "more_body": taken < len(chunks)}

    async def send(message):
        sent.append(message)

    reader = Reader()
    await BoundedApplication(reader)({"type": "http", "path": path, "headers": headers}, receive, send)
    return reader, sent, taken


async def test_a_body_of_just_the_limit_passes():
    reader, sent, _taken = await exchange("/login/", [b"x" * LOGIN_LIMIT], declared=LOGIN_LIMIT)

    assert (reader.octets, sent[0]["status"]) == (LOGIN_LIMIT, 200)


async def test_a_body_that_says_it_is_larger_is_refused_unread():
    reader, sent, taken = await exchange("/login/", [b"x"], declared=LOGIN_LIMIT + 1)

    assert (reader.octets, taken, sent[0]["status"]) == (0, 0, 413)
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["detail"] == "The body is larger than 131,072 octets."


@pytest.mark.parametrize("declared", [None, 10])
async def test_a_body_that_becomes_larger_is_read_no_further(declared: int | None):
    reader, sent, taken = await exchange("/login/", [b"x" * LOGIN_LIMIT, b"x", b"x"], declared=declared)

    assert (reader.saw_the_end, taken, sent[0]["status"]) == (False, 2, 413)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
