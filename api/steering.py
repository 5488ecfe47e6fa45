"""Pools with their members, policies with their steps."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model
from django_filters import rest_framework as filters

from api.declared import DeclaredViewSet
from api.filters import DeclaredFilter
from documents.kinds import POLICIES, POOLS
from steering.models import Policy, Pool

Row = TypeVar("Row", bound=Model)


class PoolFilter(DeclaredFilter):
    endpoint = filters.CharFilter("members__endpoint__name")


class PoolViewSet(DeclaredViewSet[Pool]):
    """Endpoints that can stand in for each other. What a member says of weight, priority and bias wins."""

    kind = POOLS
    queryset = POOLS.rows
    serializer_class = POOLS.serializer
    filterset_class = PoolFilter
    search_fields = ("name",)


class PolicyFilter(DeclaredFilter):
    pool = filters.CharFilter("policy_pools__pool__name")
    zone = filters.CharFilter("bindings__record_set__zone__origin", distinct=True)


class PolicyViewSet(DeclaredViewSet[Policy]):
    """Chains of steps over the endpoints of pools, in order, and the record sets that they answer."""

    kind = POLICIES
    queryset = POLICIES.rows
    serializer_class = POLICIES.serializer
    filterset_class = PolicyFilter
    search_fields = ("name",)
