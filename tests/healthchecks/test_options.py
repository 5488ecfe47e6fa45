import json
import re
from pathlib import Path

import pytest

from healthchecks import kinds
from healthchecks.probes import KINDS, OptionsError, read_options
from healthchecks.probes.http import HttpProbe
from healthchecks.probes.https import HttpsProbe


def problems(kind: str, options: object) -> tuple[str, list[str]]:
    with pytest.raises(OptionsError) as caught:
        read_options(kind, options)
    return caught.value.field, caught.value.messages


def test_every_option_has_a_default() -> None:
    assert read_options("http", {}) == HttpProbe(method="GET", path="/", expected_codes="200-299")
    assert read_options("https", {}) == HttpsProbe(verify_certificate=True)
    for kind in set(KINDS) - {"dns"}:
        assert read_options(kind, {})


def test_an_unknown_kind_names_those_there_are() -> None:
    field, messages = problems("gopher", {})
    assert field == "kind"
    assert messages == [f"'gopher' is not a kind of check: use one of {', '.join(sorted(KINDS))}."]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paht": "/"}, "paht: no such option"),
        ({"path": "healthz"}, "path: a path starts with / and has no #"),
        ({"expected_codes": "2xx"}, "expected_codes: '2xx' is not a status code or a range of them"),
        ({"expected_codes": "299-200"}, "expected_codes: the range '299-200' is empty"),
        ({"expected_codes": "99"}, "expected_codes: '99' is not a status code"),
        ({"headers": {"X-Key": "a\r\nX-Other: b"}}, "headers: the value of X-Key must be one line"),
        ({"headers": {"X Key": "a"}}, "headers: 'X Key' is not a header name"),
        ({"headers": {"host": "a"}}, "headers: host cannot be set here: use host"),
        ({"host": "a\r\nb"}, "host: "),
        ({"method": "DELETE"}, "method: "),
        ({"body": "x"}, "body: a body is sent with POST only"),
        ({"body_regex": "(x"}, "body_regex: not a regular expression of RE2: missing ): (x"),
        ({"body_regex": r"(x)\1"}, "body_regex: not a regular expression of RE2: invalid escape sequence"),
        ({"host": "ü" * 80}, "host: "),
    ],
)
def test_a_bad_option_is_named_with_the_reason(options: dict[str, object], message: str) -> None:
    field, messages = problems("http", options)
    assert field == "options"
    assert len(messages) == 1
    assert messages[0].startswith(message)


def test_every_bad_option_is_named_at_once() -> None:
    _field, messages = problems("tcp", {"send": 1, "wait": 2})
    assert len(messages) == 2


def test_options_are_an_object() -> None:
    assert problems("http", ["path"]) == ("options", ["Options are an object of names and values."])


def test_ranges_and_single_codes_mix() -> None:
    probe = read_options("http", {"expected_codes": "200-204, 304"})
    assert isinstance(probe, HttpProbe)
    assert probe.codes == {200, 201, 202, 203, 204, 304}


def test_the_examples_of_the_documentation_are_accepted() -> None:
    text = (Path(__file__).parents[2] / "docs" / "healthchecks.md").read_text()
    examples = re.findall(r"```json (\w+)\n(.*?)```", text, re.DOTALL)
    assert {kind for kind, _options in examples} == set(kinds.KINDS)
    for kind, options in examples:
        kinds.read_options(kind, json.loads(options))
