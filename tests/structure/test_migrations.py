"""The migrations make the tables that the models declare."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from regions.models import Site


@pytest.mark.django_db
def test_no_model_lacks_its_migration():
    call_command("makemigrations", check_changes=True, dry_run=True)


@pytest.mark.django_db
def test_a_planted_change_is_found(monkeypatch, capsys):
    monkeypatch.setattr(Site._meta.get_field("name"), "max_length", 7)

    with pytest.raises(SystemExit):
        call_command("makemigrations", check_changes=True, dry_run=True)
    assert "Alter field name on site" in capsys.readouterr().out
