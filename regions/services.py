"""Tokens of edge nodes."""

from __future__ import annotations

import secrets

from accounts.services import token_digest
from regions.models import EdgeNode

SECRET_BYTES = 32


def create_node_token(node: EdgeNode) -> str:
    """Give the node a new token, save it, and return the secret: it cannot be shown again. An older one ends."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    node.token_digest = token_digest(secret)
    node.save()
    return secret


def find_node(secret: str) -> EdgeNode | None:
    """The node whose token this is."""
    return EdgeNode.objects.filter(token_digest=token_digest(secret)).first()
