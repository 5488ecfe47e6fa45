"""Forms for zones, zone files and record sets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from accounts.audit.actor import Actor
from dashboard.forms.base import ObjectForm, StoredForm
from documents.zone_files import import_file
from zones.models import MAX_TTL_S, RecordSet, Zone
from zones.names import InvalidNameError, origin_name, parse_origin, parse_owner
from zones.rdata import COMMON_TYPES, RdataError, UnknownTypeError, canonical_type, parse_rdata
from zones.refusals import sentence
from zones.services import ImportResult, create_zone, put_record_set
from zones.zonefile import ZoneFileError

MAX_FILE_OCTETS = 64 * 2**20


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
        return _read(parse_origin, self.cleaned_data["origin"])

    def clean_nameservers(self) -> list[str]:
        return str(self.cleaned_data["nameservers"]).replace(",", " ").split()

    def store(self) -> Zone:
        return create_zone(
            self.team,
            self.cleaned_data["origin"],
            nameservers=self.cleaned_data["nameservers"],
            contact=self.cleaned_data["contact"] or None,
        )


class ZoneFileForm(StoredForm):
    """A master file, chosen or pasted, that becomes the zone."""

    file = forms.FileField(required=False)
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code"}),
    )

    def __init__(self, *args: Any, zone: Zone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_file(self) -> str:
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size and file.size > MAX_FILE_OCTETS:
            raise ValidationError(f"The file is larger than {MAX_FILE_OCTETS // 2**20} MiB.")
        try:
            return str(file.read(), "utf-8")
        except UnicodeDecodeError as error:
            raise ValidationError(f"The file is not text in UTF-8: octet {error.start} is none.") from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned.get("file") or cleaned.get("text")):
            raise ValidationError({"text": "Choose a file or paste one."})
        return cleaned

    def store(self, actor: Actor) -> ImportResult:
        field = "file" if self.cleaned_data["file"] else "text"
        try:
            return import_file(actor, self.zone, self.cleaned_data[field])[0]
        except ZoneFileError as error:
            raise ValidationError({field: str(error)}) from error


class RecordSetForm(StoredForm):
    """All records of a name and type. Of a set that exists, name and type stay."""

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

    types = COMMON_TYPES

    def __init__(self, *args: Any, zone: Zone, edited: RecordSet | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = _shown(edited)
        super().__init__(*args, **kwargs)
        self.zone = zone
        if edited:
            self.fields["name"].disabled = self.fields["type"].disabled = True

    def clean_name(self) -> str:
        return _read(lambda text: parse_owner(text, self.zone.origin), self.cleaned_data["name"])

    def clean_type(self) -> str:
        return _read(canonical_type, self.cleaned_data["type"])

    def clean_rdatas(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["rdatas"].splitlines() if line.strip()]
        problems = list(filter(None, map(self._line_problem, lines)))
        if problems:
            raise ValidationError(problems)
        return lines

    def store(self) -> RecordSet:
        given = self.cleaned_data
        return put_record_set(self.zone, given["name"], given["type"], given["ttl_s"], given["rdatas"])

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
    return {"name": edited.name, "type": edited.type, "ttl_s": edited.ttl_s, "rdatas": "\n".join(edited.rdatas)}


def _read(reader: Any, text: str) -> str:
    try:
        return str(reader(text))
    except (InvalidNameError, UnknownTypeError) as error:
        raise ValidationError(sentence(str(error))) from error
