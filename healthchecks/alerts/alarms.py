"""What alerts need to know of an alarm, whoever raises it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AlarmSeen:
    """An alarm that lasts, or that ended lately. `id` is never given to another; `team_id` None: it concerns everyone.

    `subject` is what it is about, as people know it, such as `quorum lost of web`.
    """

    id: int
    team_id: int | None
    subject: str
    detail: str
    since: datetime
    until: datetime | None
