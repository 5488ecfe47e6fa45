"""Forms for zone files, whose every line that cannot be taken is shown to be mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from dashboard.forms.base import StoredForm
from dashboard.forms.zones import read
from zones.edits import Author
from zones.imports import MAX_FILE_OCTETS, LineProblem, keep_draft, problems_of
from zones.models import ImportDraft, Zone
from zones.names import parse_origin
from zones.zonefile import stated_origin

MAX_SHOWN_CHARACTERS = 2**20
"""A file longer than this is mended where it comes from: no browser edits it well."""


class ZoneFileForm(StoredForm):
    """A master file, chosen or pasted. `store` keeps it as a draft, to be looked at before it is taken."""

    file = forms.FileField(required=False, help_text=f"Up to {MAX_FILE_OCTETS // 2**20} MiB.")
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code", "wrap": "off"}),
    )

    def __init__(
        self,
        given: Mapping[str, Any] | None,
        files: MultiValueDict[str, UploadedFile[bytes]] | None = None,
        *,
        zone: Zone | None,
        author: Author,
    ) -> None:
        super().__init__(given, files)
        self.zone, self.author = zone, author
        self.line_problems: list[LineProblem] = []

    @property
    def origin(self) -> str:
        """Of the zone that the file is for."""
        return self.zone.origin if self.zone else ""

    def clean_file(self) -> str:
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size and file.size > MAX_FILE_OCTETS:
            raise ValidationError(f"The file is larger than {MAX_FILE_OCTETS // 2**20} MiB: split it.")
        try:
            text = str(file.read(), "utf-8")
        except UnicodeDecodeError as error:
            raise ValidationError(f"The file is not text in UTF-8: octet {error.start} is none.") from error
        if "\0" in text:
            raise ValidationError(f"The file is not text: octet {text.encode().index(0)} is NUL.")
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned.get("file") or cleaned.get("text")):
            raise ValidationError({"text": "Choose a file or paste one."})
        if not self.errors:
            self._judge(cleaned["file"] or cleaned["text"])
        return cleaned

    def store(self) -> ImportDraft:
        return keep_draft(self.author, self._whole(), self.origin, self.zone)

    def _whole(self) -> str:
        return str(self.cleaned_data["file"] or self.cleaned_data["text"])

    def _judge(self, text: str) -> None:
        """Refuse a file with its lines, and put it into the text area, where they can be mended."""
        self.line_problems = problems_of(text, self.origin, self.zone)
        if not self.line_problems:
            return
        self.data = {**self.data, "text": text if len(text) <= MAX_SHOWN_CHARACTERS else ""}
        count = len(self.line_problems)
        where = "below" if self.data["text"] else "in your file, which is too long to be edited here"
        self.add_error("text", f"{count} line{'s' * (count > 1)} cannot be taken: mend {where}.")


class NewZoneFileForm(ZoneFileForm):
    """A master file that becomes a new zone, whose origin it says itself or someone types."""

    origin_typed = forms.CharField(
        required=False,
        label="Origin",
        help_text="Such as example.com. Empty: the owner of the file's SOA record, or its $ORIGIN.",
    )
    field_order = ["file", "origin_typed", "text"]

    @property
    def origin(self) -> str:
        return str(self.cleaned_data["origin"])

    def _judge(self, text: str) -> None:
        origin = self.cleaned_data["origin_typed"] or stated_origin(text)
        if origin is None:
            self.add_error("origin_typed", "The file does not say its origin: write it here.")
        elif Zone.objects.filter(origin=origin).exists():
            self.add_error("origin_typed", f"{origin} is a zone already: import into it from its page.")
        else:
            self.cleaned_data["origin"] = origin
            super()._judge(text)

    def clean_origin_typed(self) -> str:
        typed = self.cleaned_data["origin_typed"].strip()
        return read(parse_origin, typed) if typed else ""
