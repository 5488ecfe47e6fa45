"""What to do to many record sets at once, and to which."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from dashboard.forms.base import StoredForm
from zones.bulk import Action, Delete, Planned, Replace, SetTtl, plan
from zones.contents import Contents, Key
from zones.edits import MOST_RECORD_SETS, Author, edit_many
from zones.listing import Wanted
from zones.models import MAX_TTL_S, Zone, ZoneEdit
from zones.names import origin_name
from zones.storage import contents_of, read_record_sets

ACTIONS = {"ttl": "Set TTL", "replace": "Find and replace", "delete": "Delete"}
INPUTS = {"ttl": ("ttl_s",), "replace": ("old", "new"), "delete": ()}
MOST_SELECTED = 500


class BulkForm(StoredForm):
    """An action and its inputs. What it is about are `selected` record sets, or all that match a search."""

    ttl_s = forms.IntegerField(label="TTL (s)", min_value=0, max_value=MAX_TTL_S)
    old = forms.CharField(label="Find", strip=False, help_text="In records, exactly as it is written.")
    new = forms.CharField(label="Replace with", strip=False, required=False)

    def __init__(self, given: QueryDict, *, zone: Zone, action: str) -> None:
        super().__init__(given if given.get("step") else None)
        self.zone, self.action_name = zone, action
        self.everything = "all" in given
        self.wanted = Wanted(given.get("q", ""), given.get("type", ""), given.get("answered", ""))
        self.selected = [key for text in given.getlist("key")[:MOST_SELECTED] if (key := _key(text))]
        for name in self.fields.keys() - set(INPUTS[action]):
            del self.fields[name]

    @property
    def title(self) -> str:
        return ACTIONS[self.action_name]

    @property
    def action(self) -> Action:
        match self.action_name:
            case "ttl":
                return SetTtl(self.cleaned_data["ttl_s"])
            case "replace":
                return Replace(self.cleaned_data["old"], self.cleaned_data["new"])
            case _:
                return Delete()

    def contents(self) -> Contents:
        """The record sets it is about. Raises ValidationError if there are none, or too many."""
        if self.everything:
            found = self.wanted.of(self.zone).filter(steered=False)
            if found[: MOST_RECORD_SETS + 1].count() > MOST_RECORD_SETS:
                raise ValidationError(f"More than {MOST_RECORD_SETS:,} record sets match: narrow the search.")
            contents = contents_of(found)
        else:
            contents = read_record_sets(self.zone, self.selected)
        if not contents:
            raise ValidationError("Nothing that can be edited is selected: policies answer for themselves.")
        return contents

    def plan(self, contents: Contents) -> Planned:
        return plan(self.action, contents, origin_name(self.zone.origin))

    def carry_out(self, author: Author, serial: int) -> ZoneEdit | None:
        """Raises ValidationError and ChangedSinceError."""
        return edit_many(self.zone, author, self.contents(), self.action, serial=serial)


def key_text(key: Key) -> str:
    """A key as a checkbox sends it."""
    return " ".join(key)


def _key(text: str) -> Key | None:
    """None for what no checkbox sends."""
    name, separator, type_ = text.partition(" ")
    return (name, type_) if separator and "\0" not in text else None
