"""Forms of changes: what they are called, when they are published, what is said of them."""

from __future__ import annotations

from datetime import UTC

from django import forms

from changes.models import Change, Comment


class ChangeForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Change
        fields = ["title", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "title": "What it is for, such as “Move Asia to Singapore”.",
            "description": "Why, and what to look at. Others read it before they approve.",
        }


class CommentForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Comment
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 2})}
        labels = {"text": "Comment"}


class ScheduleForm(forms.Form):
    at = forms.DateTimeField(
        label="Publish at (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}), required=False
    )

    def clean_at(self) -> object:
        at = self.cleaned_data["at"]
        return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
