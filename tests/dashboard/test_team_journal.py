"""Who lets whom into a team, a zone or the API, and who takes that away, is in the journal."""

from __future__ import annotations

from accounts.audit.models import AuditEntry
from accounts.models import Membership, User
from zones.services import create_zone


def told() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.exclude(kind="accounts").order_by("id")
    roles = [str((entry.after or entry.before or {}).get("role", "")) for entry in entries]
    return [(entry.action, f"{entry.kind} {entry.key}", role) for entry, role in zip(entries, roles, strict=True)]


def test_members(adas_browser):
    User.objects.create_user("carol")
    adas_browser.post("/members/", {"user": "carol", "role": "viewer"})
    carol = Membership.objects.get(user__username="carol")
    adas_browser.post(f"/members/{carol.pk}/role/", {"role": "publisher"})
    adas_browser.post(f"/members/{carol.pk}/remove/")

    subject = "members carol"
    assert told() == [
        ("create", subject, "viewer"),
        ("update", subject, "publisher"),
        ("delete", subject, "publisher"),
    ]


def test_grants_for_a_zone(adas_browser, ops):
    zone = create_zone(ops, "demo.test.")
    User.objects.create_user("carol")
    adas_browser.post("/zones/demo.test./access/", {"grantee": "user", "name": "carol", "role": "publisher"})
    adas_browser.post(f"/zones/demo.test./access/{zone.grants.get().pk}/remove/")

    subject = "grants demo.test. user carol"
    assert told() == [("create", subject, "publisher"), ("delete", subject, "publisher")]


def test_tokens(adas_browser, ada):
    made = adas_browser.post("/tokens/new/", {"name": "robot", "scope": "read", "days": "30"})
    assert made.status_code == 200, made.context["form"].errors
    adas_browser.post(f"/tokens/{ada.api_tokens.get().pk}/delete/")

    assert told() == [("create", "tokens robot", ""), ("delete", "tokens robot", "")]
    secret = made.context["secret"]
    assert not AuditEntry.objects.filter(after__icontains=secret).exists()
