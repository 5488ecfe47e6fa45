"""Promise: the OpenAPI document says how every request is answered, those that it allows and those that it does not."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_system import RunningSystem, temporary_home
from tests.scenarios.client import call

SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()
NAMES = ("www", "spare")
"""What is asked about, and what is deleted."""
DECLARED = [
    ("regions", '{"name": "NAME", "latitude": 50.1, "longitude": 8.7}'),
    ("sites", '{"name": "NAME", "latitude": 50.1, "longitude": 8.7}'),
    ("nodes", '{"name": "NAME", "site": "www"}'),
    ("endpoints", '{"name": "NAME", "region": "www", "ipv4": "192.0.2.1"}'),
    ("checks", '{"name": "NAME", "kind": "external", "endpoints": ["www"]}'),
    ("pools", '{"name": "NAME", "members": [{"endpoint": "www"}]}'),
    ("policies", '{"name": "NAME", "pools": ["www"]}'),
    ("channels", '{"name": "NAME", "kind": "webhook", "url": "https://hooks.example.net/", "secret": "SECRET"}'),
    ("alert-rules", '{"name": "NAME", "subjects": ["endpoint"], "channels": ["www"]}'),
    ("tokens", '{"name": "NAME"}'),
    ("zones", '{"origin": "NAME.demo.test."}'),
    ("zones/www.demo.test./rrsets", '{"name": "NAME", "type": "A", "policy": "www"}'),
    ("changes", '{"title": "NAME", "edits": [{"kind": "regions", "key": "spare", "action": "delete"}]}'),
]
SETTINGS = """
warnings = false
[parameters]
"path.name" = "www"
"path.endpoint" = "www"
"path.origin" = "www.demo.test."
"path.type" = "A"
"path.user" = "admin"
"path.number" = 1
"path.generation" = 1
"query.team" = "TEAM"
"header.If-Match" = "*"

# What is deleted is something else, so that there is something to ask about.
[[operations]]
include-method = "DELETE"
[operations.parameters]
"path.name" = "spare"
"path.origin" = "spare.demo.test."
"path.number" = 2

# Preconditions and lengths are looked at before a body is (RFC 9110 section 13.2.2).
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 429]
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "allow_header_conformance",
    "unsupported_method",
    "negative_data_rejection",
)
CASES_PER_OPERATION = 3
ELSEWHERE = "^/(rum|push)/"  # doors without tokens, with documents and tests of their own
LEAST_OPERATIONS = 180
SAID = 80_000


@pytest.fixture
def unlimited():
    """A system without a demo, which answers as often as it is asked."""
    with temporary_home() as home:
        running = RunningSystem(home, demo=False, variables={"TRAFFICMGR_API_REQUESTS_PER_S": "0"})
        running.start()
        yield running
        running.stop()


@pytest.fixture
def declared(unlimited):
    """One object of each kind to ask about, and one to delete."""
    for path, document in DECLARED:
        for name in NAMES:
            text = document.replace("NAME", name).replace("SECRET", SECRET)
            status, answer, _type = call(unlimited, "POST", f"/api/v1/{path}", json.loads(text))
            assert status == 201, (path, answer)
    return unlimited


def test_every_request_is_answered_as_documented(declared, tmp_path):
    team = call(declared, "GET", "/api/v1/teams")[1]["results"][0]["name"]
    (tmp_path / "schemathesis.toml").write_text(SETTINGS.replace("TEAM", team))
    asked = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("run", f"{declared.web}/api/schema/", "--header", f"Authorization: Token {declared.token}"),
            *("--phases", "fuzzing", "--mode", "all", "--max-examples", str(CASES_PER_OPERATION)),
            *("--generation-deterministic", "--no-shrink", "--workers", "2", "--checks", ",".join(CHECKS)),
            *("--exclude-path-regex", ELSEWHERE),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )

    assert asked.returncode == 0, asked.stdout[-SAID:]
    assert int(re.findall(r"Tested: (\d+)", asked.stdout)[0]) >= LEAST_OPERATIONS
