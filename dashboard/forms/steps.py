"""Inputs for the steps of a policy, made from the options that each kind of step declares.

A new kind of step needs nothing here as long as its options are numbers, texts, lists of texts, a policy, members
(regions and pools), what to do if nothing is left, or a list of rules about those.

    option's type ──► input ──► what was typed ──► option as steering.steps reads it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from django import forms
from django.http import QueryDict
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dashboard.forms.options import labelled, without_none
from dashboard.forms.rows import row_prefixes
from dashboard.forms.with_rows import RowForm
from steering.steps import KINDS, Fallback, Fence, Members

ALL = "all"
ACTIONS = {"bypass": "Keep them all (bypass)", "refuse": "Answer that there is no such record (refuse)"}


@dataclass(frozen=True)
class Names:
    """What steps may refer to."""

    regions: list[str]
    pools: list[str]
    policies: list[str]

    @property
    def members(self) -> list[tuple[str, str]]:
        return [(f"region:{name}", name) for name in self.regions] + [
            (f"pool:{name}", f"pool {name}") for name in self.pools
        ]

    @property
    def fallbacks(self) -> list[tuple[str, str]]:
        return [(f"pool:{name}", f"Serve pool {name}") for name in self.pools] + [
            (f"policy:{name}", f"Serve policy {name}") for name in self.policies
        ]


class WordsField(forms.CharField):
    """Texts separated by spaces or commas."""

    widget = forms.TextInput(attrs={"spellcheck": "false", "class": "code"})

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return str(value or "").replace(",", " ").split()


class MembersField(forms.MultipleChoiceField):
    """Regions and pools to choose from; where everyone may serve, `all` is a choice too."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            regions = [f"region:{name}" for name in value.get("regions", [])]
            return regions + [f"pool:{name}" for name in value.get("pools", [])]
        return [value] if isinstance(value, str) else value

    def clean(self, value: Any) -> Any:
        chosen = super().clean(value)
        if chosen == [ALL]:
            return ALL
        if ALL in chosen:
            raise forms.ValidationError("Choose either all candidates, or regions and pools.")
        return members_of(chosen)


