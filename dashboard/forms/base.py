"""Forms whose every error stands beside a field, whether the form, the model, the database or a service raised it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import BaseConstraint, CheckConstraint, Model, Q, UniqueConstraint
from django.forms.models import construct_instance
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from accounts.models import Team

M = TypeVar("M", bound=Model)


class Group(NamedTuple):
    """Inputs that belong together, under a title."""

    title: str
    lead: str
    names: tuple[str, ...]


class FieldGroup(NamedTuple):
    title: str
    lead: str
    fields: list[forms.BoundField]


class ShowsRefusals(forms.BaseForm):
    """What services refuse stands beside the field it is about."""

    def refuse(self, problem: ValidationError) -> None:
        """Show what a service has refused: beside its fields where the form has them, else above the form."""
        for field, errors in messages_by_field(problem).items():
            self.add_error(field if field in self.fields else None, errors)

    def problems_at(self, html_name: str) -> list[str]:
        """The errors of the input with this name."""
        names = {self.add_prefix(name): name for name in self.fields}
        return [str(problem) for problem in self.errors.get(names.get(html_name, ""), [])]


class StoredForm(ShowsRefusals, forms.Form):
    """A form for something that is no row of its own. Subclasses have a `store`."""


if TYPE_CHECKING:

    class TypedModelForm(forms.ModelForm[M]): ...

else:

    class TypedModelForm(forms.ModelForm, Generic[M]):
        """Django's ModelForm, generic at run time too."""


class ObjectForm(ShowsRefusals, TypedModelForm[M]):
    """A form for one object of a team. `store` is the one call that writes it."""

    has_template: ClassVar[bool] = False
    """Whether the form is laid out in a template of its own, `form.html` in its section's folder."""

    groups: ClassVar[tuple[Group, ...]] = ()

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        if self.instance._state.adding:
            self.instance.team = team  # type: ignore[attr-defined]

    @classmethod
    def drafted(cls, data: QueryDict, *, instance: M | None, team: Team) -> Self:
        """A form that shows what was typed so far, and judges nothing."""
        form = cls(instance=instance, team=team)
        form.initial = {**form.initial, **typed_so_far(form, data)}
        form.draft_rows(data)
        return form

    @property
    def grouped(self) -> list[FieldGroup]:
        """All inputs by group; a form without groups is one."""
        groups = self.groups or (Group("Settings", "", tuple(self.fields)),)
        return [FieldGroup(title, lead, [self[name] for name in names]) for title, lead, names in groups]

    def draft_rows(self, data: QueryDict) -> None:
        """Take over the rows of `data`, in forms that have rows."""

    def store(self) -> M:
        """Write what the form says. Raises ValidationError."""
        return self.save()

    def _get_validation_exclusions(self) -> set[str]:
        """The team is no field of the form, yet constraints over it and a field must be checked."""
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # known to Django, not to stubs
        return exclusions - {"team"}

    def _post_clean(self) -> None:
        """As in ModelForm, but each constraint's error goes to the last input that it is about."""
        self._say_null()
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        try:
            exclude = self._get_validation_exclusions()
            self.instance.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
        except ValidationError as problem:
            self.refuse(problem)
        self._check_constraints(self._get_validation_exclusions())

    def _say_null(self) -> None:
        """An input left empty means "not said", which columns that can tell keep as NULL."""
        for name, value in self.cleaned_data.items():
            if value == "" and name in self._nullable:
                self.cleaned_data[name] = None

    @property
    def _nullable(self) -> set[str]:
        return {column.name for column in self._meta.model._meta.concrete_fields if column.null}

    def _check_constraints(self, exclude: set[str]) -> None:
        model = self._meta.model
        for constraint in model._meta.constraints:
            try:
                constraint.validate(model, self.instance, exclude=exclude)
            except ValidationError as problem:
                about = constrained_fields(constraint)
                field = next((name for name in reversed(self.fields) if name in about), None)
                self.add_error(field, problem.messages)


def typed_so_far(form: forms.BaseForm, data: QueryDict) -> dict[str, Any]:
    """The raw values of the form's inputs, as initial values for drawing them again."""
    return {
        name: field.widget.value_from_datadict(data, MultiValueDict(), form.add_prefix(name))
        for name, field in form.fields.items()
    }


def constrained_fields(constraint: BaseConstraint) -> set[str]:
    """The names of the model's fields that `constraint` is about."""
    if isinstance(constraint, UniqueConstraint):
        return set(constraint.fields)
    if isinstance(constraint, CheckConstraint) and isinstance(constraint.condition, Q):
        return set(constraint.condition.referenced_base_fields)
    return set()


def messages_by_field(problem: ValidationError) -> dict[str, list[str]]:
    """What a ValidationError says of each field."""
    return problem.message_dict if hasattr(problem, "error_dict") else {NON_FIELD_ERRORS: problem.messages}
