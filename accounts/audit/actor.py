"""Who acts: made by each door of what it knows, and handed down to what is written."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.audit.models import Via
from accounts.models import User


@dataclass(frozen=True, slots=True)
class Actor:
    """`user` None: something that runs by itself. `address`: where the request came from, if it did."""

    name: str
    via: str
    user: User | None = None
    token: str = ""
    address: str | None = None
    request_id: str = ""

    @classmethod
    def system(cls, name: str) -> Actor:
        """What runs by itself, such as "scheduled change 12"."""
        return cls(name, Via.SYSTEM)

    @classmethod
    def command(cls, name: str) -> Actor:
        """Someone at the command line of a server."""
        return cls(name, Via.COMMAND)
