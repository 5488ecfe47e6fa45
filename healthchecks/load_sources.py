"""Fetches how loaded endpoints are from where they publish it, for those that do not say it themselves.

    beat ─► pull_loads ─► due sources, taken by a conditional UPDATE ─► fetch, all at once ─► numbers ─► report_load
                                                                                  └─ failed ─► LoadSource.error

What is fetched is a probe's request: the same guard of addresses (H9), no redirects, bounded in time and size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from yarl import URL

from healthchecks.loads import LoadReport, report_load
from healthchecks.metrics import Format, MetricError, numbers_of, require_selector
from healthchecks.models import LoadSource
from healthchecks.probes import ProbeError, Target
from healthchecks.probes.exchange import Answer
from healthchecks.probes.http import HttpProbe
from healthchecks.probes.https import HttpsProbe
from healthchecks.probes.running import one_line, reach

TIMEOUT_S = 3.0
MOST_OCTETS = 2**20
"""A process of Prometheus publishes some ten thousand lines at most."""
MOST_ERROR = 200


def save_source(source: LoadSource) -> LoadSource:
    """Store where the load of an endpoint is read. Raises ValidationError by field."""
    problems = _problems(source)
    if problems:
        raise ValidationError(problems)
    if source.interval_s > source.max_age_s:
        raise ValidationError({"interval_s": ["Must not be longer than the maximal age."]})
    source.error, source.read = "", None
    source.save()
    return source


def pull_loads(now: datetime, *, allow_private: bool) -> int:
    """Read every source whose turn has come, and report what it says. Returns how many were read, well or not.

    Another worker that is at it takes others.
    """
    sources = [source for source in _due(now) if _take(source, now)]
    if not sources:
        return 0
    for source, read in zip(sources, asyncio.run(_read_all(sources, allow_private)), strict=True):
        error = read if isinstance(read, str) else _report(source, read, now)
        LoadSource.objects.filter(pk=source.pk).update(error=error[:MOST_ERROR])
    return len(sources)


def _due(now: datetime) -> list[LoadSource]:
    span = ExpressionWrapper(F("interval_s") * Value(timedelta(seconds=1)), output_field=DurationField())
    sources = LoadSource.objects.select_related("endpoint").annotate(span=span)
    return list(sources.filter(Q(read__isnull=True) | Q(read__lte=Value(now) - F("span"))).order_by("pk"))


def _take(source: LoadSource, now: datetime) -> bool:
    return LoadSource.objects.filter(pk=source.pk, read=source.read).update(read=now) == 1


def _report(source: LoadSource, report: LoadReport, now: datetime) -> str:
    """What is wrong about what was read; empty: nothing."""
    try:
        report_load(source.endpoint, report, now)
    except ValidationError as error:
        return "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
    return ""


async def _read_all(sources: Sequence[LoadSource], allow_private: bool) -> list[LoadReport | str]:
    return await asyncio.gather(*(_read(source, allow_private) for source in sources))


async def _read(source: LoadSource, allow_private: bool) -> LoadReport | str:
    """What a source says, or in words why it says nothing."""
    probe, target = _request(source.url)
    ask = partial(probe.ask, most_body=MOST_OCTETS + 1)
    try:
        text = _text(await reach(ask, target, allow_private=allow_private))
        find = numbers_of(Format(source.format), text)
        target_load, capacity = (find(named) if named else None for named in (source.target, source.capacity))
        return LoadReport(find(source.current), target_load, capacity, source.max_age_s)
    except (ProbeError, MetricError) as error:
        return one_line(str(error))


def _text(answer: Answer) -> str:
    if answer.status != 200:
        raise ProbeError(f"status {answer.status}, expected 200")
    if len(answer.body) > MOST_OCTETS:
        raise ProbeError(f"more than {MOST_OCTETS} octets")
    return answer.body.decode(errors="replace")


def _request(url: str) -> tuple[HttpProbe, Target]:
    """Raises ValueError unless `url` is one that can be asked."""
    parsed = URL(url)
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.user or parsed.fragment:
        raise ValueError("Give a URL such as http://fra-1.example.com:9100/metrics, without a user or a fragment.")
    kind = HttpsProbe if parsed.scheme == "https" else HttpProbe
    return kind(path=parsed.raw_path_qs), Target(parsed.raw_host or "", parsed.port or kind.default_port, TIMEOUT_S)


def _require_host(name: str) -> None:
    """Raises ValueError unless it is an address, or labels of 1 to 63 octets (RFC 1035 section 2.3.4)."""
    if ":" not in name and not all(0 < len(label) < 64 for label in name.removesuffix(".").split(".")):
        raise ValueError("This host name has a label that is empty, or longer than 63 octets.")


def _problems(source: LoadSource) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    try:
        _require_host(_request(source.url)[1].host)
    except ValueError as error:
        problems["url"] = [str(error).splitlines()[0]]
    for field in ("current", "target", "capacity"):
        selector = getattr(source, field)
        try:
            if selector or field == "current":
                require_selector(Format(source.format), selector)
        except MetricError as error:
            problems[field] = [str(error)]
    return problems
