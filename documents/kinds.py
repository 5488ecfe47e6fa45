"""All kinds of documents, by what collections of them are called; each after those that it refers to."""

from __future__ import annotations

from typing import Any, Final

from documents.alerts import AlertRules, Channels
from documents.checks import Checks
from documents.kind import Kind
from documents.records import RecordSets
from documents.regions import Endpoints, Nodes, Regions, Sites
from documents.steering import Policies, Pools
from documents.zones import Zones

REGIONS: Final = Regions()
SITES: Final = Sites()
NODES: Final = Nodes()
CHECKS: Final = Checks()
ENDPOINTS: Final = Endpoints()
POOLS: Final = Pools()
POLICIES: Final = Policies()
ZONES: Final = Zones()
RECORD_SETS: Final = RecordSets()
CHANNELS: Final = Channels()
ALERT_RULES: Final = AlertRules()

KINDS: Final[dict[str, Kind[Any]]] = {
    kind.plural: kind
    for kind in (
        REGIONS,
        SITES,
        NODES,
        CHECKS,
        ENDPOINTS,
        POOLS,
        POLICIES,
        ZONES,
        RECORD_SETS,
        CHANNELS,
        ALERT_RULES,
    )
}
