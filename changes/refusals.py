"""Why something cannot be done with a change. The doors translate these; each says what to do instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from documents.kind import Document


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an edit would make is not taken. `field` is the path in its document; empty: it is the object."""

    kind: str
    key: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {f'{self.field}: ' if self.field else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """An object that is not as the author of an edit saw it. None: there is none."""

    kind: str
    key: str
    base: Document | None
    ours: Document | None
    theirs: Document | None

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class ChangeError(Exception):
    """Something that cannot be done with a change as it is."""


class NoSuchChangeError(ChangeError):
    """A change is there no more: someone has deleted it in the meantime."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"Change {number} has just been deleted by someone.")


class WrongStateError(ChangeError):
    """A change is in another state than this needs."""

    def __init__(self, number: int, state: str, wanted: Sequence[str]) -> None:
        self.number, self.state, self.wanted = number, state, wanted
        allowed = " or ".join(wanted)
        super().__init__(f"Change {number} is {state}; this needs one that is {allowed}.")


class NotApprovedError(ChangeError):
    """Others have to agree first."""

    def __init__(self, number: int, given: int, required: int) -> None:
        self.number, self.given, self.required = number, given, required
        super().__init__(f"Change {number} has {given} of {required} approvals: have it proposed and approved first.")


class NotYoursError(ChangeError):
    """Whoever wrote a change is not the one to approve it."""


class EmptyChangeError(ChangeError):
    """There is nothing in it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Change {number} has no edits yet: make one first.")


class ConflictError(ChangeError):
    """Objects were changed by others since they were edited here."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        self.conflicts = conflicts
        names = ", ".join(str(conflict) for conflict in conflicts[:5])
        more = f" and {len(conflicts) - 5} more" if len(conflicts) > 5 else ""
        super().__init__(
            f"Others have changed {names}{more} since: look at what they are now, and take it as the base."
        )


class RefusedError(ChangeError):
    """What the edits would make is not taken; nothing was changed."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = refusals
        super().__init__(" ".join(map(str, refusals[:5])))


class CannotRollBackError(ChangeError):
    """The journal does not say how things were then."""


class UnknownEditError(ChangeError, ValueError):
    """There is no such kind or edit, or a key that no object can have."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)
