"""Forms for zones and record sets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from dashboard.forms.base import ObjectForm, StoredForm
from zones.contents import Key
from zones.edits import Author, ChangedSinceError, save_record_set
from zones.models import MAX_TTL_S, RecordSet, Zone, ZoneEdit
from zones.names import InvalidNameError, origin_name, parse_origin, parse_owner
from zones.rdata import COMMON_TYPES, RdataError, UnknownTypeError, canonical_type, parse_rdata
from zones.refusals import sentence
from zones.services import create_zone
from zones.versions import version_of, version_of_records


class ZoneForm(ObjectForm[Zone]):
    nameservers = forms.CharField(
        initial="ns1",
        label="Name servers",
        help_text="The names that answer for the zone, separated by spaces. Relative ones get the origin appended.",
    )
    contact = forms.CharField(required=False, help_text="A mail address for the SOA record; empty: hostmaster.")

    class Meta:
        model = Zone
        fields = ["origin"]
        help_texts = {"origin": "The domain, such as example.com."}

    def clean_origin(self) -> str:
        return read(parse_origin, self.cleaned_data["origin"])

    def clean_nameservers(self) -> list[str]:
        return str(self.cleaned_data["nameservers"]).replace(",", " ").split()

    def store(self) -> Zone:
        return create_zone(
            self.team,
            self.cleaned_data["origin"],
            nameservers=self.cleaned_data["nameservers"],
            contact=self.cleaned_data["contact"] or None,
        )


class RecordSetForm(StoredForm):
    """All records of a name and type. Of a set that exists, name and type stay.

    `seen` is the version that was shown to who edits it.
    """

    name = forms.CharField(initial="@", help_text="Relative to the origin; @ is the apex.")
    type = forms.CharField(
        initial="A", help_text="Or TYPE and a number.", widget=forms.TextInput(attrs={"list": "record-types"})
    )
    ttl_s = forms.IntegerField(label="TTL (s)", min_value=0, max_value=MAX_TTL_S, initial=300)
    rdatas = forms.CharField(
        label="Records",
        help_text="One a line.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "code"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    types = COMMON_TYPES

    def __init__(
        self, given: QueryDict | None = None, *, zone: Zone, author: Author, edited: RecordSet | None = None
    ) -> None:
        super().__init__(given.dict() if given is not None else None, initial=_shown(edited))
        self.zone, self.author = zone, author
        self.conflict: ChangedSinceError | None = None
        if edited:
            self.fields["name"].disabled = self.fields["type"].disabled = True

    @property
    def shown(self) -> list[forms.BoundField]:
        """The inputs that people see."""
        return self.visible_fields()

    def clean_name(self) -> str:
        return read(lambda text: parse_owner(text, self.zone.origin), self.cleaned_data["name"])

    def clean_type(self) -> str:
        return read(canonical_type, self.cleaned_data["type"])

    def clean_rdatas(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["rdatas"].splitlines() if line.strip()]
        problems = list(filter(None, map(self._line_problem, lines)))
        if problems:
            raise ValidationError(problems)
        return lines

    @property
    def key(self) -> Key:
        return self.cleaned_data["name"], self.cleaned_data["type"]

    def store(self) -> ZoneEdit | None:
        """Write it; None if nothing differs. Raises ValidationError and ChangedSinceError."""
        given = self.cleaned_data
        seen = given["seen"]
        return save_record_set(self.zone, self.author, self.key, given["ttl_s"], given["rdatas"], seen=seen)

    def confront(self, conflict: ChangedSinceError) -> None:
        """Show what there is by now: who sends the form again has seen it."""
        self.conflict = conflict
        if conflict.key:
            self.data = {**self.data, "seen": version_of_records(conflict.key, conflict.present)}

    def _line_problem(self, line: str) -> str | None:
        """What is wrong with a record, once its type is known."""
        if "type" not in self.cleaned_data:
            return None
        try:
            parse_rdata(self.cleaned_data["type"], line, origin_name(self.zone.origin))
        except RdataError as error:
            return sentence(str(error))
        return None


def _shown(edited: RecordSet | None) -> dict[str, Any] | None:
    if edited is None:
        return None
    return {
        "name": edited.name,
        "type": edited.type,
        "ttl_s": edited.ttl_s,
        "rdatas": "\n".join(edited.rdatas),
        "seen": version_of(edited.type, edited.ttl_s, edited.rdatas),
    }


def read(reader: Any, text: str) -> str:
    """What a reader of zones.names or zones.rdata makes of a text. Raises ValidationError."""
    try:
        return str(reader(text))
    except (InvalidNameError, UnknownTypeError) as error:
        raise ValidationError(sentence(str(error))) from error
