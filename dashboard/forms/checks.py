"""The form for checks: its options are those of the kind that is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.models import Team
from dashboard.forms.base import ObjectForm, messages_by_field, typed_so_far
from dashboard.forms.labels import LabelsField
from dashboard.forms.options import given_options, option_fields, option_message
from healthchecks import probes
from healthchecks.kinds import KINDS
from healthchecks.models import Check, CheckTemplate, ReachedBy
from healthchecks.services import assign, save_template
from regions.models import Endpoint, Region

OPTION = "option_"
DAMPING = ("damping_half_life_s", "damping_suppress", "damping_reuse", "damping_max_s")
DEFAULT_KIND = "http"
OF_PROBES = ("port", "interval_ms", "timeout_ms", "rise", "fall", "quorum", "vantages")
"""Inputs that say nothing of a check without a probe."""
TEMPLATE_FIELDS = ("reached_by", "port", "labels")


class CheckForm(ObjectForm[Check]):
    has_template = True

    kind = forms.ChoiceField(choices=[(kind, kind.upper()) for kind in KINDS], initial=DEFAULT_KIND)
    endpoints = forms.ModelMultipleChoiceField(
        Endpoint.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    attaches = forms.BooleanField(
        required=False, label="Attach itself", help_text="To every new endpoint for which all of what follows holds."
    )
    template_reached_by = forms.ChoiceField(
        label="Reached by", choices=ReachedBy, initial=ReachedBy.ANY, required=False
    )
    template_port = forms.IntegerField(
        label="Endpoint's port", min_value=1, max_value=65535, required=False, help_text="Empty: any."
    )
    template_labels = LabelsField(label="Labels", required=False, help_text="That it must have, one name=value a line.")

    class Meta:
        model = Check
        fields = [
            "name", "enabled", "kind", "port", "interval_ms", "timeout_ms", "rise", "fall", "quorum", "vantages",
            *DAMPING,
        ]  # fmt: skip
        labels = {
            "interval_ms": "Interval (ms)",
            "timeout_ms": "Timeout (ms)",
            "damping_half_life_s": "Half-life (s)",
            "damping_suppress": "Suppress above",
            "damping_reuse": "Reuse at",
            "damping_max_s": "At most (s)",
        }
        help_texts = {
            "interval_ms": "How often each vantage probes.",
            "timeout_ms": "At most the interval.",
            "rise": "Successes in a row that make an endpoint up.",
            "fall": "Failures in a row that make it down.",
        }
        widgets = {"vantages": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, team=team, **kwargs)
        for name in DAMPING:  # who does not send them leaves them as they are
            self.fields[name].required = False
        self.fields["endpoints"].queryset = Endpoint.objects.filter(team=team)  # type: ignore[attr-defined]
        self.fields["vantages"].queryset = Region.objects.filter(  # type: ignore[attr-defined]
            team=team, is_vantage=True
        )
        if self.instance.pk:
            self.initial.setdefault("endpoints", list(self.instance.endpoints.values_list("pk", flat=True)))
            self._show_template()
        self.chosen_kind = self._chosen_kind()
        self._add_options()
        if not self.is_probe:
            for name in OF_PROBES:
                del self.fields[name]

    @classmethod
    def drafted(cls, data: QueryDict, *, instance: Check | None, team: Team) -> CheckForm:
        form = cls(instance=instance, team=team, initial={"kind": data.get("kind", "")})
        typed = {name: value for name, value in typed_so_far(form, data).items() if form.was_shown(name, data)}
        form.initial = {**form.initial, **typed}
        return form

    def was_shown(self, name: str, data: QueryDict) -> bool:
        """Whether the input was on the page that sent `data`. A box that is not ticked sends nothing."""
        if name in OF_PROBES:
            return "interval_ms" in data
        is_box = isinstance(self.fields[name], forms.BooleanField | forms.ModelMultipleChoiceField)
        return name in data or (is_box and not name.startswith(OPTION))

    @property
    def is_probe(self) -> bool:
        """Whether vantages find out, and not someone who says so or other checks."""
        return self.chosen_kind in probes.KINDS

    @property
    def option_inputs(self) -> list[forms.BoundField]:
        """The inputs of the chosen kind."""
        return [self[name] for name in self.fields if name.startswith(OPTION)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        values = {name.removeprefix(OPTION): value for name, value in cleaned.items() if name.startswith(OPTION)}
        self.instance.options = self._sound_options(given_options(values))
        return cleaned

    def refuse(self, problem: ValidationError) -> None:
        """As in every form; what is wrong with an option stands at its input."""
        errors = messages_by_field(problem)
        for message in errors.pop("options", []):
            name, _, what = message.partition(": ")
            at = f"{OPTION}{name}"
            if at not in self.fields:
                self.add_error(None, message)
            elif not self.has_error(at):
                self.add_error(at, f"{what[:1].upper()}{what[1:].rstrip('.')}.")
        if errors:
            super().refuse(ValidationError(errors))

    def store(self) -> Check:
        check = self.save()
        assign(check, self.cleaned_data["endpoints"])
        save_template(check, self._template())
        return check

    def _show_template(self) -> None:
        template = CheckTemplate.objects.filter(check_definition=self.instance).first()
        self.initial.setdefault("attaches", template is not None)
        for name in TEMPLATE_FIELDS if template else ():
            self.initial.setdefault(f"template_{name}", getattr(template, name))

    def _template(self) -> CheckTemplate | None:
        if not self.cleaned_data["attaches"]:
            return None
        said = {name: self.cleaned_data[f"template_{name}"] for name in TEMPLATE_FIELDS}
        return CheckTemplate(**said | {"reached_by": said["reached_by"] or ReachedBy.ANY})

    def _chosen_kind(self) -> str:
        wanted = self.data.get("kind") or self.initial.get("kind") or DEFAULT_KIND
        return wanted if wanted in KINDS else DEFAULT_KIND

    def _add_options(self) -> None:
        stored = self.instance.options if self.instance.kind == self.chosen_kind else {}
        for name, field in option_fields(KINDS[self.chosen_kind]).items():
            field.initial = stored.get(name, field.initial)
            self.fields[f"{OPTION}{name}"] = field

    def _sound_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options, or none once what is wrong with them stands at their inputs."""
        try:
            KINDS[self.chosen_kind].model_validate(options)
        except pydantic.ValidationError as error:
            for problem in error.errors():
                at = f"{OPTION}{problem['loc'][0]}"
                if not self.has_error(at):
                    self.add_error(at, option_message(problem))
            return {}
        return dict(options)
