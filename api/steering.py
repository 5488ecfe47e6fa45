"""Pools with their members, policies with their steps."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model

from api.resources import DeclaredViewSet
from documents.kinds import POLICIES, POOLS
from steering.models import Policy, Pool

Row = TypeVar("Row", bound=Model)


class PoolViewSet(DeclaredViewSet[Pool]):
    """Endpoints that can stand in for each other. What a member says of weight, priority and bias wins."""

    kind = POOLS
    queryset = POOLS.rows
    serializer_class = POOLS.serializer


class PolicyViewSet(DeclaredViewSet[Policy]):
    """Chains of steps over the endpoints of pools, in order, and the record sets that they answer."""

    kind = POLICIES
    queryset = POLICIES.rows
    serializer_class = POLICIES.serializer
