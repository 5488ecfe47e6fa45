"""One kind of object: its list, its page, its form, its removal. Each subclass says what is particular to its kind.

request ──► visible objects ──► form ── store() ──► one service ──► request_publish ──► redirect
                                  ▲                     │
                                  └──── refuse() ◄── ValidationError
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse

from accounts.audit.journal import Event
from accounts.audit.models import Action
from accounts.models import Team, User
from dashboard.access import signed_in, team_for_writing, visible
from dashboard.dependents import Dependents, dependents_of
from dashboard.drafting import draft, put
from dashboard.exports import exported, format_asked, stored
from dashboard.forms.base import ObjectForm
from dashboard.forms.rows import perform
from dashboard.guard import acting_of, require_to_write
from dashboard.needs import NEEDS
from dashboard.noting import noted
from dashboard.tables import Column, heads_of, ordered
from dashboard.writing import declare, field_asked, field_problems, is_drafted, sent
from documents.kinds import KINDS

M = TypeVar("M", bound=Model)
View = Callable[..., HttpResponseBase]

ROWS_A_PAGE = 50


class Section(Generic[M]):
    """Pages for one model. `slug` names their URLs, documents and folder of templates."""

    model: ClassVar[type[Model]]
    form_class: ClassVar[type[ObjectForm[Any]]]
    slug: ClassVar[str]
    lead: ClassVar[str]
    key: ClassVar[str] = "pk"
    key_converter: ClassVar[str] = "int"
    searched: ClassVar[tuple[str, ...]] = ("name",)
    editable: ClassVar[bool] = True
    drafted: ClassVar[bool] = True
    """Whether a form can be put into a change instead of being written."""
    columns: ClassVar[tuple[Column, ...]] = (Column("name", "Name", str),)
    """Of the list, on its page and in files. Their values are read of what `rows_of` gives."""
    example: ClassVar[str] = ""
    """How the first one is made on the command line, shown where there is none."""
    aftermath: ClassVar[str] = " and being published"
    """What else is said of a write that went well; empty where edges do not hear of it."""

    def urls(self) -> list[URLPattern]:
        """The URLs of all pages; every one needs a login."""
        one = f"{self.slug}/<{self.key_converter}:key>/"
        routes: list[tuple[str, View, str]] = [
            (f"{self.slug}/", self.index, self.slug),
            (f"{self.slug}/new/", self.create, f"{self.slug}-new"),
            (one, self.show, f"{self.slug}-show"),
            (f"{one}delete/", self.delete, f"{self.slug}-delete"),
        ]
        if self.editable:
            routes.append((f"{one}edit/", self.edit, f"{self.slug}-edit"))
        return [path(route, login_required(view), name=name) for route, view, name in [*routes, *self.more_urls(one)]]

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:  # noqa: ARG002
        """Further routes; `one` is that of a single object."""
        return []

    def objects(self) -> QuerySet[M]:
        """All objects, with what lists and pages show of them."""
        return self.model._default_manager.all()  # type: ignore[return-value]

    def rows_of(self, shown: list[M]) -> Sequence[Any]:
        """Objects with what their row says besides, in their order; in a bounded number of queries."""
        return shown

    def index_context(self, shown: list[M]) -> dict[str, Any]:  # noqa: ARG002
        """What a list needs besides the objects it shows."""
        return {}

    def show_context(self, shown: M) -> dict[str, Any]:  # noqa: ARG002
        """What the page of an object needs besides the object."""
        return {}

    def form_context(self, request: HttpRequest, form: ObjectForm[M], edited: M | None) -> dict[str, Any]:  # noqa: ARG002
        """What the page of the form needs besides the form."""
        return {}

    def dependents(self, doomed: M) -> Dependents:
        """What goes along with the object, and what must go first."""
        return dependents_of(doomed)

    def remove(self, doomed: M) -> None:
        """Delete the object. Raises ValidationError."""
        doomed.delete()

    def after_write(self) -> None:
        """What else has to hear of a write, within its transaction."""

    def after_create(self, request: HttpRequest, form: ObjectForm[M], created: M) -> HttpResponseBase:  # noqa: ARG002
        """Where a new object leads."""
        messages.success(request, f"{self.singular.capitalize()} {created} is created{self.aftermath}.")
        return redirect(self.url_of(created))

    @property
    def singular(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @property
    def title(self) -> str:
        return self.plural.capitalize()

    @property
    def index_url(self) -> str:
        return reverse(self.slug)

    @property
    def new_url(self) -> str:
        return reverse(f"{self.slug}-new")

    def url_of(self, shown: M, page: str = "show") -> str:
        key = shown.pk if self.key == "pk" else getattr(shown, self.key)
        return reverse(f"{self.slug}-{page}", args=[key])

    def index(self, request: HttpRequest) -> HttpResponseBase:
        """The list, searched, sorted and paged; or all of it as a file."""
        searched = request.GET.get("q", "").strip()
        matching = self._visible(request)
        if searched:
            matching = matching.filter(self._match(searched))
        matching = ordered(matching, self.columns, request.GET.get("sort", ""))
        if file_format := format_asked(request):
            return exported(self.slug, self.columns, stored(matching, self.rows_of), file_format)
        page = Paginator(matching, ROWS_A_PAGE).get_page(request.GET.get("page"))
        shown = list(page)
        context = {"page": page, "searched": searched, "rows": self.rows_of(shown)} | self.index_context(shown)
        return self._render(request, "index", context | {"heads": heads_of(self.columns, request.GET)})

    def show(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The page of one object."""
        shown = self.find(request, key)
        return self._render(request, "show", {"object": shown} | self.show_context(shown))

    def create(self, request: HttpRequest) -> HttpResponseBase:
        """The form for a new object."""
        return self._write(request, None, team_for_writing(signed_in(request)))

    def edit(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The form for an object that exists."""
        edited = self.find(request, key)
        return self._write(request, edited, edited.team)  # type: ignore[attr-defined]

    def delete(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """What depends on the object, and the button that deletes it."""
        doomed = self.find(request, key)
        dependents = self.dependents(doomed)
        problems: list[str] = []
        if request.method == "POST" and is_drafted(request) and self.slug in KINDS:
            return self._draft_removal(request, doomed)
        if request.method == "POST" and not dependents.blocking:
            require_to_write(request)
            problems = self._delete(request, doomed)
            if not problems:
                messages.success(request, f"{self.singular.capitalize()} {doomed} is deleted.")
                return redirect(self.slug)
        context = {"object": doomed, "dependents": dependents, "problems": problems}
        return self._render(request, "delete", context, generic=True)

    def find(self, request: HttpRequest, key: object) -> M:
        """The object of that key, or 404 if there is none that the user may see."""
        return get_object_or_404(self._visible(request), **{self.key: key})

    def matching(self, user: User, searched: str) -> QuerySet[M]:
        """Objects that a user may see and that match what is typed, without what lists show of them."""
        objects: QuerySet[M] = self.model._default_manager.all()  # type: ignore[assignment]
        return visible(objects, user).filter(self._match(searched))

    def summary(self, found: M) -> str:  # noqa: ARG002
        """What search says of an object beside its name."""
        return ""

    def _visible(self, request: HttpRequest) -> QuerySet[M]:
        return visible(self.objects(), signed_in(request))

    def _match(self, searched: str) -> Q:
        match = Q()
        for field in self.searched:
            match |= Q(**{f"{field}__icontains": searched})
        return match

    def _write(self, request: HttpRequest, edited: M | None, team: Team) -> HttpResponseBase:
        if "draft" in request.POST:
            form = self.form_class.drafted(perform(request.POST, request.POST["draft"]), instance=edited, team=team)
            return self._form_page(request, form, edited)
        form = self.form_class(sent(request), instance=edited, team=team, initial=_suggested(request, edited))
        if field := field_asked(request):
            return field_problems(request, form, field)
        if form.is_bound and form.is_valid():
            if is_drafted(request):
                return self._draft(request, form, edited, team)
            require_to_write(request)
            try:
                stored = declare(noted(request, team, KINDS[self.slug], edited, form.store), self.after_write)
            except ValidationError as problem:
                form.refuse(problem)
            else:
                return self._after_store(request, form, stored, is_new=edited is None)
        return self._form_page(request, form, edited)

    def _draft(self, request: HttpRequest, form: ObjectForm[M], edited: M | None, team: Team) -> HttpResponseBase:
        """Put what the form says into a change, instead of writing it."""
        title = f"{'Edit' if edited else 'New'} {self.singular} {edited or form.instance}"
        try:
            if not self.drafted:
                raise ValidationError(f"A change would show what is secret of this {self.singular}: save it at once.")
            change = draft(request, team, KINDS[self.slug], edited, form.store, title)
        except ValidationError as problem:
            form.refuse(problem)
            return self._form_page(request, form, edited)
        messages.success(request, f"It is in change {change.number}. Nothing happens before that is published.")
        return redirect("changes-show", change.number)

    def _after_store(self, request: HttpRequest, form: ObjectForm[M], stored: M, *, is_new: bool) -> HttpResponseBase:
        if is_new:
            return self.after_create(request, form, stored)
        messages.success(request, f"{self.singular.capitalize()} {stored} is saved{self.aftermath}.")
        return redirect(self.url_of(stored))

    def _delete(self, request: HttpRequest, doomed: M) -> list[str]:
        """Why it could not be deleted; nothing if it was."""
        try:
            team = doomed.team  # type: ignore[attr-defined]
            declare(self.noted_removal(request, team, doomed), self.after_write)
        except ValidationError as problem:
            return problem.messages
        return []

    def noted_removal(self, request: HttpRequest, team: Team, doomed: M) -> Callable[[], object]:
        """The removal, with it written down."""
        return noted(request, team, KINDS[self.slug], doomed, lambda: self.remove(doomed))

    def _draft_removal(self, request: HttpRequest, doomed: M) -> HttpResponseBase:
        """Put the removal into a change. What still uses the object is judged when that is published."""
        team, kind = doomed.team, KINDS[self.slug]  # type: ignore[attr-defined]
        gone = Event(kind.plural, kind.key_of(doomed), Action.DELETE, kind.declared(team, doomed), None)
        try:
            change = put(request, team, [gone], f"Delete {self.singular} {doomed}")
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
            return redirect(self.url_of(doomed))
        messages.success(request, f"The removal of {doomed} is in change {change.number}.")
        return redirect("changes-show", change.number)

    def _form_page(self, request: HttpRequest, form: ObjectForm[M], edited: M | None) -> HttpResponse:
        context = {"form": form, "object": edited} | self.form_context(request, form, edited)
        response = self._render(request, "form", context, generic=not form.has_template)
        response.status_code = 422 if form.is_bound else 200
        return response

    def _render(
        self, request: HttpRequest, page: str, context: dict[str, Any], *, generic: bool = False
    ) -> HttpResponse:
        folder = "generic" if generic else self.slug
        shown = {"section": self, "may_write": self._may_write(request)} | context
        return render(request, f"dashboard/{folder}/{page}.html", shown)

    def _may_write(self, request: HttpRequest) -> bool:
        """Whether the reader may declare, change and delete such objects."""
        acting, needed = acting_of(request), NEEDS[f"{self.slug}-delete"].read
        return acting is not None and (needed is None or acting.may(needed))


def _suggested(request: HttpRequest, edited: Model | None) -> dict[str, Any] | None:
    """What a link to the form of a new object fills in."""
    return request.GET.dict() if edited is None else None
