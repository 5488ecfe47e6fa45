"""Steering in the Django admin, to look at: `steering.services` checks what rows alone cannot say."""

from __future__ import annotations

from django.contrib import admin

from common.read_only_admin import ReadOnlyAdmin
from steering.models import Binding, Policy, PolicyPool, PolicyStep, Pool, PoolMember


class PoolMemberInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs, not at run time
    model = PoolMember


class PolicyPoolInline(admin.TabularInline):  # type: ignore[type-arg]
    model = PolicyPool


class PolicyStepInline(admin.TabularInline):  # type: ignore[type-arg]
    model = PolicyStep


@admin.register(Pool)
class PoolAdmin(ReadOnlyAdmin):
    list_display = ("name", "team")
    inlines = (PoolMemberInline,)


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "ttl_s", "ecs")
    inlines = (PolicyPoolInline, PolicyStepInline)


@admin.register(Binding)
class BindingAdmin(ReadOnlyAdmin):
    list_display = ("record_set", "policy")
    list_select_related = ("record_set", "policy")
