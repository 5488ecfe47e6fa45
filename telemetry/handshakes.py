"""What edges saw of the way to clients that ask over TCP, as measurements of the region that the edge is in.

    Report.handshakes ─► site says its region? ─► judged like beacons ─► windows of the region's first endpoint

Learning is about regions, and measurements are of endpoints: the first of the region by id, whatever its admin state,
carries what was seen at the site.
"""

from __future__ import annotations

from datetime import datetime

from regions.models import EdgeNode, Endpoint
from telemetry.report import Report
from telemetry.rum.judging import judge_seen
from telemetry.rum.services import record


def record_handshakes(node: EdgeNode, report: Report, now: datetime, *, allow_private: bool) -> int:
    """Count the handshakes of a report, once each. Returns how many count: none of a site that says no region.

    `allow_private`: whether clients count whose addresses are not public.
    """
    region_id = node.site.region_id if report.handshakes else None
    if region_id is None:
        return 0
    endpoint_id = Endpoint.objects.filter(region=region_id).order_by("pk").values_list("pk", flat=True).first()
    return record(judge_seen(report, endpoint_id, now.timestamp(), allow_private=allow_private), now).accepted
