"""Forms for who is told of what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField

from accounts.models import Team
from dashboard.forms.base import Group, ObjectForm
from dashboard.forms.labels import LabelsField
from healthchecks.alerts.events import EventKind
from healthchecks.alerts.models import AlertRule, Channel, ChannelKind, SubjectKind
from healthchecks.alerts.signing import make_secret
from healthchecks.models import Check
from regions.models import Endpoint, Region

SECRET = {"autocomplete": "off", "spellcheck": "false", "class": "code"}
KEPT = "Empty: as it is. Nobody is shown it."


class ChannelForm(ObjectForm[Channel]):
    """Secrets are shown while they are typed, and never again. What another kind needs is left out of account."""

    groups = (
        Group("Channel", "", ("name", "kind", "enabled")),
        Group("Hook", "Of a webhook or a Slack-compatible hook.", ("url", "secret")),
        Group("E-mail", "Instead of a hook.", ("recipients",)),
    )
    url = forms.CharField(
        label="URL",
        required=False,
        max_length=2048,
        widget=forms.TextInput(attrs=SECRET),
        help_text="Such as https://hooks.example.com/path. Messages are posted there.",
    )
    secret = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=SECRET),
        help_text="Webhooks are signed with it. Give it to the receiver now: it is not shown again.",
    )
    recipients = SimpleArrayField(forms.EmailField(), required=False, help_text="Addresses with commas between them.")

    class Meta:
        model = Channel
        fields = ["name", "kind", "enabled", "recipients"]

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, team=team, **kwargs)
        if self.instance.pk:
            self.fields["url"].help_text = self.fields["secret"].help_text = KEPT
        else:
            self.fields["secret"].initial = make_secret()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        self.instance.url = "" if kind == ChannelKind.EMAIL else cleaned.get("url") or self.instance.url
        self.instance.secret = cleaned.get("secret") or self.instance.secret if kind == ChannelKind.WEBHOOK else ""
        if kind != ChannelKind.EMAIL:
            cleaned["recipients"] = []
        return cleaned


class AlertRuleForm(ObjectForm[AlertRule]):
    groups = (
        Group("Rule", "", ("name", "enabled", "subjects", "events", "channels")),
        Group(
            "Of what",
            "Choose nothing, and every one counts. Alarms and events go by none of these.",
            ("labels", "regions", "checks", "endpoints"),
        ),
        Group(
            "Grouping",
            "What comes together is told together, and what recovers with it.",
            ("wait_s", "window_s", "repeat_s"),
        ),
        Group(
            "Quiet hours",
            "What comes meanwhile is told when they are over.",
            ("quiet_from", "quiet_until", "time_zone", "urgent"),
        ),
    )
    subjects = forms.MultipleChoiceField(
        required=False,
        choices=[(kind.value, kind.label.capitalize()) for kind in SubjectKind],
        initial=[SubjectKind.ENDPOINT, SubjectKind.ALARM],
        widget=forms.CheckboxSelectMultiple,
        help_text="Endpoint: as edges are told. Check: each verdict, also where it does not take the endpoint down.",
    )
    events = forms.MultipleChoiceField(
        required=False,
        choices=[(kind.value, kind.words) for kind in EventKind],
        widget=forms.CheckboxSelectMultiple,
        help_text="Told when it is done: of changes of the team, and of every generation.",
    )
    labels = LabelsField(required=False, help_text="One a line, such as tier=gpu. An endpoint must have all of them.")

    class Meta:
        model = AlertRule
        fields = [
            "name", "enabled", "subjects", "events", "channels", "labels", "regions", "checks", "endpoints",
            "wait_s", "window_s", "repeat_s", "quiet_from", "quiet_until", "time_zone", "urgent",
        ]  # fmt: skip
        labels = {
            "wait_s": "First wait (s)", "window_s": "Window (s)", "repeat_s": "Repeat (s)",
            "quiet_from": "From", "quiet_until": "Until",
        }  # fmt: skip
        widgets = {
            **dict.fromkeys(("channels", "regions", "checks", "endpoints"), forms.CheckboxSelectMultiple),
            **dict.fromkeys(("quiet_from", "quiet_until"), forms.TimeInput(attrs={"type": "time"}, format="%H:%M")),
        }

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, team=team, **kwargs)
        for name, model in {"channels": Channel, "regions": Region, "checks": Check, "endpoints": Endpoint}.items():
            self.fields[name].queryset = model.objects.filter(team=team)  # type: ignore[attr-defined]
