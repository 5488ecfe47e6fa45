"""What is told of incidents, and of what was done: as JSON for programs, as text for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from healthchecks.alerts.events import EventKind, page_of

MOST_LISTED = 50
"""Entries of each list that are named; the counts are of all."""
MOST_NAMED = 3
"""In a subject line."""
INCIDENTS = ("opened", "recovered", "lasting")

Message = dict[str, Any]


class Told(Protocol):
    """What a message says of an incident."""

    kind: str
    name: str
    endpoint_name: str
    check_name: str
    family: int | None
    cause: str
    recovery: str
    opened: datetime
    closed: datetime | None


class Done(Protocol):
    """What a message says of something that was done."""

    event: str
    key: str
    at: datetime
    entry: dict[str, Any]


@dataclass(frozen=True)
class News:
    """What a rule has to tell: each incident is in one of these at most. `happened`: the first of `happened_count`."""

    opened: Sequence[Told]
    recovered: Sequence[Told]
    lasting: Sequence[Told]
    happened: Sequence[dict[str, Any]] = ()
    happened_count: int = 0


def alert(team: str, rule: str, news: News, now: datetime) -> Message:
    """The message of a rule: an alert of what went down or recovered, a notice of what was done alone, or a reminder if
    nothing is new in it."""
    lists = {"opened": news.opened, "recovered": news.recovered, "lasting": news.lasting}
    return {
        "type": "alert" if news.opened or news.recovered else "notice" if news.happened else "reminder",
        "at": now.isoformat(),
        "team": team,
        "rule": rule,
        "counts": {name: len(incidents) for name, incidents in lists.items()} | {"happened": news.happened_count},
        **{name: [_entry(incident) for incident in incidents[:MOST_LISTED]] for name, incidents in lists.items()},
        "happened": list(news.happened),
    }


def happened(done: Done, public_url: str) -> dict[str, Any]:
    """The entry of something that was done. `public_url`: where browsers reach the pages; empty: it has no link."""
    link = page_of(done.event, done.key, public_url)
    return {"event": done.event, "at": done.at.isoformat(), **done.entry, "link": link}


def test_message(team: str, channel: str, now: datetime) -> Message:
    """What the button `test` sends."""
    return {"type": "test", "at": now.isoformat(), "team": team, "channel": channel}


def headline(message: Message) -> str:
    """One line."""
    if message["type"] == "test":
        return f"[{message['team']}] a test of channel {message['channel']}"
    counts = message["counts"]
    events = message.get("happened", [])  # what an earlier release has written has none
    if sum(counts.values()) == len(events) == 1:
        return f"[{message['team']}] {_phrase(events[0])}"
    words = {"opened": "down", "recovered": "recovered", "lasting": "still down", "happened": "done"}
    said = ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts.get(name))
    entries = [entry["name"] for name in INCIDENTS for entry in message[name]]
    entries += [f"{entry['name']} {EventKind(entry['event']).label}" for entry in events]
    more = sum(counts.values()) - len(entries[:MOST_NAMED])
    return f"[{message['team']}] {said}: {', '.join(entries[:MOST_NAMED])}{f' and {more} more' if more else ''}"


def body(message: Message) -> str:
    """Line by line, what is told."""
    if message["type"] == "test":
        return "Messages of this channel arrive."
    return "\n".join([*_lines(message), "", f"Rule {message['rule']}, {_read(message['at'])}"])


def _lines(message: Message) -> Iterable[str]:
    for entry in message["opened"]:
        yield f"DOWN  {entry['name']}: {entry['cause']} (since {_read(entry['opened'])})"
    for entry in message["recovered"]:
        was_down = f"was down from {_read(entry['opened'])} to {_read(entry['closed'])}"
        yield f"UP    {entry['name']}: {entry['recovery']} ({was_down})"
    for entry in message["lasting"]:
        yield f"STILL {entry['name']}: {entry['cause']} (since {_read(entry['opened'])})"
    for entry in message.get("happened", []):
        yield from _lines_of(entry)
    unnamed = sum(max(count - MOST_LISTED, 0) for count in message["counts"].values())
    if unnamed:
        yield f"and {unnamed} more"


def _lines_of(entry: dict[str, Any]) -> Iterable[str]:
    """Of something that was done: who, what, what it changes, and where to look."""
    yield f"DONE  {_phrase(entry)} ({_read(entry['at'])})"
    listed, count = entry["changes"]["listed"], entry["changes"]["count"]
    more = f"and {count - len(listed)} more" if count > len(listed) else ""
    yield from (f"      {line}" for line in [entry["said"], *listed, more, entry["link"]] if line)


def _phrase(entry: dict[str, Any]) -> str:
    """Such as `change 12 published by ada: A heavier Frankfurt`."""
    by = f" by {entry['by']}" if entry["by"] else ""
    title = f": {entry['title']}" if entry["title"] else ""
    return f"{entry['name']} {EventKind(entry['event']).label}{by}{title}"


def _read(moment: str) -> str:
    """A moment of a message as people read it."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _entry(incident: Told) -> dict[str, Any]:
    return {
        "subject": incident.kind,
        "name": incident.name,
        "endpoint": incident.endpoint_name or None,
        "check": incident.check_name or None,
        "family": incident.family,
        "cause": incident.cause,
        "recovery": incident.recovery or None,
        "opened": incident.opened.isoformat(),
        "closed": incident.closed.isoformat() if incident.closed else None,
    }
