"""What is told of incidents: as JSON for programs, as text for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

MOST_LISTED = 50
"""Incidents of each list that are named; the counts are of all."""
MOST_NAMED = 3
"""In a subject line."""

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


@dataclass(frozen=True)
class News:
    """What a rule has to tell: each incident is in one of these at most."""

    opened: Sequence[Told]
    recovered: Sequence[Told]
    lasting: Sequence[Told]


def alert(team: str, rule: str, news: News, now: datetime) -> Message:
    """The message of a rule; a reminder if nothing is new in it."""
    lists = {"opened": news.opened, "recovered": news.recovered, "lasting": news.lasting}
    return {
        "type": "alert" if news.opened or news.recovered else "reminder",
        "at": now.isoformat(),
        "team": team,
        "rule": rule,
        "counts": {name: len(incidents) for name, incidents in lists.items()},
        **{name: [_entry(incident) for incident in incidents[:MOST_LISTED]] for name, incidents in lists.items()},
    }


def test_message(team: str, channel: str, now: datetime) -> Message:
    """What the button `test` sends."""
    return {"type": "test", "at": now.isoformat(), "team": team, "channel": channel}


def headline(message: Message) -> str:
    """One line."""
    if message["type"] == "test":
        return f"[{message['team']}] a test of channel {message['channel']}"
    counts = message["counts"]
    words = {"opened": "down", "recovered": "recovered", "lasting": "still down"}
    said = ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts[name])
    entries = [entry["name"] for name in words for entry in message[name]]
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
    unnamed = sum(max(count - MOST_LISTED, 0) for count in message["counts"].values())
    if unnamed:
        yield f"and {unnamed} more"


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