class IfEmptyField(forms.ChoiceField):
    """What happens if a step would drop every candidate."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        target = [f"{kind}:{value[kind]}" for kind in ("pool", "policy") if value.get(kind)]
        return target[0] if target else value["action"]

    def clean(self, value: Any) -> Any:
        kind, _, name = str(super().clean(value) or "bypass").partition(":")
        return {"action": "fallback", kind: name} if name else {"action": kind}


class RuleForm(RowForm):
    """A place and who serves it."""

    location = forms.CharField(
        required=False,
        widget=forms.TextInput(attrs={"list": "locations", "placeholder": "country:DE", "class": "code"}),
    )

    def __init__(self, *args: Any, names: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"] = MembersField(choices=names.members, required=False, label="Served by")

    def option(self) -> dict[str, Any]:
        """The rule as steering.steps reads it."""
        return {"location": self.cleaned_data.get("location", "").strip(), **self.cleaned_data.get("to", {})}


class StepForm(RowForm):
    """One step of a kind. `rules_name` is the option that is a list of rules, None for kinds without."""

    def __init__(self, *args: Any, kind: str, names: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step_kind, self.names = kind, names
        self.rules_name: str | None = None
        for name, info in KINDS[kind].model_fields.items():
            if name == "kind":
                self.fields["kind"] = forms.CharField(widget=forms.HiddenInput, initial=kind)
            elif _is_rules(info):
                self.rules_name = name
            else:
                self.fields[name] = labelled(_make(KINDS[kind], name, info, names), name, info)
        self.rules = self._rules() if self.rules_name else []

    @property
    def about(self) -> str:
        """What the kind of step does."""
        return KINDS[self.step_kind].__doc__ or ""

    @property
    def options(self) -> list[forms.BoundField]:
        """The inputs that are shown."""
        return self.visible_fields()

    @property
    def redrawing(self) -> list[str]:
        """The inputs that may name another policy: what is shown of it is drawn again when they change."""
        return [name for name in ("policy", "if_empty") if name in self.fields] if self.names.policies else []

    @property
    def nested(self) -> list[str]:
        """The names of the policies that the step may hand over to."""
        named = [str(self[name].value() or "").removeprefix("policy:") for name in self.redrawing]
        return [name for name in named if name in self.names.policies]

    @property
    def rules_prefix(self) -> str:
        return self.add_prefix(self.rules_name or "")

    def is_valid(self) -> bool:
        judged = [rule.is_valid() for rule in self.rules]
        return super().is_valid() and all(judged)

    def step(self) -> dict[str, Any]:
        """The step as steering.steps reads it: what was left empty is left out."""
        said = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", {})}
        if self.rules_name:
            said[self.rules_name] = [rule.option() for rule in self.rules]
        return said | {"kind": self.step_kind}

    def show(self, path: list[str], messages: list[str]) -> None:
        if len(path) > 1 and path[0] == self.rules_name and int(path[1]) < len(self.rules):
            at = "location" if path[2:3] == ["location"] else "to"
            self.rules[int(path[1])].show([at], messages)
        else:
            super().show(path, messages)

    def problems_at(self, html_name: str) -> list[str] | None:
        found = (rule.problems_at(html_name) for rule in self.rules)
        return next((problems for problems in found if problems is not None), super().problems_at(html_name))

    def draft(self, data: QueryDict) -> None:
        super().draft(data)
        self.rules = [self._drafted_rule(start, data) for start in self._rule_starts(data)]

    def _rules(self) -> list[RuleForm]:
        if self.is_bound:
            return [RuleForm(self.data, prefix=start, names=self.names) for start in self._rule_starts(self.data)]
        stored = self.initial.get(self.rules_name, []) if isinstance(self.initial, dict) else []
        return [
            RuleForm(prefix=f"{self.rules_prefix}-{place}", names=self.names, initial=rule | {"to": rule})
            for place, rule in enumerate(stored)
        ]

    def _rule_starts(self, data: Mapping[str, Any]) -> list[str]:
        return row_prefixes(data, self.rules_prefix) if self.rules_name else []

    def _drafted_rule(self, start: str, data: QueryDict) -> RuleForm:
        rule = RuleForm(prefix=start, names=self.names, initial={})
        rule.draft(data)
        return rule


def members_of(chosen: Iterable[str]) -> dict[str, list[str]]:
    """`region:eu`, `pool:web` to names by what they are."""
    pairs = [choice.partition(":") for choice in chosen]
    members = {f"{kind}s": [name for found, _, name in pairs if found == kind] for kind in ("region", "pool")}
    return {kind: names for kind, names in members.items() if names}


def _is_rules(info: FieldInfo) -> bool:
    arguments = get_args(info.annotation)
    return (
        get_origin(info.annotation) is list and isinstance(arguments[0], type) and issubclass(arguments[0], BaseModel)
    )


def _make(step: type[BaseModel], name: str, info: FieldInfo, names: Names) -> forms.Field:
    kind = without_none(info.annotation)
    parts = get_args(kind)
    if name == "policy":
        return forms.ChoiceField(choices=[("", "—"), *((policy, policy) for policy in names.policies)], required=False)
    if Fallback in parts:
        return _if_empty(step, names)
    if get_origin(kind) is list:
        return WordsField(required=False)
    if any(Members in (part, *get_args(part)) for part in parts):
        choices = [(ALL, "all candidates"), *names.members]
        return MembersField(choices=choices, required=False)
    return INPUTS.get(kind, forms.CharField)(required=False)


def _if_empty(step: type[BaseModel], names: Names) -> IfEmptyField:
    actions = ["bypass", "refuse"] if issubclass(step, Fence) else ["bypass"]
    choices = [*[(action, ACTIONS[action]) for action in actions], *names.fallbacks]
    return IfEmptyField(choices=choices, required=False)


class MeasureField(forms.FloatField):
    """A number that is shown without a fraction of nothing."""

    def prepare_value(self, value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value


INPUTS: dict[Any, Callable[..., forms.Field]] = {
    bool: forms.BooleanField,
    int: forms.IntegerField,
    float: MeasureField,
}
