"""The form that says where the load of an endpoint is read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import fields_for_model, model_to_dict

from dashboard.forms.base import StoredForm
from healthchecks.load_sources import save_source
from healthchecks.models import LoadSource
from regions.models import Endpoint

SELECTORS = ("current", "target", "capacity")
INPUTS = ("url", "format", *SELECTORS, "interval_s", "max_age_s")
LABELS = {
    "current": "Current load",
    "target": "Target load",
    "interval_s": "Interval (s)",
    "max_age_s": "Maximal age (s)",
}
HELP = {
    "url": "Such as http://fra-1.example.com:9100/metrics.",
    "format": "Metrics of Prometheus, whose samples of a name are summed; or JSON.",
    "current": 'What it has to do now: busy{pool="web"}, or a pointer into JSON such as /pools/0/busy.',
    "target": "What it would rather not go beyond, likewise. It counts as a load of 80 %.",
    "capacity": "What it can do, likewise; empty: the endpoint's own.",
    "max_age_s": "Once what was read last is older, the load is unknown.",
}
WIDGETS: dict[str, forms.Widget | type[forms.Widget]] = {
    name: forms.TextInput(attrs={"spellcheck": "false", "class": "code"}) for name in ("url", *SELECTORS)
}


class LoadSourceForm(StoredForm):
    """Where the load of an endpoint is read; `source` is where it is read now."""

    def __init__(self, *args: Any, endpoint: Endpoint, source: LoadSource | None, **kwargs: Any) -> None:
        kwargs["initial"] = model_to_dict(source, INPUTS) if source else None
        super().__init__(*args, **kwargs)
        self.endpoint = endpoint
        self.fields.update(fields_for_model(LoadSource, INPUTS, widgets=WIDGETS, labels=LABELS, help_texts=HELP))

    def clean(self) -> dict[str, Any]:
        """What the model says of each value: inputs made of its fields do not know its bounds."""
        cleaned = super().clean() or self.cleaned_data
        wrong = set(INPUTS) - set(cleaned)
        LoadSource(**cleaned).clean_fields(exclude={"endpoint", *wrong})
        return cleaned

    def store(self) -> LoadSource:
        """Have it read from there. Raises ValidationError."""
        return save_source(LoadSource(endpoint=self.endpoint, **self.cleaned_data))
