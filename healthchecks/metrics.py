"""Reads numbers out of what an endpoint publishes of itself.

prometheus: requests_in_flight{pool="web"} ──► the sum of all samples of that name with these labels
json:       /pools/0/busy                  ──► the number that a JSON pointer leads to (RFC 6901)
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

BAD_ESCAPE = re.compile("~(?![01])")  # RFC 6901 section 3

Numbers = Callable[[str], float]
"""The number behind a selector. Raises MetricError."""


class Format(StrEnum):
    PROMETHEUS = "prometheus"
    JSON = "json"


class MetricError(ValueError):
    """What was read has no such number, or is none of the format. The message is read by people."""


def numbers_of(format_: Format, text: str) -> Numbers:
    """Looks into `text`. Raises MetricError if it is not of the format."""
    return _prometheus_numbers(text) if format_ is Format.PROMETHEUS else _json_numbers(text)


def require_selector(format_: Format, selector: str) -> None:
    """Raises MetricError unless `selector` could lead to a number."""
    if format_ is Format.PROMETHEUS:
        _wanted(selector)
    elif selector and (not selector.startswith("/") or BAD_ESCAPE.search(selector)):
        raise MetricError(
            f"{selector} is not a JSON pointer: it begins with /, and has ~0 for ~ and ~1 for / in a name."
        )


def _prometheus_numbers(text: str) -> Numbers:
    samples = _samples(text)

    def find(selector: str) -> float:
        wanted = _wanted(selector)
        found = [
            sample.value
            for sample in samples
            if sample.name == wanted.name and wanted.labels.items() <= sample.labels.items()
        ]
        if not found:
            raise MetricError(f"there is no sample {selector}")
        return _finite(sum(found), selector)

    return find


def _json_numbers(text: str) -> Numbers:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MetricError(f"not JSON: {error}") from error

    def find(selector: str) -> float:
        value = document
        for key in selector.split("/")[1:]:
            value = _member(value, key.replace("~1", "/").replace("~0", "~"), selector)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MetricError(f"what {selector} leads to is not a number")
        return _finite(value, selector)

    return find


def _member(value: Any, key: str, selector: str) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    raise MetricError(f"{selector} leads nowhere")


def _samples(text: str) -> list[Sample]:
    try:
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except ValueError as error:
        raise MetricError(f"not in the text format of Prometheus: {error}") from error


def _wanted(selector: str) -> Sample:
    """A selector is written as a sample without its value."""
    try:
        samples = _samples(f"{selector} 0\n")
    except MetricError:
        samples = []
    if len(samples) != 1 or "\n" in selector:
        raise MetricError(f'{selector} is not a sample such as requests or requests{{pool="web"}}.')
    return samples[0]


def _finite(value: float, selector: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0:
        raise MetricError(f"{selector} is {value}, which is no load")
    return number
