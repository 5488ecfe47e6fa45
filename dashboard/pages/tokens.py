"""API tokens of the team: what each may, until when, and when and from where it was used last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase

from accounts.audit.journal import Event
from accounts.audit.models import Action
from accounts.models import ApiToken, Team
from common.clock import database_time
from dashboard.access import signed_in, team_for_writing
from dashboard.dependents import Dependents
from dashboard.forms.base import ObjectForm
from dashboard.forms.tokens import TokenForm
from dashboard.noting import tell, told
from dashboard.section import Section
from dashboard.tables import Column
from dashboard.writing import field_asked, field_problems, sent


class TokenSection(Section[ApiToken]):
    model = ApiToken
    form_class = ObjectForm  # its form is TokenForm: it knows the user too
    slug = "tokens"
    lead = "Secrets for automation. Each acts for the team, as far as its scope and its user's role go."
    columns = (
        Column("name", "Name", lambda token: token.name, ("name",)),
        Column("start", "Begins with", lambda token: token.start),
        Column("scope", "Scope", lambda token: token.scope, ("scope",)),
        Column("user", "User", lambda token: token.user.username, ("user__username",)),
        Column("expires", "Expires", lambda token: token.expires, ("expires",)),
        Column("last_used", "Last used", lambda token: token.last_used, ("last_used",)),
    )
    searched = ("name", "user__username", "start")
    editable = False
    aftermath: ClassVar[str] = ""

    def objects(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.select_related("team", "user")

    def index_context(self, shown: list[ApiToken]) -> dict[str, Any]:  # noqa: ARG002
        return {"now": database_time()}

    def show_context(self, shown: ApiToken) -> dict[str, Any]:  # noqa: ARG002
        return {"now": database_time()}

    def dependents(self, doomed: ApiToken) -> Dependents:  # noqa: ARG002
        return Dependents(blocking=[], following=[], losing=[])

    def noted_removal(self, request: HttpRequest, team: Team, doomed: ApiToken) -> Callable[[], object]:
        """The removal, with it written down: tokens have no documents."""
        return told(request, team, Event(self.slug, doomed.name, Action.DELETE), lambda: self.remove(doomed))

    def create(self, request: HttpRequest) -> HttpResponseBase:
        """The form, and once it is sent the secret, this once."""
        user = signed_in(request)
        form = TokenForm(sent(request), team=team_for_writing(user), user=user)
        if field := field_asked(request):
            return field_problems(request, form, field)
        context: dict[str, Any] = {"form": form}
        if form.is_bound and form.is_valid():
            try:
                context["object"], context["secret"] = self._stored(request, form)
            except ValidationError as problem:
                form.refuse(problem)
        response = self._render(request, "new", context)
        response.status_code = 422 if form.is_bound and not form.is_valid() else 200
        response["Cache-Control"] = "no-store"
        return response

    def _stored(self, request: HttpRequest, form: TokenForm) -> tuple[ApiToken, str]:
        with transaction.atomic():
            token, secret = form.store()
            tell(request, token.team, Event(self.slug, token.name, Action.CREATE))
        return token, secret
