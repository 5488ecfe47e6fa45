"""What the capacity plan has to do with an explanation: why a client is not served where it would be nearest.

explanation ─► steps `latency` ─► lines of the plan in force about the client's group ─► `capacity` of the step
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from latency.capacity.services import in_force
from latency.intake import country_code
from regions.models import Region


def add_capacity(explained: dict[str, Any], moment: datetime) -> None:
    """Gives each `latency` step the moves of the client's group: from where, to where, which share, and whether the
    answer follows the move. Steps are left as they are where the plan moves nobody of the group."""
    client = explained["client"]
    lines = in_force(moment).of_group(country_code(client["country"]), client["asn"] or 0)
    if not lines:
        return
    names = dict(Region.objects.filter(id__in=[id_ for line in lines for id_ in line[:2]]).values_list("id", "name"))
    for policy in explained["policies"]:
        region_of = {candidate["endpoint"]: candidate["region"] for candidate in policy["candidates"]}
        for step in policy["steps"]:
            if step["kind"] == "latency":
                served = [region_of.get(kept["endpoint"]) for kept in step["kept"]]
                step["capacity"] = [_move(line, names, served) for line in lines]


def _move(line: tuple[int, int, float], names: Mapping[int, str], served: list[str | None]) -> dict[str, Any]:
    from_, to = names.get(line[0]), names.get(line[1])
    follows = bool(served) and to is not None and served[0] == to and from_ in served[1:]
    return {"from": from_, "to": to, "share": line[2], "follows": follows}
