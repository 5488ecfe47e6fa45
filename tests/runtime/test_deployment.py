"""A production installation passes Django's own checks, and believes only its proxies about HTTPS."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "TRAFFICMGR_PUBLIC_URL": "https://manager.example.net",
    "TRAFFICMGR_HOSTS": "manager.example.net",
    "TRAFFICMGR_SECRET_KEY": "".join(chr(ord("!") + number) for number in range(64)),
    "TRAFFICMGR_HOME": "/nonexistent",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
    "BROKER_URL": "memory://",
}


def checked(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **PRODUCTION, **variables}
    command = [sys.executable, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_the_deployment_checks_find_nothing():
    done = checked()

    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"TRAFFICMGR_PUBLIC_URL": ""}, "security.W012"),
        ({"TRAFFICMGR_DEBUG": "1"}, "security.W018"),
        ({"TRAFFICMGR_SECRET_KEY": "short"}, "security.W009"),
    ],
)
def test_a_planted_fault_is_found(variables: dict[str, str], found: str):
    done = checked(**variables)

    assert done.returncode != 0
    assert found in done.stderr


@pytest.fixture
def https(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]


def test_pages_are_led_to_https_and_what_machines_call_is_not(https, db):
    assert Client().get("/login/").get("Location") == "https://testserver/login/"
    for path in ("/healthz", "/api/schema/", "/rum/v1/beacon.js"):
        assert Client().get(path).status_code == 200


@pytest.mark.parametrize(("peer", "status"), [("10.0.0.1", 200), ("203.0.113.7", 301)])
def test_only_a_trusted_proxy_says_that_it_was_https(https, db, peer: str, status: int):
    browser = Client(REMOTE_ADDR=peer, headers={"X-Forwarded-Proto": "https"})

    assert browser.get("/login/").status_code == status
