"""The cast of what learns over a database: the team ops, and its endpoints in paris and tokyo."""

from __future__ import annotations

from tests.latency.test_turns import _nothing_learned, ops, paris, tokyo

__all__ = ["_nothing_learned", "ops", "paris", "tokyo"]
