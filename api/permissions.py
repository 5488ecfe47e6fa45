"""Who may do what through the API: the one place where that is asked.

    request ─► who calls ─► which team they act for ─► what the view needs ─► may they? ─► the view
                            403 or 404                 ActingView.actions     403, saying what is needed

A view that does not say what it needs (api.acting) answers nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.permissions import Action

READING: Mapping[str, Action] = dict.fromkeys(("POST", "PUT", "DELETE"), Action.VIEW)
"""Of views that answer questions, however they are put."""

OPERATING: Mapping[str, Action] = dict.fromkeys(("POST", "PUT", "DELETE"), Action.OPERATE)
ADMINISTERING: Mapping[str, Action] = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), Action.ADMINISTER)


@runtime_checkable
class Judging(Protocol):
    """A view that judges who calls it."""

    def admit(self, request: Request) -> None: ...


class MayAct(BasePermission):
    """Has a view judge who calls it."""

    def has_permission(self, request: Request, view: object) -> bool:
        if not isinstance(view, Judging):
            return False
        view.admit(request)
        return True
