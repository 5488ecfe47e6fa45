"""The command line's client: what the API does not offer is refused before it is sent."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from trafficmgr.client.api import Api
from trafficmgr.client.operations import Operation, OperationError, operation, operations

ROOT = Path(__file__).parents[2]
CALLS = {"call", "pages"}


class Recorder(Api):
    """An API that answers from a list and keeps what was sent."""

    answers: list[Any]
    sent: list[tuple[Any, ...]]

    def __init__(self, *answers):
        super().__init__("http://127.0.0.1:9", "secret")
        object.__setattr__(self, "answers", list(answers))
        object.__setattr__(self, "sent", [])

    def request(self, method, path, body=None, content_type="", *, accept=""):
        self.sent.append((method, path, body, content_type, accept))
        return self.answers.pop(0)


def test_parts_of_a_path_are_quoted_and_what_is_none_is_not_said():
    api = Recorder("")
    api.call("zones_zonefile_retrieve", origin="0/25.2.0.192.in-addr.arpa.")

    assert api.sent == [
        ("GET", "/api/v1/zones/0%2F25.2.0.192.in-addr.arpa./zonefile", None, "application/json", "text/dns")
    ]
    assert operation("zones_list").url({"search": None, "fields": "origin"}) == "/api/v1/zones?fields=origin"


def test_truth_is_sent_as_a_number_and_a_list_one_by_one():
    offered = Operation("DELETE", "/api/v1/pools", ("dry_run", "name"), ("name",))

    assert offered.url({"name": ["a", "b c"], "dry_run": True}) == "/api/v1/pools?name=a&name=b+c&dry_run=1"


def test_octets_are_sent_as_they_are_and_objects_as_json():
    api = Recorder({}, {})
    api.call("zones_zonefile_update", b"$ORIGIN demo.test.\n", origin="demo.test.")
    api.call("nodes_update", {"site": "fra"}, name="fra-1")

    assert [(sent[2], sent[3]) for sent in api.sent] == [
        (b"$ORIGIN demo.test.\n", "text/dns"),
        (b'{"site": "fra"}', "application/json"),
    ]


def test_lists_are_read_page_after_page():
    following = "http://127.0.0.1:9/api/v1/zones?after=b&limit=1"
    api = Recorder({"results": [1], "next": following}, {"results": [2], "next": None})

    assert list(api.pages("zones_list", limit=1)) == [1, 2]
    assert [sent[1] for sent in api.sent] == ["/api/v1/zones?limit=1", "/api/v1/zones?after=b&limit=1"]


@pytest.mark.parametrize(
    ("name", "body", "parameters", "complaint"),
    [
        ("zones_rename", None, {}, "offers no zones_rename"),
        ("zones_list", None, {"orgin": "demo.test."}, "takes no orgin; it takes after, "),
        ("zones_retrieve", None, {}, "needs origin"),
        ("pools_destroy_many", None, {}, "needs name"),
        ("zones_list", {}, {}, "takes no body"),
    ],
)
def test_what_the_api_does_not_offer_is_not_sent(name, body, parameters, complaint):
    api = Recorder()
    with pytest.raises(OperationError, match=complaint):
        api.call(name, body, **parameters)

    assert api.sent == []


def slips(source: str) -> list[str]:
    """Calls in a module that name what the API does not offer."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS):
            continue
        name = ast.literal_eval(node.args[0])
        try:
            operation(name).url({str(keyword.arg): "x" for keyword in node.keywords})
        except OperationError as error:
            found.append(f"line {node.lineno}: {error}")
    return found


def test_commands_call_only_what_the_api_offers():
    modules = sorted((ROOT / "trafficmgr" / "commands").glob("*.py"))
    sources = [module.read_text() for module in [*modules, ROOT / "trafficmgr" / "demo" / "measurements.py"]]

    assert [slip for source in sources for slip in slips(source)] == []
    assert sum("api/v1/" in source for source in sources) == 0
    assert sum(source.count(".call(") for source in sources) > 10


@pytest.mark.parametrize(
    "call", ['api.call("zones_rename")', 'api.pages("zones_list", orgin=o)', 'api.call("zones_retrieve")']
)
def test_a_planted_slip_is_found(call):
    assert len(slips(f"list({call})")) == 1


def test_the_table_holds_a_row_for_each_line_in_order():
    lines = (ROOT / "trafficmgr" / "client" / "operations.json").read_text().splitlines()[1:-1]

    assert [next(iter(json.loads("{" + line.rstrip(",") + "}"))) for line in lines] == sorted(operations())
