"""Why something that came is not used."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """As metrics and reports name it."""

    UNSIGNED = "unsigned"
    SIGNATURE = "signature"
    KEY = "key"
    INSTALLATION = "installation"
    GENERATION = "generation"
    FORK = "fork"
    DIGEST = "digest"
    FORMAT = "format"
    CONTENT = "content"
    TRUST = "trust"
    ORDER = "order"


class RefusedError(Exception):
    """Something came that must not be used; what was used before stays."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
